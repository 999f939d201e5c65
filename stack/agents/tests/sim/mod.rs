//! OpenIPMI's `ipmi_sim` as a real BMC on loopback, with its power in a file.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::UdpSocket,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

pub(crate) const ADDRESS: &str = "127.0.0.1";
pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "geheim-und-lang";

/// A running simulator; it ends with this value.
pub(crate) struct Sim {
    child: Child,
    folder: TempDir,
    pub(crate) port: u16,
}

impl Sim {
    /// Starts it with the power on, and waits until it answers.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let port =
            UdpSocket::bind((ADDRESS, 0)).and_then(|socket| socket.local_addr()).expect("a free port").port();
        let path = |name: &str| folder.path().join(name);
        let script = path("chassis.sh");
        fs::write(
            &script,
            "#!/bin/sh\ncase \"$2 $3\" in\n\"get power\") echo \"power:$(cat \"$1\")\";;\n\"set power\") echo \"$4\" >> \"$1.log\"; echo \"$4\" > \"$1\";;\nesac\n",
        )
        .expect("written");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("executable");
        fs::write(path("power"), "1\n").expect("written");
        let lan = format!(
            "name \"bmc\"\nset_working_mc 0x20\n  startlan 1\n    addr {ADDRESS} {port}\n    priv_limit admin\n    \
             allowed_auths_admin none md5 straight\n    guid a123456789abcdefa123456789abcdef\n  endlan\n  \
             chassis_control \"{} {}\"\n  user 1 true \"\" \"\" user 10 none md5 straight\n  \
             user 2 true \"{USER}\" \"{PASSWORD}\" admin 10 none md5 straight\n",
            script.display(),
            path("power").display(),
        );
        fs::write(path("lan.conf"), lan).expect("written");
        fs::write(path("cmds.emu"), "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n")
            .expect("written");
        fs::create_dir(path("state")).expect("a folder");
        let child = Command::new("ipmi_sim")
            .arg("-c")
            .arg(path("lan.conf"))
            .arg("-f")
            .arg(path("cmds.emu"))
            .arg("-s")
            .arg(path("state"))
            .arg("-n")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`apt-get install openipmi` provides ipmi_sim");
        let mut sim = Self { child, folder, port };
        sim.wait_until_it_answers();
        sim
    }

    /// A presence ping is answered by whoever listens: no need to guess how long a start takes.
    fn wait_until_it_answers(&mut self) {
        let socket = UdpSocket::bind((ADDRESS, 0)).expect("a socket");
        socket.connect((ADDRESS, self.port)).expect("connected");
        socket.set_read_timeout(Some(std::time::Duration::from_millis(20))).expect("a timeout");
        let ping = [0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x00, 0x00, 0x00];
        let started = std::time::Instant::now();
        loop {
            assert!(started.elapsed().as_secs() < 20, "ipmi_sim does not answer");
            assert_eq!(self.child.try_wait().expect("a child"), None, "ipmi_sim ended");
            let sent = socket.send(&ping);
            let mut answer = [0; 64];
            match sent.and_then(|_| socket.recv(&mut answer)) {
                Ok(_) => return,
                // Nothing listens yet: the next ping goes out when the last one is known to be lost.
                Err(_) => std::thread::yield_now(),
            }
        }
    }

    fn power_file(&self) -> PathBuf {
        self.folder.path().join("power")
    }

    /// The truth.
    pub(crate) fn is_on(&self) -> bool {
        fs::read_to_string(self.power_file()).expect("the power file").trim() == "1"
    }

    /// Each order since the last call: `0` off, `1` on.
    pub(crate) fn orders(&self) -> Vec<String> {
        let log = self.power_file().with_extension("log");
        let lines = fs::File::open(&log)
            .map(|file| BufReader::new(file).lines().map_while(Result::ok).collect())
            .unwrap_or_default();
        let _ = fs::remove_file(log);
        lines
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
