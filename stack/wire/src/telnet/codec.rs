//! One end of a connection.

use std::collections::BTreeMap;

use super::command::{IAC, Verb, escape};
use super::negotiation::State;
use super::scan::{Event, Scan};
use super::{Config, Opt, Side, Signal, subnegotiation};

/// One end of a telnet connection, without the connection.
///
/// The bytes of [`open`](Self::open), of each [`Received::reply`] and of [`ask`](Self::ask) go to the peer before
/// anything that [`send`](Self::send) makes afterwards: what is sent depends on what was agreed.
#[derive(Clone, Debug)]
pub struct Telnet {
    config: Config,
    scan: Scan,
    /// The last byte of data was a CR of the network virtual terminal.
    after_cr: bool,
    /// The subnegotiation that has begun.
    inside: Option<(Opt, Vec<u8>)>,
    /// Bytes of subnegotiations that were thrown away.
    dropped: u64,
    /// The options that were spoken of, by side.
    ours: BTreeMap<Opt, Standing>,
    theirs: BTreeMap<Opt, Standing>,
    window: Option<(u16, u16)>,
    terminal: Option<String>,
}

/// What came of received bytes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Received {
    /// What the peer's user typed, or its program said: IAC IAC is one byte, and CR NUL is CR, but in BINARY.
    pub data: Vec<u8>,
    /// What must be sent to the peer; often nothing.
    pub reply: Vec<u8>,
    /// Commands without an option, in their order.
    pub signals: Vec<Signal>,
    /// What was said about options that are on and that this codec leaves to its user (COM-PORT), in their order.
    pub told: Vec<(Opt, Vec<u8>)>,
}

/// How an option stands on one side.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    state: State,
    /// How often it was turned on because the peer said so.
    turns: u8,
}

/// NUL, which makes a bare CR of CR (RFC 854, "The NVT printer and keyboard").
const NUL: u8 = 0;

impl Telnet {
    /// Bytes of a subnegotiation that are kept, at most; more than any option needs.
    pub const SUBNEGOTIATION_MAX: usize = 4096;

    /// How often a peer may turn one option on of its own accord; then it is refused. Two ends that keep to RFC 1143 never
    /// talk in circles by themselves, but bytes of a third (noise on a line, an injected WONT and WILL) can set two
    /// contrary offers going that would run around for ever.
    pub const TURNS_MAX: u8 = 16;

