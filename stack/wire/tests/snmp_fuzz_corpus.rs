//! The fuzzer's corpus of SNMP, replayed; and where it comes from: questions and answers of our own two ends, and
//! walks written by hand.
//!
//! `FENCELAB_MAKE_CORPUS=1 cargo test -p fencelab-wire --test snmp_fuzz_corpus` writes the synthesised files anew.
//! Files whose names begin with `found-` are what the fuzzer found; they stay as they are.

#[path = "support/corpus.rs"]
mod corpus;
#[path = "../fuzz/snmp.rs"]
mod snmp;

use std::time::Duration;

use corpus::Input;
use fencelab_wire::snmp::agent::Received;
use fencelab_wire::snmp::manager::{Config, Manager, Progress};
use fencelab_wire::snmp::{Binding, Body, Distortion, Message, Oid, PduKind, TrapV1, Value, Version};
use proptest::prelude::*;
use snmp::input::counting;
use snmp::{PASSWORD, bindings, device, echo, logins, take};

/// Who asks finds out what must be known, asks, and is answered. Panics unless it comes to an end as it should.
fn session(login: Config, broken: Option<Distortion>) -> Vec<u8> {
    let (mut manager, mut for_manager) = (Manager::new(login).expect("a login"), counting());
    let (mut device, mut for_device) = (device(), counting());
    let mut input = Input::default();
    let switch = Binding { object: Oid::from([1, 3, 6, 1, 4, 1, 318, 4, 3]), value: Value::Integer(2) };
    let mut asked = [(PduKind::GetNext, bindings()), (PduKind::Set, vec![switch])].into_iter();
    let mut send = manager.request(Duration::ZERO, PduKind::Get, bindings(), &mut for_manager);
    for second in 0.. {
        let now = Duration::from_secs(second);
        input.record_request(&send);
        let reply = match device.receive(now, &mut for_device, &send) {
            Received::Reply(reply) => reply,
            Received::Request(request) => {
                let answer = echo(&request.pdu);
                device.respond_with(now, &request.ticket, &answer, broken, &mut for_device)
            }
            Received::Nothing(why) => panic!("the device is silent: {why}"),
        };
        input.record_answer(&reply);
        send = match manager.receive(now, &reply, &mut for_manager) {
            Ok(Progress::Send(next)) => next,
            Ok(Progress::Answer(_)) => match asked.next() {
                Some((kind, bindings)) => manager.request(now, kind, bindings, &mut for_manager),
                None => break,
            },
            _ if broken.is_some() => break,
            other => panic!("{other:?}"),
        };
    }
    input.0
}

const WALK: &str = ".1.3.6.1.2.1.1.1.0 = STRING: \"A \\\"PDU\\\"\nof two lines\"\n\
                    SNMPv2-MIB::sysUpTime.0 = Timeticks: (42) 0:00:00.42\n\
                    IF-MIB::ifAdminStatus.1 = INTEGER: up(1)\n\
                    .1.3.6.1.4.1.9.1.0 = Hex-STRING: 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F \n10 11   [..]\n\
                    .1.3.6.1.4.1.9.2.0 0:0:00:01.00\n\
                    iso.3.6.1.4.1.9.3.0 = Opaque: Float: 1.5\n";

const RECORD: &str = "# a device\n1.3.6.1.2.1.1.1.0|4|A PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.318\n1.3.6.1.2.1.1.3.0|67|42\n\
                      1.3.6.1.4.1.9.1|4x|00ff\n1.3.6.1.4.1.9.2|64|10.0.0.1\n1.3.6.1.4.1.9.3|70|18446744073709551615\n\
                      1.3.6.1.4.1.9.4|4:writecache|value=one\n1.3.6.1.4.1.9.5|65:numeric|initial=5,rate=1\n1.3.6.1.4.1.9.6|4e|a\\x00\n";

/// Everything synthesised, by file name.
fn synthesised() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for login in logins() {
        let name = match login.version {
            Version::V3 => format!("v3-{}", login.level.name()),
            version => format!("v{version}"),
        };
        files.push((name, session(login, None)));
    }
    for distortion in Distortion::ALL {
        let login = logins().remove(1);
        files.push((format!("broken-{}", distortion.name()), session(login, Some(distortion))));
    }
    let trap = TrapV1 {
        enterprise: Oid::from([1, 3, 6, 1, 4, 1, 318]),
        agent: [10, 0, 0, 1],
        generic: 6,
        specific: 5,
        ticks: 42,
        bindings: bindings(),
    };
    let body = Body::TrapV1(trap);
    let mut input = Input::default();
    input
        .record_answer(&Message::Community { version: Version::V1, community: PASSWORD.into(), body }.emit());
    files.push(("trap-v1".to_owned(), input.0));
    files.push(("walk-snmpwalk".to_owned(), WALK.into()));
    files.push(("walk-snmprec".to_owned(), RECORD.into()));
    files
}

corpus::corpus_tests!("snmp", synthesised, take);
