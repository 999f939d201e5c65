//! ClusterLabs' agents, with and without the proxy: the same exit codes, and the same plugs move.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;

use fencelab_devices::Carrier;
use fencelab_recorder::link::console::Login;
use fencelab_transcript::{Kind, Mark, Side};

use crate::device::{Console, PASSWORD, Recording, STRANGER, link, login, said, script};

/// Nobody's password.
const WRONG: &str = "Tr0ub4dor&3";

struct Trial {
    agent: &'static str,
    device: &'static str,
    carrier: Carrier,
    plug: &'static str,
    /// A word of the device that shows that it was heard.
    word: &'static str,
}

impl Trial {
    /// The agent's words, to whatever `{host}` and `{port}` are.
    fn words(&self, action: &str, script: &str) -> Vec<String> {
        let mut words = vec![
            format!("/usr/sbin/{}", self.agent),
            "--ip={host}".to_owned(),
            "--ipport={port}".to_owned(),
            "--username=lab".to_owned(),
            format!("--password-script={script}"),
            format!("--action={action}"),
            format!("--plug={}", self.plug),
        ];
        words.extend(
            ["--power-wait=0", "--login-timeout=30", "--shell-timeout=30", "--power-timeout=30"]
                .map(Into::into),
        );
        if self.carrier == Carrier::Ssh {
            words.extend(["--ssh".to_owned(), format!("--ssh-options={}", STRANGER.join(" "))]);
        }
        words
    }

    /// Once the proxy knows the password, once it does not.
    fn run(&self) {
        thread::scope(|scope| {
            for logins in [vec![], vec![login()]] {
                scope.spawn(move || self.run_with(&logins));
            }
        });
    }

    fn run_with(&self, logins: &[Login]) {
        let direct = Console::start(self.device, self.carrier);
        let recorded = Console::start(self.device, self.carrier);
        let recording = Recording::start(recorded.served.address, link(self.carrier, logins));
        let script = |password| script(recording.folder.path(), password).display().to_string();
        let (right, wrong) = (script(PASSWORD), script(WRONG));
        let mut exits = Vec::new();
        for (action, script) in [
            ("status", &right),
            ("off", &right),
            ("status", &right),
            ("status", &wrong),
            ("on", &right),
            ("reboot", &right),
            ("list", &right),
        ] {
            let words = self.words(action, script);
            let address = direct.served.address;
            // Agents mostly wait: both at once.
            let (expected, through) = thread::scope(|scope| {
                let alone = scope.spawn(|| alone(&words, address));
                let through = recording.run(&words);
                (alone.join().expect("the agent ran"), through)
            });
            assert_eq!(through, expected, "{} {action}", self.agent);
            recorded.wait_until_nobody_is_there();
            direct.wait_until_nobody_is_there();
            assert_eq!(recorded.plugs(), direct.plugs(), "{} {action}", self.agent);
            exits.push(expected);
        }
        let expected = [0, 0, 2, 1, 0, 0, 0].map(Some);
        assert_eq!(exits, expected, "{}", self.agent);
        let transcript = recording.finish(&[PASSWORD, WRONG]);
        let ends: Vec<_> = transcript
            .events
            .iter()
            .filter_map(|event| match &event.kind {
                Kind::Mark(mark) if mark.phase == Mark::END => Some((mark.exit, mark.plug.as_deref())),
                _ => None,
            })
            .collect();
        assert_eq!(ends, expected.map(|exit| (exit, Some(self.plug))), "{transcript}");
        assert!(said(&transcript, Side::Device).contains(self.word), "{transcript}");
        let opened = transcript.events.iter().filter(|event| matches!(event.kind, Kind::Open(_))).count();
        assert!(opened >= 7, "{opened} sessions of 7 runs: {transcript}");
    }
}

/// Without the proxy.
fn alone(words: &[String], device: SocketAddr) -> Option<i32> {
    let words = fencelab_recorder::Place::Address(device).filled_in(words);
    let ran = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).output();
    ran.unwrap_or_else(|error| panic!("{}: {error}; install fence-agents", words[0])).status.code()
}

macro_rules! trials {
    ($($name:ident: $agent:literal on $device:literal over $carrier:ident, $plug:literal shows $word:literal;)+) => {$(
        #[test]
        fn $name() {
            let (agent, device, carrier) = ($agent, $device, Carrier::$carrier);
            Trial { agent, device, carrier, plug: $plug, word: $word }.run();
        }
    )+};
}

trials! {
    apc_over_telnet: "fence_apc" on "apc/rpdu-cli" over Telnet, "3" shows "Outlet 3";
    apc_over_ssh: "fence_apc" on "apc/rpdu-cli" over Ssh, "3" shows "Outlet 3";
    wti_over_telnet: "fence_wti" on "wti/nps" over Telnet, "2" shows "NPS";
    bladecenter_over_telnet: "fence_bladecenter" on "ibm/bladecenter-mm" over Telnet, "2" shows "system>";
}
