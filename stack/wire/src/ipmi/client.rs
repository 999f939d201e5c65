//! The agent's side of a session: IPMI v1.5 or RMCP+, from the first datagram to Close Session.
//!
//! The client keeps no time: whoever drives it waits for an answer and, when none comes, sends
//! [`Client::retransmit`] again or gives up.

mod link;
mod refused;
mod setup_v15;
mod setup_v20;

pub use refused::Refused;

use super::cipher_suite::Suite;
use super::rakp::Exchange;
use super::{AuthType, Body, Completion, LanMessage, NetFn, Privilege, Request, Response, rmcp, session};
use crate::Secret;
use link::Open;
use refused::meaning;

/// Which kind of session to open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interface {
    /// IPMI v1.5.
    Lan {
        /// `None`: the strongest that the BMC offers (MD5, password, none).
        auth: Option<AuthType>,
    },
    /// RMCP+ (IPMI v2.0).
    LanPlus {
        /// Cipher suite id; `None`: ask the BMC which it has and take the best.
        cipher: Option<u8>,
    },
}

/// Who logs in, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// At most 16 bytes.
    pub username: String,
    /// The first 16 (IPMI v1.5) or 20 bytes (RMCP+) count.
    pub password: Secret,
    /// The BMC's key, for two-key logins.
    pub kg: Option<Secret>,
    /// The level that the session shall have.
    pub privilege: Privilege,
    /// Which kind of session.
    pub interface: Interface,
    /// Ask for the user by name alone, not by name and level (IPMI 2.0 table 13-11, the level's bit 4).
    pub name_only_lookup: bool,
    /// FreeIPMI's `opensesspriv`: ask Open Session for the wanted level instead of 0 ("the highest that
    /// fits"). Some BMCs refuse 0, others refuse anything else, so that either may be needed.
    pub open_session_privilege: bool,
}

impl Config {
    /// A login as administrator, with the choices that work with most BMCs.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>, interface: Interface) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            kg: None,
            privilege: Privilege::Administrator,
            interface,
            name_only_lookup: true,
            open_session_privilege: true,
        }
    }
}

/// What became of a datagram.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// The session is not open yet: send this next.
    Send(Vec<u8>),
    /// The session is open at the level asked for; requests may be made.
    Established,
    /// The answer to the request that was asked last.
    Answer(Response),
    /// Not for us, a duplicate, or a wrong authentication code: go on waiting.
    Ignored,
    /// The BMC has confirmed the close.
    Closed,
}

/// The commands that set a session up (network function App).
mod cmd {
    pub(super) const CHANNEL_AUTHENTICATION_CAPABILITIES: u8 = 0x38;
    pub(super) const SESSION_CHALLENGE: u8 = 0x39;
    pub(super) const ACTIVATE_SESSION: u8 = 0x3a;
    pub(super) const SET_SESSION_PRIVILEGE: u8 = 0x3b;
    pub(super) const CLOSE_SESSION: u8 = 0x3c;
    pub(super) const CHANNEL_CIPHER_SUITES: u8 = 0x54;
}

/// How far a session has come, and what is needed to take the next answer.
#[derive(Debug)]
enum State {
    Idle,
    Capabilities,
    CipherSuites { index: u8, records: Vec<u8>, waited: bool },
    OpenSession { tag: u8, console: u32, suite: Suite },
    Rakp1 { tag: u8, suite: Suite, exchange: Box<Exchange> },
    Rakp3 { tag: u8, suite: Suite, exchange: Box<Exchange> },
    Challenge { auth: AuthType },
    Activate { auth: AuthType, message: LanMessage },
    SetPrivilege,
    Established,
    Closing,
}

/// What was sent and not answered yet.
#[derive(Debug)]
enum Outstanding {
    Nothing,
    /// Outside a session: sent again as it was. The message, if it is one, is in the client's `asked`.
    Datagram(Vec<u8>),
    /// In a session: wrapped again under a new number.
    Message,
}

/// One session.
#[derive(Debug)]
pub struct Client {
    config: Config,
    state: State,
    outstanding: Outstanding,
    /// The IPMI message that was asked last.
    asked: Option<LanMessage>,
    open: Option<Open>,
    /// The cipher suite that is used.
    suite: Option<u8>,
    seq: u8,
    tag: u8,
}

