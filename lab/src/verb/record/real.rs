//! The real device behind the proxy.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use fencelab_recorder::{Link, Proxy, Tape};
use fencelab_wire::serial::Line;

use super::RecordArgs;
use crate::address;
use crate::exit::{Exit, Failure, OrExit};
use crate::link::LinkName;

/// Where the device is.
#[derive(Clone, Debug)]
pub(super) enum Real {
    At(SocketAddr),
    Port(PathBuf, Line),
}

impl Real {
    /// The device that is meant, and the link to it.
    pub(super) fn of(args: &RecordArgs) -> Result<(Self, Link), Failure> {
        let credentials = args.credentials.as_deref();
        if args.link == LinkName::Serial {
            let (path, line) = port(&args.device)?;
            return Ok((Self::Port(path, line), LinkName::serial(line, credentials)?));
        }
        let link = args.link.of_device(credentials)?;
        let usual = link.protocol().ports().first().copied().unwrap_or_default();
        let device = address::resolve(&args.device, usual)?;
        if device.port() == 0 {
            let words =
                format!("{} has no usual port; name the device as HOST:PORT", link.protocol().spelling());
            return Err(Failure::new(Exit::Usage, words));
        }
        Ok((Self::At(device), link))
    }

    /// Its port, as the header has it.
    pub(super) fn number(&self) -> Option<u16> {
        match self {
            Self::At(address) => Some(address.port()),
            Self::Port(..) => None,
        }
    }

    /// Starts the proxy in front of it.
    pub(super) fn proxy(&self, args: &RecordArgs, link: Link, tape: Tape) -> Result<Proxy, Failure> {
        match self {
            Self::At(address) => Proxy::start(args.listen, *address, link, tape),
            Self::Port(path, _) => Proxy::at_port(path, link, tape),
        }
        .or_exit(Exit::Network)
    }
}

/// `/dev/ttyUSB0`, `/dev/ttyUSB0,19200`, `/dev/ttyUSB0,9600,7E1`.
fn port(text: &str) -> Result<(PathBuf, Line), Failure> {
    let (path, settings) = text.split_once(',').unwrap_or((text, ""));
    let line = if settings.is_empty() { Ok(Line::default()) } else { settings.parse() };
    Ok((PathBuf::from(path), line.or_exit(Exit::Usage)?))
}

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Port(path, line) => write!(f, "{},{line}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_their_settings() {
        for (text, path, line) in [
            ("/dev/ttyUSB0", "/dev/ttyUSB0", "9600,8N1"),
            ("/dev/ttyS1,19200", "/dev/ttyS1", "19200,8N1"),
            ("/dev/ttyS1,9600,7E1,xonxoff", "/dev/ttyS1", "9600,7E1,xonxoff"),
        ] {
            let (at, set) = port(text).unwrap();
            assert_eq!((at, set.to_string().as_str()), (PathBuf::from(path), line));
        }
        assert!(port("/dev/ttyS1,fast").is_err());
    }
}
