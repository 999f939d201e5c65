//! OpenIPMI's ipmi_sim as a peer.

use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use tempfile::TempDir;

/// A running ipmi_sim with the users of [`super::bmc::users`]; it ends when dropped.
pub struct Sim {
    pub address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Sim {
    /// `lan` is added to the LAN section of the configuration.
    pub fn start(lan: &str) -> Self {
        let address = free_address();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let auths: String = ["callback", "user", "operator", "admin"]
            .map(|level| format!("    allowed_auths_{level} none md2 md5 straight\n"))
            .concat();
        let (ip, port) = (address.ip(), address.port());
        let configuration = format!(
            "name \"bmc1\"\nset_working_mc 0x20\n  startlan 1\n    addr {ip} {port}\n    priv_limit admin\n{auths}    \
             guid a123456789abcdefa123456789abcdef\n    {lan}\n  endlan\n  \
             user 1 true \"\" \"test\" user 10 none md2 md5 straight\n  \
             user 2 true \"admin\" \"secret\" admin 10 none md2 md5 straight\n  \
             user 3 true \"oper\" \"operpw\" operator 10 none md2 md5 straight\n  \
             user 4 true \"guest\" \"guestpw\" user 10 none md2 md5 straight\n  \
             user 5 false \"gone\" \"gonepw\" admin 10 none md2 md5 straight\n"
        );
        let commands = "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n\
                        sel_enable 0x20 1000 0x0a\nmc_enable 0x20\n";
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("lan.conf"), configuration).expect("lan.conf");
        std::fs::write(path("cmds.emu"), commands).expect("cmds.emu");
        let child = Command::new("ipmi_sim")
            .arg("-c")
            .arg(path("lan.conf"))
            .arg("-f")
            .arg(path("cmds.emu"))
            .arg("-s")
            .arg(folder.path())
            .arg("-n")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot run ipmi_sim: {error}; install it (apt-get install openipmi)")
            });
        let sim = Self { address, child, _folder: folder };
        sim.wait_until_it_answers();
        sim
    }

    /// Pings until a pong comes: no sleep, a bound of ten seconds.
    fn wait_until_it_answers(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback socket");
        socket.set_read_timeout(Some(std::time::Duration::from_millis(50))).expect("a timeout");
        let ping = fencelab_wire::ipmi::asf::Asf::ping(0).emit();
        for _ in 0..200 {
            let _ = socket.send_to(&ping, self.address);
            if socket.recv_from(&mut [0; 64]).is_ok() {
                return;
            }
        }
        panic!("ipmi_sim does not answer at {}", self.address);
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody has: an IP of this process and call alone, and a free port there, since ipmi_sim cannot
/// ask the kernel for one itself.
fn free_address() -> SocketAddr {
    static CALLS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let ip = [127, CALLS.fetch_add(1, Ordering::SeqCst), high, low.clamp(1, 254)];
    let socket = UdpSocket::bind(SocketAddr::from((ip, 0))).expect("a loopback socket");
    socket.local_addr().expect("its address")
}
