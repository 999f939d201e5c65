//! A finding's dialogue, with the part that offends marked.

use std::time::Duration;

use fencelab_devices::Power;
use fencelab_suites::Finding;
use fencelab_transcript::Side;

use crate::dialogue;

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
    /// The power that the device claims here.
    pub(crate) claims: Option<bool>,
    /// Whether it is (part of) what is wrong.
    pub(crate) offends: bool,
    /// Why it is marked.
    pub(crate) note: Option<String>,
}

/// The whole dialogue.
pub(crate) fn lines(finding: &Finding) -> Vec<Marked> {
    let Some(transcript) = &finding.transcript else {
        return finding.dialogue.iter().map(|line| Marked::of_words(line)).collect();
    };
    let mut lines: Vec<Marked> = dialogue::lines(&transcript.events)
        .into_iter()
        .map(|line| {
            let who = match line.side {
                Some(Side::Agent) => "agent  →",
                Some(Side::Device) => "device ←",
                None => "       ·",
            };
            let untrue =
                line.claims.filter(|claim| finding.truth_at(line.at).is_some_and(|truth| truth != *claim));
            Marked {
                at: Some(line.at),
                side: line.side,
                text: format!("{:>10.6} {who} {}", line.at.as_secs_f64(), line.text),
                words: line.text,
                claims: line.claims,
                offends: untrue.is_some(),
                note: untrue.map(|claim| format!("says {}, but the plug is {}", word(claim), word(!claim))),
            }
        })
        .collect();
    // Nothing untrue was said: what offends is how it ended.
    if !lines.iter().any(|line| line.offends)
        && let Some(last) = lines.last_mut()
    {
        last.offends = true;
        last.note = Some(short(&finding.evidence));
    }
    lines
}

/// The first clause of an evidence, for the margin: the whole stands above the dialogue.
fn short(evidence: &str) -> String {
    let clause = evidence.split([';', ':']).next().unwrap_or_default();
    let cut: String = clause.chars().take(80).collect();
    crate::terminal::harmless(if cut.len() < clause.len() { cut.trim_end() } else { clause })
        + if cut.len() < clause.len() { " …" } else { "" }
}

/// `on` or `off`.
pub(crate) fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

trait TruthAt {
    fn truth_at(&self, at: Duration) -> Option<bool>;
}

impl TruthAt for Finding {
    /// What the first plug of the target was at that time, counted from the agent's start as the dialogue is.
    fn truth_at(&self, at: Duration) -> Option<bool> {
        let plug = self.truth.initial.keys().next()?;
        self.truth.at(plug, self.span.0 + at).map(|power| power == Power::On)
    }
}

impl Marked {
    fn of_words(words: &str) -> Self {
        let words = crate::terminal::harmless(words);
        Self { at: None, side: None, text: words.clone(), words, claims: None, offends: false, note: None }
    }
}
