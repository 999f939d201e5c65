//! Keys from passphrases.

use super::cipher::Cipher;
use super::digest::{Signer, hash};
use super::{AuthProtocol, Digest, PrivProtocol, User};
use crate::Secret;
use std::fmt;

/// Bytes of repeated passphrase that are hashed.
const MEGABYTE: usize = 1 << 20;

/// Ku: the hash over the passphrase, repeated to 1,048,576 bytes (RFC 3414 A.2). Takes milliseconds, on purpose. An empty
/// passphrase, which RFC 3414 does not allow, counts as one zero byte.
#[must_use]
pub fn password_to_key(protocol: AuthProtocol, passphrase: &[u8]) -> Secret {
    let passphrase = if passphrase.is_empty() { &[0] } else { passphrase };
    // Whole copies of the passphrase, so that one may follow the other.
    let copies = passphrase.repeat((4096 / passphrase.len()).max(1));
    let whole = MEGABYTE / copies.len();
    let rest = copies.get(..MEGABYTE % copies.len()).unwrap_or_default();
    let parts = std::iter::repeat_n(copies.as_slice(), whole).chain([rest]);
    Secret::new(hash(protocol, parts).as_slice())
}

/// Kul: the key for one engine (RFC 3414 §2.6).
#[must_use]
pub fn localize(protocol: AuthProtocol, ku: &Secret, engine_id: &[u8]) -> Secret {
    Secret::new(hash(protocol, [ku.expose(), engine_id, ku.expose()]).as_slice())
}

/// Makes a localised key at least `length` bytes long: each time the hash over all so far is appended
/// (draft-blumenthal-aes-usm-04 §3.1.2.1).
#[must_use]
pub fn extend_blumenthal(protocol: AuthProtocol, kul: &Secret, length: usize) -> Secret {
    let mut key = kul.expose().to_vec();
    while key.len() < length {
        let more = hash(protocol, [key.as_slice()]);
        key.extend_from_slice(more.as_slice());
    }
    Secret::new(key)
}

/// Makes a localised key at least `length` bytes long: the last part, taken as a passphrase, gives the next
/// (draft-reeder-snmpv3-usm-3desede-00 §2.1). Takes milliseconds when there is something to add.
#[must_use]
pub fn extend_reeder(protocol: AuthProtocol, kul: &Secret, engine_id: &[u8], length: usize) -> Secret {
    let mut key = kul.expose().to_vec();
    let mut last = kul.clone();
    while key.len() < length {
        last = localize(protocol, &password_to_key(protocol, last.expose()), engine_id);
        key.extend_from_slice(last.expose());
    }
    Secret::new(key)
}

/// The localised key of a privacy protocol, long enough for it.
pub(super) fn privacy_key(
    auth: AuthProtocol,
    privacy: PrivProtocol,
    ku: &Secret,
    engine_id: &[u8],
) -> Secret {
    let kul = localize(auth, ku, engine_id);
    match privacy {
        PrivProtocol::TripleDes | PrivProtocol::Aes192Cisco | PrivProtocol::Aes256Cisco => {
            extend_reeder(auth, &kul, engine_id, privacy.key_length())
        }
        PrivProtocol::Aes192 | PrivProtocol::Aes256 => extend_blumenthal(auth, &kul, privacy.key_length()),
        // Every hash is long enough for these.
        PrivProtocol::Des | PrivProtocol::Aes128 => kul,
    }
}

/// A user's keys for one engine, ready for use. Made by [`User::localize`]; making them costs a few microseconds, and
/// milliseconds where the key is extended as Reeder has it, so they are worth keeping.
pub struct LocalKeys {
    signer: Option<Signer>,
    cipher: Option<Cipher>,
}

/// Shows nothing of the keys.
impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKeys(***)")
    }
}

impl LocalKeys {
    pub(super) fn new(user: &User, engine_id: &[u8]) -> Self {
        let signer = user.auth_key().and_then(|(protocol, ku)| {
            let kul = localize(protocol, ku, engine_id);
            Signer::new(protocol, kul.expose())
        });
        let cipher = user.privacy_key().and_then(|(auth, privacy, ku)| {
            let key = privacy_key(auth, privacy, ku, engine_id);
            Cipher::new(privacy, key.expose())
        });
        Self { signer, cipher }
    }

    /// Bytes of msgAuthenticationParameters; 0 without authentication.
    #[must_use]
    pub fn code_length(&self) -> usize {
        self.signer.as_ref().map_or(0, |signer| signer.protocol().code_length())
    }

    /// msgAuthenticationParameters over the whole message, in which they are zero (RFC 3414 §6.3.1). The message may come
    /// in parts. `None` without authentication.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> Option<Digest> {
        self.signer.as_ref().map(|signer| signer.sign(parts))
    }

    /// Encrypts a scoped PDU in place and gives msgPrivacyParameters. `salt` must not come twice within one `boots` (of
    /// DES's, its low 32 bits). `None`, and the text untouched, without privacy.
    #[must_use]
    pub fn encrypt(&self, boots: u32, time: u32, salt: u64, text: &mut Vec<u8>) -> Option<[u8; 8]> {
        self.cipher.as_ref().map(|cipher| cipher.encrypt(boots, time, salt, text))
    }

    /// The scoped PDU, with what padding may follow it. `None` without privacy, or if a length cannot be. A wrong key
    /// gives bytes without sense: only reading them tells.
    #[must_use]
    pub fn decrypt(&self, boots: u32, time: u32, parameters: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        self.cipher.as_ref()?.decrypt(boots, time, parameters, text)
    }
}

