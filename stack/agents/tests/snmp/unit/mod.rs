//! A small SNMP device for the tests in memory: the wire's own security half, outlets, and ways to misbehave.

pub(crate) mod kinds;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use fencelab_agents::{Invocation, Outcome, run};
use fencelab_link::memory::{MemoryWorld, Peer};
use fencelab_wire::{
    Secret,
    snmp::{
        Binding, ErrorStatus, Oid, Pdu, PduKind, Value, Version,
        agent::{Agent, Config, Received, Request},
        usm::{AuthProtocol, PrivProtocol, User},
    },
};

pub(crate) const COMMUNITY: &str = "fencelab-community";
pub(crate) const USER: &str = "lab";
pub(crate) const PASSWORD: &str = "fencelab-secret";
pub(crate) const PRIVACY: &str = "fencelab-privacy";

/// Which incoming datagrams are lost, counted from 1.
pub(crate) type Lose = Box<dyn FnMut(Duration, usize) -> bool>;
/// What becomes of the bytes of each datagram; the flag is set for those from the device.
pub(crate) type Tamper = Box<dyn FnMut(bool, &[u8]) -> Vec<Vec<u8>>>;
/// What is answered instead: question and usual answer in, `None` for silence.
pub(crate) type Answer = Box<dyn FnMut(Duration, &Pdu, Pdu) -> Option<Pdu>>;

/// An outlet.
pub(crate) struct Plug {
    /// What the agents' lists call it.
    pub(crate) name: String,
    pub(crate) status: Oid,
    /// The codes for on and off.
    pub(crate) shows: (i64, i64),
    pub(crate) control: Oid,
    pub(crate) orders: (i64, i64),
    /// An object that shows the state too, whatever was ordered.
    pub(crate) oper: Option<Oid>,
    pub(crate) on: bool,
}

/// The device.
pub(crate) struct Unit {
    agent: Agent,
    pub(crate) plugs: Vec<Plug>,
    /// Objects that only are.
    pub(crate) fixed: BTreeMap<Oid, Value>,
    /// Columns of fixed objects that take any value and do nothing.
    pub(crate) writable: Vec<Oid>,
    /// All outlets in one string, `1,0,…`, which can be written.
    pub(crate) string: Option<Oid>,
    /// How long the relays take.
    pub(crate) relay: Duration,
    /// How long each answer takes.
    pub(crate) latency: Duration,
    pub(crate) lose: Option<Lose>,
    pub(crate) tamper: Option<Tamper>,
    pub(crate) answer: Option<Answer>,
    /// Orders are confirmed and not carried out.
    pub(crate) deaf: bool,
    /// When the device restarts: its engine counts its boots, and its time begins anew.
    pub(crate) reboots: Option<Duration>,
    /// What was asked.
    pub(crate) asked: Vec<(Duration, Pdu)>,
    /// Each change of a plug.
    pub(crate) timeline: Vec<(Duration, String, bool)>,
    coming: Vec<(Duration, usize, bool)>,
    out: VecDeque<(Duration, SocketAddr, Vec<u8>)>,
    received: usize,
    random: u64,
}

impl Unit {
    pub(crate) fn new() -> Self {
        let auth = Some((AuthProtocol::Sha256, Secret::from(PASSWORD)));
        let users = vec![
            User::new(USER, auth.clone(), Some((PrivProtocol::Aes128, Secret::from(PRIVACY)))),
            User::new("open", None, None),
        ];
        let config = Config {
            versions: vec![Version::V1, Version::V2c, Version::V3],
            communities: vec![Secret::from(COMMUNITY)],
            users,
            engine_id: vec![0x80, 0, 1, 0x3e, 4, b'l', b'a', b'b'],
            max_size: 1_472,
        };
        Self {
            agent: Agent::new(Arc::new(config)),
            plugs: Vec::new(),
            fixed: BTreeMap::new(),
            writable: Vec::new(),
            string: None,
            relay: Duration::from_millis(300),
            latency: Duration::from_millis(5),
            lose: None,
            tamper: None,
            answer: None,
            deaf: false,
            reboots: None,
            asked: Vec::new(),
            timeline: Vec::new(),
            coming: Vec::new(),
            out: VecDeque::new(),
            received: 0,
            random: 0,
        }
    }

