//! A world in memory: virtual time, emulated devices, no thread, no socket.
//!
//! Time moves only when somebody waits. [`MemoryWorld::sleep`](crate::World::sleep) and a waiting
//! [`receive`](crate::Datagrams::receive) step from one event of a [`Peer`] to the next, so a run with
//! minutes of timeouts takes microseconds and is the same each time.
//!
//! A stream differs from datagrams only in its ends: the peer is asked whether it takes the connection, and *empty bytes*
//! in either direction mean that the one who sends them has hung up.

mod links;

use std::{
    cell::{Ref, RefCell},
    collections::{BTreeMap, VecDeque},
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use crate::{Datagrams, Level, LinkError, Stream, Target, Way, World, port_server, telnet::TelnetStream};
use links::{MemoryDatagrams, MemoryStream};

/// How far time moves when a peer says that it has work now, yet gives none: keeps a faulty peer from stopping the clock.
const STUCK_STEP: Duration = Duration::from_millis(1);

/// How long a run may last if nobody says otherwise: long beyond any option of an agent, and still only some thousand
/// steps, so that an agent without limits ends too.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The first of the ports from which links come.
const FIRST_PORT: u16 = 49_152;

/// What stands at the other end of a link: an emulated device, or a script of a test.
pub trait Peer {
    /// A datagram arrives, or the next bytes of a stream. `from` differs for each link that is opened, as the source ports
    /// of real sockets do. Empty bytes of a stream are its end: the agent has hung up.
    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]);

    /// When the peer next has output or work of its own; `None` when it only waits.
    fn next(&self) -> Option<Duration>;

    /// The datagrams and pieces of streams that are due at `now`, in their order, each with its receiver. What goes to a
    /// link that is closed by then is lost, as it is in reality. Empty bytes to a stream are its end: the peer has hung up.
    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)>;

    /// Whether a stream from `from` is taken. `way` says what is spoken on it: over SSH with user and password, which are
    /// to be checked here, as the stream itself then carries the plain text of the session; over telnet and to a port server
    /// the stream carries the bytes of RFC 854. A peer that speaks in datagrams takes none; that is the default.
    fn connect(&mut self, now: Duration, from: SocketAddr, way: &Way) -> bool {
        let _ = (now, from, way);
        false
    }

    /// Whether the host now says that nothing listens on the port.
    fn refuses(&self, now: Duration) -> bool {
        let _ = now;
        false
    }
}

/// A peer shared with the test, which keeps looking at it.
pub type SharedPeer = Rc<RefCell<dyn Peer>>;

/// A line of the log, with its time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLine {
    /// When.
    pub at: Duration,
    /// How much it matters.
    pub level: Level,
    /// The text.
    pub line: String,
}

struct Route {
    host: String,
    port: u16,
    peer: SharedPeer,
}

struct Mailbox {
    address: SocketAddr,
    queue: VecDeque<Vec<u8>>,
}

struct Core {
    now: Duration,
    routes: Vec<Route>,
    mailboxes: Vec<Mailbox>,
    next_port: u16,
}

/// The world.
pub struct MemoryWorld {
    core: Rc<RefCell<Core>>,
    random: u64,
    scripts: BTreeMap<String, String>,
    log: Vec<LogLine>,
    files: BTreeMap<String, String>,
    patience: Option<Duration>,
    started: Duration,
}

impl MemoryWorld {
    /// An empty world at time 0. The seed decides every random byte.
    pub fn new(seed: u64) -> Self {
        let core =
            Core { now: Duration::ZERO, routes: Vec::new(), mailboxes: Vec::new(), next_port: FIRST_PORT };
        Self {
            core: Rc::new(RefCell::new(core)),
            random: seed,
            scripts: BTreeMap::new(),
            log: Vec::new(),
            files: BTreeMap::new(),
            patience: None,
            started: Duration::ZERO,
        }
    }

    /// Puts `peer` behind `host` and `port`; a later route to the same place wins.
    pub fn route(&mut self, host: impl Into<String>, port: u16, peer: SharedPeer) {
        self.core.borrow_mut().routes.push(Route { host: host.into(), port, peer });
    }

    /// What the password script `command` prints.
    pub fn script(&mut self, command: impl Into<String>, output: impl Into<String>) {
        self.scripts.insert(command.into(), output.into());
    }

    /// Moves the clock to `now` without a waiting agent (a later start of a second run in the same world).
    pub fn advance_to(&mut self, now: Duration) {
        advance(&self.core, now, |_| false);
        self.started = self.now();
    }

    /// When the caller loses patience ([`World::cancelled`]): the agent's run ends soon after. Without a word an hour after
    /// the start, or after the last [`advance_to`](Self::advance_to).
    pub fn set_patience(&mut self, until: Duration) {
        self.patience = Some(until);
    }

