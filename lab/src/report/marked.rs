//! A finding's dialogue, with what offends marked: what the device said of the plug, and what the agent made of it.

use std::time::Duration;

use fencelab_devices::Power;
use fencelab_suites::{Action, Class, Finding, Told};
use fencelab_transcript::{Body, Event, Kind, Mark, Side};

use super::offence::{self, Offence};
use crate::dialogue;

/// What a line has to do with what is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sign {
    /// Nothing.
    Plain,
    /// It is what the agent had to go by.
    Evidence,
    /// It is untrue, or the wrong word itself.
    Wrong,
}

/// One line of a finding's dialogue.
pub(crate) struct Marked {
    /// When; `None` where only words are known.
    pub(crate) at: Option<Duration>,
    /// Who.
    pub(crate) side: Option<Side>,
    /// The line without time.
    pub(crate) words: String,
    /// The line with time and speaker.
    pub(crate) text: String,
    /// Whether the device tells a power here, as far as one event shows it.
    tells: bool,
    /// What it has to do with what is wrong.
    pub(crate) sign: Sign,
    /// Which part of it, and its bytes.
    pub(crate) offence: Option<Offence>,
    /// Why it is marked.
    pub(crate) note: Option<String>,
}

/// The whole dialogue.
pub(crate) fn lines(finding: &Finding) -> Vec<Marked> {
    let Some(transcript) = &finding.transcript else {
        return finding.dialogue.iter().map(|line| Marked::of_words(line)).collect();
    };
    let events = &transcript.events;
    let mut lines: Vec<Marked> = dialogue::lines(events)
        .into_iter()
        .zip(events)
        .map(|(line, event)| {
            let who = match line.side {
                Some(Side::Agent) => "agent  →",
                Some(Side::Device) => "device ←",
                None => "       ·",
            };
            Marked {
                at: Some(line.at),
                side: line.side,
                text: format!("{:>10.6} {who} {}", line.at.as_secs_f64(), line.text),
                words: line.text,
                tells: line.claims.is_some() || !is_ipmi(event),
                sign: Sign::Plain,
                offence: None,
                note: None,
            }
        })
        .collect();
    let end = events.iter().position(is_end).unwrap_or(events.len());
    mark_answers(finding, events, end, &mut lines);
    if let Some(line) = lines.get_mut(end) {
        line.sign = Sign::Wrong;
        line.note = Some(short(&finding.evidence));
        line.offence = line.words.find("exit ").map(|from| {
            let to = line
                .words
                .get(from + 5..)
                .and_then(|rest| rest.find(' '))
                .map_or(line.words.len(), |at| from + 5 + at);
            Offence { words: from..to, bytes: None }
        });
    }
    lines
}

fn is_end(event: &Event) -> bool {
    matches!(&event.kind, Kind::Mark(mark) if mark.phase == Mark::END)
}

fn is_ipmi(event: &Event) -> bool {
    matches!(&event.kind, Kind::Say { body: Body::Object { protocol, .. }, .. } if protocol == "ipmi")
}

/// Whether an answer has to do with power at all, as far as one event shows it: with IPMI a chassis command (net function 01h).
fn is_about_power(event: &Event) -> bool {
    const CHASSIS_RESPONSE: u64 = 1;
    match &event.kind {
        Kind::Say { body: Body::Object { protocol, value }, .. } if protocol == "ipmi" => {
            value.get("netfn").and_then(serde_json::Value::as_u64) == Some(CHASSIS_RESPONSE)
        }
        // What sets a session up is not about any plug.
        Kind::Say { body: Body::Object { protocol, .. }, .. } => protocol != "rmcp+" && protocol != "asf",
        _ => true,
    }
}

fn is_answer(event: &Event) -> bool {
    matches!(event.kind, Kind::Say { from: Side::Device, .. })
}

/// Marks what the device said: each answer that is untrue of a plug that was asked for, and each that carries trouble of its
/// own; where there is none, the last answer that the agent had before its wrong word.
fn mark_answers(finding: &Finding, events: &[Event], end: usize, lines: &mut [Marked]) {
    let mut last: Option<(u8, usize)> = None;
    let mut marked = false;
    for (index, event) in events.iter().enumerate().take(end).filter(|(_, event)| is_answer(event)) {
        let Some(line) = lines.get_mut(index) else { continue };
        // In virtual time much happens in one instant, so the time alone does not say which answer told it.
        let is_told = |told: &&Told| line.tells && told.at == event.at && matters(finding, told);
        let told: Vec<&Told> = finding.told.iter().filter(is_told).collect();
        let untrue = told.iter().find(|told| is_untrue(finding, told));
        if let Some(told) = untrue {
            let says = told.power.map(|power| power.to_string()).unwrap_or_default();
            let truth = told.power.map(|power| power.opposite().to_string()).unwrap_or_default();
            let note = format!("says {says}, but plug {} is {truth}", told.plug);
            line.mark(event, Sign::Wrong, Some(&told.plug), note);
            marked = true;
        } else if let Some(trouble) = trouble(event) {
            line.mark(event, Sign::Evidence, told.first().map(|told| told.plug.as_str()), trouble);
            marked = true;
        } else {
            let rank = if told.is_empty() { u8::from(is_about_power(event)) } else { 2 };
            last = last.max(Some((rank, index)));
        }
    }
    // A secret that was seen beside the dialogue has nothing to do with what was said in it.
    if marked || finding.class == Class::Leak {
        return;
    }
    let Some((_, index)) = last else { return };
    if let (Some(event), Some(line)) = (events.get(index), lines.get_mut(index)) {
        let told = finding.told.iter().rfind(|told| told.at == event.at && matters(finding, told));
        let note =
            told.map_or_else(|| String::from("the last answer, and it tells nothing of the plug"), says);
        let plug = told.map(|told| told.plug.as_str()).or(finding.plugs.first().map(String::as_str));
        line.mark(event, Sign::Evidence, plug, note);
    }
}

