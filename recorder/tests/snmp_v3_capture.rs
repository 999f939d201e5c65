//! Captures of SNMPv3 between net-snmp's tools and snmpd, and of notifications: imported with the users' keys, without them and
//! with wrong ones, and held against what tshark decrypts.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::said::{Said, said, tshark_said};
use common::{assert_clean, capture};
use fencelab_peers::{SnmpUser, Snmpd, SnmpdSetup};
use fencelab_recorder::Link;
use fencelab_recorder::import::pcap::{Imported, Options, import};
use fencelab_recorder::link::snmp::link;
use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::Secret;
use fencelab_wire::snmp::tap::Credential;
use fencelab_wire::snmp::usm::{AuthProtocol, PrivProtocol, User};

const AUTH: &str = "auth-Okapi-1";
const PRIVACY: &str = "priv-Gnu-22";
/// Where the capture says that they were.
const CLIENT: &str = "10.0.0.9:4000";
const DEVICE: &str = "10.0.0.5:161";

type Datagrams = Vec<(SocketAddr, SocketAddr, Vec<u8>)>;

/// Runs one of net-snmp's tools against a device and keeps what was said.
fn overheard(device: SocketAddr, line: &str) -> (String, Datagrams) {
    let (front, back) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let peer = format!("udp:{}", front.local_addr().unwrap());
    back.connect(device).unwrap();
    front.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    back.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (done, is_done) = channel::<()>();
    let end = front.try_clone().unwrap();
    let relay = std::thread::spawn(move || {
        let (client, device) = (CLIENT.parse().unwrap(), DEVICE.parse().unwrap());
        let (mut heard, mut buffer) = (Datagrams::new(), vec![0; 65_536]);
        loop {
            let (length, from) = front.recv_from(&mut buffer).unwrap();
            if is_done.try_recv().is_ok() {
                return heard;
            }
            heard.push((client, device, buffer[..length].to_vec()));
            back.send(&buffer[..length]).unwrap();
            let length = back.recv(&mut buffer).unwrap();
            heard.push((device, client, buffer[..length].to_vec()));
            front.send_to(&buffer[..length], from).unwrap();
        }
    });
    let words: Vec<String> = line.split_whitespace().map(|word| word.replace("{peer}", &peer)).collect();
    let mut command = Command::new(&words[0]);
    command.env("MIBS", "").args(["-On", "-r0", "-t10"]).args(&words[1..]);
    let ran = fencelab_peers::run(&mut command);
    assert_eq!(ran.code, Some(0), "{line}: {}", ran.text());
    done.send(()).unwrap();
    // Anything wakes the relay, which then sees that it is over.
    end.send_to(b"", end.local_addr().unwrap()).unwrap();
    (ran.stdout, relay.join().unwrap())
}

