//! Where the programs to compare are. How they start stands in `fencelab-peers`.

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
    let device = Path::new(env!("CARGO_MANIFEST_DIR")).join("bmc");
    let count_text = count.to_string();
    let args = [
        "emulate".as_ref(),
        device.as_os_str(),
        "--port".as_ref(),
        "0".as_ref(),
        "--count".as_ref(),
        count_text.as_ref(),
    ];
    Ok(Emulator::start(&program("fencelab")?, args, count))
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
