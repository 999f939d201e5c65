//! net-snmp at both ends: its tools against our agent, our manager against its snmpd, with every protocol that it has.

mod support;

use fencelab_peers::{Ran, SnmpUser, Snmpd, SnmpdSetup, run};
use fencelab_wire::Secret;
use fencelab_wire::snmp::manager::Refused;
use fencelab_wire::snmp::tap::{Credential, Tap};
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::{Binding, ErrorStatus, PduKind, Value, Version};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use std::process::Command;
use std::time::Duration;
use support::snmp::{
    AUTH, COMMUNITY, Client, Ended, PRIVACY, Said, Served, by_udp, by_udp_within, config, login, login_v3,
    name, oid, user, user_with, users,
};

const COMMAND: &str = ".1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.1";
const UP_TIME: &str = ".1.3.6.1.2.1.1.3.0";

/// Of ours, net-snmp 5.9 lacks 3DES.
fn privacies() -> impl Iterator<Item = PrivProtocol> {
    PrivProtocol::ALL.into_iter().filter(|privacy| *privacy != PrivProtocol::TripleDes)
}

/// A tool of net-snmp with one try of so many seconds.
fn tool_within(seconds: &str, name: &str, login: &[&str], rest: &[&str]) -> Ran {
    let fixed = ["-On", "-Oe", "-m", "", "-r0", "-t", seconds];
    run(Command::new(name).env("MIBS", "").env("LC_ALL", "C").args(fixed).args(login).args(rest))
}

/// A tool that will be answered, on however busy a machine.
fn tool(name: &str, login: &[&str], rest: &[&str]) -> Ran {
    tool_within("20", name, login, rest)
}

fn as_user<'a>(name: &'a str, level: Level, auth: &'a str, privacy: &'a str) -> Vec<&'a str> {
    vec!["-v3", "-u", name, "-l", level.name(), "-a", auth, "-A", AUTH, "-x", privacy, "-X", PRIVACY]
}

fn hear(credentials: Vec<Credential>, said: &Said) -> Vec<Seen> {
    let mut tap = Tap::new(credentials);
    said.iter().flat_map(|(direction, datagram)| tap.observe(*direction, datagram)).collect()
}

/// What was said in the clear after the set-up.
fn words(seen: &[Seen]) -> Vec<String> {
    let said = |seen: &Seen| match seen {
        Seen::Say { value, sets_up: false, from_device, .. } => {
            let side = if *from_device { "<" } else { ">" };
            Some(format!("{side} {} {}", value["pdu"].as_str().unwrap_or_default(), value["vars"]))
        }
        Seen::Say { .. } | Seen::Open { .. } | Seen::Close { .. } => None,
        Seen::Opaque { why, .. } => Some(why.clone()),
    };
    seen.iter().filter_map(said).collect()
}

