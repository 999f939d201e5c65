//! Under which condition a case was played, in words, and in what kinds such conditions fall: what makes two findings the same
//! to a reader.

use fencelab_devices::DeviceSpec;
use fencelab_devices::fault::Fault;

use crate::case::{Action, Case, Login, Mode};

/// The condition of a case in words, from most to least telling; `on a healthy device` if nothing is unusual.
pub(crate) fn condition(case: &Case, spec: &DeviceSpec) -> String {
    let parts = parts(case, spec);
    if parts.is_empty() { "on a healthy device".to_owned() } else { parts.join(", ") }
}

/// What is unusual about a case, each thing by itself.
pub(crate) fn parts(case: &Case, spec: &DeviceSpec) -> Vec<String> {
    let mut parts: Vec<String> = kinds(&case.faults).into_iter().map(|kind| kind.says().to_owned()).collect();
    parts.extend(circumstances(case, spec));
    parts
}

/// What is unusual besides faults.
fn circumstances(case: &Case, spec: &DeviceSpec) -> Vec<String> {
    let mut parts = Vec::new();
    let asks_plugs = !case.action.is_offline()
        && !matches!(case.action, Action::List | Action::ListStatus | Action::Monitor);
    if asks_plugs && !case.also.is_empty() {
        parts.push("with several plugs in one call".to_owned());
    }
    let is_there = |plug: &String| spec.plant.plugs.iter().any(|(name, _)| name == plug);
    let is_absent = asks_plugs && !case.plugs().all(is_there);
    if is_absent {
        parts.push("for a plug that the device does not have".to_owned());
    }
    if case.by_name {
        parts.push("with the plug called by its name".to_owned());
    }
    // Where the plug is not there, it matters little why.
    if case.impostor.is_some() && !is_absent {
        parts.push("with another device at the address".to_owned());
    }
    // One word for each kind of shape: `plugs=100` and `plugs=1000` are one condition.
    let shapes =
        case.shape.split(',').filter(|part| !(part.is_empty() || is_absent && part.starts_with("plugs=")));
    parts.extend(shapes.map(|part| {
        let (kind, value) = part.split_once('=').unwrap_or((part, ""));
        if kind == "plugs" {
            "with another number of plugs".to_owned()
        } else {
            format!("with {kind} {value}")
        }
    }));
    match case.login {
        Login::Right => {}
        Login::WrongPassword => parts.push("with a wrong password".to_owned()),
        Login::UnknownUser => parts.push("as an unknown user".to_owned()),
        Login::LowPrivilege => parts.push("with too low a privilege".to_owned()),
    }
    if case.mode == Mode::Argv {
        parts.push("with options as arguments".to_owned());
    }
    if case.as_service {
        parts.push("under pacemaker-fenced".to_owned());
    }
    const TELLING: [&str; 5] = ["method", "missing_as_off", "verbose", "debug_file", "retry_on"];
    parts.extend(TELLING.iter().filter_map(|key| case.options.get_key_value(*key)).map(|(key, value)| {
        if key == "debug_file" { "with debug_file".to_owned() } else { format!("with {key}={value}") }
    }));
    parts
}

/// In what kinds conditions fall: faults that ask the same of an agent are of one kind.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    NoState,
    Error,
    OtherAnswer,
    Damaged,
    Silence,
    Misled,
    Relay,
}

impl Kind {
    fn says(self) -> &'static str {
        match self {
            Kind::NoState => "where the answer names neither on nor off",
            Kind::Error => "where the device answers with an error",
            Kind::OtherAnswer => "where the answer belongs to something else",
            Kind::Damaged => "where the answer is damaged",
            Kind::Silence => "where the device does not answer, or lets nobody in",
            Kind::Misled => "where the device tells what is not so",
            Kind::Relay => "where the relay does not do what was acknowledged",
        }
    }
}

fn kinds(faults: &[Fault]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = faults.iter().map(|fault| kind(fault.kind.name())).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// By name, so that a kind of fault that is new needs no code here to be grouped at all.
fn kind(name: &str) -> Kind {
    match name {
        "state" | "state-unknown" | "value" | "empty" | "short" | "other-type" | "longer" => Kind::NoState,
        "error" | "error-with-body" | "plug-absent" => Kind::Error,
        "other-object" | "other-id" | "duplicate" | "reorder" | "delay" => Kind::OtherAnswer,
        "cut" | "split" | "garble" | "malformed" => Kind::Damaged,
        "not-done" | "done-late" | "wrong-plug" | "flap" => Kind::Relay,
        "stale" | "others-state" => Kind::Misled,
        _ => Kind::Silence,
    }
}
