//! The smallest SNMP device there can be, and one who asks, in memory or over loopback.

use super::bmc::{Random, generator};
use fencelab_wire::Secret;
use fencelab_wire::snmp::agent::{self, Agent, Principal, Received};
use fencelab_wire::snmp::manager::{self, Manager, Progress, Refused};
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::{Binding, ErrorStatus, Oid, Pdu, PduKind, Value, Version};
use fencelab_wire::tap::Direction;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub const COMMUNITY: &str = "l4b-community";
pub const AUTH: &str = "auth passphrase";
pub const PRIVACY: &str = "privacy passphrase";
pub const ENGINE: [u8; 12] = *b"\x80\x00\x01\x3e\x04fencelb";

/// A datagram that went by.
pub type Said = Vec<(Direction, Vec<u8>)>;

pub fn oid(text: &str) -> Oid {
    text.parse().expect("an object identifier")
}

/// The name of the user with these protocols.
pub fn name(auth: Option<AuthProtocol>, privacy: Option<PrivProtocol>) -> String {
    let part = |name: Option<&str>| name.unwrap_or("none").replace('-', "");
    format!("{}_{}", part(auth.map(AuthProtocol::name)), part(privacy.map(PrivProtocol::name)))
}

pub fn user_with(auth: Option<(AuthProtocol, &str)>, privacy: Option<(PrivProtocol, &str)>) -> User {
    let name = name(auth.map(|it| it.0), privacy.map(|it| it.0));
    let secret = |(protocol, passphrase): (PrivProtocol, &str)| (protocol, Secret::from(passphrase));
    User::new(
        name,
        auth.map(|(protocol, passphrase)| (protocol, Secret::from(passphrase))),
        privacy.map(secret),
    )
}

/// One user for each way to speak v3. Making the keys takes long without optimisation: they are made once a process.
pub fn users() -> Vec<User> {
    static USERS: LazyLock<Vec<User>> = LazyLock::new(|| {
        let mut users = vec![user_with(None, None)];
        for auth in AuthProtocol::ALL {
            users.push(user_with(Some((auth, AUTH)), None));
            for privacy in PrivProtocol::ALL {
                users.push(user_with(Some((auth, AUTH)), Some((privacy, PRIVACY))));
            }
        }
        users
    });
    USERS.clone()
}

pub fn user(auth: Option<AuthProtocol>, privacy: Option<PrivProtocol>) -> User {
    let name = name(auth, privacy);
    users().into_iter().find(|user| user.name() == name).expect("one for each")
}

pub fn config() -> agent::Config {
    agent::Config {
        versions: Version::ALL.into(),
        communities: vec![Secret::from("other"), Secret::from(COMMUNITY)],
        users: users(),
        engine_id: ENGINE.to_vec(),
        max_size: 1472,
    }
}

/// Some objects, sorted.
#[derive(Debug)]
pub struct Table(Vec<Binding>);

impl Table {
    pub fn new() -> Self {
        let at = |text: &str, value| Binding { object: oid(text), value };
        Self(vec![
            at("1.3.6.1.2.1.1.1.0", Value::OctetString(b"fencelab".to_vec())),
            at("1.3.6.1.2.1.1.2.0", Value::ObjectId(oid("1.3.6.1.4.1.318.1.3.4.5"))),
            at("1.3.6.1.2.1.1.3.0", Value::TimeTicks(4711)),
            at("1.3.6.1.2.1.1.5.0", Value::OctetString(vec![b'n'; 700])),
            at("1.3.6.1.2.1.1.6.0", Value::OctetString(vec![b'l'; 900])),
            at("1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.1", Value::Integer(1)),
        ])
    }

    fn after(&self, object: &Oid) -> Binding {
        let end = || Binding { object: object.clone(), value: Value::EndOfMibView };
        self.0.iter().find(|row| row.object > *object).cloned().unwrap_or_else(end)
    }

    pub fn answer(&mut self, pdu: &Pdu) -> Pdu {
        let missing = |object: &Oid| Binding { object: object.clone(), value: Value::NoSuchInstance };
        let mut bindings = Vec::new();
        for binding in &pdu.bindings {
            let object = &binding.object;
            match pdu.kind {
                PduKind::Get => bindings.push(
                    self.0
                        .iter()
                        .find(|row| row.object == *object)
                        .cloned()
                        .unwrap_or_else(|| missing(object)),
                ),
                PduKind::GetNext => bindings.push(self.after(object)),
                PduKind::GetBulk => {
                    let mut object = object.clone();
                    for _ in 0..pdu.max_repetitions() {
                        let next = self.after(&object);
                        object = next.object.clone();
                        bindings.push(next);
                    }
                }
                _ => match self.0.iter_mut().find(|row| row.object == *object) {
                    Some(row) => {
                        row.value = binding.value.clone();
                        bindings.push(binding.clone());
                    }
                    None => return pdu.refusal(ErrorStatus::NO_CREATION, 1),
                },
            }
        }
        pdu.answer(bindings)
    }
}

/// A device at a time of one's own choice.
pub struct Device {
    pub agent: Agent,
    pub table: Table,
    random: Random,
}

impl Device {
    pub fn new(config: agent::Config) -> Self {
        Self { agent: Agent::new(Arc::new(config)), table: Table::new(), random: Box::new(generator(7)) }
    }

