//! Addresses to listen on, and who may reach them.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use anyhow::anyhow;

use crate::exit::{Exit, Failure, OrExit};

/// Refuses to listen where others than this machine can reach it, unless that was asked for.
pub(crate) fn may_listen(ip: IpAddr, expose: bool) -> Result<(), Failure> {
    if ip.is_loopback() || expose {
        return Ok(());
    }
    let words = format!(
        "{ip} can be reached from outside this machine; listen on 127.0.0.1, or say --expose as well"
    );
    Err(Failure::new(Exit::Refused, words))
}

/// The `offset`th address after this one.
pub(crate) fn after(ip: IpAddr, offset: usize) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => {
            u32::from(ip).checked_add(u32::try_from(offset).ok()?).map(|ip| IpAddr::V4(ip.into()))
        }
        IpAddr::V6(ip) => u128::from(ip).checked_add(offset as u128).map(|ip| IpAddr::V6(ip.into())),
    }
}

/// `HOST:PORT` of a device, resolved; without a port the default one.
pub(crate) fn resolve(target: &str, default_port: u16) -> Result<SocketAddr, Failure> {
    let looked_up = match target.to_socket_addrs() {
        Ok(found) => Ok(found),
        Err(_) if target.parse::<IpAddr>().is_ok() || !target.contains(':') => {
            (target.trim_matches(['[', ']']), default_port).to_socket_addrs()
        }
        Err(error) => Err(error),
    };
    looked_up
        .map_err(|error| anyhow!("cannot find the device {target}: {error}; name it as HOST:PORT"))
        .and_then(|mut found| found.next().ok_or_else(|| anyhow!("the name {target} has no address")))
        .or_exit(Exit::Network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_count_up() {
        assert_eq!(after("127.0.0.255".parse().unwrap(), 2), Some("127.0.1.1".parse().unwrap()));
        assert_eq!(after("::1".parse().unwrap(), 1), Some("::2".parse().unwrap()));
        assert_eq!(after("255.255.255.255".parse().unwrap(), 1), None);
    }

    #[test]
    fn a_device_may_be_named_without_its_port() {
        for (text, address) in [
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("127.0.0.1", "127.0.0.1:623"),
            ("::1", "[::1]:623"),
            ("[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(resolve(text, 623).unwrap(), address.parse().unwrap());
        }
    }

    #[test]
    fn only_loopback_unasked() {
        assert!(may_listen("127.3.4.5".parse().unwrap(), false).is_ok());
        assert!(may_listen("0.0.0.0".parse().unwrap(), false).is_err());
        assert!(may_listen("0.0.0.0".parse().unwrap(), true).is_ok());
    }
}
