//! ASF presence ping and pong (IPMI 2.0 §13.2.3 and §13.2.4, tables 13-5 and 13-6; ASF 2.0 §3.2.4.2).

use super::rmcp::{self, CLASS_ASF, Rmcp};
use crate::hex::{hex, unhex};
use serde_json::{Value, json};

/// ASF's enterprise number.
pub const IANA: u32 = 4542;
/// Message type of the presence ping.
pub const PING: u8 = 0x80;
/// Message type of the pong.
pub const PONG: u8 = 0x40;

/// An ASF message, after the RMCP header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asf {
    /// Enterprise number: [`IANA`].
    pub iana: u32,
    /// [`PING`], [`PONG`] or another.
    pub kind: u8,
    /// Ties a pong to its ping; 0xff asks for no answer to be tied.
    pub tag: u8,
    /// 0.
    pub reserved: u8,
    /// The data.
    pub data: Vec<u8>,
    /// Bytes beyond the length that the message claims.
    pub rest: Vec<u8>,
}

impl Asf {
    /// A presence ping.
    #[must_use]
    pub fn ping(tag: u8) -> Self {
        Self { iana: IANA, kind: PING, tag, reserved: 0, data: Vec::new(), rest: Vec::new() }
    }

    /// The pong of a BMC that speaks IPMI (and ASF 1.0) and nothing else.
    #[must_use]
    pub fn pong(tag: u8) -> Self {
        let mut data = Vec::with_capacity(16);
        data.extend_from_slice(&IANA.to_be_bytes());
        data.extend_from_slice(&[0, 0, 0, 0]); // OEM-defined
        data.push(0x81); // supported entities: IPMI, ASF 1.0
        data.extend_from_slice(&[0; 7]); // supported interactions: none; reserved
        Self { iana: IANA, kind: PONG, tag, reserved: 0, data, rest: Vec::new() }
    }

    /// Reads a whole datagram; `None` if it is not ASF or is cut short.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let (header, body) = Rmcp::parse(datagram)?;
        if !header.is_plain(CLASS_ASF) {
            return None;
        }
        let (iana, body) = body.split_first_chunk()?;
        let (&[kind, tag, reserved, length], body) = body.split_first_chunk()?;
        let (data, rest) = body.split_at_checked(length.into())?;
        let iana = u32::from_be_bytes(*iana);
        Some(Self { iana, kind, tag, reserved, data: data.to_vec(), rest: rest.to_vec() })
    }

    /// The whole datagram; data beyond 255 bytes are cut.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let length = u8::try_from(self.data.len()).unwrap_or(u8::MAX);
        let mut out = Vec::with_capacity(12 + self.data.len() + self.rest.len());
        out.extend_from_slice(&rmcp::ASF);
        out.extend_from_slice(&self.iana.to_be_bytes());
        out.extend_from_slice(&[self.kind, self.tag, self.reserved, length]);
        out.extend(self.data.iter().take(length.into()));
        out.extend_from_slice(&self.rest);
        out
    }

    /// Whether [`Asf::to_json`] shows all of it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.iana == IANA && self.reserved == 0 && self.rest.is_empty()
    }

    /// The message that a transcript's `"asf"` object stands for; `None` if it is none.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let kind = match value.get("type")?.as_str()? {
            "ping" => PING,
            "pong" => PONG,
            other => u8::from_str_radix(other.strip_prefix("0x")?, 16).ok()?,
        };
        let tag = u8::try_from(value.get("tag")?.as_u64()?).ok()?;
        let data = unhex(value.get("data")?.as_str()?).ok()?;
        Some(Self { iana: IANA, kind, tag, reserved: 0, data, rest: Vec::new() })
    }

    /// As a transcript's `"asf"` object has it: `{"type":"ping","tag":0,"data":""}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let kind = match self.kind {
            PING => "ping".to_owned(),
            PONG => "pong".to_owned(),
            other => format!("{other:#04x}"),
        };
        json!({ "type": kind, "tag": self.tag, "data": hex(&self.data) })
    }
}

#[cfg(test)]
mod tests {
    use super::Asf;

    #[test]
    fn pong_has_the_bytes_of_ipmi_sim() {
        let expected = [
            0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x40, 0x00, 0x00, 0x10, 0x00, 0x00, 0x11, 0xbe,
            0, 0, 0, 0, 0x81, 0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(Asf::pong(0).emit(), expected);
        assert_eq!(Asf::parse(&expected), Some(Asf::pong(0)));
        assert_eq!(Asf::from_json(&Asf::pong(7).to_json()), Some(Asf::pong(7)));
    }
}
