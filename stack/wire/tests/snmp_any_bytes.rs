//! Whatever is asked arrives, in every version, at every level, with every protocol; whatever else arrives is survived, and
//! nothing that was changed on its way is taken for authentic.

mod support;

use fencelab_wire::Secret;
use fencelab_wire::snmp::agent::{Principal, Received};
use fencelab_wire::snmp::manager::{self, Progress};
use fencelab_wire::snmp::tap::{Credential, Tap};
use fencelab_wire::snmp::usm::Level;
use fencelab_wire::snmp::{Binding, ErrorStatus, Oid, Pdu, PduKind, Value, Version, body};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use proptest::prelude::*;
use std::time::Duration;
use support::bmc::generator;
use support::snmp::{COMMUNITY, Client, Device, config, login, login_v3, oid, users};

const NOW: Duration = Duration::from_secs(77);

/// Every version, and each user at each level that the user can do.
fn logins() -> impl Strategy<Value = manager::Config> {
    let v3 = |user: fencelab_wire::snmp::usm::User| {
        let levels = Level::ALL.into_iter().filter(move |level| *level <= user.clone().level());
        levels.collect::<Vec<_>>()
    };
    let mut all = vec![login(Version::V1), login(Version::V2c)];
    for user in users() {
        all.extend(v3(user.clone()).into_iter().map(|level| login_v3(user.clone(), level)));
    }
    proptest::sample::select(all)
}

/// Those that authenticate.
fn authenticated() -> impl Strategy<Value = manager::Config> {
    logins().prop_filter("authenticated", |login| login.level.is_authenticated())
}

fn objects() -> impl Strategy<Value = Oid> {
    proptest::collection::vec(any::<u32>(), 0..12).prop_map(|arcs| oid("1.3.6.1").child(&arcs))
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(|number| Value::Integer(number.into())),
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(Value::OctetString),
        Just(Value::Null),
        objects().prop_map(Value::ObjectId),
        any::<[u8; 4]>().prop_map(Value::IpAddress),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u64>().prop_map(Value::Counter64),
        Just(Value::NoSuchObject),
    ]
}

fn bindings() -> impl Strategy<Value = Vec<Binding>> {
    let binding = (objects(), values()).prop_map(|(object, value)| Binding { object, value });
    proptest::collection::vec(binding, 0..6)
}

fn credentials() -> Vec<Credential> {
    let users = users().into_iter().map(Credential::User);
    [Credential::Community(Secret::from(COMMUNITY))].into_iter().chain(users).collect()
}

/// The PDUs that a listener says, but for those that set up.
fn heard(seen: &[Seen]) -> Vec<Pdu> {
    let pdu = |seen: &Seen| match seen {
        Seen::Say { value, sets_up: false, .. } => body::from_json(value).ok()?.0.pdu().cloned(),
        _ => None,
    };
    seen.iter().filter_map(pdu).collect()
}

/// A request that a device takes, and its answer, as datagrams, in this order.
fn dialogue(login: manager::Config) -> (Device, Client, [Vec<u8>; 2]) {
    let (mut device, mut client) = (Device::new(config()), Client::new(login, 5));
    let ask = || vec![Binding::ask(oid("1.3.6.1.2.1.1.1.0"))];
    client.ask_device(NOW, &mut device, PduKind::Get, ask()).answer();
    let request = client.manager.request(NOW, PduKind::Get, ask(), &mut client.random);
    let answer = device.handle(NOW, &request).0.expect("an answer");
    (device, client, [request, answer])
}

