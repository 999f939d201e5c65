//! Recordings made by hand: a small device that says what it is told to say, and a tape of what was said.

use std::collections::BTreeMap;
use std::time::Duration;

use fencelab_devices::learn::Named;
use fencelab_transcript::{DeviceIdentity, Event, Header, LinkInfo, Map, Mark, Side, Transcript};
use fencelab_wire::snmp::{Binding, Body, ErrorStatus, Oid, Pdu, PduKind, Value, body};
use serde_json::json;

/// A table of objects, and a tape.
pub struct Tape {
    pub objects: BTreeMap<Oid, Value>,
    events: Vec<Event>,
    now: Duration,
    id: i32,
}

impl Tape {
    pub fn new(objects: &[(&str, i64)]) -> Self {
        let objects = objects.iter().map(|(object, value)| (oid(object), Value::Integer(*value)));
        let details: Map =
            [("version".to_owned(), json!("1")), ("access".to_owned(), json!(1))].into_iter().collect();
        Tape {
            objects: objects.collect(),
            events: vec![Event::open(Duration::ZERO, 1, details)],
            now: Duration::ZERO,
            id: 1,
        }
    }

    pub fn put(&mut self, object: &str, value: impl Into<i64>) {
        self.objects.insert(oid(object), Value::Integer(value.into()));
    }

    pub fn text(&mut self, object: &str, value: &str) {
        self.objects.insert(oid(object), Value::text(value));
    }

    pub fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    pub fn begin(&mut self, action: &str, plug: &str) {
        self.wait(1);
        self.events.push(Event::mark(self.now, 0, Mark::begin(action, Some(plug.to_owned()))));
        self.wait(1);
    }

    pub fn end(&mut self, action: &str, plug: &str, exit: i32) {
        self.wait(1);
        self.events.push(Event::mark(self.now, 0, Mark::end(action, Some(plug.to_owned()), Some(exit))));
        self.wait(1);
    }

    pub fn get(&mut self, object: &str) {
        let object = oid(object);
        let answer = self.objects.get(&object).cloned();
        self.exchange(
            PduKind::Get,
            Binding::ask(object.clone()),
            match answer {
                Some(value) => Ok(Binding { object, value }),
                None => Err(ErrorStatus::NO_SUCH_NAME),
            },
        );
    }

    /// Writes; what that does to the objects is the test's business.
    pub fn set(&mut self, object: &str, value: impl Into<i64>) {
        let binding = Binding { object: oid(object), value: Value::Integer(value.into()) };
        self.exchange(PduKind::Set, binding.clone(), Ok(binding));
    }

    pub fn set_text(&mut self, object: &str, value: &str) {
        let binding = Binding { object: oid(object), value: Value::text(value) };
        self.exchange(PduKind::Set, binding.clone(), Ok(binding));
    }

    pub fn refused(&mut self, object: &str, value: i64) {
        let binding = Binding { object: oid(object), value: Value::Integer(value) };
        self.exchange(PduKind::Set, binding, Err(ErrorStatus::BAD_VALUE));
    }

    /// Walks everything below.
    pub fn walk(&mut self, root: &str) {
        let root = oid(root);
        let mut at = root.clone();
        loop {
            let next =
                self.objects.iter().find(|(object, _)| **object > at).map(|(o, v)| (o.clone(), v.clone()));
            let ask = Binding::ask(at.clone());
            let Some((object, value)) = next else {
                self.exchange(PduKind::GetNext, ask, Err(ErrorStatus::NO_SUCH_NAME));
                return;
            };
            self.exchange(PduKind::GetNext, ask, Ok(Binding { object: object.clone(), value }));
            if !object.starts_with(&root) {
                return;
            }
            at = object;
        }
    }

    fn exchange(&mut self, kind: PduKind, ask: Binding, answer: Result<Binding, ErrorStatus>) {
        self.id += 1;
        let request = Pdu::new(kind, self.id, vec![ask.clone()]);
        let response = match answer {
            Ok(binding) => request.answer(vec![binding]),
            Err(error) => request.refusal(error, 1),
        };
        for (side, pdu) in [(Side::Agent, request), (Side::Device, response)] {
            self.wait(1);
            let value = body::to_json(&Body::Pdu(pdu), b"");
            self.events.push(Event::say_object(self.now, 1, side, "snmp", value));
        }
    }

    pub fn cut(&mut self, name: &str) -> Named {
        let device = DeviceIdentity::new("ACME", "PDU 8");
        let header = Header::new(device, LinkInfo::new("snmp", "udp", 161));
        let events = std::mem::take(&mut self.events);
        let details: Map =
            [("version".to_owned(), json!("1")), ("access".to_owned(), json!(1))].into_iter().collect();
        self.now = Duration::ZERO;
        self.events.push(Event::open(Duration::ZERO, 1, details));
        Named { name: name.to_owned(), transcript: Transcript { header, events } }
    }
}

pub fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// A PDU with a status column (1 on, 2 off) at 9.5.4.N, orders at 9.3.4.N, names at 9.5.2.N.
pub struct Pdu8 {
    pub tape: Tape,
    /// From order to truth.
    pub delay: u64,
    pub status: String,
    pub control: String,
}

pub const STATUS: &str = "1.3.6.1.4.1.99.1.5.4";
pub const CONTROL: &str = "1.3.6.1.4.1.99.1.3.4";
pub const NAMES: &str = "1.3.6.1.4.1.99.1.5.2";

impl Pdu8 {
    pub fn new() -> Self {
        let mut tape = Tape::new(&[]);
        for plug in 1..=8 {
            tape.put(&format!("{STATUS}.{plug}"), if plug == 7 { 2 } else { 1 });
            tape.text(&format!("{NAMES}.{plug}"), &format!("Outlet {plug}"));
        }
        Pdu8 { tape, delay: 1500, status: STATUS.to_owned(), control: CONTROL.to_owned() }
    }

    /// As a fence agent switches: look, order, look until it is so.
    pub fn switch(&mut self, action: &str, plug: u32) {
        let name = plug.to_string();
        let (status, control) = (format!("{}.{plug}", self.status), format!("{}.{plug}", self.control));
        let code = if action == "on" { 1 } else { 2 };
        self.tape.begin(action, &name);
        self.tape.get(&status);
        self.tape.set(&control, code);
        let mut since = 0;
        loop {
            if since >= self.delay {
                self.tape.put(&status, code);
            }
            self.tape.get(&status);
            if since >= self.delay {
                break;
            }
            self.tape.wait(998);
            since += 1000;
        }
        self.tape.end(action, &name, 0);
    }

    pub fn status(&mut self, plug: u32) {
        let status = format!("{}.{plug}", self.status);
        let on = self.tape.objects.get(&oid(&status)) == Some(&Value::Integer(1));
        self.tape.begin("status", &plug.to_string());
        self.tape.get(&status);
        self.tape.end("status", &plug.to_string(), if on { 0 } else { 2 });
    }

    pub fn list(&mut self) {
        self.tape.begin("list", "");
        self.tape.walk(NAMES);
        self.tape.end("list", "", 0);
    }
}
