//! Debian's packages in a private tree: downloaded and unpacked, never installed on the host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::error::GuestError;
use crate::libraries;

/// Packages of the guests; apt adds what they depend on.
pub(crate) const PACKAGES: &[&str] = &[
    "busybox-static",
    "gzip",
    "ibverbs-providers",
    "ibverbs-utils",
    "iproute2",
    "kmod",
    "linux-image-amd64",
    "perftest",
    "qperf",
    "rdma-core",
    "rdmacm-utils",
    "tcpdump",
    "xz-utils",
    "zstd",
];

/// Downloads the packages into `cache`/apt, unless they are there, and unpacks them into `root`. Returns the names of the
/// package files.
///
/// # Errors
/// When apt or dpkg is missing or fails.
pub(crate) fn unpack(cache: &Path, root: &Path) -> Result<Vec<String>, GuestError> {
    let apt = Apt::new(cache)?;
    apt.download()?;
    let mut files: Vec<PathBuf> = fs::read_dir(apt.archives())
        .map_err(GuestError::file("list", &apt.archives()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .collect();
    files.sort();
    eprintln!("guest: unpacking {} packages", files.len());
    for file in &files {
        let mut command = Command::new("dpkg-deb");
        command.arg("-x").arg(file).arg(root);
        checked(&format!("unpacking {}", file.display()), &mut command, "dpkg")?;
    }
    Ok(files
        .iter()
        .filter_map(|file| file.file_stem())
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

/// Downloads one package, without what it depends on, into `folder`. Returns its file.
///
/// # Errors
/// When apt is missing or does not have it.
pub(crate) fn download_one(cache: &Path, name: &str, folder: &Path) -> Result<PathBuf, GuestError> {
    fs::create_dir_all(folder).map_err(GuestError::file("make the folder", folder))?;
    let apt = Apt::new(cache)?;
    let download = |own_lists| {
        let mut command = apt.command(own_lists);
        command.args(["download", name]).current_dir(folder);
        command
    };
    if !output(&mut download(false), "apt")?.status.success() {
        checked("apt-get update", apt.command(true).arg("update"), "apt")?;
        checked(&format!("downloading {name}"), &mut download(true), "apt")?;
    }
    let files = fs::read_dir(folder).map_err(GuestError::file("list", folder))?;
    let start = format!("{name}_");
    files
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&start)))
        .ok_or_else(|| GuestError::Malformed {
            path: folder.to_owned(),
            problem: format!("apt-get has downloaded {name}, but no {start}… is here"),
        })
}

/// apt-get with a state of its own: an empty list of installed packages makes it fetch every dependency.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(cache: &Path) -> Result<Self, GuestError> {
        let apt = Self { folder: cache.join("apt") };
        for folder in [apt.archives().join("partial"), apt.folder.join("lists/partial")] {
            fs::create_dir_all(&folder).map_err(GuestError::file("make the folder", &folder))?;
        }
        let status = apt.folder.join("status");
        fs::write(&status, "").map_err(GuestError::file("write", &status))?;
        Ok(apt)
    }

    fn archives(&self) -> PathBuf {
        self.folder.join("archives")
    }

    fn download(&self) -> Result<(), GuestError> {
        eprintln!("guest: downloading {} and what they need (about 105 MB)", PACKAGES.join(", "));
        // The host's lists of packages serve if they are fresh; if they are old or absent, lists of our own.
        let hosts = output(&mut self.install(false), "apt")?;
        if hosts.status.success() {
            return Ok(());
        }
        eprintln!("guest: the host's lists of packages do not serve: reading new ones");
        checked("apt-get update", self.command(true).arg("update"), "apt")?;
        checked("downloading the guests' packages", &mut self.install(true), "apt")?;
        Ok(())
    }

    fn install(&self, own_lists: bool) -> Command {
        let mut command = self.command(own_lists);
        command.args(["-y", "--no-install-recommends", "--download-only", "install"]).args(PACKAGES);
        command
    }

    fn command(&self, own_lists: bool) -> Command {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C");
        let folder = self.folder.display();
        let mut settings = vec![
            format!("Dir::State::status={folder}/status"),
            format!("Dir::Cache={folder}"),
            // Nothing of the host is changed: its locks are none of our business, and root is not needed.
            "Debug::NoLocking=1".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
        ];
        if own_lists {
            settings.push(format!("Dir::State::lists={folder}/lists"));
        }
        for setting in settings {
            command.arg("-o").arg(setting);
        }
        command
    }
}

/// A program of the unpacked packages, by its name.
///
/// # Errors
/// When no package has it.
pub(crate) fn find(root: &Path, name: &str) -> Result<PathBuf, GuestError> {
    ["bin", "sbin", "usr/bin", "usr/sbin"]
        .iter()
        .map(|folder| libraries::resolve(root, &root.join(folder).join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| GuestError::Malformed {
            path: root.to_owned(),
            problem: format!("no package of {PACKAGES:?} has a program {name}"),
        })
}

/// Runs a program of the unpacked packages with their own libraries, as the host may have others or none.
///
/// # Errors
/// When no package has it.
pub(crate) fn program(root: &Path, name: &str) -> Result<Command, GuestError> {
    let mut command = Command::new(root.join("lib64/ld-linux-x86-64.so.2"));
    let folders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]
        .map(|folder| root.join(folder).display().to_string())
        .join(":");
    // Some go by the name that they are called with.
    command.args(["--argv0", name, "--library-path", &folders]).arg(find(root, name)?);
    Ok(command)
}

/// What a program says, however it ends.
pub(crate) fn output(command: &mut Command, package: &'static str) -> Result<Output, GuestError> {
    command.output().map_err(|source| GuestError::Program {
        program: command.get_program().to_string_lossy().into_owned(),
        package,
        source,
    })
}

/// The output of a program that must succeed.
pub(crate) fn checked(
    what: &str,
    command: &mut Command,
    package: &'static str,
) -> Result<Output, GuestError> {
    let output = output(command, package)?;
    if output.status.success() { Ok(output) } else { Err(GuestError::chore(what, &output)) }
}
