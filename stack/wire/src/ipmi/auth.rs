//! Authentication types of IPMI v1.5 sessions (IPMI 2.0 §22.13, §13.6) and their codes (§22.17.1).

use crate::Secret;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How each message of an IPMI v1.5 session is authenticated; `RmcpPlus` in its place marks an RMCP+ header.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthType {
    /// 0: not at all.
    None,
    /// 1: MD2 (not supported by [`code`]).
    Md2,
    /// 2: MD5.
    Md5,
    /// 4: the password itself, in the clear.
    Password,
    /// 5: OEM.
    Oem,
    /// 6: the header is that of RMCP+.
    #[serde(rename = "rmcp+")]
    RmcpPlus,
    /// Any other.
    Unknown(u8),
}

impl AuthType {
    /// The bit that stands for it in Get Channel Authentication Capabilities (IPMI 2.0 §22.13).
    #[must_use]
    pub fn capability_bit(self) -> u8 {
        match u8::from(self) {
            bit @ 0..=5 => 1 << bit,
            _ => 0,
        }
    }
}

impl From<u8> for AuthType {
    fn from(value: u8) -> Self {
        match value {
            0 => Self::None,
            1 => Self::Md2,
            2 => Self::Md5,
            4 => Self::Password,
            5 => Self::Oem,
            6 => Self::RmcpPlus,
            other => Self::Unknown(other),
        }
    }
}

impl From<AuthType> for u8 {
    fn from(value: AuthType) -> Self {
        match value {
            AuthType::None => 0,
            AuthType::Md2 => 1,
            AuthType::Md5 => 2,
            AuthType::Password => 4,
            AuthType::Oem => 5,
            AuthType::RmcpPlus => 6,
            AuthType::Unknown(other) => other,
        }
    }
}

impl fmt::Display for AuthType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Md2 => f.write_str("md2"),
            Self::Md5 => f.write_str("md5"),
            Self::Password => f.write_str("password"),
            Self::Oem => f.write_str("oem"),
            Self::RmcpPlus => f.write_str("rmcp+"),
            Self::Unknown(value) => write!(f, "{value}"),
        }
    }
}

/// The 16-byte authentication code over one message (IPMI 2.0 §22.17.1): MD5 of password, session id,
/// message, session sequence number, password; or the password itself. `None` for a type that has no code
/// here (none, MD2, OEM).
#[must_use]
pub fn code(auth: AuthType, password: &Secret, id: u32, sequence: u32, message: &[u8]) -> Option<[u8; 16]> {
    let password = password.padded::<16>();
    match auth {
        AuthType::Password => Some(password),
        AuthType::Md5 => {
            let mut md5 = Md5::new();
            md5.update(password);
            md5.update(id.to_le_bytes());
            md5.update(message);
            md5.update(sequence.to_le_bytes());
            md5.update(password);
            Some(md5.finalize().into())
        }
        _ => None,
    }
}
