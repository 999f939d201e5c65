//! SNMP v1, v2c and v3.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use fencelab_transcript::Map;
use fencelab_transcript::scan::Scan;
use fencelab_wire::Secret;
use fencelab_wire::snmp::tap::{Credential, Tap};
use fencelab_wire::snmp::{
    Body, Message, PduKind, Scoped, ScopedPdu, UsmParameters, V3Message, Version, body,
};
use fencelab_wire::tap::{Direction, Seen};
use serde_json::Value;

use super::arcs::{self, Arcs};
use super::datagrams::Clean;
use super::{DatagramProtocol, Datagrams, Link, Protocol, Session, Taps};
use crate::decode::decode;

/// The body of what is said in SNMP (FORMAT.md, 6.5).
pub const BODY: &str = "snmp";

/// What `redacted` calls a community.
const COMMUNITY: &str = "snmp.community";
/// What `redacted` calls a passphrase of SNMPv3.
const PASSPHRASE: &str = "password";
/// What `redacted` calls the authentication parameters of SNMPv3, from which a passphrase can be searched for at leisure.
const AUTHENTICATION: &str = "usm.authentication";

/// What stands in an export in the place of the community.
const PLACEHOLDER: &str = "redacted";

/// SNMP over UDP.
#[derive(Clone, Copy, Debug)]
pub struct Snmp;

/// A link to a device with these communities and users: with a user's passphrases, what is encrypted is recorded in the clear.
pub fn link(credentials: Vec<Credential>) -> Link {
    let named = named(&credentials);
    let secrets = named.iter().fold(Scan::new(), |scan, (name, secret)| scan.with(*name, secret.expose()));
    Link::of_datagrams(datagrams(credentials), secrets)
}

/// What listens with these communities and users.
pub fn datagrams(credentials: Vec<Credential>) -> Datagrams {
    let named = named(&credentials);
    let arcs: Vec<Arcs> =
        named.iter().filter_map(|(name, secret)| Arcs::new(name, secret.expose())).collect();
    let clean = (!arcs.is_empty()).then(|| -> Arc<Clean> { Arc::new(move |body| arcs::mask(&arcs, body)) });
    let taps = move || -> Taps {
        let (credentials, heard) = (credentials.clone(), Arc::default());
        Box::new(move || {
            let tap = Tap::with_decoder(credentials.clone(), decode);
            Box::new(Ear { tap, heard: Arc::clone(&heard) })
        })
    };
    Datagrams::new(&Snmp, taps).cleaned_by(clean)
}

/// The secrets of these credentials.
fn named(credentials: &[Credential]) -> Vec<Named> {
    let of = |credential: &Credential| -> Vec<Named> {
        match credential {
            Credential::Community(community) => vec![(COMMUNITY, community.clone())],
            Credential::User(user) => user.passphrases().map(|it| (PASSPHRASE, it.clone())).collect(),
        }
    };
    credentials.iter().flat_map(of).collect()
}

/// A listener that numbers communities in the order in which they appear in the recording (FORMAT.md, 6.6), not only among
/// those of its own client, and says of what cannot be read what either decoder makes of it.
#[derive(Debug)]
struct Ear {
    tap: Tap,
    heard: Arc<Mutex<Vec<Secret>>>,
}

/// Communities that get a number of their own; all others share the last one.
const COMMUNITIES_MAX: usize = 256;

impl fencelab_wire::tap::Tap for Ear {
    fn observe(&mut self, direction: Direction, datagram: &[u8]) -> Vec<Seen> {
        let mut seen = self.tap.observe(direction, datagram);
        for seen in &mut seen {
            match seen {
                Seen::Open { details, .. } => {
                    if let (Some(access), Some(number)) = (details.get_mut("access"), self.number(datagram)) {
                        *access = number.into();
                    }
                }
                Seen::Opaque { why, .. } => {
                    if let (Err(_), Err(both)) = (Message::parse(datagram), decode(datagram)) {
                        *why = both;
                    }
                }
                _ => {}
            }
        }
        seen
    }
}

