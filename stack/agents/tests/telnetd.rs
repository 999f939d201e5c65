//! The binary over a real socket against inetutils' `telnetd`: real negotiation, and a real terminal, in which a script plays
//! an adapter.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::{JoinHandle, spawn},
};

use tempfile::TempDir;

const PASSWORD: &str = "geheim-und-lang";

/// An RSA II, whose state is a file.
const ADAPTER: &str = r#"#!/bin/sh
state="$(dirname "$0")/state"
printf 'username: '
read -r user
stty -echo
printf 'password: '
read -r password
stty echo
echo
if [ "$user $password" != "admin geheim-und-lang" ]; then
    echo 'Login incorrect'
    exit 1
fi
while printf 'system-x> ' && read -r line; do
    case "$line" in
    'power state') printf 'Power: %s\nState: unknown\nRestart count: 3\n' "$(cat "$state")" ;;
    'power on') echo On > "$state"; echo ok ;;
    'power off') echo Off > "$state"; echo ok ;;
    exit) exit 0 ;;
    '') ;;
    *) echo 'Invalid command' ;;
    esac
done
"#;

/// The adapter behind a port, for so many connections.
struct Adapter {
    folder: TempDir,
    port: u16,
    server: JoinHandle<()>,
}

impl Adapter {
    fn start(connections: usize) -> Self {
        let folder = TempDir::new().expect("a folder");
        let script = folder.path().join("adapter");
        fs::write(&script, ADAPTER).expect("a script in it");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it can be run");
        fs::write(folder.path().join("state"), "On\n").expect("a state");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("its address").port();
        let server = spawn(move || {
            let serve = |link: TcpStream| telnetd(link, &script);
            let mut servers: Vec<Child> =
                (0..connections).map(|_| serve(listener.accept().expect("a connection").0)).collect();
            for server in &mut servers {
                server.wait().expect("it ends with its terminal");
            }
        });
        Self { folder, port, server }
    }

    fn state(&self) -> String {
        fs::read_to_string(self.folder.path().join("state")).expect("a state").trim().to_owned()
    }

    fn agent(&self, action: &str, password: &str) -> (Option<i32>, String, String) {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_fence-agents"))
            .args(["fence_rsa", "-a", "127.0.0.1", "-l", "admin", "-o", action, "--login-timeout=30", "-v"])
            .args([format!("--ipport={}", self.port), format!("--password={password}")])
            .stdin(Stdio::null())
            .output()
            .expect("runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(!stdout.contains(password) && !stderr.contains(password), "{stdout}{stderr}");
        (output.status.code(), stdout, stderr)
    }
}

/// As a superserver starts it: the connection is its input and output.
fn telnetd(link: TcpStream, script: &Path) -> Child {
    let link = OwnedFd::from(link);
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    Command::new("telnetd")
        .args(["-h", "-E"])
        .arg(script)
        .env("PATH", path)
        .stdin(link.try_clone().expect("a copy"))
        .stdout(link)
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("can't run telnetd: {error}; Debian's package inetutils-telnetd has it")
        })
}

#[test]
fn every_action_works_over_telnet() {
    let adapter = Adapter::start(6);
    for (action, exit, stdout, state) in [
        ("status", 0, "Status: ON\n", "On"),
        ("off", 0, "Success: Powered OFF\n", "Off"),
        ("status", 2, "Status: OFF\n", "Off"),
        ("on", 0, "Success: Powered ON\n", "On"),
        ("reboot", 0, "Success: Rebooted\n", "On"),
        ("monitor", 0, "", "On"),
    ] {
        let ran = adapter.agent(action, PASSWORD);
        assert_eq!((ran.0, ran.1.as_str()), (Some(exit), stdout), "{action}: {ran:?}");
        assert_eq!(adapter.state(), state, "{action}");
    }
    adapter.server.join().expect("every connection was closed");
}

#[test]
fn a_wrong_password_is_a_refusal() {
    let adapter = Adapter::start(1);
    let (exit, _, stderr) = adapter.agent("off", "wrong");
    assert_eq!(exit, Some(1));
    assert!(stderr.contains("Failed: login"), "{stderr}");
    assert_eq!(adapter.state(), "On");
}
