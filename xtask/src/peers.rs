//! The real peers that the tests talk to. Our own code on both ends of a test proves nothing,
//! so a missing peer fails the run instead of skipping the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::{guest, step, tools};

/// A program that tests start, and the Debian package that has it.
struct Peer {
    program: &'static str,
    package: &'static str,
}

const PEERS: &[Peer] = &[
    Peer { program: "asciinema", package: "asciinema" },
    Peer { program: "fence_ipmilan", package: "fence-agents" },
    Peer { program: "ip", package: "iproute2" },
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

/// What building and running the feature `corosync` needs.
///
/// # Errors
/// When apt-get is missing or fails.
pub(crate) fn install_for_corosync() -> anyhow::Result<()> {
    let headers = ["cpg.h", "cfg.h", "cmap.h", "quorum.h", "votequorum.h"];
    let has_headers =
        headers.into_iter().all(|header| Path::new("/usr/include/corosync").join(header).is_file());
    let has_programs =
        ["corosync", "gcc", "ip", "nsenter"].into_iter().all(|program| find(program).is_some());
    if !(has_headers && has_programs && Path::new("/usr/include/qb").is_dir()) {
        step::run("corosync: apt-get update", apt_get().args(["update", "-q"]))?;
        let install = "install -q -y --no-install-recommends corosync gcc iproute2 libc6-dev libcfg-dev libcmap-dev \
                       libcpg-dev libqb-dev libquorum-dev libvotequorum-dev util-linux";
        step::run("corosync: apt-get install", apt_get().args(install.split_whitespace()))?;
    }
    Ok(())
}

/// Builds `test/cpgbench.c` of corosync's source, which no package has, once. Each of its sizes takes two seconds in place of ten.
/// Answers where it is.
///
/// # Errors
/// When the source can't be had, or does not build.
pub(crate) fn cpgbench() -> anyhow::Result<PathBuf> {
    let folder = tools::own_root().join("cpgbench");
    let program = folder.join("cpgbench");
    if program.is_file() {
        return Ok(program);
    }
    std::fs::create_dir_all(folder.join("lists/partial")).context("corosync: a folder for its source")?;
    // The machine's own lists need not have sources, and stay as they are.
    let list = folder.join("sources.list");
    std::fs::write(&list, source_list()?).context("corosync: a list of sources")?;
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(&folder).arg("-q");
        for (name, value) in [
            ("Etc::sourcelist", list.as_path()),
            ("State::lists", &folder.join("lists")),
            ("Cache", &folder.join("cache")),
        ] {
            command.arg("-o").arg(format!("Dir::{name}={}", value.display()));
        }
        command.args(["-o", "Dir::Etc::sourceparts=/dev/null"]).args(args);
        command
    };
    step::run("corosync: list of sources", &mut apt(&["update"]))?;
    step::run("corosync: source", &mut apt(&["source", "--download-only", "--tar-only", "corosync"]))?;
    let is_source = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("corosync_") && name.contains(".orig.tar")
    };
    let archive = std::fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(is_source)
        .context("corosync: apt-get source has brought no archive")?;
    let mut unpack = Command::new("tar");
    unpack.arg("-C").arg(&folder).arg("-xf").arg(archive);
    step::run(
        "corosync: unpack",
        unpack.args(["--strip-components=2", "--wildcards", "corosync-*/test/cpgbench.c"]),
    )?;
    // It is included before all else.
    std::fs::write(folder.join("config.h"), "#include <unistd.h>\n#define alarm(seconds) alarm(2)\n")?;
    let mut gcc = Command::new("gcc");
    gcc.current_dir(&folder).args(["-O2", "-I.", "-o", "cpgbench", "cpgbench.c"]);
    step::run("corosync: cpgbench", gcc.args(["-lcpg", "-lqb", "-lpthread"]))?;
    Ok(program)
}

/// The machine's own places for packages, as places for sources.
fn source_list() -> anyhow::Result<String> {
    let format = "$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)";
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", format, "Created-By: Packages"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let signed = if Path::new(keys).is_file() { format!("[signed-by={keys}] ") } else { String::new() };
    let places = text.lines().filter_map(|line| line.strip_prefix("Debian|"));
    Ok(places.map(|place| format!("deb-src {signed}{place}\n")).collect())
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