impl Ear {
    fn number(&self, datagram: &[u8]) -> Option<usize> {
        let Start { rest, .. } = start(datagram)?;
        let community = rest.get(community(rest)?)?;
        // Nobody panics while holding it; what is in it would be good all the same.
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heard.iter().position(|known| known.expose() == community);
        let position = known.unwrap_or_else(|| {
            if heard.len() < COMMUNITIES_MAX {
                heard.push(Secret::new(community));
            }
            heard.len().min(COMMUNITIES_MAX) - 1
        });
        Some(position + 1)
    }
}

/// A secret and what `redacted` calls it.
type Named = (&'static str, Secret);

impl Protocol for Snmp {
    fn name(&self) -> &'static str {
        "snmp"
    }

    fn spelling(&self) -> &'static str {
        "SNMP"
    }

    fn ports(&self) -> &'static [u16] {
        &[161]
    }

    fn redacted(&self) -> &'static [&'static str] {
        &[COMMUNITY, PASSPHRASE, AUTHENTICATION]
    }
}

impl DatagramProtocol for Snmp {
    /// Traps and informs.
    fn client_ports(&self) -> &'static [u16] {
        &[162]
    }

    /// A sequence that begins with a version, and behind it a community and a PDU, or v3's header.
    fn is_spoken(&self, datagram: &[u8]) -> bool {
        let Some(Start { version, rest, .. }) = start(datagram) else { return false };
        match (version, tlv(rest)) {
            (0 | 1, Some(community)) => {
                let pdu = rest.get(community.end..).and_then(|pdu| pdu.first());
                community.tag == 0x04 && pdu.is_some_and(|tag| matches!(tag, 0xa0..=0xa8))
            }
            (3, Some(header)) => header.tag == 0x30,
            _ => false,
        }
    }

    /// By the kind of PDU. What is encrypted shows only whether an answer is wanted.
    fn direction(&self, datagram: &[u8]) -> Option<Direction> {
        let Ok(parsed) = Message::parse_prefix(datagram) else { return None };
        let to_device = match parsed.message.body() {
            Some(Body::TrapV1(_)) => false,
            Some(Body::Pdu(pdu)) => match pdu.kind {
                PduKind::Get | PduKind::GetNext | PduKind::GetBulk | PduKind::Set => true,
                PduKind::Response | PduKind::Report | PduKind::Trap | PduKind::Inform => false,
                PduKind::Unknown(_) => return None,
            },
            None => match parsed.message {
                Message::V3(V3Message { flags, .. }) => flags & V3Message::REPORTABLE != 0,
                Message::Community { .. } => return None,
            },
        };
        Some(if to_device { Direction::ToDevice } else { Direction::FromDevice })
    }

    /// The community or the authentication parameters, also of a message that is broken behind them.
    fn secrets(&self, datagram: &[u8]) -> Vec<(Range<usize>, &'static str)> {
        let Some(Start { version, rest, at }) = start(datagram) else { return Vec::new() };
        let found = if version == 3 { authentication(rest) } else { community(rest) };
        let name = if version == 3 { AUTHENTICATION } else { COMMUNITY };
        found.map(|range| (at + range.start..at + range.end, name)).into_iter().collect()
    }

    /// In the version of its session, else as v2c, with a placeholder as community; what is said in v3 without authentication
    /// and encryption.
    fn datagram(&self, session: &Session<'_>, body: &str, value: &Value) -> Result<Vec<u8>, String> {
        if body != BODY {
            return Err(format!("`{body}` is not known in a datagram"));
        }
        let (body, context) =
            body::from_json(value).map_err(|error| format!("it is no snmp message: {error}"))?;
        let detail =
            |name: &str| session.details.and_then(|details| details.get(name)).and_then(Value::as_str);
        let version = match (&body, detail("version").map(str::parse)) {
            (Body::TrapV1(_), _) => Version::V1,
            (_, Some(Ok(version))) => version,
            (_, _) if context.is_empty() => Version::V2c,
            _ => Version::V3,
        };
        let message = match version {
            Version::V1 | Version::V2c => {
                Message::Community { version, community: Secret::from(PLACEHOLDER), body }
            }
            Version::V3 => Message::V3(plain(session.details, body, context)),
        };
        Ok(message.emit())
    }

    fn is_unasked(&self, body: &str, value: &Value) -> bool {
        let pdu = value.get("pdu").and_then(Value::as_str);
        body == BODY && matches!(pdu, Some("trap" | "trap-v1" | "inform"))
    }
}

