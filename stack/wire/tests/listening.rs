//! The listener where things are not in order: several clients at a time, repetitions, unknown passwords, and
//! beginnings that were not heard.

mod support;

use fencelab_wire::Secret;
use fencelab_wire::ipmi::client::Interface;
use fencelab_wire::ipmi::tap::{Credential, Tap};
use fencelab_wire::ipmi::{AuthType, LanMessage, NetFn, Request};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use serde_json::Value;
use support::bmc::config;
use support::dialogue::{Bmc, Ended, Talk, commands, credential, lanplus, login, power, status};

/// One whole session with a BMC.
fn session(bmc: &mut Bmc, n: u16, user: &str, password: &str, interface: Interface) -> Talk {
    let mut login = login(user, password, interface);
    login.privilege = fencelab_wire::ipmi::Privilege::Operator;
    let mut talk = Talk::new(login, n);
    assert_eq!(talk.open(bmc), Ended::Established);
    talk.ask(bmc, &status());
    talk.ask(bmc, &power(0));
    talk.ask(bmc, &power(1));
    assert_eq!(talk.close(bmc), Ended::Closed);
    talk
}

fn hear(credentials: Vec<Credential>, said: impl IntoIterator<Item = (Direction, Vec<u8>)>) -> Vec<Seen> {
    let mut tap = Tap::new(credentials);
    said.into_iter().flat_map(|(direction, datagram)| tap.observe(direction, &datagram)).collect()
}

fn number(seen: &Seen) -> u32 {
    match seen {
        Seen::Open { session, .. }
        | Seen::Say { session, .. }
        | Seen::Opaque { session, .. }
        | Seen::Close { session, .. } => *session,
    }
}

fn of(seen: &[Seen], session: u32) -> Vec<Seen> {
    seen.iter().filter(|seen| number(seen) == session).cloned().collect()
}

fn opaque(seen: &[Seen]) -> Vec<&str> {
    let why = |seen: &'_ Seen| match seen {
        Seen::Opaque { why, .. } => Some(why.clone()),
        _ => None,
    };
    seen.iter().filter_map(why).map(|why| &*why.leak()).collect()
}

/// Four sessions at a time, datagram by datagram in turn; two clients have the same random numbers and so the
/// same session id, as ipmitool's always is.
#[test]
fn interleaved_sessions() {
    let mut bmc = Bmc::new(config());
    let mut said: Vec<_> = [
        session(&mut bmc, 1, "admin", "secret", lanplus(17)),
        session(&mut bmc, 1, "oper", "operpw", lanplus(17)),
        session(&mut bmc, 2, "oper", "operpw", lanplus(3)),
        session(&mut bmc, 3, "admin", "secret", Interface::Lan { auth: Some(AuthType::Md5) }),
    ]
    .into_iter()
    .map(|talk| talk.said.into_iter())
    .collect();
    let mut mixed = Vec::new();
    loop {
        let turn: Vec<_> = said.iter_mut().filter_map(|one| one.next()).collect();
        if turn.is_empty() {
            break;
        }
        mixed.extend(turn);
    }
    let total = mixed.len();
    let seen = hear(vec![credential("admin", "secret"), credential("oper", "operpw")], mixed);
    assert_eq!(opaque(&seen), Vec::<&str>::new());
    let said = seen.iter().filter(|seen| matches!(seen, Seen::Say { .. })).count();
    assert_eq!(said, total);
    for session in 1..=4 {
        let own = of(&seen, session);
        let wanted =
            [(6, 0x3b), (7, 0x3b), (0, 1), (1, 1), (0, 2), (1, 2), (0, 2), (1, 2), (6, 0x3c), (7, 0x3c)];
        assert!(commands(&own).ends_with(&wanted), "{session}: {own:#?}");
        assert_eq!(own.iter().filter(|seen| matches!(seen, Seen::Open { .. })).count(), 1);
        assert!(matches!(own.last(), Some(Seen::Close { .. })));
    }
    let users: Vec<&Value> = seen
        .iter()
        .filter_map(|seen| match seen {
            Seen::Open { details, .. } => details.get("user"),
            _ => None,
        })
        .collect();
    assert_eq!(users.len(), 4);
    assert_eq!(users.iter().filter(|user| **user == "oper").count(), 2);
}

