//! What a BMC's refusal means for the next attempt.

use fencelab_wire::ipmi::{Completion, client::Refused};

use crate::failure::{Failure, Step};

/// RMCP+ status codes that another attempt may not meet (IPMI 2.0 table 13-15): no room for a session (also at this
/// level), and sessions that the BMC has forgotten in the middle.
const PASSING_STATUS: &[u8] = &[0x01, 0x02, 0x08, 0x0b];

/// Completion codes of Activate Session that say "no slot free" (IPMI 2.0 §22.17).
const NO_SLOT: std::ops::RangeInclusive<u8> = 0x81..=0x83;

/// Completion codes with which any command may be turned down for the moment.
pub(crate) fn is_busy(completion: Completion) -> bool {
    // 0xd2: BMC initialization in progress.
    matches!(
        completion,
        Completion::NODE_BUSY | Completion::TIMEOUT | Completion::OUT_OF_SPACE | Completion(0xd2)
    )
}

/// A failure to log in.
pub(crate) fn refusal(refused: &Refused) -> Failure {
    let passing = match refused {
        Refused::Status { status, .. } => PASSING_STATUS.contains(status),
        Refused::Completion { step, completion, .. } => {
            is_busy(*completion)
                || (step.to_lowercase().contains("activate") && NO_SLOT.contains(&completion.0))
        }
        // What is malformed was damaged on its way, or comes from a BMC that is just starting.
        Refused::Malformed { .. } | Refused::OtherAlgorithms => true,
        _ => false,
    };
    let seen = match refused {
        Refused::Version(_) | Refused::AuthType { offered: 0, .. } => {
            format!("{refused}; lanplus chooses between IPMI 1.5 (off) and 2.0 (on)")
        }
        _ => refused.to_string(),
    };
    if passing { Failure::passing(Step::Login, seen) } else { Failure::lasting(Step::Login, seen) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_session_table_passes_and_a_wrong_password_stays() {
        let full = Refused::Status { step: "open session", status: 0x01 };
        assert!(refusal(&full).is_passing());
        let slot = Refused::Completion {
            step: "activate session",
            completion: Completion(0x81),
            meaning: "no slot",
        };
        assert!(refusal(&slot).is_passing());
        let user = Refused::Completion {
            step: "get session challenge",
            completion: Completion(0x81),
            meaning: "no such user",
        };
        assert!(!refusal(&user).is_passing());
        assert!(!refusal(&Refused::Authentication { step: "rakp 2" }).is_passing());
    }
}
