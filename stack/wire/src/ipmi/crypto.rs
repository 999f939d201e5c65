//! The algorithms of RMCP+ on RustCrypto's primitives: HMAC for RAKP and integrity (IPMI 2.0 §13.28), MD5-128
//! (§13.28.4), AES-CBC-128 (§13.29.2), and the keys made from the session integrity key (§13.32).

use super::cipher_suite::{Authentication, Confidentiality, Integrity, Suite};
use crate::Secret;
use aes::Aes128;
use aes::cipher::{Array, InnerIvInit};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;
use std::fmt;

/// A digest of up to 32 bytes, on the stack.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; 32],
    length: usize,
}

impl Digest {
    /// The first `length` bytes of `bytes`, at most 32.
    fn cut(bytes: &[u8], length: usize) -> Self {
        let mut digest = Self { bytes: [0; 32], length: length.min(bytes.len()).min(32) };
        for (to, from) in digest.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        digest
    }

    /// No bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self { bytes: [0; 32], length: 0 }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }

    /// Whether these are the bytes, in a time that does not depend on where they differ.
    #[must_use]
    pub fn is(&self, other: &[u8]) -> bool {
        self.length == other.len()
            && self.as_slice().iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

/// Shows the length only: a digest may be a key.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({} bytes)", self.length)
    }
}

/// One HMAC over several parts. A key of any length is allowed, so that making it cannot fail.
fn hmac_of<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Digest {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Digest::empty() };
    for part in parts {
        mac.update(part);
    }
    let code = mac.finalize().into_bytes();
    Digest::cut(&code, code.len())
}

/// The HMAC of an authentication algorithm over the parts, one after the other: 20, 16 or 32 bytes; empty for
/// RAKP-none. `None` for an unknown algorithm.
#[must_use]
pub fn hmac(algorithm: Authentication, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
    match algorithm {
        Authentication::None => Some(Digest::empty()),
        Authentication::HmacSha1 => Some(hmac_of::<Hmac<Sha1>>(key, parts)),
        Authentication::HmacMd5 => Some(hmac_of::<Hmac<Md5>>(key, parts)),
        Authentication::HmacSha256 => Some(hmac_of::<Hmac<Sha256>>(key, parts)),
        Authentication::Unknown(_) => None,
    }
}

/// Bytes of a key exchange authentication code (RAKP 2 and 3).
#[must_use]
pub fn code_length(algorithm: Authentication) -> usize {
    match algorithm {
        Authentication::HmacSha1 => 20,
        Authentication::HmacMd5 => 16,
        Authentication::HmacSha256 => 32,
        Authentication::None | Authentication::Unknown(_) => 0,
    }
}

/// Bytes of the integrity check value of RAKP 4 (IPMI 2.0 §13.28.1, §13.28.1b, §13.28.2): the code, cut.
#[must_use]
pub fn check_value_length(algorithm: Authentication) -> usize {
    match algorithm {
        Authentication::HmacSha1 => 12,
        Authentication::HmacMd5 | Authentication::HmacSha256 => 16,
        Authentication::None | Authentication::Unknown(_) => 0,
    }
}

/// [`hmac()`], cut to the length of RAKP 4's integrity check value.
#[must_use]
pub fn check_value(algorithm: Authentication, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
    let code = hmac(algorithm, key, parts)?;
    Some(Digest::cut(code.as_slice(), check_value_length(algorithm)))
}

/// Keyed integrity: the key's part of the work is done once a session.
#[derive(Clone)]
enum Signer {
    None,
    Sha1(Hmac<Sha1>),
    Md5(Hmac<Md5>),
    PlainMd5([u8; 20]),
    Sha256(Hmac<Sha256>),
}

/// The keys of one RMCP+ session, ready for use.
#[derive(Clone)]
pub struct Keys {
    signer: Signer,
    cipher: Option<Box<Aes128>>,
}

/// Shows nothing of the keys.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// Const_1 and Const_2 have 20 bytes with every algorithm (IPMI 2.0 §13.32, as the field implements it).
const CONSTANT_LENGTH: usize = 20;
/// AES works on blocks of this many bytes; so long is the IV, too.
const BLOCK: usize = 16;

impl Keys {
    /// No integrity, no confidentiality.
    #[must_use]
    pub fn none() -> Self {
        Self { signer: Signer::None, cipher: None }
    }

