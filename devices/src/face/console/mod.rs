//! The face of a console: people and programs type, the device answers. How the bytes are carried (telnet, SSH, a serial line)
//! is said by [`Carrier`]; everything else is the same.

mod answer;
mod end;
mod line;
mod login;
mod output;
mod view;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::rules::Rules;
use super::{Context, Reply, control};
use crate::device::Credentials;
use crate::fault::{FaultKind, Op};
use crate::plant::Plant;
use crate::spec::console::{Console as Spec, Text};
use crate::spec::rule::Reset;
use line::{Line, Stage, Typed};
use output::Output;

pub(crate) use end::StreamEnd;

/// What carries the bytes of a console.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carrier {
    /// Telnet (RFC 854), or bare TCP where the device does not negotiate.
    Telnet,
    /// A session of SSH, above the encryption.
    Ssh,
    /// A serial line.
    Serial,
    /// A serial line behind a port server, which lets its clients set it (RFC 2217).
    PortServer,
}

impl Carrier {
    /// Each.
    pub const ALL: [Self; 4] = [Self::Telnet, Self::Ssh, Self::Serial, Self::PortServer];

    /// The name of the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Telnet => "telnet",
            Self::Ssh => "ssh",
            Self::Serial => "serial",
            Self::PortServer => "rfc2217",
        }
    }

    /// What carries the console of a transcript; `None`: it is of another protocol.
    #[must_use]
    pub fn of_protocol(name: &str) -> Option<Self> {
        match name {
            // Where no telnet was spoken, its bytes are passed over.
            "telnet" | "raw" => Some(Self::Telnet),
            "ssh" => Some(Self::Ssh),
            "serial" => Some(Self::Serial),
            _ => None,
        }
    }

    /// Whether it ends at a serial line.
    #[must_use]
    pub fn is_line(self) -> bool {
        matches!(self, Self::Serial | Self::PortServer)
    }

    /// The usual port; 0 where there is none.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Telnet => 23,
            Self::Ssh => 22,
            Self::Serial => 0,
            Self::PortServer => 2217,
        }
    }
}

/// The one who is at a serial line, whoever that is: the device cannot know.
pub(crate) const LINE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// Who has connected and not logged in is hung up after so long.
pub(crate) const HALF_OPEN_TIME: Duration = Duration::from_secs(60);
/// More that have not logged in than these are not kept: the oldest goes.
pub(crate) const HALF_OPEN_LIMIT: usize = 256;

/// A console in its present state.
#[derive(Debug)]
pub(crate) struct Console {
    spec: Arc<Spec>,
    carrier: Carrier,
    credentials: Credentials,
    /// Vendor, model, firmware.
    device: BTreeMap<&'static str, String>,
    rules: Rules,
    lines: BTreeMap<SocketAddr, Line>,
    next_number: u32,
    /// Wrong logins in a row.
    wrong: u32,
    locked_until: Duration,
    /// Restarting: nobody is let in before this instant.
    silent_until: Duration,
    /// At a serial line: when the next session begins, where none is.
    begins_at: Duration,
}

/// With whom the console speaks now, and what it says.
struct Talk<'t, 'c> {
    now: Duration,
    peer: SocketAddr,
    line: &'t mut Line,
    output: &'t mut Output,
    context: &'t mut Context<'c>,
}

impl Console {
    pub(crate) fn new(
        spec: &Arc<Spec>,
        carrier: Carrier,
        credentials: &Credentials,
        device: BTreeMap<&'static str, String>,
    ) -> Self {
        Self {
            spec: Arc::clone(spec),
            carrier,
            credentials: credentials.clone(),
            device,
            rules: Rules::default(),
            lines: BTreeMap::new(),
            next_number: 1,
            wrong: 0,
            locked_until: Duration::ZERO,
            silent_until: Duration::ZERO,
            begins_at: Duration::ZERO,
        }
    }

    /// How many are logged in.
    pub(crate) fn sessions(&self) -> usize {
        self.lines.values().filter(|line| line.is_in()).count()
    }

    /// What carries it, and whether telnet's own bytes are among those on the wire.
    pub(crate) fn negotiates(&self) -> bool {
        self.carrier == Carrier::Telnet && self.spec.negotiates
    }

    /// Whether what comes next from there is a password.
    pub(crate) fn awaits_secret(&self, peer: SocketAddr) -> bool {
        self.lines.get(&peer).is_some_and(|line| matches!(line.stage, Stage::Password { .. }))
    }

