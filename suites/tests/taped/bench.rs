//! A console that an agent of ours is used on, action after action, in virtual time.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fencelab_agents::Invocation;
use fencelab_devices::spec::FaceSpec;
use fencelab_devices::{Carrier, Credentials, Device, DeviceSpec, Fault, Power, corpus};
use fencelab_link::memory::{MemoryWorld, Peer};
use fencelab_link::{Way, World};
use fencelab_transcript::{DeviceIdentity, Event, Header, LinkInfo, Mark, Speaker, Transcript};

/// RFC 5737: for documentation, never routed.
const HOST: &str = "192.0.2.10";
/// Between two runs.
const REST: Duration = Duration::from_secs(10);

struct DevicePeer {
    device: Device,
    face: usize,
}

impl Peer for DevicePeer {
    fn connect(&mut self, now: Duration, from: SocketAddr, way: &Way) -> bool {
        let Way::Ssh(login) = way else {
            self.device.connect(now, self.face, from, None);
            return true;
        };
        let password = login.password.as_ref();
        let password = password.map(|password| String::from_utf8_lossy(password.expose()).into_owned());
        let admitted = self.device.admits(now, self.face, &login.user, password.as_deref());
        if admitted {
            self.device.connect(now, self.face, from, Some(&login.user));
        }
        admitted
    }

    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.device.handle(now, self.face, from, bytes);
    }

    fn next(&self) -> Option<Duration> {
        self.device.next_wake()
    }

    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        self.device.take_output(now).into_iter().map(|output| (output.to, output.bytes)).collect()
    }
}

/// One device and one agent.
pub(crate) struct Bench {
    peer: Rc<RefCell<DevicePeer>>,
    agent: String,
    /// What an operator tells any agent of this device.
    told: String,
    now: Duration,
    runs: u64,
}

/// What an action showed.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where an agent comes in.
pub(crate) fn face_over(spec: &DeviceSpec, carrier: Carrier) -> Option<usize> {
    spec.faces.iter().position(|face| face.carrier() == Some(carrier))
}

impl Bench {
    /// The device is spoken to by the way `carrier`. `options`: of whom the agent gets what an operator tells it.
    pub(crate) fn new(spec: &Arc<DeviceSpec>, carrier: Carrier, agent: &str, options: &DeviceSpec) -> Self {
        let bench = Self::unheard(spec, carrier, agent, options);
        {
            let device = &mut bench.peer.borrow_mut().device;
            device.record();
            device.keep_requests(1 << 16);
        }
        bench
    }

    /// The same, of which nothing is recorded.
    pub(crate) fn unheard(
        spec: &Arc<DeviceSpec>,
        carrier: Carrier,
        agent: &str,
        options: &DeviceSpec,
    ) -> Self {
        let device = Device::new(Arc::clone(spec), &Credentials::default(), 5);
        let face = face_over(spec, carrier).unwrap_or_else(|| panic!("{}: no {}", spec.id, carrier.name()));
        let mut told = String::new();
        if carrier == Carrier::Ssh {
            told.push_str("ssh=1\n");
        }
        told.extend(options.options.iter().map(|(key, value)| format!("{key}={value}\n")));
        let peer = Rc::new(RefCell::new(DevicePeer { device, face }));
        Bench { peer, agent: agent.to_owned(), told, now: Duration::ZERO, runs: 0 }
    }

