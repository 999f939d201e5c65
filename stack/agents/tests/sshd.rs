//! The binary against OpenSSH's `sshd`, with a real shell behind it, in which `virsh` is a script of ours: each action, by a
//! key with and without a passphrase, and with the algorithms of old devices.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use fencelab_peers::Sshd;

const PASSPHRASE: &str = "geheim-und-lang";

/// What stands in for libvirt: a file for each machine holds its state.
const VIRSH: &str = r#"#!/bin/sh
cd "$FENCELAB_MACHINES" || exit 1
name="$2"
missing() {
    echo "error: failed to get domain '$name'" >&2
    echo "error: Domain not found: no domain with matching name '$name'" >&2
    exit 1
}
case "$1" in
dominfo)
    [ -e "./$name" ] || missing
    printf 'Id:             -\nName:           %s\nState:          %s\nCPU(s):         2\n\n' "$name" "$(cat "./$name")" ;;
start) [ -e "./$name" ] || missing; echo running > "./$name"; echo "Domain '$name' started"; echo ;;
destroy) [ -e "./$name" ] || missing; echo "shut off" > "./$name"; echo "Domain '$name' destroyed"; echo ;;
list)
    printf ' Id   Name           State\n------------------------------\n'
    for name in *; do printf ' -    %-14s %s\n' "$name" "$(cat "./$name")"; done
    echo ;;
esac
"#;

/// A host whose machines are files.
struct Host {
    sshd: Sshd,
}

impl Host {
    fn start(lines: &str) -> Self {
        let machines = tempfile::tempdir().expect("a folder").keep();
        let programs = machines.join("bin");
        fs::create_dir(&programs).expect("a folder in it");
        let virsh = programs.join("virsh");
        fs::write(&virsh, VIRSH).expect("a program in it");
        fs::set_permissions(&virsh, fs::Permissions::from_mode(0o755)).expect("it can be run");
        let folder = machines.join("machines");
        fs::create_dir(&folder).expect("a folder in it");
        for name in ["vm1", "vm11", "vm'1; rm -rf ~"] {
            fs::write(folder.join(name), "running\n").expect("a machine");
        }
        let environment = format!(
            "SetEnv PATH={}:/usr/bin:/bin FENCELAB_MACHINES={}",
            programs.display(),
            folder.display()
        );
        let host = Self { sshd: Sshd::start(&format!("{environment}\n{lines}")) };
        fs::write(host.sshd.path("folder"), machines.display().to_string()).expect("kept");
        host
    }

    fn state(&self, name: &str) -> String {
        let folder = fs::read_to_string(self.sshd.path("folder")).expect("kept");
        fs::read_to_string(format!("{folder}/machines/{name}")).expect("a machine").trim().to_owned()
    }

    /// Runs the agent with options on standard input.
    fn agent(&self, options: &str) -> (i32, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fence-agents"))
            .arg("fence_virsh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let port = self.sshd.address.port();
        let stdin =
            format!("ip=127.0.0.1\nipport={port}\nusername={}\nlogin_timeout=30\n{options}\n", Sshd::user());
        child.stdin.take().expect("piped").write_all(stdin.as_bytes()).expect("read");
        let output = child.wait_with_output().expect("ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(!stdout.contains(PASSPHRASE) && !stderr.contains(PASSPHRASE), "{stdout}{stderr}");
        (output.status.code().expect("an exit status"), stdout, stderr)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Ok(folder) = fs::read_to_string(self.sshd.path("folder")) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

#[test]
fn every_action_works_in_a_real_shell() {
    let host = Host::start("");
    let identity = format!("identity_file={}\n", host.sshd.identity().display());
    let run = |more: &str| host.agent(&format!("{identity}{more}"));
    let expect = |more: &str, exit: i32, stdout: &str| {
        let ran = run(more);
        assert_eq!((ran.0, ran.1.as_str()), (exit, stdout), "{more}: {ran:?}");
    };
    expect("action=status\nplug=vm1", 0, "Status: ON\n");
    expect("action=off\nplug=vm1", 0, "Success: Powered OFF\n");
    assert_eq!((host.state("vm1"), host.state("vm11")), ("shut off".to_owned(), "running".to_owned()));
    expect("action=status\nplug=vm1", 2, "Status: OFF\n");
    expect("action=reboot\nplug=vm11", 0, "Success: Rebooted\n");
    expect("action=on\nplug=vm1", 0, "Success: Powered ON\n");
    // A name that a shell would take for two commands.
    expect("action=off\nplug=vm'1; rm -rf ~", 0, "Success: Powered OFF\n");
    assert_eq!(host.state("vm'1; rm -rf ~"), "shut off");
    expect("action=monitor", 0, "");
    let (exit, list, _) = run("action=list-status");
    assert_eq!(exit, 0);
    assert!(list.contains("vm1,,ON\n") && list.contains("vm11,,ON\n"), "{list}");
    let missing = run("action=off\nplug=vm2");
    assert_eq!(missing.0, 1, "{missing:?}");
    expect("action=off\nplug=vm2\nmissing_as_off=1", 0, "Success: Already OFF\n");
}

#[test]
fn a_key_may_have_a_passphrase() {
    let host = Host::start("");
    let identity = host.sshd.encrypted_identity(PASSPHRASE);
    let identity = format!("identity_file={}\naction=status\nplug=vm1", identity.display());
    let with = host.agent(&format!("{identity}\npassword={PASSPHRASE}"));
    assert_eq!((with.0, with.1.as_str()), (0, "Status: ON\n"), "{with:?} {}", host.sshd.log());
    let without = host.agent(&identity);
    assert!(without.0 == 1 && without.2.contains("the key is encrypted"), "{without:?}");
}

#[test]
fn a_key_that_is_not_known_is_refused_at_once() {
    let host = Host::start("AuthorizedKeysFile none");
    let identity = host.sshd.identity();
    // The first line of its configuration wins, so the key is taken away instead.
    fs::write(host.sshd.path("key.pub"), "").expect("written");
    let refused = host.agent(&format!("identity_file={}\naction=off\nplug=vm1", identity.display()));
    assert!(refused.0 == 1 && refused.2.contains("the key is refused"), "{refused:?}");
    assert_eq!(host.state("vm1"), "running");
    let password = host.agent("password=x\naction=off\nplug=vm1");
    assert!(password.0 == 1 && password.2.contains("it takes no password"), "{password:?}");
}

#[test]
fn old_devices_are_spoken_to_with_what_they_know() {
    for algorithms in [
        "KexAlgorithms diffie-hellman-group1-sha1\nHostKeyAlgorithms ssh-rsa\nCiphers 3des-cbc\nMACs hmac-sha1",
        "KexAlgorithms diffie-hellman-group14-sha1\nHostKeyAlgorithms ssh-rsa\nCiphers aes128-cbc\nMACs hmac-sha1",
        "KexAlgorithms curve25519-sha256\nHostKeyAlgorithms rsa-sha2-512\nCiphers aes256-gcm@openssh.com",
    ] {
        let host = Host::start(algorithms);
        let identity = host.sshd.identity();
        let ran = host.agent(&format!("identity_file={}\naction=status\nplug=vm1", identity.display()));
        assert_eq!((ran.0, ran.1.as_str()), (0, "Status: ON\n"), "{algorithms}: {ran:?} {}", host.sshd.log());
    }
}
