//! A node's load by CPG, beside its corosync.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::load::{Flaws, Offer, RingEvent, RingLoad, RingResult, Span, Wishes, seconds};
use crate::measure::{self, Usage};
use crate::namespaces;
use crate::ring::Tally;
use crate::transport::{Error, NodeId, Waiting};

use super::daemon::Daemon;
use super::group::{Group, Heard};
use super::message::Flaw;
use super::voice::Voice;

/// How long corosync may take until it answers.
const STARTING: Duration = Duration::from_secs(20);
/// How often it is asked until then: nothing tells when it is ready.
const ASKED_EVERY: Duration = Duration::from_millis(10);
/// The longest sleep.
const LONGEST: Duration = Duration::from_millis(50);
/// The longest sleep with something to say that corosync did not take: it tells nobody when it would.
const FULL: Duration = Duration::from_millis(1);

pub(super) struct Turning<'a> {
    load: &'a RingLoad,
    // In this order they end: who speaks, the client, its server.
    voice: Voice,
    /// `None`: it listens no more.
    group: Option<Arc<Group>>,
    daemon: Daemon,
    span: Span<(Usage, Tally)>,
    result: RingResult,
    flaws: Flaws,
    /// The number that is next of each sender.
    next: BTreeMap<u32, u64>,
    is_cut: bool,
    /// Whether it is to leave the group.
    wants_out: bool,
}

impl<'a> Turning<'a> {
    /// Joins the group as soon as corosync lets it; `None`: it was stopped before.
    pub(super) fn join(
        load: &'a RingLoad,
        waiting: Waiting,
        mut daemon: Daemon,
        wishes: &Wishes,
    ) -> Result<Option<Self>, Error> {
        let until = Instant::now() + STARTING;
        let group = loop {
            daemon.check()?;
            if let Some(group) = Group::join()? {
                break group;
            }
            if wishes.is_stopped() {
                return Ok(None);
            }
            if Instant::now() > until {
                return Err(Error::Unfit(format!("corosync does not answer after {STARTING:?}")));
            }
            std::thread::sleep(ASKED_EVERY);
        };
        Ok(Some(Self {
            load,
            voice: Voice::new(load, waiting),
            group: Some(Arc::new(group)),
            daemon,
            span: Span::new(),
            result: RingResult::default(),
            flaws: Flaws::default(),
            next: BTreeMap::new(),
            is_cut: false,
            wants_out: false,
        }))
    }

    /// Turns until it is stopped.
    pub(super) fn run(mut self, wishes: &Wishes, tell: &mut dyn FnMut(RingEvent)) -> Result<(), Error> {
        while !wishes.is_stopped() {
            self.cut(wishes.is_cut())?;
            self.mark_time(tell)?;
            let Some(group) = self.group.clone() else {
                self.daemon.check()?;
                std::thread::sleep(self.patience(true));
                continue;
            };
            if self.wants_out && group.leave()? {
                // corosync delivers to who has left as long as it is connected.
                self.group = None;
                continue;
            }
            let is_taken = self.voice.say(&group)?;
            // What goes wrong with corosync goes wrong here first.
            let heard = match group.hear() {
                Ok(heard) => heard,
                Err(error) => return Err(self.daemon.check().err().unwrap_or(error)),
            };
            let is_quiet = heard.is_empty();
            for heard in heard {
                self.take(heard, &group, tell);
            }
            if is_quiet {
                group.wait(self.patience(is_taken))?;
            }
        }
        self.cut(false)
    }

    /// How long nothing is to be done.
    fn patience(&self, is_taken: bool) -> Duration {
        if !is_taken {
            return FULL;
        }
        let now = measure::now();
        let due = [self.span.next(), self.voice.next_due()].into_iter().flatten().min();
        due.map_or(LONGEST, |due| Duration::from_nanos(due.saturating_sub(now)).min(LONGEST))
    }

    /// Cuts the node off, or heals that.
    fn cut(&mut self, is_cut: bool) -> Result<(), Error> {
        if is_cut == self.is_cut {
            return Ok(());
        }
        self.is_cut = is_cut;
        namespaces::cut(is_cut)
    }

    /// The first node's clock.
    fn common(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.load.clock)
    }

    /// Begins and ends what counts.
    fn mark_time(&mut self, tell: &mut dyn FnMut(RingEvent)) -> Result<(), Error> {
        let now = measure::now();
        // The figures are asked for where they are needed only: each costs corosync some of its time.
        if self.span.next().is_none_or(|next| now < next) {
            return Ok(());
        }
        let mark = (self.usage(), self.daemon.tally()?);
        let Some((began, (usage, tally))) = self.span.step(now, || mark) else { return Ok(()) };
        let mut result = std::mem::take(&mut self.result);
        result.seconds = seconds(now - began);
        result.usage = mark.0.since(usage);
        result.tally = mark.1.since(tally);
        result.flaws = Some(self.flaws);
        // What is offered still is not measured any more.
        result.behind = self.voice.end()?;
        tell(RingEvent::Measured(Box::new(result)));
        Ok(())
    }

    /// Of this process and corosync's.
    fn usage(&self) -> Usage {
        Usage::now().with(self.daemon.usage())
    }

    fn take(&mut self, heard: Heard, group: &Arc<Group>, tell: &mut dyn FnMut(RingEvent)) {
        match heard {
            Heard::Members { at, members, is_leave } => {
                if self.span.counts() && !is_leave {
                    self.result.changes += 1;
                }
                self.changed(at, &members, group, tell);
            }
            Heard::Message { from, at, bytes, header } => {
                let counts = self.span.counts();
                if counts {
                    self.result.messages += 1;
                    self.result.bytes += u64::try_from(bytes).unwrap_or_default();
                }
                match header {
                    Ok(header) => {
                        let next =
                            self.next.insert(from, header.number.wrapping_add(1)).unwrap_or(header.number);
                        self.flaws.sequence += u64::from(next != header.number);
                        if counts {
                            let took = self.common(at).saturating_sub(header.born);
                            let is_own = super::node(from) == Some(self.load.own);
                            let result = &mut self.result;
                            if is_own { &mut result.returned } else { &mut result.delivery }.record(took);
                        }
                    }
                    Err(Flaw::Length) => self.flaws.length += 1,
                    Err(Flaw::Crc) => self.flaws.crc += 1,
                }
            }
        }
    }

    fn changed(&mut self, at: u64, members: &[u32], group: &Arc<Group>, tell: &mut dyn FnMut(RingEvent)) {
        let members: BTreeSet<NodeId> = members.iter().filter_map(|nodeid| super::node(*nodeid)).collect();
        if members.len() == self.load.nodes && !self.span.is_set() {
            let from = self.load.begin(at, &mut self.span);
            self.voice.begin(from, group);
            // cpgbench is alone in its group: what it says is delivered to itself.
            self.wants_out = self.load.offer == Offer::FloodOne && self.load.own != 0;
        }
        tell(RingEvent::Members { at: self.common(at), members });
    }
}
