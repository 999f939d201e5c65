//! The ring in virtual time, on a network that loses, delays, doubles and cuts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet, VecDeque};
use std::time::Duration;

use fencelab_fabric::ring::{Config, Message, Node, Output, RingId};
use fencelab_fabric::transport::{NodeId, To};
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);
const TOKEN: Duration = Duration::from_millis(100);
/// Packets that wait for a node that does nothing.
const BUFFER: usize = 2000;

/// What the network does to packets.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    /// Of a thousand packets, so many are lost.
    lost: u64,
    /// And so many come twice.
    doubled: u64,
    /// A packet takes 50 microseconds, and up to so many more.
    jitter: u64,
}

/// What one node saw.
#[derive(Debug, Default)]
struct Seen {
    messages: Vec<(RingId, Message)>,
    rings: Vec<(Duration, RingId, BTreeSet<NodeId>)>,
    stable: u64,
}

type Arrival = Reverse<(Duration, u64, NodeId, NodeId, Vec<u8>)>;

struct Net {
    now: Duration,
    nodes: BTreeMap<NodeId, Node>,
    seen: BTreeMap<NodeId, Seen>,
    under_way: BinaryHeap<Arrival>,
    sent: u64,
    weather: Weather,
    random: u64,
    /// Who is on its own side of a cut.
    apart: BTreeSet<NodeId>,
    /// Whose packets nobody hears.
    mute: BTreeSet<NodeId>,
    /// Who does nothing: what comes meanwhile waits in its buffer.
    still: BTreeSet<NodeId>,
    buffers: BTreeMap<NodeId, VecDeque<Vec<u8>>>,
    /// What goes over the cut comes when it is mended, as a connection has it that does not give up. `None`: it is lost.
    kept: Option<Vec<(NodeId, NodeId, Vec<u8>)>>,
    /// Every packet so far.
    packets: Vec<Vec<u8>>,
}

impl Net {
    fn new(count: usize, seed: u64, weather: Weather, packet: usize) -> Self {
        let all: BTreeSet<NodeId> = (0..count).collect();
        let mut net = Self {
            now: Duration::ZERO,
            nodes: BTreeMap::new(),
            seen: all.iter().map(|node| (*node, Seen::default())).collect(),
            under_way: BinaryHeap::new(),
            sent: 0,
            weather,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            apart: BTreeSet::new(),
            mute: BTreeSet::new(),
            still: BTreeSet::new(),
            buffers: BTreeMap::new(),
            kept: None,
            packets: Vec::new(),
        };
        for node in &all {
            let config = Config::new(TOKEN, packet);
            net.nodes.insert(*node, Node::new(*node, all.clone(), config, 0, Duration::ZERO));
            net.collect(*node);
        }
        net
    }