/// Each datagram twice: everything is said twice, but there is one session, opened once and closed once.
#[test]
fn repetitions_are_said_too() {
    for interface in [lanplus(17), lanplus(0), Interface::Lan { auth: Some(AuthType::Md5) }] {
        let talk = session(&mut Bmc::new(config()), 1, "admin", "secret", interface);
        let once = hear(vec![credential("admin", "secret")], talk.said.clone());
        let twice = talk.said.iter().flat_map(|said| [said.clone(), said.clone()]);
        let seen = hear(vec![credential("admin", "secret")], twice);
        let says = |seen: &[Seen]| {
            seen.iter().filter(|seen| matches!(seen, Seen::Say { .. })).cloned().collect::<Vec<_>>()
        };
        let doubled: Vec<Seen> = says(&once).into_iter().flat_map(|say| [say.clone(), say]).collect();
        assert_eq!(says(&seen), doubled);
        assert_eq!(seen.len() - doubled.len(), 2, "one open, one close: {seen:?}");
    }
}

#[test]
fn an_unknown_password_hides_what_is_encrypted_and_nothing_else() {
    for (suite, hidden) in [(17, true), (3, true), (8, true), (2, false), (16, false), (1, false), (0, false)]
    {
        let talk = session(&mut Bmc::new(config()), 1, "admin", "secret", lanplus(suite));
        let seen = hear(vec![credential("admin", "other"), credential("oper", "secret")], talk.said.clone());
        let unreadable = seen
            .iter()
            .any(|seen| matches!(seen, Seen::Open { details, .. } if details.contains_key("unreadable")));
        assert_eq!(unreadable, hidden, "suite {suite}");
        let hidden_count = opaque(&seen).len();
        assert_eq!(hidden_count, if hidden { 10 } else { 0 }, "suite {suite}: {:?}", opaque(&seen));
        assert!(opaque(&seen).iter().all(|why| why.contains("no given password fits")));
        // The bytes are kept as they were.
        let kept: Vec<Vec<u8>> = seen
            .iter()
            .filter_map(|seen| match seen {
                Seen::Opaque { bytes, .. } => Some(bytes.clone()),
                _ => None,
            })
            .collect();
        let said: Vec<Vec<u8>> = talk.said.iter().map(|(_, datagram)| datagram.clone()).collect();
        assert!(said.ends_with(&kept[..kept.len().min(10)]));
    }
}

#[test]
fn each_credential_is_tried() {
    let talk = session(&mut Bmc::new(config()), 1, "admin", "secret", lanplus(17));
    let any = |password: &str| Credential { username: None, ..credential("", password) };
    assert!(opaque(&hear(vec![any("a"), any("secret"), any("b")], talk.said.clone())).is_empty());
    let mut config = config();
    config.kg = Some(Secret::from("bmc key"));
    let mut with_key = login("admin", "secret", lanplus(17));
    with_key.kg.clone_from(&config.kg);
    let (mut bmc, mut talk) = (Bmc::new(config), Talk::new(with_key, 1));
    assert_eq!(talk.open(&mut bmc), Ended::Established);
    assert_eq!(opaque(&talk.overheard(vec![any("secret")])).len(), 2, "without the bmc's key");
    let known = Credential { kg: Some(Secret::from("bmc key")), ..any("secret") };
    let seen = talk.overheard(vec![any("secret"), known]);
    assert!(opaque(&seen).is_empty());
    assert!(seen.iter().any(|seen| matches!(seen, Seen::Open { details, .. } if details["kg"] == true)));
}

