//! Counts and times of a transcript of a cluster.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::time::Duration;

use fencelab_transcript::{Body, Event, Kind, Transcript};
use serde_json::Value;

use super::load::load;
use super::times::Times;

/// What the nodes told each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Messages {
    /// How many different ones.
    pub count: usize,
    /// The length of their contents.
    pub bytes: usize,
    /// How many of them in a second, over the whole transcript.
    pub per_second: f64,
}

/// All that can be counted and measured in a transcript of corosync, InfiniBand or RoCE.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// From the first event to the last.
    pub duration: Duration,
    /// How many packets of each kind: `totem token`, `knet ping`, `infiniband RC Send Only`, `cm ConnectRequest`,
    /// `mad SubnAdm Get PathRecord`, `malformed` …
    pub kinds: BTreeMap<String, u64>,
    /// Time between two tokens that a node is given, for each node; one that is sent again does not count.
    pub rotations: BTreeMap<u32, Times>,
    /// What is told to all (totem).
    pub messages: Messages,
    /// Messages to all that were sent again.
    pub retransmitted: u64,
    /// Messages to all that went to the same node through several sockets at once.
    pub copies: u64,
    /// Numbers in tokens' lists of what somebody misses.
    pub asked_again: u64,
    /// Tokens that were sent again.
    pub tokens_again: u64,
    /// Rings that were formed, and other changes, in words, with their time.
    pub membership: Vec<(Duration, String)>,
    /// From a ping of knet to its pong, for each link.
    pub pongs: BTreeMap<u64, Times>,
    /// Pings that nobody answered.
    pub unanswered: u64,
    /// What acknowledges say: `ACK`, `RNR NAK`, `NAK PSN sequence error` …
    pub acknowledges: BTreeMap<String, u64>,
    /// Packets of connections that were sent again.
    pub repeated: u64,
    /// Packets of connections that are missing, by their sequence numbers: lost before the place of the capture, or not captured.
    pub missing: u64,
    /// Packets with a mark of congestion, and notifications of it.
    pub congested: u64,
    /// Connections: `ready`, `ends`, `rejected`; multicast groups: `joins`, `joins once more`, `leaves`.
    pub changes: BTreeMap<String, u64>,
    /// Datagrams for each queue pair (UD; none of management).
    pub datagrams: BTreeMap<String, u64>,
}

impl Statistics {
    /// Of a transcript; of one of another link, `None`.
    pub fn of(transcript: &Transcript) -> Option<Self> {
        if !["corosync", "infiniband"].contains(&transcript.header.link.protocol.as_str()) {
            return None;
        }
        let mut all = Self::default();
        let mut seen = Seen::default();
        for event in &transcript.events {
            all.duration = event.at;
            match &event.kind {
                Kind::Say { body: Body::Object { protocol, value }, .. } => {
                    all.count(event, protocol, value, &mut seen);
                }
                Kind::Mark(_) => all.remark(event),
                _ => {}
            }
        }
        all.unanswered = seen.pings.saturating_sub(seen.answered);
        all.rotations = times(seen.rotations);
        all.pongs = times(seen.pongs);
        let load = load(transcript);
        let seconds = all.duration.as_secs_f64();
        all.messages = Messages {
            count: load.len(),
            bytes: load.iter().map(|message| message.bytes).sum(),
            per_second: if seconds > 0.0 { load.len() as f64 / seconds } else { 0.0 },
        };
        Some(all)
    }

