//! Any bytes: nothing panics, nothing is lost, what was parsed comes back.

mod support;

use fencelab_wire::ipmi::cipher_suite::{Authentication, Confidentiality, Integrity};
use fencelab_wire::ipmi::client::{Client, Interface};
use fencelab_wire::ipmi::rmcpplus::{Packet, PayloadType};
use fencelab_wire::ipmi::tap::Tap;
use fencelab_wire::ipmi::{AuthType, LanMessage, asf, open_session, rakp, rmcp, session};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use proptest::collection::vec;
use proptest::prelude::*;
use support::bmc::{config, generator};
use support::dialogue::{Bmc, Talk, credential, lanplus, login, peer, power, status};

/// All datagrams of two whole sessions, in both directions.
fn recorded() -> Vec<(Direction, Vec<u8>)> {
    let mut all = Vec::new();
    let interfaces = [lanplus(17), lanplus(3), lanplus(7), lanplus(0), Interface::Lan { auth: None }];
    for (n, interface) in interfaces.into_iter().enumerate() {
        let (mut bmc, mut talk) =
            (Bmc::new(config()), Talk::new(login("admin", "secret", interface), n as u16));
        talk.open(&mut bmc);
        talk.ask(&mut bmc, &status());
        talk.ask(&mut bmc, &power(0));
        talk.close(&mut bmc);
        all.append(&mut talk.said);
    }
    all.push((Direction::ToDevice, asf::Asf::ping(3).emit()));
    all.push((Direction::FromDevice, asf::Asf::pong(3).emit()));
    all
}

/// What may happen to a datagram.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Append(Vec<u8>),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Flip(at, by) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= by;
            }
            Self::Flip(..) => {}
            Self::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
            Self::Append(more) => bytes.extend_from_slice(more),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1..=255_u8).prop_map(|(at, by)| Damage::Flip(at, by)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        1 => vec(any::<u8>(), 0..40).prop_map(Damage::Append),
    ]
}

/// A datagram from nowhere, with a good start more often than not.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just(vec![]),
        Just(rmcp::ASF.to_vec()),
        Just(rmcp::IPMI.to_vec()),
        (0..=255_u8).prop_map(|kind| [&rmcp::IPMI[..], &[6, kind]].concat()),
    ];
    (start, vec(any::<u8>(), 0..120)).prop_map(|(mut start, rest)| {
        start.extend(rest);
        start
    })
}

/// Emits whatever parses, at each layer; the four bytes of RMCP are a layer of their own.
fn assert_comes_back(datagram: &[u8]) {
    if let Some((header, rest)) = rmcp::Rmcp::parse(datagram) {
        assert_eq!([&header.emit()[..], rest].concat(), datagram);
    }
    if let Some(message) = asf::Asf::parse(datagram) {
        assert_eq!(message.emit()[4..], datagram[4..]);
    }
    let Some(body) = rmcp::ipmi(datagram) else { return };
    if let Some(packet) = session::Packet::parse(body) {
        assert_eq!(packet.emit()[4..], datagram[4..]);
        if let Ok(message) = LanMessage::parse(packet.payload) {
            assert_eq!(message.emit(), packet.payload);
        }
    }
    if let Some(packet) = Packet::parse(body) {
        assert_eq!(packet.emit()[4..], datagram[4..]);
        assert_payload_comes_back(packet.payload);
    }
}

fn assert_payload_comes_back(payload: &[u8]) {
    let emitted = [
        LanMessage::parse(payload).ok().map(|p| p.emit()),
        open_session::Request::parse(payload).map(|p| p.emit()),
        open_session::Response::parse(payload).map(|p| p.emit()),
        rakp::Rakp1::parse(payload).map(|p| p.emit()),
        rakp::Rakp2::parse(payload).map(|p| p.emit()),
        rakp::Rakp34::parse(payload).map(|p| p.emit()),
    ];
    for emitted in emitted.into_iter().flatten() {
        assert_eq!(emitted, payload);
    }
}

/// One Say or Opaque for each datagram.
fn assert_said_once(seen: &[Seen]) {
    let said = seen.iter().filter(|seen| matches!(seen, Seen::Say { .. } | Seen::Opaque { .. })).count();
    assert_eq!(said, 1, "{seen:?}");
}

