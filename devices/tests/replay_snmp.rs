//! Strict replay of SNMP: a hand-made transcript, and those of the corpus, said again to a manager.

#[path = "support/snmp.rs"]
mod support;

use std::path::Path;
use std::time::Duration;

use fencelab_devices::{Credentials, Device, DeviceSpec, Power, corpus};
use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::snmp::manager::{Config, Manager, Progress};
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::{Binding, ErrorStatus, Pdu, PduKind, Value, Version, body};
use serde_json::json;
use support::{ms, peer};

const OUTLET: &str = "1.3.6.1.4.1.318.1.1.4.4.2.1.3";

/// What was recorded of an off of outlet 3, with a poll before and after, and a reboot of outlet 5; outlet 7 was looked at.
/// Line 1 is the header.
fn recorded(open: &serde_json::Value) -> Transcript {
    let get = |n: u32, id: i32| json!({"pdu": "get", "id": id, "vars": [[format!("{OUTLET}.{n}")]]});
    let value = |pdu: &str, n: u32, id: i32, value: i64| json!({"pdu": pdu, "id": id, "vars": [[format!("{OUTLET}.{n}"), "integer", value]]});
    let says =
        |t: f64, from: &str, snmp: serde_json::Value| json!({"t": t, "s": 1, "from": from, "snmp": snmp});
    let lines = [
        json!({"transcript": "1.0", "device": {"vendor": "APC", "model": "MasterSwitch"}, "link": {"protocol": "snmp", "transport": "udp", "port": 161}}),
        json!({"t": 0.0, "s": 0, "mark": "begin", "action": "off", "plug": "3", "before": {"3": "on"}}),
        json!({"t": 0.1, "s": 1, "open": open}),
        says(0.1, "agent", get(3, 11)),
        says(0.12, "device", value("response", 3, 11, 1)),
        says(0.2, "agent", value("set", 3, 12, 2)),
        // The answer was late, and the agent has asked once more.
        says(1.2, "agent", value("set", 3, 12, 2)),
        says(1.25, "device", value("response", 3, 12, 2)),
        says(2.0, "agent", get(3, 13)),
        says(2.07, "device", value("response", 3, 13, 2)),
        json!({"t": 2.1, "s": 0, "mark": "end", "action": "off", "plug": "3", "exit": 0}),
        json!({"t": 2.2, "s": 0, "mark": "begin", "action": "reboot", "plug": "5"}),
        says(2.3, "agent", value("set", 5, 14, 2)),
        says(2.4, "device", value("response", 5, 14, 2)),
        says(2.5, "agent", value("set", 5, 15, 1)),
        says(2.6, "device", value("response", 5, 15, 1)),
        json!({"t": 2.7, "s": 0, "mark": "end", "action": "reboot", "plug": "5", "exit": 0}),
        json!({"t": 2.8, "s": 0, "mark": "begin", "action": "status", "plug": "7"}),
        says(2.9, "agent", get(7, 16)),
        says(3.0, "device", value("response", 7, 16, 2)),
        json!({"t": 3.1, "s": 0, "mark": "end", "action": "status", "plug": "7", "exit": 2}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    Transcript::parse("recorded.jsonl", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn v2c() -> Transcript {
    recorded(&json!({"version": "2c", "access": 1}))
}

/// One who asks a replay, in virtual time.
struct Partner {
    device: Device,
    now: Duration,
    manager: Manager,
    random: u8,
}

fn config(version: Version, auth: AuthProtocol, privacy: PrivProtocol) -> Config {
    let login = Credentials::default();
    let secret = || login.password.as_str().into();
    let user = User::new(login.user.as_str(), Some((auth, secret())), Some((privacy, secret())));
    Config {
        version,
        community: Some(secret()),
        user: Some(user),
        level: Level::AuthPriv,
        context: String::new(),
    }
}

impl Partner {
    fn new(transcript: &Transcript, config: Config) -> Self {
        let spec = DeviceSpec::from_transcript(transcript.clone()).unwrap_or_else(|error| panic!("{error}"));
        let device = Device::new(spec, &Credentials::default(), 9);
        Self { device, now: Duration::ZERO, manager: Manager::new(config).unwrap(), random: 0 }
    }

    fn v2c() -> Self {
        Self::new(&v2c(), config(Version::V2c, AuthProtocol::Sha1, PrivProtocol::Aes128))
    }

    /// Asks; the answer, if there is one within ten seconds.
    fn ask(&mut self, kind: PduKind, error: i32, index: i32, bindings: Vec<Binding>) -> Option<Pdu> {
        let mut next = self.random;
        let mut random = |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_mul(5).wrapping_add(1);
                *byte = next;
            }
        };
        let mut datagram = match kind {
            PduKind::GetBulk => {
                let (first, most) = (u16::try_from(error).unwrap(), u16::try_from(index).unwrap());
                self.manager.bulk(self.now, first, most, bindings, &mut random)
            }
            _ => self.manager.request(self.now, kind, bindings, &mut random),
        };
        let until = self.now + ms(10_000);
        let mut answered = None;
        while answered.is_none() {
            self.device.handle(self.now, 0, peer(), &datagram);
            let mut outputs = self.device.take_output(self.now);
            while outputs.is_empty() {
                let wake = self.device.next_wake().filter(|wake| *wake <= until);
                let Some(wake) = wake else { break };
                self.now = wake;
                outputs = self.device.take_output(wake);
            }
            let Some(output) = outputs.into_iter().next() else { break };
            match self.manager.receive(self.now, &output.bytes, &mut random).unwrap() {
                Progress::Send(again) => datagram = again,
                Progress::Answer(pdu) => answered = Some(pdu),
                other => panic!("{other:?}"),
            }
        }
        self.random = next;
        answered
    }

    /// A Get of an outlet; its value.
    fn get(&mut self, outlet: u32) -> Result<Value, ErrorStatus> {
        let asked = vec![Binding::ask(support::at(OUTLET, outlet))];
        said(self.ask(PduKind::Get, 0, 0, asked))
    }

    fn set(&mut self, outlet: u32, value: i64) -> Result<Value, ErrorStatus> {
        let asked = vec![Binding { object: support::at(OUTLET, outlet), value: Value::Integer(value) }];
        said(self.ask(PduKind::Set, 0, 0, asked))
    }

    fn truth(&mut self, plug: &str) -> Option<Power> {
        self.device.advance(self.now);
        self.device.plant().power_at(plug, self.now)
    }

    /// All that was recorded, once.
    fn all(&mut self) {
        assert_eq!(self.get(3), Ok(Value::Integer(1)));
        assert_eq!(self.set(3, 2), Ok(Value::Integer(2)));
        assert_eq!(self.truth("3"), Some(Power::Off));
        assert_eq!(self.get(3), Ok(Value::Integer(2)));
        assert_eq!(self.set(5, 2), Ok(Value::Integer(2)));
        assert_eq!(self.truth("5"), Some(Power::Off));
        assert_eq!(self.set(5, 1), Ok(Value::Integer(1)));
        assert_eq!(self.truth("5"), Some(Power::On));
        assert_eq!(self.get(7), Ok(Value::Integer(2)));
    }
}

fn said(answer: Option<Pdu>) -> Result<Value, ErrorStatus> {
    let answer = answer.expect("an answer");
    if answer.error.is_ok() { Ok(answer.bindings[0].value.clone()) } else { Err(answer.error) }
}

#[test]
fn the_same_dialogue_gets_the_same_answers_again_and_again() {
    let mut partner = Partner::v2c();
    partner.all();
    // From the start again: the outlet is still off, and is switched off once more.
    partner.all();
    partner.all();
    assert_eq!(partner.device.divergences(), []);
}

#[test]
fn plugs_are_those_of_the_marks_as_they_were_at_the_start() {
    let mut partner = Partner::v2c();
    let names: Vec<String> =
        partner.device.plant().plugs().iter().map(|plug| plug.name().to_owned()).collect();
    assert_eq!(names, ["3", "5", "7"]);
    // Told by `before`; told by nothing; told by a status that ended with 2.
    assert_eq!(
        ["3", "5", "7", "4"].map(|plug| partner.truth(plug)),
        [Some(Power::On), Some(Power::On), Some(Power::Off), None]
    );
}

#[test]
fn a_deviation_is_told_with_its_line_and_answered_with_an_error() {
    let mut partner = Partner::v2c();
    assert_eq!(partner.get(3), Ok(Value::Integer(1)));
    assert_eq!(partner.set(4, 2), Err(ErrorStatus::GEN_ERR));
    let [divergence] = partner.device.divergences() else { panic!() };
    // The Set of outlet 3 stands in line 6.
    assert_eq!(divergence.line, Some(6));
    assert_eq!(divergence.expected, format!("set {OUTLET}.3"));
    assert_eq!(divergence.came, format!("set {OUTLET}.4"));
    assert_eq!(partner.truth("3"), Some(Power::On));
    // Another value is another request, too.
    assert_eq!(partner.set(3, 1), Err(ErrorStatus::GEN_ERR));
    assert_eq!(partner.device.divergences().len(), 2);
    // The record goes on where it was.
    assert_eq!(partner.set(3, 2), Ok(Value::Integer(2)));
    assert_eq!(partner.truth("3"), Some(Power::Off));
    assert_eq!(partner.device.divergences().len(), 2);
}

#[test]
fn a_request_that_is_sent_again_is_answered_again_and_moves_nothing() {
    let mut partner = Partner::v2c();
    assert_eq!(partner.get(3), Ok(Value::Integer(1)));
    assert_eq!(partner.get(3), Ok(Value::Integer(1)));
    assert_eq!(partner.set(3, 2), Ok(Value::Integer(2)));
    let (plant, now) = (partner.device.plant_mut(), partner.now);
    assert!(plant.set(now, "3", Power::On));
    assert_eq!(partner.set(3, 2), Ok(Value::Integer(2)));
    assert_eq!(partner.truth("3"), Some(Power::On), "the retransmission moved the plug");
    assert_eq!(partner.get(3), Ok(Value::Integer(2)));
    assert_eq!(partner.device.divergences(), []);
}

#[test]
fn of_two_equal_polls_the_first_sent_again_is_not_the_second() {
    let open = json!({"version": "2c", "access": 1});
    let poll = |id: i32, state: Option<i64>| {
        let mut pdu = json!({"pdu": "get", "id": id, "vars": [[format!("{OUTLET}.3")]]});
        if let Some(state) = state {
            pdu["pdu"] = "response".into();
            pdu["vars"] = json!([[format!("{OUTLET}.3"), "integer", state]]);
        }
        let from = if state.is_some() { "device" } else { "agent" };
        format!("{}\n", json!({"t": 4.0, "s": 1, "from": from, "snmp": pdu}))
    };
    // Still on, then off: two questions that differ in their number alone.
    let polls = [poll(21, None), poll(21, Some(1)), poll(22, None), poll(22, Some(2))].concat();
    let head = recorded(&open).canonical().lines().next().unwrap().to_owned();
    let text = format!("{head}\n{}\n{polls}", json!({"t": 0.1, "s": 1, "open": open}));
    let transcript = Transcript::parse("polls.jsonl", &text).unwrap_or_else(|error| panic!("{error}"));
    let mut partner =
        Partner::new(&transcript, config(Version::V2c, AuthProtocol::Sha1, PrivProtocol::Aes128));
    // The answer to the first poll is lost: the manager sends the same datagram again.
    let mut random = |bytes: &mut [u8]| bytes.fill(7);
    let poll = vec![Binding::ask(support::at(OUTLET, 3))];
    let datagram = partner.manager.request(partner.now, PduKind::Get, poll, &mut random);
    partner.device.handle(partner.now, 0, peer(), &datagram);
    assert_eq!(partner.device.take_output(partner.now).len(), 1);
    let datagram = partner.manager.retransmit(partner.now, &mut random);
    partner.device.handle(partner.now, 0, peer(), &datagram);
    let output = partner.device.take_output(partner.now).remove(0);
    let progress = partner.manager.receive(partner.now, &output.bytes, &mut random).unwrap();
    let Progress::Answer(answer) = progress else { panic!("{progress:?}") };
    assert_eq!(said(Some(answer)), Ok(Value::Integer(1)));
    assert_eq!(partner.get(3), Ok(Value::Integer(2)));
    assert_eq!(partner.device.divergences(), []);
}

#[test]
fn recorded_timing_is_kept_on_request() {
    for (keep, took) in [(false, [0, 0, 0]), (true, [20, 1050, 70])] {
        let mut partner = Partner::v2c();
        partner.device.keep_recorded_timing(keep);
        let mut times = Vec::new();
        for step in 0..3 {
            let asked = partner.now;
            let answer = if step == 1 { partner.set(3, 2) } else { partner.get(3) };
            assert!(answer.is_ok());
            times.push(partner.now - asked);
        }
        // The Set was sent twice: its answer came 1050 ms after it was said first.
        assert_eq!(times, took.map(ms), "{keep}");
    }
}

#[test]
fn a_user_with_the_recorded_protocols_is_answered_in_v3() {
    let open = json!({"version": "3", "user": "admin", "level": "authPriv", "auth": "SHA-256", "privacy": "AES-256"});
    let ours = config(Version::V3, AuthProtocol::Sha256, PrivProtocol::Aes256);
    let mut partner = Partner::new(&recorded(&open), ours);
    partner.all();
    partner.all();
    assert_eq!(partner.device.divergences(), []);
    // Only version 3 was spoken to this device.
    let mut other =
        Partner::new(&recorded(&open), config(Version::V2c, AuthProtocol::Sha1, PrivProtocol::Aes128));
    assert_eq!(other.ask(PduKind::Get, 0, 0, vec![Binding::ask(support::at(OUTLET, 3))]), None);
}

#[test]
fn a_wrong_community_is_not_answered() {
    let mut wrong = config(Version::V2c, AuthProtocol::Sha1, PrivProtocol::Aes128);
    wrong.community = Some("public".into());
    let mut partner = Partner::new(&v2c(), wrong);
    assert_eq!(partner.ask(PduKind::Get, 0, 0, vec![Binding::ask(support::at(OUTLET, 3))]), None);
    assert_eq!(partner.device.divergences(), []);
}

/// A question of a transcript with its answer, and how it was asked.
struct Turn {
    line: usize,
    version: Version,
    asked: Pdu,
    answered: Option<Pdu>,
}

fn turns(transcript: &Transcript) -> Vec<Turn> {
    let (mut versions, mut turns) = (Vec::new(), Vec::<Turn>::new());
    for (index, event) in transcript.events.iter().enumerate() {
        match &event.kind {
            Kind::Open(details) => {
                let version = details.get("version").and_then(|version| version.as_str()).unwrap_or_default();
                versions.push((event.session, version.parse::<Version>().unwrap()));
            }
            Kind::Say { from, body: Body::Object { protocol, value } } if protocol == "snmp" => {
                let (said, _) = body::from_json(value).unwrap();
                let Some(pdu) = said.pdu() else { continue };
                match from {
                    // Discovery asks for nothing.
                    Side::Agent if !pdu.bindings.is_empty() => {
                        let known = versions.iter().find(|(session, _)| *session == event.session);
                        let version = known.unwrap_or_else(|| panic!("session {}", event.session)).1;
                        turns.push(Turn { line: index + 2, version, asked: pdu.clone(), answered: None });
                    }
                    Side::Device if pdu.kind == PduKind::Response => {
                        let asked = |turn: &&mut Turn| turn.asked.request_id == pdu.request_id;
                        let turn = turns.iter_mut().rev().find(asked).expect("a question");
                        turn.answered = Some(pdu.clone());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    turns
}

#[test]
fn every_snmp_transcript_of_the_corpus_replays_to_its_own_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let folders = corpus::folders(&root).unwrap_or_else(|error| panic!("{error}"));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(&folder.path).unwrap());
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let mut compared = 0;
    for path in &paths {
        let transcript = Transcript::load(path).unwrap_or_else(|error| panic!("{error}"));
        if transcript.header.link.protocol != "snmp" {
            continue;
        }
        let all = turns(&transcript);
        let config = |version| config(version, AuthProtocol::Sha1, PrivProtocol::Aes128);
        let mut partner = Partner::new(&transcript, config(Version::V2c));
        for turn in all.iter().chain(&all) {
            if partner.manager.config().version != turn.version {
                partner.manager = Manager::new(config(turn.version)).unwrap();
            }
            let Pdu { kind, request_id: _, error, index, bindings } = turn.asked.clone();
            let came = partner.ask(kind, error.0, index, bindings);
            let came = came.map(|pdu| Pdu { request_id: turn.asked.request_id, ..pdu });
            assert_eq!(came, turn.answered, "{}:{}", path.display(), turn.line);
            compared += 1;
        }
        assert_eq!(partner.device.divergences(), [], "{}", path.display());
    }
    assert!(compared > 200, "{compared} answers were compared");
}