/// A message of v3 without security, of the session's user.
fn plain(details: Option<&Map>, body: Body, context: Vec<u8>) -> V3Message {
    let text = |name: &str| details.and_then(|details| details.get(name)).and_then(Value::as_str);
    let engine_id = text("engine").and_then(|hex| hex.parse::<fencelab_transcript::Bytes>().ok());
    let engine_id = engine_id.map(|bytes| bytes.to_lossy()).unwrap_or_default();
    let (id, is_request) = match &body {
        Body::Pdu(pdu) => (pdu.request_id & i32::MAX, pdu.kind.is_request()),
        Body::TrapV1(_) => (0, false),
    };
    V3Message {
        id,
        max_size: 65_507,
        flags: if is_request { V3Message::REPORTABLE } else { 0 },
        model: V3Message::USM,
        usm: UsmParameters {
            engine_id: engine_id.clone(),
            user: text("user").unwrap_or_default().as_bytes().to_vec(),
            ..UsmParameters::default()
        },
        data: Scoped::Plain(ScopedPdu { engine_id, context, body }),
    }
}

/// How a message begins: its version, what stands behind that, and where.
struct Start<'a> {
    version: u8,
    rest: &'a [u8],
    at: usize,
}

fn start(datagram: &[u8]) -> Option<Start<'_>> {
    let outer = tlv(datagram).filter(|outer| outer.tag == 0x30)?;
    let inside = datagram.get(outer.start..)?;
    let number = tlv(inside).filter(|number| number.tag == 0x02)?;
    let (last, leading) = inside.get(number.start..number.end)?.split_last()?;
    let at = outer.start + number.end;
    leading.iter().all(|byte| *byte == 0).then_some(())?;
    Some(Start { version: *last, rest: datagram.get(at..)?, at })
}

fn community(rest: &[u8]) -> Option<Range<usize>> {
    let community = tlv(rest).filter(|community| community.tag == 0x04)?;
    Some(community.start..community.end)
}

/// Behind the header stand, in an octet string, a sequence of engine id, boots, time, user and the authentication parameters.
fn authentication(rest: &[u8]) -> Option<Range<usize>> {
    let mut at = tlv(rest)?.end;
    for tag in [0x04, 0x30] {
        at += tlv(rest.get(at..)?).filter(|outer| outer.tag == tag)?.start;
    }
    for _ in 0..4 {
        at += tlv(rest.get(at..)?)?.end;
    }
    let parameters = tlv(rest.get(at..)?)?;
    Some(at + parameters.start..at + parameters.end)
}

/// A tag and where its contents stand; contents that are cut off end with the bytes.
struct Tlv {
    tag: u8,
    start: usize,
    end: usize,
}

fn tlv(bytes: &[u8]) -> Option<Tlv> {
    let (tag, length) = (*bytes.first()?, *bytes.get(1)?);
    let (start, length) = match length {
        0..0x80 => (2, usize::from(length)),
        // The indefinite form: until the bytes end.
        0x80 => (2, bytes.len()),
        _ => {
            let count = usize::from(length & 0x7f);
            let digits = bytes.get(2..2 + count)?;
            let length = digits.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (2 + count, if count > 4 { bytes.len() } else { length })
        }
    };
    Some(Tlv { tag, start, end: start.saturating_add(length).min(bytes.len()) })
}

#[cfg(test)]
mod tests {
    use fencelab_wire::snmp::{Binding, Oid, Pdu, TrapV1, Value};

    use super::*;

