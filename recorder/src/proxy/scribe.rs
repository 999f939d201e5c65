//! The thread that follows the sessions and writes.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use fencelab_transcript::{Event, Kind, Side};
use fencelab_wire::tap::Direction;

use super::{Note, Summary};
use crate::dialogues::{Dialogues, WAITS};
use crate::link::Carries;
use crate::listen::Listeners;
use crate::{Link, Tape};

/// How long the scribe lets datagrams gather in a busy dialogue before it writes them. While it does, the
/// relay need not wake it, which would cost more than relaying. It is all that a killed program can lose.
const GATHER: Duration = Duration::from_millis(2);

/// How often it looks who waits while nothing is said.
const LOOK: Duration = Duration::from_secs(WAITS.as_secs() / 4);

/// Follows the sessions and writes.
pub(super) struct Scribe {
    tape: Tape,
    started: Instant,
    ears: Ears,
    summary: Summary,
    failed: Option<fencelab_transcript::Error>,
}

/// What follows the sessions.
enum Ears {
    Datagrams(Listeners<u64>),
    Streams(Dialogues),
}

impl Scribe {
    pub(super) fn new(tape: Tape, link: &Link, started: Instant) -> Self {
        let ears = match link.carries() {
            Carries::Datagrams(datagrams) => Ears::Datagrams(Listeners::new(datagrams)),
            Carries::Streams(streams) => Ears::Streams(Dialogues::new(streams, link.secrets())),
        };
        Self { tape, started, ears, summary: Summary::default(), failed: None }
    }

    /// Writes until it is told to finish. After an error it goes on: the next event may fit.
    pub(super) fn write(mut self, heard: &Receiver<Note>) -> Result<Summary, fencelab_transcript::Error> {
        // The first note of a burst wakes the scribe; those that follow find it awake.
        'dialogue: loop {
            let mut next = match heard.recv_timeout(LOOK) {
                Ok(note) => Some(note),
                Err(RecvTimeoutError::Timeout) => {
                    self.write_what_is_ready(self.started.elapsed());
                    None
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            while let Some(note) = next.take() {
                if !self.note(note) {
                    break 'dialogue;
                }
                next = heard.try_recv().ok().or_else(|| {
                    std::thread::sleep(GATHER);
                    heard.try_recv().ok()
                });
            }
        }
        if let Ears::Streams(dialogues) = &mut self.ears {
            let rest = dialogues.end();
            self.turns(rest);
        }
        let summary = Summary { events: self.tape.events(), masked: self.tape.masked(), ..self.summary };
        self.failed.map_or(Ok(summary), Err)
    }

    /// Writes one note; answers whether more may come.
    fn note(&mut self, note: Note) -> bool {
        match (note, &mut self.ears) {
            (Note::Finish, _) => return false,
            (Note::Datagram { at, client, direction, bytes }, Ears::Datagrams(listeners)) => {
                match direction {
                    Direction::ToDevice => self.summary.to_device += 1,
                    Direction::FromDevice => self.summary.from_device += 1,
                }
                let at = at.duration_since(self.started);
                for event in listeners.observe(client, at, direction, &bytes) {
                    self.record(event);
                }
            }
            (Note::Gone { client }, Ears::Datagrams(listeners)) => listeners.forget(&client),
            (Note::Stream { at, stream, said }, Ears::Streams(dialogues)) => {
                let at = at.duration_since(self.started);
                dialogues.hear(at, stream, said);
                self.write_what_is_ready(at);
            }
            (Note::Mark { at, mark }, ears) => {
                let at = at.duration_since(self.started);
                let mark = Event::mark(at, 0, *mark);
                match ears {
                    Ears::Datagrams(_) => self.record(mark),
                    Ears::Streams(dialogues) => {
                        dialogues.note(mark);
                        self.write_what_is_ready(at);
                    }
                }
            }
            // What relays is of the same kind as what listens.
            (Note::Datagram { .. } | Note::Gone { .. } | Note::Stream { .. }, _) => {}
        }
        true
    }

    fn write_what_is_ready(&mut self, now: Duration) {
        if let Ears::Streams(dialogues) = &mut self.ears {
            let ready = dialogues.ready(now);
            self.turns(ready);
        }
    }

    fn turns(&mut self, events: Vec<Event>) {
        for event in events {
            match event.kind {
                Kind::Say { from: Side::Agent, .. } => self.summary.to_device += 1,
                Kind::Say { from: Side::Device, .. } => self.summary.from_device += 1,
                _ => {}
            }
            self.record(event);
        }
    }

    fn record(&mut self, event: Event) {
        if let Err(error) = self.tape.record(event)
            && self.failed.is_none()
        {
            tracing::error!("an event could not be recorded: {error}");
            self.failed = Some(error);
        }
    }
}