    pub(crate) fn shared(self) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(self))
    }

    /// The plug of this name.
    pub(crate) fn plug(&mut self, name: &str) -> &mut Plug {
        self.plugs.iter_mut().find(|plug| plug.name == name).unwrap_or_else(|| panic!("no plug {name}"))
    }

    /// The plugs that are off.
    pub(crate) fn off(&self) -> Vec<&str> {
        self.plugs.iter().filter(|plug| !plug.on).map(|plug| plug.name.as_str()).collect()
    }

    fn settle(&mut self, now: Duration) {
        self.coming.sort();
        while let Some(&(at, plug, on)) = self.coming.first().filter(|(at, ..)| *at <= now) {
            self.coming.remove(0);
            let plug = &mut self.plugs[plug];
            if plug.on != on {
                plug.on = on;
                self.timeline.push((at, plug.name.clone(), on));
            }
        }
    }

    fn objects(&self) -> BTreeMap<Oid, Value> {
        let mut objects = self.fixed.clone();
        if let Some(string) = &self.string {
            let states: Vec<&str> = self.plugs.iter().map(|plug| if plug.on { "1" } else { "0" }).collect();
            objects.insert(string.clone(), Value::text(&states.join(",")));
            return objects;
        }
        for plug in &self.plugs {
            let code = |(on, off): (i64, i64)| Value::Integer(if plug.on { on } else { off });
            objects.insert(plug.control.clone(), code(plug.orders));
            objects.insert(plug.status.clone(), code(plug.shows));
            objects.extend(plug.oper.clone().map(|oper| (oper, code(plug.shows))));
        }
        objects
    }

    fn order(&mut self, now: Duration, plug: usize, on: bool) {
        if !self.deaf {
            self.coming.push((now + self.relay, plug, on));
        }
    }

    fn write(&mut self, now: Duration, binding: &Binding) -> ErrorStatus {
        if self.string.as_ref() == Some(&binding.object) {
            let Value::OctetString(text) = &binding.value else { return ErrorStatus::WRONG_TYPE };
            let states: Vec<bool> = text.split(|byte| *byte == b',').map(|field| field == b"1").collect();
            if states.len() != self.plugs.len() {
                // What was garbled on its way is no fault of the agent's.
                assert!(self.tamper.is_some(), "an agent must never write a string of another length");
                return ErrorStatus::BAD_VALUE;
            }
            for (plug, on) in states.into_iter().enumerate() {
                self.order(now, plug, on);
            }
            return ErrorStatus::NO_ERROR;
        }
        let Some(at) = self.plugs.iter().position(|plug| plug.control == binding.object) else {
            if !self.writable.iter().any(|column| binding.object.starts_with(column)) {
                return ErrorStatus::NOT_WRITABLE;
            }
            self.fixed.insert(binding.object.clone(), binding.value.clone());
            return ErrorStatus::NO_ERROR;
        };
        let (on, off) = self.plugs[at].orders;
        match binding.value {
            Value::Integer(code) if code == on => self.order(now, at, true),
            Value::Integer(code) if code == off => self.order(now, at, false),
            Value::Integer(_) => return ErrorStatus::WRONG_VALUE,
            _ => return ErrorStatus::WRONG_TYPE,
        }
        ErrorStatus::NO_ERROR
    }

    fn serve(&mut self, now: Duration, version: Version, pdu: &Pdu) -> Pdu {
        let objects = self.objects();
        let v1 = version == Version::V1;
        let mut found = Vec::new();
        match pdu.kind {
            PduKind::Get => {
                for binding in &pdu.bindings {
                    let value = match objects.get(&binding.object) {
                        Some(value) => value.clone(),
                        None if v1 => return pdu.refusal(ErrorStatus::NO_SUCH_NAME, 1),
                        None => Value::NoSuchInstance,
                    };
                    found.push(Binding { object: binding.object.clone(), value });
                }
            }
            PduKind::GetNext | PduKind::GetBulk => {
                let repetitions =
                    if pdu.kind == PduKind::GetBulk { pdu.max_repetitions().min(30) } else { 1 };
                let Some(binding) = pdu.bindings.first() else { return pdu.answer(found) };
                let mut last = binding.object.clone();
                for _ in 0..repetitions {
                    let next = objects
                        .range((std::ops::Bound::Excluded(last.clone()), std::ops::Bound::Unbounded))
                        .next();
                    match next {
                        Some((object, value)) => {
                            last = object.clone();
                            found.push(Binding { object: last.clone(), value: value.clone() });
                        }
                        None if v1 => return pdu.refusal(ErrorStatus::NO_SUCH_NAME, 1),
                        None => found.push(Binding { object: last.clone(), value: Value::EndOfMibView }),
                    }
                }
            }
            PduKind::Set => {
                for binding in &pdu.bindings {
                    let error = self.write(now, binding);
                    if !error.is_ok() {
                        return pdu.refusal(if v1 { ErrorStatus::NO_SUCH_NAME } else { error }, 1);
                    }
                }
                found.clone_from(&pdu.bindings);
            }
            _ => return pdu.refusal(ErrorStatus::GEN_ERR, 0),
        }
        pdu.answer(found)
    }

    fn handle(&mut self, now: Duration, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.random;
        self.random = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut random = move |buf: &mut [u8]| {
            for byte in buf {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
        };
        match self.agent.receive(now, &mut random, bytes) {
            Received::Nothing(_) => None,
            Received::Reply(reply) => Some(reply),
            Received::Request(request) => {
                let Request { ticket, pdu, version, .. } = *request;
                self.asked.push((now, pdu.clone()));
                let mut answer = Some(self.serve(now, version, &pdu));
                if let Some(hook) = &mut self.answer {
                    answer = answer.and_then(|usual| hook(now, &pdu, usual));
                }
                Some(self.agent.respond(now, &ticket, &answer?, &mut random))
            }
        }
    }

    fn tampered(&mut self, from_device: bool, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.tamper.as_mut().map_or_else(|| vec![bytes.to_vec()], |tamper| tamper(from_device, bytes))
    }
}

