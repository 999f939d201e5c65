//! Cipher suites of RMCP+: which algorithms an id stands for (IPMI 2.0 §22.15.2, table 22-20), and the records
//! in which Get Channel Cipher Suites lists them (§22.15.1).

/// An enum of wire values in which unknown ones survive.
macro_rules! algorithms {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// Any other number.
            Unknown(u8),
        }

        impl From<u8> for $name {
            fn from(value: u8) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<$name> for u8 {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => $value,)*
                    $name::Unknown(other) => other,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($text),)*
                    Self::Unknown(other) => write!(f, "{other:#04x}"),
                }
            }
        }
    };
}

algorithms! {
    /// How the two ends prove that they know the password (IPMI 2.0 §13.28, table 13-17).
    Authentication {
        /// 0: not at all.
        None = 0, "rakp-none";
        /// 1: HMAC-SHA1.
        HmacSha1 = 1, "rakp-hmac-sha1";
        /// 2: HMAC-MD5.
        HmacMd5 = 2, "rakp-hmac-md5";
        /// 3: HMAC-SHA256.
        HmacSha256 = 3, "rakp-hmac-sha256";
    }
}

algorithms! {
    /// How each message is protected against change (IPMI 2.0 §13.28.4, table 13-18).
    Integrity {
        /// 0: not at all.
        None = 0, "none";
        /// 1: HMAC-SHA1, 12 bytes.
        HmacSha1 = 1, "hmac-sha1-96";
        /// 2: HMAC-MD5, 16 bytes.
        HmacMd5 = 2, "hmac-md5-128";
        /// 3: MD5 over password, message, password, 16 bytes.
        Md5 = 3, "md5-128";
        /// 4: HMAC-SHA256, 16 bytes.
        HmacSha256 = 4, "hmac-sha256-128";
    }
}

algorithms! {
    /// How each message is hidden (IPMI 2.0 §13.29, table 13-19).
    Confidentiality {
        /// 0: not at all.
        None = 0, "none";
        /// 1: AES-CBC with 128-bit keys.
        AesCbc128 = 1, "aes-cbc-128";
        /// 2: xRC4 with 128-bit keys; not supported here.
        Xrc4_128 = 2, "xrc4-128";
        /// 3: xRC4 with 40-bit keys; not supported here.
        Xrc4_40 = 3, "xrc4-40";
    }
}

/// The three algorithms of a session.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Suite {
    /// Authentication.
    pub authentication: Authentication,
    /// Integrity.
    pub integrity: Integrity,
    /// Confidentiality.
    pub confidentiality: Confidentiality,
}

use Authentication as A;
use Confidentiality as C;
use Integrity as I;

/// Table 22-20: position = cipher suite id.
const TABLE: [(A, I, C); 20] = [
    (A::None, I::None, C::None),
    (A::HmacSha1, I::None, C::None),
    (A::HmacSha1, I::HmacSha1, C::None),
    (A::HmacSha1, I::HmacSha1, C::AesCbc128),
    (A::HmacSha1, I::HmacSha1, C::Xrc4_128),
    (A::HmacSha1, I::HmacSha1, C::Xrc4_40),
    (A::HmacMd5, I::None, C::None),
    (A::HmacMd5, I::HmacMd5, C::None),
    (A::HmacMd5, I::HmacMd5, C::AesCbc128),
    (A::HmacMd5, I::HmacMd5, C::Xrc4_128),
    (A::HmacMd5, I::HmacMd5, C::Xrc4_40),
    (A::HmacMd5, I::Md5, C::None),
    (A::HmacMd5, I::Md5, C::AesCbc128),
    (A::HmacMd5, I::Md5, C::Xrc4_128),
    (A::HmacMd5, I::Md5, C::Xrc4_40),
    (A::HmacSha256, I::None, C::None),
    (A::HmacSha256, I::HmacSha256, C::None),
    (A::HmacSha256, I::HmacSha256, C::AesCbc128),
    (A::HmacSha256, I::HmacSha256, C::Xrc4_128),
    (A::HmacSha256, I::HmacSha256, C::Xrc4_40),
];

/// Ids that both [`super::server`] and [`super::client`] can speak, best first: all but those with xRC4.
pub const SUPPORTED: [u8; 12] = [17, 3, 16, 2, 15, 1, 8, 12, 7, 11, 6, 0];

impl Suite {
    /// The algorithms of a standard id; `None` for an OEM or unknown one.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        TABLE.get(usize::from(id)).map(|&(authentication, integrity, confidentiality)| Self {
            authentication,
            integrity,
            confidentiality,
        })
    }

    /// The standard id of these algorithms; `None` for a combination that has none.
    #[must_use]
    pub fn id(self) -> Option<u8> {
        let wanted = (self.authentication, self.integrity, self.confidentiality);
        TABLE.iter().position(|&row| row == wanted).and_then(|id| u8::try_from(id).ok())
    }

    /// Whether this crate has all three algorithms: all but xRC4 and unknown ones.
    #[must_use]
    pub fn is_supported(self) -> bool {
        !matches!(self.authentication, A::Unknown(_))
            && !matches!(self.integrity, I::Unknown(_))
            && matches!(self.confidentiality, C::None | C::AesCbc128)
    }

    /// Appends the record of this suite (IPMI 2.0 §22.15.1): start byte, id, one tagged byte an algorithm.
    pub fn emit_record(self, id: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(&[
            0xc0,
            id,
            u8::from(self.authentication) & 0x3f,
            0x40 | u8::from(self.integrity) & 0x3f,
            0x80 | u8::from(self.confidentiality) & 0x3f,
        ]);
    }
}

/// The ids in a list of cipher suite records, in their order; OEM records (0xC1) and stray bytes are skipped.
#[must_use]
pub fn ids_in_records(records: &[u8]) -> Vec<u8> {
    let mut ids = Vec::new();
    let mut rest = records;
    while let Some((&start, tail)) = rest.split_first() {
        rest = match (start, tail) {
            (0xc0, [id, tail @ ..]) => {
                ids.push(*id);
                tail
            }
            (0xc1, [_, _, _, _, tail @ ..]) => tail,
            (_, tail) => tail,
        };
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::{SUPPORTED, Suite, ids_in_records};

    #[test]
    fn ids_and_algorithms_agree() {
        for id in 0..=19 {
            assert_eq!(Suite::from_id(id).and_then(Suite::id), Some(id));
        }
        assert_eq!(Suite::from_id(20), None);
    }

    #[test]
    fn records_list_every_id() {
        let mut records = Vec::new();
        for id in SUPPORTED {
            Suite::from_id(id).unwrap().emit_record(id, &mut records);
        }
        assert_eq!(records[..5], [0xc0, 17, 0x03, 0x44, 0x81]);
        assert_eq!(ids_in_records(&records), SUPPORTED);
        assert_eq!(ids_in_records(&[0xc1, 0x80, 1, 2, 3, 1, 0x41, 0x81, 0xc0, 3, 1, 0x41, 0x81]), [3]);
    }
}