/// A GET of the up time that our device answers.
const PLAIN: [&str; 2] =
    [r#"> get [["1.3.6.1.2.1.1.3.0"]]"#, r#"< response [["1.3.6.1.2.1.1.3.0","ticks",4711]]"#];

#[test]
fn their_tools_read_our_agent_with_every_protocol() {
    let served = Served::start(config());
    let mut logins = vec![(user(None, None), Level::NoAuthNoPriv, "SHA", "AES")];
    for auth in AuthProtocol::ALL {
        logins.push((user(Some(auth), None), Level::AuthNoPriv, auth.name(), "AES"));
        logins.extend(
            privacies().map(|privacy| {
                (user(Some(auth), Some(privacy)), Level::AuthPriv, auth.name(), privacy.name())
            }),
        );
    }
    assert_eq!(logins.len(), 1 + 6 + 36);
    for (user, level, auth, privacy) in logins {
        let ran = tool("snmpget", &as_user(user.name(), level, auth, privacy), &[&served.peer(), UP_TIME]);
        assert_eq!(
            (ran.code, ran.stdout.trim()),
            (Some(0), ".1.3.6.1.2.1.1.3.0 = Timeticks: (4711) 0:00:47.11"),
            "{auth} {privacy}: {}",
            ran.text()
        );
        let seen = hear(vec![Credential::User(user.clone())], &served.said());
        assert_eq!(words(&seen), PLAIN, "{auth} {privacy}");
        let opened = seen.iter().find_map(|seen| match seen {
            Seen::Open { session: 1, details } => Some(details.clone()),
            _ => None,
        });
        let opened = opened.expect("a session");
        assert_eq!(opened["level"], level.name());
        assert_eq!(opened.get("privacy").and_then(|it| it.as_str()), user.privacy().map(PrivProtocol::name));
        let set_up = seen.iter().filter(|seen| matches!(seen, Seen::Say { session: 1, sets_up: true, .. }));
        assert_eq!(set_up.count(), 2, "discovery and its report: {seen:?}");
    }
}

#[test]
fn their_tools_walk_and_write_our_agent_in_every_version() {
    let served = Served::start(config());
    let (name, peer) = (name(Some(AuthProtocol::Sha256), Some(PrivProtocol::Aes256)), served.peer());
    let v3 = as_user(&name, Level::AuthPriv, "SHA-256", "AES-256");
    for login in [vec!["-v1", "-c", COMMUNITY], vec!["-v2c", "-c", COMMUNITY], v3] {
        for value in ["2", "1"] {
            let set = tool("snmpset", &login, &[&peer, COMMAND, "i", value]);
            assert_eq!(
                (set.code, set.stdout.trim()),
                (Some(0), format!("{COMMAND} = INTEGER: {value}").as_str())
            );
        }
        let walks =
            ["snmpwalk", "snmpbulkwalk"].into_iter().filter(|name| *name == "snmpwalk" || login[0] != "-v1");
        for walk in walks {
            let ran = tool(walk, &login, &[&peer, ".1.3.6.1"]);
            assert_eq!(ran.code, Some(0), "{walk} {login:?}: {}", ran.text());
            let is_object = |line: &&str| line.starts_with(".1.3") && !line.contains("No more variables");
            let objects = ran.stdout.lines().filter(is_object);
            assert_eq!(objects.count(), 6, "{walk}: {}", ran.stdout);
        }
        let credentials = vec![
            Credential::Community(Secret::from(COMMUNITY)),
            Credential::User(user(Some(AuthProtocol::Sha256), Some(PrivProtocol::Aes256))),
        ];
        let seen = hear(credentials, &served.said());
        assert!(!seen.iter().any(|seen| matches!(seen, Seen::Opaque { .. })), "{seen:?}");
        assert!(!format!("{seen:?}").contains(COMMUNITY));
    }
}

/// Exit code and message of the tool, at our agent and at theirs, are the same.
#[test]
fn their_tools_are_refused_by_our_agent_as_by_theirs() {
    let (auth, privacy) = (AuthProtocol::Sha1, PrivProtocol::Aes128);
    let (full, bare) = (name(Some(auth), Some(privacy)), name(None, None));
    let auth_only = name(Some(auth), None);
    let passphrases = (Some(("SHA", AUTH)), Some(("AES", PRIVACY)));
    let setup = SnmpdSetup::new()
        .community(COMMUNITY, true)
        .user(SnmpUser { name: &full, auth: passphrases.0, privacy: passphrases.1 })
        .user(SnmpUser { name: &auth_only, auth: passphrases.0, privacy: None })
        .user(SnmpUser { name: &bare, auth: None, privacy: None });
    let (theirs, ours) = (Snmpd::start(&setup), Served::start(config()));
    let good = as_user(&full, Level::AuthPriv, "SHA", "AES");
    let with = |place: &str, value: &'static str| {
        let mut login = good.clone();
        let at = login.iter().position(|word| *word == place).expect("it is there");
        login[at + 1] = value;
        login
    };
    let logins = [
        ("wrong community, v1", vec!["-v1", "-c", "wr0ng"]),
        ("wrong community, v2c", vec!["-v2c", "-c", "wr0ng"]),
        ("unknown user", with("-u", "nobody")),
        ("wrong authentication passphrase", with("-A", "not the passphrase")),
        ("wrong authentication protocol", with("-a", "MD5")),
        ("wrong privacy passphrase", with("-X", "not the passphrase")),
        ("wrong privacy protocol", with("-x", "DES")),
        ("no privacy", as_user(&auth_only, Level::AuthPriv, "SHA", "AES")),
        ("no authentication", as_user(&bare, Level::AuthNoPriv, "SHA", "AES")),
        ("a clock of its own", [good.clone(), vec!["-Z", "5,99"]].concat()),
        ("an engine id of its own", [good.clone(), vec!["-e", "0x8000000001020304"]].concat()),
    ];
    let outcome = |login: &[&str], peer: &str| {
        let ran = tool_within("4", "snmpget", login, &[peer, UP_TIME]);
        (ran.code, ran.text().replace(peer.trim_start_matches("udp:"), "PEER"))
    };
    // Most of it is waiting: all at once.
    std::thread::scope(|scope| {
        for (what, login) in &logins {
            let here = scope.spawn(|| outcome(login, &ours.peer()));
            let there = scope.spawn(|| outcome(login, &theirs.peer()));
            scope.spawn(move || {
                let (here, there) = (here.join().expect("it ran"), there.join().expect("it ran"));
                assert_eq!(here, there, "{what}");
                assert_ne!(here.0, Some(0), "{what}");
            });
        }
    });
    let seen = hear(vec![Credential::User(user(Some(auth), Some(privacy)))], &ours.said());
    assert!(!format!("{seen:?}").contains("wr0ng"));
}

