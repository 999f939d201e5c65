//! What the wire's engine is made of.

use fencelab_wire::Secret;
use fencelab_wire::snmp::agent::Config;

use crate::device::Credentials;
use crate::spec::SnmpFace;

/// An engine id of the enterprise's own octets (RFC 3411 §5, format 5).
pub(super) fn made_id(enterprise: u32, seed: [u8; 8]) -> Vec<u8> {
    let [first, rest @ ..] = enterprise.to_be_bytes();
    let mut id = vec![first | 0x80];
    id.extend(rest);
    id.push(5);
    id.extend(seed);
    id
}

/// The communities are the described ones, or these with `@suffix`; the one called `lab` is the lab's password.
pub(super) fn config(
    spec: &SnmpFace,
    credentials: &Credentials,
    engine_id: Vec<u8>,
    suffix: Option<&str>,
) -> Config {
    let community = |name: &str| {
        let name = if name == "lab" { credentials.password.as_str() } else { name };
        match suffix {
            Some(suffix) => Secret::from(format!("{name}@{suffix}")),
            None => Secret::from(name),
        }
    };
    Config {
        versions: spec.versions.clone(),
        communities: spec.communities.iter().map(|known| community(&known.name)).collect(),
        users: spec.keys.users(&spec.users, credentials),
        engine_id,
        max_size: spec.max_size,
    }
}
