//! What the tests share: where the captures are, a tape in memory, and real peers.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fencelab_recorder::{Link, Tape, link};
use fencelab_transcript::lint::{self, Rules, Severity};
use fencelab_transcript::{DeviceIdentity, Header, LinkInfo, Transcript};
use fencelab_wire::Secret;
use fencelab_wire::ipmi::tap::Credential;

/// The folder of captures: `FENCELAB_CAPTURES`, else `shared/captures` beside the workspace.
pub(crate) fn captures() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or(default, PathBuf::from);
    assert!(
        folder.join("ipmi").is_dir(),
        "no captures at {}: set FENCELAB_CAPTURES to a folder that has ipmi/*.pcap",
        folder.display()
    );
    folder
}

pub(crate) fn credential(user: &str, password: &str) -> Credential {
    Credential { username: Some(user.into()), password: Secret::from(password), kg: None }
}

/// The logins of all captures.
pub(crate) fn logins() -> Vec<Credential> {
    vec![credential("ipmiusr", "test"), credential("root", "calvin")]
}

/// A file in memory that can be read while it is written.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn header() -> Header {
    Header {
        captured: Some(fencelab_recorder::tape::captured_now()),
        ..Header::new(DeviceIdentity::new("test", "device"), LinkInfo::new("ipmi", "udp", 623))
    }
}

pub(crate) fn ipmi(credentials: &[Credential]) -> Link {
    link::ipmi::link(credentials.to_vec())
}

pub(crate) fn tape(link: &Link) -> (Shared, Tape) {
    let shared = Shared::default();
    let tape = Tape::to(Box::new(shared.clone()), header(), link.secrets().clone()).unwrap();
    (shared, tape)
}

/// Asserts that a transcript has no error, and holds none of the secrets.
pub(crate) fn assert_clean(name: &str, transcript: &Transcript, link: &Link) {
    let rules = Rules { scan: link.secrets().clone(), scratch: true };
    let findings = lint::lint(name, &transcript.canonical(), &rules);
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert_eq!(errors, [""; 0], "{}", transcript.canonical());
}