    /// Runs the agent.
    pub(crate) fn run(&mut self, action: &str, plug: Option<&str>) -> Seen {
        self.runs += 1;
        let mut world = MemoryWorld::new(self.runs);
        let port = {
            let peer = self.peer.borrow();
            peer.device.spec().faces[peer.face].default_port()
        };
        world.route(HOST, port, Rc::clone(&self.peer) as Rc<RefCell<dyn Peer>>);
        world.advance_to(self.now);
        let mut stdin = format!(
            "action={action}\nip={HOST}\nipport={port}\nusername=lab\npassword=fencelab\n{}",
            self.told
        );
        stdin.extend(plug.map(|plug| format!("plug={plug}\n")));
        let invocation =
            Invocation { program: self.agent.clone(), stdin: Some(stdin), args: vec![], env: [].into() };
        let outcome = fencelab_agents::run(&invocation, &mut world);
        self.now = world.now() + REST;
        self.peer.borrow_mut().device.advance(self.now);
        Seen { exit: outcome.exit, stdout: outcome.stdout, stderr: outcome.stderr }
    }

    /// From now on the device has these faults.
    pub(crate) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.peer.borrow_mut().device.set_faults(faults);
    }

    /// The power of all plugs.
    pub(crate) fn powers(&self) -> Vec<(String, Power)> {
        let peer = self.peer.borrow();
        let plugs = peer.device.plant().plugs();
        plugs.iter().map(|plug| (plug.name().to_owned(), plug.power())).collect()
    }

    pub(crate) fn power(&self, plug: &str) -> Option<Power> {
        self.peer.borrow().device.plant().power_at(plug, self.now)
    }

    /// Where a replay was not asked what was recorded.
    pub(crate) fn divergences(&self) -> Vec<fencelab_devices::replay::Divergence> {
        self.peer.borrow().device.divergences().to_vec()
    }

    /// Runs actions and marks them; what each of them showed.
    pub(crate) fn tape(&mut self, actions: &[(&str, Option<&str>)]) -> (Transcript, Vec<Seen>) {
        let header = {
            let peer = self.peer.borrow();
            let (spec, face) = (peer.device.spec(), &peer.device.spec().faces[peer.face]);
            let device = DeviceIdentity::new(spec.vendor.clone(), spec.model.clone());
            let link = LinkInfo::new(face.protocol(), face.transport(), Some(face.default_port()));
            Header {
                speaker: Some(Speaker {
                    version: Some(format!("fencelab {}", env!("CARGO_PKG_VERSION"))),
                    ..Speaker::new(self.agent.clone())
                }),
                licence: Some("CC0-1.0".to_owned()),
                provenance: Some("recorded from an emulation, for a test".to_owned()),
                redacted: vec!["password".to_owned()],
                ..Header::new(device, link)
            }
        };
        let (mut events, mut all) = (Vec::new(), Vec::new());
        for (action, plug) in actions {
            let (begin, name) = (self.now, plug.map(str::to_owned));
            let seen = self.run(action, *plug);
            let said = self.peer.borrow_mut().device.take_events();
            let end = said.last().map_or(begin, |event| event.at).max(self.now - REST);
            events.push(Event::mark(begin, 0, Mark::begin(*action, name.clone())));
            events.extend(said);
            events.push(Event::mark(end, 0, Mark::end(*action, name, Some(seen.exit))));
            all.push(seen);
        }
        (Transcript { header, events }, all)
    }
}

/// The described consoles.
pub(crate) fn consoles() -> Vec<Arc<DeviceSpec>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let all = corpus::load_all(&root).unwrap().into_iter().map(|(_, spec)| spec.unwrap());
    let consoles: Vec<_> =
        all.filter(|spec| matches!(spec.faces.first(), Some(FaceSpec::Console(_)))).collect();
    assert!(consoles.len() >= 35, "{}", consoles.len());
    consoles
}

/// Does something with each; fails with all that failed, not only the first.
pub(crate) fn with_each(
    specs: &[Arc<DeviceSpec>],
    what: impl Fn(&Arc<DeviceSpec>) + std::panic::RefUnwindSafe,
) {
    let mut failed = Vec::new();
    for spec in specs {
        let run = std::panic::catch_unwind(AssertUnwindSafe(|| what(spec)));
        if let Err(panic) = run {
            let what = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            failed.push(format!("=== {}: {}", spec.id, what.chars().take(6000).collect::<String>()));
        }
    }
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}
