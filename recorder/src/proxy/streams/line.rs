//! What the scribe is told of one stream, and who is at the console.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fencelab_transcript::{Map, Side};
use fencelab_wire::Secret;

use super::super::Note;
use crate::dialogues::Said;

/// Makes the lines of one proxy.
#[derive(Clone)]
pub(in crate::proxy) struct Exchange {
    notes: SyncSender<Note>,
    next: Arc<AtomicU64>,
    clients: Arc<Clients>,
}

/// How many clients are connected.
#[derive(Default)]
pub(in crate::proxy) struct Clients {
    count: Mutex<usize>,
    left: Condvar,
}

/// A client is connected as long as this lives.
pub(in crate::proxy) struct Client(Arc<Clients>);

/// One stream, from its beginning to its end.
pub(in crate::proxy) struct Line {
    notes: SyncSender<Note>,
    stream: u64,
}

impl Exchange {
    pub(in crate::proxy) fn new(notes: SyncSender<Note>) -> Self {
        Self { notes, next: Arc::default(), clients: Arc::default() }
    }

    pub(in crate::proxy) fn clients(&self) -> &Arc<Clients> {
        &self.clients
    }

    /// A client comes.
    pub(in crate::proxy) fn welcome(&self) -> Client {
        *self.clients.count() += 1;
        Client(Arc::clone(&self.clients))
    }

    /// A stream begins.
    pub(in crate::proxy) fn open(&self, details: Map) -> Line {
        let stream = self.next.fetch_add(1, Ordering::Relaxed);
        let line = Line { notes: self.notes.clone(), stream };
        line.tell(Said::Begins(details));
        line
    }

    /// A stream does not come about.
    pub(super) fn refuse(&self, mut details: Map, why: String) {
        details.insert("error".to_owned(), why.into());
        self.open(details);
    }
}

impl Line {
    /// Somebody says something. It is to be told before it is passed on, so that no answer comes before it.
    pub(in crate::proxy) fn says(&self, side: Side, bytes: &[u8]) {
        self.tell(Said::Bytes(side, bytes.to_vec()));
    }

    /// The client gave a secret beside the stream.
    pub(super) fn knows(&self, secret: Secret) {
        self.tell(Said::Secret(secret));
    }

    /// Something happens beside what is said; in words.
    pub(in crate::proxy) fn note(&self, words: String) {
        self.tell(Said::Note(words));
    }

    /// It is ended.
    pub(in crate::proxy) fn close(self, by: Side, more: Map) {
        self.tell(Said::Ends(by, more));
    }

    fn tell(&self, said: Said) {
        // The scribe lives as long as the proxy.
        let _ = self.notes.send(Note::Stream { at: Instant::now(), stream: self.stream, said });
    }
}

impl Clients {
    /// Waits until nobody is connected, but not for longer than this.
    pub(in crate::proxy) fn wait_until_gone(&self, patience: Duration) {
        let waited = self.left.wait_timeout_while(self.count(), patience, |count| *count > 0);
        drop(waited);
    }

    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut count = self.0.count();
        *count = count.saturating_sub(1);
        self.0.left.notify_all();
    }
}