    /// A connection that was just made: all options are off.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            scan: Scan::default(),
            after_cr: false,
            inside: None,
            dropped: 0,
            ours: BTreeMap::new(),
            theirs: BTreeMap::new(),
            window: None,
            terminal: None,
        }
    }

    /// What is to be said first: the offers, then the requests. Nothing if there are none, or a second time.
    pub fn open(&mut self) -> Vec<u8> {
        let offers = self.config.offers.clone().into_iter().map(|opt| (opt, Side::Ours));
        let requests = self.config.asks_for.clone().into_iter().map(|opt| (opt, Side::Theirs));
        offers.chain(requests).flat_map(|(opt, side)| self.ask(opt, side, true)).collect()
    }

    /// Wants an option on or off from now on; gives what is to be said about it, which is nothing if it is so already or
    /// an answer must come first.
    pub fn ask(&mut self, opt: Opt, side: Side, on: bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.change(opt, side, &mut out, |standing| standing.state.want(on));
        out
    }

    /// Takes any bytes in any cuts.
    pub fn receive(&mut self, bytes: &[u8]) -> Received {
        let mut received = Received::default();
        for &byte in bytes {
            let step = self.scan.step(byte);
            if step.broken {
                self.drop_inside();
            }
            match step.event {
                None => {}
                Some(Event::Data(byte)) => self.data(byte, &mut received.data),
                Some(Event::Command(byte)) => self.command(byte, &mut received),
                Some(Event::Negotiation(verb, opt)) => self.negotiation(verb, opt, &mut received.reply),
                Some(Event::Begin(opt)) => self.inside = Some((opt, Vec::new())),
                Some(Event::Inside(byte)) => self.inside(byte),
                Some(Event::End) => self.end(&mut received),
            }
        }
        received
    }

    /// A subnegotiation of our own, which means something only while the option is on.
    #[must_use]
    pub fn tell(opt: Opt, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        subnegotiation::emit(opt, bytes, &mut out);
        out
    }

    /// Data as it goes over the connection: IAC is doubled; unless BINARY is ours, a CR before anything but LF gets a
    /// NUL behind it, also the CR at the end: don't cut CR LF apart.
    #[must_use]
    pub fn send(&self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(data.len());
        if self.is_on(Opt::BINARY, Side::Ours) {
            escape(data, &mut out);
            return out;
        }
        let mut rest = data;
        while let Some(cr) = rest.iter().position(|byte| *byte == b'\r') {
            let (line, behind) = rest.split_at(cr + 1);
            escape(line, &mut out);
            if behind.first() != Some(&b'\n') {
                out.push(NUL);
            }
            rest = behind;
        }
        escape(rest, &mut out);
        out
    }

    /// Whether the option is in force, for what this side sends. One that we asked the peer to end is, until the peer
    /// says so.
    #[must_use]
    pub fn is_on(&self, opt: Opt, side: Side) -> bool {
        is_on(self.standing(opt, side).state, side)
    }

    /// Whether the peer still owes an answer to our wish to have the option on.
    #[must_use]
    pub fn awaits(&self, opt: Opt, side: Side) -> bool {
        matches!(self.standing(opt, side).state, State::WantYes { .. })
    }

    /// Columns and rows of the peer's window, if NAWS is on and it told them; 0 says nothing (RFC 1073).
    #[must_use]
    pub fn window(&self) -> Option<(u16, u16)> {
        self.window
    }

    /// The peer's terminal, if TTYPE is on and it told a name: printable ASCII of at most 40 characters.
    #[must_use]
    pub fn terminal(&self) -> Option<&str> {
        self.terminal.as_deref()
    }

    /// How many bytes of subnegotiations were thrown away: those beyond [`Self::SUBNEGOTIATION_MAX`], and those of
    /// subnegotiations that another command broke.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn standing(&self, opt: Opt, side: Side) -> Standing {
        let all = match side {
            Side::Ours => &self.ours,
            Side::Theirs => &self.theirs,
        };
        all.get(&opt).copied().unwrap_or_default()
    }

    fn agrees(&self, opt: Opt, side: Side) -> bool {
        let (agreed, first) = match side {
            Side::Ours => (&self.config.ours, &self.config.offers),
            Side::Theirs => (&self.config.theirs, &self.config.asks_for),
        };
        agreed.contains(&opt) || first.contains(&opt)
    }

    /// Changes how an option stands, says what is to be said, and does what the change leads to.
    fn change(
        &mut self,
        opt: Opt,
        side: Side,
        out: &mut Vec<u8>,
        by: impl FnOnce(&mut Standing) -> Option<bool>,
    ) {
        let mut standing = self.standing(opt, side);
        let before = is_on(standing.state, side);
        let say = by(&mut standing);
        let after = is_on(standing.state, side);
        match side {
            Side::Ours => self.ours.insert(opt, standing),
            Side::Theirs => self.theirs.insert(opt, standing),
        };
        if let Some(on) = say {
            let verb = match (side, on) {
                (Side::Ours, true) => Verb::Will,
                (Side::Ours, false) => Verb::Wont,
                (Side::Theirs, true) => Verb::Do,
                (Side::Theirs, false) => Verb::Dont,
            };
            out.extend([IAC, verb.byte(), opt.0]);
        }
        if before != after {
            self.changed(opt, side, after, out);
        }
    }

    /// An option came into force, or went out of it.
    fn changed(&mut self, opt: Opt, side: Side, on: bool, out: &mut Vec<u8>) {
        match (opt, side) {
            (Opt::NAWS, Side::Ours) if on => subnegotiation::emit_window(self.config.window, out),
            (Opt::NAWS, Side::Theirs) => self.window = None,
            (Opt::TTYPE, Side::Theirs) => {
                self.terminal = None;
                if on {
                    subnegotiation::emit(Opt::TTYPE, &[subnegotiation::SEND], out);
                }
            }
            (Opt::BINARY, Side::Theirs) => self.after_cr = false,
            _ => {}
        }
    }

    fn data(&mut self, byte: u8, data: &mut Vec<u8>) {
        let padding = self.after_cr && byte == NUL;
        self.after_cr = byte == b'\r' && !self.is_on(Opt::BINARY, Side::Theirs);
        if !padding {
            data.push(byte);
        }
    }

    fn command(&self, byte: u8, received: &mut Received) {
        let signal = Signal::from(byte);
        received.signals.push(signal);
        if let (Signal::AreYouThere, Some(text)) = (signal, &self.config.answers_ayt) {
            received.reply.extend(self.send(text.as_bytes()));
        }
    }

    fn negotiation(&mut self, verb: Verb, opt: Opt, reply: &mut Vec<u8>) {
        let (side, on) = match verb {
            Verb::Will => (Side::Theirs, true),
            Verb::Wont => (Side::Theirs, false),
            Verb::Do => (Side::Ours, true),
            Verb::Dont => (Side::Ours, false),
        };
        let agrees = self.agrees(opt, side);
        self.change(opt, side, reply, |standing| {
            let was_off = standing.state == State::No;
            let say = standing.state.hear(on, agrees && standing.turns < Self::TURNS_MAX);
            if was_off && standing.state == State::Yes {
                standing.turns += 1;
            }
            say
        });
    }

    fn inside(&mut self, byte: u8) {
        match &mut self.inside {
            Some((_, bytes)) if bytes.len() < Self::SUBNEGOTIATION_MAX => bytes.push(byte),
            _ => self.dropped = self.dropped.saturating_add(1),
        }
    }

    fn drop_inside(&mut self) {
        let lost = self.inside.take().map_or(0, |(_, bytes)| bytes.len() as u64);
        self.dropped = self.dropped.saturating_add(lost);
    }

    /// A subnegotiation is complete. One about an option that is not on says nothing.
    fn end(&mut self, received: &mut Received) {
        let Some((opt, bytes)) = self.inside.take() else { return };
        let on = |side| self.is_on(opt, side);
        match opt {
            Opt::NAWS if on(Side::Theirs) => {
                self.window = subnegotiation::window(&bytes).or(self.window);
            }
            Opt::TTYPE if bytes == [subnegotiation::SEND] && on(Side::Ours) => {
                subnegotiation::emit_terminal(&self.config.terminal, &mut received.reply);
            }
            Opt::TTYPE if on(Side::Theirs) => {
                if let Some(name) = subnegotiation::terminal(&bytes) {
                    self.terminal = Some(name.to_owned());
                }
            }
            Opt::COM_PORT if on(Side::Ours) || on(Side::Theirs) => received.told.push((opt, bytes)),
            _ => {}
        }
    }
}

/// We stop as soon as we say so; the peer has said nothing yet.
fn is_on(state: State, side: Side) -> bool {
    match state {
        State::Yes => true,
        State::WantNo { .. } => side == Side::Theirs,
        State::No | State::WantYes { .. } => false,
    }
}
