//! Sessions into a transcript.

use std::time::Duration;

use fencelab_transcript::redact::Redactor;
use fencelab_transcript::turns::Prompts;
use fencelab_transcript::{DeviceIdentity, Header, LinkInfo, Map, Side, Transcript};
use fencelab_wire::Secret;

use super::Options;
use super::hidden::Hidden;
use super::session::{Session, What};
use crate::dialogues::{Dialogues, Said};
use crate::link::{Protocol, Streams};
use crate::tape;

/// Where the agent is not heard, a device that says nothing for so long waits for it: its turn is over.
const WAIT: Duration = Duration::from_millis(500);
/// The latest time that a transcript can hold, in whole seconds; what is later comes of a damaged file.
const LATEST: Duration = Duration::from_secs(999_999_999);

/// The transcript of all sessions of one device; `file` is where they come from, and `streams` what their bytes are.
pub(in super::super) fn transcript(
    file: &str,
    protocol: &'static dyn Protocol,
    streams: &Streams,
    sessions: Vec<Session>,
    options: &Options,
) -> Transcript {
    let began = sessions.iter().find_map(|session| session.began);
    let port = sessions.iter().find_map(|session| session.port).or(protocol.ports().first().copied());
    let identity = options.device.clone().unwrap_or_else(|| DeviceIdentity::new("unknown", "unknown"));
    let header = Header {
        captured: began.map(tape::captured),
        by: options.by.clone(),
        provenance: Some(format!("imported from {file}")),
        redacted: protocol.redacted().iter().copied().map(String::from).collect(),
        ..Header::new(identity, LinkInfo::new(protocol.name(), protocol.transport(), port))
    };
    // Sessions may overlap.
    let numbered = (0..).zip(sessions);
    let mut heard: Vec<(Duration, u64, Said)> = numbered
        .flat_map(|(number, session)| {
            said(session, &streams.prompts).map(move |(at, said)| (at, number, said))
        })
        .collect();
    heard.sort_by_key(|(at, _, _)| *at);
    let mut dialogues = Dialogues::new(streams, &options.secrets);
    let mut events = Vec::new();
    for (at, number, said) in heard {
        events.extend(dialogues.ready(at));
        dialogues.hear(at, number, said);
    }
    events.extend(dialogues.end());
    let redactor = Redactor::new(options.secrets.clone());
    for event in &mut events {
        redactor.redact(event);
        if !options.secrets.event(event).is_empty() {
            Redactor::blank(event);
        }
    }
    Transcript { header, events }
}

/// What is heard of a session, and when.
fn said(session: Session, prompts: &Prompts) -> impl Iterator<Item = (Duration, Said)> + use<> {
    let details = [("error", session.error), ("unheard", session.unheard)];
    let details: Map =
        details.into_iter().filter_map(|(name, words)| Some((name.to_owned(), words?.into()))).collect();
    let mut said = vec![(session.opened, Said::Begins(details))];
    let secrets = session.secrets.into_iter();
    said.extend(secrets.map(|secret| (session.opened, Said::Secret(Secret::new(secret)))));
    let mut hidden = (!session.hears_agent).then(|| Hidden::new(prompts.clone()));
    let mut last = session.opened;
    for happened in session.events {
        let at = happened.at;
        let mut hear = |one| said.push((at, one));
        match (happened.what, &mut hidden) {
            (What::Said(Side::Device, bytes), Some(hidden)) => {
                if at.saturating_sub(last) >= WAIT {
                    hidden.wait();
                    hear(Said::Waits);
                }
                hear(Said::Bytes(Side::Device, hidden.pass(&bytes)));
            }
            (What::Said(side, bytes), _) => hear(Said::Bytes(side, bytes)),
            (What::SecretDue, _) => hear(Said::SecretDue),
            (What::Note(words), _) => hear(Said::Note(words)),
            (What::Closed(by), _) => hear(Said::Ends(by, Map::new())),
        }
        last = at;
    }
    said.into_iter().map(|(at, said)| (at.min(LATEST), said))
}
