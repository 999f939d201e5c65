//! Devices at a serial line, as the option for the address names them: `/dev/ttyUSB0` is a port of this machine,
//! `rfc2217://host` a line behind a port server; behind either, after a comma, how the line is set (`,9600,8N1`).

use fencelab_link::{SerialLine, Target, Way};

/// What a line behind a port server is called by.
const PORT_SERVER: &str = "rfc2217://";

/// The way to a device at a serial line; its target is set, too. `None`: it is not at one. The error is in words.
pub(crate) fn way(target: &mut Target) -> Option<Result<Way, String>> {
    let given = target.host.clone();
    let server = given.strip_prefix(PORT_SERVER);
    if server.is_none() && !target.is_path() {
        return None;
    }
    let (place, settings) =
        server.unwrap_or(&given).split_once(',').unwrap_or((server.unwrap_or(&given), ""));
    let line = match settings {
        "" => Ok(SerialLine::default()),
        settings => settings.parse::<SerialLine>().map_err(|error| format!("--ip: {error}")),
    };
    match server {
        None => (target.host, target.port) = (place.to_owned(), 0),
        Some(_) => match host_and_port(place) {
            Some((host, port)) => {
                host.clone_into(&mut target.host);
                target.port = port.unwrap_or(target.port);
            }
            None => return Some(Err(format!("--ip: write {PORT_SERVER}host:port"))),
        },
    }
    Some(line.map(if server.is_some() { Way::PortServer } else { Way::Serial }))
}

/// `host`, `host:port`, `[address]:port`.
fn host_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':').unwrap_or(port)))?
        }
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ip: &str) -> Option<Result<(String, String), String>> {
        let mut target = Target::new(ip, 23);
        let way = way(&mut target)?;
        Some(way.map(|way| {
            let way = match way {
                Way::Serial(line) => format!("port {line}"),
                Way::PortServer(line) => format!("server {line}"),
                other => format!("{other:?}"),
            };
            (target.to_string(), way)
        }))
    }

    #[test]
    fn ports_and_port_servers() {
        for (ip, target, way) in [
            ("/dev/ttyUSB0", "/dev/ttyUSB0", "port 9600,8N1"),
            ("/dev/ttyUSB0,19200,7E1,rtscts", "/dev/ttyUSB0", "port 19200,7E1,rtscts"),
            ("rfc2217://ts1", "ts1:23", "server 9600,8N1"),
            ("rfc2217://ts1:2001,115200", "ts1:2001", "server 115200,8N1"),
            ("rfc2217://[::1]:2001", "[::1]:2001", "server 9600,8N1"),
        ] {
            assert_eq!(told(ip), Some(Ok((target.to_owned(), way.to_owned()))), "{ip}");
        }
        assert_eq!(told("pdu1"), None);
        assert_eq!(told("2001:db8::1"), None);
        for ip in ["/dev/ttyUSB0,fast", "rfc2217://", "rfc2217://ts1:x", "rfc2217://ts1,9"] {
            assert!(told(ip).is_some_and(|told| told.is_err() == (ip != "rfc2217://ts1,9")), "{ip}");
        }
    }
}
