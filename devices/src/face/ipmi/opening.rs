//! A session being opened, recognised before the sessions' own machinery sees it, so that rules and faults can refuse it.

use fencelab_wire::ipmi::rmcpplus::{self, PayloadType, status};
use fencelab_wire::ipmi::{Body, Completion, LanMessage, NetFn, open_session, rmcp, session};

use crate::spec::CommandId;

/// The first step of opening a session.
#[derive(Debug)]
pub(crate) enum Opening {
    /// RMCP+ Open Session Request (IPMI 2.0 §13.17).
    Plus(open_session::Request),
    /// Activate Session of IPMI 1.5 (§22.17).
    Activate(LanMessage),
}

/// Activate Session: no session slot available (IPMI 2.0 table 22-21).
const NO_SLOT: u8 = 0x81;

impl Opening {
    /// Recognises one in any bytes.
    pub(crate) fn sniff(datagram: &[u8]) -> Option<Self> {
        let body = rmcp::ipmi(datagram)?;
        if let Some(packet) = rmcpplus::Packet::parse(body) {
            if packet.kind != PayloadType::OpenSessionRequest || packet.encrypted {
                return None;
            }
            return open_session::Request::parse(packet.payload).map(Self::Plus);
        }
        let message = LanMessage::parse(session::Packet::parse(body)?.payload).ok()?;
        let (netfn, command, _) = message.command();
        (netfn == NetFn::APP && command == 0x3a).then_some(Self::Activate(message))
    }

    /// The datagram that refuses it, with this code or, by default, for lack of resources.
    pub(crate) fn refusal(&self, code: Option<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Plus(request) => {
                let response = open_session::Response {
                    tag: request.tag,
                    status: code.unwrap_or(status::NO_RESOURCES),
                    privilege: 0,
                    reserved: 0,
                    console: request.console,
                    accepted: None,
                    rest: Vec::new(),
                };
                Some(rmcpplus::Packet::sessionless(PayloadType::OpenSessionResponse, &response.emit()).emit())
            }
            Self::Activate(message) => {
                let Body::Request(request) = &message.body else { return None };
                // A rule is mostly written for RMCP+: its "no resources" is this one's "no slot".
                let code = code.filter(|code| *code != status::NO_RESOURCES).unwrap_or(NO_SLOT);
                let reply = message.reply(request.answer(Completion(code), Vec::new()));
                Some(session::Packet::sessionless(&reply.emit()).emit())
            }
        }
    }
}

/// Puts the OEM id and auxiliary byte into the answer to Get Channel Authentication Capabilities (IPMI 2.0 table 22-15,
/// bytes 6 to 9), which the sessions leave zero. Any other datagram stays as it is.
pub(crate) fn with_oem(datagram: Vec<u8>, asked: Option<CommandId>, (id, aux): (u32, u8)) -> Vec<u8> {
    if (id, aux) == (0, 0) || asked != Some(CommandId { netfn: 0x06, cmd: 0x38 }) {
        return datagram;
    }
    changed(&datagram, id, aux).unwrap_or(datagram)
}

fn changed(datagram: &[u8], id: u32, aux: u8) -> Option<Vec<u8>> {
    let packet = session::Packet::parse(rmcp::ipmi(datagram)?).filter(|packet| packet.id == 0)?;
    let mut message = LanMessage::parse(packet.payload).ok()?;
    let Body::Response(response) = &mut message.body else { return None };
    let [i0, i1, i2, _] = id.to_le_bytes();
    response.data.get_mut(4..8)?.copy_from_slice(&[i0, i1, i2, aux]);
    Some(session::Packet::sessionless(&message.emit()).emit())
}
