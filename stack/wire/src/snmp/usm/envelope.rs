//! Closing and opening whole messages of v3.

use super::{Level, LocalKeys};
use crate::snmp::ber::Reader;
use crate::snmp::ber::write::Writer;
use crate::snmp::message::{Emitted, Parsed};
use crate::snmp::value::tag;
use crate::snmp::{Distortion, Message, Scoped, ScopedPdu, V3Message};

/// Bytes of the longest msgAuthenticationParameters.
const CODE_MAX: usize = 48;

/// Why a message that is authentic cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::snmp) enum Unreadable {
    /// Flags and contents contradict each other, or a clear PDU is none.
    Malformed,
    /// Salt or text have lengths that cannot be, or there is no key.
    Lengths,
    /// What comes out is no scoped PDU: a wrong key.
    Nonsense,
}

/// Whether the message carries the authentication code of these keys.
pub(in crate::snmp) fn is_authentic(keys: &LocalKeys, datagram: &[u8], parsed: &Parsed) -> bool {
    let parts = || {
        let message = datagram.get(..parsed.length)?;
        let (before, rest) = message.split_at_checked(parsed.auth.start)?;
        let (code, after) = rest.split_at_checked(parsed.auth.len())?;
        Some((before, code, [0; CODE_MAX].get(..code.len())?.to_vec(), after))
    };
    let Some((before, code, zeros, after)) = parts() else { return false };
    !code.is_empty() && keys.sign(&[before, &zeros, after]).is_some_and(|wanted| wanted.is(code))
}

/// The bytes of an encrypted scoped PDU, with what padding may follow it. Authenticity is another matter.
pub(in crate::snmp) fn decrypt(
    keys: Option<&LocalKeys>,
    message: &V3Message,
    text: &[u8],
) -> Result<Vec<u8>, Unreadable> {
    let usm = &message.usm;
    let decrypted = keys.and_then(|keys| {
        keys.decrypt(usm.boots.cast_unsigned(), usm.time.cast_unsigned(), &usm.privacy, text)
    });
    decrypted.ok_or(Unreadable::Lengths)
}

/// What a message at this level is about. Authenticity is another matter.
pub(in crate::snmp) fn open(
    keys: Option<&LocalKeys>,
    level: Level,
    message: &V3Message,
) -> Result<ScopedPdu, Unreadable> {
    match (&message.data, level.is_encrypted()) {
        (Scoped::Plain(scoped), false) => Ok(scoped.clone()),
        (Scoped::Encrypted(text), true) => {
            let plain = decrypt(keys, message, text)?;
            ScopedPdu::parse(&plain).map_err(|_| Unreadable::Nonsense)
        }
        _ => Err(Unreadable::Malformed),
    }
}

/// The message with this scoped PDU at the level of its flags. Authentication code and privacy parameters are set here.
/// A distortion breaks the scoped PDU before it is encrypted and authenticated, so that everything around it is right.
pub(in crate::snmp) fn seal(
    keys: Option<&LocalKeys>,
    mut message: V3Message,
    scoped: ScopedPdu,
    salt: u64,
    distortion: Option<Distortion>,
) -> Vec<u8> {
    let level = Level::from_bits(message.flags).unwrap_or_default();
    message.usm.auth = match keys {
        Some(keys) if level.is_authenticated() => vec![0; keys.code_length()],
        _ => Vec::new(),
    };
    message.usm.privacy = Vec::new();
    let mut broken = None;
    message.data = if level.is_encrypted() {
        let mut text = scoped.emit();
        if let Some(distortion) = distortion {
            text = distortion.apply(&text);
        }
        let (boots, time) = (message.usm.boots.cast_unsigned(), message.usm.time.cast_unsigned());
        match keys.and_then(|keys| keys.encrypt(boots, time, salt, &mut text)) {
            Some(parameters) => message.usm.privacy = parameters.to_vec(),
            // What was to be encrypted must not go out in the clear.
            None => text.clear(),
        }
        Scoped::Encrypted(text)
    } else {
        broken = distortion.map(|distortion| {
            let whole = scoped.emit();
            (whole.len(), distortion.apply(&whole))
        });
        Scoped::Plain(scoped)
    };
    let mut emitted = Message::V3(message).emit_located();
    if let Some((length, bytes)) = broken {
        emitted = with_scoped(&emitted, length, &bytes);
    }
    let code = match keys {
        Some(keys) if level.is_authenticated() => keys.sign(&[&emitted.bytes]),
        _ => None,
    };
    if let (Some(code), Some(place)) = (code, emitted.bytes.get_mut(emitted.auth))
        && place.len() == code.as_slice().len()
    {
        place.copy_from_slice(code.as_slice());
    }
    emitted.bytes
}

/// The message with other bytes in the place of its clear scoped PDU, whose length this is: the last thing in it.
pub(in crate::snmp) fn with_scoped(emitted: &Emitted, length: usize, scoped: &[u8]) -> Emitted {
    let Ok((_, inner)) = Reader::new(&emitted.bytes).any("message") else { return emitted.clone() };
    let (old_head, contents) = (inner.at(), inner.left());
    let kept = contents.get(..contents.len().saturating_sub(length)).unwrap_or_default();
    let mut out = Writer::with_capacity(emitted.bytes.len() + scoped.len());
    out.raw(scoped);
    out.raw(kept);
    let length = out.written();
    out.head(tag::SEQUENCE, 0);
    let bytes = out.finish();
    let head = bytes.len() - length;
    let moved = |at: usize| (at + head).saturating_sub(old_head);
    let auth = moved(emitted.auth.start)..moved(emitted.auth.end);
    Emitted { bytes, auth }
}
