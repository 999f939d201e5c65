//! A console of the repository on loopback, and a recording of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fencelab_devices::serve::Served;
use fencelab_devices::spec::{DeviceSpec, FaceSpec};
use fencelab_devices::{Carrier, Credentials, Device, Power, corpus};
use fencelab_recorder::link::console::{self, Login};
use fencelab_recorder::{Link, Proxy, Tape, run};
use fencelab_transcript::lint::{self, Rules, Severity};
use fencelab_transcript::{Body, DeviceIdentity, Header, Kind, Side, Transcript};
use tokio::runtime::{Builder, Runtime};

/// The password of the device.
pub(crate) const PASSWORD: &str = "s3cr3t-Zebra";
/// Longer than anything takes, and the end of a test that waits for nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// What every client of SSH is told: no key of the lab is known or remembered.
pub(crate) const STRANGER: [&str; 4] =
    ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"];

pub(crate) fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// An emulated device that acts at once.
pub(crate) struct Console {
    pub(crate) served: Served,
    /// The device lives in it.
    _runtime: Runtime,
}

impl Console {
    pub(crate) fn start(id: &str, carrier: Carrier) -> Self {
        Self::of(described(id), carrier)
    }

    pub(crate) fn of(spec: DeviceSpec, carrier: Carrier) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let is_wanted = |face: &FaceSpec| matches!(face, FaceSpec::Console(it) if it.carrier == carrier);
        let face = spec.faces.iter().position(is_wanted).unwrap();
        let credentials = Credentials { password: PASSWORD.to_owned(), ..Credentials::default() };
        let device = Device::new(Arc::new(spec), &credentials, 7);
        let served = {
            let _guard = runtime.enter();
            Served::start(device, face, anywhere()).unwrap()
        };
        Self { served, _runtime: runtime }
    }

    /// The power of all plugs, in their order.
    pub(crate) fn plugs(&self) -> Vec<Power> {
        self.served.with(|device, _| device.plant().plugs().iter().map(|plug| plug.power()).collect())
    }

    /// Until the device has noticed that everybody has gone.
    pub(crate) fn wait_until_nobody_is_there(&self) {
        let begin = Instant::now();
        while self.served.with(|device, _| device.sessions()) > 0 {
            assert!(begin.elapsed() < PATIENCE, "somebody is still there");
            std::thread::yield_now();
        }
    }
}

pub(crate) fn described(id: &str) -> DeviceSpec {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let mut spec = (*corpus::find(&root, id).unwrap_or_else(|error| panic!("{error}"))).clone();
    spec.plant.timing.off = Duration::ZERO;
    spec.plant.timing.on = Duration::ZERO;
    spec
}

/// The lab's login at the device, as a person would give it to `record`.
pub(crate) fn login() -> Login {
    Login { user: Some("lab".to_owned()), password: Some(PASSWORD.into()), ..Login::default() }
}

pub(crate) fn link(carrier: Carrier, logins: &[Login]) -> Link {
    match carrier {
        Carrier::Ssh => console::ssh(logins).unwrap(),
        _ => console::telnet(logins),
    }
}

/// A recording in a folder of its own.
pub(crate) struct Recording {
    pub(crate) proxy: Proxy,
    pub(crate) folder: tempfile::TempDir,
    link: Link,
}

impl Recording {
    pub(crate) fn start(device: SocketAddr, link: Link) -> Self {
        Self::of(link, |link, tape| Proxy::start(anywhere(), device, link, tape).unwrap())
    }

    pub(crate) fn at_port(port: &Path, link: Link) -> Self {
        Self::of(link, |link, tape| Proxy::at_port(port, link, tape).unwrap())
    }

    fn of(link: Link, proxy: impl FnOnce(Link, Tape) -> Proxy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let captured = Some(fencelab_recorder::tape::captured_now());
        let header =
            Header { captured, ..Header::new(DeviceIdentity::new("test", "console"), link.info(None)) };
        let tape = Tape::create(&folder.path().join("t.jsonl"), header, link.secrets().clone()).unwrap();
        let proxy = proxy(link.clone(), tape);
        Self { proxy, folder, link }
    }

    /// Runs a command through the proxy; its exit code.
    pub(crate) fn run(&self, words: &[String]) -> Option<i32> {
        run::exit_code(
            run::run(words, &self.proxy).unwrap_or_else(|error| panic!("{error}; is it installed?")),
        )
    }

    /// What was recorded, in which no secret stands, in whatever form.
    pub(crate) fn finish(self, secrets: &[&str]) -> Transcript {
        let summary = self.proxy.finish().unwrap();
        assert_eq!(summary.masked, 0, "{summary:?}");
        let path = self.folder.path().join("t.jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        let transcript = Transcript::load(&path).unwrap();
        assert_eq!(transcript.canonical(), text, "what is written is canonical");
        let scan = secrets.iter().fold(self.link.secrets().clone(), |scan, it| scan.with("secret", it));
        assert_eq!(scan.transcript(&transcript), [], "{text}");
        // Nor piece by piece.
        for side in [Side::Agent, Side::Device] {
            let all = said(&transcript, side);
            assert!(!secrets.iter().any(|secret| all.contains(secret)), "{all}");
        }
        let findings = lint::lint("t.jsonl", &text, &Rules { scan, scratch: true });
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        assert_eq!(errors.map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "{text}");
        transcript
    }
}

/// All that a side said, one turn after the other.
pub(crate) fn said(transcript: &Transcript, side: Side) -> String {
    let text = |kind: &Kind| match kind {
        Kind::Say { from, body: Body::Text(text) } if *from == side => Some(text.clone()),
        _ => None,
    };
    transcript.events.iter().filter_map(|event| text(&event.kind)).collect()
}

/// A script that prints a password.
pub(crate) fn script(folder: &Path, password: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(format!("password-{}", password.len()));
    std::fs::write(&path, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}
