//! A device: one plant, its faces, its faults, and the network between it and the agent.

mod log;
mod network;
mod recording;
mod streams;
mod wire;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::Event;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::face::{Context, Face, Reply};
use crate::fault::{Direction, Engine, Fault, Op};
use crate::plant::{Cause, Command, Plant};
use crate::replay::Divergence;
use crate::spec::DeviceSpec;

pub(crate) use log::Log;
pub use log::RequestLog;
use network::Network;
pub use network::Output;
use recording::Recording;
use wire::Wire;

/// The lab's login: every user of an emulated device has this password. `Debug` does not show it.
#[derive(Clone, Eq, PartialEq)]
pub struct Credentials {
    /// The name of the lab's own user.
    pub user: String,
    /// The password of every user.
    pub password: String,
    /// The BMC key K_g, at most 20 bytes. With it, RMCP+ logins need both keys (IPMI 2.0, 13.31).
    pub kg: Option<String>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self { user: "lab".to_owned(), password: "fencelab".to_owned(), kg: None }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kg = self.kg.as_ref().map(|_| "***");
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("password", &"***")
            .field("kg", &kg)
            .finish()
    }
}

/// How one of several devices behind one socket is spoken to, see [`Rack`](crate::serve::Rack).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// SNMP v1 and v2c: each community with `@` and this name.
    Community(String),
    /// SNMP v3: this context of the engine that all of them share.
    Context {
        /// The context's name.
        name: String,
        /// snmpEngineID.
        engine_id: Vec<u8>,
    },
}

/// A command that the `wrong-plug` fault sends to the neighbour device. Whoever owns both applies it there with
/// [`Device::take_neighbour_commands`] and [`Device::apply_neighbour_command`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NeighbourCommand {
    /// When it was given.
    pub at: Duration,
    /// What the neighbour's first plug is to do.
    pub command: Command,
}

/// An emulated device.
#[derive(Debug)]
pub struct Device {
    spec: Arc<DeviceSpec>,
    plant: Plant,
    faces: Vec<Face>,
    faults: Engine,
    network: Network,
    /// What lies between a face and the world, where that is a serial line.
    wires: Vec<Option<Wire>>,
    random: ChaCha8Rng,
    log: Log,
    neighbours: Vec<NeighbourCommand>,
    /// What a face has heard and must not be recorded, until the recording knows it.
    secrets: Vec<String>,
    recording: Option<Box<Recording>>,
    credentials: Arc<Credentials>,
}

impl Device {
    /// A device in its initial state. All its randomness (session ids, nonces) comes from `seed`.
    #[must_use]
    pub fn new(spec: Arc<DeviceSpec>, credentials: &Credentials, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let plant = Plant::new(spec.plant.plugs.iter().cloned(), spec.plant.timing);
        let faces = spec
            .faces
            .iter()
            .map(|face| Face::new(face, &spec, credentials, &mut |buffer| random.fill_bytes(buffer)))
            .collect();
        let wires = spec.faces.iter().map(Wire::of).collect();
        Self {
            spec,
            plant,
            faces,
            faults: Engine::default(),
            network: Network::default(),
            wires,
            random,
            log: Log::default(),
            neighbours: Vec::new(),
            secrets: Vec::new(),
            recording: None,
            credentials: Arc::new(credentials.clone()),
        }
    }

    /// What it is.
    #[must_use]
    pub fn spec(&self) -> &Arc<DeviceSpec> {
        &self.spec
    }

    /// From now on its SNMP faces answer only to this address.
    pub fn answer_only_to(&mut self, address: &Address) {
        for face in &mut self.faces {
            if let Face::Snmp(agent) = face {
                agent.answer_only_to(address, &self.credentials);
            }
        }
    }

    /// The truth. Advance it ([`Device::advance`]) to the instant you ask about.
    #[must_use]
    pub fn plant(&self) -> &Plant {
        &self.plant
    }

    /// The truth, to be changed by the control interface.
    pub fn plant_mut(&mut self) -> &mut Plant {
        &mut self.plant
    }