    /// Whether the device asks who it is, and not the carrier.
    pub(crate) fn asks_itself(&self) -> bool {
        match (&self.spec.login, self.carrier) {
            (None, _) => true,
            (Some(login), Carrier::Ssh) => login.asks_over_ssh,
            (Some(_), Carrier::Telnet | Carrier::Serial | Carrier::PortServer) => true,
        }
    }

    /// Somebody connects; over SSH as this user.
    pub(crate) fn connect(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        user: Option<&str>,
        context: &mut Context<'_>,
    ) -> Vec<(SocketAddr, Reply)> {
        if now < self.silent_until {
            return vec![(peer, Reply::end(Op::Session))];
        }
        let busy = !self.lines.is_empty();
        let refused = |kind: &FaultKind| match kind {
            FaultKind::OneSession => busy.then_some(()),
            FaultKind::Refuse => Some(()),
            _ => None,
        };
        let ending = control::ending(now, Op::Session, context, &mut Vec::new());
        let mut replies = self.forget(now, ending.reset, peer);
        if ending.at_once || login::is_met(now, context, refused) {
            replies.push((peer, Reply::end(Op::Session)));
            return replies;
        }
        let mut line = Line::new(self.next_number, now, self.negotiates());
        self.next_number = self.next_number.wrapping_add(1);
        let mut output = Output::new(Op::Session);
        output.raw(line.end.open());
        let mut talk = Talk { now, peer, line: &mut line, output: &mut output, context };
        let sessions = &self.spec.sessions;
        if sessions.counts_half_open && self.lines.len() >= sessions.limit {
            self.turn_away(&mut talk);
        } else {
            self.greet(user, &mut talk);
            replies.extend(self.make_room());
        }
        replies.extend(self.leave(now, peer, line, output));
        replies
    }

    /// What is said first, up to the first question.
    fn greet(&self, user: Option<&str>, talk: &mut Talk<'_, '_>) {
        self.plain(self.spec.greeting.as_ref(), talk);
        if self.spec.login.is_none() || !self.asks_itself() {
            talk.line.user = user.map(str::to_owned);
            self.enter(talk);
        } else {
            self.ask_user(talk);
        }
    }

    /// A session begins at the serial line, whether anybody is there or not.
    fn begin(&mut self, now: Duration, context: &mut Context<'_>) -> Vec<(SocketAddr, Reply)> {
        let mut line = Line::new(self.next_number, now, false);
        self.next_number = self.next_number.wrapping_add(1);
        let mut output = Output::new(Op::Session);
        self.greet(None, &mut Talk { now, peer: LINE, line: &mut line, output: &mut output, context });
        self.leave(now, LINE, line, output)
    }