    /// xorshift64 (Marsaglia 2003).
    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    fn collect(&mut self, node: NodeId) {
        let outputs = self.nodes.get_mut(&node).unwrap().outputs();
        for output in outputs {
            let seen = self.seen.get_mut(&node).unwrap();
            match output {
                Output::Send(To::Node(to), packet) => self.send(node, to, packet),
                Output::Send(To::Others, packet) => {
                    let others: Vec<NodeId> = self.seen.keys().copied().filter(|to| *to != node).collect();
                    others.into_iter().for_each(|to| self.send(node, to, packet.clone()));
                }
                Output::Deliver(message) => {
                    let ring = seen.rings.last().map(|ring| ring.1).unwrap_or_default();
                    seen.messages.push((ring, message));
                }
                Output::Stable(number) => {
                    assert!(number >= seen.stable, "what was stable is not any more");
                    seen.stable = number;
                }
                Output::Members(ring, members) => seen.rings.push((self.now, ring, members)),
                Output::Token(_) => {}
            }
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, packet: Vec<u8>) {
        assert_ne!(from, to);
        self.packets.push(packet.clone());
        if self.mute.contains(&from) {
            return;
        }
        if self.apart.contains(&from) != self.apart.contains(&to) {
            self.kept.iter_mut().for_each(|kept| kept.push((from, to, packet.clone())));
            return;
        }
        if self.random(1000) < self.weather.lost {
            return;
        }
        let copies = if self.random(1000) < self.weather.doubled { 2 } else { 1 };
        for _ in 0..copies {
            let jitter = self.random(self.weather.jitter + 1);
            let at = self.now + Duration::from_micros(50 + jitter);
            self.sent += 1;
            self.under_way.push(Reverse((at, self.sent, from, to, packet.clone())));
        }
    }

    /// Until the time is over. Frozen nodes are those that have been taken out of `nodes`.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let awake = self.nodes.iter().filter(|(id, _)| !self.still.contains(id));
            let wake = awake.filter_map(|(id, node)| Some((node.next_wake()?, *id))).min();
            let arrival = self.under_way.peek().map(|Reverse((at, ..))| *at);
            let next = [wake.map(|(at, _)| at), arrival].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if arrival.is_some_and(|at| at <= next) {
                let Reverse((_, _, _, to, packet)) = self.under_way.pop().unwrap();
                if self.still.contains(&to) {
                    let buffer = self.buffers.entry(to).or_default();
                    if buffer.len() < BUFFER {
                        buffer.push_back(packet);
                    }
                } else if let Some(node) = self.nodes.get_mut(&to) {
                    node.handle(self.now, &packet);
                    self.collect(to);
                }
            } else if let Some((_, id)) = wake {
                self.nodes.get_mut(&id).unwrap().wake(self.now);
                self.collect(id);
            }
        }
        self.now = end;
    }

    /// Those who did nothing go on, with what has waited for them.
    fn move_on(&mut self) {
        for id in std::mem::take(&mut self.still) {
            for packet in self.buffers.remove(&id).unwrap_or_default() {
                // As a load does it: the time is looked at before each packet.
                let node = self.nodes.get_mut(&id).unwrap();
                if node.next_wake().is_some_and(|wake| wake <= self.now) {
                    node.wake(self.now);
                    self.collect(id);
                }
                self.nodes.get_mut(&id).unwrap().handle(self.now, &packet);
                self.collect(id);
            }
        }
    }

    /// Nothing is cut any more, and what was kept comes before all else.
    fn mend(&mut self) {
        self.apart.clear();
        for (from, to, packet) in self.kept.take().unwrap_or_default() {
            self.send(from, to, packet);
        }
    }

    fn offer(&mut self, node: NodeId, text: &[u8]) {
        let born = u64::try_from(self.now.as_nanos()).unwrap();
        self.nodes.get_mut(&node).unwrap().offer(born, text);
        self.collect(node);
    }

    fn members(&self, node: NodeId) -> Vec<NodeId> {
        self.seen[&node].rings.last().map(|ring| ring.2.iter().copied().collect()).unwrap_or_default()
    }

    fn payloads(&self, node: NodeId) -> Vec<Vec<u8>> {
        self.seen[&node].messages.iter().map(|(_, message)| message.payload.clone()).collect()
    }
}

#[test]
fn three_nodes_find_each_other_and_agree_on_the_order() {
    let mut net = Net::new(3, 1, Weather::default(), 1500);
    net.run(20 * MS);
    for node in 0..3 {
        assert_eq!(net.members(node), [0, 1, 2]);
    }
    for round in 0..100_u32 {
        for node in 0..3 {
            net.offer(node, format!("{node} says {round}").as_bytes());
        }
    }
    net.run(100 * MS);
    let first = net.payloads(0);
    assert_eq!(first.len(), 300);
    assert_eq!(net.payloads(1), first);
    assert_eq!(net.payloads(2), first);
    // Each node's own stay in their order.
    let of_one: Vec<_> = first.iter().filter(|payload| payload.starts_with(b"1")).cloned().collect();
    let said: Vec<_> = (0..100).map(|round| format!("1 says {round}").into_bytes()).collect();
    assert_eq!(of_one, said);
    assert!((0..3).all(|node| net.seen[&node].stable == 100));
}

