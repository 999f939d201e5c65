//! Walking live devices: net-snmp's snmpd, and emulations of what devices do wrong.

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use common::{Shared, assert_clean, header};
use fencelab_link::live::LiveWorld;
use fencelab_link::memory::{MemoryWorld, Peer};
use fencelab_link::{Target, World};
use fencelab_peers::{SnmpUser, Snmpd, SnmpdSetup};
use fencelab_recorder::Tape;
use fencelab_recorder::export::snmprec;
use fencelab_recorder::walk::{Walk, WalkError, Walked, live};
use fencelab_transcript::Transcript;
use fencelab_wire::Secret;
use fencelab_wire::snmp::manager::Config;
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::walk::{Entry, snmprec as read_snmprec, snmpwalk};
use fencelab_wire::snmp::{Binding, Body, ErrorStatus, Message, Oid, Pdu, PduKind, Value, Version};

const COMMUNITY: &str = "s3cr3t-Zebra";

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

fn community(version: Version) -> Config {
    let (community, context) = (Some(Secret::from(COMMUNITY)), String::new());
    Config { version, community, user: None, level: Level::NoAuthNoPriv, context }
}

/// Walks; answers what came of it, and what is on the tape.
fn walk(walk: &Walk, target: &Target, world: &mut dyn World) -> (Result<Walked, WalkError>, Transcript) {
    let shared = Shared::default();
    let link = walk.link();
    let mut tape = Tape::to(Box::new(shared.clone()), header(&link), link.secrets().clone()).unwrap();
    let walked = live(walk, target, world, &mut tape, &mut |_| true);
    let text = shared.text();
    assert!(!text.contains(COMMUNITY), "the community is in the file");
    let transcript = Transcript::parse("walk", &text).unwrap();
    assert_clean("walk", &transcript, &link);
    (walked, transcript)
}

fn entries(transcript: &Transcript) -> BTreeMap<Oid, Value> {
    let exported = snmprec::export(transcript).unwrap();
    assert_eq!(exported.warnings, [""; 0]);
    read_snmprec(exported.text.as_bytes()).entries.into_iter().map(|it| (it.object, it.value)).collect()
}

#[test]
fn snmpd_walked_by_us_says_what_it_says_to_snmpwalk() {
    let user =
        SnmpUser { name: "lab", auth: Some(("SHA", "authphrase")), privacy: Some(("AES", "privphrase")) };
    let snmpd = Snmpd::start(&SnmpdSetup::new().community(COMMUNITY, false).user(user));
    let v3 = Config {
        version: Version::V3,
        community: None,
        user: Some(User::new(
            "lab",
            Some((AuthProtocol::Sha1, Secret::from("authphrase"))),
            Some((PrivProtocol::Aes128, Secret::from("privphrase"))),
        )),
        level: Level::AuthPriv,
        context: String::new(),
    };
    // What does not move while it is read.
    let roots = ["1.3.6.1.2.1.1.9.1.2", "1.3.6.1.2.1.1.9.1.3", "1.3.6.1.2.1.1.5.0"];
    let mut theirs = BTreeMap::new();
    for root in roots {
        let mut command = Command::new("snmpwalk");
        command.env("MIBS", "").args(["-On", "-v2c", "-c", COMMUNITY, &snmpd.peer(), root]);
        let walk = snmpwalk(fencelab_peers::run(&mut command).stdout.as_bytes());
        theirs.extend(walk.entries.into_iter().map(|Entry { object, value }| (object, value)));
    }
    assert!(theirs.len() > 15, "{theirs:?}");
    let target = Target::new(snmpd.address.ip().to_string(), snmpd.address.port());
    for login in [community(Version::V1), community(Version::V2c), v3] {
        let version = login.version;
        let order = Walk::new(login, roots.iter().map(|root| oid(root)).collect());
        let (walked, transcript) = self::walk(&order, &target, &mut LiveWorld::quiet());
        let walked = walked.unwrap();
        assert_eq!(walked.warnings, [""; 0], "{version}");
        assert_eq!(walked.objects, theirs.len() as u64, "{version}");
        let ours: BTreeMap<_, _> =
            entries(&transcript).into_iter().filter(|(object, _)| theirs.contains_key(object)).collect();
        assert_eq!(ours, theirs, "{version}");
    }
    let all = Walk::new(community(Version::V2c), vec![oid("1.3.6.1")]);
    let (walked, _) = self::walk(&all, &target, &mut LiveWorld::quiet());
    let walked = walked.unwrap();
    assert!(walked.objects > 300 && walked.warnings.is_empty(), "{walked:?}");
    let wrong = Config {
        user: Some(User::new("nobody", None, None)),
        version: Version::V3,
        ..community(Version::V3)
    };
    let (refused, transcript) =
        self::walk(&Walk::new(wrong, vec![oid("1.3")]), &target, &mut LiveWorld::quiet());
    assert!(matches!(refused, Err(WalkError::Refused { .. })), "{refused:?}");
    assert!(transcript.canonical().contains("\"report\""), "{transcript}");
}

type Answer = Box<dyn FnMut(&Pdu) -> Option<Pdu>>;

/// A device in memory that answers as a function says.
struct Device {
    answer: Answer,
    out: Vec<(SocketAddr, Vec<u8>)>,
    now: Duration,
}

impl Peer for Device {
    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        let Ok(Message::Community { version, community, body: Body::Pdu(pdu) }) = Message::parse(bytes)
        else {
            return;
        };
        self.now = now;
        if let Some(answer) = (self.answer)(&pdu) {
            let message = Message::Community { version, community, body: answer.into() };
            self.out.push((from, message.emit()));
        }
    }

    fn next(&self) -> Option<Duration> {
        (!self.out.is_empty()).then_some(self.now)
    }

    fn take(&mut self, _now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.out)
    }
}