    /// K1 and K2 from the session integrity key (IPMI 2.0 §13.32); the password is needed by MD5-128 alone.
    /// `None` for algorithms that are not supported (xRC4, unknown ones), or for integrity or confidentiality
    /// without authentication, which would have no key.
    #[must_use]
    pub fn derive(suite: Suite, sik: &[u8], password: &Secret) -> Option<Self> {
        let keyed = suite.authentication != Authentication::None;
        let key = |byte: u8| hmac(suite.authentication, sik, &[&[byte; CONSTANT_LENGTH]]);
        let signer = match suite.integrity {
            Integrity::None => Signer::None,
            Integrity::Md5 if keyed => Signer::PlainMd5(password.padded()),
            Integrity::HmacSha1 if keyed => Signer::Sha1(Hmac::new_from_slice(key(1)?.as_slice()).ok()?),
            Integrity::HmacMd5 if keyed => Signer::Md5(Hmac::new_from_slice(key(1)?.as_slice()).ok()?),
            Integrity::HmacSha256 if keyed => Signer::Sha256(Hmac::new_from_slice(key(1)?.as_slice()).ok()?),
            _ => return None,
        };
        let cipher = match suite.confidentiality {
            Confidentiality::None => None,
            Confidentiality::AesCbc128 if keyed => {
                let k2 = key(2)?;
                Some(Box::new(Aes128::new(k2.as_slice().first_chunk::<BLOCK>()?.into())))
            }
            _ => return None,
        };
        Some(Self { signer, cipher })
    }

    /// Whether messages carry an integrity code.
    #[must_use]
    pub fn has_integrity(&self) -> bool {
        !matches!(self.signer, Signer::None)
    }

    /// Whether messages are encrypted.
    #[must_use]
    pub fn has_confidentiality(&self) -> bool {
        self.cipher.is_some()
    }

    /// The integrity code over these bytes: 12 or 16 bytes, or none.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Digest {
        fn finish<M: Mac + Clone>(keyed: &M, bytes: &[u8], length: usize) -> Digest {
            let mut mac = keyed.clone();
            mac.update(bytes);
            Digest::cut(&mac.finalize().into_bytes(), length)
        }
        match &self.signer {
            Signer::None => Digest::empty(),
            Signer::Sha1(keyed) => finish(keyed, bytes, 12),
            Signer::Md5(keyed) => finish(keyed, bytes, 16),
            Signer::Sha256(keyed) => finish(keyed, bytes, 16),
            Signer::PlainMd5(password) => {
                let mut md5 = Md5::new();
                md5.update(password);
                md5.update(bytes);
                md5.update(password);
                Digest::cut(&md5.finalize(), 16)
            }
        }
    }

    /// Bytes that [`Keys::sign`] gives.
    #[must_use]
    pub fn signature_length(&self) -> usize {
        match self.signer {
            Signer::None => 0,
            Signer::Sha1(_) => 12,
            Signer::Md5(_) | Signer::Sha256(_) | Signer::PlainMd5(_) => 16,
        }
    }

    /// Appends IV and ciphertext of `plain` (IPMI 2.0 §13.29.2): padded with 1, 2, 3 … and the pad's length.
    /// Without confidentiality appends `plain` itself.
    pub fn encrypt_into(&self, iv: &[u8; BLOCK], plain: &[u8], out: &mut Vec<u8>) {
        let Some(cipher) = &self.cipher else {
            out.extend_from_slice(plain);
            return;
        };
        out.extend_from_slice(iv);
        let start = out.len();
        out.extend_from_slice(plain);
        let pad = (BLOCK - 1 - plain.len() % BLOCK) as u8;
        out.extend(1..=pad);
        out.push(pad);
        let mut mode = cbc::Encryptor::<&Aes128>::inner_iv_init(cipher.as_ref(), iv.into());
        let (blocks, _) = Array::slice_as_chunks_mut(out.get_mut(start..).unwrap_or_default());
        mode.encrypt_blocks(blocks);
    }

    /// The plaintext of a payload that starts with its IV. `None` if it is no whole number of blocks or the
    /// padding is wrong. Without confidentiality the payload itself.
    #[must_use]
    pub fn decrypt(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let Some(cipher) = &self.cipher else { return Some(payload.to_vec()) };
        let (iv, text) = payload.split_first_chunk::<BLOCK>()?;
        if text.is_empty() || !text.len().is_multiple_of(BLOCK) {
            return None;
        }
        let mut plain = text.to_vec();
        let mut mode = cbc::Decryptor::<&Aes128>::inner_iv_init(cipher.as_ref(), iv.into());
        let (blocks, _) = Array::slice_as_chunks_mut(&mut plain);
        mode.decrypt_blocks(blocks);
        let pad = plain.pop()?;
        let length = plain.len().checked_sub(usize::from(pad))?;
        // Some BMCs pad with a whole block; ipmi_sim and others do not number the pad bytes, so that only the
        // length is trusted.
        if usize::from(pad) > BLOCK {
            return None;
        }
        plain.truncate(length);
        Some(plain)
    }
}
