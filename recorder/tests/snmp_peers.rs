//! The proxy between real clients and a real agent: net-snmp's tools and ClusterLabs' fence agents against snmpd.

mod common;

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::Command;

use common::{assert_clean, header};
use fencelab_peers::{SnmpUser, Snmpd, SnmpdSetup};
use fencelab_recorder::{Link, Proxy, Tape, link, run};
use fencelab_transcript::{Body, Event, Kind, Side, Transcript};
use fencelab_wire::Secret;
use fencelab_wire::snmp::tap::Credential;
use fencelab_wire::snmp::usm::{AuthProtocol, PrivProtocol, User};
use fencelab_wire::snmp::walk::snmpwalk;
use fencelab_wire::snmp::{self, Oid, Pdu, PduKind, Value, body};
use serde_json::Value as Json;
use tempfile::TempDir;

const COMMUNITY: &str = "s3cr3t-Zebra";
const AUTH: &str = "auth-Okapi-1";
const PRIVACY: &str = "priv-Gnu-22";
/// rPDUOutletControlOutletCommand of APC's PowerNet-MIB, outlet 3, and its sysObjectID.
const OUTLET: &str = "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.3";

/// One recording of several commands.
struct Recording {
    snmpd: Snmpd,
    proxy: Proxy,
    link: Link,
    folder: TempDir,
}

