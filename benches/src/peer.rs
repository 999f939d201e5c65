//! Where the programs to compare are. How they start stands in `fencelab-peers`.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fencelab_peers::Emulator;
use fencelab_wire::ipmi::asf::Asf;

/// Starts `fencelab emulate` with `count` BMCs without delays, each on a port of its own.
///
/// # Errors
/// The program is not built.
pub fn emulate(count: usize) -> Result<Emulator> {
    emulate_folders(&["bmc"], count)
}

/// Starts `fencelab emulate` with a device of the corpus, and waits for so many of its faces.
///
/// # Errors
/// The program is not built.
pub fn emulate_corpus(id: &str, faces: usize) -> Result<Emulator> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus").join(id);
    let args =
        [OsString::from("emulate"), corpus.into_os_string(), OsString::from("--port"), OsString::from("0")];
    Ok(Emulator::start(&program("fencelab")?, args, faces))
}

/// Starts `fencelab emulate` with `count` consoles without delays, each with a port for telnet and one for SSH.
///
/// # Errors
/// The program is not built.
pub fn emulate_consoles(count: usize) -> Result<Emulator> {
    emulate_faces(&["console"], count, 2)
}

/// Starts `fencelab emulate` with `count` of each of these folders of this crate, each device on a port of its own.
///
/// # Errors
/// The program is not built.
pub fn emulate_folders(folders: &[&str], count: usize) -> Result<Emulator> {
    emulate_faces(folders, count, 1)
}

fn emulate_faces(folders: &[&str], count: usize, faces: usize) -> Result<Emulator> {
    let devices =
        folders.iter().map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).into_os_string());
    let options = ["--port", "0", "--count", &count.to_string()].map(OsString::from);
    let args = std::iter::once(OsString::from("emulate")).chain(devices).chain(options);
    Ok(Emulator::start(&program("fencelab")?, args, count * folders.len() * faces))
}

/// Where the face of this name listens, of each device that has one.
pub fn faces(emulator: &Emulator, name: &str) -> Vec<SocketAddr> {
    emulator.faces.iter().filter(|face| face.line["face"] == name).map(|face| face.address).collect()
}

/// The memory of a process that is in use, in bytes.
///
/// # Errors
/// The process is gone.
pub fn resident(process: u32) -> Result<u64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| format!("failed to read {file}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")?;
    Ok(kilobytes * 1024)
}

/// A program of the workspace: beside the one that runs, as `cargo build --release` puts it.
///
/// # Errors
/// It is not there.
pub fn program(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe().context("failed to find this program itself")?;
    let path = here.with_file_name(name);
    if !path.exists() {
        bail!(
            "{} is missing: build it first, with `cargo build --release --workspace --bins`",
            path.display()
        );
    }
    Ok(path)
}

/// Waits until the BMC answers a presence ping; at most ten seconds.
///
/// # Errors
/// It does not.
pub fn answers(bmc: SocketAddr) -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to open a socket")?;
    socket.connect(bmc).context("failed to aim at the BMC")?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).context("failed to set a timeout")?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if socket.send(&Asf::ping(1).emit()).is_ok() && socket.recv(&mut [0; 64]).is_ok() {
            return Ok(());
        }
    }
    bail!("{bmc} does not answer a ping");
}
