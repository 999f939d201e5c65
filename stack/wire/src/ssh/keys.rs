//! The host keys that the lab shows.

use std::sync::OnceLock;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;

/// The Ed25519 key is made of this.
const SEED: &[u8; 32] = b"fencelab lab key: protects none.";
/// To make an RSA key takes a second or two, longer than to start a thousand devices; to read this one takes less than a
/// millisecond.
const RSA: &str = include_str!("lab_key_that_protects_nothing.pem");

/// The keys of every emulated device and of the recording proxy. They are public, so they protect nothing; and they are the same in each run, so a client
/// that remembers them is not alarmed by the next one.
#[must_use]
pub fn keys() -> Vec<PrivateKey> {
    static MADE: OnceLock<Vec<PrivateKey>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let mut keys = vec![PrivateKey::from(Ed25519Keypair::from_seed(SEED))];
        // That it can be read shows in the test below.
        keys.extend(PrivateKey::from_openssh(RSA));
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
