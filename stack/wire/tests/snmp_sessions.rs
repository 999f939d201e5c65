//! Our agent and our manager, with each other and with those who mean them ill, at a time of the test's choice.

mod support;

use fencelab_wire::Secret;
use fencelab_wire::snmp::agent::{Agent, Principal, Received};
use fencelab_wire::snmp::manager::{ConfigError, Manager, Progress, Refused};
use fencelab_wire::snmp::usm::{AuthProtocol, Counter, Level, PrivProtocol, User};
use fencelab_wire::snmp::{
    Binding, Distortion, ErrorStatus, Message, PduKind, Scoped, ScopedPdu, UsmParameters, V3Message, Value,
    Version,
};
use std::sync::Arc;
use std::time::Duration;
use support::bmc::generator;
use support::snmp::{
    AUTH, Client, Device, ENGINE, Ended, PRIVACY, config, login, login_v3, oid, user, user_with, users,
};

const NOW: Duration = Duration::from_secs(1000);
const NAME: &str = "1.3.6.1.2.1.1.1.0";

fn get() -> Vec<Binding> {
    vec![Binding::ask(oid(NAME))]
}

fn full() -> User {
    user(Some(AuthProtocol::Sha256), Some(PrivProtocol::Aes128))
}

fn priv_client(seed: u64) -> Client {
    Client::new(login_v3(full(), Level::AuthPriv), seed)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The counter that a report is about, of what came back in the clear.
fn reported(datagram: &[u8]) -> Option<Counter> {
    let Ok(Message::V3(V3Message { data: Scoped::Plain(scoped), .. })) = Message::parse(datagram) else {
        return None;
    };
    let pdu = scoped.body.pdu().filter(|pdu| pdu.kind == PduKind::Report)?;
    Counter::from_oid(&pdu.bindings.first()?.object)
}

#[test]
fn discovery_can_be_a_step_of_its_own() {
    let mut device = Device::new(config());
    let mut client = priv_client(1);
    let first = client.manager.start(&mut client.random).expect("the engine is not known");
    let report = device.handle(NOW, &first).0.expect("a report");
    assert_eq!(reported(&report), Some(Counter::UnknownEngines));
    assert_eq!(client.manager.receive(NOW, &report, &mut client.random), Ok(Progress::Ready));
    assert_eq!(client.manager.engine_id(), Some(&ENGINE[..]));
    assert_eq!(client.manager.start(&mut client.random), None);
    client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
    assert_eq!(client.said.len(), 2, "the agent's time came with its id");
    assert_eq!(Client::new(login(Version::V1), 1).manager.start(&mut client.random), None);
}

#[test]
fn after_a_reboot_the_time_is_learned_with_one_more_message() {
    let mut device = Device::new(config());
    for level in [Level::AuthNoPriv, Level::AuthPriv] {
        let mut client = Client::new(login_v3(full(), level), 1);
        client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
        device.agent.reboot(NOW);
        client.said.clear();
        client.ask_device(NOW + seconds(1), &mut device, PduKind::Get, get()).answer();
        assert_eq!(client.said.len(), 4);
        assert_eq!(device.agent.count(Counter::NotInTimeWindows), 1);
        let Ok(Message::V3(report)) = Message::parse(&client.said[1].1) else { panic!("v3") };
        assert_eq!(Level::from_bits(report.flags), Some(Level::AuthNoPriv), "it proves itself");
        // The report is about the request that was refused, as far as it could be read.
        let Scoped::Plain(scoped) = report.data else { panic!("in the clear") };
        assert_ne!(scoped.body.pdu().map(|pdu| pdu.request_id), Some(0));
    }
    assert_eq!(device.agent.boots(), 3);
}

#[test]
fn whoever_always_restarts_is_given_up() {
    let mut device = Device::new(config());
    let mut client = priv_client(1);
    client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
    let mut boots = 5;
    let ended = client.ask(NOW, PduKind::Get, get(), &mut |datagram| {
        boots += 1;
        device.agent.set_boots(boots);
        device.handle(NOW, datagram).0
    });
    assert_eq!(ended, Ended::Refused(Refused::NotInTimeWindow));
}

/// RFC 3414 §2.2.3: 150 seconds, and not one more.
#[test]
fn the_time_window_of_requests() {
    let mut device = Device::new(config());
    let mut client = priv_client(1);
    client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
    let request = client.manager.request(NOW, PduKind::Get, get(), &mut client.random);
    for (at, is_taken) in [(850, true), (849, false), (1150, true), (1151, false)] {
        let (reply, principal) = device.handle(seconds(at), &request);
        assert!(reply.is_some());
        assert_eq!(principal.is_some(), is_taken, "{at}");
    }
    device.agent.set_boots(u32::MAX);
    assert_eq!(device.agent.boots(), 0x7fff_ffff);
    assert_eq!(device.handle(NOW, &request).1, None, "latched");
}

#[test]
fn refusals_have_their_reasons() {
    let mut device = Device::new(config());
    let mut refused = |user: User, level| {
        let ended = Client::new(login_v3(user, level), 9).ask_device(NOW, &mut device, PduKind::Get, get());
        match ended {
            Ended::Refused(refused) => Some(refused),
            _ => None,
        }
    };
    let (auth, privacy) = (AuthProtocol::Sha256, PrivProtocol::Aes128);
    let pair = |auth: &str, privacy: &str| {
        (
            Some((AuthProtocol::Sha256, Secret::from(auth))),
            Some((PrivProtocol::Aes128, Secret::from(privacy))),
        )
    };
    let (good_auth, good_privacy) = pair(AUTH, PRIVACY);
    let nobody = User::new("nobody", good_auth.clone(), good_privacy.clone());
    assert_eq!(refused(nobody, Level::NoAuthNoPriv), Some(Refused::UnknownUser));
    assert_eq!(
        refused(user_with(Some((auth, "wrong")), Some((privacy, PRIVACY))), Level::AuthPriv),
        Some(Refused::WrongDigest)
    );
    let no_privacy = User::new(user(Some(auth), None).name(), good_auth.clone(), good_privacy.clone());
    assert_eq!(refused(no_privacy, Level::AuthPriv), Some(Refused::UnsupportedLevel));
    let no_auth = User::new(user(None, None).name(), good_auth, good_privacy);
    assert_eq!(refused(no_auth, Level::AuthNoPriv), Some(Refused::UnsupportedLevel));
    // As net-snmp has it: what a wrong privacy key makes of a request is nothing.
    assert_eq!(refused(user_with(Some((auth, AUTH)), Some((privacy, "wrong"))), Level::AuthPriv), None);
    let counted = [
        Counter::UnknownUsers,
        Counter::WrongDigests,
        Counter::UnsupportedLevels,
        Counter::ParseErrors,
        Counter::UnknownEngines,
    ];
    assert_eq!(counted.map(|counter| device.agent.count(counter)), [1, 1, 2, 1, 5]);
    assert_eq!(device.agent.count(Counter::Packets), 10);
}

#[test]
fn lengths_that_no_cipher_makes_are_decryption_errors() {
    let mut device = Device::new(config());
    for privacy in [PrivProtocol::Des, PrivProtocol::TripleDes] {
        let user = user(Some(AuthProtocol::Md5), Some(privacy));
        let mut client = Client::new(login_v3(user.clone(), Level::AuthPriv), 9);
        client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
        let request = client.manager.request(NOW, PduKind::Get, get(), &mut client.random);
        let Ok(Message::V3(mut message)) = Message::parse(&request) else { panic!("v3") };
        let Scoped::Encrypted(text) = &mut message.data else { panic!("encrypted") };
        text.pop();
        let keys = user.localize(&ENGINE);
        message.usm.auth = vec![0; keys.code_length()];
        let mut emitted = Message::V3(message).emit_located();
        let code = keys.sign(&[&emitted.bytes]).expect("it authenticates");
        emitted.bytes[emitted.auth].copy_from_slice(code.as_slice());
        let report = device.handle(NOW, &emitted.bytes).0.expect("a report");
        assert_eq!(reported(&report), Some(Counter::DecryptionErrors));
        let ended = client.manager.receive(NOW, &report, &mut client.random);
        assert_eq!(ended, Err(Refused::Decryption));
    }
}

#[test]
fn communities_are_known_or_met_with_silence() {
    let mut device = Device::new(config());
    for version in [Version::V1, Version::V2c] {
        let mut client = Client::new(login(version), 1);
        let answer = client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
        assert_eq!(answer.bindings[0].value, Value::OctetString(b"fencelab".to_vec()));
        let mut stranger = login(version);
        stranger.community = Some(Secret::from("l4b-communitx"));
        assert_eq!(
            Client::new(stranger, 1).ask_device(NOW, &mut device, PduKind::Get, get()),
            Ended::Silence
        );
    }
    assert_eq!(device.agent.count(Counter::BadCommunities), 2);
    let mut only_v3 =
        Device::new(fencelab_wire::snmp::agent::Config { versions: vec![Version::V3], ..config() });
    let mut client = Client::new(login(Version::V2c), 1);
    assert_eq!(client.ask_device(NOW, &mut only_v3, PduKind::Get, get()), Ended::Silence);
    assert_eq!(only_v3.agent.count(Counter::BadVersions), 1);
    // v1 has no GetBulk.
    let mut client = Client::new(login(Version::V1), 1);
    assert_eq!(client.ask_device(NOW, &mut device, PduKind::GetBulk, get()), Ended::Silence);
}

#[test]
fn what_is_too_big_is_said_to_be() {
    let mut device = Device::new(config());
    let both = || ["1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.6.0"].map(|text| Binding::ask(oid(text))).to_vec();
    for config in [login(Version::V1), login(Version::V2c), login_v3(full(), Level::AuthPriv)] {
        let version = config.version;
        let mut client = Client::new(config, 1);
        let answer = client.ask_device(NOW, &mut device, PduKind::Get, both()).answer();
        assert_eq!(answer.error, ErrorStatus::TOO_BIG);
        assert_eq!(answer.bindings, if version == Version::V1 { both() } else { Vec::new() });
        if version != Version::V1 {
            let bulk = client.ask_device(
                NOW,
                &mut device,
                PduKind::GetBulk,
                vec![Binding::ask(oid("1.3.6.1.2.1.1.3.0"))],
            );
            assert_eq!(bulk.answer().bindings.len(), 1, "the two long ones do not fit together");
        }
    }
}

/// msgMaxSize of the request counts, too.
#[test]
fn the_asking_side_may_want_less() {
    let mut device = Device::new(config());
    let scoped = |object: &str| ScopedPdu {
        engine_id: ENGINE.to_vec(),
        context: b"where".to_vec(),
        body: fencelab_wire::snmp::Pdu::new(PduKind::Get, 5, vec![Binding::ask(oid(object))]).into(),
    };
    let usm = UsmParameters {
        engine_id: ENGINE.to_vec(),
        user: user(None, None).name().as_bytes().to_vec(),
        ..UsmParameters::default()
    };
    let message = |max_size, object| {
        let data = Scoped::Plain(scoped(object));
        Message::V3(V3Message { id: 1, max_size, flags: 4, model: V3Message::USM, usm: usm.clone(), data })
    };
    let long = "1.3.6.1.2.1.1.5.0";
    for (max_size, object, expected) in [
        (484, NAME, Some(ErrorStatus::NO_ERROR)),
        (484, long, Some(ErrorStatus::TOO_BIG)),
        (65507, long, Some(ErrorStatus::NO_ERROR)),
        (483, NAME, None),
    ] {
        let reply = device.handle(NOW, &message(max_size, object).emit()).0;
        let answered = reply.as_deref().map(|reply| Message::parse(reply).expect("a message"));
        let error =
            answered.as_ref().and_then(Message::body).and_then(|body| body.pdu()).map(|pdu| pdu.error);
        assert_eq!(error, expected, "{max_size} {object}");
    }
    // And an unknown context can be reported.
    let mut random = generator(1);
    let Received::Request(request) = device.agent.receive(NOW, &mut random, &message(1472, NAME).emit())
    else {
        panic!("a request");
    };
    assert_eq!((request.context.as_slice(), request.max_size), (&b"where"[..], 1472));
    let report = device.agent.unknown_context(NOW, &request.ticket, &mut random).expect("v3");
    assert_eq!(reported(&report), Some(Counter::UnknownContexts));
}

#[test]
fn a_context_of_another_engine_is_not_here() {
    let mut device = Device::new(config());
    let body = fencelab_wire::snmp::Pdu::new(PduKind::Get, 5, get());
    let scoped = ScopedPdu { engine_id: b"elsewhere".to_vec(), context: Vec::new(), body: body.into() };
    let usm = UsmParameters {
        engine_id: ENGINE.to_vec(),
        user: user(None, None).name().as_bytes().to_vec(),
        ..UsmParameters::default()
    };
    let data = Scoped::Plain(scoped);
    let message = V3Message { id: 1, max_size: 1472, flags: 4, model: V3Message::USM, usm, data };
    let report = device.handle(NOW, &Message::V3(message).emit()).0.expect("a report");
    assert_eq!(reported(&report), Some(Counter::UnknownHandlers));
}

#[test]
fn answers_come_late_twice_or_from_others() {
    for config in [login(Version::V1), login(Version::V2c), login_v3(full(), Level::AuthPriv)] {
        let version = config.version;
        let mut device = Device::new(support::snmp::config());
        let mut client = Client::new(config, 1);
        client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
        let Client { manager, random, .. } = &mut client;
        let first = manager.request(NOW, PduKind::Get, get(), random);
        let late = device.handle(NOW, &first).0.expect("an answer");
        let second = manager.request(NOW, PduKind::Get, get(), random);
        let again = manager.retransmit(NOW, random);
        assert_eq!(second == again, version != Version::V3, "a new msgID in v3 only");
        let answers = [&second, &again].map(|request| device.handle(NOW, request).0.expect("an answer"));
        assert!(matches!(manager.receive(NOW, &late, random), Ok(Progress::Ignored(_))), "{version}");
        let answered = manager.receive(NOW, &answers[0], random);
        assert!(matches!(answered, Ok(Progress::Answer(_))), "the first sending may be answered, too");
        let twice = manager.receive(NOW, &answers[1], random);
        assert_eq!(twice, Ok(Progress::Ignored("nothing was asked")));
        assert!(manager.retransmit(NOW, random).is_empty());
    }
}

#[test]
fn what_is_not_authentic_is_no_answer() {
    let mut device = Device::new(config());
    let mut client = Client::new(login_v3(full(), Level::AuthPriv), 1);
    client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
    let Client { manager, random, .. } = &mut client;
    let request = manager.request(NOW, PduKind::Get, get(), random);
    let answer = device.handle(NOW, &request).0.expect("an answer");
    let Ok(Message::V3(true_answer)) = Message::parse(&answer) else { panic!("v3") };
    // Somebody who has heard the request, and knows all but the passphrases, answers without or with a wrong code.
    let told = fencelab_wire::snmp::Pdu::new(PduKind::Response, 1, get());
    let scoped = ScopedPdu { engine_id: ENGINE.to_vec(), context: Vec::new(), body: told.into() };
    let mut forged = V3Message { flags: 0, data: Scoped::Plain(scoped.clone()), ..true_answer.clone() };
    forged.usm.auth.clear();
    forged.usm.privacy.clear();
    let mut ignored =
        |message: &V3Message| manager.receive(NOW, &Message::V3(message.clone()).emit(), random);
    assert_eq!(ignored(&forged), Ok(Progress::Ignored("not authenticated")));
    let forged = V3Message { flags: 1, data: Scoped::Plain(scoped), ..true_answer.clone() };
    assert_eq!(ignored(&forged), Ok(Progress::Ignored("a wrong authentication code")));
    let forged = V3Message { flags: 2, ..true_answer.clone() };
    assert_eq!(ignored(&forged), Ok(Progress::Ignored("encrypted, but not authenticated")));
    // A time that is not proven moves nothing.
    let late = fencelab_wire::snmp::Pdu::new(
        PduKind::Report,
        0,
        vec![Binding { object: Counter::NotInTimeWindows.oid(), value: Value::Counter32(1) }],
    );
    let scoped = ScopedPdu { engine_id: ENGINE.to_vec(), context: Vec::new(), body: late.into() };
    let forged = V3Message { flags: 0, data: Scoped::Plain(scoped), ..true_answer };
    assert_eq!(ignored(&forged), Ok(Progress::Ignored("a report of the time that is not authenticated")));
    assert!(
        matches!(manager.receive(NOW, &answer, random), Ok(Progress::Answer(_))),
        "the true one still counts"
    );
}

/// Another device at the same address: its id is taken over once, and then it has to know the user.
#[test]
fn an_engine_that_is_replaced_is_discovered_again() {
    let mut device = Device::new(config());
    let mut client = priv_client(1);
    client.ask_device(NOW, &mut device, PduKind::Get, get()).answer();
    let mut other =
        Device::new(fencelab_wire::snmp::agent::Config { engine_id: b"another".to_vec(), ..config() });
    client.ask_device(NOW, &mut other, PduKind::Get, get()).answer();
    assert_eq!(client.manager.engine_id(), Some(&b"another"[..]));
    let mut n = 0;
    let ended = client.ask(NOW, PduKind::Get, get(), &mut |datagram| {
        n += 1;
        let engine_id = vec![n; 8];
        Device::new(fencelab_wire::snmp::agent::Config { engine_id, ..config() }).handle(NOW, datagram).0
    });
    assert_eq!(ended, Ended::Refused(Refused::UnknownEngine));
}

#[test]
fn a_principal_is_who_asked_and_how() {
    let mut device = Device::new(config());
    let position = users().iter().position(|user| user.name() == full().name()).expect("it is there");
    for level in Level::ALL {
        let mut client = Client::new(login_v3(full(), level), 1);
        let mut principals = Vec::new();
        let ended = client.ask(NOW, PduKind::Get, get(), &mut |datagram| {
            let peeked = device.agent.peek(NOW, datagram);
            let (reply, principal) = device.handle(NOW, datagram);
            assert_eq!(peeked.is_some(), principal.is_some(), "looking has told before");
            principals.extend(principal);
            reply
        });
        ended.answer();
        assert_eq!(principals, [Principal::User(position, level)]);
    }
    let mut client = Client::new(login(Version::V2c), 1);
    let request = client.manager.request(NOW, PduKind::Get, get(), &mut client.random);
    assert_eq!(device.handle(NOW, &request).1, Some(Principal::Community(1)));
}

/// In v3 a distorted answer is authentic: only what stands inside is broken.
#[test]
fn distorted_answers() {
    let logins = [login(Version::V1), login(Version::V2c)].into_iter();
    let levels = Level::ALL.map(|level| login_v3(full(), level));
    for config in logins.chain(levels) {
        for distortion in Distortion::ALL {
            let mut device = Device::new(support::snmp::config());
            let mut client = Client::new(config.clone(), 1);
            let ended = client.ask(NOW, PduKind::Get, get(), &mut |datagram| {
                let mut random = generator(3);
                match device.agent.receive(NOW, &mut random, datagram) {
                    Received::Request(request) => {
                        let answer = device.table.answer(&request.pdu);
                        Some(device.agent.respond_with(
                            NOW,
                            &request.ticket,
                            &answer,
                            Some(distortion),
                            &mut random,
                        ))
                    }
                    Received::Reply(reply) => Some(reply),
                    Received::Nothing(_) => None,
                }
            });
            if distortion.is_harmless() {
                let value = &ended.answer().bindings[0].value;
                assert_eq!(*value, Value::OctetString(b"fencelab".to_vec()), "{distortion:?}");
            } else if let Ended::Answer(answer) = ended {
                let same = answer
                    .bindings
                    .first()
                    .is_some_and(|it| it.value == Value::OctetString(b"fencelab".to_vec()));
                // Bytes behind everything are passed over; all else is not what was said.
                assert!(!same || distortion == Distortion::Trailing, "{distortion:?} {config:?}");
            }
        }
    }
}

#[test]
fn what_cannot_ask_is_not_made() {
    let mut config = login(Version::V1);
    config.community = None;
    assert_eq!(Manager::new(config).err(), Some(ConfigError::Community(Version::V1)));
    let mut config = login_v3(user(Some(AuthProtocol::Md5), None), Level::AuthPriv);
    let error = Manager::new(config.clone()).expect_err("no privacy").to_string();
    let said = "level authPriv needs an authentication and a privacy passphrase, but the user can only do authNoPriv";
    assert_eq!(error, said);
    config.user = None;
    assert_eq!(Manager::new(config).err(), Some(ConfigError::User));
}

#[test]
fn an_engine_is_small_and_shares_its_keys() {
    assert!(size_of::<Agent>() <= 128, "{} bytes", size_of::<Agent>());
    let agent = Agent::new(Arc::new(config()));
    let said = format!("{agent:?} {:?}", priv_client(1).manager);
    for secret in [AUTH, PRIVACY, support::snmp::COMMUNITY] {
        assert!(!said.contains(secret));
    }
}
