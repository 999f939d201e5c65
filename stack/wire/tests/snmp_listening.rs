//! The listener to SNMP where things are not in order: several communities and users, wrong passphrases, beginnings that
//! were not heard, and a second decoder that reads something else.

mod support;

use fencelab_wire::Secret;
use fencelab_wire::snmp::manager;
use fencelab_wire::snmp::tap::{Credential, Tap};
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::{Binding, Distortion, Message, Pdu, PduKind, Version};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use serde_json::{Value, json};
use std::time::Duration;
use support::snmp::{AUTH, COMMUNITY, Client, Device, Said, config, login, login_v3, oid, user, user_with};

const NOW: Duration = Duration::from_secs(5);

fn full() -> User {
    user(Some(AuthProtocol::Sha1), Some(PrivProtocol::Aes128))
}

/// One GET of somebody who has just started.
fn get(device: &mut Device, config: manager::Config) -> Said {
    let mut client = Client::new(config, 1);
    let _ = client.ask_device(NOW, device, PduKind::Get, vec![Binding::ask(oid("1.3.6.1.2.1.1.3.0"))]);
    client.said
}

fn hear(tap: &mut Tap, said: &Said) -> Vec<Seen> {
    said.iter().flat_map(|(direction, datagram)| tap.observe(*direction, datagram)).collect()
}

/// As short as it can be read: `1 open …`, `1> get`, `1< response`, `1>! why`; what sets up in brackets.
fn short(seen: &[Seen]) -> Vec<String> {
    let side = |from_device: bool| if from_device { "<" } else { ">" };
    let one = |seen: &Seen| match seen {
        Seen::Open { session, details } => {
            let shown =
                |(name, value): (&String, &Value)| format!(" {name}={}", value.to_string().trim_matches('"'));
            let details: String = details.iter().filter(|(name, _)| *name != "engine").map(shown).collect();
            format!("{session} open{details}")
        }
        Seen::Say { session, from_device, value, sets_up, .. } => {
            let pdu = value["pdu"].as_str().unwrap_or_default();
            let pdu = if *sets_up { format!("[{pdu}]") } else { pdu.to_owned() };
            format!("{session}{} {pdu}", side(*from_device))
        }
        Seen::Opaque { session, from_device, why, .. } => format!("{session}{}! {why}", side(*from_device)),
        Seen::Close { session, .. } => format!("{session} close"),
    };
    seen.iter().map(one).collect()
}

#[test]
fn sessions_are_told_apart_by_version_access_user_level_and_context() {
    let mut device = Device::new(config());
    let mut tap = Tap::new(vec![Credential::User(full())]);
    let mut stranger = login(Version::V2c);
    stranger.community = Some(Secret::from("other"));
    let mut elsewhere = login_v3(full(), Level::AuthPriv);
    elsewhere.context = "bridge1".to_owned();
    let logins = [
        login(Version::V1),
        login(Version::V2c),
        stranger,
        login_v3(full(), Level::AuthPriv),
        login_v3(full(), Level::NoAuthNoPriv),
        elsewhere,
        login(Version::V2c),
        login_v3(full(), Level::AuthPriv),
    ];
    let seen: Vec<Seen> =
        logins.into_iter().flat_map(|login| hear(&mut tap, &get(&mut device, login))).collect();
    assert_eq!(
        short(&seen),
        [
            "1 open version=1 access=1",
            "1> get",
            "1< response",
            "2 open version=2c access=1",
            "2> get",
            "2< response",
            "3 open version=2c access=2",
            "3> get",
            "3< response",
            "4> [get]",
            "4< [report]",
            "4 open version=3 user=SHA_AES level=authPriv auth=SHA privacy=AES",
            "4> get",
            "4< response",
            "4> [get]",
            "4< [report]",
            "5 open version=3 user=SHA_AES level=noAuthNoPriv",
            "5> get",
            "5< response",
            "5> [get]",
            "5< [report]",
            "6 open version=3 user=SHA_AES level=authPriv auth=SHA privacy=AES context=bridge1",
            "6> get",
            "6< response",
            "2> get",
            "2< response",
            "6> [get]",
            "6< [report]",
            "4> get",
            "4< response",
        ]
    );
    let shown = format!("{seen:?}");
    assert!(!shown.contains(COMMUNITY) && !shown.contains("other") && !shown.contains(AUTH));
    let redacted =
        |seen: &Seen| matches!(seen, Seen::Say { redacted, .. } if *redacted == ["snmp.community"]);
    assert_eq!(seen.iter().filter(|seen| redacted(seen)).count(), 8);
    let engine = seen.iter().find_map(|seen| match seen {
        Seen::Open { session: 4, details } => details.get("engine").cloned(),
        _ => None,
    });
    assert_eq!(engine, Some(json!("8000013e0466656e63656c62")));
}