fn users() -> [(SnmpUser<'static>, User); 3] {
    let user = |name, auth: (&'static str, AuthProtocol), privacy: Option<(&'static str, PrivProtocol)>| {
        let theirs =
            SnmpUser { name, auth: Some((auth.0, AUTH)), privacy: privacy.map(|(name, _)| (name, PRIVACY)) };
        let privacy = privacy.map(|(_, protocol)| (protocol, Secret::from(PRIVACY)));
        (theirs, User::new(name, Some((auth.1, Secret::from(AUTH))), privacy))
    };
    [
        user("aes", ("SHA", AuthProtocol::Sha1), Some(("AES", PrivProtocol::Aes128))),
        user("des", ("MD5", AuthProtocol::Md5), Some(("DES", PrivProtocol::Des))),
        user("auth", ("SHA", AuthProtocol::Sha1), None),
    ]
}

fn setup() -> SnmpdSetup {
    let setup = SnmpdSetup::new().community(COMMUNITY, true);
    users().iter().fold(setup, |setup, (user, _)| setup.user(*user))
}

fn credentials() -> Vec<Credential> {
    let users = users().map(|(_, user)| Credential::User(user));
    std::iter::once(Credential::Community(Secret::from(COMMUNITY))).chain(users).collect()
}

impl Recording {
    fn start(setup: &SnmpdSetup, link: Link) -> Self {
        let (snmpd, folder) = (Snmpd::start(setup), tempfile::tempdir().unwrap());
        let path = folder.path().join("t.jsonl");
        let tape = Tape::create(&path, header(&link), link.secrets().clone()).unwrap();
        let proxy = Proxy::start("127.0.0.1:0".parse().unwrap(), snmpd.address, link.clone(), tape).unwrap();
        Self { snmpd, proxy, link, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("t.jsonl")
    }

    /// Runs one of net-snmp's tools against the proxy; `{peer}` is the proxy. Answers what it printed.
    fn tool(&self, line: &str) -> String {
        let peer = format!("udp:{}", self.proxy.place().address().unwrap());
        let words: Vec<String> = line.split_whitespace().map(|word| word.replace("{peer}", &peer)).collect();
        let mut command = Command::new(&words[0]);
        command.env("MIBS", "").args(["-On", "-r1", "-t5"]).args(&words[1..]);
        let ran = fencelab_peers::run(&mut command);
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.text());
        ran.stdout
    }

    fn finish(self) -> Transcript {
        let path = self.path();
        let summary = self.proxy.finish().unwrap();
        assert!(summary.to_device > 0 && summary.from_device > 0 && summary.masked == 0, "{summary:?}");
        let text = std::fs::read_to_string(&path).unwrap();
        for secret in [COMMUNITY, AUTH, PRIVACY] {
            assert!(!text.contains(secret), "a secret is in the file");
        }
        let transcript = Transcript::load(&path).unwrap();
        assert_eq!(transcript.canonical(), text, "what is written is canonical");
        assert_clean("recorded", &transcript, &self.link);
        transcript
    }
}

fn pdu(event: &Event) -> Option<(Side, Pdu)> {
    let Kind::Say { from, body: Body::Object { protocol, value } } = &event.kind else { return None };
    assert_eq!(protocol, "snmp");
    match body::from_json(value).unwrap() {
        (snmp::Body::Pdu(pdu), _) => Some((*from, pdu)),
        _ => None,
    }
}

/// What the device said of each object, the last time.
fn values(transcript: &Transcript) -> BTreeMap<Oid, Value> {
    let responses = transcript.events.iter().filter_map(pdu).filter(|(from, _)| *from == Side::Device);
    let bindings = responses
        .filter(|(_, pdu)| pdu.kind == PduKind::Response && pdu.error.is_ok())
        .flat_map(|(_, pdu)| pdu.bindings);
    bindings.filter(|it| !it.value.is_exception()).map(|it| (it.object, it.value)).collect()
}

fn opaque(transcript: &Transcript) -> Vec<&Event> {
    let is_opaque = |event: &&Event| matches!(event.kind, Kind::Say { body: Body::Hex(_), .. });
    transcript.events.iter().filter(is_opaque).collect()
}

fn opened(transcript: &Transcript) -> Vec<Json> {
    let open = |event: &Event| match &event.kind {
        Kind::Open(details) => Some(Json::Object(details.clone())),
        _ => None,
    };
    transcript.events.iter().filter_map(open).collect()
}

/// Every login that net-snmp's tools take, with what `open` must say of it.
fn logins() -> Vec<(String, &'static str, Option<&'static str>)> {
    let v3 = |user: &str, rest: &str| format!("-v3 -u {user} -A {AUTH} {rest}");
    vec![
        (format!("-v1 -c {COMMUNITY}"), "1", None),
        (format!("-v2c -c {COMMUNITY}"), "2c", None),
        (v3("aes", &format!("-l authPriv -a SHA -x AES -X {PRIVACY}")), "3", Some("authPriv")),
        (v3("des", &format!("-l authPriv -a MD5 -x DES -X {PRIVACY}")), "3", Some("authPriv")),
        (v3("auth", "-l authNoPriv -a SHA"), "3", Some("authNoPriv")),
    ]
}

#[test]
fn what_the_tools_print_is_in_the_transcript_in_every_version() {
    for (login, version, level) in logins() {
        let setup = setup().object(&format!(".{OUTLET}"), "integer", "1");
        let recording = Recording::start(&setup, link::snmp::link(credentials()));
        let mut printed =
            recording.tool(&format!("snmpget {login} {{peer}} .1.3.6.1.2.1.1.1.0 .1.3.6.1.2.1.1.2.0"));
        recording.tool(&format!("snmpset {login} {{peer}} .{OUTLET} i 2"));
        printed += &recording.tool(&format!("snmpget {login} {{peer}} .{OUTLET}"));
        // Nothing in here moves between two readings.
        printed += &recording.tool(&format!("snmpwalk {login} {{peer}} .1.3.6.1.2.1.1.9.1.2"));
        if version != "1" {
            printed += &recording.tool(&format!("snmpbulkwalk {login} {{peer}} .1.3.6.1.2.1.1.9.1.3"));
        }
        let transcript = recording.finish();
        let walk = snmpwalk(printed.as_bytes());
        assert_eq!(walk.skipped, [], "{printed}");
        assert!(walk.entries.len() > 10, "{printed}");
        let values = values(&transcript);
        for entry in walk.entries {
            assert_eq!(values.get(&entry.object), Some(&entry.value), "{login}: {}", entry.object);
        }
        assert_eq!(opaque(&transcript), [] as [&Event; 0], "{login}");
        let opened = opened(&transcript);
        assert!(!opened.is_empty());
        for open in opened {
            assert_eq!((open["version"].as_str(), open["level"].as_str()), (Some(version), level), "{open}");
        }
        let sets: Vec<_> =
            transcript.events.iter().filter_map(pdu).filter(|(_, pdu)| pdu.kind == PduKind::Set).collect();
        assert_eq!(sets.len(), 1);
        assert_eq!((sets[0].0, &sets[0].1.bindings[0].value), (Side::Agent, &Value::Integer(2)));
    }
}

#[test]
fn without_the_keys_it_is_relayed_all_the_same_and_nothing_is_given_away() {
    let wrong = User::new(
        "aes",
        Some((AuthProtocol::Sha1, Secret::from("not the one"))),
        Some((PrivProtocol::Aes128, Secret::from("nor this one"))),
    );
    for credentials in [Vec::new(), vec![Credential::User(wrong)]] {
        let recording = Recording::start(&setup(), link::snmp::link(credentials));
        for (login, ..) in logins() {
            recording.tool(&format!("snmpget {login} {{peer}} .1.3.6.1.2.1.1.1.0"));
        }
        let transcript = recording.finish();
        let opaque = opaque(&transcript);
        assert!(opaque.len() >= 4, "{transcript}");
        for event in opaque {
            assert!(event.extra.contains_key("why"), "{event:?}");
        }
        // Not even the authentication codes, from which the passphrase could be searched for.
        let text = transcript.canonical();
        assert!(text.contains("xxxxxxxxxxxxxxxxxxxxxxxx"), "{text}");
    }
}

/// Runs a ClusterLabs agent against the proxy, as `record -- COMMAND` does.
fn agent(recording: &Recording, line: &str) -> Option<i32> {
    let words: Vec<String> = line.split_whitespace().map(String::from).collect();
    let found = Command::new("sh").args(["-c", "command -v \"$0\" >/dev/null", &words[0]]).status().unwrap();
    assert!(found.success(), "{} is not installed (Debian: fence-agents)", words[0]);
    run::exit_code(run::run(&words, &recording.proxy).unwrap())
}

#[test]
fn fence_apc_snmp_switches_through_the_proxy_and_is_marked() {
    // An APC rPDU with one outlet: command and status objects of PowerNet-MIB.
    let status = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.3";
    let setup = setup()
        .object(".1.3.6.1.2.1.1.2.0", "object_id", ".1.3.6.1.4.1.318.1.3.4.5")
        .object(&format!(".{status}"), "integer", "2")
        .object(&format!(".{OUTLET}"), "integer", "2");
    let recording = Recording::start(&setup, link::snmp::link(credentials()));
    let login = format!("-a {{host}} -u {{port}} -d 1 -c {COMMUNITY} -n 3");
    // The emulated outlet stays as it is: off stays off, and on is never reached.
    assert_eq!(agent(&recording, &format!("fence_apc_snmp {login} -o off")), Some(0));
    assert_eq!(agent(&recording, &format!("fence_apc_snmp {login} -o status")), Some(2));
    let (path, snmpd) = (recording.path(), recording.snmpd.address);
    assert_ne!(recording.proxy.place().address().unwrap(), snmpd);
    let transcript = recording.finish();
    let marks: Vec<_> = transcript
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Mark(mark) => Some((mark.phase.clone(), mark.action.clone(), mark.plug.clone(), mark.exit)),
            _ => None,
        })
        .collect();
    let mark = |phase: &str, action: &str, exit| {
        (phase.to_owned(), Some(action.to_owned()), Some("3".to_owned()), exit)
    };
    let expected = [
        mark("begin", "off", None),
        mark("end", "off", Some(0)),
        mark("begin", "status", None),
        mark("end", "status", Some(2)),
    ];
    assert_eq!(marks, expected, "{}", path.display());
    let values = values(&transcript);
    assert_eq!(values.get(&status.parse::<Oid>().unwrap()), Some(&Value::Integer(2)));
}

