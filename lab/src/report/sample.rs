//! A finding made by hand, for the tests of all that shows findings.

use std::time::Duration;

use fencelab_devices::Power;
use fencelab_suites::report::{DeviceNote, Said};
use fencelab_suites::truth::Truth;
use fencelab_suites::{Action, Class, Finding, Login, Mode, Report, Told};
use fencelab_transcript::{DeviceIdentity, Event, Header, LinkInfo, Mark, Side, Transcript};
use serde_json::json;

/// An off of plug 3 that said it was off, as the device had said, while it was on. Plug 1 is off, all others are on.
pub(super) fn finding(plugs: usize) -> Finding {
    let initial = (1..=plugs).map(|plug| (plug.to_string(), if plug == 1 { Power::Off } else { Power::On }));
    let truth = Truth::new(initial);
    let at = Duration::from_millis;
    let plug = Some(String::from("3"));
    let object = "1.3.6.1.4.1.318.1.1.4.4.2.1.3.3";
    let ask = json!({"pdu": "get", "id": 7, "vars": [[object]]});
    let answer = json!({"pdu": "response", "id": 7, "vars": [[object, "integer", 2]]});
    let events = vec![
        Event::mark(at(0), 0, Mark::begin("off", plug.clone())),
        Event::say_object(at(1), 1, Side::Agent, "snmp", ask),
        Event::say_object(at(2), 1, Side::Device, "snmp", answer),
        Event::mark(at(9), 0, Mark::end("off", plug, Some(0))),
    ];
    let header = Header::new(DeviceIdentity::new("ACME", "PDU"), LinkInfo::new("snmp", "udp", Some(161)));
    Finding {
        id: String::from("0badcafe"),
        cause: String::from("C1"),
        agent: String::from("/opt/fence_mine"),
        device: String::from("acme/pdu"),
        check: String::from("no-false-off"),
        action: Action::Off,
        plugs: vec![String::from("3")],
        power: String::from("on"),
        class: Class::Lie,
        fault: String::from("stale(9s)"),
        fault_class: String::from("stale"),
        options: Vec::new(),
        shape: String::new(),
        impostor: None,
        mode: Mode::Stdin,
        service: false,
        login: Login::Right,
        condition: String::from("where the device tells what is not so"),
        told: vec![Told { at: at(2), plug: String::from("3"), power: Some(Power::Off) }],
        seed: 1,
        rate: (3, 3),
        evidence: String::from("off exit 0, but plug 3 was never off"),
        replay: String::from("fencelab test acme/pdu --agent /opt/fence_mine --fault 'stale(9s)'"),
        timeline: truth.describe(),
        truth,
        span: (at(1), at(10)),
        neighbour: None,
        said: Said { exit: String::from("exit 0"), ..Said::default() },
        dialogue: Vec::new(),
        transcript: Some(Transcript { header, events }),
        expected: None,
    }
}

/// A report that knows the device.
pub(super) fn report() -> Report {
    let note = DeviceNote { id: String::from("acme/pdu"), provenance: String::from("described") };
    Report {
        seed: 1,
        budget: Duration::ZERO,
        took: Duration::ZERO,
        devices: vec![note],
        cells: Vec::new(),
        causes: Vec::new(),
        mended: Vec::new(),
        troubles: Vec::new(),
    }
}
