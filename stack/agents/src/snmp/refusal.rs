//! What a refusal of a device that speaks SNMP means for the next attempt.

use fencelab_wire::snmp::manager::Refused;

use crate::failure::{Failure, Step};

/// A failure to be let in. It came twice: asking again gives the same.
pub(crate) fn refusal(refused: &Refused) -> Failure {
    Failure::lasting(Step::Login, refused.to_string())
}
