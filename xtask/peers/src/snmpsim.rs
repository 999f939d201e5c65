//! The `snmpsim-command-responder` of PyPI's snmpsim: the simulator of SNMP agents that the field uses.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running snmpsim; it ends with this value.
#[derive(Debug)]
pub struct Snmpsim {
    /// Where it listens on loopback.
    pub address: SocketAddr,
    /// From its start until it answered.
    pub started_in: Duration,
    child: Child,
    _folder: TempDir,
}

/// How long a start may take: ten thousand devices cost it over a minute.
const PATIENCE: Duration = Duration::from_secs(600);

impl Snmpsim {
    /// Starts `program` on devices of one table each: community and text in the format snmprec. It waits until `ping`, a
    /// request as a datagram, is answered.
    ///
    /// # Panics
    /// When it does not start or stays silent.
    #[must_use]
    pub fn start<'a>(
        program: &Path,
        devices: impl IntoIterator<Item = (String, &'a str)>,
        ping: &[u8],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (data, cache) = (folder.path().join("data"), folder.path().join("cache"));
        for path in [&data, &cache] {
            fs::create_dir(path).expect("a folder in it");
        }
        // It gives up root's rights before it reads and writes there.
        for (path, mode) in [(folder.path(), 0o755), (&data, 0o755), (&cache, 0o777)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its rights are set");
        }
        for (community, table) in devices {
            fs::write(data.join(format!("{community}.snmprec")), table).expect("a table is written");
        }
        // It can't ask the kernel for a port itself: this one was free a moment ago.
        let address = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.local_addr())
            .expect("loopback has a free port");
        let begun = Instant::now();
        let child = Command::new(program)
            .arg(format!("--data-dir={}", data.display()))
            .arg(format!("--cache-dir={}", cache.display()))
            .arg(format!("--agent-udpv4-endpoint={address}"))
            .args(["--process-user=nobody", "--process-group=nogroup", "--log-level=error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                let program = program.display();
                panic!("can't run {program}: {error}; `pip install snmpsim pysmi` in a virtual environment has it")
            });
        let mut snmpsim = Self { address, started_in: Duration::ZERO, child, _folder: folder };
        snmpsim.wait_until_it_answers(begun, ping);
        snmpsim
    }

    /// Its process, for memory figures.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_answers(&mut self, begun: Instant, ping: &[u8]) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback socket");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        while begun.elapsed() < PATIENCE {
            assert_eq!(self.child.try_wait().expect("its status"), None, "snmpsim ended at once");
            if socket.send_to(ping, self.address).is_ok() && socket.recv(&mut [0; 2048]).is_ok() {
                self.started_in = begun.elapsed();
                return;
            }
        }
        panic!("snmpsim does not answer at {}", self.address);
    }
}

impl Drop for Snmpsim {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