#[test]
fn a_reboot_is_heard_as_a_set_up() {
    let mut device = Device::new(config());
    let mut client = Client::new(login_v3(full(), Level::AuthPriv), 1);
    let ask = || vec![Binding::ask(oid("1.3.6.1.2.1.1.3.0"))];
    client.ask_device(NOW, &mut device, PduKind::Get, ask()).answer();
    device.agent.reboot(NOW);
    client.ask_device(NOW, &mut device, PduKind::Get, ask()).answer();
    let seen = hear(&mut Tap::new(vec![Credential::User(full())]), &client.said);
    let after: Vec<String> = short(&seen).split_off(5);
    assert_eq!(after, ["1> get", "1< [report]", "1> get", "1< response"]);
}

#[test]
fn passphrases_that_are_wrong_or_missing_are_told() {
    let mut device = Device::new(config());
    let said = get(&mut device, login_v3(full(), Level::AuthPriv));
    let hear = |credentials: Vec<User>| {
        let credentials = credentials.into_iter().map(Credential::User).collect();
        short(&hear(&mut Tap::new(credentials), &said)).split_off(2)
    };
    let with = |auth: &str, privacy: &str| {
        user_with(Some((AuthProtocol::Sha1, auth)), Some((PrivProtocol::Aes128, privacy)))
    };
    let (open, keys) = ("1 open version=3 user=SHA_AES level=authPriv", " auth=SHA privacy=AES");
    for (users, why, keys) in [
        (vec![], "encrypted, and no passphrase of user \"SHA_AES\" is given", ""),
        (
            vec![with("no", "no")],
            "the authentication passphrase given for user \"SHA_AES\" does not fit",
            keys,
        ),
        (vec![with(AUTH, "no")], "the privacy passphrase given for user \"SHA_AES\" does not fit", keys),
    ] {
        let unreadable = why.replace('"', "\\\"");
        let opened = format!("{open}{keys} unreadable={unreadable}");
        assert_eq!(hear(users), [format!("0>! {why}"), opened, format!("1<! {why}")]);
    }
    // One of several that fits is enough.
    let both = hear(vec![with("no", "no"), full()]);
    assert_eq!(both, [format!("{open}{keys}"), "1> get".to_owned(), "1< response".to_owned()]);
}

#[test]
fn refusals_end_the_set_up() {
    let mut device = Device::new(config());
    let stranger = User::new("nobody", Some((AuthProtocol::Md5, Secret::from("something"))), None);
    let said = get(&mut device, login_v3(stranger.clone(), Level::AuthNoPriv));
    // Who can read it sees a request and its report.
    let seen = short(&hear(&mut Tap::new(vec![Credential::User(stranger)]), &said)).split_off(2);
    assert_eq!(seen, ["1 open version=3 user=nobody level=authNoPriv auth=MD5", "1> get", "1< [report]"]);
    // Who cannot sees at least why it came to nothing.
    let wrong = user_with(Some((AuthProtocol::Sha1, "no")), Some((PrivProtocol::Aes128, "no")));
    let said = get(&mut device, login_v3(wrong, Level::AuthPriv));
    let seen = short(&hear(&mut Tap::new(vec![Credential::User(full())]), &said));
    assert_eq!(
        seen[2..],
        [
            "0>! the authentication passphrase given for user \"SHA_AES\" does not fit",
            "1< [report]",
            "1 open version=3 user=SHA_AES level=authPriv auth=SHA privacy=AES error=refused: usmStatsWrongDigests",
        ]
    );
}