impl Peer for Unit {
    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.settle(now);
        if self.reboots.take_if(|at| *at <= now).is_some() {
            self.agent.reboot(now);
        }
        self.received += 1;
        let received = self.received;
        if self.lose.as_mut().is_some_and(|lose| lose(now, received)) {
            return;
        }
        for bytes in self.tampered(false, bytes) {
            let Some(reply) = self.handle(now, &bytes) else { continue };
            for reply in self.tampered(true, &reply) {
                self.out.push_back((now + self.latency, from, reply));
            }
        }
    }

    fn next(&self) -> Option<Duration> {
        let changes = self.coming.iter().map(|(at, ..)| *at).min();
        [self.out.iter().map(|(at, ..)| *at).min(), changes].into_iter().flatten().min()
    }

    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        self.settle(now);
        let (due, later): (VecDeque<_>, VecDeque<_>) = self.out.drain(..).partition(|(at, ..)| *at <= now);
        self.out = later;
        due.into_iter().map(|(_, to, bytes)| (to, bytes)).collect()
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
}

/// How an agent is let in: the options for version 1, 2c or 3.
pub(crate) fn login(version: &str) -> Vec<&str> {
    match version {
        "3" => vec![
            "-d", "3", "-l", USER, "-p", PASSWORD, "-P", PRIVACY, "-E", "authPriv", "-b", "SHA-256", "-B",
            "AES",
        ],
        _ => vec!["-d", version, "-c", COMMUNITY],
    }
}

/// Runs an agent against the device by SNMP v2c; `args` come after the login.
pub(crate) fn play(unit: &Rc<RefCell<Unit>>, program: &str, args: &[&str]) -> Ran {
    play_at(unit, program, "2c", args, 42)
}

/// The same by another version, with another seed.
pub(crate) fn play_at(
    unit: &Rc<RefCell<Unit>>,
    program: &str,
    version: &str,
    args: &[&str],
    seed: u64,
) -> Ran {
    let mut world = MemoryWorld::new(seed);
    world.route("pdu", 161, unit.clone());
    world.set_patience(Duration::from_secs(600));
    let args = ["-a", "pdu"].iter().chain(&login(version)).chain(args).map(|&arg| arg.to_owned()).collect();
    let invocation = Invocation { program: program.to_owned(), args, ..Invocation::default() };
    let outcome = run(&invocation, &mut world);
    let log: String = world.log_lines().iter().map(|line| format!("{}\n", line.line)).collect();
    for secret in [COMMUNITY, PASSWORD, PRIVACY] {
        assert!(!format!("{outcome:?}{log}").contains(secret), "{outcome:?}{log}");
    }
    Ran { outcome, seconds: fencelab_link::World::now(&world).as_secs_f64() }
}

#[track_caller]
pub(crate) fn expect(ran: &Ran, exit: i32, stdout: &str) {
    assert_eq!((ran.outcome.exit, ran.outcome.stdout.as_str()), (exit, stdout), "{ran:?}");
}

#[track_caller]
pub(crate) fn expect_failure(ran: &Ran, step: &str, seen: &str) {
    assert_eq!((ran.outcome.exit, ran.outcome.stdout.as_str()), (1, ""), "{ran:?}");
    let line = ran.outcome.stderr.lines().last().unwrap_or_default();
    assert!(line.starts_with(&format!("ERROR: Failed: {step}: ")) && line.contains(seen), "{ran:?}");
}
