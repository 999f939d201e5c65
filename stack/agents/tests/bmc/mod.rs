//! A small BMC for the tests in memory: the wire's own session layer, and a chassis that can be told to misbehave.

use std::{
    cell::RefCell, collections::VecDeque, net::SocketAddr, ops::Range, rc::Rc, sync::Arc, time::Duration,
};

use fencelab_agents::{Invocation, Outcome, run};
use fencelab_link::memory::{MemoryWorld, Peer};
use fencelab_wire::ipmi::{
    Completion, Privilege, Request, Response,
    server::{Config, Received, Server, User},
};

pub(crate) const USER: &str = "lab";
pub(crate) const PASSWORD: &str = "fencelab-secret";

/// One rule for what happens to a datagram or a command, counted from 1.
pub(crate) type Lose = Box<dyn FnMut(Duration, usize) -> bool>;
pub(crate) type Tamper = Box<dyn FnMut(bool, &[u8]) -> Vec<Vec<u8>>>;
pub(crate) type Answer = Box<dyn FnMut(Duration, &Request) -> Option<Option<Response>>>;

/// The BMC.
pub(crate) struct Bmc {
    pub(crate) server: Server,
    pub(crate) on: bool,
    /// How long the relay takes.
    pub(crate) relay: Duration,
    /// How long each answer takes.
    pub(crate) latency: Duration,
    /// How long a power cycle keeps the power away.
    pub(crate) off_phase: Duration,
    /// Which incoming datagrams are lost.
    pub(crate) lose: Option<Lose>,
    /// What becomes of the bytes of each datagram; the flag is set for those from the BMC.
    pub(crate) tamper: Option<Tamper>,
    /// What is answered instead of what the chassis would: `None` as usual, `Some(None)` nothing.
    pub(crate) answer: Option<Answer>,
    /// Commands carried out, with their time.
    pub(crate) commands: Vec<(Duration, u8, Vec<u8>)>,
    /// Each change of the power.
    pub(crate) timeline: Vec<(Duration, bool)>,
    /// When the BMC restarts: nothing is heard meanwhile, and every session is forgotten.
    pub(crate) restart: Option<Range<Duration>>,
    /// Whether the host refuses datagrams.
    pub(crate) refuses: bool,
    coming: Vec<(Duration, bool)>,
    out: VecDeque<(Duration, SocketAddr, Vec<u8>)>,
    received: usize,
    random: u64,
}

impl Bmc {
    pub(crate) fn new(adapt: impl FnOnce(&mut Config)) -> Self {
        let user = User {
            name: USER.to_owned(),
            password: PASSWORD.into(),
            privilege: Privilege::Administrator,
            enabled: true,
        };
        let mut config = Config { users: vec![user], ..Config::default() };
        adapt(&mut config);
        Self {
            server: Server::new(Arc::new(config)),
            on: true,
            relay: Duration::from_millis(300),
            latency: Duration::from_millis(5),
            off_phase: Duration::from_secs(2),
            lose: None,
            tamper: None,
            answer: None,
            commands: Vec::new(),
            timeline: Vec::new(),
            restart: None,
            refuses: false,
            coming: Vec::new(),
            out: VecDeque::new(),
            received: 0,
            random: 0,
        }
    }