    /// A datagram of `peer` reaches the network before face number `face`: any bytes, never a panic. On a stream
    /// ([`is_stream`](Self::is_stream)) these are the next bytes of it, and none say that `peer` has hung up.
    pub fn handle(&mut self, now: Duration, face: usize, peer: SocketAddr, datagram: &[u8]) {
        self.advance(now);
        if self.wires.get(face).is_some_and(Option::is_some) {
            return self.handle_line(now, face, peer, datagram);
        }
        self.arrive(now, face, peer, datagram);
    }

    /// Something reaches the network before a face.
    fn arrive(&mut self, now: Duration, face: usize, peer: SocketAddr, datagram: &[u8]) {
        if self.faces.get(face).is_some_and(|face| face.is_request(peer, datagram)) {
            self.faults.begin_exchange();
        }
        let stream = self.is_stream(face);
        if self.faults.is_empty() {
            self.process(now, face, peer, datagram);
        } else {
            let op =
                if self.faults.needs_op() { self.classify(now, face, peer, datagram) } else { Op::Other };
            self.network.arrive(now, &mut self.faults, op, (face, peer, stream), datagram);
            self.advance(now);
        }
        if stream && datagram.is_empty() {
            self.network.end(face, peer);
        }
    }

    /// Whether a face is spoken to over connections.
    #[must_use]
    pub fn is_stream(&self, face: usize) -> bool {
        self.faces.get(face).is_some_and(Face::is_stream)
    }

    /// Lets a face act on all that it may.
    fn with_face<T>(&mut self, face: usize, act: impl FnOnce(&mut Face, &mut Context<'_>) -> T) -> Option<T> {
        let random = &mut self.random;
        let mut context = Context {
            face,
            plant: &mut self.plant,
            faults: &mut self.faults,
            log: &mut self.log,
            neighbours: &mut self.neighbours,
            secrets: &mut self.secrets,
            random: &mut |buffer| random.fill_bytes(buffer),
        };
        self.faces.get_mut(face).map(|state| act(state, &mut context))
    }

    fn depart(&mut self, now: Duration, face: usize, replies: Vec<(SocketAddr, Reply)>) {
        let stream = self.is_stream(face);
        for (to, Reply { bytes, delay, op, tells }) in replies {
            let output = Output { face, to, bytes, tells };
            self.network.leave(now.saturating_add(delay), &mut self.faults, op, stream, output);
        }
    }

    /// Does all that is due at `now`: delayed datagrams reach the faces, the plant moves.
    pub fn advance(&mut self, now: Duration) {
        while let Some(arrival) = self.network.next_arrival(now) {
            self.faults.resume_exchange(arrival.exchange);
            self.process(
                arrival.due.max(self.network.last_processed),
                arrival.face,
                arrival.peer,
                &arrival.bytes,
            );
        }
        self.plant.advance(now);
        for face in 0..self.faces.len() {
            // What is said then is said at its time, though nobody looked.
            while let Some(at) = self.faces.get(face).and_then(Face::next_wake).filter(|at| *at <= now) {
                self.plant.advance(at);
                let replies = self.with_face(face, |face, context| face.wake(at, context));
                self.depart(at, face, replies.unwrap_or_default());
            }
        }
    }

    /// When the device next has output or work; `None`: only when a datagram comes. It may be in the past.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.faces.iter().filter_map(Face::next_wake).chain(self.network.next_wake()).min()
    }

    /// The same, but for output of other faces.
    #[must_use]
    pub fn next_wake_of(&self, face: usize) -> Option<Duration> {
        self.faces.iter().filter_map(Face::next_wake).chain(self.network.next_wake_of(face)).min()
    }

    /// The datagrams that are due at `now`, in order.
    pub fn take_output(&mut self, now: Duration) -> Vec<Output> {
        self.advance(now);
        let due = self.network.take_due(now);
        self.told(due)
    }

    /// Those of one face only.
    pub fn take_output_of(&mut self, now: Duration, face: usize) -> Vec<Output> {
        self.advance(now);
        let due = self.network.take_due_of(now, face);
        self.told(due)
    }