#[test]
fn every_wire_number_survives() {
    for byte in 0..=255 {
        assert_eq!(u8::from(AuthType::from(byte)), byte);
        assert_eq!(u8::from(Authentication::from(byte)), byte);
        assert_eq!(u8::from(Integrity::from(byte)), byte);
        assert_eq!(u8::from(Confidentiality::from(byte)), byte);
        assert_eq!(u8::from(PayloadType::from(byte)), byte);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_parses_comes_back(datagram in noise()) {
        assert_comes_back(&datagram);
        assert_payload_comes_back(&datagram);
    }

    #[test]
    fn messages_come_back_as_json(
        netfn in 0..64_u8, lun in 0..4_u8, rq_lun in 0..4_u8, command: u8, seq in 0..64_u8,
        rs_addr: u8, rq_addr: u8, completion: u8, data in vec(any::<u8>(), 0..40),
    ) {
        use fencelab_wire::ipmi::{Body, Completion, NetFn, Request, Response};
        let netfn = NetFn(netfn);
        let body = if netfn.is_response() {
            Body::Response(Response { netfn, lun, command, completion: Completion(completion), data })
        } else {
            Body::Request(Request { netfn, lun, command, data })
        };
        let message = LanMessage { rs_addr, rq_addr, rq_lun, seq, body };
        let text = serde_json::to_string(&message).unwrap();
        prop_assert_eq!(&serde_json::from_str::<LanMessage>(&text).unwrap(), &message);
        prop_assert_eq!(&LanMessage::parse(&message.emit()).unwrap(), &message);
    }

    #[test]
    fn nobody_panics_at_noise(datagrams in vec(noise(), 1..20)) {
        let mut bmc = Bmc::new(config());
        let mut tap = Tap::new(vec![credential("admin", "secret")]);
        let (mut client, mut random) = (Client::new(login("admin", "secret", lanplus(17))), generator(1));
        client.start(&mut random);
        for datagram in &datagrams {
            bmc.hear(peer(1), datagram);
            let _ = client.receive(datagram, &mut random);
            assert_said_once(&tap.observe(Direction::ToDevice, datagram));
            assert_said_once(&tap.observe(Direction::FromDevice, datagram));
        }
        prop_assert_eq!(bmc.server.sessions(), 0);
        // It still serves.
        let mut talk = Talk::new(login("admin", "secret", lanplus(17)), 2);
        prop_assert_eq!(talk.open(&mut bmc), support::dialogue::Ended::Established);
    }

    /// Damaged datagrams of real sessions, in any order: the listener loses none, nobody panics.
    #[test]
    fn nobody_panics_at_damage(
        changes in vec((any::<prop::sample::Index>(), vec(damage(), 0..3)), 1..60),
    ) {
        let recorded = recorded();
        let mut bmc = Bmc::new(config());
        let mut tap = Tap::new(vec![credential("admin", "secret")]);
        let (mut client, mut random) = (Client::new(login("admin", "secret", lanplus(17))), generator(1000));
        client.start(&mut random);
        for (which, damage) in changes {
            let (direction, mut datagram) = recorded[which.index(recorded.len())].clone();
            damage.iter().for_each(|damage| damage.apply(&mut datagram));
            assert_comes_back(&datagram);
            bmc.hear(peer(1), &datagram);
            let _ = client.receive(&datagram, &mut random);
            assert_said_once(&tap.observe(direction, &datagram));
        }
    }

    /// One flipped bit anywhere in a session that is authenticated never does what was not asked.
    #[test]
    fn a_flipped_bit_is_not_obeyed(at: prop::sample::Index, bit in 0..8_u32, suite in prop::sample::select(vec![2_u8, 3, 7, 8, 11, 12, 16, 17])) {
        let mut bmc = Bmc::new(config());
        let mut talk = Talk::new(login("admin", "secret", lanplus(suite)), 1);
        talk.open(&mut bmc);
        let mut datagram = talk.client.request(&power(0), &mut talk.random);
        let at = at.index(datagram.len());
        datagram[at] ^= 1 << bit;
        // Byte 1 is reserved and byte 2 is RMCP's own number: neither is protected, nor means anything.
        let means_nothing = at == 1 || at == 2;
        bmc.hear(talk.from, &datagram);
        prop_assert_eq!(bmc.power, !means_nothing);
    }
}
