//! An emulated SNMP device of the corpus, and the truth about its plugs.

use std::collections::BTreeMap;
use std::path::Path;

use fencelab_peers::Emulator;

use crate::control;

/// The lab's password in these tests: community, and both passphrases of version 3.
pub(crate) const PASSWORD: &str = "pdu-passphrase";

pub(crate) struct Pdu {
    emulator: Emulator,
}

impl Pdu {
    /// A device of the corpus, by its id.
    pub(crate) fn start(id: &str) -> Self {
        let args = ["emulate", id, "--port", "0", "--control", "127.0.0.1:0"];
        let program = Path::new(env!("CARGO_BIN_EXE_fencelab"));
        let emulator = Emulator::start_with(program, args, 1, &[("FENCELAB_PASSWORD", PASSWORD)]);
        Self { emulator }
    }

    pub(crate) fn host(&self) -> String {
        self.emulator.address().ip().to_string()
    }

    pub(crate) fn port(&self) -> String {
        self.emulator.address().port().to_string()
    }

    /// What each plug really is: on?
    pub(crate) fn plugs(&self) -> BTreeMap<String, bool> {
        let device = control::ask(&self.emulator, "GET", "/devices/0", "");
        let plugs = device["plugs"].as_array().expect("a list of plugs").iter();
        plugs
            .map(|plug| {
                let name = plug["plug"].as_str().expect("a name").to_owned();
                (name, plug["power"] == "on")
            })
            .collect()
    }

    /// Each change of a plug since the start, one letter a state: `1` on, `0` off.
    pub(crate) fn changes(&self, plug: &str) -> String {
        let timeline = control::ask(&self.emulator, "GET", "/devices/0/timeline", "");
        let changes = timeline["changes"].as_array().expect("a list of changes").iter();
        let own = changes.filter(|change| change["plug"] == plug);
        own.map(|change| if change["power"] == "on" { '1' } else { '0' }).collect()
    }
}
