//! net-snmp's `snmpd`: an SNMP agent that we did not write.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A user of SNMPv3 as `createUser` takes it.
#[derive(Clone, Copy, Debug)]
pub struct SnmpUser<'a> {
    /// The name.
    pub name: &'a str,
    /// Protocol (`MD5`, `SHA`, `SHA-256` …) and passphrase, at least 8 characters.
    pub auth: Option<(&'a str, &'a str)>,
    /// Protocol (`DES`, `AES`, `AES-192`, `AES-256`) and passphrase, at least 8 characters.
    pub privacy: Option<(&'a str, &'a str)>,
}

/// What it serves, beside its own tables.
#[derive(Clone, Debug, Default)]
pub struct SnmpdSetup {
    lines: String,
}

impl SnmpdSetup {
    /// One that lets nobody in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Any line of snmpd.conf(5).
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push_str(line);
        self.lines.push('\n');
        self
    }

    /// A community that may read, and write if `writes`.
    #[must_use]
    pub fn community(self, name: &str, writes: bool) -> Self {
        self.line(&format!("{} {name} 127.0.0.0/8", if writes { "rwcommunity" } else { "rocommunity" }))
    }

    /// A user that may read and write at its own level and above.
    #[must_use]
    pub fn user(self, user: SnmpUser<'_>) -> Self {
        let mut create = format!("createUser {}", user.name);
        for (protocol, passphrase) in [user.auth, user.privacy].into_iter().flatten() {
            // Writing to a String cannot fail.
            let _ = write!(create, " {protocol} \"{passphrase}\"");
        }
        let level = match (user.auth, user.privacy) {
            (None, _) => "noauth",
            (Some(_), None) => "auth",
            (Some(_), Some(_)) => "priv",
        };
        self.line(&create).line(&format!("rwuser {} {level}", user.name))
    }

    /// An object that it would not have by itself, and that can be written. `kind` as snmpd.conf's `override` has it:
    /// `integer`, `octet_str`, `object_id` …
    #[must_use]
    pub fn object(self, oid: &str, kind: &str, value: &str) -> Self {
        self.line(&format!("override -rw {oid} {kind} {value}"))
    }
}

/// A running `snmpd` on loopback; it ends with this value.
#[derive(Debug)]
pub struct Snmpd {
    /// Where it listens, on a port of the kernel's choice.
    pub address: SocketAddr,
    child: Child,
    /// Its configuration and its persistent files go with it.
    _folder: TempDir,
}

impl Snmpd {
    /// Starts it, and waits until it listens.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    #[must_use]
    pub fn start(setup: &SnmpdSetup) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let configuration = folder.path().join("snmpd.conf");
        // Without the first line it would try to become the master of other agents, at a socket shared by the whole machine.
        fs::write(&configuration, format!("master no\n{}", setup.lines)).expect("snmpd.conf is written");
        let child = Command::new("/usr/sbin/snmpd")
            .args(["-m", "", "-f", "-Lo", "-C", "-c"])
            .arg(&configuration)
            .arg("udp:127.0.0.1:0")
            .env("MIBS", "")
            .env("SNMP_PERSISTENT_DIR", folder.path().join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("can't run snmpd: {error}; Debian's package snmpd has it"));
        let mut snmpd = Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), child, _folder: folder };
        let started = Instant::now();
        loop {
            assert_eq!(snmpd.child.try_wait().expect("its status"), None, "snmpd ended at once");
            if let Some(port) = loopback_port(snmpd.child.id()) {
                snmpd.address.set_port(port);
                return snmpd;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "snmpd does not listen");
            std::thread::yield_now();
        }
    }

    /// The address as net-snmp's tools take it.
    #[must_use]
    pub fn peer(&self) -> String {
        format!("udp:{}", self.address)
    }

    /// Its process, for memory figures.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The UDP port on 127.0.0.1 that a process listens on: snmpd tells nobody which one the kernel gave it.
fn loopback_port(process: u32) -> Option<u16> {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .ok()?
        .filter_map(|entry| {
            let target = fs::read_link(entry.ok()?.path()).ok()?;
            let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    // proc(5): local address is the second column, as hex ADDRESS:PORT; the inode is the tenth.
    fs::read_to_string("/proc/net/udp").ok()?.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (address, inode) = (columns.get(1)?, columns.get(9)?);
        let (ip, port) = address.split_once(':')?;
        let ours = ip == "0100007F" && sockets.iter().any(|socket| socket == inode);
        u16::from_str_radix(port, 16).ok().filter(|port| ours && *port != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run;

    #[test]
    fn it_serves_what_was_set_up_and_keeps_what_is_written() {
        let command = ".1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.1";
        let user =
            SnmpUser { name: "lab", auth: Some(("SHA", "authphrase")), privacy: Some(("AES", "privphrase")) };
        let setup = SnmpdSetup::new().community("private", true).user(user).object(command, "integer", "1");
        let snmpd = Snmpd::start(&setup);
        let tool = |name: &str, args: &[&str]| {
            run(Command::new(name).env("MIBS", "").args(["-On", "-r0", "-t1"]).args(args))
        };
        let v3 = ["-v3", "-u", "lab", "-l", "authPriv", "-a", "SHA", "-A", "authphrase", "-x", "AES", "-X"];
        let set = tool("snmpset", &[&v3[..], &["privphrase", &snmpd.peer(), command, "i", "2"]].concat());
        assert_eq!(set.code, Some(0), "{}", set.text());
        let got = tool("snmpget", &["-v1", "-c", "private", &snmpd.peer(), command]);
        assert_eq!(got.stdout.trim(), format!("{command} = INTEGER: 2"), "{}", got.text());
        let refused = tool("snmpget", &["-v1", "-c", "public", &snmpd.peer(), command]);
        assert_ne!(refused.code, Some(0), "{}", refused.text());
    }
}
