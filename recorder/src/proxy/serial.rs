//! A serial line: a pseudo-terminal for clients in front of the real port.
//!
//! The line itself has no beginning and no end. A session is what is said from when somebody opens the terminal until nobody has
//! it open and the line is silent. What the device says while nobody is there is a session in which it speaks alone: the client
//! has not heard it, for a terminal that is opened anew shows nothing old.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fencelab_link::Target;
use fencelab_link::live::SerialPort;
use fencelab_pty::{Event, Pty, watched};
use fencelab_transcript::{Map, Side};
use fencelab_wire::serial;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};

use super::streams::{Client, Exchange, Line};

/// How long the line must be silent after the last client has gone. Less than the end of a command is waited for.
const SILENCE: Duration = Duration::from_millis(300);

/// What is read at once.
const PIECE: usize = 4096;

/// Bytes that may wait for one end before the other is listened to no more.
const WAITING_MAX: usize = 16_384;

/// Opens the port and the terminal, and starts to relay; answers where the terminal is.
pub(super) fn start(port: &Path, line: serial::Line, exchange: Exchange) -> io::Result<(PathBuf, Runtime)> {
    let target = Target::new(port.display().to_string(), 0);
    let real = SerialPort::open(&target, &line).map_err(|error| io::Error::other(error.to_string()))?;
    let runtime =
        Builder::new_multi_thread().worker_threads(1).thread_name("fencelab-relay").enable_all().build()?;
    let (pty, port) = {
        let _inside = runtime.enter();
        (Pty::open(line.speed)?, watched(real)?)
    };
    let path = pty.path().to_owned();
    let (to_port, to_client) = (Vec::new(), Vec::new());
    let relay = Relay { pty, port, line, exchange, present: false, session: None, to_port, to_client };
    runtime.spawn(relay.run());
    Ok((path, runtime))
}

struct Relay {
    pty: Pty,
    port: AsyncFd<SerialPort>,
    /// How the port is set.
    line: serial::Line,
    exchange: Exchange,
    /// Whether anybody has the terminal open.
    present: bool,
    session: Option<Session>,
    to_port: Vec<u8>,
    to_client: Vec<u8>,
}

struct Session {
    line: Line,
    /// Whether it was a client who began it.
    of_client: bool,
    /// Those who wait for the end of a command wait for its last words.
    _client: Client,
}

impl Relay {
    async fn run(mut self) {
        let Err(error) = self.relay().await;
        tracing::error!("the serial line has ended: {error}");
        self.end(Side::Device);
    }

    /// Passes on both ways whatever comes, until one end is broken.
    async fn relay(&mut self) -> io::Result<std::convert::Infallible> {
        let mut buffer = vec![0; PIECE];
        loop {
            tokio::select! {
                events = self.pty.next(self.to_port.len() < WAITING_MAX) => {
                    for event in events? {
                        self.client(event);
                    }
                }
                read = read(&self.port, &mut buffer), if self.to_client.len() < WAITING_MAX => {
                    let length = read?;
                    self.device(buffer.get(..length).unwrap_or_default());
                }
                written = write(&self.port, &self.to_port), if !self.to_port.is_empty() => {
                    self.to_port.drain(..written?);
                }
                written = self.pty.write(&self.to_client), if !self.to_client.is_empty() => {
                    self.to_client.drain(..written?);
                }
                () = tokio::time::sleep(SILENCE), if !self.present && self.session.is_some() => {
                    self.end(Side::Agent);
                }
            }
        }
    }

    fn client(&mut self, event: Event) {
        match event {
            Event::Came => {
                self.end(Side::Agent);
                self.present = true;
                self.session(true);
            }
            Event::Went => {
                self.present = false;
                self.to_client.clear();
            }
            Event::Bytes(bytes) => {
                self.follow_speed();
                self.session(true).line.says(Side::Agent, &bytes);
                self.to_port.extend(bytes);
            }
        }
    }

    fn device(&mut self, bytes: &[u8]) {
        self.session(false).line.says(Side::Device, bytes);
        if self.present {
            self.to_client.extend(bytes);
        }
    }

    /// The session, which begins if there is none.
    fn session(&mut self, of_client: bool) -> &Session {
        let (line, exchange) = (&self.line, &self.exchange);
        self.session.get_or_insert_with(|| {
            let details = [("line".to_owned(), line.to_string().into())].into_iter().collect();
            Session { line: exchange.open(details), of_client, _client: exchange.welcome() }
        })
    }

    /// It ends, if there is one; in one that no client began the device has had the last word.
    fn end(&mut self, by: Side) {
        if let Some(session) = self.session.take() {
            session.line.close(if session.of_client { by } else { Side::Device }, Map::new());
        }
    }

    /// A client that sets the terminal to another speed means the port.
    fn follow_speed(&mut self) {
        let Some(speed) = self.pty.speed().filter(|speed| *speed != self.line.speed) else { return };
        let line = serial::Line { speed, ..self.line };
        let words = match self.port.get_ref().set(&line) {
            Ok(()) => {
                self.line = line;
                format!("the client has set the line to {line}")
            }
            Err(error) => {
                format!("the client has set the line to {line}, the port stays at {}: {error}", self.line)
            }
        };
        self.session(true).line.note(words);
    }
}

/// Waits until the device says something. That it can say no more is an error.
async fn read(port: &AsyncFd<SerialPort>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut ready = port.readable().await?;
        match ready.try_io(|port| Ok(rustix::io::read(port, &mut *buffer)?)) {
            Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => return read,
            Err(_would_block) => {}
        }
    }
}

/// Waits until the device takes bytes, and says how many it took.
async fn write(port: &AsyncFd<SerialPort>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        let mut ready = port.writable().await?;
        match ready.try_io(|port| Ok(rustix::io::write(port, bytes)?)) {
            Ok(written) => return written,
            Err(_would_block) => {}
        }
    }
}