    fn count(&mut self, event: &Event, protocol: &str, value: &Value, seen: &mut Seen) {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
        let number = |field: &str| value.get(field).and_then(Value::as_u64);
        let is = |field: &str| u64::from(value.get(field).is_some());
        let kind = match protocol {
            "totem" | "knet" => format!("{protocol} {}", text("type")),
            "infiniband" | "roce" => format!("{protocol} {}", text("op")),
            "cm" => format!("cm {}", text("message")),
            "mad" => format!("mad {} {} {}", text("class"), text("method"), text("attribute")),
            other => other.to_owned(),
        };
        match kind.as_str() {
            "totem token" => {
                self.tokens_again += is("retransmit");
                let missed = value.get("retransmits").and_then(Value::as_array).map_or(0, Vec::len);
                self.asked_again += u64::try_from(missed).unwrap_or(u64::MAX);
                let to = number("to").and_then(|to| u32::try_from(to).ok());
                if let Some(to) = to.filter(|_| is("retransmit") == 0) {
                    seen.token(to, event.at);
                }
            }
            "totem mcast" => {
                self.retransmitted += is("retransmit");
                self.copies += is("copy");
            }
            "knet ping" => seen.pings += 1,
            "knet pong" => {
                if let Some(after) = value.get("after").and_then(Value::as_f64) {
                    seen.answered += 1;
                    let after = Duration::try_from_secs_f64(after).unwrap_or_default();
                    seen.pongs.entry(number("link").unwrap_or_default()).or_default().push(after);
                }
            }
            _ => {}
        }
        if ["infiniband", "roce"].contains(&protocol) {
            if !text("says").is_empty() {
                *self.acknowledges.entry(text("says").to_owned()).or_default() += 1;
            }
            self.repeated += is("retransmit");
            self.missing += number("gap").unwrap_or_default();
            self.congested += is("congested") + u64::from(text("op") == "CNP");
            if text("op").starts_with("UD ") {
                *self.datagrams.entry(text("qp").to_owned()).or_default() += 1;
            }
        }
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn remark(&mut self, event: &Event) {
        let text = |field: &str| event.extra.get(field).and_then(Value::as_str);
        let words = text("text").unwrap_or_default();
        if text("membership").is_some() {
            self.membership.push((event.at, words.to_owned()));
        }
        for (what, prefix) in [("connection", "connection "), ("multicast", "multicast group: ")] {
            if let Some(change) = text(what) {
                *self.changes.entry(format!("{prefix}{change}")).or_default() += 1;
            }
        }
    }

    /// How many packets there were.
    pub fn packets(&self) -> u64 {
        self.kinds.values().sum()
    }
}

/// What is collected on the way.
#[derive(Default)]
struct Seen {
    last_token: BTreeMap<u32, Duration>,
    rotations: BTreeMap<u32, Vec<Duration>>,
    pings: u64,
    answered: u64,
    pongs: BTreeMap<u64, Vec<Duration>>,
}

impl Seen {
    fn token(&mut self, to: u32, at: Duration) {
        if let Some(last) = self.last_token.insert(to, at) {
            self.rotations.entry(to).or_default().push(at.saturating_sub(last));
        }
    }
}

fn times<K: Ord>(all: BTreeMap<K, Vec<Duration>>) -> BTreeMap<K, Times> {
    all.into_iter().filter_map(|(key, times)| Some((key, Times::of(times)?))).collect()
}

/// For a person: one thing a line.
impl Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} packets in {:.3} s", self.packets(), self.duration.as_secs_f64())?;
        for (kind, count) in &self.kinds {
            writeln!(f, "{count:>8} {kind}")?;
        }
        for (node, times) in &self.rotations {
            writeln!(f, "token rotation at node {node}: {} times, {times}", times.count)?;
        }
        let Messages { count, bytes, per_second } = self.messages;
        if count > 0 {
            writeln!(f, "messages: {count} of {bytes} bytes, {per_second:.1} a second")?;
        }
        if self.kinds.keys().any(|kind| kind.starts_with("totem ")) {
            let (messages, tokens, asked) = (self.retransmitted, self.tokens_again, self.asked_again);
            writeln!(
                f,
                "sent again: {messages} messages, {tokens} tokens; missed messages in tokens: {asked}"
            )?;
            if self.copies > 0 {
                writeln!(
                    f,
                    "messages that went to the same node several times at once: {} copies",
                    self.copies
                )?;
            }
            writeln!(f, "membership: {} changes", self.membership.len())?;
        }
        for (at, words) in &self.membership {
            writeln!(f, "{:>12.6} {words}", at.as_secs_f64())?;
        }
        for (link, times) in &self.pongs {
            writeln!(f, "ping to pong on link {link}: {} times, {times}", times.count)?;
        }
        if self.unanswered > 0 {
            writeln!(f, "pings without a pong: {}", self.unanswered)?;
        }
        for (says, count) in &self.acknowledges {
            writeln!(f, "acknowledges: {count} {says}")?;
        }
        for (what, count) in [
            ("sent again", self.repeated),
            ("missing", self.missing),
            ("marked by congestion", self.congested),
        ] {
            if count > 0 {
                writeln!(f, "packets {what}: {count}")?;
            }
        }
        for (change, count) in &self.changes {
            writeln!(f, "{change}: {count}")?;
        }
        for (qp, count) in &self.datagrams {
            writeln!(f, "datagrams to QP {qp}: {count}")?;
        }
        Ok(())
    }
}