fn emulated(
    version: Version,
    answer: impl FnMut(&Pdu) -> Option<Pdu> + 'static,
) -> (Result<Walked, WalkError>, Transcript) {
    let mut world = MemoryWorld::new(7);
    let device = Device { answer: Box::new(answer), out: Vec::new(), now: Duration::ZERO };
    world.route("pdu", 161, Rc::new(RefCell::new(device)));
    let order = Walk { objects_max: 500, ..Walk::new(community(version), vec![oid("1.3.6.1")]) };
    walk(&order, &Target::new("pdu", 161), &mut world)
}

/// The objects behind one, each arc counted up.
fn following(pdu: &Pdu, count: u32) -> Pdu {
    let object = &pdu.bindings[0].object;
    let start = object.as_arcs().get(4).copied().unwrap_or(0);
    let binding = |arc| Binding { object: Oid::from([1, 3, 6, 1, arc]), value: Value::Integer(arc.into()) };
    pdu.answer((start + 1..=start + count).map(binding).collect())
}

#[test]
fn a_device_that_goes_in_a_ring_or_never_ends_is_left() {
    let ring = |pdu: &Pdu| {
        let object = Oid::from([1, 3, 6, 1, 7]);
        Some(pdu.answer(vec![Binding { object, value: Value::Integer(1) }]))
    };
    for version in [Version::V1, Version::V2c] {
        let (walked, transcript) = emulated(version, ring);
        let walked = walked.unwrap();
        assert_eq!((walked.objects, walked.warnings.len()), (1, 1), "{walked:?}");
        assert!(transcript.events.len() < 12, "{transcript}");
    }
    let (walked, _) = emulated(Version::V2c, |pdu| Some(following(pdu, 25)));
    let walked = walked.unwrap();
    assert_eq!(walked.objects, 500, "{walked:?}");
    assert!(walked.warnings[0].contains("limit"), "{walked:?}");
    let (walked, _) = emulated(Version::V2c, |pdu| Some(pdu.answer(Vec::new())));
    assert_eq!(walked.unwrap().objects, 0);
}

#[test]
fn silence_is_asked_again_then_for_less_then_given_up() {
    // A device that is well at first, and later only answers short questions, and those at the second time.
    let mut asked = 0;
    let (walked, _) = emulated(Version::V2c, move |pdu| {
        asked += 1;
        let end = pdu.bindings[0].object.as_arcs().get(4).is_some_and(|arc| *arc >= 30);
        match (pdu.kind, end) {
            (PduKind::GetBulk, _) if asked > 1 && (pdu.max_repetitions() > 4 || asked % 2 == 0) => None,
            (_, false) => Some(following(pdu, 3)),
            (_, true) => Some(pdu.answer(vec![Binding {
                object: pdu.bindings[0].object.clone(),
                value: Value::EndOfMibView,
            }])),
        }
    });
    let walked = walked.unwrap();
    assert_eq!((walked.objects, walked.warnings.len()), (30, 0), "{walked:?}");
    let (walked, transcript) = emulated(Version::V1, |_| None);
    assert!(matches!(walked, Err(WalkError::Silent { .. })), "{walked:?}");
    assert_eq!(transcript.canonical().matches("get-next").count(), 4, "asked, and three times again");
    let (walked, transcript) = emulated(Version::V2c, |_| None);
    assert!(matches!(walked, Err(WalkError::Silent { .. })), "{walked:?}");
    let count = |word: &str| transcript.canonical().matches(word).count();
    assert_eq!((count("get-bulk"), count("get-next")), (4, 4), "whoever is not there is soon given up");
    let mut asked = 0;
    let (walked, _) = emulated(Version::V1, move |pdu| {
        asked += 1;
        (asked < 10).then(|| following(pdu, 1))
    });
    let walked = walked.unwrap();
    assert_eq!((walked.objects, walked.warnings.len()), (9, 1), "{walked:?}");
    assert!(walked.warnings[0].contains("silent"), "{walked:?}");
}

#[test]
fn v1_ends_by_an_error_and_a_refusal_is_told() {
    let end = |error| {
        emulated(Version::V1, move |pdu| {
            let at = pdu.bindings[0].object.as_arcs().get(4).copied().unwrap_or(0);
            Some(if at < 5 { following(pdu, 1) } else { pdu.refusal(error, 1) })
        })
    };
    let walked = end(ErrorStatus::NO_SUCH_NAME).0.unwrap();
    assert_eq!((walked.objects, walked.warnings.len()), (5, 0), "{walked:?}");
    let walked = end(ErrorStatus::GEN_ERR).0.unwrap();
    assert_eq!((walked.objects, walked.warnings.len()), (5, 1), "{walked:?}");
}

#[test]
fn progress_is_told_and_may_end_the_walk() {
    let mut world = MemoryWorld::new(7);
    let device =
        Device { answer: Box::new(|pdu| Some(following(pdu, 25))), out: Vec::new(), now: Duration::ZERO };
    world.route("pdu", 161, Rc::new(RefCell::new(device)));
    let order = Walk::new(community(Version::V2c), vec![oid("1.3.6.1")]);
    let link = order.link();
    let mut tape = Tape::to(Box::new(Shared::default()), header(&link), link.secrets().clone()).unwrap();
    let mut seen = Vec::new();
    let walked = live(&order, &Target::new("pdu", 161), &mut world, &mut tape, &mut |standing| {
        seen.push((standing.objects, standing.at.to_string()));
        seen.len() < 2
    });
    let walked = walked.unwrap();
    assert!(walked.is_cancelled);
    assert_eq!(seen, [(25, "1.3.6.1.25".to_owned()), (50, "1.3.6.1.50".to_owned())]);
}