impl Client {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            state: State::Idle,
            outstanding: Outstanding::Nothing,
            asked: None,
            open: None,
            suite: None,
            seq: 0,
            tag: 0,
        }
    }

    /// The first datagram: Get Channel Authentication Capabilities. Starts afresh if called again.
    pub fn start(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let mut seeds = [0; 2];
        random(&mut seeds);
        let [seq, tag] = seeds;
        (self.seq, self.tag) = (seq & 0x3f, tag);
        (self.open, self.suite) = (None, None);
        self.state = State::Capabilities;
        // BMCs of IPMI v1.5 do not know the bit that asks for the v2.0 part.
        let channel = if matches!(self.config.interface, Interface::LanPlus { .. }) { 0x8e } else { 0x0e };
        let privilege = u8::from(self.config.privilege);
        self.ask_outside(cmd::CHANNEL_AUTHENTICATION_CAPABILITIES, vec![channel, privilege])
    }

    /// Takes one datagram: any bytes, never a panic.
    ///
    /// # Errors
    /// The BMC refuses: the attempt is over, [`Client::start`] begins another; [`Client::close`] gives a datagram
    /// if the BMC has opened a session and only refuses its level. An open session never ends so: the BMC's answer to a request, whatever its completion code, is a [`Progress::Answer`].
    pub fn receive(
        &mut self,
        datagram: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        match &self.state {
            State::Idle => Ok(Progress::Ignored),
            State::Capabilities | State::CipherSuites { .. } | State::Challenge { .. } => {
                match self.heard_outside(datagram) {
                    Some(response) => self.answered_outside(&response, random).map_err(|r| self.end(r)),
                    None => Ok(Progress::Ignored),
                }
            }
            State::OpenSession { .. } | State::Rakp1 { .. } | State::Rakp3 { .. } => {
                self.set_up(datagram, random)
            }
            State::Activate { .. } => self.activated(datagram, random),
            State::SetPrivilege | State::Established | State::Closing => self.heard_inside(datagram),
        }
    }

    /// The datagram of a request. One request at a time: the answer to an earlier one is ignored from now on.
    /// Empty before the session is open.
    pub fn request(&mut self, request: &Request, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        if !self.is_established() {
            return Vec::new();
        }
        self.ask_inside(request.clone(), random)
    }

    /// What was sent last, once more: with a new session sequence number where the session has one. Empty if
    /// nothing is outstanding.
    pub fn retransmit(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        match (&self.outstanding, &self.asked, &mut self.open) {
            (Outstanding::Datagram(datagram), ..) => datagram.clone(),
            (Outstanding::Message, Some(message), Some(open)) => open.wrap(message, random),
            _ => Vec::new(),
        }
    }

    /// When the outstanding question is one that some BMCs never answer and that can be done without (Get
    /// Channel Cipher Suites): gives up on it at the second call and returns what to send next. Else `None`: it is worth
    /// another try, for a datagram may be lost, and a BMC that can do without the list may not take the mandatory suite.
    pub fn skip(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Option<Vec<u8>> {
        let State::CipherSuites { waited, .. } = &mut self.state else { return None };
        if !std::mem::replace(waited, true) {
            return None;
        }
        match self.open_mandatory(random) {
            Ok(Progress::Send(datagram)) => Some(datagram),
            _ => None,
        }
    }

    /// The datagram of Close Session; [`Progress::Closed`] follows. Empty if there is no session to close.
    pub fn close(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let Some(open) = &self.open else { return Vec::new() };
        let data = open.bmc_id().to_le_bytes();
        self.state = State::Closing;
        self.ask_inside(Request::new(NetFn::APP, cmd::CLOSE_SESSION, data), random)
    }

    /// Whether requests may be made.
    #[must_use]
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Established)
    }

    /// What it waits for, for error texts: `"get channel authentication capabilities"`, `"rakp 2"` …
    #[must_use]
    pub fn waits_for(&self) -> &'static str {
        match self.state {
            State::Idle => "nothing",
            State::Capabilities => "get channel authentication capabilities",
            State::CipherSuites { .. } => "get channel cipher suites",
            State::OpenSession { .. } => "open session",
            State::Rakp1 { .. } => "rakp 2",
            State::Rakp3 { .. } => "rakp 4",
            State::Challenge { .. } => "get session challenge",
            State::Activate { .. } => "activate session",
            State::SetPrivilege => "set session privilege level",
            State::Established => "the answer to a request",
            State::Closing => "close session",
        }
    }

    /// The RMCP+ cipher suite in use, from Open Session on.
    #[must_use]
    pub fn cipher_suite(&self) -> Option<u8> {
        self.suite
    }

    fn next_seq(&mut self) -> u8 {
        self.seq = (self.seq + 1) & 0x3f;
        self.seq
    }

    fn next_tag(&mut self) -> u8 {
        self.tag = self.tag.wrapping_add(1);
        self.tag
    }

    /// Forgets the session and hands the reason on.
    fn end(&mut self, refused: Refused) -> Refused {
        (self.state, self.outstanding, self.open) = (State::Idle, Outstanding::Nothing, None);
        refused
    }

    /// Asks a command outside any session, under the header of IPMI v1.5.
    fn ask_outside(&mut self, command: u8, data: Vec<u8>) -> Vec<u8> {
        let message = LanMessage::request(self.next_seq(), Request::new(NetFn::APP, command, data));
        let datagram = session::Packet::sessionless(&message.emit()).emit();
        self.asked = Some(message);
        self.outstanding = Outstanding::Datagram(datagram.clone());
        datagram
    }

    fn ask_inside(&mut self, request: Request, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let message = LanMessage::request(self.next_seq(), request);
        let datagram = self.open.as_mut().map(|open| open.wrap(&message, random)).unwrap_or_default();
        self.asked = Some(message);
        self.outstanding = Outstanding::Message;
        datagram
    }

    /// Asks for the level, now that the session is open.
    fn ask_privilege(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Progress {
        // Callback is where such a session starts and stays (IPMI 2.0 §22.18 has no value for it).
        if self.config.privilege == Privilege::Callback {
            (self.state, self.outstanding) = (State::Established, Outstanding::Nothing);
            return Progress::Established;
        }
        let level = u8::from(self.config.privilege);
        self.state = State::SetPrivilege;
        Progress::Send(self.ask_inside(Request::new(NetFn::APP, cmd::SET_SESSION_PRIVILEGE, [level]), random))
    }

    /// The response, if the message answers what was asked last.
    fn answers(&self, message: LanMessage) -> Option<Response> {
        let asked = self.asked.as_ref()?;
        let (netfn, command, _) = asked.command();
        match message.body {
            Body::Response(response)
                if message.seq == asked.seq
                    && response.netfn == netfn.response()
                    && response.command == command =>
            {
                Some(response)
            }
            _ => None,
        }
    }

    fn heard_outside(&self, datagram: &[u8]) -> Option<Response> {
        let packet = session::Packet::parse(rmcp::ipmi(datagram)?)?;
        self.answers(LanMessage::parse(packet.payload).ok()?)
    }

    fn answered_outside(
        &mut self,
        response: &Response,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        let step = self.waits_for();
        if !response.completion.is_ok() {
            if matches!(self.state, State::CipherSuites { .. }) {
                // It may have the list in a moment (IPMI 2.0, table 5-2, C0h).
                if response.completion == Completion::NODE_BUSY {
                    return Ok(Progress::Ignored);
                }
                return self.open_mandatory(random);
            }
            let completion = response.completion;
            let meaning = meaning(response.command, completion);
            return Err(Refused::Completion { step, completion, meaning });
        }
        match self.state {
            State::Capabilities => {
                let &[_channel, types, _state, versions, ..] = response.data.as_slice() else {
                    return Err(Refused::Malformed { step, what: "too short" });
                };
                match self.config.interface {
                    Interface::Lan { .. } => {
                        let auth = self.choose_auth(types)?;
                        Ok(Progress::Send(self.ask_challenge(auth)))
                    }
                    Interface::LanPlus { .. } if types & 0x80 == 0 || versions & 0x02 == 0 => {
                        Err(Refused::Version("RMCP+ (ipmi v2.0)"))
                    }
                    Interface::LanPlus { .. } => self.begin_v20(random),
                }
            }
            State::CipherSuites { .. } => self.listed(&response.data, random),
            State::Challenge { auth } => self.activate(auth, &response.data, random),
            _ => Ok(Progress::Ignored),
        }
    }

    /// Takes a message of the open session.
    fn heard_inside(&mut self, datagram: &[u8]) -> Result<Progress, Refused> {
        let message = self.open.as_mut().and_then(|open| open.unwrap(datagram));
        let Some(response) = message.and_then(|message| self.answers(message)) else {
            return Ok(Progress::Ignored);
        };
        (self.outstanding, self.asked) = (Outstanding::Nothing, None);
        match self.state {
            State::SetPrivilege => {
                if let Err(refused) = self.level_set(&response) {
                    // The session itself is open: it can, and should, be closed.
                    self.state = State::Idle;
                    return Err(refused);
                }
                self.state = State::Established;
                Ok(Progress::Established)
            }
            State::Closing => {
                (self.state, self.open) = (State::Idle, None);
                Ok(Progress::Closed)
            }
            _ => Ok(Progress::Answer(response)),
        }
    }

    fn level_set(&self, response: &Response) -> Result<(), Refused> {
        let (step, completion) = ("set session privilege level", response.completion);
        if completion != Completion::OK {
            let meaning = meaning(cmd::SET_SESSION_PRIVILEGE, completion);
            return Err(Refused::Completion { step, completion, meaning });
        }
        let &[level, ..] = response.data.as_slice() else {
            return Err(Refused::Malformed { step, what: "no level" });
        };
        let (asked, granted) = (self.config.privilege, Privilege::from_bits(level));
        if granted < asked {
            return Err(Refused::Privilege { asked, granted });
        }
        Ok(())
    }
}
