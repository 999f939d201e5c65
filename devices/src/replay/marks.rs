//! What the marks of a transcript tell of its plugs: which there are, what they were at the start, and to what an action brings
//! the one that it is about.

use fencelab_transcript::{Map, Mark};
use serde_json::Value;

use crate::plant::Power;

/// Read so far.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Plugs that marks name, with their power at the start as far as marks tell.
    plugs: Vec<(String, Option<Power>)>,
    /// The marked action that is running: its plug, and to what it brings it.
    pub(super) running: Option<(String, Vec<Power>)>,
}

impl Marks {
    /// Takes the next mark.
    pub(super) fn take(&mut self, mark: &Mark) {
        if mark.phase == Mark::NOTE {
            return;
        }
        self.running = None;
        let Some(plug) = &mark.plug else { return };
        let state = |states: &Map| match states.get(plug).and_then(Value::as_str) {
            Some("on") => Some(Power::On),
            Some("off") => Some(Power::Off),
            _ => None,
        };
        let action = mark.action.as_deref().unwrap_or_default();
        let begins = mark.phase == Mark::BEGIN;
        let told = match (action, mark.exit) {
            _ if begins => state(&mark.before),
            // An end tells what was true before only where nothing can have moved.
            ("status", Some(0)) => Some(Power::On),
            ("status", Some(2)) => Some(Power::Off),
            _ => None,
        };
        match self.plugs.iter_mut().find(|(name, _)| name == plug) {
            Some((_, power)) => *power = power.or(told),
            None => self.plugs.push((plug.clone(), told)),
        }
        let brings = match action {
            "off" | "disable" => vec![Power::Off],
            "on" | "enable" => vec![Power::On],
            "reboot" => vec![Power::Off, Power::On],
            _ => return,
        };
        self.running = begins.then(|| (plug.clone(), brings));
    }

    /// The plugs at the start. One of which nothing is told is on; where none is named there is one.
    pub(super) fn plugs(self) -> Vec<(String, Power)> {
        let mut plugs: Vec<(String, Power)> =
            self.plugs.into_iter().map(|(name, power)| (name, power.unwrap_or(Power::On))).collect();
        if plugs.is_empty() {
            plugs.push(("1".to_owned(), Power::On));
        }
        plugs
    }
}