    /// A line to the peer behind `target`, with an address of its own.
    fn line(&mut self, target: &Target) -> Result<Line, LinkError> {
        let mut core = self.core.borrow_mut();
        let peer =
            core.routes.iter().rev().find(|route| route.port == target.port && route.host == target.host);
        let Some(peer) = peer.map(|route| Rc::clone(&route.peer)) else {
            return Err(LinkError::Unreachable {
                target: target.clone(),
                why: "no route in this world".to_owned(),
            });
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, core.next_port));
        core.next_port = core.next_port.checked_add(1).unwrap_or(FIRST_PORT);
        core.mailboxes.push(Mailbox { address, queue: VecDeque::new() });
        Ok(Line { core: Rc::clone(&self.core), peer, address, target: target.clone() })
    }

    /// What was logged.
    pub fn log_lines(&self) -> &[LogLine] {
        &self.log
    }

    /// What was written to files, by path.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }
}

impl World for MemoryWorld {
    fn now(&self) -> Duration {
        self.core.borrow().now
    }

    fn sleep(&mut self, time: Duration) {
        let until = self.now().saturating_add(time);
        advance(&self.core, until, |_| false);
    }

    fn random(&mut self, buf: &mut [u8]) {
        for chunk in buf.chunks_mut(8) {
            for (to, from) in chunk.iter_mut().zip(split_mix(&mut self.random).to_le_bytes()) {
                *to = from;
            }
        }
    }

    fn datagrams(&mut self, target: &Target) -> Result<Box<dyn Datagrams>, LinkError> {
        let line = self.line(target)?;
        Ok(Box::new(MemoryDatagrams(line)))
    }

    fn stream(&mut self, target: &Target, way: &Way, until: Duration) -> Result<Box<dyn Stream>, LinkError> {
        let stream = MemoryStream::open(self.line(target)?, way)?;
        Ok(match way {
            Way::Telnet => Box::new(TelnetStream::open(stream)?),
            Way::PortServer(line) => Box::new(port_server::open(stream, target, line, until)?),
            _ => Box::new(stream),
        })
    }

    fn run_script(&mut self, command: &str) -> Result<String, LinkError> {
        let output = self
            .scripts
            .get(command)
            .ok_or_else(|| LinkError::Script { why: "no such script in this world".to_owned() })?;
        Ok(output.trim_end().to_owned())
    }

    fn log(&mut self, level: Level, line: &str) {
        let at = self.now();
        self.log.push(LogLine { at, level, line: line.to_owned() });
    }

    fn cancelled(&self) -> bool {
        self.now() >= self.patience.unwrap_or_else(|| self.started.saturating_add(PATIENCE))
    }

    fn append_file(&mut self, path: &str, line: &str) -> Result<(), LinkError> {
        let text = self.files.entry(path.to_owned()).or_default();
        text.push_str(line);
        text.push('\n');
        Ok(())
    }
}

/// One end of a link.
struct Line {
    core: Rc<RefCell<Core>>,
    peer: SharedPeer,
    address: SocketAddr,
    target: Target,
}

impl Line {
    fn now(&self) -> Duration {
        self.core.borrow().now
    }

    /// The next bytes that have come, waiting for them until `until`.
    fn next(&self, until: Duration) -> Option<Vec<u8>> {
        let address = self.address;
        advance(&self.core, until, |core| {
            mailbox(core, address).is_some_and(|mailbox| !mailbox.queue.is_empty())
        });
        let mut core = self.core.borrow_mut();
        core.mailboxes.iter_mut().find(|mailbox| mailbox.address == address)?.queue.pop_front()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.core.borrow_mut().mailboxes.retain(|mailbox| mailbox.address != self.address);
    }
}

fn mailbox(core: &Core, address: SocketAddr) -> Option<&Mailbox> {
    core.mailboxes.iter().find(|mailbox| mailbox.address == address)
}

/// Steps every peer from event to event until `until`, or until `stop` holds.
fn advance(core: &RefCell<Core>, until: Duration, stop: impl Fn(&Core) -> bool) {
    loop {
        let now = core.borrow().now;
        collect(core, now);
        if stop(&core.borrow()) || now >= until {
            return;
        }
        let next = {
            let core: Ref<'_, Core> = core.borrow();
            core.routes.iter().filter_map(|route| route.peer.borrow().next()).min()
        };
        let next = next.map_or(until, |next| if next <= now { now + STUCK_STEP } else { next });
        core.borrow_mut().now = next.min(until);
    }
}