#[test]
fn a_message_longer_than_a_packet_comes_whole() {
    let mut net = Net::new(3, 2, Weather { lost: 50, doubled: 20, jitter: 500 }, 300);
    net.run(300 * MS);
    let long: Vec<u8> = (0..10_000_u32).map(|index| u8::try_from(index % 251).unwrap()).collect();
    net.offer(1, &long);
    net.offer(2, b"");
    net.run(2000 * MS);
    for node in 0..3 {
        let mut payloads = net.payloads(node);
        payloads.sort_by_key(Vec::len);
        assert_eq!(payloads, [b"".to_vec(), long.clone()], "node {node}");
    }
}

#[test]
fn a_dead_node_is_out_after_the_token_timeout_and_consensus() {
    let mut net = Net::new(3, 3, Weather::default(), 1500);
    net.run(50 * MS);
    net.nodes.remove(&1);
    let died = net.now;
    net.run(1000 * MS);
    for node in [0, 2] {
        let (at, _, members) = net.seen[&node].rings.last().unwrap();
        assert_eq!(members.iter().copied().collect::<Vec<_>>(), [0, 2]);
        let took = *at - died;
        let least = TOKEN + TOKEN.mul_f64(1.2);
        assert!(took >= least - MS && took < least + 60 * MS, "{took:?}");
    }
}

#[test]
fn a_node_that_was_cut_off_comes_back() {
    let mut net = Net::new(4, 4, Weather::default(), 1500);
    net.run(50 * MS);
    net.apart.insert(3);
    net.run(1000 * MS);
    assert_eq!(net.members(0), [0, 1, 2]);
    assert_eq!(net.members(3), [3]);
    net.offer(3, b"alone");
    net.offer(0, b"together");
    net.run(50 * MS);
    net.apart.clear();
    net.run(2000 * MS);
    for node in 0..4 {
        assert_eq!(net.members(node), [0, 1, 2, 3], "node {node}");
    }
    net.offer(1, b"again");
    net.run(100 * MS);
    assert_eq!(net.payloads(2), [b"together".to_vec(), b"again".to_vec()]);
    assert_eq!(net.payloads(3), [b"alone".to_vec(), b"again".to_vec()]);
}

#[test]
fn a_node_that_was_frozen_comes_back() {
    let mut net = Net::new(3, 5, Weather::default(), 1500);
    net.run(50 * MS);
    let frozen = net.nodes.remove(&2).unwrap();
    net.run(1000 * MS);
    assert_eq!(net.members(0), [0, 1]);
    net.nodes.insert(2, frozen);
    net.run(2000 * MS);
    for node in 0..3 {
        assert_eq!(net.members(node), [0, 1, 2], "node {node}");
    }
}

/// What two nodes both delivered in a ring they delivered in the same order; and if they went on to the same ring, neither has
/// anything that the other has not. (Nodes that a ring's end has parted may each have what the other never got.)
fn assert_same_order(net: &Net) {
    for (one, seen) in &net.seen {
        for (other, theirs) in &net.seen {
            for (at, (_, ring, _)) in seen.rings.iter().enumerate() {
                let Some(place) = theirs.rings.iter().position(|(_, theirs, _)| theirs == ring) else {
                    continue;
                };
                let of = |seen: &'_ Seen| -> Vec<Vec<u8>> {
                    let here = seen.messages.iter().filter(|(at, _)| at == ring);
                    here.map(|(_, message)| message.payload.clone()).collect()
                };
                let (mut mine, mut others) = (of(seen), of(theirs));
                let next = |seen: &Seen, at: usize| seen.rings.get(at + 1).map(|ring| ring.1);
                let go_on_together = next(seen, at).is_some() && next(seen, at) == next(theirs, place);
                if !go_on_together {
                    let (my_set, their_set): (HashSet<_>, HashSet<_>) =
                        (mine.iter().cloned().collect(), others.iter().cloned().collect());
                    mine.retain(|message| their_set.contains(message));
                    others.retain(|message| my_set.contains(message));
                }
                assert!(
                    mine == others,
                    "nodes {one} and {other} in {ring:?}: {} and {} messages",
                    mine.len(),
                    others.len()
                );
            }
        }
    }
}

