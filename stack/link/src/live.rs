//! The real world: UDP sockets, the system's clock and random source, `/bin/sh`.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Datagrams, Family, Level, LinkError, Target, World};

/// The largest UDP payload.
const DATAGRAM_MAX: usize = 65_535;

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
        let name = |why: String| LinkError::Name { target: target.clone(), why };
        let addresses =
            (target.host.as_str(), target.port).to_socket_addrs().map_err(|error| name(error.to_string()))?;
        let mut last = None;
        for address in addresses.filter(|address| allowed(target.family, address)) {
            match connect(address) {
                Ok(socket) => {
                    let buffer = vec![0; DATAGRAM_MAX];
                    return Ok(Box::new(LiveDatagrams {
                        socket,
                        target: target.clone(),
                        origin: self.origin,
                        buffer,
                    }));
                }
                Err(error) => last = Some(error),
            }
        }
        Err(match last {
            Some(error) => from_io(target, &error),
            None => name(match target.family {
                Family::Any => "no address".to_owned(),
                Family::V4 => "no IPv4 address".to_owned(),
                Family::V6 => "no IPv6 address".to_owned(),
            }),
        })
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

/// A connected UDP socket.
struct LiveDatagrams {
    socket: UdpSocket,
    target: Target,
    origin: Instant,
    buffer: Vec<u8>,
}

impl Datagrams for LiveDatagrams {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        match self.socket.send(bytes) {
            Ok(_) => Ok(()),
            Err(error) => Err(from_io(&self.target, &error)),
        }
    }

    fn receive(&mut self, until: Duration) -> Result<Option<Vec<u8>>, LinkError> {
        loop {
            let Some(wait) = until.checked_sub(self.now()).filter(|wait| !wait.is_zero()) else {
                return Ok(None);
            };
            // A timeout is rounded up by the system, never down to nothing.
            let wait = wait.max(Duration::from_micros(1));
            self.socket.set_read_timeout(Some(wait)).map_err(|error| from_io(&self.target, &error))?;
            match self.socket.recv(&mut self.buffer) {
                Ok(length) => return Ok(Some(self.buffer.get(..length).unwrap_or_default().to_vec())),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(from_io(&self.target, &error)),
                },
            }
        }
    }
}

fn allowed(family: Family, address: &SocketAddr) -> bool {
    match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    }
}

fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.connect(address)?;
    Ok(socket)
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
    fn a_datagram_goes_and_comes() {
        let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
        let target = Target::new("127.0.0.1", echo.local_addr().unwrap().port());
        let mut world = LiveWorld::quiet();
        let mut link = world.datagrams(&target).unwrap();
        link.send(b"ping").unwrap();
        let mut buffer = [0; 16];
        let (length, from) = echo.recv_from(&mut buffer).unwrap();
        echo.send_to(&buffer[..length], from).unwrap();
        let until = world.now() + Duration::from_secs(10);
        assert_eq!(link.receive(until).unwrap().as_deref(), Some(&b"ping"[..]));
    }

    #[test]
    fn silence_ends_at_the_given_time() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut world = LiveWorld::quiet();
        let mut link =
            world.datagrams(&Target::new("127.0.0.1", silent.local_addr().unwrap().port())).unwrap();
        let until = world.now() + Duration::from_millis(20);
        assert_eq!(link.receive(until), Ok(None));
        assert!(world.now() >= until);
    }

    #[test]
    fn a_closed_port_is_refused() {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut world = LiveWorld::quiet();
        let target = Target::new("127.0.0.1", port);
        let mut link = world.datagrams(&target).unwrap();
        link.send(b"?").unwrap();
        let until = world.now() + Duration::from_secs(10);
        assert_eq!(link.receive(until), Err(LinkError::Refused { target }));
    }

    #[test]
    fn family_is_kept() {
        let target = Target { family: Family::V6, ..Target::new("127.0.0.1", 623) };
        let error = LiveWorld::quiet().datagrams(&target).err().unwrap();
        assert_eq!(error.to_string(), "cannot resolve 127.0.0.1:623: no IPv6 address");
    }

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
