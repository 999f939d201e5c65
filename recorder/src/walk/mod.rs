//! Walking a live device into a transcript: every object below some roots, one after the other.
//!
//! What is recorded is the dialogue itself, as a proxy would have heard it, between two marks of the action `walk`. A device
//! that goes in rings, goes backwards, never ends or falls silent ends the walk of that subtree, with a warning.

mod course;

use std::time::Duration;

use fencelab_link::{Datagrams, LinkError, Target, World};
use fencelab_transcript::Mark;
use fencelab_wire::snmp::manager::{self, ConfigError, Manager, Progress, Refused};
use fencelab_wire::snmp::tap::Credential;
use fencelab_wire::snmp::{Binding, Oid, PduKind, Version};
use fencelab_wire::tap::Direction;

use crate::listen::Listeners;
use crate::{Link, Tape, link};
use course::{Course, Question};

/// How to walk.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Version, and community or user.
    pub login: manager::Config,
    /// The subtrees, in the order in which they are walked; without one it is 1.3.6.1.
    pub roots: Vec<Oid>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often a question without an answer is asked again.
    pub retries: u32,
    /// Objects for each question, where the version has GetBulk; 0 asks for one at a time.
    pub repetitions: u16,
    /// Objects after which a walk ends.
    pub objects_max: u64,
}

impl Walk {
    /// 25 objects at a time, 2 s and 3 retries for each answer, a million objects.
    pub fn new(login: manager::Config, roots: Vec<Oid>) -> Self {
        let (timeout, retries) = (Duration::from_secs(2), 3);
        Self { login, roots, timeout, retries, repetitions: 25, objects_max: 1_000_000 }
    }

    /// The link that hears this login, and keeps its secrets out of the transcript.
    pub fn link(&self) -> Link {
        link::snmp::link(self.credentials())
    }

    fn credentials(&self) -> Vec<Credential> {
        let community = self.login.community.clone().map(Credential::Community);
        let user = self.login.user.clone().map(Credential::User);
        community.into_iter().chain(user).collect()
    }
}

/// Where a walk stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Objects read so far.
    pub objects: u64,
    /// The last of them.
    pub at: &'a Oid,
}

/// What a walk amounted to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Walked {
    /// Objects read.
    pub objects: u64,
    /// Whether it was ended from outside, before all was read.
    pub is_cancelled: bool,
    /// What was odd, and where; for a person.
    pub warnings: Vec<String>,
}