/// What may happen to one node, or to all.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Mute,
    Still,
    Apart,
    Storm(u64, u64),
    Calm,
}

/// What, to whom, and for how many milliseconds.
fn happens() -> impl Strategy<Value = (Happens, NodeId, u64)> {
    let what = prop_oneof![
        Just(Happens::Mute),
        Just(Happens::Still),
        Just(Happens::Apart),
        (0_u64..1000, 0_u64..3000).prop_map(|(lost, jitter)| Happens::Storm(lost, jitter)),
        Just(Happens::Calm),
    ];
    (what, 0_usize..5, 1_u64..600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// In any weather, with a node that dies in the middle, those that stay deliver the same, and all that they said.
    #[test]
    fn those_that_stay_agree(
        seed in any::<u64>(),
        count in 2_usize..6,
        lost in 0_u64..60,
        doubled in 0_u64..60,
        jitter in 0_u64..2000,
        dies_at in 1_u64..200,
        packet in 120_usize..1500,
    ) {
        let mut net = Net::new(count, seed, Weather { lost, doubled, jitter }, packet);
        let victim = usize::try_from(seed % 7).unwrap();
        let mut said: BTreeMap<NodeId, Vec<Vec<u8>>> = BTreeMap::new();
        for round in 0..200_u64 {
            net.run(Duration::from_micros(500));
            if round == dies_at {
                net.nodes.remove(&victim);
            }
            let alive: Vec<NodeId> = net.nodes.keys().copied().collect();
            for node in alive {
                let length = usize::try_from(net.random(400)).unwrap();
                let mut text = format!("{node}:{round}:").into_bytes();
                text.resize(text.len() + length, b'x');
                net.offer(node, &text);
                said.entry(node).or_default().push(text);
            }
        }
        net.weather = Weather::default();
        net.run(Duration::from_secs(5));
        assert_same_order(&net);
        let alive: Vec<NodeId> = net.nodes.keys().copied().collect();
        for node in &alive {
            prop_assert_eq!(&net.members(*node), &alive);
        }
        // Who has been in the same rings all the time misses nothing of the others. (A node that a new ring has lost before it began
        // to turn for it has no part in what is said there.)
        let rings = |node: &NodeId| -> Vec<RingId> { net.seen[node].rings.iter().map(|ring| ring.1).collect() };
        let are_together = alive.windows(2).all(|pair| rings(&pair[0]) == rings(&pair[1]));
        for node in alive.iter().filter(|_| are_together) {
            let heard = net.payloads(*node);
            for (speaker, texts) in said.iter().filter(|(speaker, _)| alive.contains(speaker)) {
                let prefix = format!("{speaker}:").into_bytes();
                let of_it: Vec<_> = heard.iter().filter(|text| text.starts_with(&prefix)).cloned().collect();
                prop_assert!(of_it == *texts, "{} has {} of {} messages of {}", node, of_it.len(), texts.len(), speaker);
            }
        }
    }

    /// However long a cut was, and whether what went over it is lost or comes afterwards: the ring has all again, and soon.
    #[test]
    fn those_that_were_parted_come_together(
        seed in any::<u64>(),
        count in 2_usize..6,
        apart in prop::collection::btree_set(0_usize..6, 1..4),
        cut in 50_u64..2000,
        is_kept in any::<bool>(),
        jitter in prop_oneof![Just(0_u64), 0_u64..2000],
    ) {
        let mut net = Net::new(count, seed, Weather { jitter, ..Weather::default() }, 1500);
        net.run(50 * MS);
        net.apart = apart;
        net.kept = is_kept.then(Vec::new);
        net.run(Duration::from_millis(cut));
        let rings = |net: &Net| -> Vec<usize> { (0..count).map(|node| net.seen[&node].rings.len()).collect() };
        let before = rings(&net);
        net.mend();
        net.run(Duration::from_secs(2));
        let all: Vec<NodeId> = (0..count).collect();
        for (node, (before, after)) in before.into_iter().zip(rings(&net)).enumerate() {
            prop_assert_eq!(&net.members(node), &all, "node {}", node);
            prop_assert!(after - before <= 50, "node {} was in {} rings", node, after - before);
        }
    }

    /// Whatever has happened to the network and to nodes, when it is over they are all in one ring again, and soon.
    #[test]
    fn after_all_that_may_happen_they_come_together(
        seed in any::<u64>(),
        count in 2_usize..6,
        happens in prop::collection::vec(happens(), 1..6),
        floods in any::<bool>(),
    ) {
        let mut net = Net::new(count, seed, Weather::default(), 1500);
        net.run(20 * MS);
        let mut said = 0;
        let mut flood = |net: &mut Net, time: u64| for _ in 0..time {
            net.run(MS);
            for id in 0..count {
                if floods && !net.still.contains(&id) && net.nodes[&id].waiting() < 64 {
                    said += 1;
                    net.offer(id, format!("{said}").as_bytes());
                }
            }
        };
        for (what, who, time) in happens {
            match what {
                Happens::Mute => net.mute = BTreeSet::from([who % count]),
                Happens::Still => net.still = BTreeSet::from([who % count]),
                Happens::Apart => net.apart = BTreeSet::from([who % count]),
                Happens::Storm(lost, jitter) => net.weather = Weather { lost, doubled: 50, jitter },
                Happens::Calm => {}
            }
            flood(&mut net, time);
            net.move_on();
            net.mute.clear();
            net.apart.clear();
            net.weather = Weather::default();
        }
        let rings = |net: &Net| -> Vec<usize> { (0..count).map(|node| net.seen[&node].rings.len()).collect() };
        let before = rings(&net);
        flood(&mut net, 3000);
        net.run(100 * MS);
        let all: Vec<NodeId> = (0..count).collect();
        for (node, (before, after)) in before.into_iter().zip(rings(&net)).enumerate() {
            prop_assert_eq!(&net.members(node), &all, "node {} is at {:?}", node, net.nodes[&node].doing());
            prop_assert!(after - before <= 50, "node {} was in {} rings", node, after - before);
        }
        assert_same_order(&net);
    }

    /// Any bytes may come, those of real packets with some of them changed above all.
    #[test]
    fn any_bytes_are_no_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u64>(), 0_usize..9), 1..60)) {
        let mut net = Net::new(3, 9, Weather { lost: 30, doubled: 0, jitter: 300 }, 200);
        for round in 0..40_u8 {
            net.run(2 * MS);
            net.offer(usize::from(round % 3), &[round; 300]);
        }
        let packets = std::mem::take(&mut net.packets);
        for (packet, at, value, count) in changes {
            let mut packet = packet.get(&packets).clone();
            let at = at.index(packet.len());
            for (slot, byte) in packet.iter_mut().skip(at).zip(value.to_le_bytes()).take(count) {
                *slot = byte;
            }
            if count == 0 {
                packet.truncate(at);
            }
            let node = net.nodes.get_mut(&1).unwrap();
            node.handle(net.now, &packet);
            let _ = node.outputs();
        }
        if let Some(wake) = net.nodes[&1].next_wake() {
            net.nodes.get_mut(&1).unwrap().wake(wake);
        }
    }
}
