//! `ser2net`: a port server that we did not write.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Debian has it, which not every PATH does.
const PROGRAM: &str = "/usr/sbin/ser2net";

/// A running `ser2net` on loopback with one port; it ends with this value.
#[derive(Debug)]
pub struct Ser2net {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Ser2net {
    /// Starts it before the port at `path`, at 9600 bits a second until a client says otherwise, with telnet and, if
    /// `rfc2217`, with its option; waits until it listens.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    #[must_use]
    pub fn start(path: &Path, rfc2217: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // It can't ask the kernel for a port itself: this one was free a moment ago.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("loopback has a free port");
        let telnet = if rfc2217 { "telnet(rfc2217)" } else { "telnet" };
        let configuration = format!(
            "%YAML 1.1\n---\nconnection: &port\n  accepter: {telnet},tcp,{},{}\n  connector: serialdev,{},9600n81,local\n",
            address.ip(),
            address.port(),
            path.display(),
        );
        let file = folder.path().join("ser2net.yaml");
        fs::write(&file, configuration).expect("its configuration is written");
        let child = Command::new(PROGRAM)
            // In the foreground, and without lock files in the system's folder.
            .args(["-n", "-u", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("can't run {PROGRAM}: {error}; Debian's package ser2net has it"));
        let mut server = Self { address, child, _folder: folder };
        server.wait_until_it_listens();
        server
    }

    /// The system's own list tells: whoever connects would have the port already.
    fn wait_until_it_listens(&mut self) {
        let listening = format!(":{:04X} 00000000:0000 0A", self.address.port());
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            let ended = self.child.try_wait().expect("its status");
            assert_eq!(ended, None, "ser2net ended at once");
            if fs::read_to_string("/proc/net/tcp").is_ok_and(|sockets| sockets.contains(&listening)) {
                return;
            }
            std::thread::yield_now();
        }
        panic!("ser2net does not listen on {}", self.address);
    }
}

impl Drop for Ser2net {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