/// Moves the output that is due into the mailboxes.
fn collect(core: &RefCell<Core>, now: Duration) {
    let mut core = core.borrow_mut();
    let Core { routes, mailboxes, .. } = &mut *core;
    for route in routes {
        let due = route.peer.borrow().next().is_some_and(|next| next <= now);
        if !due {
            continue;
        }
        for (to, bytes) in route.peer.borrow_mut().take(now) {
            if let Some(mailbox) = mailboxes.iter_mut().find(|mailbox| mailbox.address == to) {
                mailbox.queue.push_back(bytes);
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, the same everywhere. Not for real secrets; nothing here is.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each datagram with itself, `delay` later.
    struct Echo {
        delay: Duration,
        out: Vec<(Duration, SocketAddr, Vec<u8>)>,
        refuse: bool,
    }

    impl Echo {
        fn shared(delay_ms: u64) -> Rc<RefCell<Self>> {
            Rc::new(RefCell::new(Self {
                delay: Duration::from_millis(delay_ms),
                out: Vec::new(),
                refuse: false,
            }))
        }
    }

    impl Peer for Echo {
        fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
            self.out.push((now + self.delay, from, bytes.to_vec()));
        }

        fn next(&self) -> Option<Duration> {
            self.out.iter().map(|(at, ..)| *at).min()
        }

        fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
            let (due, later) = self.out.drain(..).partition(|(at, ..)| *at <= now);
            self.out = later;
            due.into_iter().map(|(_, to, bytes)| (to, bytes)).collect()
        }

        fn refuses(&self, _: Duration) -> bool {
            self.refuse
        }
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn an_answer_comes_at_its_time_and_no_later() {
        let mut world = MemoryWorld::new(1);
        world.route("bmc", 623, Echo::shared(70));
        let mut link = world.datagrams(&Target::new("bmc", 623)).unwrap();
        link.send(b"a").unwrap();
        assert_eq!(link.receive(ms(69)), Ok(None));
        assert_eq!(world.now(), ms(69));
        assert_eq!(link.receive(ms(1000)), Ok(Some(b"a".to_vec())));
        assert_eq!(world.now(), ms(70));
        assert_eq!(link.receive(ms(5000)), Ok(None));
        assert_eq!(world.now(), ms(5000));
    }

    #[test]
    fn what_comes_for_a_closed_link_is_lost() {
        let mut world = MemoryWorld::new(1);
        world.route("bmc", 623, Echo::shared(70));
        let mut old = world.datagrams(&Target::new("bmc", 623)).unwrap();
        old.send(b"a").unwrap();
        drop(old);
        let mut link = world.datagrams(&Target::new("bmc", 623)).unwrap();
        assert_eq!(link.receive(ms(200)), Ok(None));
    }

    #[test]
    fn sleep_lets_answers_wait() {
        let mut world = MemoryWorld::new(1);
        world.route("bmc", 623, Echo::shared(70));
        let mut link = world.datagrams(&Target::new("bmc", 623)).unwrap();
        link.send(b"a").unwrap();
        world.sleep(ms(500));
        assert_eq!(link.receive(world.now()), Ok(Some(b"a".to_vec())));
        assert_eq!(world.now(), ms(500));
    }

    #[test]
    fn refusal_and_missing_route() {
        let mut world = MemoryWorld::new(1);
        let echo = Echo::shared(0);
        world.route("bmc", 623, echo.clone());
        let mut link = world.datagrams(&Target::new("bmc", 623)).unwrap();
        echo.borrow_mut().refuse = true;
        assert!(matches!(link.send(b"a"), Err(LinkError::Refused { .. })));
        assert!(matches!(world.datagrams(&Target::new("bmc", 624)), Err(LinkError::Unreachable { .. })));
    }

    #[test]
    fn patience_ends_at_its_time() {
        let mut world = MemoryWorld::new(1);
        world.set_patience(ms(100));
        world.sleep(ms(99));
        assert!(!world.cancelled());
        world.sleep(ms(1));
        assert!(world.cancelled());
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut world = MemoryWorld::new(1);
        world.advance_to(Duration::from_secs(10_000));
        assert!(!world.cancelled());
        world.sleep(PATIENCE);
        assert!(world.cancelled());
    }

    #[test]
    fn the_seed_decides() {
        let draw = |seed| {
            let mut bytes = [0; 20];
            MemoryWorld::new(seed).random(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_peer_that_is_always_busy_does_not_stop_time() {
        struct Busy;
        impl Peer for Busy {
            fn deliver(&mut self, _: Duration, _: SocketAddr, _: &[u8]) {}
            fn next(&self) -> Option<Duration> {
                Some(Duration::ZERO)
            }
            fn take(&mut self, _: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
                Vec::new()
            }
        }
        let mut world = MemoryWorld::new(1);
        world.route("bmc", 623, Rc::new(RefCell::new(Busy)));
        world.sleep(ms(100));
        assert_eq!(world.now(), ms(100));
    }
}