/// A user's name, net-snmp's words and ours for the protocols, and tshark's.
type Known = (&'static str, Named<AuthProtocol>, Named<PrivProtocol>, (&'static str, &'static str));
type Named<P> = (&'static str, P);
const USERS: [Known; 3] = [
    ("aes", ("SHA", AuthProtocol::Sha1), ("AES", PrivProtocol::Aes128), ("SHA1", "AES")),
    ("des", ("MD5", AuthProtocol::Md5), ("DES", PrivProtocol::Des), ("MD5", "DES")),
    ("long", ("SHA-256", AuthProtocol::Sha256), ("AES", PrivProtocol::Aes128), ("SHA2-256", "AES")),
];

fn users(auth: &str, privacy: &str) -> Link {
    let user = |(name, (_, a), (_, p), _)| {
        Credential::User(User::new(name, Some((a, Secret::from(auth))), Some((p, Secret::from(privacy)))))
    };
    link(USERS.map(user).to_vec())
}

fn only(imported: Imported) -> (Transcript, Vec<String>) {
    let [dialogue]: [_; 1] = imported.dialogues.try_into().unwrap();
    assert_eq!(dialogue.device, DEVICE.parse().unwrap());
    (dialogue.transcript, imported.warnings)
}

fn load(bytes: &[u8], link: Link) -> (Transcript, Vec<String>) {
    only(import("v3.pcap", bytes, &Options::new(link)).unwrap())
}

fn opaque(transcript: &Transcript) -> usize {
    let is_opaque = |kind: &Kind| matches!(kind, Kind::Say { body: Body::Hex(_), .. });
    transcript.events.iter().filter(|event| is_opaque(&event.kind)).count()
}

fn sorted(mut list: Vec<Said>) -> Vec<Said> {
    list.sort();
    list
}

#[test]
fn with_the_keys_everything_is_in_the_clear_and_tshark_decrypts_the_same() {
    let mut setup = SnmpdSetup::new();
    for (name, (auth, _), (privacy, _), _) in USERS {
        setup = setup.user(SnmpUser { name, auth: Some((auth, AUTH)), privacy: Some((privacy, PRIVACY)) });
    }
    let snmpd = Snmpd::start(&setup);
    let directory = tempfile::tempdir().unwrap();
    for (name, (auth, _), (privacy, _), (tshark_auth, tshark_privacy)) in USERS {
        let login = format!("-v3 -l authPriv -u {name} -a {auth} -A {AUTH} -x {privacy} -X {PRIVACY}");
        let (printed, datagrams) =
            overheard(snmpd.address, &format!("snmpbulkwalk {login} {{peer}} .1.3.6.1.2.1.1.9"));
        assert!(printed.lines().count() > 10, "{printed}");
        let bytes = capture(&datagrams);
        let (transcript, warnings) = load(&bytes, users(AUTH, PRIVACY));
        assert_clean(name, &transcript, &users(AUTH, PRIVACY));
        assert_eq!((warnings.len(), opaque(&transcript)), (0, 0), "{warnings:?}");

        let file = directory.path().join("v3.pcap");
        std::fs::write(&file, &bytes).unwrap();
        let user = format!(
            "uat:snmp_users:\"\",\"{name}\",\"{tshark_auth}\",\"{AUTH}\",\"{tshark_privacy}\",\"{PRIVACY}\""
        );
        let theirs = tshark_said(&file, &["-o", &user]);
        assert_eq!(theirs.len(), datagrams.len());
        assert_eq!(sorted(said(&transcript)), sorted(theirs), "{name}");

        for wrong in [users("not-the-one", PRIVACY), users(AUTH, "not-the-one"), link(Vec::new())] {
            let (transcript, warnings) = load(&bytes, wrong);
            let text = transcript.canonical();
            assert_clean(name, &transcript, &users(AUTH, PRIVACY));
            let says = transcript.events.iter().filter(|event| matches!(event.kind, Kind::Say { .. }));
            assert_eq!(says.count(), datagrams.len(), "nothing is lost");
            // The engine is asked for in the clear.
            assert_eq!(opaque(&transcript), datagrams.len() - 2, "{text}");
            assert!(warnings.iter().any(|warning| warning.contains("password")), "{warnings:?}");
            assert!(transcript.header.redacted.contains(&"usm.authentication".to_owned()), "{text}");
        }
    }
}

#[test]
fn notifications_of_every_version_are_imported() {
    let community = "Zebra-9x";
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let peer = format!("udp:{}", socket.local_addr().unwrap());
    let v3 = format!("-v3 -e 0x8000000001020304 -l authPriv -u aes -a SHA -A {AUTH} -x AES -X {PRIVACY}");
    let what = "'' .1.3.6.1.6.3.1.1.5.3 .1.3.6.1.2.1.2.2.1.1.7 i 7";
    let mut datagrams = Datagrams::new();
    for line in [
        format!(
            "snmptrap -v1 -c {community} {peer} .1.3.6.1.4.1.318 10.0.0.5 6 41 '' .1.3.6.1.2.1.2.2.1.1.7 i 7"
        ),
        format!("snmptrap -v2c -c {community} {peer} {what}"),
        format!("snmptrap {v3} {peer} {what}"),
    ] {
        let words: Vec<&str> =
            line.split_whitespace().map(|word| if word == "''" { "" } else { word }).collect();
        let ran = fencelab_peers::run(Command::new(words[0]).env("MIBS", "").args(&words[1..]));
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.text());
        let mut buffer = [0; 2000];
        let length = socket.recv(&mut buffer).unwrap();
        datagrams.push((
            "10.0.0.5:50000".parse().unwrap(),
            "10.0.0.9:162".parse().unwrap(),
            buffer[..length].to_vec(),
        ));
    }
    let user = User::new(
        "aes",
        Some((AuthProtocol::Sha1, Secret::from(AUTH))),
        Some((PrivProtocol::Aes128, Secret::from(PRIVACY))),
    );
    let link = link(vec![Credential::User(user), Credential::Community(Secret::from(community))]);
    let imported = import("traps.pcap", &capture(&datagrams)[..], &Options::new(link.clone())).unwrap();
    assert_eq!(imported.warnings, [""; 0]);
    let transcript = &imported.dialogues[0].transcript;
    assert_clean("traps", transcript, &link);
    let kinds: Vec<(Side, String)> = transcript
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Say { from, body: Body::Object { value, .. } } => {
                let vars = value["vars"].to_string();
                assert!(vars.contains(r#"["1.3.6.1.2.1.2.2.1.1.7","integer",7]"#), "{vars}");
                Some((*from, value["pdu"].as_str().unwrap().to_owned()))
            }
            _ => None,
        })
        .collect();
    let device = |kind: &str| (Side::Device, kind.to_owned());
    assert_eq!(kinds, [device("trap-v1"), device("trap"), device("trap")]);
}