    pub(crate) fn shared(self) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(self))
    }

    fn settle(&mut self, now: Duration) {
        self.coming.sort();
        while let Some(&(at, on)) = self.coming.first().filter(|(at, _)| *at <= now) {
            self.coming.remove(0);
            if self.on != on {
                self.on = on;
                self.timeline.push((at, on));
            }
        }
    }

    fn tampered(&mut self, from_bmc: bool, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.tamper.as_mut().map_or_else(|| vec![bytes.to_vec()], |tamper| tamper(from_bmc, bytes))
    }

    fn handle(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.random;
        self.random = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut random = move |buf: &mut [u8]| {
            for byte in buf {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
        };
        match self.server.receive(now, from, &mut random, bytes) {
            Received::Nothing => None,
            Received::Reply(reply) => Some(reply),
            Received::Command { ticket, request, privilege, .. } => {
                self.commands.push((now, request.command, request.data.clone()));
                let instead = self.answer.as_mut().and_then(|answer| answer(now, &request));
                let response = match instead {
                    Some(None) => return None,
                    Some(Some(response)) => response,
                    None if request.command == 2 && privilege < Privilege::Operator => {
                        request.answer(Completion::INSUFFICIENT_PRIVILEGE, [])
                    }
                    None => self.chassis(now, &request),
                };
                Some(self.server.respond(ticket, &response, &mut random))
            }
        }
    }

    fn chassis(&mut self, now: Duration, request: &Request) -> Response {
        match (request.netfn.0, request.command, request.data.as_slice()) {
            (0, 1, _) => request.answer(Completion::OK, [u8::from(self.on) | 0x60, 0, 0]),
            (0, 2, [2]) if !self.on => request.answer(Completion::NOT_IN_PRESENT_STATE, []),
            (0, 2, [control]) => {
                match control {
                    0 => self.coming.push((now + self.relay, false)),
                    1 => self.coming.push((now + self.relay, true)),
                    2 => self
                        .coming
                        .extend([(now + self.relay, false), (now + self.relay + self.off_phase, true)]),
                    _ => {}
                }
                request.answer(Completion::OK, [])
            }
            _ => request.answer(Completion::INVALID_COMMAND, []),
        }
    }
}

impl Peer for Bmc {
    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.settle(now);
        self.received += 1;
        let received = self.received;
        if self.restart.as_ref().is_some_and(|restart| restart.contains(&now)) {
            self.server.forget_sessions();
            return;
        }
        if self.lose.as_mut().is_some_and(|lose| lose(now, received)) {
            return;
        }
        for bytes in self.tampered(false, bytes) {
            let Some(reply) = self.handle(now, from, &bytes) else { continue };
            for reply in self.tampered(true, &reply) {
                self.out.push_back((now + self.latency, from, reply));
            }
        }
    }

    fn next(&self) -> Option<Duration> {
        let changes = self.coming.iter().map(|(at, _)| *at).min();
        [self.out.iter().map(|(at, ..)| *at).min(), changes].into_iter().flatten().min()
    }

    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        self.settle(now);
        let (due, later): (VecDeque<_>, VecDeque<_>) = self.out.drain(..).partition(|(at, ..)| *at <= now);
        self.out = later;
        due.into_iter().map(|(_, to, bytes)| (to, bytes)).collect()
    }

    fn refuses(&self, _: Duration) -> bool {
        self.refuses
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
}

/// Runs an agent against the BMC, logged in as the lab's user; `args` come after that.
pub(crate) fn play(bmc: &Rc<RefCell<Bmc>>, program: &str, args: &[&str]) -> Ran {
    play_at(bmc, program, args, 42)
}

/// The same with another seed.
pub(crate) fn play_at(bmc: &Rc<RefCell<Bmc>>, program: &str, args: &[&str], seed: u64) -> Ran {
    let mut world = MemoryWorld::new(seed);
    world.route("bmc", 623, bmc.clone());
    world.set_patience(Duration::from_secs(600));
    let common = ["-a", "bmc", "-l", USER, "-p", PASSWORD];
    let args = common.iter().chain(args).map(|&arg| arg.to_owned()).collect();
    let invocation = Invocation { program: program.to_owned(), args, ..Invocation::default() };
    let outcome = run(&invocation, &mut world);
    assert!(!format!("{outcome:?}").contains(PASSWORD), "{outcome:?}");
    assert!(!world.log_lines().iter().any(|line| line.line.contains(PASSWORD)));
    Ran { outcome, seconds: fencelab_link::World::now(&world).as_secs_f64() }
}