#[test]
fn agents_whose_switch_is_what_they_read_really_switch_through_the_proxy() {
    let v3 = format!("-d 3 -E authPriv -l aes -b SHA -p {AUTH} -B AES -P {PRIVACY}");
    let v2c = format!("-d 2c -c {COMMUNITY}");
    // ifAdminStatus of interface 7, and Lindy's outlets 1 and 2 in one string.
    let (interface, outlets) = ("1.3.6.1.2.1.2.2.1.7.7", "1.3.6.1.4.1.17420.1.2.9.1.13.0");
    for (agent, login, object, kind, on, off, plug) in [
        ("fence_ifmib", &v2c, interface, "integer", Value::Integer(1), Value::Integer(2), "7"),
        ("fence_ifmib", &v3, interface, "integer", Value::Integer(1), Value::Integer(2), "7"),
        ("fence_lindypdu", &v3, outlets, "octet_str", Value::text("1,1"), Value::text("1,0"), "2"),
    ] {
        let initial = if kind == "integer" { "1" } else { "1,1" };
        let setup = setup().object(".1.3.6.1.2.1.1.2.0", "object_id", ".1.3.6.1.4.1.17420").object(
            &format!(".{object}"),
            kind,
            initial,
        );
        let recording = Recording::start(&setup, link::snmp::link(credentials()));
        let line = |action| format!("{agent} -a {{host}} -u {{port}} {login} -n {plug} -o {action}");
        for (action, exit) in [("status", 0), ("off", 0), ("status", 2), ("on", 0)] {
            assert_eq!(self::agent(&recording, &line(action)), Some(exit), "{agent} {login} {action}");
        }
        let transcript = recording.finish();
        assert_eq!(opaque(&transcript), [] as [&Event; 0], "{agent}");
        let object: Oid = object.parse().unwrap();
        let set = |event: &Event| pdu(event).filter(|(_, pdu)| pdu.kind == PduKind::Set);
        let orders: Vec<Value> =
            transcript.events.iter().filter_map(set).map(|(_, pdu)| pdu.bindings[0].value.clone()).collect();
        assert_eq!(orders, [off, on.clone()], "{agent}: {transcript}");
        assert_eq!(values(&transcript).get(&object), Some(&on), "{agent}");
        let marked = transcript.events.iter().filter(|event| matches!(event.kind, Kind::Mark(_))).count();
        assert_eq!(marked, 8, "{agent}");
    }
}