fn snmpd_with_everything() -> Snmpd {
    let mut setup = SnmpdSetup::new().community(COMMUNITY, true).object(COMMAND, "integer", "1");
    let all = users();
    for user in all.iter().filter(|user| user.privacy() != Some(PrivProtocol::TripleDes)) {
        setup = setup.user(SnmpUser {
            name: user.name(),
            auth: user.auth().map(|auth| (auth.name(), AUTH)),
            privacy: user.privacy().map(|privacy| (privacy.name(), PRIVACY)),
        });
    }
    Snmpd::start(&setup)
}

#[test]
fn our_manager_speaks_with_their_agent_with_every_protocol() {
    let snmpd = snmpd_with_everything();
    let mut carry = by_udp(snmpd.address);
    let mut logins = vec![login(Version::V1), login(Version::V2c)];
    let known = users().into_iter().filter(|user| user.privacy() != Some(PrivProtocol::TripleDes));
    logins.extend(known.map(|user| login_v3(user.clone(), user.level())));
    assert_eq!(logins.len(), 2 + 1 + 6 + 36);
    for (seed, config) in (1..).zip(logins) {
        let mut client = Client::new(config.clone(), seed);
        let now = Duration::ZERO;
        for value in [2, 1] {
            let order = Binding { object: oid(COMMAND), value: Value::Integer(value) };
            let done = client.ask(now, PduKind::Set, vec![order.clone()], &mut carry);
            assert_eq!(done, Ended::Answer(client_answer(&done, &order)), "{config:?}");
            let read = client.ask(now, PduKind::Get, vec![Binding::ask(oid(COMMAND))], &mut carry).answer();
            assert_eq!(read.bindings, [order], "{config:?}");
        }
        let mut credentials = vec![Credential::Community(Secret::from(COMMUNITY))];
        credentials.extend(config.user.map(Credential::User));
        let seen = hear(credentials, &client.said);
        assert_eq!(words(&seen).len(), 8, "{seen:?}");
        assert!(!seen.iter().any(|seen| matches!(seen, Seen::Opaque { .. })), "{seen:?}");
    }
}

