//! One session at a console as a file tells it: what was said, when, and by whom, before it is put into turns.

use std::time::Duration;

use fencelab_transcript::Side;

/// A session.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Session {
    /// The wall clock at the start of the file, if it was written down.
    pub(in super::super) began: Option<jiff::Timestamp>,
    /// When the session was opened; like all times since the start of the file.
    pub(in super::super) opened: Duration,
    /// What happened, in the order of time.
    pub(in super::super) events: Vec<Happened>,
    /// The words of the command that was recorded; they may hold a secret, and are only looked at.
    pub(in super::super) command: Option<String>,
    /// The device's port, if it is known.
    pub(in super::super) port: Option<u16>,
    /// What the file does not hold, in words.
    pub(in super::super) unheard: Option<String>,
    /// Why there was no session after all, in words.
    pub(in super::super) error: Option<String>,
    /// Whether what the agent said is in the file. If not, its passwords may yet stand in what the device echoed.
    pub(in super::super) hears_agent: bool,
    /// Secrets that the file itself shows to be some.
    pub(in super::super) secrets: Vec<Vec<u8>>,
}

/// Something that happened, so long after the start of the file.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Happened {
    pub(in super::super) at: Duration,
    pub(in super::super) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum What {
    /// A side said something.
    Said(Side, Vec<u8>),
    /// The next that the agent says is a secret, up to the end of its line.
    SecretDue,
    /// Something beside the dialogue, in words.
    Note(String),
    /// A side ended the session.
    Closed(Side),
}

impl Session {
    pub(in super::super) fn push(&mut self, at: Duration, what: What) {
        self.events.push(Happened { at, what });
    }

    /// A side said something, if it is not nothing.
    pub(in super::super) fn say(&mut self, at: Duration, from: Side, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.push(at, What::Said(from, bytes.to_vec()));
        }
    }

    /// Whether anything was said in it.
    pub(in super::super) fn is_silent(&self) -> bool {
        !self.events.iter().any(|event| matches!(event.what, What::Said(..)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// All that a side said.
    pub(in super::super) fn said(session: &Session, side: Side) -> String {
        let bytes = |event: &Happened| match &event.what {
            What::Said(from, bytes) if *from == side => bytes.clone(),
            _ => Vec::new(),
        };
        String::from_utf8(session.events.iter().flat_map(bytes).collect()).unwrap()
    }

    /// What happened, in one letter each and its words: `d` the device, `a` the agent, `s` a secret is due, `n` a note,
    /// `c` a close.
    pub(in super::super) fn told(session: &Session) -> Vec<(u64, String)> {
        let words = |event: &Happened| match &event.what {
            What::Said(side, bytes) => format!("{}:{}", &side.name()[..1], bytes.escape_ascii()),
            What::SecretDue => "s".into(),
            What::Note(words) => format!("n:{words}"),
            What::Closed(side) => format!("c:{side}"),
        };
        let millis = |event: &Happened| u64::try_from(event.at.as_millis()).unwrap();
        session.events.iter().map(|event| (millis(event), words(event))).collect()
    }
}