/// Nobody encrypts here: it can be read without a passphrase, only not checked, and then no protocol is named.
#[test]
fn what_is_only_signed_is_readable() {
    let mut device = Device::new(config());
    let said = get(&mut device, login_v3(user(Some(AuthProtocol::Sha512), None), Level::AuthNoPriv));
    let seen = short(&hear(&mut Tap::new(Vec::new()), &said)).split_off(2);
    assert_eq!(seen, ["1 open version=3 user=SHA512_none level=authNoPriv", "1> get", "1< response"]);
}

#[test]
fn broken_messages_keep_their_communities_to_themselves() {
    let pdu = Pdu::new(PduKind::Get, 1, vec![Binding::ask(oid("1.3.6.1"))]);
    for (community, version) in [(COMMUNITY, Version::V1), ("never heard of", Version::V2c)] {
        let community_bytes = Secret::from(community);
        let message = Message::Community { version, community: community_bytes, body: pdu.clone().into() };
        for distortion in Distortion::ALL {
            let mut tap = Tap::new(vec![Credential::Community(Secret::from(COMMUNITY))]);
            let bytes = distortion.apply(&message.emit());
            for seen in tap.observe(Direction::ToDevice, &bytes) {
                if let Seen::Opaque { bytes: kept, .. } = &seen {
                    assert_eq!(kept.len(), bytes.len());
                    let words = String::from_utf8_lossy(kept).into_owned();
                    assert!(
                        !words.contains("l4b") && !words.contains("never") && !words.contains("heard"),
                        "{words}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_second_decoder_must_agree() {
    /// Reads everything right, but never a GET of the up time.
    fn biased(datagram: &[u8]) -> Result<Message, String> {
        let message = Message::parse(datagram).map_err(|error| error.to_string())?;
        let pdu = message.body().and_then(|body| body.pdu());
        match pdu {
            Some(pdu) if pdu.kind == PduKind::Get && !pdu.bindings.is_empty() => Err("a get".to_owned()),
            Some(pdu) if pdu.kind == PduKind::Response => {
                let body = Pdu { request_id: pdu.request_id.wrapping_add(1), ..pdu.clone() }.into();
                Ok(Message::Community { version: Version::V1, community: Secret::default(), body })
            }
            _ => Ok(message),
        }
    }
    fn agreeing(datagram: &[u8]) -> Result<Message, String> {
        Message::parse(datagram).map_err(|error| error.to_string())
    }
    let mut device = Device::new(config());
    for (config, set_up) in [(login(Version::V2c), 0), (login_v3(full(), Level::AuthPriv), 2)] {
        let said = get(&mut device, config);
        let mut tap = Tap::with_decoder(vec![Credential::User(full())], agreeing);
        let seen = hear(&mut tap, &said);
        assert!(!seen.iter().any(|seen| matches!(seen, Seen::Opaque { .. })), "{seen:?}");
        let mut tap = Tap::with_decoder(vec![Credential::User(full())], biased);
        let seen = short(&hear(&mut tap, &said)).split_off(set_up);
        assert_eq!(seen[0], "0>! another decoder does not read it: a get", "{seen:?}");
        assert!(
            seen.last().is_some_and(|last| last.ends_with("<! two decoders read it differently")),
            "{seen:?}"
        );
    }
}

/// Traps are said by the device, unasked.
#[test]
fn traps_are_heard() {
    let pdu = Pdu::new(PduKind::Trap, 1, Vec::new());
    let community = Secret::from(COMMUNITY);
    let trap = Message::Community { version: Version::V2c, community, body: pdu.into() }.emit();
    let seen = hear(&mut Tap::new(Vec::new()), &vec![(Direction::FromDevice, trap)]);
    assert_eq!(short(&seen), ["1 open version=2c access=1", "1< trap"]);
}
