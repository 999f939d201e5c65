//! Privilege levels (IPMI 2.0 §6.8; always the low four bits of a byte).

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// What a user or a session may do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Privilege {
    /// 1: may only start a callback.
    Callback,
    /// 2: may read.
    User,
    /// 3: may also act, but not configure.
    Operator,
    /// 4: may do everything.
    Administrator,
    /// 5: as the vendor says.
    Oem,
    /// Any other value; 0 asks for "no change" or "the highest that fits", 15 means "no access".
    Unknown(u8),
}

impl Privilege {
    /// 0: in Set Session Privilege Level "no change", in Open Session "the highest that fits".
    pub const HIGHEST: Self = Self::Unknown(0);
    /// 15: no access (IPMI 2.0 §22.26).
    pub const NONE: Self = Self::Unknown(15);

    /// The level in the low four bits of a byte; the upper four are somebody else's.
    #[must_use]
    pub fn from_bits(byte: u8) -> Self {
        Self::from(byte & 0x0f)
    }

    /// The name in lower case, as `device.toml` writes it; an unknown level as its number.
    #[must_use]
    pub fn name(self) -> String {
        self.to_string()
    }
}

impl From<u8> for Privilege {
    fn from(value: u8) -> Self {
        match value {
            1 => Self::Callback,
            2 => Self::User,
            3 => Self::Operator,
            4 => Self::Administrator,
            5 => Self::Oem,
            other => Self::Unknown(other),
        }
    }
}

impl From<Privilege> for u8 {
    fn from(value: Privilege) -> Self {
        match value {
            Privilege::Callback => 1,
            Privilege::User => 2,
            Privilege::Operator => 3,
            Privilege::Administrator => 4,
            Privilege::Oem => 5,
            Privilege::Unknown(other) => other,
        }
    }
}

/// By the number on the wire; only the five named levels mean anything in a comparison.
impl Ord for Privilege {
    fn cmp(&self, other: &Self) -> Ordering {
        u8::from(*self).cmp(&u8::from(*other))
    }
}

impl PartialOrd for Privilege {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Callback => f.write_str("callback"),
            Self::User => f.write_str("user"),
            Self::Operator => f.write_str("operator"),
            Self::Administrator => f.write_str("administrator"),
            Self::Oem => f.write_str("oem"),
            Self::Unknown(value) => write!(f, "{value}"),
        }
    }
}

impl FromStr for Privilege {
    type Err = String;

    /// Names in any case, `admin` for short.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "callback" => Ok(Self::Callback),
            "user" => Ok(Self::User),
            "operator" => Ok(Self::Operator),
            "administrator" | "admin" => Ok(Self::Administrator),
            "oem" => Ok(Self::Oem),
            _ => Err(format!(
                "no privilege level \"{text}\"; say callback, user, operator, administrator or oem"
            )),
        }
    }
}

/// The name; an unknown level as a number.
impl Serialize for Privilege {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(value) => serializer.serialize_u8(*value),
            named => serializer.collect_str(named),
        }
    }
}

/// The name or the number.
impl<'de> Deserialize<'de> for Privilege {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrNumber;
        impl Visitor<'_> for NameOrNumber {
            type Value = Privilege;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("callback, user, operator, administrator, oem or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Privilege, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Privilege, E> {
                u8::try_from(value)
                    .map(Privilege::from)
                    .map_err(|_| E::custom(format_args!("privilege level {value} does not fit in a byte")))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Privilege, E> {
                u8::try_from(value)
                    .map(Privilege::from)
                    .map_err(|_| E::custom(format_args!("privilege level {value} does not fit in a byte")))
            }
        }
        deserializer.deserialize_any(NameOrNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::Privilege;

    #[test]
    fn every_byte_survives() {
        for byte in 0..=255 {
            assert_eq!(u8::from(Privilege::from(byte)), byte);
            let text = serde_json::to_string(&Privilege::from(byte)).unwrap();
            assert_eq!(serde_json::from_str::<Privilege>(&text).unwrap(), Privilege::from(byte));
        }
    }

    #[test]
    fn a_wrong_name_says_what_to_write() {
        let error = serde_json::from_str::<Privilege>("\"root\"").unwrap_err().to_string();
        assert!(error.contains("say callback, user, operator"), "{error}");
    }
}
