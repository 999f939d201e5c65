//! The RMCP+ session header and trailer (IPMI 2.0 §13.6, table 13-8, right column), payload types (table
//! 13-16) and status codes (table 13-15).

use super::crypto::Keys;
use super::rmcp;
use std::fmt;

/// What a packet carries: six bits (IPMI 2.0 table 13-16).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PayloadType {
    /// 0x00: an IPMI message.
    Ipmi,
    /// 0x01: serial over LAN.
    Sol,
    /// 0x02: OEM, with the vendor's number and a payload id in the header.
    Oem,
    /// 0x10: Open Session Request.
    OpenSessionRequest,
    /// 0x11: Open Session Response.
    OpenSessionResponse,
    /// 0x12: RAKP message 1.
    Rakp1,
    /// 0x13: RAKP message 2.
    Rakp2,
    /// 0x14: RAKP message 3.
    Rakp3,
    /// 0x15: RAKP message 4.
    Rakp4,
    /// Any other.
    Unknown(u8),
}

impl From<u8> for PayloadType {
    fn from(value: u8) -> Self {
        match value {
            0x00 => Self::Ipmi,
            0x01 => Self::Sol,
            0x02 => Self::Oem,
            0x10 => Self::OpenSessionRequest,
            0x11 => Self::OpenSessionResponse,
            0x12 => Self::Rakp1,
            0x13 => Self::Rakp2,
            0x14 => Self::Rakp3,
            0x15 => Self::Rakp4,
            other => Self::Unknown(other),
        }
    }
}

impl From<PayloadType> for u8 {
    fn from(value: PayloadType) -> Self {
        match value {
            PayloadType::Ipmi => 0x00,
            PayloadType::Sol => 0x01,
            PayloadType::Oem => 0x02,
            PayloadType::OpenSessionRequest => 0x10,
            PayloadType::OpenSessionResponse => 0x11,
            PayloadType::Rakp1 => 0x12,
            PayloadType::Rakp2 => 0x13,
            PayloadType::Rakp3 => 0x14,
            PayloadType::Rakp4 => 0x15,
            PayloadType::Unknown(other) => other,
        }
    }
}

impl PayloadType {
    const NAMED: [(Self, &'static str); 9] = [
        (Self::Ipmi, "ipmi"),
        (Self::Sol, "sol"),
        (Self::Oem, "oem"),
        (Self::OpenSessionRequest, "open-session-request"),
        (Self::OpenSessionResponse, "open-session-response"),
        (Self::Rakp1, "rakp-1"),
        (Self::Rakp2, "rakp-2"),
        (Self::Rakp3, "rakp-3"),
        (Self::Rakp4, "rakp-4"),
    ];

    /// The type of a name as [`fmt::Display`] writes it: `"rakp-1"`, `"0x1f"`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some((found, _)) = Self::NAMED.iter().find(|(_, known)| *known == name) {
            return Some(*found);
        }
        let value = u8::from_str_radix(name.strip_prefix("0x")?, 16).ok()?;
        (value < 0x40).then(|| Self::from(value))
    }
}

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMED.iter().find(|(known, _)| known == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{:#04x}", u8::from(*self)),
        }
    }
}

/// The authentication type byte that marks an RMCP+ header.
const AUTH_TYPE: u8 = 0x06;
/// Bit of the payload type byte: the payload is encrypted.
const ENCRYPTED: u8 = 0x80;
/// Bit of the payload type byte: an authentication code follows the payload.
const AUTHENTICATED: u8 = 0x40;
/// The value of the next-header byte in the trailer.
const NEXT_HEADER: u8 = 0x07;

/// Vendor and kind of an OEM payload.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Oem {
    /// Enterprise number with its reserved byte.
    pub iana: u32,
    /// The vendor's payload id.
    pub id: u16,
}