    fn message(version: Version, kind: PduKind) -> Vec<u8> {
        let bindings = vec![Binding { object: Oid::from([1, 3, 6, 1]), value: Value::Null }];
        let body = Body::Pdu(Pdu::new(kind, 7, bindings));
        match version {
            Version::V3 => {
                let mut message = plain(None, body, b"ctx".to_vec());
                message.usm.user = b"lab".to_vec();
                message.usm.auth = b"0123456789ab".to_vec();
                Message::V3(message).emit()
            }
            version => Message::Community { version, community: Secret::from("s3cret"), body }.emit(),
        }
    }

    #[test]
    fn snmp_is_known_by_its_bytes() {
        for version in Version::ALL {
            let datagram = message(version, PduKind::Get);
            assert!(Snmp.is_spoken(&datagram), "{version}");
            assert!(!Snmp.is_spoken(&datagram[1..]) && !Snmp.is_spoken(&datagram[..4]), "{version}");
        }
        // An LDAP bind and a Kerberos request, which are BER as well; DNS; nothing.
        for other in [
            &[0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0][..],
            &[0x6a, 0x81, 0x80, 0x30, 0x7e, 0xa1, 3, 2, 1, 5],
            b"\x12\x34\x01\x00\x00\x01",
            b"",
        ] {
            assert!(!Snmp.is_spoken(other), "{other:x?}");
        }
    }

    #[test]
    fn the_kind_of_pdu_tells_the_direction() {
        for version in [Version::V2c, Version::V3] {
            for (kind, to_device) in
                [(PduKind::Set, true), (PduKind::Response, false), (PduKind::Inform, false)]
            {
                let direction = Snmp.direction(&message(version, kind));
                assert_eq!(direction == Some(Direction::ToDevice), to_device, "{version} {kind:?}");
            }
        }
        assert_eq!(Snmp.direction(b"junk"), None);
    }

    #[test]
    fn what_must_not_be_kept_is_found_also_in_what_is_broken() {
        for (version, secret) in
            [(Version::V1, &b"s3cret"[..]), (Version::V2c, b"s3cret"), (Version::V3, b"0123456789ab")]
        {
            let datagram = message(version, PduKind::Get);
            let place = datagram.windows(secret.len()).position(|window| window == secret).unwrap();
            // Until the whole secret is there, all of it that is there is masked.
            for length in place..=datagram.len() {
                let end = (place + secret.len()).min(length);
                let found = Snmp.secrets(&datagram[..length]);
                assert_eq!(
                    found.first().map(|(range, _)| range.clone()),
                    Some(place..end),
                    "{version}, {length} bytes"
                );
            }
            let mut broken = datagram;
            broken[1] ^= 0x15;
            assert_eq!(Snmp.secrets(&broken).len(), 1, "{version}");
        }
        for junk in [&b""[..], b"0", &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1, 4, 0x89]] {
            let _ = Snmp.secrets(junk);
        }
    }

    #[test]
    fn a_message_of_a_transcript_becomes_a_datagram() {
        let (body, context) = (Body::Pdu(Pdu::new(PduKind::GetNext, 9, Vec::new())), b"bank 1".to_vec());
        let value = body::to_json(&body, &context);
        let mut details = Map::new();
        details.insert("version".into(), "3".into());
        details.insert("user".into(), "lab".into());
        let session = Session { number: 1, details: Some(&details) };
        let datagram = Snmp.datagram(&session, BODY, &value).unwrap();
        let Ok(Message::V3(V3Message { usm, data: Scoped::Plain(scoped), .. })) = Message::parse(&datagram)
        else {
            panic!("{datagram:x?}");
        };
        assert_eq!((usm.user.as_slice(), scoped.body, scoped.context), (&b"lab"[..], body, context));
        let trap = TrapV1 {
            enterprise: Oid::from([1, 3]),
            agent: [10, 0, 0, 1],
            generic: 6,
            specific: 1,
            ticks: 3,
            bindings: Vec::new(),
        };
        let value = body::to_json(&trap.into(), b"");
        let datagram = Snmp.datagram(&Session::default(), BODY, &value).unwrap();
        assert_eq!(Message::parse(&datagram).unwrap().version(), Version::V1);
        assert!(Snmp.is_unasked(BODY, &value));
        assert!(Snmp.datagram(&Session::default(), "ipmi", &value).is_err());
    }
}
