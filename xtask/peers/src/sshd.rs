//! OpenSSH's `sshd`: an SSH server that we did not write, with a real shell behind it.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::run;

/// Where Debian has it; it wants to be called by its whole path.
const PROGRAM: &str = "/usr/sbin/sshd";

/// A running `sshd` on loopback, which lets the user in who runs the tests, by a key of its own; it ends with this value.
#[derive(Debug)]
pub struct Sshd {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Sshd {
    /// Starts it, and waits until it greets. `lines` are further ones of sshd_config(5).
    ///
    /// # Panics
    /// When it is not installed or does not start.
    #[must_use]
    pub fn start(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        keygen(&path("host"), "rsa", "");
        keygen(&path("key"), "ed25519", "");
        // It can't ask the kernel for a port itself: this one was free a moment ago.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("loopback has a free port");
        let configuration = format!(
            "ListenAddress {address}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintMotd no\nPrintLastLog no\n{lines}\n",
            path("host").display(),
            path("key.pub").display(),
        );
        fs::write(path("sshd_config"), configuration).expect("sshd_config is written");
        // Root's sshd wants this folder, which only an installed service has made already.
        let _ = fs::create_dir("/run/sshd");
        let log = fs::File::create(path("log")).expect("its log is made");
        let child = Command::new(PROGRAM)
            .args(["-D", "-e", "-f"])
            .arg(path("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("can't run {PROGRAM}: {error}; Debian's package openssh-server has it")
            });
        let mut sshd = Self { address, child, folder };
        sshd.wait_until_it_greets();
        sshd
    }

    /// A file in its folder, which goes with it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The private key that is let in.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.path("key")
    }

    /// The same key with a passphrase.
    ///
    /// # Panics
    /// When `ssh-keygen` does not change it.
    #[must_use]
    pub fn encrypted_identity(&self, passphrase: &str) -> PathBuf {
        let copy = self.path("encrypted");
        fs::copy(self.identity(), &copy).expect("the key is copied");
        let ran =
            run(Command::new("ssh-keygen").args(["-q", "-p", "-P", "", "-N", passphrase, "-f"]).arg(&copy));
        assert_eq!(ran.code, Some(0), "{}", ran.text());
        copy
    }

    /// The user who is let in: the one who runs the tests.
    ///
    /// # Panics
    /// When the system does not tell.
    #[must_use]
    pub fn user() -> String {
        let ran = run(Command::new("id").arg("-un"));
        assert_eq!(ran.code, Some(0), "{}", ran.text());
        ran.stdout.trim().to_owned()
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn wait_until_it_greets(&mut self) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            let ended = self.child.try_wait().expect("its status");
            assert_eq!(ended, None, "sshd ended at once: {}", self.log());
            let mut greeting = [0; 4];
            let greets = TcpStream::connect(self.address).and_then(|mut link| link.read_exact(&mut greeting));
            if greets.is_ok() && &greeting == b"SSH-" {
                return;
            }
            std::thread::yield_now();
        }
        panic!("sshd does not greet at {}: {}", self.address, self.log());
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let ran = run(Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", passphrase, "-f"]).arg(path));
    assert_eq!(ran.code, Some(0), "{}", ran.text());
}
