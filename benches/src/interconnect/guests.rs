//! Two guests with soft-RoCE.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use fencelab_guest::{Kernel, Lab, Options, Process};

use super::{Machines, Serving, Subject};

/// With it, RoCE carries 4096 bytes in a packet.
const MTU: u16 = 4200;
/// A measurement takes one or two.
const FIRST_PORT: u16 = 20_000;
/// Longer than any measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long the kernel waits for the rest of a datagram, in seconds, and whether it waits for any (ip-sysctl, proc_pid_net(5)). Once a
/// flood has filled its room with beginnings, it takes no others.
const FORGETS_FRAGMENTS: &str = "echo 1 > /proc/sys/net/ipv4/ipfrag_time";
const HAS_FORGOTTEN: &str = "until grep -q 'FRAG: inuse 0 ' /proc/net/sockstat; do sleep 0.1; done";

/// Two guests.
pub struct Guests {
    lab: Lab,
    kernel: Kernel,
    /// Nobody else listens in them.
    next_port: Cell<u16>,
}

impl Guests {
    /// Boots them with this program.
    ///
    /// # Errors
    /// They do not come up.
    pub fn boot(fencelab: &Path, kernel: Kernel) -> Result<Self> {
        let options = Options { kernel, mtu: MTU, patience: PATIENCE, pinned: true, ..Options::default() };
        let lab = Lab::boot(2, options.program(fencelab))?;
        let guests = Self { lab, kernel, next_port: Cell::new(FIRST_PORT) };
        guests.each_runs(FORGETS_FRAGMENTS)?;
        Ok(guests)
    }

    fn each_runs(&self, line: &str) -> Result<()> {
        (0..2).try_for_each(|machine| self.run(machine, &["sh", "-c", line]).map(drop))
    }
}

struct Server {
    _process: Process,
}

impl Serving for Server {}

impl Machines for Guests {
    fn address(&self, machine: usize) -> String {
        self.lab.node(machine + 1).address()
    }

    fn port(&self) -> Result<u16> {
        let port = self.next_port.get();
        self.next_port.set(port + 1);
        Ok(port)
    }

    fn round_trips(&self, subject: Subject) -> u32 {
        match self.kernel {
            Kernel::Debian => 500,
            // Who polls with long messages keeps its guest from them: a second is enough for some hundreds.
            Kernel::UserMode if subject.bytes > 4096 && subject.waiting == "polled" => 1000,
            Kernel::UserMode => 4000,
        }
    }

    fn settle(&self) -> Result<()> {
        self.each_runs(HAS_FORGOTTEN)
    }

    fn run(&self, machine: usize, argv: &[&str]) -> Result<String> {
        let ran = self.lab.node(machine + 1).run(argv.iter().copied())?;
        ensure!(ran.is_success(), "{} in guest {}: {}", argv.join(" "), machine + 1, ran.text());
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    fn serve(&self, machine: usize, argv: &[&str], port: Option<u16>) -> Result<Box<dyn Serving + '_>> {
        let node = self.lab.node(machine + 1);
        let process = node.spawn(argv.iter().copied())?;
        if let Some(port) = port {
            node.wait_until_listening(port)?;
        }
        Ok(Box::new(Server { _process: process }))
    }
}