    /// Replaces all faults; counts and windows begin anew.
    pub fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = Engine::new(faults);
        self.network.release_held();
    }

    /// No more faults: everything heals.
    pub fn clear_faults(&mut self) {
        self.set_faults(Vec::new());
    }

    /// The faults as given.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.faults()
    }

    /// From now on everything that reaches the device and leaves it is kept, as seen after the faults.
    pub fn record(&mut self) {
        let listeners = self.faces.iter().map(|face| face.listener(&self.credentials)).collect();
        self.recording = Some(Box::new(Recording::new(listeners)));
    }

    /// What was said since the last call, if [`record`](Self::record) was called.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.recording.as_mut().map(|recording| recording.take()).unwrap_or_default()
    }

    /// The newest requests (256, or as [`keep_requests`](Self::keep_requests) says), oldest first.
    #[must_use]
    pub fn requests(&self) -> &[RequestLog] {
        self.log.entries()
    }

    /// How many of the newest requests are kept at least.
    pub fn keep_requests(&mut self, limit: usize) {
        self.log.keep(limit);
    }

    /// Commands for the neighbour device, since the last call.
    pub fn take_neighbour_commands(&mut self) -> Vec<NeighbourCommand> {
        std::mem::take(&mut self.neighbours)
    }

    /// Does what the neighbour's `wrong-plug` fault sent here.
    pub fn apply_neighbour_command(&mut self, command: &NeighbourCommand) {
        self.advance(command.at);
        let Some(plug) = self.plant.plugs().first().map(|plug| plug.name().to_owned()) else { return };
        self.plant.command(command.at, &plug, command.command, Cause::Neighbour);
    }

    /// Where a strict replay's partner did not say what was recorded; empty for any other device.
    #[must_use]
    pub fn divergences(&self) -> &[Divergence] {
        self.faces
            .iter()
            .find_map(|face| match face {
                Face::Replay(player) => Some(player.divergences()),
                Face::Ipmi(_) | Face::Snmp(_) | Face::Console(_) => None,
            })
            .unwrap_or_default()
    }

    /// Whether a strict replay takes as long for each answer as was recorded; by default it takes no time.
    pub fn keep_recorded_timing(&mut self, keep: bool) {
        for face in &mut self.faces {
            if let Face::Replay(player) = face {
                player.set_timed(keep);
            }
        }
    }

    /// How many sessions are open, over all faces.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.faces.iter().map(Face::sessions).sum()
    }

    /// The SNMP context that a datagram names, without any effect; `None`: it is no request that this device can read.
    pub(crate) fn context_of(&self, now: Duration, face: usize, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut random = self.random.clone();
        match self.faces.get(face)? {
            Face::Snmp(agent) => agent.context_of(now, &mut |buffer| random.fill_bytes(buffer), datagram),
            Face::Ipmi(_) | Face::Console(_) | Face::Replay(_) => None,
        }
    }

    /// snmpEngineID of a face, if it has one.
    pub(crate) fn engine_id(&self, face: usize) -> Option<Vec<u8>> {
        match self.faces.get(face)? {
            Face::Snmp(agent) => Some(agent.config().engine_id.clone()),
            Face::Ipmi(_) | Face::Console(_) | Face::Replay(_) => None,
        }
    }

    fn classify(&mut self, now: Duration, face: usize, peer: SocketAddr, datagram: &[u8]) -> Op {
        // A probe must not use up randomness, or a fault would change what comes after it.
        let mut random = self.random.clone();
        match self.faces.get(face) {
            Some(face) => {
                face.classify(now, peer, &self.plant, &mut |buffer| random.fill_bytes(buffer), datagram)
            }
            None => Op::Other,
        }
    }

    fn process(&mut self, now: Duration, face: usize, peer: SocketAddr, datagram: &[u8]) {
        self.plant.advance(now);
        self.network.last_processed = now;
        if let Some(recording) = &mut self.recording {
            let is_secret = self.faces.get(face).is_some_and(|face| face.awaits_secret(peer));
            recording.say(now, face, peer, datagram, is_secret);
        }
        let replies = self.with_face(face, |state, context| state.handle(now, peer, datagram, context));
        let secrets = std::mem::take(&mut self.secrets);
        if let Some(recording) = &mut self.recording {
            secrets.iter().for_each(|secret| recording.know(face, peer, secret));
        }
        self.depart(now, face, replies.unwrap_or_default());
    }
}

/// Directions by which the network calls its faults.
pub(crate) const INWARD: Direction = Direction::ToDevice;
/// The way of answers.
pub(crate) const OUTWARD: Direction = Direction::FromDevice;
