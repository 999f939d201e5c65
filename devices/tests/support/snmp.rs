//! An emulated PDU and a manager that asks it by hand-made PDUs, in virtual time.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::{Credentials, Device, DeviceSpec, Fault, Power};
use fencelab_wire::snmp::{Binding, Body, ErrorStatus, Message, Oid, Pdu, PduKind, Value, Version};

/// APC's outlets as the agents of the field know them: what shows, what orders, and the names.
pub const STATUS: &str = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4";
pub const COMMAND: &str = "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4";
pub const NAMES: &str = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.2";
pub const SYS_DESCR: &str = "1.3.6.1.2.1.1.1.0";
pub const SYS_OBJECT_ID: &str = "1.3.6.1.2.1.1.2.0";
pub const SYS_UP_TIME: &str = "1.3.6.1.2.1.1.3.0";
pub const SYS_CONTACT: &str = "1.3.6.1.2.1.1.4.0";

pub const OBJECTS: &str = r#"
[[face.snmp.object]]
name  = "sysObjectID"
oid   = "1.3.6.1.2.1.1.2.0"
type  = "oid"
value = "1.3.6.1.4.1.318.1.3.4.5"

[[face.snmp.object]]
name     = "sysContact"
oid      = "1.3.6.1.2.1.1.4.0"
type     = "string"
value    = "nobody"
writable = true

[[face.snmp.object]]
name  = "rPDUOutletStatusOutletName"
oid   = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.2.{plug}"
type  = "string"
value = "Outlet {plug}"

[[face.snmp.object]]
name  = "rPDUOutletStatusOutletState"
oid   = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.{plug}"
type  = "integer"
shows = { on = 1, off = 2 }

[[face.snmp.object]]
name    = "rPDUOutletControlOutletCommand"
oid     = "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.{plug}"
type    = "integer"
shows   = { on = 1, off = 2 }
orders  = { on = 1, off = 2, cycle = 3 }
accepts = [7]
"#;

/// A `device.toml` with these lines below `[face.snmp]` and these tables behind it.
pub fn toml(plugs: &str, face: &str, tables: &str) -> String {
    format!(
        r#"format = "1.0"
[device]
vendor = "ACME"
model = "PDU"
provenance = {{ kind = "described", from = ["this test"] }}
[plant]
plugs = {plugs}
delay = {{ off = "500ms", on = "300ms", cycle = "1s" }}
[face.snmp]
{face}
{tables}
"#
    )
}

pub fn parse(text: &str) -> Result<Arc<DeviceSpec>, fencelab_devices::Error> {
    DeviceSpec::parse(Path::new("device.toml"), text, Path::new("."))
}

/// A PDU of 24 outlets.
pub fn pdu(face: &str, tables: &str) -> Arc<DeviceSpec> {
    parse(&toml("{ count = 24 }", face, &format!("{OBJECTS}{tables}")))
        .unwrap_or_else(|error| panic!("{error}"))
}

pub fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_001))
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// The instance of a column.
pub fn at(column: &str, instance: u32) -> Oid {
    oid(&format!("{column}.{instance}"))
}

/// Asks a device in v1 or v2c.
pub struct Asker {
    pub device: Device,
    pub now: Duration,
    pub version: Version,
    pub community: String,
    id: i32,
}

impl Asker {
    pub fn new(spec: Arc<DeviceSpec>) -> Self {
        Self::of(Device::new(spec, &Credentials::default(), 1))
    }

    pub fn of(device: Device) -> Self {
        let community = Credentials::default().password;
        Self { device, now: Duration::ZERO, version: Version::V2c, community, id: 0 }
    }

    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    pub fn community(mut self, community: &str) -> Self {
        self.community = community.to_owned();
        self
    }

    pub fn fault(&mut self, expression: &str) {
        self.device.set_faults(Fault::parse_all(expression).unwrap_or_else(|error| panic!("{error}")));
    }

