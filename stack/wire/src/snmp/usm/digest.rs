//! Hashes and keyed hashes, chosen at run time.

use super::AuthProtocol;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use std::fmt;

/// A digest of up to 64 bytes, on the stack.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; 64],
    length: usize,
}

impl Digest {
    fn cut(bytes: &[u8], length: usize) -> Self {
        let mut digest = Self { bytes: [0; 64], length: length.min(bytes.len()).min(64) };
        for (to, from) in digest.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        digest
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Whether these are the bytes, in a time that does not depend on where they differ.
    #[must_use]
    pub fn is(&self, other: &[u8]) -> bool {
        is_same(self.as_slice(), other)
    }
}

/// Shows the length only: a digest may be a key.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({} bytes)", self.length)
    }
}

/// Compares secrets in a time that tells nothing but their lengths.
pub(in crate::snmp) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// The hash over the parts, one after the other.
pub(super) fn hash<'a>(protocol: AuthProtocol, parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    fn of<'a, H: md5::Digest>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
        let mut hash = H::new();
        parts.into_iter().for_each(|part| hash.update(part));
        let digest = hash.finalize();
        Digest::cut(&digest, digest.len())
    }
    match protocol {
        AuthProtocol::Md5 => of::<Md5>(parts),
        AuthProtocol::Sha1 => of::<Sha1>(parts),
        AuthProtocol::Sha224 => of::<Sha224>(parts),
        AuthProtocol::Sha256 => of::<Sha256>(parts),
        AuthProtocol::Sha384 => of::<Sha384>(parts),
        AuthProtocol::Sha512 => of::<Sha512>(parts),
    }
}

/// HMAC with a key: the key's part of the work is done once.
#[derive(Clone)]
pub(super) enum Signer {
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Signer {
    /// `None` cannot be: HMAC takes keys of any length.
    pub(super) fn new(protocol: AuthProtocol, key: &[u8]) -> Option<Self> {
        Some(match protocol {
            AuthProtocol::Md5 => Self::Md5(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha1 => Self::Sha1(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha224 => Self::Sha224(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha256 => Self::Sha256(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha384 => Self::Sha384(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha512 => Self::Sha512(Hmac::new_from_slice(key).ok()?),
        })
    }

    pub(super) fn protocol(&self) -> AuthProtocol {
        match self {
            Self::Md5(_) => AuthProtocol::Md5,
            Self::Sha1(_) => AuthProtocol::Sha1,
            Self::Sha224(_) => AuthProtocol::Sha224,
            Self::Sha256(_) => AuthProtocol::Sha256,
            Self::Sha384(_) => AuthProtocol::Sha384,
            Self::Sha512(_) => AuthProtocol::Sha512,
        }
    }

    /// The code over the parts, one after the other, cut to what a message carries.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Digest {
        fn of<M: Mac + Clone>(keyed: &M, parts: &[&[u8]], length: usize) -> Digest {
            let mut mac = keyed.clone();
            parts.iter().for_each(|part| mac.update(part));
            Digest::cut(&mac.finalize().into_bytes(), length)
        }
        let length = self.protocol().code_length();
        match self {
            Self::Md5(keyed) => of(keyed, parts, length),
            Self::Sha1(keyed) => of(keyed, parts, length),
            Self::Sha224(keyed) => of(keyed, parts, length),
            Self::Sha256(keyed) => of(keyed, parts, length),
            Self::Sha384(keyed) => of(keyed, parts, length),
            Self::Sha512(keyed) => of(keyed, parts, length),
        }
    }
}
