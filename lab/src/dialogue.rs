//! A transcript's events as lines for a person: the terminal, findings and the HTML page all show these.

use std::time::Duration;

use fencelab_transcript::{Body, Event, Kind, Map, Mark, Side};
use fencelab_wire::describe::{PROTOCOLS, describe};
use fencelab_wire::ipmi::{self, LanMessage};
use serde_json::Value;

use crate::terminal::harmless;

/// One event, told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    /// When.
    pub(crate) at: Duration,
    /// In which session; 0 = outside any.
    pub(crate) session: u32,
    /// Who said it; `None`: nobody, it is a mark or the like.
    pub(crate) side: Option<Side>,
    /// What it is.
    pub(crate) text: String,
    /// The power that the device claims here.
    pub(crate) claims: Option<bool>,
    /// A change of power that this claim tells for the first time, in words.
    pub(crate) power: Option<String>,
}

/// All events, told. What a power state looks like is remembered, so that changes stand out.
pub(crate) fn lines(events: &[Event]) -> Vec<Line> {
    let mut known = None;
    let mut before = &Map::new();
    events
        .iter()
        .map(|event| {
            let (side, text) = tell(event, before);
            if let Kind::Mark(mark) = &event.kind
                && !mark.before.is_empty()
            {
                before = &mark.before;
            }
            let claims = claimed(event);
            let power = claims.and_then(|power| {
                (known.replace(power) != Some(power))
                    .then(|| format!("power is {}", if power { "on" } else { "off" }))
            });
            Line { at: event.at, session: event.session, side, text: harmless(&text), claims, power }
        })
        .collect()
}

/// The power that an answer of the device claims, in the protocols known here.
fn claimed(event: &Event) -> Option<bool> {
    let Kind::Say { from: Side::Device, body: Body::Object { protocol, value } } = &event.kind else {
        return None;
    };
    if protocol != "ipmi" {
        return None;
    }
    let message: LanMessage = serde_json::from_value(value.clone()).ok()?;
    let (netfn, command, _) = message.command();
    match &message.body {
        // IPMI 2.0 §28.2: Get Chassis Status, bit 0 of the first byte after the completion code.
        ipmi::Body::Response(response)
            if netfn.0 == 0x01 && command == 0x01 && response.completion.is_ok() =>
        {
            response.data.first().map(|byte| byte & 1 == 1)
        }
        _ => None,
    }
}

fn tell(event: &Event, before: &Map) -> (Option<Side>, String) {
    let extra = if event.extra.is_empty() { String::new() } else { format!("  ({})", fields(&event.extra)) };
    match &event.kind {
        Kind::Open(details) => (None, format!("session opens{}{extra}", spaced(&fields(details)))),
        Kind::Close(by) => (Some(*by), format!("closes the session{extra}")),
        Kind::Mark(mark) => (None, format!("{}{extra}", self::mark(mark, before))),
        Kind::Other => (None, format!("an event of a newer format: {}", fields(&event.extra))),
        Kind::Say { from, body } => {
            let text = match body {
                Body::Text(text) => format!("{text:?}"),
                Body::Hex(bytes) => format!("{} bytes {bytes}", bytes.len()),
                // What the wire knows no words for is shown as it stands.
                Body::Object { protocol, value } if !PROTOCOLS.contains(&protocol.as_str()) => {
                    format!("{protocol} {value}")
                }
                Body::Object { protocol, value } => describe(protocol, value),
            };
            (Some(*from), text + &extra)
        }
    }
}

/// States of so many plugs are told in full; of more, those that are asked for and those that moved.
const PLUGS: usize = 8;

/// `before`: what was known when the action began.
fn mark(mark: &Mark, before: &Map) -> String {
    let mut text = mark.phase.clone();
    let mut part = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text += &format!(" {name}{value}");
        }
    };
    part("", mark.action.clone());
    part("plug ", mark.plug.clone());
    part("before: ", (!mark.before.is_empty()).then(|| states(mark, &mark.before, &mark.before)));
    part("exit ", mark.exit.map(|exit| exit.to_string()));
    part("after: ", (!mark.after.is_empty()).then(|| states(mark, &mark.after, before)));
    text
}

/// The states of plugs, of many only those that matter.
fn states(mark: &Mark, states: &Map, before: &Map) -> String {
    if states.len() <= PLUGS {
        return fields(states);
    }
    let asked =
        |name: &str| mark.plug.as_deref().is_some_and(|plugs| plugs.split(',').any(|plug| plug == name));
    let mut told = states.clone();
    told.retain(|name, state| asked(name) || before.get(name) != Some(state));
    let rest = format!("{} others", states.len() - told.len());
    if told.is_empty() { rest } else { format!("{}, {rest}", fields(&told)) }
}

fn fields(map: &Map) -> String {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    map.iter()
        .filter(|(_, v)| v.as_str() != Some(""))
        .map(|(k, v)| format!("{k} {}", value(v)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn spaced(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn say(at: u64, from: Side, value: Value) -> Event {
        Event::say_object(Duration::from_millis(at), 1, from, "ipmi", value)
    }

    #[test]
    fn a_dialogue_reads_like_one() {
        let answer =
            |at, data: &str| say(at, Side::Device, json!({"netfn":1,"cmd":1,"seq":2,"cc":0,"data":data}));
        let events = [
            say(0, Side::Agent, json!({"netfn":0,"cmd":1,"seq":2,"data":""})),
            answer(1, "211000"),
            answer(2, "211000"),
            answer(3, "201000"),
            Event::mark(Duration::from_millis(4), 0, Mark::end("off", Some("1".into()), Some(0))),
            Event::say_text(Duration::from_millis(5), 1, Side::Device, "bye\x07"),
        ];
        let told = lines(&events);
        assert!(told[0].text.starts_with("Get Chassis Status"), "{told:?}");
        let powers: Vec<_> = told.iter().map(|line| line.power.as_deref()).collect();
        assert_eq!(powers, [None, Some("power is on"), None, Some("power is off"), None, None]);
        assert_eq!(told[4].text, "end off plug 1 exit 0");
        assert!(!told[5].text.contains('\x07'));
    }

    #[test]
    fn of_many_plugs_those_are_told_that_matter() {
        let states = |off: &str| -> Map {
            (1..=1000)
                .map(|n| n.to_string())
                .map(|n| (n.clone(), if n == off { "off" } else { "on" }.into()))
                .collect()
        };
        let mut begin = Mark::begin("off", Some("3".into()));
        begin.before = states("-");
        let mut end = Mark::end("off", Some("3".into()), Some(0));
        end.after = states("4");
        let told = lines(&[Event::mark(Duration::ZERO, 0, begin), Event::mark(Duration::ZERO, 0, end)]);
        assert_eq!(told[0].text, "begin off plug 3 before: 3 on, 999 others");
        assert_eq!(told[1].text, "end off plug 3 exit 0 after: 3 on, 4 off, 998 others");
    }
}
