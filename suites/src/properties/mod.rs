//! The properties, one checker a file. Each is a pure function over a case and what its runs left behind.
//!
//! A checker never asks which fault was in force. It knows what was asked, what the agent said, what the plant did, and
//! (where the wire was recorded) what the device told the agent.

pub mod bounded;
pub mod every_action;
pub mod heals;
pub mod idempotent;
pub mod no_false_off;
pub mod no_false_status;
pub mod no_leak;
pub mod parity;
pub mod right_plug;
pub mod segmentation;

use crate::case::Case;
use crate::promise::Timing;
use crate::run::Run;
use crate::verdict::{Judgement, Property};

/// The properties that a single run can decide, with their judgements: whatever a case was drawn for, all of them are asked.
pub fn judge_run(case: &Case, timing: &Timing, run: &Run) -> [(Property, Judgement); 6] {
    [
        (Property::NoFalseOff, no_false_off::check(case, run)),
        (Property::NoFalseStatus, no_false_status::check(case, run)),
        (Property::RightPlug, right_plug::check(case, run)),
        (Property::Bounded, bounded::check(case, timing, run)),
        (Property::Idempotent, idempotent::check(case, run)),
        (Property::NoLeak, no_leak::check(run)),
    ]
}
