//! Names and sizes of the algorithms.

use std::fmt;
use std::str::FromStr;

/// A name that stands for nothing here.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown {what} {name:?}; known are {known}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: &'static str,
}

/// Without case and hyphens: `sha-256`, `SHA256` and `Sha-256` are one.
fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect()
}

/// How messages are authenticated.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AuthProtocol {
    /// HMAC-MD5-96 (RFC 3414 §6).
    Md5,
    /// HMAC-SHA-96 (RFC 3414 §7).
    Sha1,
    /// HMAC-128-SHA-224 (RFC 7860 §4.2.1).
    Sha224,
    /// HMAC-192-SHA-256.
    Sha256,
    /// HMAC-256-SHA-384.
    Sha384,
    /// HMAC-384-SHA-512.
    Sha512,
}

impl AuthProtocol {
    /// All of them, the weakest first.
    pub const ALL: [Self; 6] =
        [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Bytes of a key: the digest as a whole.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Bytes of msgAuthenticationParameters: the digest, cut.
    #[must_use]
    pub const fn code_length(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }

    /// As net-snmp writes it: `MD5`, `SHA`, `SHA-224` …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }
}

impl fmt::Display for AuthProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for AuthProtocol {
    type Err = UnknownName;

    /// Without regard to case and hyphens; `SHA1` is `SHA`.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Ok(match plain(name).as_str() {
            "MD5" => Self::Md5,
            "SHA" | "SHA1" => Self::Sha1,
            "SHA224" => Self::Sha224,
            "SHA256" => Self::Sha256,
            "SHA384" => Self::Sha384,
            "SHA512" => Self::Sha512,
            _ => {
                let known = "MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512";
                return Err(UnknownName { what: "authentication protocol", name: name.to_owned(), known });
            }
        })
    }
}

/// How messages are encrypted.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PrivProtocol {
    /// CBC-DES (RFC 3414 §8).
    Des,
    /// 3DES-EDE in CBC (draft-reeder-snmpv3-usm-3desede-00).
    TripleDes,
    /// CFB128-AES-128 (RFC 3826).
    Aes128,
    /// CFB128-AES-192, key extended as draft-blumenthal-aes-usm-04 §3.1.2.1 has it.
    Aes192,
    /// CFB128-AES-256, the same.
    Aes256,
    /// CFB128-AES-192, key extended as for 3DES: Cisco's devices and others.
    Aes192Cisco,
    /// CFB128-AES-256, the same.
    Aes256Cisco,
}

impl PrivProtocol {
    /// All of them, the weakest first.
    pub const ALL: [Self; 7] = [
        Self::Des,
        Self::TripleDes,
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
        Self::Aes192Cisco,
        Self::Aes256Cisco,
    ];

    /// Bytes of the localised key, with the pre-IV of DES and 3DES.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::Des | Self::Aes128 => 16,
            Self::Aes192 | Self::Aes192Cisco => 24,
            Self::TripleDes | Self::Aes256 | Self::Aes256Cisco => 32,
        }
    }

    /// As net-snmp writes it: `DES`, `AES`, `AES-192` … Cisco's variants end in `-C`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Des => "DES",
            Self::TripleDes => "3DES",
            Self::Aes128 => "AES",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
            Self::Aes192Cisco => "AES-192-C",
            Self::Aes256Cisco => "AES-256-C",
        }
    }
}

impl fmt::Display for PrivProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PrivProtocol {
    type Err = UnknownName;

    /// Without regard to case and hyphens; `AES128` is `AES`, `3DES-EDE` is `3DES`.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Ok(match plain(name).as_str() {
            "DES" => Self::Des,
            "3DES" | "3DESEDE" => Self::TripleDes,
            "AES" | "AES128" => Self::Aes128,
            "AES192" => Self::Aes192,
            "AES256" => Self::Aes256,
            "AES192C" => Self::Aes192Cisco,
            "AES256C" => Self::Aes256Cisco,
            _ => {
                let known = "DES, 3DES, AES, AES-192, AES-256, AES-192-C, AES-256-C";
                return Err(UnknownName { what: "privacy protocol", name: name.to_owned(), known });
            }
        })
    }
}

/// How a message is protected (RFC 3411 §3.4.3).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// Neither authenticated nor encrypted.
    #[default]
    NoAuthNoPriv,
    /// Authenticated.
    AuthNoPriv,
    /// Authenticated and encrypted.
    AuthPriv,
}

impl Level {
    /// All of them, the weakest first.
    pub const ALL: [Self; 3] = [Self::NoAuthNoPriv, Self::AuthNoPriv, Self::AuthPriv];

    /// As RFC 3411 writes it: `noAuthNoPriv`, `authNoPriv`, `authPriv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAuthNoPriv => "noAuthNoPriv",
            Self::AuthNoPriv => "authNoPriv",
            Self::AuthPriv => "authPriv",
        }
    }

    /// Whether messages are authenticated.
    #[must_use]
    pub const fn is_authenticated(self) -> bool {
        !matches!(self, Self::NoAuthNoPriv)
    }

    /// Whether messages are encrypted.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::AuthPriv)
    }

    /// The two bits of msgFlags (RFC 3412 §6.4).
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::NoAuthNoPriv => 0,
            Self::AuthNoPriv => 1,
            Self::AuthPriv => 3,
        }
    }

    /// From msgFlags. `None`: encrypted but not authenticated, which must not be.
    #[must_use]
    pub const fn from_bits(flags: u8) -> Option<Self> {
        match flags & 3 {
            0 => Some(Self::NoAuthNoPriv),
            1 => Some(Self::AuthNoPriv),
            3 => Some(Self::AuthPriv),
            _ => None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = UnknownName;

    /// Without regard to case.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let known = "noAuthNoPriv, authNoPriv, authPriv";
        let unknown = || UnknownName { what: "security level", name: name.to_owned(), known };
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(name)).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::{AuthProtocol, Level, PrivProtocol};

    #[test]
    fn names_are_read_back_whatever_their_case() {
        for protocol in AuthProtocol::ALL {
            assert_eq!(protocol.name().parse(), Ok(protocol));
            assert_eq!(protocol.name().to_lowercase().replace('-', "").parse(), Ok(protocol));
        }
        for protocol in PrivProtocol::ALL {
            assert_eq!(protocol.name().parse(), Ok(protocol));
            assert_eq!(protocol.name().to_lowercase().replace('-', "").parse(), Ok(protocol));
        }
        for level in Level::ALL {
            assert_eq!(level.name().to_uppercase().parse(), Ok(level));
            assert_eq!(Level::from_bits(level.bits() | 4), Some(level));
        }
        assert_eq!(Level::from_bits(2), None);
    }

    #[test]
    fn unknown_names_say_what_is_known() {
        let error = "ROT13".parse::<PrivProtocol>().map_err(|error| error.to_string());
        let said = "unknown privacy protocol \"ROT13\"; known are DES, 3DES, AES, AES-192, AES-256, AES-192-C, AES-256-C";
        assert_eq!(error, Err(said.to_owned()));
    }
}