/// An RMCP+ datagram after the RMCP header, as it came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet<'a> {
    /// What the payload is.
    pub kind: PayloadType,
    /// The payload is encrypted.
    pub encrypted: bool,
    /// An authentication code follows.
    pub authenticated: bool,
    /// Only if `kind` is [`PayloadType::Oem`].
    pub oem: Option<Oem>,
    /// Session id of the receiver; 0 outside a session.
    pub id: u32,
    /// Session sequence number; 0 outside a session.
    pub sequence: u32,
    /// The payload, still encrypted.
    pub payload: &'a [u8],
    /// Integrity pad, pad length, next header and authentication code; or stray bytes.
    pub trailer: &'a [u8],
}

impl<'a> Packet<'a> {
    /// A packet outside any session.
    #[must_use]
    pub fn sessionless(kind: PayloadType, payload: &'a [u8]) -> Self {
        Self {
            kind,
            encrypted: false,
            authenticated: false,
            oem: None,
            id: 0,
            sequence: 0,
            payload,
            trailer: &[],
        }
    }

    /// Reads what follows the RMCP header. `None` if it is IPMI v1.5 or cut short.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let (&[AUTH_TYPE, kind], body) = body.split_first_chunk()? else { return None };
        let (encrypted, authenticated) = (kind & ENCRYPTED != 0, kind & AUTHENTICATED != 0);
        let kind = PayloadType::from(kind & 0x3f);
        let (oem, body) = if kind == PayloadType::Oem {
            let (iana, body) = body.split_first_chunk()?;
            let (id, body) = body.split_first_chunk()?;
            (Some(Oem { iana: u32::from_le_bytes(*iana), id: u16::from_le_bytes(*id) }), body)
        } else {
            (None, body)
        };
        let (id, body) = body.split_first_chunk()?;
        let (sequence, body) = body.split_first_chunk()?;
        let (length, body) = body.split_first_chunk()?;
        let (payload, trailer) = body.split_at_checked(u16::from_le_bytes(*length).into())?;
        let (id, sequence) = (u32::from_le_bytes(*id), u32::from_le_bytes(*sequence));
        Some(Self { kind, encrypted, authenticated, oem, id, sequence, payload, trailer })
    }

    /// Appends RMCP header and session header; the payload's length is what is given.
    fn emit_header(&self, length: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&rmcp::IPMI);
        let flags =
            if self.encrypted { ENCRYPTED } else { 0 } | if self.authenticated { AUTHENTICATED } else { 0 };
        out.extend_from_slice(&[AUTH_TYPE, flags | u8::from(self.kind) & 0x3f]);
        if let Some(oem) = self.oem {
            out.extend_from_slice(&oem.iana.to_le_bytes());
            out.extend_from_slice(&oem.id.to_le_bytes());
        }
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
    }

    /// The whole datagram as it stands, RMCP header included; a payload beyond 65,535 bytes is cut.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(22 + self.payload.len() + self.trailer.len());
        self.emit_header(self.payload.len(), &mut out);
        out.extend(self.payload.iter().take(usize::from(u16::MAX)));
        out.extend_from_slice(self.trailer);
        out
    }

    /// The whole datagram with the payload encrypted and the trailer made by these keys; `encrypted` and
    /// `authenticated` say what is done, as far as the keys can do it. `trailer` is not used.
    #[must_use]
    pub fn seal(mut self, keys: &Keys, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        self.encrypted &= keys.has_confidentiality();
        self.authenticated &= keys.has_integrity();
        let mut out = Vec::with_capacity(80 + self.payload.len());
        self.emit_header(0, &mut out);
        let start = out.len();
        if self.encrypted {
            let mut iv = [0; 16];
            random(&mut iv);
            keys.encrypt_into(&iv, self.payload, &mut out);
        } else {
            out.extend_from_slice(self.payload);
        }
        let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX).to_le_bytes();
        if let Some(field) = out.get_mut(start - 2..start) {
            field.copy_from_slice(&length);
        }
        if self.authenticated {
            // Pad so that what is signed, from the authentication type to the next header, is a whole number of
            // four-byte words (IPMI 2.0 table 13-8).
            let pad = (4 - (out.len() - rmcp::LENGTH + 2) % 4) % 4;
            out.extend(std::iter::repeat_n(0xff, pad));
            out.extend_from_slice(&[pad as u8, NEXT_HEADER]);
            let code = keys.sign(out.get(rmcp::LENGTH..).unwrap_or_default());
            out.extend_from_slice(code.as_slice());
        }
        out
    }
}

