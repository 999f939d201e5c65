//! How a node says what it has to say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::load::{RingLoad, Source};
use crate::measure;
use crate::transport::{Error, Waiting};

use super::group::Group;
use super::message::{self, Header};

/// So many are said at once, so that who speaks comes to listen, too.
const AT_ONCE: usize = 64;

/// What there is to say.
struct Speaker {
    source: Source,
    /// What is to be added to this machine's clock for that of the first node, in nanoseconds.
    clock: i64,
    /// Messages said so far.
    said: u64,
    /// What corosync did not take.
    kept: Option<Vec<u8>>,
}

impl Speaker {
    /// Says what is due. Answers whether corosync took all of it.
    fn say(&mut self, group: &Group) -> Result<bool, Error> {
        for _ in 0..AT_ONCE {
            let message = match self.kept.take() {
                Some(message) => message,
                None => {
                    let Some((due, bytes)) = self.source.next(measure::now(), 0) else { return Ok(true) };
                    let mut message = Vec::with_capacity(bytes);
                    let born = due.saturating_add_signed(self.clock);
                    message::write(&mut message, Header { number: self.said, born }, bytes);
                    self.said += 1;
                    message
                }
            };
            if !group.say(&message)? {
                self.kept = Some(message);
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Where it is said.
enum Place {
    /// Between listening.
    Here(Box<Speaker>),
    /// By a thread that asks corosync again and again, as cpgbench's does, until it is told that it is over.
    Apart(JoinHandle<Result<Box<Speaker>, Error>>),
    /// There is nothing to say any more.
    Nowhere,
}

pub(super) struct Voice {
    waiting: Waiting,
    place: Place,
    is_over: Arc<AtomicBool>,
}

impl Voice {
    pub(super) fn new(load: &RingLoad, waiting: Waiting) -> Self {
        let speaker = Speaker { source: Source::new(load), clock: load.clock, said: 0, kept: None };
        Self { waiting, place: Place::Here(Box::new(speaker)), is_over: Arc::default() }
    }

    /// Messages are due from then on, in nanoseconds of this machine's clock.
    pub(super) fn begin(&mut self, at: u64, group: &Arc<Group>) {
        let Place::Here(speaker) = &mut self.place else { return };
        speaker.source.begin(at);
        // A node without a word need not ask for one.
        if self.waiting == Waiting::Events || speaker.source.is_silent() {
            return;
        }
        let Place::Here(mut speaker) = std::mem::replace(&mut self.place, Place::Nowhere) else { return };
        let (group, is_over) = (Arc::clone(group), Arc::clone(&self.is_over));
        self.place = Place::Apart(std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                speaker.say(&group)?;
            }
            Ok(speaker)
        }));
    }

    /// Says what is due, unless a thread does. Answers whether corosync took all of it.
    ///
    /// # Errors
    /// corosync failed.
    pub(super) fn say(&mut self, group: &Group) -> Result<bool, Error> {
        match &mut self.place {
            Place::Here(speaker) => speaker.say(group),
            Place::Apart(_) | Place::Nowhere => Ok(true),
        }
    }

    /// When there is something to say next; `None`: nobody knows, or a thread does.
    pub(super) fn next_due(&self) -> Option<u64> {
        match &self.place {
            Place::Here(speaker) => speaker.source.next_due(),
            Place::Apart(_) | Place::Nowhere => None,
        }
    }

    /// Says nothing from now on. Answers how many messages were due and are not said.
    ///
    /// # Errors
    /// corosync failed.
    pub(super) fn end(&mut self) -> Result<u64, Error> {
        self.is_over.store(true, Ordering::Relaxed);
        let speaker = match std::mem::replace(&mut self.place, Place::Nowhere) {
            Place::Here(speaker) => speaker,
            Place::Apart(thread) => {
                thread.join().map_err(|_| Error::Unfit("the thread that speaks has failed".to_owned()))??
            }
            Place::Nowhere => return Ok(0),
        };
        Ok(speaker.source.behind(measure::now()) + u64::from(speaker.kept.is_some()))
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        // What it would say of its end is no news any more.
        let _ = self.end();
    }
}
