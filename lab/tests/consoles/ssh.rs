//! OpenSSH's client through the proxy: before an emulated console, and before OpenSSH's own server.

use std::process::Command;

use fencelab_devices::spec::FaceSpec;
use fencelab_devices::{Carrier, Power};
use fencelab_peers::Sshd;
use fencelab_peers::terminal::{self, answer, end, wait_for};
use fencelab_recorder::link::console::{self, Login};
use fencelab_transcript::{Event, Kind, Side};
use serde_json::{Value, json};

use crate::device::{Console, PASSWORD, Recording, STRANGER, described, link, said};

/// The client, with no settings of who runs the tests.
fn ssh(recording: &Recording, user: &str, options: &[&str], command: &[&str]) -> Command {
    let mut ssh = Command::new("ssh");
    ssh.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    ssh.env("HOME", recording.folder.path()).env("TERM", "vt100");
    ssh.args(["-F", "none", "-p", &recording.proxy.place().address().unwrap().port().to_string()]);
    ssh.args(STRANGER).args(options).arg(format!("{user}@127.0.0.1")).args(command);
    ssh
}

fn opens(events: &[Event]) -> Vec<Value> {
    let open = |event: &Event| match &event.kind {
        Kind::Open(details) => Some(Value::Object(details.clone())),
        _ => None,
    };
    events.iter().filter_map(open).collect()
}

#[test]
fn each_way_of_giving_a_password_is_passed_on_and_none_is_written() {
    let device = Console::start("apc/rpdu-cli", Carrier::Ssh);
    let recording = Recording::start(device.served.address, link(Carrier::Ssh, &[]));
    for way in ["password", "keyboard-interactive"] {
        let option = format!("PreferredAuthentications={way}");
        let mut terminal = terminal::start(ssh(&recording, "lab", &["-o", &option], &[]));
        answer(&mut terminal, "Tr0ub4dor&3");
        answer(&mut terminal, PASSWORD);
        wait_for(&mut terminal, "apc>");
        let switched = if way == "password" { "olOff 3" } else { "olOn 3" };
        terminal.send_line(switched).unwrap();
        wait_for(&mut terminal, "E000: Success");
        let power = if way == "password" { Power::Off } else { Power::On };
        assert_eq!(device.plugs()[2], power);
        // What a person pastes by mistake.
        wait_for(&mut terminal, "apc>");
        terminal.send_line(PASSWORD).unwrap();
        wait_for(&mut terminal, "apc>");
        terminal.send_line("exit").unwrap();
        let (text, code) = end(&mut terminal);
        assert_eq!(code, 0, "{text}");
        device.wait_until_nobody_is_there();
    }
    recording.proxy.settle();
    let transcript = recording.finish(&["Tr0ub4dor&3", PASSWORD]);
    let methods: Vec<Value> = opens(&transcript.events).iter().map(|open| open["auth"].clone()).collect();
    assert_eq!(methods, ["password", "keyboard-interactive"], "{transcript}");
    assert!(said(&transcript, Side::Agent).contains("olOff 3"), "{transcript}");
    let closes: Vec<_> =
        transcript.events.iter().filter(|event| matches!(event.kind, Kind::Close(_))).collect();
    assert_eq!(closes.len(), 2);
    for close in closes {
        assert_eq!((&close.kind, close.extra.get("status")), (&Kind::Close(Side::Device), Some(&json!(0))));
    }
}

#[test]
fn refusals_are_the_devices_own() {
    let device = Console::start("apc/rpdu-cli", Carrier::Ssh);
    let recording = Recording::start(device.served.address, link(Carrier::Ssh, &[]));
    let options = ["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=9"];
    let mut terminal = terminal::start(ssh(&recording, "lab", &options, &[]));
    // The device hangs up after the third one, whatever the fourth is.
    for _ in 0..3 {
        answer(&mut terminal, "Tr0ub4dor&3");
    }
    answer(&mut terminal, PASSWORD);
    assert_eq!(end(&mut terminal).1, 255);
    recording.proxy.settle();
    let transcript = recording.finish(&["Tr0ub4dor&3", PASSWORD]);
    let open = json!({"user": "lab", "auth": "password", "error": "nobody was let in"});
    assert_eq!(opens(&transcript.events), [open]);
}

