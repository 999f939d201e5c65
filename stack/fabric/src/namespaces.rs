//! Namespaces on this machine, a set for each node: each has an address, a link of its own that can be cut, and a private place for
//! the files of programs that have only one place for them on a machine.
//!
//! The nodes' links meet at a bridge in one more network namespace. Nothing of it has a name on the machine: a process holds each
//! set (`unshare` of util-linux), which ends when its standard input does. So all of it is gone when the bench is, however that ends,
//! and with it every process within, for each set is a process namespace, too. A user namespace takes the place of root's rights.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::transport::{Error, NodeId};

/// Where a process can see that it is in such namespaces: no other place has this file.
#[cfg(feature = "corosync")]
pub(crate) const MARK: &str = "/run/fencelab-node";
/// As many as have an address.
const MOST: usize = 250;

/// Says which process this is, by the numbers of those outside: `/proc` is still theirs.
const TELL: &str = "read -r pid rest < /proc/self/stat; echo \"$pid\"";

/// The bridge.
const HUB: &str = "ip link set lo up; ip link add br0 type bridge; ip link set br0 up";

/// A node's files, and the mark. What is not there on the machine is not needed.
const NODE: &str = "mount -t proc proc /proc; for folder in /run /dev/shm /var/lib/corosync /etc/corosync; do \
    if [ -d $folder ]; then mount -t tmpfs tmpfs $folder; fi; done; \
    : > /run/fencelab-node; mount -t sysfs sysfs /sys; ip link set lo up";

/// A node's link, once it is told that it is there and its address. Multicast has no route but this.
const LINK: &str = "read -r address; ip addr add \"$address\" dev eth0; ip link set eth0 up; \
    ip route add 224.0.0.0/4 dev eth0; echo up";

/// The namespaces of all nodes. They end with this.
pub struct Namespaces {
    // In this order they end.
    nodes: Vec<Holder>,
    hub: Holder,
    is_root: bool,
}

impl Namespaces {
    /// Makes a set for each node, and links them.
    ///
    /// # Errors
    /// There are too many nodes, a program is missing, or the system refuses.
    pub fn raise(count: usize) -> Result<Self, Error> {
        if count > MOST {
            return Err(Error::Unfit(format!("{count} nodes: {MOST} at most have namespaces of their own")));
        }
        let is_root = rustix::process::geteuid().is_root();
        let mut unshare = Command::new("unshare");
        if !is_root {
            unshare.arg("--map-root-user");
        }
        unshare.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-ec"]);
        unshare.arg(format!("{HUB}; {TELL}; exec cat"));
        let hub = Holder::start(&mut unshare, "the bridge between the nodes")?;
        let mut all = Self { nodes: Vec::new(), hub, is_root };
        (0..count).try_for_each(|node| all.add(node))?;
        Ok(all)
    }

    /// The node's address, within.
    #[must_use]
    pub fn address(node: NodeId) -> IpAddr {
        let last = u8::try_from(node + 1).unwrap_or(u8::MAX);
        Ipv4Addr::new(10, 77, 0, last).into()
    }

    /// What is to be put before a command so that it runs in a node's namespaces. Programs are to be named by their whole path.
    #[must_use]
    pub fn enter(&self, node: NodeId) -> Vec<OsString> {
        let Some(holder) = self.nodes.get(node) else { return Vec::new() };
        let mut words = self.nsenter(holder);
        words.extend(["--mount", "--uts", "--ipc", "--net", "--pid", "--"].map(OsString::from));
        words
    }

