//! What the fuzz target of SNMP does with its input (a dialogue, see `input.rs`; also a walk as text), shared with
//! the test that replays the corpus.

#[path = "input.rs"]
pub(crate) mod input;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use fencelab_wire::snmp::agent::{self, Agent, Received};
use fencelab_wire::snmp::body::{from_json, to_json};
use fencelab_wire::snmp::describe::describe;
use fencelab_wire::snmp::dissect::dissect;
use fencelab_wire::snmp::manager::{self, Manager};
use fencelab_wire::snmp::tap::{Credential, Tap};
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::walk::{Walk, snmprec, snmpwalk, to_snmprec};
use fencelab_wire::snmp::{Binding, Distortion, Message, Oid, Pdu, PduKind, Version};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use input::{counting, dialogue};

/// The lab's community, and the passphrase of its user.
pub(crate) const PASSWORD: &str = "fencelab";

/// The lab's user. Its keys are costly, so it is made once.
pub(crate) fn user() -> User {
    static USER: LazyLock<User> = LazyLock::new(|| {
        let auth = Some((AuthProtocol::Sha1, PASSWORD.into()));
        User::new("lab", auth, Some((PrivProtocol::Aes128, PASSWORD.into())))
    });
    USER.clone()
}

/// An agent that takes everything that it can.
pub(crate) fn device() -> Agent {
    Agent::new(Arc::new(agent::Config {
        versions: Version::ALL.into(),
        communities: vec![PASSWORD.into()],
        users: vec![user()],
        engine_id: b"\x80\x00\x01\x3e\x04lab".to_vec(),
        max_size: 1472,
    }))
}

/// How those ask who listen.
pub(crate) fn logins() -> Vec<manager::Config> {
    let old = |version| manager::Config {
        version,
        community: Some(PASSWORD.into()),
        user: None,
        level: Level::NoAuthNoPriv,
        context: String::new(),
    };
    let new = |level| manager::Config { user: Some(user()), level, community: None, ..old(Version::V3) };
    let levels = Level::ALL.into_iter().map(new);
    [old(Version::V1), old(Version::V2c)].into_iter().chain(levels).collect()
}

/// What is asked.
pub(crate) fn bindings() -> Vec<Binding> {
    vec![Binding::ask(Oid::from([1, 3, 6, 1, 2, 1, 1, 2, 0]))]
}

/// Hands the input to everything that reads bytes from outside; it must not panic, nor lose a byte.
pub(crate) fn take(input: &[u8]) {
    texts(input);
    let (mut device, mut for_device) = (device(), counting());
    let mut managers: Vec<_> = logins()
        .into_iter()
        .filter_map(|login| Manager::new(login).ok())
        .map(|manager| (manager, counting()))
        .collect();
    for (manager, random) in &mut managers {
        manager.request(Duration::ZERO, PduKind::Get, bindings(), random);
    }
    let mut tap = Tap::new(vec![Credential::Community(PASSWORD.into()), Credential::User(user())]);
    for (second, (direction, datagram)) in (0..).zip(dialogue(input)) {
        let now = Duration::from_secs(second);
        message(datagram);
        if direction == Direction::ToDevice {
            if let Received::Request(request) = device.receive(now, &mut for_device, datagram) {
                let answer = echo(&request.pdu);
                device.respond(now, &request.ticket, &answer, &mut for_device);
            }
        } else {
            for (manager, random) in &mut managers {
                // Whatever it says to it.
                let _ = manager.receive(now, datagram, random);
            }
        }
        let seen = tap.observe(direction, datagram);
        let said = seen.iter().filter(|seen| matches!(seen, Seen::Say { .. } | Seen::Opaque { .. })).count();
        assert_eq!(said, 1, "nothing is lost, nothing is told twice");
        for seen in seen {
            if let Seen::Say { value, .. } = seen {
                assert!(!describe(&value).starts_with("not "), "the listener's own words are read back");
            }
        }
    }
}

/// A datagram as a message: read, emitted, told, broken.
fn message(datagram: &[u8]) {
    assert!(!dissect(datagram).is_empty());
    let Ok(parsed) = Message::parse_prefix(datagram) else { return };
    assert!(parsed.length <= datagram.len() && parsed.auth.end <= datagram.len());
    let emitted = parsed.message.emit();
    assert_eq!(Message::parse(&emitted).as_ref(), Ok(&parsed.message));
    if let Some(body) = parsed.message.body() {
        assert_eq!(from_json(&to_json(body, b"")).map(|(body, _)| body).as_ref(), Ok(body));
    }
    for distortion in Distortion::ALL {
        let broken = distortion.apply(datagram);
        assert!(!dissect(&broken).is_empty());
        if distortion == Distortion::LongLengths {
            // What is read in the broken one is what was said.
            let same = Message::parse(&Distortion::LongLengths.apply(&emitted));
            assert_eq!(same.as_ref(), Ok(&parsed.message));
        }
    }
}

/// The input as a walk.
fn texts(input: &[u8]) {
    for Walk { entries, .. } in [snmprec(input), snmpwalk(input)] {
        assert!(entries.windows(2).all(|pair| pair[0].object < pair[1].object));
        assert_eq!(snmprec(to_snmprec(&entries).as_bytes()).entries, entries);
    }
}

/// The answer of a device that says back what it is asked.
pub(crate) fn echo(pdu: &Pdu) -> Pdu {
    pdu.answer(pdu.bindings.clone())
}