/// The answer with the same request-id, no error and this binding.
fn client_answer(done: &Ended, order: &Binding) -> fencelab_wire::snmp::Pdu {
    let Ended::Answer(pdu) = done else { panic!("{done:?}") };
    fencelab_wire::snmp::Pdu::new(PduKind::Response, pdu.request_id, vec![order.clone()])
}

#[test]
fn our_manager_is_refused_by_their_agent_in_words() {
    let snmpd = snmpd_with_everything();
    let mut carry = by_udp_within(snmpd.address, Duration::from_secs(4));
    let (auth, privacy) = (AuthProtocol::Sha1, PrivProtocol::Aes128);
    let mut ask = |user: User, level| {
        let mut client = Client::new(login_v3(user, level), 3);
        let ended = client.ask(Duration::ZERO, PduKind::Get, vec![Binding::ask(oid(UP_TIME))], &mut carry);
        (ended, client.said)
    };
    let secret = |text: &str| Secret::from(text);
    let stranger = User::new("nobody", Some((auth, secret(AUTH))), Some((privacy, secret(PRIVACY))));
    assert_eq!(ask(stranger, Level::AuthPriv).0, Ended::Refused(Refused::UnknownUser));
    let wrong = user_with(Some((auth, "not the passphrase")), Some((privacy, PRIVACY)));
    assert_eq!(ask(wrong, Level::AuthPriv).0, Ended::Refused(Refused::WrongDigest));
    // Decrypted with another key it is nothing, and net-snmp says nothing.
    let wrong = user_with(Some((auth, AUTH)), Some((privacy, "not the passphrase")));
    let (ended, said) = ask(wrong, Level::AuthPriv);
    assert_eq!(ended, Ended::Silence);
    let right = hear(vec![Credential::User(user(Some(auth), Some(privacy)))], &said);
    assert_eq!(words(&right), ["the privacy passphrase given for user \"SHA_AES\" does not fit"]);
    let bare = name(Some(auth), None);
    let more = User::new(bare, Some((auth, secret(AUTH))), Some((privacy, secret(PRIVACY))));
    assert_eq!(ask(more, Level::AuthPriv).0, Ended::Refused(Refused::UnsupportedLevel));
    let below = ask(user(Some(auth), Some(privacy)), Level::AuthNoPriv).0.answer();
    assert_eq!(below.error, ErrorStatus::AUTHORIZATION_ERROR);
    let mut stranger = login(Version::V2c);
    stranger.community = Some(secret("wr0ng"));
    let mut client = Client::new(stranger, 4);
    let ended = client.ask(
        Duration::ZERO,
        PduKind::Get,
        vec![Binding::ask(oid(UP_TIME))],
        &mut by_udp_within(snmpd.address, Duration::from_millis(500)),
    );
    assert_eq!(ended, Ended::Silence);
}

/// A clock that has gone wrong: net-snmp says the time, and the request is sent once more.
#[test]
fn our_manager_follows_their_clock() {
    let snmpd = snmpd_with_everything();
    let mut carry = by_udp(snmpd.address);
    let user = user(Some(AuthProtocol::Sha512), Some(PrivProtocol::Aes256Cisco));
    let mut client = Client::new(login_v3(user.clone(), Level::AuthPriv), 5);
    let get = || vec![Binding::ask(oid(UP_TIME))];
    client.ask(Duration::ZERO, PduKind::Get, get(), &mut carry).answer();
    client.said.clear();
    // By our clock an hour has passed, by theirs hardly anything: the answer is too old to be believed.
    let ended = client.ask(Duration::from_secs(3600), PduKind::Get, get(), &mut carry);
    assert_eq!(ended, Ended::Silence);
    // Whoever begins anew learns the time.
    let mut client = Client::new(login_v3(user, Level::AuthPriv), 6);
    client.ask(Duration::from_secs(3600), PduKind::Get, get(), &mut carry).answer();
    let directions: Vec<_> = client.said.iter().map(|(direction, _)| *direction).collect();
    assert_eq!(
        directions,
        [Direction::ToDevice, Direction::FromDevice, Direction::ToDevice, Direction::FromDevice]
    );
}
