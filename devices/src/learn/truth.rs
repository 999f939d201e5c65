//! When which power of a plug is known: from marks and exit codes, until something may have moved it.

use super::story::{Recording, Wish};
use crate::plant::Power;

/// A span of lines in which a plug's power is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    from: usize,
    to: usize,
    power: Power,
    /// Told by a mark or an exit code; otherwise only presumed: an agent that sends an order found the other power.
    pub(super) told: bool,
}

/// What a recording tells about one plug.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    spans: Vec<Span>,
}

impl Truth {
    /// Reads the marks of a recording.
    pub(super) fn of<K>(recording: &Recording<K>, plug: &str) -> Self {
        let moved = disturbances(recording, plug);
        let mut spans: Vec<Span> = Vec::new();
        for (from, to, power) in told(recording, plug) {
            // Nothing has moved it since the recording began: it was so from the beginning.
            let from = if moved.iter().all(|at| *at > from) && spans.is_empty() { 0 } else { from };
            let until = moved.iter().copied().find(|at| *at > to).unwrap_or(usize::MAX);
            // Somebody may have pressed a button: the older knowledge ends where a newer one differs.
            if let Some(last) = spans.last_mut().filter(|last| last.power != power && last.to > from) {
                last.to = last.to.min(from);
            }
            spans.push(Span { from, to: until, power, told: true });
        }
        let mut truth = Self { spans };
        for (from, to, power) in presumed(recording, plug) {
            if truth.at(from).is_none() && truth.at(to).is_none() {
                truth.spans.push(Span { from, to, power, told: false });
            }
        }
        truth
    }

    /// What is known at a line, and whether it was told.
    pub(super) fn at(&self, at: usize) -> Option<(Power, bool)> {
        let span = self.spans.iter().rev().find(|span| span.from <= at && at < span.to)?;
        Some((span.power, span.told))
    }
}

/// The lines at which the plug may have been moved: writes in actions on it, and those outside of any action.
fn disturbances<K>(recording: &Recording<K>, plug: &str) -> Vec<usize> {
    let concerns = |act: Option<usize>| {
        let act = act.and_then(|act| recording.acts.get(act));
        act.and_then(|act| act.plug.as_deref()).is_none_or(|name| name == plug)
    };
    let writes =
        recording.exchanges.iter().filter(|exchange| !exchange.wrote.is_empty() && concerns(exchange.act));
    writes.map(|exchange| exchange.place.line).collect()
}

/// From when to when a mark or an exit code tells a power.
fn told<K>(recording: &Recording<K>, plug: &str) -> Vec<(usize, usize, Power)> {
    let mut told = Vec::new();
    for (index, act) in recording.acts.iter().enumerate() {
        let of = |powers: &[(String, Power)]| {
            powers.iter().find(|(name, _)| name == plug).map(|(_, power)| *power)
        };
        if let Some(power) = of(&act.before) {
            told.push((act.begin, act.begin, power));
        }
        let own = act.plug.as_deref() == Some(plug);
        let by_exit = match (act.wish, act.exit) {
            (Wish::Look, Some(0)) if own => Some(Power::On),
            (Wish::Look, Some(2)) if own => Some(Power::Off),
            (Wish::Power(power), _) if own && act.done() => Some(power),
            _ => None,
        };
        match (of(&act.after).or(by_exit), act.wish) {
            (Some(power), Wish::Look) if own => told.push((act.begin, act.end, power)),
            (Some(power), _) => {
                told.push((if own { concluded(recording, index) } else { act.end }, act.end, power))
            }
            (None, _) => {}
        }
    }
    told.sort_by_key(|(from, ..)| *from);
    told
}

/// When an action had seen what it ends with: at its last look after its last order.
fn concluded<K>(recording: &Recording<K>, index: usize) -> usize {
    let own = || recording.exchanges.iter().filter(|exchange| exchange.act == Some(index));
    let look = own().next_back().filter(|last| last.wrote.is_empty() && !last.told.is_empty());
    let ordered = own().any(|exchange| !exchange.wrote.is_empty());
    let act = recording.acts.get(index);
    match (look, ordered) {
        (Some(look), true) => look.place.line,
        (_, false) => act.map_or(usize::MAX, |act| act.begin),
        (None, true) => act.map_or(usize::MAX, |act| act.end),
    }
}

/// From the begin of an action that came to send an order to that order, the plug had the other power.
fn presumed<K>(recording: &Recording<K>, plug: &str) -> Vec<(usize, usize, Power)> {
    let own =
        recording.acts.iter().enumerate().filter(|(_, act)| act.plug.as_deref() == Some(plug) && act.done());
    own.filter_map(|(index, act)| {
        let power = match act.wish {
            Wish::Power(power) => power.opposite(),
            // An agent reboots what it has found on or switches it off first; what it found is not said.
            Wish::Cycle | Wish::Look | Wish::Other => return None,
        };
        let order = recording.exchanges.iter().find(|exchange| {
            exchange.act == Some(index) && !exchange.wrote.is_empty() && exchange.accepted
        })?;
        Some((act.begin, order.place.line, power))
    })
    .collect()
}