#[cfg(test)]
mod tests {
    use super::{extend_blumenthal, extend_reeder, localize, password_to_key};
    use crate::Secret;
    use crate::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};

    fn hex(secret: &Secret) -> String {
        secret.expose().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    #[test]
    fn rfc_3414_a_3_1_md5() {
        let ku = password_to_key(AuthProtocol::Md5, b"maplesyrup");
        assert_eq!(hex(&ku), "9faf3283884e92834ebc9847d8edd963");
        assert_eq!(hex(&localize(AuthProtocol::Md5, &ku, &ENGINE)), "526f5eed9fcce26f8964c2930787d82b");
    }

    #[test]
    fn rfc_3414_a_3_2_sha() {
        let ku = password_to_key(AuthProtocol::Sha1, b"maplesyrup");
        assert_eq!(hex(&ku), "9fb5cc0381497b3793528939ff788d5d79145211");
        let kul = localize(AuthProtocol::Sha1, &ku, &ENGINE);
        assert_eq!(hex(&kul), "6695febc9288e36282235fc7151f128497b38f3f");
    }

    /// draft-reeder-snmpv3-usm-3desede-00, B.1 and B.2.
    #[test]
    fn reeder_extends_the_vectors_of_rfc_3414() {
        let kul = |protocol| localize(protocol, &password_to_key(protocol, b"maplesyrup"), &ENGINE);
        let key = extend_reeder(AuthProtocol::Md5, &kul(AuthProtocol::Md5), &ENGINE, 32);
        assert_eq!(hex(&key), "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12");
        let key = extend_reeder(AuthProtocol::Sha1, &kul(AuthProtocol::Sha1), &ENGINE, 32);
        assert_eq!(
            hex(&key),
            "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9cd2d5065547743fb5"
        );
    }

    #[test]
    fn keys_are_extended_only_as_far_as_needed() {
        let kul = Secret::new([7; 20]);
        assert_eq!(extend_blumenthal(AuthProtocol::Sha1, &kul, 20), kul);
        assert_eq!(extend_blumenthal(AuthProtocol::Sha1, &kul, 21).expose().len(), 40);
        assert_eq!(extend_blumenthal(AuthProtocol::Md5, &Secret::new([7; 16]), 33).expose().len(), 48);
        assert_eq!(extend_reeder(AuthProtocol::Sha1, &kul, &ENGINE, 20), kul);
    }

    #[test]
    fn long_and_empty_passphrases_are_hashed_too() {
        let long = vec![b'x'; 10_000];
        // All bytes alike: the length of the passphrase does not count.
        let short = password_to_key(AuthProtocol::Sha256, b"x");
        assert_eq!(password_to_key(AuthProtocol::Sha256, &long), short);
        assert_ne!(password_to_key(AuthProtocol::Sha256, b""), short);
    }

    /// net-snmp has no 3DES: these bytes are what pysnmp 7.1 makes with boots 3 of the bytes 0 to 60.
    #[test]
    fn triple_des_as_another_implementation_has_it() {
        let secret = || Secret::from("maplesyrup");
        for (auth, expected) in [
            (
                AuthProtocol::Md5,
                "e96c58dc2c62d2b33cbe1507a06bb9198341d7d580badcedc86fb3205ba0fc05\
                 73ab48c30694e00ac712d8b8a1676cd6971a87bd560534a2871a7bdb260a129e",
            ),
            (
                AuthProtocol::Sha1,
                "e88d765745be188595e776ddb50894dd47c90fcfee49f6841489cca43587ccaf\
                 cad459bfc31d58c13ab6375afebb30beb9d7b1005e10d932b989b3d56cf16e16",
            ),
        ] {
            let user = User::new("u", Some((auth, secret())), Some((PrivProtocol::TripleDes, secret())));
            let mut text = (0..61).collect();
            let parameters = user.localize(&ENGINE).encrypt(3, 4, 0x7d65_99b4, &mut text);
            assert_eq!(parameters, Some([0, 0, 0, 3, 0x7d, 0x65, 0x99, 0xb4]));
            assert_eq!(hex(&Secret::new(text)), expected);
        }
    }

    /// RFC 7860 and draft-blumenthal-aes-usm-04 have no vectors: net-snmp is the oracle (tests/snmp_net_snmp.rs).
    #[test]
    fn what_is_encrypted_is_decrypted_and_the_key_matters() {
        for privacy in PrivProtocol::ALL {
            let user = |pass: &str| {
                let secret = Secret::from(pass);
                User::new("u", Some((AuthProtocol::Md5, secret.clone())), Some((privacy, secret)))
            };
            assert_eq!(user("one").level(), Level::AuthPriv);
            let (keys, other) = (user("one").localize(&ENGINE), user("two").localize(&ENGINE));
            let plain: Vec<u8> = (0..61).collect();
            let mut text = plain.clone();
            let parameters = keys.encrypt(3, 4, 0x0102_0304_0506_0708, &mut text).expect("it has privacy");
            assert!(!text.starts_with(&plain), "{privacy}");
            let read = keys.decrypt(3, 4, &parameters, &text).expect("lengths fit");
            assert!(read.starts_with(&plain), "{privacy}");
            assert!(read.len() < plain.len() + 8);
            assert!(!other.decrypt(3, 4, &parameters, &text).expect("lengths fit").starts_with(&plain));
            assert_eq!(keys.decrypt(3, 4, &parameters[1..], &text), None);
        }
    }
}
