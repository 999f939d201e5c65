//! The nodes of a bench, on this machine or others, as one hand leads them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::keeper::Keeper;
use crate::measure::{self, Environment};
use crate::namespaces::{Namespaces, command};
use crate::order::{Answer, Order};
use crate::transport::{Error, Guarantees, Kind, Limits, NodeId, Waiting};

/// How long a node may take for an order that is quick.
const QUICK: Duration = Duration::from_secs(30);
/// How often clocks are compared: the closest counts.
const CLOCKS: usize = 20;

/// Where the nodes are.
#[derive(Clone, Debug)]
pub enum Nodes {
    /// So many processes on this machine, made by this command, with their transports at this address.
    Here {
        /// How many.
        count: usize,
        /// What makes one.
        command: Vec<OsString>,
        /// Where they open transports.
        ip: IpAddr,
    },
    /// So many on this machine, each in [`Namespaces`] of its own, made by this command with `--ip` and its address behind it. Its
    /// program is to be named by its whole path.
    Apart {
        /// How many.
        count: usize,
        /// What makes one.
        command: Vec<OsString>,
    },
    /// At these addresses [`serve`](crate::serve) runs, a node each.
    There(Vec<SocketAddr>),
}

enum Hand {
    Here(Box<Keeper>),
    There(TcpStream),
}

impl Drop for Hand {
    fn drop(&mut self) {
        if let Self::There(stream) = self {
            // The thread that hears the node holds the connection, too: it has to end for the node to serve the next bench.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// The nodes.
pub struct Crew {
    // Before their namespaces they end.
    hands: Vec<Hand>,
    namespaces: Option<Namespaces>,
    answers: Receiver<(NodeId, String)>,
    /// What nodes have said while another was listened to.
    kept: VecDeque<(NodeId, Answer)>,
    ip: Option<IpAddr>,
    /// What is to be added to each node's clock for that of the first, in nanoseconds, and how far that may be off.
    clocks: Vec<(i64, u64)>,
    /// What is to be added to this machine's clock for that of the first node.
    here: i64,
    /// The machines, as they said when a transport was last opened.
    pub environments: Vec<Environment>,
}

/// A transport that all nodes have linked.
#[derive(Clone, Copy, Debug)]
pub struct Linked {
    /// What it can carry.
    pub limits: Limits,
    /// What it promises.
    pub guarantees: Guarantees,
}

impl Crew {
    /// Starts or reaches the nodes.
    ///
    /// # Errors
    /// One cannot be started or reached.
    pub fn assemble(nodes: &Nodes) -> Result<Self, Error> {
        let (sender, answers) = channel();
        let mut hands = Vec::new();
        let mut namespaces = None;
        let keep = |node, command: &[OsString]| {
            let sender = sender.clone();
            // A bench that is over hears nobody.
            let tell = Arc::new(move |line| drop(sender.send((node, line))));
            let keeper = Keeper::start(command, tell).map_err(Error::system(format!("node {node}")))?;
            Ok::<Hand, Error>(Hand::Here(Box::new(keeper)))
        };
        let ip = match nodes {
            Nodes::Here { count, command, ip } => {
                for node in 0..*count {
                    hands.push(keep(node, command)?);
                }
                Some(*ip)
            }
            Nodes::Apart { count, command } => {
                let raised = namespaces.insert(Namespaces::raise(*count)?);
                for node in 0..*count {
                    let mut words = raised.enter(node);
                    words.extend_from_slice(command);
                    words.extend(["--ip".into(), Namespaces::address(node).to_string().into()]);
                    hands.push(keep(node, &words)?);
                }
                None
            }
            Nodes::There(addresses) => {
                for (node, address) in addresses.iter().enumerate() {
                    let connect = || -> std::io::Result<TcpStream> {
                        let stream = TcpStream::connect_timeout(address, QUICK)?;
                        stream.set_nodelay(true)?;
                        let (lines, sender) = (BufReader::new(stream.try_clone()?), sender.clone());
                        std::thread::spawn(move || {
                            for line in lines.lines().map_while(Result::ok) {
                                if sender.send((node, line)).is_err() {
                                    break;
                                }
                            }
                        });
                        Ok(stream)
                    };
                    let stream = connect().map_err(Error::system(format!(
                        "node {node} at {address} (`fencelab bench node` serves one there)"
                    )))?;
                    hands.push(Hand::There(stream));
                }
                None
            }
        };
        let count = hands.len();
        let mut crew = Self {
            hands,
            namespaces,
            answers,
            kept: VecDeque::new(),
            ip,
            clocks: vec![(0, 0); count],
            here: 0,
            environments: Vec::new(),
        };
        if matches!(nodes, Nodes::There(_)) {
            crew.compare_clocks()?;
        }
        Ok(crew)
    }

    /// Lets the nodes go.
    pub(crate) fn disband(&mut self) {
        self.hands.clear();
        self.namespaces = None;
    }

    /// How many nodes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.hands.len()
    }

    /// A command that runs where a node does; `None`: that is not on this machine.
    pub(crate) fn beside(&self, node: NodeId, words: &[OsString]) -> Option<Command> {
        let mut all = self.namespaces.as_ref()?.enter(node);
        all.extend_from_slice(words);
        Some(command(&all))
    }

    /// What is to be added to a node's clock, in nanoseconds.
    #[must_use]
    pub fn clock(&self, node: NodeId) -> i64 {
        self.clocks.get(node).map_or(0, |(offset, _)| *offset)
    }

    /// The time, by the first node's clock, in nanoseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        measure::now().saturating_add_signed(self.here)
    }

    /// How far clocks may be off each other, in nanoseconds: 0 on one machine.
    #[must_use]
    pub fn clock_error(&self) -> u64 {
        self.clocks.iter().map(|(_, error)| *error).max().unwrap_or_default()
    }

    /// Gives a node an order.
    ///
    /// # Errors
    /// The node is gone.
    pub fn order(&mut self, node: NodeId, order: &Order) -> Result<(), Error> {
        let Some(hand) = self.hands.get_mut(node) else {
            return Err(Error::Unfit(format!("there is no node {node}")));
        };
        let given = match hand {
            Hand::Here(keeper) => keeper.take(order),
            Hand::There(stream) => serde_json::to_string(order)
                .map_err(Into::into)
                .and_then(|line| stream.write_all(format!("{line}\n").as_bytes())),
        };
        given.map_err(Error::system(format!("node {node} takes no orders")))
    }

    /// The next answer of any node, within `patience`.
    ///
    /// # Errors
    /// A node failed, or says what is no answer.
    pub fn next(&mut self, patience: Duration) -> Result<Option<(NodeId, Answer)>, Error> {
        match self.kept.pop_front() {
            Some(kept) => Ok(Some(kept)),
            None => self.hear(patience),
        }
    }

    fn hear(&mut self, patience: Duration) -> Result<Option<(NodeId, Answer)>, Error> {
        match self.answers.recv_timeout(patience) {
            Ok((node, line)) => match serde_json::from_str(&line) {
                Ok(Answer::Failed(why)) => Err(Error::Unfit(format!("node {node}: {why}"))),
                Ok(Answer::NoDevice(why)) => Err(Error::NoDevice(why)),
                Ok(answer) => Ok(Some((node, answer))),
                Err(error) => Err(Error::Unfit(format!("node {node} says `{line}`: {error}"))),
            },
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Unfit("every node is gone".to_owned())),
        }
    }