#[test]
fn missing_beginnings() {
    for (interface, readable) in [
        (lanplus(17), false),
        (lanplus(0), true),
        (lanplus(2), true),
        (Interface::Lan { auth: Some(AuthType::Md5) }, true),
    ] {
        let talk = session(&mut Bmc::new(config()), 1, "admin", "secret", interface);
        let tail = talk.said[talk.said.len() - 8..].to_vec();
        let seen = hear(vec![credential("admin", "secret")], tail);
        if readable {
            let wanted = [(0, 1), (1, 1), (0, 2), (1, 2), (0, 2), (1, 2), (6, 0x3c), (7, 0x3c)];
            assert_eq!(commands(&seen), wanted);
            assert_eq!(of(&seen, 1), seen, "all of one session");
            assert!(matches!(seen.last(), Some(Seen::Close { session: 1, .. })));
        } else {
            assert_eq!(opaque(&seen), ["encrypted, and the session's beginning was not heard"; 8]);
        }
    }
}

/// RAKP 4 lost to the listener: the first message shows the keys.
#[test]
fn a_missing_rakp_4() {
    let talk = session(&mut Bmc::new(config()), 1, "admin", "secret", lanplus(17));
    let is_rakp4 = |(_, datagram): &&(Direction, Vec<u8>)| datagram.get(5) != Some(&0x15);
    let said: Vec<_> = talk.said.iter().filter(is_rakp4).cloned().collect();
    assert_eq!(said.len(), talk.said.len() - 1);
    let seen = hear(vec![credential("admin", "secret")], said);
    assert_eq!(opaque(&seen), Vec::<&str>::new());
    assert!(commands(&seen).contains(&(0, 2)));
}

#[test]
fn secrets_are_redacted() {
    let (mut bmc, mut talk) = (Bmc::new(config()), Talk::new(login("admin", "secret", lanplus(17)), 1));
    assert_eq!(talk.open(&mut bmc), Ended::Established);
    let password = *b"new-password-of-the-user";
    let secrets = [
        Request::new(NetFn::APP, 0x47, [&[2, 2], &password[..]].concat()),
        Request::new(NetFn::APP, 0x56, [&[1, 1, 1], &password[..20]].concat()),
        Request::new(NetFn::TRANSPORT, 0x01, [&[1, 16], &password[..18]].concat()),
    ];
    for request in &secrets {
        talk.ask(&mut bmc, request);
    }
    let seen = talk.overheard(vec![credential("admin", "secret")]);
    let text = format!("{seen:?}");
    let hidden: String = password[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!text.contains(&hidden), "{text}");
    for name in ["user.password", "channel.key", "snmp.community", "rakp.code"] {
        assert!(text.contains(name), "{name}");
    }
    // The width is kept, and what is redacted can still be read as a message.
    for seen in &seen {
        if let Seen::Say { protocol: "ipmi", value, redacted, .. } = seen
            && redacted.contains(&"user.password")
        {
            let message: LanMessage = serde_json::from_value(value.clone()).expect("a message");
            assert_eq!(message.data(), [&[2, 2][..], &[0; 24]].concat());
        }
    }
    // RAKP codes are those of messages 2 to 4.
    let coded =
        seen.iter().filter(|seen| matches!(seen, Seen::Say { redacted, .. } if redacted == &["rakp.code"]));
    assert_eq!(coded.count(), 3);
}

/// A community in an answer is known by its question.
#[test]
fn a_community_that_is_read() {
    let mut tap = Tap::new(Vec::new());
    let packet = |message: LanMessage| {
        let bytes = message.emit();
        let packet = fencelab_wire::ipmi::session::Packet::sessionless(&bytes);
        fencelab_wire::ipmi::session::Packet { id: 7, sequence: 1, ..packet }.emit()
    };
    let request = LanMessage::request(5, Request::new(NetFn::TRANSPORT, 0x02, [1, 16, 0, 0]));
    let answer = Request::new(NetFn::TRANSPORT, 0x02, [])
        .answer(fencelab_wire::ipmi::Completion::OK, [&[0x11], &b"public".map(|byte| byte)[..]].concat());
    tap.observe(Direction::ToDevice, &packet(request.clone()));
    let seen = tap.observe(Direction::FromDevice, &packet(request.reply(answer)));
    let Some(Seen::Say { value, redacted, .. }) = seen.first() else { panic!("{seen:?}") };
    assert_eq!(value["data"], "11xxxxxxxxxxxx");
    assert_eq!(redacted, &["snmp.community"]);
}
