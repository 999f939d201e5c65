//! The emulated BMC of these tests, and the truth about its plug.

use std::path::Path;

use fencelab_peers::Emulator;
use serde_json::Value;

use crate::control;

/// A device without delays and with users of several privileges; the truth is asked over the control interface.
pub(crate) struct Bmc {
    pub(crate) emulator: Emulator,
    _folder: tempfile::TempDir,
}

/// User and password of the lab in these tests: the same as the administrator of the `ipmi_sim` beside it.
pub(crate) const LOGIN: (&str, &str) = fencelab_peers::IpmiSim::LOGIN;

const DEVICE: &str = r#"
format = "1.0"

[device]
vendor     = "test"
model      = "bmc"
agents     = ["fence_ipmilan"]
provenance = { kind = "described", from = ["IPMI 2.0"] }

[plant]
plugs = [{ name = "system" }]

[face.ipmi]
auth-types    = ["none", "md5", "password"]
cipher-suites = [0, 1, 2, 3, 6, 7, 8, 15, 16, 17]
users         = [{ name = "lab" }, { name = "guest", privilege = "user" }]
sessions      = { limit = 4, idle = "60s" }
"#;

impl Bmc {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with more in the emulator's environment.
    pub(crate) fn start_with(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("device.toml"), DEVICE).expect("device.toml is written");
        let folder_name = folder.path().to_str().expect("UTF-8").to_owned();
        let args = ["emulate", &folder_name, "--port", "0", "--control", "127.0.0.1:0"];
        let program = Path::new(env!("CARGO_BIN_EXE_fencelab"));
        let login = [&[("FENCELAB_USER", LOGIN.0), ("FENCELAB_PASSWORD", LOGIN.1)], more].concat();
        let emulator = Emulator::start_with(program, args, 1, &login);
        Self { emulator, _folder: folder }
    }

    pub(crate) fn host(&self) -> String {
        self.emulator.address().ip().to_string()
    }

    pub(crate) fn port(&self) -> String {
        self.emulator.address().port().to_string()
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        control::ask(&self.emulator, method, path, body)
    }

    /// What the plug really is.
    pub(crate) fn is_on(&self) -> bool {
        let device = self.ask("GET", "/devices/0", "");
        match device["plugs"][0]["power"].as_str() {
            Some("on") => true,
            Some("off") => false,
            other => panic!("the plug is {other:?}: {device}"),
        }
    }

    /// Each state that the plug was really in, one letter a state: `1` on, `0` off. It starts on.
    pub(crate) fn history(&self) -> String {
        let timeline = self.ask("GET", "/devices/0/timeline", "");
        let changes = timeline["changes"].as_array().expect("a list of changes");
        let states = changes.iter().map(|change| if change["power"] == "on" { '1' } else { '0' });
        std::iter::once('1').chain(states).collect()
    }

    /// Sets the plug from outside, as a hand at the button would.
    pub(crate) fn set(&self, power: &str) {
        self.ask("PUT", "/devices/0/plugs/system", &format!(r#"{{"power":"{power}"}}"#));
    }

    /// What the BMC was asked to do: names of the requests, oldest first.
    pub(crate) fn requests(&self) -> String {
        self.ask("GET", "/devices/0/requests", "").to_string()
    }
}
