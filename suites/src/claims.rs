//! What the device told the agent, as the checkers see it.

use fencelab_devices::spec::DeviceSpec;
use fencelab_transcript::Event;

use crate::run::Claim;

/// The claims in a dialogue, in the order in which they went out. What a body means is the devices' to know.
pub fn claims(dialogue: &[Event], spec: &DeviceSpec) -> Vec<Claim> {
    let claims = spec.claims(dialogue).into_iter();
    claims.map(|claim| Claim { at: claim.at, plug: claim.plug, power: claim.power }).collect()
}
