//! IPMI over LAN: IPMI 1.5 sessions and RMCP+.

use fencelab_transcript::Bytes;
use fencelab_transcript::scan::Scan;
use fencelab_wire::ipmi::asf::Asf;
use fencelab_wire::ipmi::tap::{Credential, Tap};
use fencelab_wire::ipmi::{LanMessage, rmcpplus, session};
use fencelab_wire::tap::Direction;
use serde_json::Value;

use super::{DatagramProtocol, Datagrams, Link, Protocol, Session, Taps};

/// IPMI over LAN.
#[derive(Clone, Copy, Debug)]
pub struct Ipmi;

/// A link to a BMC with these logins: with the right one, encrypted sessions are recorded in the clear.
pub fn link(credentials: Vec<Credential>) -> Link {
    let secrets = credentials.iter().fold(Scan::new(), |scan, credential| {
        let scan = scan.with("password", credential.password.expose());
        match &credential.kg {
            Some(kg) => scan.with("kg", kg.expose()),
            None => scan,
        }
    });
    let taps = move || -> Taps {
        let credentials = credentials.clone();
        Box::new(move || Box::new(Tap::new(credentials.clone())))
    };
    Link::of_datagrams(Datagrams::new(&Ipmi, taps), secrets)
}

impl Protocol for Ipmi {
    fn name(&self) -> &'static str {
        "ipmi"
    }

    fn spelling(&self) -> &'static str {
        "IPMI"
    }

    /// The ports of RMCP: plain, and the secure one that nobody uses (IPMI 2.0, 13.1.1).
    fn ports(&self) -> &'static [u16] {
        &[623, 664]
    }

    fn redacted(&self) -> &'static [&'static str] {
        &["password", "kg", "rakp.code", "user.password", "channel.key", "snmp.community"]
    }
}

impl DatagramProtocol for Ipmi {
    /// RMCP with ASF or IPMI in it.
    fn is_spoken(&self, datagram: &[u8]) -> bool {
        match datagram {
            [6, 0, _, class, rest @ ..] => match class & 0x9f {
                6 => rest.starts_with(&[0, 0, 0x11, 0xbe]),
                7 => rest.len() >= 10 && matches!(rest.first(), Some(0 | 1 | 2 | 4 | 5 | 6)),
                _ => false,
            },
            _ => false,
        }
    }

    /// By the network function or the payload's type; nothing if it is encrypted.
    fn direction(&self, datagram: &[u8]) -> Option<Direction> {
        let by = |request: bool| Some(if request { Direction::ToDevice } else { Direction::FromDevice });
        let message = match *datagram.get(3)? & 0x1f {
            6 => return by(*datagram.get(8)? & 0x80 != 0),
            7 if *datagram.get(4)? == 6 => match *datagram.get(5)? {
                kind @ 0x10..=0x15 => return by(kind & 1 == 0),
                0x00 | 0x40 => 16,
                _ => return None,
            },
            7 if *datagram.get(4)? == 0 => 14,
            7 => 30,
            _ => return None,
        };
        let netfn = *datagram.get(message + 1)? >> 2;
        by(netfn & 1 == 0)
    }

    /// IPMI messages travel in IPMI 1.5 packets without authentication, set-up payloads of RMCP+ in RMCP+ packets.
    fn datagram(&self, session: &Session<'_>, body: &str, value: &Value) -> Result<Vec<u8>, String> {
        match body {
            "ipmi" => message(session.number, value),
            "rmcp+" => set_up(value),
            "asf" => Asf::from_json(value).map(|asf| asf.emit()).ok_or_else(|| "it is no asf message".into()),
            other => Err(format!("`{other}` is not known in a datagram")),
        }
    }
}

fn message(session: u32, value: &Value) -> Result<Vec<u8>, String> {
    let message: LanMessage =
        serde_json::from_value(value.clone()).map_err(|error| format!("it is no ipmi message: {error}"))?;
    let message = message.emit();
    if message.len() <= 255 {
        return Ok(session::Packet { id: session, ..session::Packet::sessionless(&message) }.emit());
    }
    // Longer than IPMI 1.5 can say: RMCP+, not encrypted.
    let plain = rmcpplus::Packet::sessionless(rmcpplus::PayloadType::Ipmi, &message);
    Ok(rmcpplus::Packet { id: session, ..plain }.emit())
}

fn set_up(value: &Value) -> Result<Vec<u8>, String> {
    let field =
        |name: &str| value.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` is missing"));
    let name = field("payload")?;
    let kind = rmcpplus::PayloadType::from_name(name).ok_or_else(|| format!("`{name}` is no payload"))?;
    let data: Bytes = field("data")?.parse().map_err(|error| format!("`data` {error}"))?;
    Ok(rmcpplus::Packet::sessionless(kind, &data.to_lossy()).emit())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const PING: [u8; 12] = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0];
    pub(crate) const CHASSIS_STATUS: [u8; 21] =
        [6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0x20, 0x00, 0xe0, 0x81, 0x04, 0x01, 0x7a];

    #[test]
    fn rmcp_is_known_by_its_bytes() {
        let is_rmcp = |bytes: &[u8]| Ipmi.is_spoken(bytes);
        assert!(is_rmcp(&PING) && is_rmcp(&CHASSIS_STATUS));
        assert!(
            !is_rmcp(&PING[..7]) && !is_rmcp(&[]) && !is_rmcp(&[6, 0, 0xff, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        );
    }
}
