//! The system's log (RFC 3164, as `/dev/log` takes it): what an agent said must be found after it was killed.

use std::os::unix::net::UnixDatagram;

use fencelab_link::Level;

/// Facility "daemon".
const FACILITY: u8 = 3;

/// Where local programs log.
const SOCKET: &str = "/dev/log";

/// A log of one program. A machine without a log is no reason to complain.
pub(crate) struct Syslog {
    tag: String,
    socket: Option<Option<UnixDatagram>>,
}

impl Syslog {
    /// Nothing is opened until the first line.
    pub(crate) fn new(program: &str) -> Self {
        Self { tag: format!("{program}[{}]", std::process::id()), socket: None }
    }

    /// Writes one line.
    pub(crate) fn write(&mut self, level: Level, line: &str) {
        let severity = match level {
            Level::Error => 3,
            Level::Warning => 4,
            Level::Info => 6,
            Level::Debug => 7,
        };
        if let Some(socket) = self.socket.get_or_insert_with(open) {
            let _ = socket.send(format!("<{}>{}: {line}", FACILITY * 8 + severity, self.tag).as_bytes());
        }
    }
}

fn open() -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    // A log that is full must not keep a node from being fenced.
    socket.set_nonblocking(true).ok()?;
    socket.connect(SOCKET).ok()?;
    Some(socket)
}
