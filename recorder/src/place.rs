//! Where clients find what stands in the place of a device.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// Where clients find a proxy, or an emulated device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// At a socket.
    Address(SocketAddr),
    /// At a pseudo-terminal, in the place of a serial port.
    Path(PathBuf),
}

impl Place {
    /// An unspecified listening address is found at loopback.
    pub(crate) fn of(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Self::Address(SocketAddr::new(ip, address.port()))
    }

    /// The address, unless it is a path.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Path(_) => None,
        }
    }

    /// The words with `{host}` and `{port}`, or `{path}`, replaced wherever they stand in them.
    #[must_use]
    pub fn filled_in(&self, words: &[String]) -> Vec<String> {
        let fill = |word: &String| match self {
            Self::Address(address) => word
                .replace("{host}", &address.ip().to_string())
                .replace("{port}", &address.port().to_string()),
            Self::Path(path) => word.replace("{path}", &path.display().to_string()),
        };
        words.iter().map(fill).collect()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn places_are_filled_in_wherever_they_stand() {
        let address = Place::of("[::]:623".parse().unwrap());
        let filled = address.filled_in(&words("x {host}:{port} --ip={host} {path} {other}"));
        assert_eq!(filled, words("x ::1:623 --ip=::1 {path} {other}"));
        let path = Place::Path(PathBuf::from("/dev/pts/7"));
        assert_eq!(
            path.filled_in(&words("x --ip={path},19200 {port}")),
            words("x --ip=/dev/pts/7,19200 {port}")
        );
    }
}
