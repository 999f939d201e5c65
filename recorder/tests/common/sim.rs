//! OpenIPMI's ipmi_sim as a real BMC, with a script as its chassis.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "s3cr3t-Zebra";

/// A running ipmi_sim; killed when dropped.
pub(crate) struct Sim {
    pub(crate) address: SocketAddr,
    pub(crate) directory: tempfile::TempDir,
    child: Child,
}

const CHASSIS: &str = r#"#!/bin/sh
# chassis.sh FILE get power | chassis.sh FILE set power 0|1
file=$1
shift
case "$1 $2" in
    "get power") echo "power:$(cat "$file")" ;;
    "set power") echo "$3" > "$file" ;;
esac
"#;

impl Sim {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        // The simulator wants a number: the kernel chooses one on an address of our own.
        let address = UdpSocket::bind("127.0.62.3:0").unwrap().local_addr().unwrap();
        write("power", "1\n");
        write("password", PASSWORD);
        executable(&path("chassis.sh"), CHASSIS);
        executable(&path("password.sh"), &format!("#!/bin/sh\ncat {}\n", path("password").display()));
        write(
            "cmds.emu",
            "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nsel_enable 0x20 1000 0x0a\nmc_enable 0x20\n",
        );
        let (ip, port) = (address.ip(), address.port());
        let (script, power) = (path("chassis.sh"), path("power"));
        let lan = format!(
            "name \"bmc1\"\nset_working_mc 0x20\n  startlan 1\n    addr {ip} {port}\n    priv_limit admin\n    \
             allowed_auths_admin none md2 md5 straight\n    guid a123456789abcdefa123456789abcdef\n  endlan\n  \
             chassis_control \"{} {}\"\n  user 2 true \"{USER}\" \"{PASSWORD}\" admin 10 none md2 md5 straight\n",
            script.display(),
            power.display(),
        );
        write("lan.conf", &lan);
        std::fs::create_dir(path("state")).unwrap();
        let log = std::fs::File::create(path("log")).unwrap();
        let child = Command::new("ipmi_sim")
            .args(["-c", "lan.conf", "-f", "cmds.emu", "-s", "state", "-n"])
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("ipmi_sim cannot be run ({error}); install it (Debian: openipmi)")
            });
        let mut sim = Self { address, directory, child };
        sim.wait();
        sim
    }

    /// Asks until it answers: a presence ping every 50 ms.
    fn wait(&mut self) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        socket.connect(self.address).unwrap();
        let started = Instant::now();
        loop {
            let log = || std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "ipmi_sim ended: {}", log());
            assert!(started.elapsed() < Duration::from_secs(20), "ipmi_sim does not answer: {}", log());
            // Refused as long as nobody listens.
            let _ = socket.send(&[6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0]);
            match socket.recv(&mut [0; 100]) {
                Ok(_) => return,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::thread::yield_now(),
                Err(_) => {}
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What the chassis really is.
    pub(crate) fn is_on(&self) -> bool {
        std::fs::read_to_string(self.path("power")).unwrap().trim() == "1"
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Written, closed and renamed, so that no other thread's fork holds it open for writing when it is run.
fn executable(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let part = path.with_extension("part");
    let mut file =
        std::fs::File::options().write(true).create(true).truncate(true).mode(0o755).open(&part).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    drop(file);
    std::fs::rename(part, path).unwrap();
}
