//! The real peers that the tests talk to. Our own code on both ends of a test proves nothing,
//! so a missing peer fails the run instead of skipping the test.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{guest, step};

/// A program that tests start, and the Debian package that has it.
struct Peer {
    program: &'static str,
    package: &'static str,
}

const PEERS: &[Peer] = &[
    Peer { program: "asciinema", package: "asciinema" },
    Peer { program: "fence_ipmilan", package: "fence-agents" },
    Peer { program: "ipmi_sim", package: "openipmi" },
    Peer { program: "ipmipower", package: "freeipmi-tools" },
    Peer { program: "ipmitool", package: "ipmitool" },
    Peer { program: "picocom", package: "picocom" },
    Peer { program: "pyserial-miniterm", package: "python3-serial" },
    Peer { program: "python3", package: "python3" },
    Peer { program: "qemu-system-x86_64", package: "qemu-system-x86" },
    Peer { program: "script", package: "bsdutils" },
    Peer { program: "ser2net", package: "ser2net" },
    // QEMU dies with its owner by it.
    Peer { program: "setpriv", package: "util-linux" },
    Peer { program: "snmpd", package: "snmpd" },
    Peer { program: "snmpget", package: "snmp" },
    Peer { program: "socat", package: "socat" },
    Peer { program: "ssh-keygen", package: "openssh-client" },
    Peer { program: "sshd", package: "openssh-server" },
    Peer { program: "telnet", package: "inetutils-telnet" },
    Peer { program: "telnetd", package: "inetutils-telnetd" },
    Peer { program: "tshark", package: "tshark" },
    Peer { program: "xmllint", package: "libxml2-utils" },
];

/// Where a program may stand; agents are in `sbin`, which not every PATH has.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Installs the packages of the peers that are not there yet, and makes the image of the guests.
///
/// # Errors
/// When apt-get is missing or fails, a peer is still missing afterwards, or the image can't be made.
pub(crate) fn install() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PEERS.iter().filter(|peer| find(peer.program).is_none()).map(|peer| peer.package).collect();
    if missing.is_empty() {
        eprintln!("peers: all {} are there", PEERS.len());
        return guest::prepare();
    }
    if find("apt-get").is_none() {
        bail!("peers: {missing:?} are missing and there is no apt-get; install them by hand");
    }
    step::run("peers: apt-get update", apt_get().args(["update", "-q"]))?;
    step::run(
        "peers: apt-get install",
        apt_get().args(["install", "-q", "-y", "--no-install-recommends"]).args(&missing),
    )?;
    for peer in PEERS {
        find(peer.program).with_context(|| {
            format!("peers: {} is missing even with package {}", peer.program, peer.package)
        })?;
    }
    guest::prepare()
}

/// What building the feature `verbs` needs: CMake, and libclang with Clang's own headers.
///
/// # Errors
/// When apt-get is missing or fails.
pub(crate) fn install_for_verbs() -> anyhow::Result<()> {
    if ["cmake", "clang"].into_iter().all(|program| find(program).is_some()) {
        return Ok(());
    }
    step::run("verbs: apt-get update", apt_get().args(["update", "-q"]))?;
    let install = ["install", "-q", "-y", "--no-install-recommends", "cmake", "clang", "libclang-dev"];
    step::run("verbs: apt-get install", apt_get().args(install))
}

/// apt-get as it must be called: without questions, and through sudo where we are not root.
fn apt_get() -> Command {
    let root = std::env::var_os("USER").is_some_and(|user| user == "root") || find("sudo").is_none();
    let mut command = if root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
