//! The thread that follows the sessions and writes.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use fencelab_transcript::Event;
use fencelab_wire::tap::Direction;

use super::{Note, Summary};
use crate::listen::Listeners;
use crate::{Link, Tape};

/// How long the scribe lets datagrams gather in a busy dialogue before it writes them. While it does, the
/// relay need not wake it, which would cost more than relaying. It is all that a killed program can lose.
const GATHER: Duration = Duration::from_millis(2);

/// Follows the sessions and writes.
pub(super) struct Scribe {
    tape: Tape,
    started: Instant,
    listeners: Listeners<u64>,
    summary: Summary,
    failed: Option<fencelab_transcript::Error>,
}

impl Scribe {
    pub(super) fn new(tape: Tape, link: Link, started: Instant) -> Self {
        let listeners = Listeners::new(&link);
        Self { tape, started, listeners, summary: Summary::default(), failed: None }
    }

    /// Writes until it is told to finish. After an error it goes on: the next event may fit.
    pub(super) fn write(mut self, heard: &Receiver<Note>) -> Result<Summary, fencelab_transcript::Error> {
        // The first note of a burst wakes the scribe; those that follow find it awake.
        'dialogue: while let Ok(first) = heard.recv() {
            let mut next = Some(first);
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
        let summary = Summary { events: self.tape.events(), masked: self.tape.masked(), ..self.summary };
        self.failed.map_or(Ok(summary), Err)
    }

    /// Writes one note; answers whether more may come.
    fn note(&mut self, note: Note) -> bool {
        match note {
            Note::Datagram { at, client, direction, bytes } => self.datagram(at, client, direction, &bytes),
            Note::Gone { client } => self.listeners.forget(&client),
            Note::Mark { at, mark } => self.record(Event::mark(at.duration_since(self.started), 0, *mark)),
            Note::Finish => return false,
        }
        true
    }

    fn datagram(&mut self, at: Instant, client: u64, direction: Direction, bytes: &[u8]) {
        match direction {
            Direction::ToDevice => self.summary.to_device += 1,
            Direction::FromDevice => self.summary.from_device += 1,
        }
        let at = at.duration_since(self.started);
        for event in self.listeners.observe(client, at, direction, bytes) {
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