/// What an answer told of a plug, in words.
pub(crate) fn says(told: &Told) -> String {
    match told.power {
        Some(power) => format!("says that plug {} is {power}", told.plug),
        None => format!("names neither on nor off of plug {}", told.plug),
    }
}

/// Whether what was told was not so in that instant.
pub(crate) fn is_untrue(finding: &Finding, told: &Told) -> bool {
    let truth = finding.truth.at(&told.plug, finding.span.0 + told.at);
    matches!((told.power, truth), (Some(said), Some(truth)) if said != truth)
}

/// Whether an answer is about a plug that was asked for. Lists ask for all.
pub(crate) fn matters(finding: &Finding, told: &Told) -> bool {
    matches!(finding.action, Action::List | Action::ListStatus | Action::Monitor)
        || finding.plugs.is_empty()
        || finding.plugs.contains(&told.plug)
}

/// What is said beside an answer of its own trouble: which fault changed it, or why it cannot be read.
fn trouble(event: &Event) -> Option<String> {
    ["fault", "effect", "why"]
        .into_iter()
        .find_map(|field| event.extra.get(field)?.as_str())
        .map(crate::terminal::harmless)
}

/// The first clause of an evidence, for the margin: the whole stands above the dialogue.
fn short(evidence: &str) -> String {
    let clause = evidence.split([';', ':']).next().unwrap_or_default();
    let cut: String = clause.chars().take(80).collect();
    crate::terminal::harmless(if cut.len() < clause.len() { cut.trim_end() } else { clause })
        + if cut.len() < clause.len() { " …" } else { "" }
}

/// `on` or `off`, or that neither was said.
pub(crate) fn word(power: Option<Power>) -> &'static str {
    match power {
        Some(Power::On) => "on",
        Some(Power::Off) => "off",
        None => "neither on nor off",
    }
}

impl Marked {
    fn of_words(words: &str) -> Self {
        let words = crate::terminal::harmless(words);
        Self {
            at: None,
            side: None,
            text: words.clone(),
            words,
            tells: false,
            sign: Sign::Plain,
            offence: None,
            note: None,
        }
    }

    fn mark(&mut self, event: &Event, sign: Sign, plug: Option<&str>, note: String) {
        self.sign = sign;
        self.offence = Some(offence::of(event, &self.words, plug));
        self.note = Some(note);
    }

    /// Whether it has anything to do with what is wrong.
    pub(crate) fn is_marked(&self) -> bool {
        self.sign != Sign::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn marks(finding: &Finding) -> Vec<(Sign, String)> {
        let marked = lines(finding).into_iter().filter(Marked::is_marked);
        marked.map(|line| (line.sign, line.note.unwrap_or_default())).collect()
    }

    #[test]
    fn the_truth_is_that_of_the_plug_that_was_asked_for() {
        // Plug 1 is the first of the plant, and off; plug 3 was asked for, and is on.
        let finding = sample::finding(8);
        let (sign, note) = marks(&finding).remove(0);
        assert_eq!((sign, note.as_str()), (Sign::Wrong, "says off, but plug 3 is on"));
        assert_eq!(marks(&finding)[1].0, Sign::Wrong, "the end of the agent");
    }

    #[test]
    fn what_is_said_of_another_plug_is_no_evidence() {
        let mut finding = sample::finding(8);
        finding.told[0].plug = String::from("1");
        let (sign, note) = marks(&finding).remove(0);
        assert_eq!(
            (sign, note.as_str()),
            (Sign::Evidence, "the last answer, and it tells nothing of the plug")
        );
    }

    #[test]
    fn an_answer_that_names_no_state_is_what_the_agent_had() {
        let mut finding = sample::finding(8);
        finding.told[0].power = None;
        let (sign, note) = marks(&finding).remove(0);
        assert_eq!((sign, note.as_str()), (Sign::Evidence, "names neither on nor off of plug 3"));
    }

    #[test]
    fn a_leak_is_not_in_the_dialogue() {
        let mut finding = sample::finding(8);
        finding.told.clear();
        finding.class = Class::Leak;
        assert_eq!(marks(&finding).len(), 1, "only the end");
    }
}
