//! Listening to RMCP+ sessions.

use super::watched::{Candidate, Kind, Watched};
use super::{Heard, Seen, Tap, redact};
use crate::ipmi::LanMessage;
use crate::ipmi::cipher_suite::{Authentication, Suite};
use crate::ipmi::crypto::Keys;
use crate::ipmi::open_session::{Request as OpenRequest, Response as OpenResponse};
use crate::ipmi::rakp::{Exchange, Rakp1, Rakp2, Rakp34};
use crate::ipmi::rmcpplus::{Packet, PayloadType, is_signed_with, status, status_name};

impl Tap {
    pub(super) fn observe_v20(&mut self, heard: Heard<'_>, packet: &Packet<'_>) -> Vec<Seen> {
        let is_plain = !packet.encrypted && !packet.authenticated;
        let is_bare = packet.id == 0 && is_plain;
        match packet.kind {
            // The id in the header is 0 here, but BMCs don't look at it; what they take, the listener must take.
            PayloadType::OpenSessionRequest
            | PayloadType::OpenSessionResponse
            | PayloadType::Rakp1
            | PayloadType::Rakp2
            | PayloadType::Rakp3
            | PayloadType::Rakp4
                if is_plain =>
            {
                self.set_up(heard, packet)
            }
            PayloadType::Ipmi if is_bare => match LanMessage::parse(packet.payload) {
                Ok(message) => self.say_message(heard, 0, &message),
                Err(error) => vec![heard.opaque(0, &error.to_string())],
            },
            _ if packet.id == 0 => vec![heard.opaque(0, "a payload of no session that is not known")],
            _ => self.in_session(heard, packet),
        }
    }

    /// A payload that sets a session up: said under the session it belongs to, codes redacted.
    fn set_up(&mut self, heard: Heard<'_>, packet: &Packet<'_>) -> Vec<Seen> {
        let payload = packet.payload;
        let (session, next) = match packet.kind {
            PayloadType::OpenSessionRequest => (self.proposed(payload), None),
            PayloadType::OpenSessionResponse => self.answered(payload),
            PayloadType::Rakp1 => (self.rakp1(payload), None),
            PayloadType::Rakp2 => self.rakp2(payload),
            PayloadType::Rakp3 => (self.rakp3(payload), None),
            _ => self.rakp4(payload),
        };
        let (value, redacted) = redact::payload(packet.kind, payload);
        let from_device = heard.from_device;
        let mut seen =
            vec![Seen::Say { session, from_device, protocol: "rmcp+", value, redacted, sets_up: true }];
        seen.extend(next);
        seen
    }

    /// The newest session in the making that this fits.
    fn making(&mut self, fits: impl Fn(&Watched) -> bool) -> Option<&mut Watched> {
        self.sessions
            .iter_mut()
            .rev()
            .find(|watched| !watched.is_closed && matches!(watched.kind, Kind::V20 { .. }) && fits(watched))
    }

    fn proposed(&mut self, payload: &[u8]) -> u32 {
        let Some(request) = OpenRequest::parse(payload) else { return 0 };
        let same = |watched: &Watched| {
            watched.console == Some(request.console)
                && watched.bmc.is_none()
                && matches!(watched.kind, Kind::V20 { tag, .. } if tag == request.tag)
        };
        if let Some(watched) = self.making(same) {
            return watched.number;
        }
        self.watch(|number| Watched::proposed(number, request.console, request.tag)).number
    }

    fn answered(&mut self, payload: &[u8]) -> (u32, Option<Seen>) {
        if let Some((tag, status)) = OpenResponse::refusal(payload) {
            let waits = |watched: &Watched| {
                watched.bmc.is_none() && matches!(watched.kind, Kind::V20 { tag: t, .. } if t == tag)
            };
            return match self.making(waits) {
                Some(watched) => (watched.number, Some(refused(watched, "open session", status))),
                None => (0, None),
            };
        }
        let Some(OpenResponse { tag, console, accepted: Some((bmc, algorithms)), .. }) =
            OpenResponse::parse(payload)
        else {
            return (0, None);
        };
        if let Some(again) = self.making(|w| (w.bmc, w.console) == (Some(bmc), Some(console))) {
            return (again.number, None);
        }
        let is_waiting = |watched: &Watched| watched.console == Some(console) && watched.bmc.is_none();
        let number = match self.making(is_waiting) {
            Some(watched) => watched.number,
            // Two clients with the same id at a time (ipmitool always uses the same), or a request not heard.
            None => self.watch(|number| Watched::proposed(number, console, tag)).number,
        };
        if let Some(watched) = self.by_number(number) {
            watched.bmc = Some(bmc);
            if let Kind::V20 { suite, .. } = &mut watched.kind {
                *suite = Some(algorithms.suite());
            }
        }
        (number, None)
    }