    pub fn datagram(&mut self, pdu: Pdu) -> Vec<u8> {
        self.id += 1;
        let pdu = Pdu { request_id: self.id, ..pdu };
        let community = self.community.as_str().into();
        Message::Community { version: self.version, community, body: Body::Pdu(pdu) }.emit()
    }

    /// All datagrams that come back within `patience`, with their times.
    pub fn raw(&mut self, datagram: &[u8], patience: Duration) -> Vec<(Duration, Vec<u8>)> {
        let until = self.now + patience;
        self.device.handle(self.now, 0, peer(), datagram);
        let mut all = Vec::new();
        loop {
            let now = self.now;
            all.extend(self.device.take_output(now).into_iter().map(|output| (now, output.bytes)));
            match self.device.next_wake() {
                Some(wake) if wake <= until => self.now = self.now.max(wake),
                _ => return all,
            }
        }
    }

    /// The answer to a PDU as it is; `None`: silence for a second.
    pub fn send(&mut self, pdu: Pdu) -> Option<Pdu> {
        let datagram = self.datagram(pdu);
        let id = self.id;
        let answers = self.raw(&datagram, ms(1000));
        let (at, bytes) = answers.into_iter().next()?;
        self.now = at;
        let message = Message::parse(&bytes).unwrap_or_else(|error| panic!("{error}"));
        let Message::Community { body: Body::Pdu(answer), .. } = message else { panic!("{message:?}") };
        assert_eq!(answer.kind, PduKind::Response);
        assert_eq!(answer.request_id, id);
        Some(answer)
    }

    pub fn ask(&mut self, kind: PduKind, objects: &[Oid]) -> Pdu {
        let bindings = objects.iter().cloned().map(Binding::ask).collect();
        self.send(Pdu::new(kind, 0, bindings)).expect("an answer")
    }

    /// One Get: the value (which may be an exception), or the error.
    pub fn get(&mut self, object: &str) -> Result<Value, ErrorStatus> {
        let answer = self.ask(PduKind::Get, &[oid(object)]);
        if answer.error.is_ok() { Ok(answer.bindings[0].value.clone()) } else { Err(answer.error) }
    }

    /// One Set; the error.
    pub fn set(&mut self, object: &Oid, value: Value) -> ErrorStatus {
        self.set_all(&[(object.clone(), value)]).error
    }

    pub fn set_all(&mut self, pairs: &[(Oid, Value)]) -> Pdu {
        let bindings =
            pairs.iter().map(|(object, value)| Binding { object: object.clone(), value: value.clone() });
        self.send(Pdu::new(PduKind::Set, 0, bindings.collect())).expect("an answer")
    }

    /// Orders a plug of [`OBJECTS`]; the error.
    pub fn order(&mut self, plug: u32, code: i64) -> ErrorStatus {
        self.set(&at(COMMAND, plug), Value::Integer(code))
    }

    /// The state of a plug of [`OBJECTS`], as it is shown.
    pub fn state(&mut self, plug: u32) -> Result<Value, ErrorStatus> {
        self.get(&format!("{STATUS}.{plug}"))
    }

    pub fn truth(&mut self, plug: &str) -> Power {
        self.device.advance(self.now);
        self.device.plant().power_at(plug, self.now).unwrap()
    }

    pub fn sleep(&mut self, time: Duration) {
        self.now += time;
        self.device.advance(self.now);
    }

    /// A walk by GetNext, to the end of the view.
    pub fn walk(&mut self, from: &str) -> Vec<(Oid, Value)> {
        let (mut name, mut all) = (oid(from), Vec::new());
        loop {
            let answer = self.ask(PduKind::GetNext, &[name.clone()]);
            let binding = answer.bindings[0].clone();
            if !answer.error.is_ok()
                || binding.value == Value::EndOfMibView
                || !binding.object.starts_with(&oid(from))
            {
                return all;
            }
            assert!(binding.object > name, "{:?} after {name:?}", binding.object);
            name = binding.object.clone();
            all.push((binding.object, binding.value));
        }
    }
}
