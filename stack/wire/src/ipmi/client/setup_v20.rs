//! How a client opens an RMCP+ session: Get Channel Cipher Suites, Open Session, RAKP 1 to 4.

use super::link::{Link, Open};
use super::{Client, Interface, Outstanding, Progress, Refused, State, cmd};
use crate::ipmi::cipher_suite::{SUPPORTED, Suite, ids_in_records};
use crate::ipmi::crypto::Keys;
use crate::ipmi::open_session::{Request as OpenRequest, Response as OpenResponse};
use crate::ipmi::rakp::{Exchange, NAME_ONLY, Rakp1, Rakp2, Rakp34};
use crate::ipmi::rmcpplus::{Packet, PayloadType, status};
use crate::ipmi::{Privilege, rmcp};

/// The suite that every BMC must have (IPMI 2.0 §22.15.2): what is taken where the BMC does not say.
const MANDATORY: u8 = 3;
/// Suite 0 proves nothing about either end; it is taken only if it is asked for.
const NO_AUTHENTICATION: u8 = 0;
/// A list of cipher suites comes in at most 64 answers.
const LIST_END: u8 = 0x3f;
/// Bytes of cipher suite records in a full answer.
const CHUNK: usize = 16;

impl Client {
    /// Asks for one more part of the list of cipher suites, or opens with the suite that was asked for.
    pub(super) fn begin_v20(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Result<Progress, Refused> {
        match self.config.interface {
            Interface::LanPlus { cipher: Some(id) } => self.open_session(id, random),
            _ => Ok(Progress::Send(self.ask_cipher_suites(0, Vec::new()))),
        }
    }

    fn ask_cipher_suites(&mut self, index: u8, records: Vec<u8>) -> Vec<u8> {
        self.state = State::CipherSuites { index, records, waited: false };
        self.ask_outside(cmd::CHANNEL_CIPHER_SUITES, vec![0x0e, 0, 0x80 | index])
    }

    /// Takes one part of the list of cipher suites.
    pub(super) fn listed(
        &mut self,
        data: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        let State::CipherSuites { index, records, .. } = &mut self.state else {
            return Ok(Progress::Ignored);
        };
        let chunk = data.get(1..).unwrap_or_default();
        records.extend_from_slice(chunk);
        if chunk.len() >= CHUNK && *index < LIST_END {
            let (next, records) = (*index + 1, std::mem::take(records));
            return Ok(Progress::Send(self.ask_cipher_suites(next, records)));
        }
        let offered = ids_in_records(records);
        let best = SUPPORTED.into_iter().find(|id| *id != NO_AUTHENTICATION && offered.contains(id));
        match best {
            Some(id) => self.open_session(id, random),
            None if offered.is_empty() => self.open_session(MANDATORY, random),
            None => Err(self.end(Refused::CipherSuite(format!("the bmc offers {offered:?} only")))),
        }
    }

    /// Goes on without a list of cipher suites.
    pub(super) fn open_mandatory(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Result<Progress, Refused> {
        self.open_session(MANDATORY, random)
    }

    fn open_session(&mut self, id: u8, random: &mut dyn FnMut(&mut [u8])) -> Result<Progress, Refused> {
        let Some(suite) = Suite::from_id(id).filter(|suite| suite.is_supported()) else {
            return Err(self.end(Refused::CipherSuite(format!("suite {id} is not supported here"))));
        };
        let mut console = [0; 4];
        random(&mut console);
        let console = u32::from_le_bytes(console).max(1);
        let tag = self.next_tag();
        let privilege =
            if self.config.open_session_privilege { self.config.privilege } else { Privilege::HIGHEST };
        let request = OpenRequest {
            tag,
            privilege: privilege.into(),
            reserved: [0; 2],
            console,
            algorithms: suite.into(),
            rest: Vec::new(),
        };
        self.suite = Some(id);
        self.state = State::OpenSession { tag, console, suite };
        Ok(self.ask_payload(PayloadType::OpenSessionRequest, &request.emit()))
    }

    fn ask_payload(&mut self, kind: PayloadType, payload: &[u8]) -> Progress {
        let datagram = Packet::sessionless(kind, payload).emit();
        self.outstanding = Outstanding::Datagram(datagram.clone());
        Progress::Send(datagram)
    }

    /// Takes a payload that sets a session up.
    pub(super) fn set_up(
        &mut self,
        datagram: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Progress, Refused> {
        let Some(packet) = rmcp::ipmi(datagram).and_then(Packet::parse) else { return Ok(Progress::Ignored) };
        let result = match (&self.state, packet.kind) {
            (State::OpenSession { .. }, PayloadType::OpenSessionResponse) => {
                self.opened(packet.payload, random)
            }
            (State::Rakp1 { .. }, PayloadType::Rakp2) => self.rakp2(packet.payload),
            (State::Rakp3 { .. }, PayloadType::Rakp4) => self.rakp4(packet.payload, random),
            _ => Ok(Progress::Ignored),
        };
        result.map_err(|refused| self.end(refused))
    }

    fn opened(&mut self, payload: &[u8], random: &mut dyn FnMut(&mut [u8])) -> Result<Progress, Refused> {
        let step = "open session";
        let &State::OpenSession { tag, console, suite } = &self.state else { return Ok(Progress::Ignored) };
        if let Some((_, status)) = OpenResponse::refusal(payload).filter(|(heard, _)| *heard == tag) {
            return Err(Refused::Status { step, status });
        }
        let Some(response) = OpenResponse::parse(payload).filter(|r| (r.tag, r.console) == (tag, console))
        else {
            return Ok(Progress::Ignored);
        };
        let Some((bmc, algorithms)) = response.accepted else {
            return Err(Refused::Malformed { step, what: "no session id" });
        };
        if algorithms.suite() != suite {
            return Err(Refused::OtherAlgorithms);
        }
        // Many BMCs, ipmi_sim among them, leave the level at 0.
        let (asked, granted) = (self.config.privilege, Privilege::from_bits(response.privilege));
        if granted != Privilege::HIGHEST && granted < asked {
            return Err(Refused::Privilege { asked, granted });
        }
        let mut console_random = [0; 16];
        random(&mut console_random);
        let role = u8::from(asked) | if self.config.name_only_lookup { NAME_ONLY } else { 0 };
        let name: Vec<u8> = self.config.username.bytes().take(16).collect();
        let tag = self.next_tag();
        let message = Rakp1 {
            tag,
            reserved: [0; 3],
            bmc,
            random: console_random,
            role,
            reserved_after: [0; 2],
            name: name.clone(),
            rest: Vec::new(),
        };
        let exchange = Box::new(Exchange {
            algorithm: suite.authentication,
            console,
            bmc,
            console_random,
            bmc_random: [0; 16],
            guid: [0; 16],
            role,
            name,
        });
        self.state = State::Rakp1 { tag, suite, exchange };
        Ok(self.ask_payload(PayloadType::Rakp1, &message.emit()))
    }

    fn rakp2(&mut self, payload: &[u8]) -> Result<Progress, Refused> {
        let step = "rakp 2";
        let next_tag = self.next_tag();
        let State::Rakp1 { tag, suite, exchange } = &mut self.state else { return Ok(Progress::Ignored) };
        let Some(message) = Rakp2::parse(payload).filter(|m| m.tag == *tag) else {
            return Ok(Progress::Ignored);
        };
        if message.status != status::OK {
            return Err(Refused::Status { step, status: message.status });
        }
        if message.console != exchange.console {
            return Ok(Progress::Ignored);
        }
        let Some((bmc_random, guid)) = message.proof else {
            return Err(Refused::Malformed { step, what: "no random number" });
        };
        (exchange.bmc_random, exchange.guid) = (bmc_random, guid);
        let password = &self.config.password;
        let unsupported = || Refused::CipherSuite("unknown authentication".to_owned());
        if !exchange.rakp2(password).ok_or_else(unsupported)?.is(&message.code) {
            return Err(Refused::Authentication { step });
        }
        let code = exchange.rakp3(password).ok_or_else(unsupported)?.as_slice().to_vec();
        let answer = Rakp34 { tag: next_tag, status: status::OK, reserved: [0; 2], id: exchange.bmc, code };
        let (suite, exchange) = (*suite, exchange.clone());
        self.state = State::Rakp3 { tag: next_tag, suite, exchange };
        Ok(self.ask_payload(PayloadType::Rakp3, &answer.emit()))
    }

    fn rakp4(&mut self, payload: &[u8], random: &mut dyn FnMut(&mut [u8])) -> Result<Progress, Refused> {
        let step = "rakp 4";
        let State::Rakp3 { tag, suite, exchange } = &self.state else { return Ok(Progress::Ignored) };
        let Some(message) = Rakp34::parse(payload).filter(|m| m.tag == *tag) else {
            return Ok(Progress::Ignored);
        };
        if message.status != status::OK {
            return Err(Refused::Status { step, status: message.status });
        }
        if message.id != exchange.console {
            return Ok(Progress::Ignored);
        }
        let unsupported = || Refused::CipherSuite("not supported here".to_owned());
        let password = &self.config.password;
        let sik = exchange.sik(password, self.config.kg.as_ref()).ok_or_else(unsupported)?;
        if !exchange.rakp4(sik.as_slice()).ok_or_else(unsupported)?.is(&message.code) {
            return Err(Refused::Authentication { step });
        }
        let keys = Keys::derive(*suite, sik.as_slice(), password).ok_or_else(unsupported)?;
        let link = Link::V20 { console: exchange.console, bmc: exchange.bmc, keys, sent: 0 };
        self.open = Some(Open::new(link));
        Ok(self.ask_privilege(random))
    }
}
