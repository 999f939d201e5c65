//! Two guests with soft-RoCE.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use fencelab_guest::{Kernel, Lab, Options, Process};

use super::{Machines, Serving};

/// With it, RoCE carries 4096 bytes in a packet.
const MTU: u16 = 4200;
/// Longer than any measurement.
const PATIENCE: Duration = Duration::from_secs(120);
/// perftest's port, which nobody else has in a guest.
const PORT: u16 = 18515;

/// Two guests.
pub struct Guests(Lab);

impl Guests {
    /// Boots them with this program.
    ///
    /// # Errors
    /// They do not come up.
    pub fn boot(fencelab: &Path, kernel: Kernel) -> Result<Self> {
        let options = Options { kernel, mtu: MTU, patience: PATIENCE, ..Options::default() };
        Ok(Self(Lab::boot(2, options.program(fencelab))?))
    }
}

struct Server {
    _process: Process,
}

impl Serving for Server {}

impl Machines for Guests {
    fn address(&self, machine: usize) -> String {
        self.0.node(machine + 1).address()
    }

    fn port(&self) -> Result<u16> {
        Ok(PORT)
    }

    fn run(&self, machine: usize, argv: &[&str]) -> Result<String> {
        let ran = self.0.node(machine + 1).run(argv.iter().copied())?;
        ensure!(ran.is_success(), "{} in guest {}: {}", argv.join(" "), machine + 1, ran.text());
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    fn serve(&self, machine: usize, argv: &[&str], port: Option<u16>) -> Result<Box<dyn Serving + '_>> {
        let node = self.0.node(machine + 1);
        let process = node.spawn(argv.iter().copied())?;
        if let Some(port) = port {
            node.wait_until_listening(port)?;
        }
        Ok(Box::new(Server { _process: process }))
    }
}
