//! What recordings tell, whatever the protocol: exchanges (fields asked, written, told) and the actions around them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::{Event, Kind, Map, Mark, Transcript};

use crate::plant::Power;

/// A line of a recording, as evidence. Shown as `file:line`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The recording's name.
    pub file: Arc<str>,
    /// The line in its canonical form (the header is line 1).
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What an action wants of its plug.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wish {
    /// To have this power afterwards.
    Power(Power),
    /// To be off, then on.
    Cycle,
    /// To be told the power.
    Look,
    /// Something that says nothing about one plug's power.
    Other,
}

/// A marked action.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) action: String,
    pub(super) plug: Option<String>,
    pub(super) wish: Wish,
    /// The line of its begin: lines are in order even where times are equal.
    pub(super) begin: usize,
    /// The line of its end, or the last one if it was never marked.
    pub(super) end: usize,
    pub(super) exit: Option<i32>,
    pub(super) before: Vec<(String, Power)>,
    pub(super) after: Vec<(String, Power)>,
    pub(super) place: Place,
}

impl Act {
    /// Whether the action is known to have done what it wants.
    pub(super) fn done(&self) -> bool {
        let told = |plug: &String| self.after.iter().find(|(name, _)| name == plug).map(|(_, power)| *power);
        match (self.exit, self.wish, self.plug.as_ref().and_then(told)) {
            (_, Wish::Power(wanted), Some(found)) => wanted == found,
            (exit, ..) => exit == Some(0),
        }
    }
}

/// A request and its answer. `K` names a field in the words of the protocol.
#[derive(Clone, Debug)]
pub(super) struct Exchange<K> {
    /// When it was asked.
    pub(super) at: Duration,
    /// The request's line.
    pub(super) place: Place,
    /// The marked action in which it was asked, by its index.
    pub(super) act: Option<usize>,
    /// It named the fields that it wanted to be told (not: came upon them in a walk).
    pub(super) named: bool,
    /// Fields that it wrote.
    pub(super) wrote: Vec<(K, String)>,
    /// The answer said that this was done; so only with an answer.
    pub(super) accepted: bool,
    /// Fields that the answer tells.
    pub(super) told: Vec<(K, String)>,
}

/// One recording.
#[derive(Clone, Debug)]
pub(super) struct Recording<K> {
    pub(super) acts: Vec<Act>,
    pub(super) exchanges: Vec<Exchange<K>>,
}

/// All recordings, each with a time of its own.
pub(super) type Story<K> = Vec<Recording<K>>;

/// The marked actions of a transcript, in the order in which they began.
pub(super) fn acts(name: &Arc<str>, transcript: &Transcript) -> Vec<Act> {
    let over = transcript.events.len() + 2;
    let mut acts: Vec<Act> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (index, event) in transcript.events.iter().enumerate() {
        let Event { kind: Kind::Mark(mark), .. } = event else { continue };
        let line = index + 2;
        let place = Place { file: Arc::clone(name), line };
        if mark.phase == Mark::BEGIN {
            let Some(action) = &mark.action else { continue };
            open.push(acts.len());
            acts.push(Act {
                wish: wish(action),
                action: action.clone(),
                plug: mark.plug.clone(),
                begin: line,
                end: over,
                exit: None,
                before: powers(&mark.before),
                after: Vec::new(),
                place,
            });
        } else if mark.phase == Mark::END {
            // An end belongs to the last open begin of the same action and plug (FORMAT.md, 4).
            let same = |act: &Act| Some(&act.action) == mark.action.as_ref() && act.plug == mark.plug;
            let Some(found) = open.iter().rposition(|index| acts.get(*index).is_some_and(same)) else {
                continue;
            };
            if let Some(act) = acts.get_mut(open.remove(found)) {
                act.end = line;
                act.exit = mark.exit;
                act.after = powers(&mark.after);
            }
        }
    }
    acts
}

/// The action that a line belongs to: the one that began last of those that have not ended.
pub(super) fn act_at(acts: &[Act], line: usize) -> Option<usize> {
    acts.iter().rposition(|act| act.begin <= line && line <= act.end)
}

fn wish(action: &str) -> Wish {
    match action {
        "off" | "disable" => Wish::Power(Power::Off),
        "on" | "enable" => Wish::Power(Power::On),
        "reboot" | "cycle" => Wish::Cycle,
        "status" => Wish::Look,
        _ => Wish::Other,
    }
}

fn powers(map: &Map) -> Vec<(String, Power)> {
    let power = |value: &serde_json::Value| match value.as_str() {
        Some("on") => Some(Power::On),
        Some("off") => Some(Power::Off),
        _ => None,
    };
    map.iter().filter_map(|(plug, value)| Some((plug.clone(), power(value)?))).collect()
}