#[test]
fn a_device_that_asks_in_the_terminal_is_not_asked_for_a_password_before() {
    let mut spec = described("apc/rpdu-cli");
    for face in &mut spec.faces {
        if let FaceSpec::Console(face) = face {
            let mut console = (*face.console).clone();
            console.login.as_mut().unwrap().asks_over_ssh = true;
            face.console = console.into();
        }
    }
    let device = Console::of(spec, Carrier::Ssh);
    let recording = Recording::start(device.served.address, link(Carrier::Ssh, &[]));
    let mut terminal = terminal::start(ssh(&recording, "lab", &["-o", "PreferredAuthentications=none"], &[]));
    wait_for(&mut terminal, "User Name : ");
    terminal.send_line("lab").unwrap();
    wait_for(&mut terminal, "Password  : ");
    terminal.send_line(PASSWORD).unwrap();
    wait_for(&mut terminal, "apc>");
    // The client's own way out.
    terminal.send("\r~.").unwrap();
    terminal.flush().unwrap();
    end(&mut terminal);
    device.wait_until_nobody_is_there();
    recording.proxy.settle();
    let transcript = recording.finish(&[PASSWORD]);
    assert!(said(&transcript, Side::Agent).contains("********"), "{transcript}");
    let close = transcript.events.iter().find(|event| matches!(event.kind, Kind::Close(_)));
    assert_eq!(close.map(|event| &event.kind), Some(&Kind::Close(Side::Agent)), "{transcript}");
}

#[test]
fn a_device_of_any_age_finds_common_ground_with_a_client_of_any_age() {
    let old = "KexAlgorithms diffie-hellman-group1-sha1\nHostKeyAlgorithms ssh-rsa\nCiphers aes128-cbc\nMACs hmac-sha1";
    for lines in [old, ""] {
        let sshd = Sshd::start(lines);
        let identity = Some(sshd.identity());
        let link = console::ssh(&[Login { identity, ..Login::default() }]).unwrap();
        let recording = Recording::start(sshd.address, link);
        for cipher in ["aes128-cbc", "aes256-gcm@openssh.com"] {
            let (key, ciphers) = (sshd.identity().display().to_string(), format!("Ciphers={cipher}"));
            let options = ["-i", &key, "-o", &ciphers, "-o", "BatchMode=yes"];
            let ran = ssh(&recording, &Sshd::user(), &options, &["cat; echo no >&2; exit 7"])
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .and_then(|mut child| {
                    use std::io::Write;
                    child.stdin.take().expect("it was asked for").write_all(&[b'x'; 300_000])?;
                    child.wait_with_output()
                })
                .unwrap_or_else(|error| panic!("ssh: {error}; install openssh-client"));
            let told = String::from_utf8_lossy(&ran.stderr);
            assert_eq!(ran.status.code(), Some(7), "{lines}: {told}\n{}", sshd.log());
            assert_eq!((ran.stdout.len(), told.ends_with("no\n")), (300_000, true), "{told}");
        }
        recording.proxy.settle();
        let transcript = recording.finish(&[]);
        let open = json!({"user": Sshd::user(), "auth": "publickey", "command": "cat; echo no >&2; exit 7"});
        assert_eq!(opens(&transcript.events), [open.clone(), open]);
        assert_eq!(said(&transcript, Side::Agent).len(), 600_000);
    }
}

#[test]
fn a_terminal_and_its_window_reach_the_device() {
    let sshd = Sshd::start("");
    let identity = Some(sshd.identity());
    let link = console::ssh(&[Login { identity, ..Login::default() }]).unwrap();
    let recording = Recording::start(sshd.address, link);
    let key = sshd.identity().display().to_string();
    let command = "trap 'stty size; kill $!; exit 3' WINCH; sleep 60 >/dev/null 2>&1 & echo ready; wait";
    let mut terminal = terminal::start(ssh(&recording, &Sshd::user(), &["-t", "-i", &key], &[command]));
    wait_for(&mut terminal, "ready");
    let window = terminal.process().get_file_handle().unwrap();
    let resized = Command::new("stty").args(["rows", "33"]).stdin(window).status();
    assert!(resized.unwrap().success());
    let (text, code) = end(&mut terminal);
    assert!(text.trim_start().starts_with("33 ") && code == 3, "{code}: {text}");
    recording.proxy.settle();
    let transcript = recording.finish(&[]);
    let open = &opens(&transcript.events)[0];
    assert_eq!((&open["terminal"], &open["command"]), (&json!("vt100"), &json!(command)));
    assert_eq!(open["window"].as_array().map(Vec::len), Some(2), "{open}");
    let close = transcript.events.iter().find(|event| matches!(event.kind, Kind::Close(_)));
    assert_eq!(close.and_then(|event| event.extra.get("status")), Some(&json!(3)), "{transcript}");
}
