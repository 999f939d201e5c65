//! `import` of sessions at a console: the logs of ClusterLabs' agents before emulated devices, whose own recordings are the
//! truth, and what is refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::process::{Serving, fencelab, run, succeed, told, workspace};

/// The lab's password in these tests.
const PASSWORD: &str = "s3cr3t-Zebra";

/// An agent's log of one run before an emulated device, and that device's own recording.
struct Logged {
    folder: tempfile::TempDir,
}

impl Logged {
    /// Runs an agent with `--verbose --debug-file`, over telnet or over SSH.
    fn of(device: &str, agent: &str, over: &str, args: &[&str], password: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own.jsonl");
        let mut emulate = fencelab();
        emulate.args(["emulate", device, "--corpus"]).arg(workspace().join("transcripts/corpus"));
        let mut serving =
            Serving::start(emulate.arg("--record").arg(&own).env("FENCELAB_PASSWORD", PASSWORD));
        let port = loop {
            let ready = serving.ready();
            if ready["face"] == over {
                break ready["port"].to_string();
            }
        };
        let mut command = Command::new(format!("/usr/sbin/{agent}"));
        command.args(["--ip=127.0.0.1", "--username=lab", "--power-wait=0"]).arg(format!("--ipport={port}"));
        command
            .arg(format!("--password-script=printf %s {password}"))
            .args(["--verbose", "--debug-file"])
            .arg(folder.path().join("log"))
            .args(args);
        if over == "ssh" {
            command.arg("--ssh");
            command.arg("--ssh-options=-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no");
        }
        let ran = run(&mut command);
        let expected = i32::from(password != PASSWORD);
        assert_eq!(ran.status.code(), Some(expected), "{agent}: {}", told(&ran));
        assert_eq!(serving.end(Signal::SIGTERM), Some(0));
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The events of the imported log. Neither it nor what was printed holds a password.
    fn imported(&self, passwords: &[&str]) -> Vec<Value> {
        let out = self.path("imported.jsonl");
        let printed = run(fencelab().arg("import").arg(self.path("log")).arg("-o").arg(&out));
        assert!(printed.status.success(), "{}", told(&printed));
        let text = std::fs::read_to_string(&out).unwrap();
        for password in passwords {
            assert!(!text.contains(password) && !told(&printed).contains(password), "{text}");
        }
        // Warnings there are: a log does not tell when it was, nor of what.
        succeed(fencelab().arg("lint").arg(&out));
        events(&out)
    }
}

fn events(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The words of one side, all of them together, without blanks and control characters.
fn words(events: &[Value], side: &str) -> String {
    let said = events.iter().filter(|event| event["from"] == side);
    // A telnet client negotiates also with a device that knows no telnet: bytes, which no agent's log has.
    let text: String = said.filter_map(|event| event["text"].as_str()).collect();
    text.split(|c: char| c.is_whitespace() || c.is_control()).collect()
}

/// Asserts that the agent said what the device heard, to the letter. The last line, by which it takes leave, need not have
/// arrived before it hangs up.
fn assert_sent(imported: &[Value], own: &[Value]) {
    let (ours, theirs) = (words(imported, "agent"), words(own, "agent"));
    let last = imported.iter().rfind(|event| event["from"] == "agent").unwrap();
    let leave = words(std::slice::from_ref(last), "agent");
    assert!(ours == theirs || ours == format!("{theirs}{leave}"), "{ours}, but the device heard {theirs}");
}

/// What the agent sent is in its log, all of it; of what the device said only what the agent waited for.
#[test]
fn the_log_of_an_agent_over_telnet() {
    let log =
        Logged::of("apc/masterswitch-menu", "fence_apc", "telnet", &["--plug=3", "--action=off"], PASSWORD);
    let (imported, own) = (log.imported(&[PASSWORD]), events(&log.path("own.jsonl")));
    assert_sent(&imported, &own);
    let (ours, theirs) = (words(&imported, "device"), words(&own, "device"));
    assert!(ours.contains("3-Outlet3OFF") || ours.contains("3-Outlet3ON"), "{ours}");
    assert!(ours.len() * 10 > theirs.len() * 8, "{} of {}", ours.len(), theirs.len());
    let header = &imported[0];
    assert_eq!(
        (header["link"]["protocol"].as_str(), header["redacted"][0].as_str()),
        (Some("telnet"), Some("password"))
    );
    let notes = imported.iter().filter(|event| event["mark"] == "note").count();
    assert!(notes >= 1, "what the agent read without logging it is told");
    let all: String = imported.iter().map(Value::to_string).collect();
    assert!(!all.contains("Escape character") && !all.contains("127.0.0.1"), "telnet's own words: {all}");
}

#[test]
fn the_log_of_an_agent_over_ssh() {
    let log = Logged::of("apc/rpdu-cli", "fence_apc", "ssh", &["--plug=3", "--action=status"], PASSWORD);
    let (imported, own) = (log.imported(&[PASSWORD]), events(&log.path("own.jsonl")));
    assert_eq!(imported[0]["link"]["protocol"], "ssh");
    assert_sent(&imported, &own);
    let first = imported.iter().find(|event| event["from"] == "device").unwrap().to_string();
    assert!(first.contains("American Power Conversion") && !first.contains("assword"), "{first}");
}

#[test]
fn a_wrong_password_and_a_second_try_are_masked_as_well() {
    let wrong = "n0t-the-0ne";
    let log = Logged::of(
        "apc/masterswitch-menu",
        "fence_apc",
        "telnet",
        &["--plug=3", "--action=status", "--login-timeout=3"],
        wrong,
    );
    let imported = log.imported(&[wrong, PASSWORD]);
    assert!(words(&imported, "agent").matches("********").count() >= 2, "{imported:?}");
    let last = imported.last().unwrap();
    assert_eq!((last["mark"].as_str(), last["s"].as_u64()), (Some("note"), Some(1)), "{last}");
    assert!(last["text"].as_str().unwrap().starts_with("the agent: "), "{last}");
}

#[test]
fn other_agents_with_logins_of_their_own() {
    for (device, agent, args) in [
        ("wti/nps", "fence_wti", &["--plug=1", "--action=status"][..]),
        ("netio/netio4", "fence_netio", &["--plug=1", "--action=status"]),
        ("raritan/dominion-px-clp", "fence_raritan", &["--plug=1", "--action=status"]),
    ] {
        let log = Logged::of(device, agent, "telnet", args, PASSWORD);
        let (imported, own) = (log.imported(&[PASSWORD]), events(&log.path("own.jsonl")));
        assert_sent(&imported, &own);
    }
}

/// What the file holds, in a form that nobody would look for.
#[test]
fn a_secret_that_is_left_is_refused_and_what_is_unknown_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("credentials"), format!("user=lab\npassword={PASSWORD}\n")).unwrap();
    let cast =
        format!("{{\"version\":2,\"width\":80,\"command\":\"ssh pdu\"}}\n[0,\"o\",\"key {PASSWORD}\"]\n");
    std::fs::write(path("a.cast"), cast).unwrap();
    let import = |args: &[&str]| {
        let printed = run(fencelab().arg("import").args(args).current_dir(folder.path()));
        (printed.status.code(), told(&printed))
    };
    let (code, text) = import(&["a.cast", "--credentials", "credentials"]);
    assert_eq!(
        (code, text.contains("key ********"), text.contains(PASSWORD)),
        (Some(0), true, false),
        "{text}"
    );
    let (code, text) =
        import(&["a.cast", "--credentials", "credentials", "--vendor", PASSWORD, "-o", "x.jsonl"]);
    assert_eq!((code, text.contains(PASSWORD), path("x.jsonl").exists()), (Some(4), false, false), "{text}");
    std::fs::write(path("b"), "login: lab\r\n").unwrap();
    for (args, code, words) in [
        (&["b"][..], 3, "b:1:1: this is nothing that can be recognised"),
        (&["b", "--from", "pexpect"], 3, "say so by --link telnet, ssh, serial or raw"),
        (&["b", "--from", "script", "--link", "ipmi"], 2, "say telnet, ssh, serial or raw by --link"),
        (&["a.cast", "--folder", "x"], 2, "--folder is for walks"),
        (&["none"], 3, "none"),
    ] {
        let (exit, text) = import(args);
        assert_eq!((exit, text.contains(words)), (Some(code), true), "{args:?}: {text}");
    }
}
