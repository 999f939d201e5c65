//! The steps as a story of orders and looks, and how long an order takes.

use super::answers::Answers;
use super::read::Read;
use super::steps::Steps;
use crate::learn::follow::{self, Delay, Does};
use crate::learn::note::{Certainty, Note};
use crate::learn::story::{Act, Exchange, Recording, Story, Wish};
use crate::plant::Power;

/// The steps of each transcript, each an exchange; an order writes to its plug.
pub(super) fn story(read: &Read, steps: &Steps<'_>) -> Story<String> {
    let named = |act: &Act| {
        let mut act = act.clone();
        if steps.single && act.plug.is_none() && act.wish != Wish::Other {
            act.plug = steps.plugs.first().cloned();
        }
        act
    };
    let recording = |(file, acts): (usize, &Vec<Act>)| {
        let own = steps.typed.iter().filter(|typed| typed.file == file);
        let exchanges = own.map(|typed| {
            let act = typed.step.act.and_then(|act| acts.get(act));
            let plug = act.and_then(|act| act.plug.clone()).or_else(|| typed.plug.clone());
            let wrote = typed.orders.zip(plug).map(|(does, plug)| (plug, does.name().to_owned()));
            Exchange {
                at: typed.step.at,
                place: typed.step.place.clone(),
                act: typed.step.act,
                named: true,
                wrote: wrote.into_iter().collect(),
                accepted: true,
                told: Vec::new(),
            }
        });
        Recording { acts: acts.iter().map(named).collect(), exchanges: exchanges.collect() }
    };
    read.acts.iter().enumerate().map(recording).collect()
}

/// From an order to the power, and what is shown on the way.
pub(super) fn delay(
    mut story: Story<String>,
    steps: &Steps<'_>,
    answers: &Answers<'_>,
    power: Power,
    notes: &mut Vec<Note>,
) -> (Delay, Option<String>) {
    for (file, recording) in story.iter_mut().enumerate() {
        let own = steps.typed.iter().filter(|typed| typed.file == file);
        for (exchange, typed) in recording.exchanges.iter_mut().zip(own) {
            let shown =
                steps.plugs.iter().filter_map(|plug| Some((plug.clone(), answers.shows(typed, plug)?)));
            exchange.told = shown.collect();
        }
    }
    let wanted = if power == Power::On { Does::On } else { Does::Off };
    let is_order = |_: &str, _: &String, value: &str| value == wanted.name();
    let reads = |value: &str| match value {
        "on" => Some(Power::On),
        "off" => Some(Power::Off),
        _ => None,
    };
    let status = |plug: &str, field: &String| field == plug;
    let (delay, on_the_way) = follow::delay(&story, power, &is_order, &status, &reads);
    let places = || delay.after.iter().chain(&delay.within).map(|(_, place)| place);
    let text = match (&delay.after, &delay.within) {
        (Some((after, _)), Some((within, _))) => {
            format!(
                "{power} takes more than {} and at most {}",
                follow::words(*after),
                follow::words(*within)
            )
        }
        (None, Some((within, _))) => format!("{power} takes at most {}", follow::words(*within)),
        _ => format!("how long {power} takes was not seen"),
    };
    let certainty = if delay.after.is_some() { Certainty::Certain } else { Certainty::Likely };
    notes.push(Note::new(certainty, "delay", text).seen(places()));
    let turning = on_the_way.first().map(|(word, _)| word.clone());
    if let Some((word, place)) = on_the_way.first() {
        let text = format!("on the way to {power} `{word}` is shown");
        notes.push(Note::new(Certainty::Likely, "delay", text).seen([place]));
    }
    (delay, turning)
}