    /// What comes back, and who was taken to ask.
    pub fn handle(&mut self, now: Duration, datagram: &[u8]) -> (Option<Vec<u8>>, Option<Principal>) {
        match self.agent.receive(now, &mut self.random, datagram) {
            Received::Nothing(_) => (None, None),
            Received::Reply(bytes) => (Some(bytes), None),
            Received::Request(request) => {
                let mut answer = self.table.answer(&request.pdu);
                let is_gone = |it: &Binding| matches!(it.value, Value::NoSuchInstance | Value::EndOfMibView);
                if request.version == Version::V1
                    && let Some(place) = answer.bindings.iter().position(is_gone)
                {
                    answer = request.pdu.refusal(ErrorStatus::NO_SUCH_NAME, place as i32 + 1);
                }
                let bytes = self.agent.respond(now, &request.ticket, &answer, &mut self.random);
                (Some(bytes), Some(request.principal))
            }
        }
    }
}

pub fn login_v3(user: User, level: Level) -> manager::Config {
    let (version, context) = (Version::V3, String::new());
    manager::Config { version, community: None, user: Some(user), level, context }
}

pub fn login(version: Version) -> manager::Config {
    let community = Some(Secret::from(COMMUNITY));
    manager::Config { version, community, user: None, level: Level::NoAuthNoPriv, context: String::new() }
}

/// Who asks, with a memory of what went by.
pub struct Client {
    pub manager: Manager,
    pub random: Random,
    pub said: Said,
}

/// How an exchange ended.
#[derive(Debug, PartialEq)]
pub enum Ended {
    Answer(Pdu),
    Refused(Refused),
    Silence,
}

impl Ended {
    pub fn answer(self) -> Pdu {
        match self {
            Self::Answer(pdu) => pdu,
            other => panic!("no answer, but {other:?}"),
        }
    }
}

impl Client {
    pub fn new(config: manager::Config, seed: u64) -> Self {
        let manager = Manager::new(config).expect("it can ask");
        Self { manager, random: Box::new(generator(seed)), said: Vec::new() }
    }

    /// Asks, and hands what is to be sent to `carry` until there is an answer.
    pub fn ask(
        &mut self,
        now: Duration,
        kind: PduKind,
        bindings: Vec<Binding>,
        carry: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Ended {
        let datagram = match kind {
            PduKind::GetBulk => self.manager.bulk(now, 0, 10, bindings, &mut self.random),
            _ => self.manager.request(now, kind, bindings, &mut self.random),
        };
        self.carry(now, datagram, carry)
    }

    pub fn carry(
        &mut self,
        now: Duration,
        mut datagram: Vec<u8>,
        carry: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Ended {
        loop {
            self.said.push((Direction::ToDevice, datagram.clone()));
            let Some(reply) = carry(&datagram) else { return Ended::Silence };
            self.said.push((Direction::FromDevice, reply.clone()));
            match self.manager.receive(now, &reply, &mut self.random) {
                Ok(Progress::Send(next)) => datagram = next,
                Ok(Progress::Answer(pdu)) => return Ended::Answer(pdu),
                Ok(Progress::Ready | Progress::Ignored(_)) => return Ended::Silence,
                Err(refused) => return Ended::Refused(refused),
            }
        }
    }

    /// Asks a device at this time.
    pub fn ask_device(
        &mut self,
        now: Duration,
        device: &mut Device,
        kind: PduKind,
        bindings: Vec<Binding>,
    ) -> Ended {
        self.ask(now, kind, bindings, &mut |datagram| device.handle(now, datagram).0)
    }
}

/// Carries datagrams to a real agent that will answer, on however busy a machine.
pub fn by_udp(address: SocketAddr) -> impl FnMut(&[u8]) -> Option<Vec<u8>> {
    by_udp_within(address, Duration::from_secs(20))
}

/// Carries datagrams to a real agent: so much time for each answer.
pub fn by_udp_within(address: SocketAddr, patience: Duration) -> impl FnMut(&[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback socket");
    socket.connect(address).expect("connected");
    socket.set_read_timeout(Some(patience)).expect("a timeout");
    move |datagram| {
        socket.send(datagram).expect("sent");
        let mut buffer = vec![0; 65536];
        let length = socket.recv(&mut buffer).ok()?;
        buffer.truncate(length);
        Some(buffer)
    }
}

/// A device on loopback; it stops when dropped.
pub struct Served {
    pub address: SocketAddr,
    said: Arc<Mutex<Said>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub fn start(config: agent::Config) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback socket");
        let address = socket.local_addr().expect("its address");
        let (stop, said) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (stopped, heard) = (Arc::clone(&stop), Arc::clone(&said));
        let thread = std::thread::spawn(move || {
            let (mut device, start) = (Device::new(config), Instant::now());
            let mut buffer = [0; 65536];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let datagram = buffer[..length].to_vec();
                let reply = device.handle(start.elapsed(), &datagram).0;
                let mut said = heard.lock().expect("not poisoned");
                said.push((Direction::ToDevice, datagram));
                said.extend(reply.clone().map(|reply| (Direction::FromDevice, reply)));
                drop(said);
                if let Some(reply) = reply {
                    let _ = socket.send_to(&reply, peer);
                }
            }
        });
        Self { address, said, stop, thread: Some(thread) }
    }

    /// As net-snmp's tools take it.
    pub fn peer(&self) -> String {
        format!("udp:{}", self.address)
    }

    /// What went by since the last call.
    pub fn said(&self) -> Said {
        std::mem::take(&mut self.said.lock().expect("not poisoned"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
            let _ = socket.send_to(&[0], self.address);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