    /// Goes to every session in the making under this BMC's id: a damaged answer to Open Session may have made one too
    /// many, and the code of RAKP 2 will tell which is meant.
    fn rakp1(&mut self, payload: &[u8]) -> u32 {
        let Some(message) = Rakp1::parse(payload) else { return 0 };
        let mut number = 0;
        let meant = |watched: &&mut Watched| !watched.is_closed && watched.bmc == Some(message.bmc);
        for watched in self.sessions.iter_mut().filter(meant) {
            let console = watched.console.unwrap_or(0);
            let Kind::V20 { tag, suite, exchange, is_complete, .. } = &mut watched.kind else { continue };
            number = watched.number;
            if *is_complete {
                continue;
            }
            *tag = message.tag;
            *exchange = Some(Exchange {
                algorithm: suite.map_or(Authentication::None, |suite| suite.authentication),
                console,
                bmc: message.bmc,
                console_random: message.random,
                bmc_random: [0; 16],
                guid: [0; 16],
                role: message.role,
                name: message.name.clone(),
            });
        }
        number
    }

    fn rakp2(&mut self, payload: &[u8]) -> (u32, Option<Seen>) {
        let Some(message) = Rakp2::parse(payload) else { return (0, None) };
        let waits = |watched: &Watched| {
            (message.status != status::OK || watched.console == Some(message.console))
                // Without keys it may have been damaged, and come once more.
                && matches!(&watched.kind, Kind::V20 { tag, exchange: Some(_), is_complete, keys, .. }
                    if *tag == message.tag && (!is_complete || keys.is_empty()))
        };
        // Where several clients use one id, the one whose password made the code is meant.
        let mut found = None;
        for watched in self.sessions.iter_mut().rev().filter(|w| !w.is_closed && waits(w)) {
            let (Kind::V20 { exchange: Some(exchange), .. }, Some((random, guid))) =
                (&mut watched.kind, message.proof)
            else {
                found.get_or_insert(watched.number);
                continue;
            };
            (exchange.bmc_random, exchange.guid) = (random, guid);
            let proves = |exchange: &Exchange| {
                self.credentials.iter().any(|credential| {
                    exchange.rakp2(&credential.password).is_some_and(|digest| digest.is(&message.code))
                })
            };
            if proves(exchange) {
                found = Some(watched.number);
                break;
            }
            found.get_or_insert(watched.number);
        }
        let again = |watched: &Watched| watched.console == Some(message.console);
        let Some(number) = found else {
            // Once more, or of a session whose beginning was not heard.
            return (self.making(again).map_or(0, |watched| watched.number), None);
        };
        let Some(watched) = self.sessions.iter_mut().rev().find(|watched| watched.number == number) else {
            return (0, None);
        };
        if message.status != status::OK {
            return (number, Some(refused(watched, "rakp 2", message.status)));
        }
        watched.derive(&self.credentials, &message.code);
        (number, None)
    }

    fn rakp3(&mut self, payload: &[u8]) -> u32 {
        let Some(message) = Rakp34::parse(payload) else { return 0 };
        let mut number =
            self.making(|watched| watched.bmc == Some(message.id)).map_or(0, |watched| watched.number);
        let meant = |watched: &&mut Watched| !watched.is_closed && watched.bmc == Some(message.id);
        for watched in self.sessions.iter_mut().filter(meant) {
            if let Kind::V20 { tag, is_complete: true, .. } = &mut watched.kind {
                *tag = message.tag;
                number = watched.number;
            }
        }
        number
    }

    fn rakp4(&mut self, payload: &[u8]) -> (u32, Option<Seen>) {
        let Some(message) = Rakp34::parse(payload) else { return (0, None) };
        let addressed = |watched: &Watched| watched.console == Some(message.id);
        let is_waiting = |watched: &Watched| {
            !watched.is_announced
                && (addressed(watched) || message.status != status::OK)
                && matches!(watched.kind, Kind::V20 { tag, is_complete: true, .. } if tag == message.tag)
        };
        let proven = |watched: &Watched| match &watched.kind {
            Kind::V20 { keys, .. } => keys.iter().any(|candidate| candidate.check_value == message.code),
            _ => false,
        };
        let found = match self.making(|watched| is_waiting(watched) && proven(watched)) {
            Some(watched) => Some(watched.number),
            None => self.making(is_waiting).map(|watched| watched.number),
        };
        let Some(watched) = found.and_then(|number| self.by_number(number)) else {
            return (self.making(addressed).map_or(0, |watched| watched.number), None);
        };
        if message.status != status::OK {
            return (watched.number, Some(refused(watched, "rakp 4", message.status)));
        }
        let proves = |candidate: &Candidate| candidate.check_value == message.code;
        if let Kind::V20 { keys, .. } = &mut watched.kind
            && keys.iter().any(proves)
        {
            keys.retain(proves);
        }
        watched.is_announced = true;
        let mut details = watched.details();
        if let Kind::V20 { suite: Some(suite), keys, .. } = &watched.kind
            && keys.is_empty()
            && !is_plain(*suite)
        {
            details.insert("unreadable".into(), "no given password or bmc key fits".into());
        }
        (watched.number, Some(Seen::Open { session: watched.number, details }))
    }

