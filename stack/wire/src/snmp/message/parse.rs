//! From bytes to messages. The structure has a fixed depth: nothing here recurses.

use std::ops::Range;

use super::{Body, Message, Parsed, Scoped, ScopedPdu, UsmParameters, V3Message, Version};
use crate::Secret;
use crate::snmp::ber::Reader;
use crate::snmp::value::tag;
use crate::snmp::{Binding, ErrorStatus, ParseError, Pdu, PduKind, Problem, TrapV1, Value};

pub(super) fn message(datagram: &[u8]) -> Result<Parsed, ParseError> {
    let mut all = Reader::new(datagram);
    let mut inner = all.sequence("message")?;
    let length = all.at();
    let at = inner.at();
    let number = inner.integer("version")?;
    let version = Version::ALL.into_iter().find(|version| version.number() == number);
    let (message, auth) = match version {
        Some(Version::V3) => {
            let (message, auth) = v3(&mut inner)?;
            (Message::V3(message), auth)
        }
        Some(version) => {
            let community = Secret::new(inner.octets("community")?);
            (Message::Community { version, community, body: body(&mut inner)? }, 0..0)
        }
        None => return Err(ParseError { at, what: "version", problem: Problem::Number(number) }),
    };
    inner.end("message")?;
    Ok(Parsed { message, length, auth })
}

pub(super) fn no_more(datagram: &[u8], length: usize) -> Result<(), ParseError> {
    match datagram.len().saturating_sub(length) {
        0 => Ok(()),
        count => Err(ParseError { at: length, what: "datagram", problem: Problem::TooMany(count) }),
    }
}

fn v3(inner: &mut Reader<'_>) -> Result<(V3Message, Range<usize>), ParseError> {
    let mut header = inner.sequence("header of v3")?;
    let id = header.integer32("message id")?;
    let max_size = header.integer32("maximum size")?;
    let flags = match header.octets("flags")? {
        [flags] => *flags,
        other => return Err(header.error("flags", Problem::Contents(other.len()))),
    };
    let at = header.at();
    let model = header.integer32("security model")?;
    if model != V3Message::USM {
        return Err(ParseError { at, what: "security model", problem: Problem::Number(model.into()) });
    }
    header.end("header of v3")?;
    let (usm, auth) = usm(inner.tagged("security parameters", tag::OCTET_STRING)?)?;
    let data = match inner.peek() {
        Some(tag::OCTET_STRING) => Scoped::Encrypted(inner.octets("encrypted pdu")?.to_vec()),
        _ => Scoped::Plain(scoped(inner)?),
    };
    Ok((V3Message { id, max_size, flags, model, usm, data }, auth))
}

fn usm(mut string: Reader<'_>) -> Result<(UsmParameters, Range<usize>), ParseError> {
    let mut inner = string.sequence("security parameters")?;
    string.end("security parameters")?;
    let engine_id = inner.octets("engine id")?.to_vec();
    let boots = inner.integer32("engine boots")?;
    let time = inner.integer32("engine time")?;
    let user = inner.octets("user")?.to_vec();
    let auth = inner.octets("authentication code")?.to_vec();
    let end = inner.at();
    let privacy = inner.octets("privacy parameters")?.to_vec();
    inner.end("security parameters")?;
    let place = end - auth.len()..end;
    Ok((UsmParameters { engine_id, boots, time, user, auth, privacy }, place))
}

pub(super) fn scoped(outer: &mut Reader<'_>) -> Result<ScopedPdu, ParseError> {
    let mut inner = outer.sequence("scoped pdu")?;
    let engine_id = inner.octets("context engine id")?.to_vec();
    let context = inner.octets("context name")?.to_vec();
    let body = body(&mut inner)?;
    inner.end("scoped pdu")?;
    Ok(ScopedPdu { engine_id, context, body })
}

fn body(outer: &mut Reader<'_>) -> Result<Body, ParseError> {
    let at = outer.at();
    match outer.any("pdu")? {
        (TrapV1::TAG, inner) => trap(inner).map(Body::TrapV1),
        (tag @ 0xa0..=0xbf, inner) => pdu(PduKind::from_tag(tag), inner).map(Body::Pdu),
        (tag, _) => Err(ParseError { at, what: "pdu", problem: Problem::Unexpected(tag) }),
    }
}

fn pdu(kind: PduKind, mut inner: Reader<'_>) -> Result<Pdu, ParseError> {
    let request_id = inner.integer32("request id")?;
    let error = ErrorStatus(inner.integer32("error status")?);
    let index = inner.integer32("error index")?;
    let bindings = bindings(&mut inner)?;
    inner.end("pdu")?;
    Ok(Pdu { kind, request_id, error, index, bindings })
}

fn trap(mut inner: Reader<'_>) -> Result<TrapV1, ParseError> {
    let enterprise = inner.object_id("enterprise")?;
    let address = inner.tagged("agent address", tag::IP_ADDRESS)?;
    let contents = Problem::Contents(address.left().len());
    let agent = address.left().try_into().map_err(|_| address.error("agent address", contents))?;
    let generic = inner.integer32("generic trap")?;
    let specific = inner.integer32("specific trap")?;
    let at = inner.at();
    let ticks = match inner.value("time stamp")? {
        Value::TimeTicks(ticks) => ticks,
        other => {
            let problem = Problem::Unexpected(other.tag());
            return Err(ParseError { at, what: "time stamp", problem });
        }
    };
    let bindings = bindings(&mut inner)?;
    inner.end("trap")?;
    Ok(TrapV1 { enterprise, agent, generic, specific, ticks, bindings })
}

fn bindings(outer: &mut Reader<'_>) -> Result<Vec<Binding>, ParseError> {
    let mut list = outer.sequence("bindings")?;
    let mut bindings = Vec::new();
    while !list.left().is_empty() {
        let mut inner = list.sequence("binding")?;
        let object = inner.object_id("object")?;
        let value = inner.value("value")?;
        inner.end("binding")?;
        bindings.push(Binding { object, value });
    }
    Ok(bindings)
}
