//! FakeNOS of PyPI: the simulator of network devices over SSH that the field uses.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Devices of its kind `cisco_ios` on a range of ports. It lives until its input ends.
const SCRIPT: &str = r#"
import sys
from fakenos import FakeNOS
first, count, user, password = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
host = {"username": user, "password": password, "platform": "cisco_ios", "port": first}
if count > 1:
    host.update(port=[first, first + count - 1], replicas=count)
network = FakeNOS({"hosts": {"bench": host}})
network.start()
print("ready", flush=True)
sys.stdin.read()
"#;

/// A running FakeNOS; it ends with this value.
#[derive(Debug)]
pub struct FakeNos {
    /// Where its devices listen on loopback, one after another.
    pub first: SocketAddr,
    /// From its start until all of them listened.
    pub started_in: Duration,
    child: Child,
}

impl FakeNos {
    /// Starts `count` devices with one user. `python` is the interpreter of the virtual environment that has it.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(python: &Path, count: u16, user: &str, password: &str) -> Self {
        let first = SocketAddr::from((Ipv4Addr::LOCALHOST, free_range(count)));
        let begun = Instant::now();
        // The password opens nothing but this emulation.
        let mut child = Command::new(python)
            .args(["-c", SCRIPT, &first.port().to_string(), &count.to_string(), user, password])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("can't run {}: {error}", python.display()));
        let output = child.stdout.take().expect("its output was asked for");
        let ready = BufReader::new(output).lines().any(|line| line.is_ok_and(|line| line == "ready"));
        let started_in = begun.elapsed();
        let fakenos = Self { first, started_in, child };
        assert!(ready, "FakeNOS does not start; `pip install fakenos` in a virtual environment has it");
        fakenos
    }

    /// Its process, for memory figures.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for FakeNos {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first of so many ports on end that were free a moment ago: it can't ask the kernel for them itself. They lie below the
/// range from which the kernel gives ports to others.
fn free_range(count: u16) -> u16 {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (10_000..30_000_u16)
        .step_by(usize::from(count.max(1)))
        .find(|first| (*first..first.saturating_add(count)).all(is_free))
        .expect("loopback has free ports")
}
