//! The IPMI v1.5 session header (IPMI 2.0 §13.6, table 13-8, left column).

use super::{AuthType, auth, rmcp};
use crate::Secret;

/// An IPMI v1.5 datagram after the RMCP header, as it came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet<'a> {
    /// Authentication type; [`AuthType::RmcpPlus`] never stands here.
    pub auth: AuthType,
    /// Session sequence number; 0 outside a session.
    pub sequence: u32,
    /// Session id; 0 outside a session.
    pub id: u32,
    /// Authentication code; none if the type is [`AuthType::None`].
    pub code: Option<[u8; 16]>,
    /// The IPMI message.
    pub payload: &'a [u8],
    /// Bytes beyond the length that the header claims: the legacy pad (one byte), or a peer's mistake.
    pub rest: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads what follows the RMCP header. `None` if it is RMCP+ or cut short.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let (&auth, body) = body.split_first()?;
        let auth = AuthType::from(auth);
        if auth == AuthType::RmcpPlus {
            return None;
        }
        let (sequence, body) = body.split_first_chunk()?;
        let (id, body) = body.split_first_chunk()?;
        let (code, body) = if auth == AuthType::None {
            (None, body)
        } else {
            let (code, body) = body.split_first_chunk()?;
            (Some(*code), body)
        };
        let (&length, body) = body.split_first()?;
        let (payload, rest) = body.split_at_checked(length.into())?;
        let (sequence, id) = (u32::from_le_bytes(*sequence), u32::from_le_bytes(*id));
        Some(Self { auth, sequence, id, code, payload, rest })
    }

    /// The whole datagram, RMCP header included; a payload beyond 255 bytes is cut.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let length = u8::try_from(self.payload.len()).unwrap_or(u8::MAX);
        let mut out = Vec::with_capacity(rmcp::LENGTH + 26 + self.payload.len() + self.rest.len());
        out.extend_from_slice(&rmcp::IPMI);
        out.push(self.auth.into());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.id.to_le_bytes());
        if let Some(code) = &self.code {
            out.extend_from_slice(code);
        }
        out.push(length);
        out.extend(self.payload.iter().take(length.into()));
        out.extend_from_slice(self.rest);
        out
    }

    /// A datagram outside any session.
    #[must_use]
    pub fn sessionless(payload: &'a [u8]) -> Self {
        Self { auth: AuthType::None, sequence: 0, id: 0, code: None, payload, rest: &[] }
    }

    /// A datagram of a session, with its authentication code. `None` for a type that cannot be computed here.
    #[must_use]
    pub fn signed(
        auth: AuthType,
        password: &Secret,
        id: u32,
        sequence: u32,
        payload: &'a [u8],
    ) -> Option<Self> {
        let code = match auth {
            AuthType::None => None,
            _ => Some(auth::code(auth, password, id, sequence, payload)?),
        };
        Some(Self { auth, sequence, id, code, payload, rest: &[] })
    }

    /// Whether the authentication code is the one that this password makes. A packet without authentication
    /// has nothing to prove and is never proven.
    #[must_use]
    pub fn is_signed_with(&self, password: &Secret) -> bool {
        let expected = auth::code(self.auth, password, self.id, self.sequence, self.payload);
        expected.is_some() && expected == self.code
    }
}