/// Why a walk could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The device cannot be reached.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The device never answered.
    #[error(
        "{target} does not answer; check its address, that SNMP is enabled there, and the community or user"
    )]
    Silent {
        /// Who was asked.
        target: Target,
    },
    /// The device refuses the user.
    #[error("{target} refuses: {refused}")]
    Refused {
        /// Who was asked.
        target: Target,
        /// What it says.
        refused: Refused,
    },
    /// The login lacks something.
    #[error(transparent)]
    Login(#[from] ConfigError),
    /// The transcript cannot be written.
    #[error(transparent)]
    Tape(#[from] fencelab_transcript::Error),
}

/// Walks a device into a tape. `progress` is told after each answer, and answers whether to go on.
///
/// # Errors
/// The device cannot be reached, never answers or refuses the user, or the tape cannot be written. What was heard until then
/// is on the tape.
pub fn live(
    walk: &Walk,
    target: &Target,
    world: &mut dyn World,
    tape: &mut Tape,
    progress: &mut dyn FnMut(Standing<'_>) -> bool,
) -> Result<Walked, WalkError> {
    let datagrams = world.datagrams(target)?;
    let listening = link::snmp::datagrams(walk.credentials());
    let heard = Heard { listeners: Listeners::new(&listening), start: world.now() };
    let manager = Manager::new(walk.login.clone())?;
    let mut dialogue = Dialogue { walk, target, world, tape, datagrams, manager, heard };
    dialogue.mark(Mark::begin("walk", None))?;
    let walked = dialogue.walk(progress);
    let exit = i32::from(walked.is_err());
    dialogue.mark(Mark::end("walk", None, Some(exit)))?;
    walked
}

/// What writes down what is said.
struct Heard {
    /// The only client is the walk.
    listeners: Listeners<()>,
    start: Duration,
}

struct Dialogue<'a> {
    walk: &'a Walk,
    target: &'a Target,
    world: &'a mut dyn World,
    tape: &'a mut Tape,
    datagrams: Box<dyn Datagrams>,
    manager: Manager,
    heard: Heard,
}

impl Dialogue<'_> {
    fn walk(&mut self, progress: &mut dyn FnMut(Standing<'_>) -> bool) -> Result<Walked, WalkError> {
        let repetitions = if self.walk.login.version == Version::V1 { 0 } else { self.walk.repetitions };
        let mut course = Course::new(&self.walk.roots, repetitions, self.walk.objects_max);
        let (mut goes_on, mut has_answered) = (true, false);
        while goes_on {
            let datagram = self.ask(&course.question());
            match self.exchange(datagram)? {
                Some(Progress::Answer(answer)) => {
                    has_answered = true;
                    goes_on = course.hear(&answer);
                    if !progress(Standing { objects: course.objects, at: course.at() }) {
                        return Ok(walked(course, goes_on));
                    }
                }
                Some(_) => {}
                // Some devices choke on long answers; most that are silent are not there at all.
                None if !has_answered && course.ask_for_one() => {}
                None if course.ask_less() => {}
                None if has_answered => goes_on = course.give_up("the device has fallen silent"),
                None => return Err(WalkError::Silent { target: self.target.clone() }),
            }
        }
        Ok(walked(course, false))
    }

    /// In v3 this asks for the engine first, if it is not known.
    fn ask(&mut self, question: &Question) -> Vec<u8> {
        let bindings = vec![Binding::ask(question.object.clone())];
        let (now, world) = (self.world.now(), &mut *self.world);
        let random = &mut |bytes: &mut [u8]| world.random(bytes);
        match question.kind {
            PduKind::GetBulk => self.manager.bulk(now, 0, question.repetitions, bindings, random),
            kind => self.manager.request(now, kind, bindings, random),
        }
    }

    /// Says something until something comes of it; nothing if the device stays silent.
    fn exchange(&mut self, datagram: Vec<u8>) -> Result<Option<Progress>, WalkError> {
        let mut next = Some(datagram);
        for _ in 0..=self.walk.retries {
            let world = &mut *self.world;
            let now = world.now();
            let datagram = match next.take() {
                Some(datagram) => datagram,
                None => self.manager.retransmit(now, &mut |bytes| world.random(bytes)),
            };
            self.say(&datagram)?;
            let until = self.world.now().saturating_add(self.walk.timeout);
            while let Some(answer) = self.receive(until)? {
                let (now, world) = (self.world.now(), &mut *self.world);
                match self.manager.receive(now, &answer, &mut |bytes| world.random(bytes)) {
                    Ok(Progress::Send(again)) => self.say(&again)?,
                    Ok(Progress::Ignored(_)) => {}
                    Ok(progress) => return Ok(Some(progress)),
                    Err(refused) => return Err(WalkError::Refused { target: self.target.clone(), refused }),
                }
            }
        }
        Ok(None)
    }

    fn say(&mut self, datagram: &[u8]) -> Result<(), WalkError> {
        self.record(Direction::ToDevice, datagram)?;
        match self.datagrams.send(datagram) {
            // The echo of an earlier one: the device may come back.
            Ok(()) | Err(LinkError::Refused { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self, until: Duration) -> Result<Option<Vec<u8>>, WalkError> {
        loop {
            match self.datagrams.receive(until) {
                Ok(Some(datagram)) => {
                    self.record(Direction::FromDevice, &datagram)?;
                    return Ok(Some(datagram));
                }
                Ok(None) => return Ok(None),
                Err(LinkError::Refused { .. }) if self.world.now() < until => {}
                Err(LinkError::Refused { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn record(&mut self, direction: Direction, datagram: &[u8]) -> Result<(), WalkError> {
        let Heard { listeners, start } = &mut self.heard;
        let at = self.world.now().saturating_sub(*start);
        for event in listeners.observe((), at, direction, datagram) {
            self.tape.record(event)?;
        }
        Ok(())
    }

    fn mark(&mut self, mark: Mark) -> Result<(), WalkError> {
        let at = self.world.now().saturating_sub(self.heard.start);
        Ok(self.tape.record(fencelab_transcript::Event::mark(at, 0, mark))?)
    }
}

fn walked(course: Course, is_cancelled: bool) -> Walked {
    Walked { objects: course.objects, is_cancelled, warnings: course.warnings }
}