#[test]
fn a_storm_of_garbage_leaves_it_serving() {
    let recording = Recording::start(&setup(), link::snmp::link(credentials()));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    // Deterministic noise: a linear congruential generator, much of it beginning like SNMP.
    let mut state = 11_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    let begins: [&[u8]; 4] = [
        &[0x30, 0x26, 0x02, 0x01, 0x01, 0x04],
        &[0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03, 0x30],
        &[0x30, 0x80, 0x02, 0x01, 0x00],
        &[],
    ];
    for turn in 0..3000_usize {
        let mut noise = begins[turn % begins.len()].to_vec();
        noise.extend((0..usize::from(random())).map(|_| random()));
        socket.send_to(&noise, recording.proxy.place().address().unwrap()).unwrap();
        if turn % 100 == 0 {
            recording.tool(&format!("snmpget -v2c -c {COMMUNITY} {{peer}} .1.3.6.1.2.1.1.1.0"));
        }
    }
    let printed = recording.tool(&format!(
        "snmpget -v3 -u aes -l authPriv -a SHA -A {AUTH} -x AES -X {PRIVACY} {{peer}} .1.3.6.1.2.1.1.1.0"
    ));
    assert!(printed.contains("STRING"), "{printed}");
    let transcript = recording.finish();
    assert!(opaque(&transcript).len() > 1000);
}
