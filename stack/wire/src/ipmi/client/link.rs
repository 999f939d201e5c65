//! An open session as the client sees it: wraps what it says and unwraps what it hears.

use crate::Secret;
use crate::ipmi::crypto::Keys;
use crate::ipmi::rmcpplus::{self, PayloadType, is_signed_with};
use crate::ipmi::session;
use crate::ipmi::window::{self, Reach, Window};
use crate::ipmi::{AuthType, LanMessage, rmcp};

/// The two kinds of session.
#[derive(Debug)]
pub(super) enum Link {
    V15 {
        auth: AuthType,
        password: Secret,
        id: u32,
        /// The next number to send.
        next: u32,
    },
    V20 {
        /// Ours: what the BMC addresses its packets to.
        console: u32,
        /// The BMC's.
        bmc: u32,
        keys: Keys,
        /// The last number sent.
        sent: u32,
    },
}

/// A session with the numbers that came in it.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) link: Link,
    /// Starts with the first message: BMCs differ in the first number they use.
    received: Option<Window>,
}

impl Open {
    pub(super) fn new(link: Link) -> Self {
        Self { link, received: None }
    }

    /// The id that Close Session names.
    pub(super) fn bmc_id(&self) -> u32 {
        match self.link {
            Link::V15 { id, .. } => id,
            Link::V20 { bmc, .. } => bmc,
        }
    }

    /// The datagram of a message, under the next session sequence number.
    pub(super) fn wrap(&mut self, message: &LanMessage, random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let bytes = message.emit();
        match &mut self.link {
            Link::V15 { auth, password, id, next } => {
                let sequence = *next;
                *next = next.checked_add(1).unwrap_or(1);
                let packet = session::Packet::signed(*auth, password, *id, sequence, &bytes);
                packet.map(|packet| packet.emit()).unwrap_or_default()
            }
            Link::V20 { bmc, keys, sent, .. } => {
                *sent = sent.checked_add(1).unwrap_or(1);
                rmcpplus::Packet {
                    id: *bmc,
                    sequence: *sent,
                    authenticated: true,
                    encrypted: true,
                    ..rmcpplus::Packet::sessionless(PayloadType::Ipmi, &bytes)
                }
                .seal(keys, random)
            }
        }
    }

    /// The message in a datagram of this session: genuine and not heard before.
    pub(super) fn unwrap(&mut self, datagram: &[u8]) -> Option<LanMessage> {
        let body = rmcp::ipmi(datagram)?;
        match &self.link {
            Link::V15 { auth, password, id, .. } => {
                let packet = session::Packet::parse(body)?;
                let genuine = match auth {
                    AuthType::None => true,
                    _ => packet.auth == *auth && packet.is_signed_with(password),
                };
                if !genuine || packet.id != *id {
                    return None;
                }
                let message = LanMessage::parse(packet.payload).ok()?;
                self.take(packet.sequence, window::V15).then_some(message)
            }
            Link::V20 { console, keys, .. } => {
                let packet = rmcpplus::Packet::parse(body)?;
                if packet.id != *console
                    || packet.kind != PayloadType::Ipmi
                    || keys.has_integrity() && !(packet.authenticated && is_signed_with(datagram, keys))
                {
                    return None;
                }
                let message = if packet.encrypted {
                    if !keys.has_confidentiality() {
                        return None;
                    }
                    LanMessage::parse(&keys.decrypt(packet.payload)?).ok()?
                } else {
                    LanMessage::parse(packet.payload).ok()?
                };
                self.take(packet.sequence, window::V20).then_some(message)
            }
        }
    }

    fn take(&mut self, sequence: u32, reach: Reach) -> bool {
        self.received.get_or_insert_with(|| Window::starting_at(sequence)).take(sequence, reach)
    }
}