/// Whether the authentication code at the end of an RMCP+ datagram (with its RMCP header) is the one that these
/// keys make. Keys without integrity prove nothing.
#[must_use]
pub fn is_signed_with(datagram: &[u8], keys: &Keys) -> bool {
    let Some(split) = datagram.len().checked_sub(keys.signature_length()) else { return false };
    match datagram.split_at_checked(split) {
        Some((signed, code)) if keys.has_integrity() => {
            keys.sign(signed.get(rmcp::LENGTH..).unwrap_or_default()).is(code)
        }
        _ => false,
    }
}

/// RMCP+ status codes (IPMI 2.0 table 13-15) that are used here.
pub mod status {
    /// 0x00: no errors.
    pub const OK: u8 = 0x00;
    /// 0x01: insufficient resources to create a session.
    pub const NO_RESOURCES: u8 = 0x01;
    /// 0x02: invalid session id.
    pub const INVALID_SESSION: u8 = 0x02;
    /// 0x04: invalid authentication algorithm.
    pub const INVALID_AUTHENTICATION: u8 = 0x04;
    /// 0x05: invalid integrity algorithm.
    pub const INVALID_INTEGRITY: u8 = 0x05;
    /// 0x09: invalid role.
    pub const INVALID_ROLE: u8 = 0x09;
    /// 0x0A: unauthorized role or privilege level requested.
    pub const UNAUTHORIZED_ROLE: u8 = 0x0a;
    /// 0x0C: invalid name length.
    pub const INVALID_NAME_LENGTH: u8 = 0x0c;
    /// 0x0D: unauthorized name.
    pub const UNAUTHORIZED_NAME: u8 = 0x0d;
    /// 0x0F: invalid integrity check value.
    pub const INVALID_CHECK_VALUE: u8 = 0x0f;
    /// 0x10: invalid confidentiality algorithm.
    pub const INVALID_CONFIDENTIALITY: u8 = 0x10;
    /// 0x11: no cipher suite match with proposed security algorithms.
    pub const NO_CIPHER_SUITE: u8 = 0x11;
    /// 0x12: illegal or unrecognized parameter.
    pub const ILLEGAL_PARAMETER: u8 = 0x12;
}

/// The name of an RMCP+ status code (IPMI 2.0 table 13-15), in lower case.
#[must_use]
pub fn status_name(status: u8) -> &'static str {
    match status {
        0x00 => "no errors",
        0x01 => "insufficient resources to create a session",
        0x02 => "invalid session id",
        0x03 => "invalid payload type",
        0x04 => "invalid authentication algorithm",
        0x05 => "invalid integrity algorithm",
        0x06 => "no matching authentication payload",
        0x07 => "no matching integrity payload",
        0x08 => "inactive session id",
        0x09 => "invalid role",
        0x0a => "unauthorized role or privilege level requested",
        0x0b => "insufficient resources to create a session at the requested role",
        0x0c => "invalid name length",
        0x0d => "unauthorized name",
        0x0e => "unauthorized guid",
        0x0f => "invalid integrity check value",
        0x10 => "invalid confidentiality algorithm",
        0x11 => "no cipher suite match with proposed security algorithms",
        0x12 => "illegal or unrecognized parameter",
        _ => "reserved status code",
    }
}

#[cfg(test)]
mod tests {
    use super::PayloadType;

    #[test]
    fn payload_types_and_names_agree() {
        for value in 0..0x40 {
            let kind = PayloadType::from(value);
            assert_eq!(u8::from(kind), value);
            assert_eq!(PayloadType::from_name(&kind.to_string()), Some(kind));
        }
        assert_eq!(PayloadType::from_name("0x40"), None);
        assert_eq!(PayloadType::from_name("rakp-5"), None);
    }
}