    /// A packet of a session: the one whose keys prove it, or else the newest that it may be of.
    fn in_session(&mut self, heard: Heard<'_>, packet: &Packet<'_>) -> Vec<Seen> {
        let addressed = |watched: &&Watched| watched.is_addressed(heard.from_device, packet.id);
        let open_first = [false, true];
        let candidates = open_first.into_iter().flat_map(|closed| {
            self.sessions.iter().rev().filter(addressed).filter(move |w| w.is_closed == closed)
        });
        let mut newest = None;
        let mut clear = None;
        for watched in candidates {
            newest.get_or_insert((watched.number, watched.has_keys()));
            let keys = match &watched.kind {
                Kind::V20 { keys, .. } => keys.as_slice(),
                _ => &[],
            };
            let read = keys.iter().find_map(|candidate| open(heard, packet, &candidate.keys));
            if let Some(payload) = read {
                clear = Some((watched.number, payload));
                break;
            }
        }
        let (number, payload) = match (clear, newest) {
            (Some(clear), _) => clear,
            (None, Some((number, true))) => {
                return vec![heard.opaque(number, "the keys of the session do not fit it")];
            }
            (None, newest) if packet.encrypted => {
                let why = match newest {
                    Some(_) => "encrypted, and no given password fits the session",
                    None => "encrypted, and the session's beginning was not heard",
                };
                return vec![heard.opaque(newest.map_or(0, |(number, _)| number), why)];
            }
            (None, Some((number, false))) => (number, packet.payload.to_vec()),
            (None, None) => (self.orphan(heard, packet.id), packet.payload.to_vec()),
        };
        if packet.kind == PayloadType::Ipmi {
            return match LanMessage::parse(&payload) {
                Ok(message) => self.say_message(heard, number, &message),
                Err(error) => vec![heard.opaque(number, &error.to_string())],
            };
        }
        let (mut value, redacted) = redact::payload(packet.kind, &payload);
        if let (Some(oem), Some(map)) = (packet.oem, value.as_object_mut()) {
            map.insert("iana".into(), oem.iana.into());
            map.insert("id".into(), oem.id.into());
        }
        vec![Seen::Say {
            session: number,
            from_device: heard.from_device,
            protocol: "rmcp+",
            value,
            redacted,
            sets_up: true,
        }]
    }

    /// The number of a session whose beginning was not heard but that can be read. The BMC's id is seen in one
    /// direction only, the client's in the other; they are taken to belong together when they follow each other.
    fn orphan(&mut self, heard: Heard<'_>, id: u32) -> u32 {
        let lacks_other = |watched: &&mut Watched| {
            matches!(watched.kind, Kind::Orphan)
                && !watched.is_closed
                && (if heard.from_device { watched.console } else { watched.bmc }).is_none()
        };
        if let Some(watched) = self.sessions.iter_mut().rev().find(lacks_other) {
            *(if heard.from_device { &mut watched.console } else { &mut watched.bmc }) = Some(id);
            return watched.number;
        }
        let (bmc, console) = if heard.from_device { (None, Some(id)) } else { (Some(id), None) };
        self.watch(|number| Watched::new(number, bmc, console, Kind::Orphan)).number
    }
}

impl Watched {
    fn has_keys(&self) -> bool {
        matches!(&self.kind, Kind::V20 { keys, .. } if !keys.is_empty())
    }
}

/// Whether messages of the suite can be read without keys.
fn is_plain(suite: Suite) -> bool {
    u8::from(suite.confidentiality) == 0
}

/// The payload in the clear, if these keys prove and open the packet.
fn open(heard: Heard<'_>, packet: &Packet<'_>, keys: &Keys) -> Option<Vec<u8>> {
    if packet.authenticated && !is_signed_with(heard.datagram, keys) {
        return None;
    }
    if !packet.encrypted {
        return Some(packet.payload.to_vec());
    }
    if !keys.has_confidentiality() {
        return None;
    }
    let plain = keys.decrypt(packet.payload)?;
    // Without an integrity code it is the message's own checksums that tell.
    let proven =
        packet.authenticated || packet.kind != PayloadType::Ipmi || LanMessage::parse(&plain).is_ok();
    proven.then_some(plain)
}

/// The BMC refused: the session ends before it began.
fn refused(watched: &mut Watched, step: &str, status: u8) -> Seen {
    let mut details = watched.details();
    details.insert("error".into(), format!("{step} refused: {} ({status:#04x})", status_name(status)).into());
    (watched.is_announced, watched.is_closed) = (true, true);
    Seen::Open { session: watched.number, details }
}
