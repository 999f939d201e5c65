//! What is negotiated: today's algorithms first, then those of devices that are twenty years old, which their agents still ask
//! for. And the keys that the lab shows.

use std::borrow::Cow;
use std::sync::OnceLock;

use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{Algorithm, HashAlg, PrivateKey};
use russh::{Preferred, cipher, compression, kex, mac};

const KEX: &[kex::Name] = &[
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G18_SHA512,
    kex::DH_G17_SHA512,
    kex::DH_G16_SHA512,
    kex::DH_G15_SHA512,
    kex::DH_G14_SHA256,
    kex::DH_GEX_SHA1,
    kex::DH_G14_SHA1,
    kex::DH_G1_SHA1,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    Algorithm::Rsa { hash: None },
];

const CIPHERS: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
    cipher::AES_256_CBC,
    cipher::AES_192_CBC,
    cipher::AES_128_CBC,
    cipher::TRIPLE_DES_CBC,
];

const MACS: &[mac::Name] = &[
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512,
    mac::HMAC_SHA256,
    mac::HMAC_SHA1_ETM,
    mac::HMAC_SHA1,
];

/// What is offered, in this order.
pub(super) fn preferred() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Borrowed(KEYS),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

/// The Ed25519 key is made of this.
const SEED: &[u8; 32] = b"fencelab lab key: protects none.";
/// To make an RSA key takes a second or two, longer than to start a thousand devices; to read this one takes less than a
/// millisecond.
const RSA: &str = include_str!("lab_key_that_protects_nothing.pem");

/// The keys of every emulated device. They are public, so they protect nothing; and they are the same in each run, so a client
/// that remembers them is not alarmed by the next one.
pub(super) fn keys() -> Vec<PrivateKey> {
    static MADE: OnceLock<Vec<PrivateKey>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let mut keys = vec![PrivateKey::from(Ed25519Keypair::from_seed(SEED))];
        match PrivateKey::from_openssh(RSA) {
            Ok(key) => keys.push(key),
            Err(error) => tracing::error!(%error, "the lab's RSA key cannot be read"),
        }
        keys
    });
    made.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_of_the_lab_can_be_read() {
        let kinds: Vec<bool> = keys().iter().map(|key| key.algorithm().is_rsa()).collect();
        assert_eq!(kinds, [false, true]);
    }
}
