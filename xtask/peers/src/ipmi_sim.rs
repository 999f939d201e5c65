//! OpenIPMI's `ipmi_sim`: a BMC that we did not write.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How `ipmi_sim` keeps the power state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Power {
    /// It claims one state and refuses to change it.
    #[default]
    Fixed,
    /// In a file, by a script that it runs for each question and each change.
    Script,
}

/// What is set beyond the users, which are always the same.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// How the power state is kept.
    pub power: Power,
    /// One more line of the LAN section, such as a key.
    pub lan: &'a str,
    /// The password of the administrator `admin`, and of `guest`.
    pub password: &'a str,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { power: Power::default(), lan: "", password: IpmiSim::LOGIN.1 }
    }
}

/// A running `ipmi_sim`; it ends with this value.
#[derive(Debug)]
pub struct IpmiSim {
    /// Where it listens on loopback.
    pub address: SocketAddr,
    child: Child,
    folder: TempDir,
}

const COMMANDS: &str = "mc_setbmc 0x20\n\
    mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n\
    sel_enable 0x20 1000 0x0a\nmc_enable 0x20\n";

const CHASSIS: &str = r#"case "$2 $3" in
"get power") read -r power < "$1"; echo "power:$power" ;;
"set power") echo "$4" >> "$1.log"; echo "$4" > "$1" ;;
*) exit 1 ;;
esac
"#;

impl IpmiSim {
    /// Name and usual password of its administrator. Its other users are `oper` (operator), `guest` (user), `gone`
    /// (disabled), and one without a name.
    pub const LOGIN: (&'static str, &'static str) = ("admin", "secret");

    /// Starts it with the power on, and waits until it answers.
    ///
    /// # Panics
    /// When it is not installed or stays silent.
    #[must_use]
    pub fn start(setup: Setup<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // It can't ask the kernel for a port itself: this one was free a moment ago.
        let address = UdpSocket::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("loopback has a free port");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("lan.conf"), configuration(address, setup, &path("chassis.sh"), &path("power")))
            .expect("lan.conf is written");
        fs::write(path("cmds.emu"), COMMANDS).expect("cmds.emu is written");
        fs::write(path("power"), "1\n").expect("the power state is written");
        fs::write(path("chassis.sh"), CHASSIS).expect("chassis.sh is written");
        let child = Command::new("ipmi_sim")
            .args(["-c".as_ref(), path("lan.conf").as_os_str()])
            .args(["-f".as_ref(), path("cmds.emu").as_os_str()])
            .args(["-s".as_ref(), folder.path().as_os_str(), "-n".as_ref()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("can't run ipmi_sim: {error}; Debian's package openipmi has it"));
        let mut sim = Self { address, child, folder };
        sim.wait_until_it_answers();
        sim
    }

    /// A file in its folder, which goes with it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the plug really is.
    ///
    /// # Panics
    /// When the power is not kept by the script.
    #[must_use]
    pub fn is_on(&self) -> bool {
        fs::read_to_string(self.path("power")).expect("the power file is there").trim() == "1"
    }

    /// Each order to the plug since the last call: `1` on, `0` off.
    #[must_use]
    pub fn orders(&self) -> Vec<String> {
        let log = self.path("power").with_extension("log");
        let orders = fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect();
        // Without an order there is no file.
        let _ = fs::remove_file(log);
        orders
    }

    /// Whoever listens answers a presence ping: no need to guess how long a start takes.
    fn wait_until_it_answers(&mut self) {
        const PING: [u8; 12] = [0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x00, 0x00, 0x00];
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback socket");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            assert_eq!(self.child.try_wait().expect("its status"), None, "ipmi_sim ended at once");
            if socket.send_to(&PING, self.address).is_ok() && socket.recv(&mut [0; 64]).is_ok() {
                return;
            }
        }
        panic!("ipmi_sim does not answer at {}", self.address);
    }
}

impl Drop for IpmiSim {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(address: SocketAddr, setup: Setup<'_>, script: &Path, state: &Path) -> String {
    let mut text = String::from("name \"bmc1\"\nset_working_mc 0x20\n  startlan 1\n");
    text += &format!("    addr {} {}\n    priv_limit admin\n", address.ip(), address.port());
    for level in ["callback", "user", "operator", "admin"] {
        text += &format!("    allowed_auths_{level} none md2 md5 straight\n");
    }
    text += &format!("    guid a123456789abcdefa123456789abcdef\n    {}\n  endlan\n", setup.lan);
    if setup.power == Power::Script {
        text += &format!("  chassis_control \"sh {} {}\"\n", script.display(), state.display());
    }
    let users = [
        ("", "test", "user", true),
        ("admin", setup.password, "admin", true),
        ("oper", "operpw", "operator", true),
        ("guest", setup.password, "user", true),
        ("gone", "gonepw", "admin", false),
    ];
    for (number, (name, password, privilege, enabled)) in (1..).zip(users) {
        text += &format!(
            "  user {number} {enabled} \"{name}\" \"{password}\" {privilege} 10 none md2 md5 straight\n"
        );
    }
    text
}
