//! What a datagram is, by its bytes.

use std::collections::BTreeSet;

use fencelab_wire::corosync::knet::Body;
use fencelab_wire::corosync::{Knet, Malformed, Totem, totem};

/// What a datagram says.
pub(super) enum Said {
    /// A packet of knet.
    Knet(Knet),
    /// A message of totem without knet: the transports `udp` and `udpu`.
    Totem(Totem),
    /// Nothing that could be read without the cluster's key.
    Encrypted,
    /// It begins like one of them, and does not go on so.
    Malformed(Malformed),
}

/// Whether these bytes show by themselves that corosync is spoken here: a message of totem, or knet's heartbeat.
pub(super) fn is_spoken(bytes: &[u8]) -> bool {
    let is_totem = |bytes: &[u8]| Totem::parse(bytes).is_ok_and(|totem| totem.version == totem::VERSION);
    is_totem(bytes)
        || Knet::is_spoken(bytes)
            && Knet::parse(bytes).is_ok_and(|knet| match knet.body {
                Body::Ping(..) | Body::Pong(..) => true,
                _ => knet.message().is_some(),
            })
}

/// Reads a datagram. `expected`: corosync speaks here, so whatever it is, it is corosync's.
///
/// # Errors
/// It is not corosync's: why.
pub(super) fn said(bytes: &[u8], expected: bool) -> Result<Said, &'static str> {
    // What is encrypted begins like anything; a header of totem has too many zeros to look like chance.
    if totem::order(bytes).is_some() && !looks_encrypted(bytes) {
        return Ok(Totem::parse(bytes).map_or_else(Said::Malformed, Said::Totem));
    }
    // For the same reason a packet has to be knet's beyond doubt.
    if Knet::is_spoken(bytes) {
        return Ok(Knet::parse(bytes).map_or_else(Said::Malformed, Said::Knet));
    }
    if is_old(bytes) {
        return Err("totem of corosync 1 or 2, which is not read");
    }
    if looks_encrypted(bytes) {
        return Ok(Said::Encrypted);
    }
    if !expected {
        return Err("UDP of corosync's port, and not corosync's");
    }
    Ok(match Knet::parse(bytes) {
        Err(malformed) => Said::Malformed(malformed),
        Ok(knet) if matches!(knet.body, Body::Unknown(..)) => Said::Knet(knet),
        Ok(_) => {
            Said::Malformed(Malformed::Not { what: "knet packet", why: "its fields contradict each other" })
        }
    })
}

/// Corosync 1 and 2 have a number that tells the order of bytes at another place.
fn is_old(bytes: &[u8]) -> bool {
    matches!(bytes, [0..=5, 0..=2, 0x22, 0xff, ..] | [0..=5, 0..=2, 0xff, 0x22, ..])
}

/// Whether bytes look like chance, as what is encrypted does: libknet's packets begin with a random salt.
fn looks_encrypted(bytes: &[u8]) -> bool {
    /// Salt, one block of the cipher, the shortest code of authentication.
    const SHORTEST: usize = 16 + 16 + 16;
    // Of 32 random bytes 30 differ on average, and fewer than 24 once in many millions.
    const LOOKED_AT: usize = 32;
    const DIFFERENT: usize = 24;
    let first: BTreeSet<u8> = bytes.iter().take(LOOKED_AT).copied().collect();
    bytes.len() >= SHORTEST && first.len() >= DIFFERENT
}
