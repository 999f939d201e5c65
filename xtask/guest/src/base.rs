//! The archive that every guest starts from: programs of Debian's packages, their libraries, kernel modules, `/init`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cpio::Cpio;
use crate::error::GuestError;
use crate::libraries::{self, Libraries};
use crate::{modules, packages};

/// Programs of the packages; busybox has the rest.
pub(crate) const PROGRAMS: &[&str] = &[
    "busybox",
    "ip",
    "ss",
    "tc",
    "ib_atomic_lat",
    "ib_read_lat",
    "ib_send_bw",
    "ib_send_lat",
    "ib_write_bw",
    "ib_write_lat",
    "ibv_devices",
    "ibv_devinfo",
    "ibv_rc_pingpong",
    "ibv_ud_pingpong",
    "qperf",
    "rdma",
    "rping",
    "tcpdump",
    "udaddy",
];

/// Files that stay where they are: the parts of libibverbs for RDMA in software, which names its files and loads them at run
/// time.
pub(crate) const FILES: &[&str] = &[
    "etc/libibverbs.d/rxe.driver",
    "etc/libibverbs.d/siw.driver",
    "usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav34.so",
    "usr/lib/x86_64-linux-gnu/libibverbs/libsiw-rdmav34.so",
];

pub(crate) const INIT: &str = include_str!("init.sh");

const FOLDERS: &[&str] = &[
    "bin",
    "dev",
    "etc",
    "etc/libibverbs.d",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr",
    "usr/lib",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu/libibverbs",
    "usr/lib64",
    "var",
];

const LINKS: &[(&str, &str)] = &[
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("sbin", "bin"),
    ("usr/bin", "../bin"),
    ("usr/sbin", "../bin"),
    ("var/run", "../run"),
];

/// Makes the archive of the packages that are unpacked in `root`.
///
/// # Errors
/// When something that must be in it is not in the packages.
pub(crate) fn archive(root: &Path, release: &str) -> Result<Vec<u8>, GuestError> {
    let mut archive = Cpio::default();
    for folder in FOLDERS {
        archive.folder(folder);
    }
    for (path, target) in LINKS {
        archive.link(path, target);
    }
    let mut needed = Libraries::new();
    for program in PROGRAMS {
        let path = packages::find(root, program)?;
        archive.file(&format!("bin/{program}"), 0o755, &read(&path)?);
        libraries::add(root, &path, &mut needed)?;
    }
    for file in FILES {
        let path = libraries::resolve(root, &root.join(file));
        archive.file(file, 0o644, &read(&path)?);
        libraries::add(root, &path, &mut needed)?;
    }
    for (place, path) in &needed {
        archive.file(place, 0o755, &read(path)?);
    }
    let mut busybox = Command::new(packages::find(root, "busybox")?);
    let applets =
        packages::checked("listing busybox's applets", busybox.arg("--list"), "busybox-static")?.stdout;
    for applet in String::from_utf8_lossy(&applets).lines() {
        if !PROGRAMS.contains(&applet) {
            archive.link(&format!("bin/{applet}"), "busybox");
        }
    }
    modules::add(root, release, &mut archive)?;
    archive.file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n");
    archive.file("etc/group", 0o644, b"root:x:0:\n");
    archive.file("etc/hosts", 0o644, b"127.0.0.1 localhost\n");
    archive.file("init", 0o755, INIT.as_bytes());
    Ok(archive.finish())
}

fn read(path: &Path) -> Result<Vec<u8>, GuestError> {
    fs::read(path).map_err(GuestError::file("read", path))
}