    /// Adds a node: its namespaces are children of the hub's, so that they have its rights and end with it.
    fn add(&mut self, node: NodeId) -> Result<(), Error> {
        let mut words = self.nsenter(&self.hub);
        words.extend(["--net", "--pid", "--", "unshare"].map(OsString::from));
        words.extend(
            ["--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"].map(OsString::from),
        );
        let script = format!("{TELL}; {NODE}; {LINK}; exec cat");
        words.extend(["--", "sh", "-ec"].map(OsString::from));
        words.push(script.into());
        let what = format!("the namespaces of node {node}");
        let mut holder = Holder::start(&mut command(&words), &what)?;
        let mut veth = self.nsenter(&self.hub);
        let ends = format!("--net -- ip link add node{node} type veth peer name eth0 netns {}", holder.pid);
        veth.extend(ends.split(' ').map(OsString::from));
        run(&veth, &what)?;
        let mut port = self.nsenter(&self.hub);
        let joined = format!("--net -- ip link set node{node} master br0 up");
        port.extend(joined.split(' ').map(OsString::from));
        run(&port, &what)?;
        holder.say(&format!("{}/24", Self::address(node)), &what)?;
        self.nodes.push(holder);
        Ok(())
    }

    fn nsenter(&self, holder: &Holder) -> Vec<OsString> {
        let mut words = vec!["nsenter".into(), format!("--target={}", holder.pid).into()];
        if !self.is_root {
            words.extend(["--user".into(), "--preserve-credentials".into()]);
        }
        words
    }
}

/// The process that holds a set of namespaces.
struct Holder {
    child: Child,
    /// Closed, it ends.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Its first process, as this one counts them.
    pid: u32,
}

impl Holder {
    fn start(command: &mut Command, what: &str) -> Result<Self, Error> {
        let program = command.get_program().to_string_lossy().into_owned();
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(Error::system(format!("{what}: `{program}` of util-linux")))?;
        let input = child.stdin.take();
        let output =
            child.stdout.take().ok_or_else(|| Error::Unfit(format!("{what}: no standard output")))?;
        let mut holder = Self { child, input, output: BufReader::new(output), pid: 0 };
        let line = holder.hear(what)?;
        holder.pid = line.parse().map_err(|_| Error::Unfit(format!("{what}: `{line}` is no process")))?;
        Ok(holder)
    }

    /// Tells it a line, and waits for one.
    fn say(&mut self, line: &str, what: &str) -> Result<(), Error> {
        if let Some(input) = &mut self.input {
            // Where it has ended, what it says says why.
            let _ = writeln!(input, "{line}");
        }
        self.hear(what).map(drop)
    }

    /// Its next line. Where there is none, what it complained of is the error.
    fn hear(&mut self, what: &str) -> Result<String, Error> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(Error::system(what))?;
        if line.ends_with('\n') {
            return Ok(line.trim_end().to_owned());
        }
        let mut why = String::new();
        if let Some(mut complaints) = self.child.stderr.take() {
            // It has ended; what cannot be read is not to be had.
            let _ = complaints.read_to_string(&mut why);
        }
        Err(Error::Unfit(format!(
            "{what}: {}; run as root, or where users may have namespaces (unshare(1), ip(8))",
            why.trim().replace('\n', "; ")
        )))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Cuts the link of the namespaces that this process is in, or heals it.
///
/// # Errors
/// The system refuses.
#[cfg(feature = "corosync")]
pub(crate) fn cut(is_cut: bool) -> Result<(), Error> {
    let ip =
        |words: &str| run(&words.split(' ').map(OsString::from).collect::<Vec<_>>(), "the link of the node");
    if is_cut {
        return ip("ip link set eth0 down");
    }
    ip("ip link set eth0 up")?;
    // The kernel forgot it with the link.
    ip("ip route replace 224.0.0.0/4 dev eth0")
}

/// A command of these words.
pub(crate) fn command(words: &[OsString]) -> Command {
    let mut words = words.iter();
    let mut command = Command::new(words.next().cloned().unwrap_or_default());
    command.args(words);
    command
}

fn run(words: &[OsString], what: &str) -> Result<(), Error> {
    let output = command(words).stdin(Stdio::null()).output().map_err(Error::system(what))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(Error::Unfit(format!("{what}: {}", why.trim().replace('\n', "; "))))
}

#[cfg(test)]
mod tests {
    use super::Namespaces;

    #[test]
    fn nodes_have_addresses_of_their_own() {
        let all: std::collections::BTreeSet<_> = (0..250).map(Namespaces::address).collect();
        assert_eq!(all.len(), 250);
        assert!(Namespaces::raise(251).is_err());
    }
}