/// One `Say` or `Opaque` a datagram, whatever it is.
fn survives(datagram: &[u8], device: &mut Device, client: &mut Client, tap: &mut Tap) {
    let _ = device.agent.peek(NOW, datagram);
    let _ = device.handle(NOW, datagram);
    let _ = client.manager.receive(NOW, datagram, &mut client.random);
    for direction in [Direction::ToDevice, Direction::FromDevice] {
        let seen = tap.observe(direction, datagram);
        let said = seen.iter().filter(|seen| matches!(seen, Seen::Say { .. } | Seen::Opaque { .. }));
        assert_eq!(said.count(), 1, "{seen:?}");
        assert!(!format!("{seen:?}").contains(COMMUNITY));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_asked_and_answered_arrives(
        login in logins(),
        kind in proptest::sample::select(vec![PduKind::Get, PduKind::GetNext, PduKind::Set]),
        asked in bindings(),
        answered in bindings(),
        error in 0..19,
        seed in any::<u64>(),
    ) {
        let mut device = Device::new(config());
        let mut client = Client::new(login.clone(), seed);
        let (mut taken, mut sent) = (None, None);
        let mut random = generator(seed);
        let ended = client.ask(NOW, kind, asked.clone(), &mut |datagram| {
            match device.agent.receive(NOW, &mut random, datagram) {
                Received::Nothing(why) => panic!("{why}"),
                Received::Reply(reply) => Some(reply),
                Received::Request(request) => {
                    let answer = Pdu { error: ErrorStatus(error), index: 1, ..request.pdu.answer(answered.clone()) };
                    sent = Some(answer.clone());
                    taken = Some(request.clone());
                    Some(device.agent.respond(NOW, &request.ticket, &answer, &mut random))
                }
            }
        });
        let request = taken.expect("a request");
        prop_assert_eq!(request.version, login.version);
        prop_assert_eq!((request.pdu.kind, &request.pdu.bindings), (kind, &asked));
        if let Principal::User(_, level) = request.principal {
            prop_assert_eq!(level, login.level);
        }
        let answer = ended.answer();
        prop_assert_eq!(Some(&answer), sent.as_ref());
        let mut tap = Tap::new(credentials());
        let seen: Vec<Seen> = client.said.iter().flat_map(|(way, bytes)| tap.observe(*way, bytes)).collect();
        prop_assert_eq!(heard(&seen), vec![request.pdu.clone(), answer]);
    }

    #[test]
    fn any_bytes_are_survived(datagram in proptest::collection::vec(any::<u8>(), 0..300), login in logins()) {
        let (mut device, mut client) = (Device::new(config()), Client::new(login, 1));
        let mut tap = Tap::new(credentials());
        let _ = client.manager.request(NOW, PduKind::Get, Vec::new(), &mut client.random);
        survives(&datagram, &mut device, &mut client, &mut tap);
    }

    #[test]
    fn changed_messages_are_survived(
        login in logins(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (mut device, mut client, datagrams) = dialogue(login);
        let mut tap = Tap::new(credentials());
        for mut datagram in datagrams {
            for (place, byte) in &changes {
                let place = place.index(datagram.len());
                datagram[place] = *byte;
            }
            datagram.truncate(cut.map_or(datagram.len(), |cut| cut.index(datagram.len())));
            survives(&datagram, &mut device, &mut client, &mut tap);
        }
    }

    /// One bit is wrong: nobody takes it for what it was.
    #[test]
    fn flipped_bits_are_never_authentic(login in authenticated(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (mut device, mut client, [mut request, mut answer]) = dialogue(login);
        for datagram in [&mut request, &mut answer] {
            let place = place.index(datagram.len());
            datagram[place] ^= 1 << bit;
        }
        let taken = device.handle(NOW, &request).1;
        let is_authentic = |principal: &Principal| !matches!(principal, Principal::User(_, Level::NoAuthNoPriv));
        prop_assert!(!taken.as_ref().is_some_and(is_authentic), "{:?}", taken);
        let progress = client.manager.receive(NOW, &answer, &mut client.random);
        prop_assert!(!matches!(progress, Ok(Progress::Answer(_) | Progress::Ready)), "{:?}", progress);
        let mut tap = Tap::new(credentials());
        for (direction, datagram) in [(Direction::ToDevice, &request), (Direction::FromDevice, &answer)] {
            for seen in tap.observe(direction, datagram) {
                let level = match seen {
                    Seen::Open { details, .. } if !details.contains_key("unreadable") => details.get("level").cloned(),
                    _ => None,
                };
                // A flag that says "not authenticated" makes it a message that nobody can check, and it is called that. A
                // user nobody has heard of is not known to be anybody.
                prop_assert!(level.is_none_or(|level| level == "noAuthNoPriv" || datagram_is_of_stranger(datagram)));
            }
        }
    }
}

/// Whether the user's name is one that is not known.
fn datagram_is_of_stranger(datagram: &[u8]) -> bool {
    use fencelab_wire::snmp::Message;
    match Message::parse(datagram) {
        Ok(Message::V3(message)) => !users().iter().any(|user| user.name().as_bytes() == message.usm.user),
        _ => false,
    }
}
