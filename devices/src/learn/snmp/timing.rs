//! From an order to its truth, and what is shown on the way.

use std::time::Duration;

use super::columns::Naming;
use super::found::{Control, Status, Timing};
use super::plugs::NoPlugs;
use super::read::{Field, Read};
use crate::duration;
use crate::learn::follow::{self, Does};
use crate::learn::note::{Certainty, Note};
use crate::plant::Power;

/// The bounds of the delay of orders to `power`, and what was chosen.
pub(in crate::learn) fn timing(
    read: &Read,
    naming: &Naming,
    status: &Status,
    control: &Control,
    power: Power,
    neither: &mut NoPlugs,
    notes: &mut Vec<Note>,
) -> Timing {
    let does = match power {
        Power::On => Does::On,
        Power::Off => Does::Off,
    };
    let codes = control.orders.get(&does).map(Vec::as_slice).unwrap_or_default();
    let is_order = |plug: &str, field: &Field, value: &str| {
        codes.iter().any(|(code, _)| code == value)
            && control.spot.field(&naming.numbers(plug)).as_ref() == Some(field)
    };
    let is_status =
        |plug: &str, field: &Field| status.spot.field(&naming.numbers(plug)).as_ref() == Some(field);
    let (delay, on_the_way) =
        follow::delay(&read.story, power, &is_order, &is_status, &|value| status.reads(value));
    let places = || delay.after.iter().chain(&delay.within).map(|(_, place)| place);
    let time = |bound: &Option<(Duration, crate::learn::Place)>| {
        bound.as_ref().map(|(time, _)| follow::words(*time)).unwrap_or_default()
    };
    let chosen = delay.chosen();
    let written = duration::format(chosen.unwrap_or_default());
    let (certainty, text) = match (&delay.after, &delay.within, chosen) {
        (None, None, _) if codes.is_empty() => (Certainty::Unknown, String::new()),
        (None, None, _) => {
            (Certainty::Unknown, format!("{power}: never looked at after an order; {written} was written"))
        }
        (None, Some(_), _) => {
            (Certainty::Likely, format!("{power}: at most {}; {written} was written", time(&delay.within)))
        }
        (Some(_), None, _) => {
            (Certainty::Unknown, format!("{power}: more than {}; {written} was written", time(&delay.after)))
        }
        (Some(_), Some(_), Some(_)) => (
            Certainty::Certain,
            format!(
                "{power}: more than {} and at most {}; {written} was written",
                time(&delay.after),
                time(&delay.within)
            ),
        ),
        (Some(_), Some(_), None) => (
            Certainty::Unknown,
            format!(
                "{power}: once it took more than {} and once at most {}; it varies, {} was written",
                time(&delay.after),
                time(&delay.within),
                duration::format(varying(&delay))
            ),
        ),
    };
    if !text.is_empty() {
        notes.push(Note::new(certainty, "delay", text).seen(places()));
    }
    for (code, place) in &on_the_way {
        if !neither.iter().any(|(known, _)| known == code) {
            neither.push((code.clone(), place.clone()));
        }
    }
    let single = on_the_way.first().filter(|(first, _)| on_the_way.iter().all(|(code, _)| code == first));
    if let Some((code, place)) = single {
        let text = format!("{code} is shown on the way to {power}");
        notes.push(Note::new(Certainty::Likely, "status", text).seen([place]));
    }
    let chosen = chosen.unwrap_or_else(|| varying(&delay));
    let on_the_way = single.map(|(code, _)| code.clone());
    Timing { delay, chosen, on_the_way }
}

/// Where the bounds cross, the longest wait: an agent that copes with that copes with the others.
fn varying(delay: &follow::Delay) -> Duration {
    delay.after.as_ref().map_or(Duration::ZERO, |(time, _)| *time + Duration::from_millis(1))
}