    /// Bytes come; none: the other side has hung up.
    pub(crate) fn handle(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Vec<(SocketAddr, Reply)> {
        let Some(mut line) = self.lines.remove(&peer) else { return Vec::new() };
        if bytes.is_empty() {
            return Vec::new();
        }
        let spec = Arc::clone(&self.spec);
        (line.heard, line.is_fresh) = (now, false);
        let mut output = Output::new(Op::Other);
        let (data, reply) = line.end.decode(bytes);
        output.raw(reply);
        let mut others = Vec::new();
        for byte in data {
            if line.is_over {
                break;
            }
            let Some(typed) = line.typed(byte, &spec, &mut output) else { continue };
            let mut talk = Talk { now, peer, line: &mut line, output: &mut output, context };
            others.extend(self.act(typed, &mut talk));
        }
        let mut replies = self.leave(now, peer, line, output);
        replies.extend(others);
        replies
    }

    /// What was said goes out; the line stays, unless it is over.
    fn leave(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        mut line: Line,
        output: Output,
    ) -> Vec<(SocketAddr, Reply)> {
        let is_over = line.is_over;
        // A serial line has no end: the next session begins there.
        line.is_over &= !self.carrier.is_line();
        let replies = output.replies(&mut line, self.byte_time(), now);
        if is_over {
            self.begins_at = line.free_at.max(now);
        } else {
            self.lines.insert(peer, line);
        }
        replies.into_iter().map(|reply| (peer, reply)).collect()
    }

    /// How long a byte is under way: at the device's own pace, and at that of a serial line.
    fn byte_time(&self) -> Duration {
        let own = self.spec.pace.map_or(Duration::ZERO, |pace| Duration::from_secs(1) / pace.max(1));
        if self.carrier.is_line() { own.max(self.spec.line.time_of(1)) } else { own }
    }

    /// What these bytes would ask, without any effect.
    pub(crate) fn classify(&self, peer: SocketAddr, bytes: &[u8]) -> Op {
        let Some((line, typed)) = self.would_type(peer, bytes) else { return Op::Session };
        if !line.is_in() {
            return Op::Session;
        }
        let mut ops = typed.iter().map(|typed| self.op(&line, typed));
        ops.find(|op| *op != Op::Other).unwrap_or(Op::Other)
    }

    /// Whether these bytes end a line, or are a key that counts: then they are a request. What telnet says of itself is none.
    pub(crate) fn is_request(&self, peer: SocketAddr, bytes: &[u8]) -> bool {
        self.would_type(peer, bytes).is_some_and(|(_, typed)| !typed.is_empty())
    }

    /// The line of a peer after these bytes, and what would be typed by them.
    fn would_type(&self, peer: SocketAddr, bytes: &[u8]) -> Option<(Line, Vec<Typed>)> {
        let mut line = self.lines.get(&peer)?.clone();
        let (data, _) = line.end.decode(bytes);
        let mut output = Output::new(Op::Other);
        let typed = data.into_iter().filter_map(|byte| line.typed(byte, &self.spec, &mut output)).collect();
        Some((line, typed))
    }

    /// When something is due by itself.
    pub(crate) fn next_wake(&self) -> Option<Duration> {
        if self.carrier.is_line() && self.lines.is_empty() {
            return Some(self.begins_at.max(self.silent_until));
        }
        self.lines.values().filter_map(|line| self.ends_at(line)).min()
    }

    /// Does what is due: who has been silent for too long is hung up, and a serial line is never without a session.
    pub(crate) fn wake(&mut self, now: Duration, context: &mut Context<'_>) -> Vec<(SocketAddr, Reply)> {
        if self.carrier.is_line() && self.lines.is_empty() {
            return self.begin(now, context);
        }
        let due: Vec<SocketAddr> = self
            .lines
            .iter()
            .filter(|(_, line)| self.ends_at(line).is_some_and(|at| at <= now))
            .map(|(peer, _)| *peer)
            .collect();
        let mut replies = Vec::new();
        for peer in due {
            let Some(mut line) = self.lines.remove(&peer) else { continue };
            let mut output = Output::new(Op::Session);
            let mut talk = Talk { now, peer, line: &mut line, output: &mut output, context };
            if talk.line.is_in() {
                self.plain(self.spec.sessions.idle_text.as_ref(), &mut talk);
            }
            line.is_over = true;
            replies.extend(self.leave(now, peer, line, output));
        }
        replies
    }

    fn ends_at(&self, line: &Line) -> Option<Duration> {
        // At a serial line a question waits until somebody comes.
        if self.carrier.is_line() && (line.is_fresh || line.stage == Stage::User) {
            return None;
        }
        let limit = if line.is_in() { self.spec.sessions.idle? } else { HALF_OPEN_TIME };
        Some(line.heard.saturating_add(limit))
    }

    /// The oldest that has not logged in goes when there are too many of them.
    fn make_room(&mut self) -> Vec<(SocketAddr, Reply)> {
        let half_open = || self.lines.iter().filter(|(_, line)| !line.is_in());
        if half_open().count() < HALF_OPEN_LIMIT {
            return Vec::new();
        }
        let oldest = half_open().min_by_key(|(_, line)| (line.heard, line.number)).map(|(peer, _)| *peer);
        oldest
            .into_iter()
            .map(|peer| {
                self.lines.remove(&peer);
                (peer, Reply::end(Op::Session))
            })
            .collect()
    }

    /// What is forgotten: everybody but `peer` is hung up; `peer` is the caller's.
    fn forget(&mut self, now: Duration, reset: Option<Reset>, peer: SocketAddr) -> Vec<(SocketAddr, Reply)> {
        let Some(Reset::Bmc(time)) = reset else { return Vec::new() };
        self.silent_until = now.saturating_add(time);
        self.rules.reset(self.silent_until);
        let lines = std::mem::take(&mut self.lines);
        lines
            .into_keys()
            .filter(|other| *other != peer)
            .map(|other| (other, Reply::end(Op::Session)))
            .collect()
    }

    /// A text about nothing in particular.
    fn plain(&self, text: Option<&Text>, talk: &mut Talk<'_, '_>) {
        let Some(text) = text else { return };
        let made = self.make(text, talk.line, talk.context.plant);
        talk.output.say(&made, talk.line, &self.spec);
    }

    /// A text with the truth about the plugs.
    fn make(&self, text: &Text, line: &Line, plant: &Plant) -> String {
        let view = view::View { console: self, line, plant, lies: &[], state: None };
        view.make(text).0
    }
}