    /// The answer of a node that `wanted` takes; what else it says is dropped, and what others say meanwhile is kept for
    /// [`next`](Self::next).
    ///
    /// # Errors
    /// As [`next`](Self::next), or none came in time.
    pub fn answer<T>(
        &mut self,
        node: NodeId,
        patience: Duration,
        mut wanted: impl FnMut(Answer) -> Option<T>,
    ) -> Result<T, Error> {
        let until = Instant::now() + patience;
        let mut kept = std::mem::take(&mut self.kept);
        let found = loop {
            let left = until.saturating_duration_since(Instant::now());
            let heard = match kept.iter().position(|(from, _)| *from == node).and_then(|at| kept.remove(at)) {
                Some(heard) => Some(heard),
                None => self.hear(left)?,
            };
            match heard {
                Some((from, answer)) if from == node => {
                    if let Some(found) = wanted(answer) {
                        break found;
                    }
                }
                Some(other) => kept.push_back(other),
                None => return Err(Error::Unfit(format!("node {node} has not answered for {patience:?}"))),
            }
        };
        self.kept = kept;
        Ok(found)
    }

    /// Opens a transport on all nodes and links it.
    ///
    /// # Errors
    /// A node cannot.
    pub fn link(
        &mut self,
        kind: Kind,
        waiting: Waiting,
        message: usize,
        device: Option<&str>,
    ) -> Result<Linked, Error> {
        // What was said of the transport before is nobody's affair any more.
        self.kept.clear();
        let nodes = self.count();
        let (mut addresses, mut environments) = (Vec::new(), Vec::new());
        for node in 0..nodes {
            let (ip, device) = (self.ip, device.map(str::to_owned));
            self.order(node, &Order::Open { kind, ip, nodes, message, waiting, device })?;
            let opened = self.answer(node, QUICK, |answer| match answer {
                Answer::Opened { address, environment } => Some((address, *environment)),
                _ => None,
            })?;
            addresses.push(opened.0);
            environments.push(opened.1);
        }
        self.environments = environments;
        for own in 0..nodes {
            self.order(own, &Order::Link { own, addresses: addresses.clone() })?;
        }
        let mut linked = None;
        let mut count = 0;
        while count < nodes {
            match self.next(QUICK)? {
                Some((_, Answer::Linked { limits, guarantees })) => {
                    linked = Some(Linked { limits, guarantees });
                    count += 1;
                }
                Some(_) => {}
                None => return Err(Error::Unfit(format!("{kind}: not all nodes were linked in {QUICK:?}"))),
            }
        }
        linked.ok_or_else(|| Error::Unfit("there are no nodes".to_owned()))
    }

    /// Compares each node's clock with the first's, by the shortest question and answer of some.
    fn compare_clocks(&mut self) -> Result<(), Error> {
        let mut here = Vec::new();
        for node in 0..self.count() {
            let mut best: Option<(u64, i64)> = None;
            for _ in 0..CLOCKS {
                let asked = measure::now();
                self.order(node, &Order::Clock)?;
                let told = self.answer(node, QUICK, |answer| match answer {
                    Answer::Clock(time) => Some(time),
                    _ => None,
                })?;
                let took = measure::now() - asked;
                let middle = asked + took / 2;
                if best.is_none_or(|(shortest, _)| took < shortest) {
                    best = Some((took, middle.cast_signed().wrapping_sub(told.cast_signed())));
                }
            }
            here.push(best.unwrap_or_default());
        }
        let first = here.first().copied().unwrap_or_default();
        let relative = |(took, offset): &(u64, i64)| (offset - first.1, (took + first.0) / 2);
        self.here = -first.1;
        self.clocks = here.iter().map(relative).collect();
        if let Some(own) = self.clocks.first_mut() {
            *own = (0, 0);
        }
        Ok(())
    }
}
