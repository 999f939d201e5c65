//! The real world: sockets and serial lines, the system's clock and random source, `/bin/sh`.

mod datagrams;
mod serial;
#[cfg(feature = "ssh")]
mod ssh;
mod tcp;

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, ToSocketAddrs},
    os::fd::AsFd,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{
    Datagrams, Family, Level, LinkError, Stream, Target, Way, World, port_server, telnet::TelnetStream,
};
use datagrams::LiveDatagrams;
use tcp::TcpLink;

pub use serial::SerialPort;

#[cfg(feature = "ssh")]
pub use russh::keys::PrivateKey;
#[cfg(feature = "ssh")]
pub use ssh::private_key;

/// Where log lines go.
type Sink = Box<dyn FnMut(Level, &str)>;

/// The real world.
pub struct LiveWorld {
    origin: Instant,
    random: Option<File>,
    sink: Sink,
}

impl LiveWorld {
    /// A world whose clock starts now and whose log lines go to `sink`.
    pub fn new(sink: impl FnMut(Level, &str) + 'static) -> Self {
        Self { origin: Instant::now(), random: None, sink: Box::new(sink) }
    }

    /// A world that throws its log away (the agent's own outcome holds what a user would see).
    pub fn quiet() -> Self {
        Self::new(|_, _| ())
    }
}

impl World for LiveWorld {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn random(&mut self, buf: &mut [u8]) {
        if self.random.is_none() {
            self.random = File::open("/dev/urandom").ok();
        }
        let filled = self.random.as_mut().is_some_and(|file| file.read_exact(buf).is_ok());
        if !filled {
            fill_from_hasher(buf);
        }
    }

    fn datagrams(&mut self, target: &Target) -> Result<Box<dyn Datagrams>, LinkError> {
        Ok(Box::new(LiveDatagrams::open(target, self.origin)?))
    }

    fn stream(&mut self, target: &Target, way: &Way, until: Duration) -> Result<Box<dyn Stream>, LinkError> {
        match way {
            Way::Tcp => Ok(Box::new(TcpLink::open(target, self.origin, until)?)),
            Way::Telnet => Ok(Box::new(TelnetStream::open(TcpLink::open(target, self.origin, until)?)?)),
            #[cfg(feature = "ssh")]
            Way::Ssh(login) => {
                let (link, host_key) = ssh::SshLink::open(target, login, self.origin, until)?;
                self.log(Level::Info, &format!("{target} shows the host key {host_key}; it is not checked"));
                Ok(Box::new(link))
            }
            #[cfg(not(feature = "ssh"))]
            Way::Ssh(_) => Err(unsupported(target, "this program was built without SSH")),
            Way::Serial(line) => Ok(Box::new(serial::SerialStream::open(target, line, self.origin)?)),
            Way::PortServer(line) => {
                let link = TcpLink::open(target, self.origin, until)?;
                Ok(Box::new(port_server::open(link, target, line, until)?))
            }
        }
    }

    fn run_script(&mut self, command: &str) -> Result<String, LinkError> {
        let failed = |why: String| LinkError::Script { why };
        let output = Command::new("/bin/sh")
            .args(["-c", command])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|error| failed(format!("cannot run /bin/sh: {error}")))?;
        let text =
            String::from_utf8(output.stdout).map_err(|_| failed("its output is not UTF-8".to_owned()))?;
        let text = text.trim_end();
        if text.is_empty() && !output.status.success() {
            return Err(failed(format!("it failed ({}) and printed nothing", output.status)));
        }
        Ok(text.to_owned())
    }

    fn log(&mut self, level: Level, line: &str) {
        (self.sink)(level, line);
    }

    fn append_file(&mut self, path: &str, line: &str) -> Result<(), LinkError> {
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            file.write_all(format!("{line}\n").as_bytes())
        };
        write().map_err(|error| LinkError::File { path: path.to_owned(), why: error.to_string() })
    }
}

/// The addresses of a target that may be used.
fn addresses(target: &Target) -> Result<Vec<SocketAddr>, LinkError> {
    let name = |why: String| LinkError::Name { target: target.clone(), why };
    let resolved =
        (target.host.as_str(), target.port).to_socket_addrs().map_err(|error| name(error.to_string()))?;
    let addresses: Vec<SocketAddr> = resolved.filter(|address| allowed(target.family, address)).collect();
    if addresses.is_empty() {
        return Err(name(match target.family {
            Family::Any => "no address".to_owned(),
            Family::V4 => "no IPv4 address".to_owned(),
            Family::V6 => "no IPv6 address".to_owned(),
        }));
    }
    Ok(addresses)
}

#[cfg(not(feature = "ssh"))]
fn unsupported(target: &Target, why: &str) -> LinkError {
    LinkError::Unsupported { target: target.clone(), why: why.to_owned() }
}

/// Waits until a socket or a port can be read or written; false: the time was up. With no time left, it says what is so now.
/// (The timeouts of sockets are of whole ticks of the system's clock, 4 to 10 ms each.)
fn is_ready(of: &impl AsFd, for_what: PollFlags, until: Instant) -> Result<bool, Errno> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let limit = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(of, for_what)], limit.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether an error only says that nothing has come yet.
fn is_patience(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn allowed(family: Family, address: &SocketAddr) -> bool {
    match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    }
}

fn from_io(target: &Target, error: &io::Error) -> LinkError {
    let target = target.clone();
    match error.kind() {
        ErrorKind::ConnectionRefused => LinkError::Refused { target },
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            LinkError::Unreachable { target, why: error.to_string() }
        }
        _ => LinkError::Io { target, why: error.to_string() },
    }
}

/// A last resort where `/dev/urandom` is missing: the keys of the standard library's hashers come from the system too.
fn fill_from_hasher(buf: &mut [u8]) {
    use std::hash::{BuildHasher, Hasher, RandomState};
    for chunk in buf.chunks_mut(8) {
        let bytes = RandomState::new().build_hasher().finish().to_le_bytes();
        for (to, from) in chunk.iter_mut().zip(bytes) {
            *to = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_give_their_output_without_its_end() {
        let mut world = LiveWorld::quiet();
        assert_eq!(world.run_script("printf ' a b \\n\\n'").as_deref(), Ok(" a b"));
        let error = world.run_script("exit 3; echo hidden").unwrap_err().to_string();
        assert!(error.contains("printed nothing") && !error.contains("hidden"), "{error}");
    }

    #[test]
    fn random_is_random() {
        let (mut a, mut b) = ([0; 16], [0; 16]);
        let mut world = LiveWorld::quiet();
        world.random(&mut a);
        world.random(&mut b);
        assert_ne!(a, b);
        fill_from_hasher(&mut a);
        fill_from_hasher(&mut b);
        assert_ne!(a, b);
    }
}
