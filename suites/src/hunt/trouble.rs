//! Single troubles: every kind of the catalogue with the values worth trying, and where in a dialogue they may strike.

use std::time::Duration;

use fencelab_devices::Command;
use fencelab_devices::fault::{Argument, Direction, Entry, Fault, FaultKind, Group, Op, Phase};

use super::healthy::Exchange;
use crate::promise::Timing;

/// Lengths and places in a datagram worth trying where all of them are too many.
const BYTES: [u16; 12] = [0, 1, 2, 4, 8, 12, 16, 20, 28, 36, 44, 56];

/// Every kind with every value, for as long as the run lasts; with each, how soon it is worth trying: the first value of a kind
/// before its others, and those before the scopes of the network.
pub(crate) fn single(
    kinds: &[&'static Entry],
    protocol: &str,
    states: &[String],
    timing: &Timing,
) -> Vec<(u8, Fault)> {
    let mut troubles = Vec::new();
    for entry in kinds {
        let values = values(entry, protocol, states, timing);
        for (number, kind) in values.into_iter().enumerate() {
            let rank = if number == 0 { 0 } else { 1 };
            for (scope, fault) in scopes(entry.group, Fault::new(kind)).into_iter().enumerate() {
                // Of further values only the first scope, which says most.
                if scope == 0 || number == 0 {
                    troubles.push((rank + u8::from(scope > 0), fault));
                }
            }
        }
    }
    troubles
}

/// The scopes in which a fault that lasts is worth trying, the most telling first.
fn scopes(group: Group, fault: Fault) -> Vec<Fault> {
    match group {
        // A slow network is slow for everything.
        Group::Network if matches!(fault.kind, FaultKind::Delay(_)) => {
            let of = |op| fault.clone().on(op).towards(Direction::FromDevice);
            vec![fault.clone(), of(Op::Status), of(Op::Control), of(Op::Session)]
        }
        // Answers that are lost, but not the questions: what was asked is done.
        Group::Network => [Op::Status, Op::Control, Op::Session]
            .into_iter()
            .map(|op| fault.clone().on(op).towards(Direction::FromDevice))
            .chain([fault.clone(), fault.clone().towards(Direction::ToDevice).on(Op::Control)])
            .collect(),
        Group::Session => vec![fault.clone(), fault.clone().on(Op::Control), fault.first(1)],
        Group::Control => vec![fault.clone(), fault.first(1)],
        Group::Status => vec![fault.clone(), fault.clone().first(1), fault.on(Op::Status)],
        Group::Answer => vec![fault.clone().on(Op::Status), fault.clone(), fault.on(Op::Control)],
    }
}

/// The numbers of the troubles of which each kind and value is there once, whatever its scope.
pub(crate) fn kinds(troubles: &[(u8, Fault)]) -> Vec<usize> {
    let mut seen = std::collections::BTreeSet::new();
    let is_new = |(_, (_, fault)): &(usize, &(u8, Fault))| seen.insert(fault.kind.to_string());
    troubles.iter().enumerate().filter(is_new).map(|(number, _)| number).collect()
}

/// Whether a kind of trouble means something at a place.
pub(crate) fn means_something(fault: &Fault, place: &Exchange) -> bool {
    match fault.kind.entry().group {
        Group::Control => place.is_order,
        Group::Status => !place.is_order,
        Group::Network | Group::Session | Group::Answer => true,
    }
}

/// A kind of trouble at one exchange only; of the network, on the way back.
pub(crate) fn at(fault: &Fault, exchange: u32) -> Fault {
    let fault_at = Fault::new(fault.kind.clone()).exchange(exchange);
    match fault.kind.entry().group {
        Group::Network => fault_at.towards(Direction::FromDevice),
        _ => fault_at,
    }
}

/// The values of a kind that are worth trying, the plainest first.
fn values(entry: &Entry, protocol: &str, states: &[String], timing: &Timing) -> Vec<FaultKind> {
    let none = Duration::ZERO;
    let during = Phase::During;
    match entry.argument {
        Argument::None => vec![entry.with(0, none, "", during)],
        Argument::Time { min, max } => times(entry.group, min, max, timing)
            .into_iter()
            .map(|time| entry.with(0, time, "", during))
            .collect(),
        Argument::PhaseAndTime { min, max } => {
            let times = times(entry.group, min, max, timing);
            // A restart that is over soon and one that outlasts every patience, in each phase.
            let (soon, late) = (times.get(1).or(times.first()), times.last());
            let times = soon.into_iter().chain(late);
            times.flat_map(|time| Phase::ALL.map(|phase| entry.with(0, *time, "", phase))).collect()
        }
        Argument::Bytes { min, max } => {
            let places = BYTES.into_iter().filter(|place| (min..=max).contains(place));
            places.map(|place| entry.with(place.into(), none, "", during)).collect()
        }
        Argument::Number { min, max } => {
            (min..=max).map(|number| entry.with(number.into(), none, "", during)).collect()
        }
        Argument::Value(numbers) => {
            numbers.iter().map(|number| entry.with(*number, none, "", during)).collect()
        }
        Argument::OneOf(_) => {
            entry.words(protocol).iter().map(|word| entry.with(0, none, word, during)).collect()
        }
        Argument::State => states.iter().map(|state| entry.with(0, none, state, during)).collect(),
    }
}

/// Times around the limits of the agent: well below and just below how long it waits for an answer and for the plug; just above
/// those and the time between two looks, and far beyond all. Of the network the plainest is a delay that the agent bears, and that adds up; of all else one that it has to
/// wait for.
fn times(group: Group, min: Duration, max: Duration, timing: &Timing) -> Vec<Duration> {
    let answer = timing.seconds("shell_timeout");
    let power = timing.seconds("power_timeout");
    // Who is told not to sleep between looks still does, a little; a second is what the field's agents take.
    let look = Some(timing.seconds("stonith_status_sleep")).filter(|look| *look > 0.0).unwrap_or(1.0);
    let mut seconds =
        [power * 0.5, 0.2, answer * 0.8, look * 1.2, answer * 1.5, power * 0.9, power + 1.5, power * 3.0];
    if group == Group::Network {
        seconds.swap(0, 2);
    }
    let mut times: Vec<Duration> =
        seconds.into_iter().map(|s| Duration::from_millis((s * 1000.0) as u64).clamp(min, max)).collect();
    let mut seen = std::collections::BTreeSet::new();
    times.retain(|time| seen.insert(*time));
    times
}

/// Whether a scope means something for a kind of fault.
pub(crate) fn fits(group: Group, op: Op) -> bool {
    match group {
        Group::Network => true,
        Group::Session => op == Op::Session || op == Op::Status || op == Op::Control,
        Group::Control => {
            matches!(op, Op::Control | Op::Command(Command::Off | Command::On | Command::Cycle))
        }
        Group::Status => op == Op::Status,
        Group::Answer => op == Op::Status || op == Op::Control,
    }
}
