//! What is said in SNMP, as a transcript and as tshark has it.

use std::path::Path;

use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::snmp::{self, PduKind, Value, body};

use super::tshark;

/// What is said in a datagram: the side, the PDU's number, id, error, the objects, and the values of each type in their order.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Said {
    pub(crate) from_device: bool,
    pub(crate) pdu: u8,
    pub(crate) id: i64,
    pub(crate) error: i64,
    pub(crate) objects: Vec<String>,
    pub(crate) values: Vec<(&'static str, String)>,
}

/// The fields of tshark that hold values.
const VALUES: [&str; 8] = [
    "snmp.value.int",
    "snmp.value.octets",
    "snmp.value.oid",
    "snmp.value.ipv4",
    "snmp.value.counter",
    "snmp.value.g32",
    "snmp.value.u32",
    "snmp.value.timeticks",
];

pub(crate) fn said(transcript: &Transcript) -> Vec<Said> {
    let say = |kind: &Kind| match kind {
        Kind::Say { from, body: Body::Object { protocol, value } } if protocol == "snmp" => {
            let (body, _) = body::from_json(value).unwrap();
            let snmp::Body::Pdu(pdu) = body else { panic!("a trap") };
            let typed = |value: &Value| match value {
                Value::Integer(number) => Some(("snmp.value.int", number.to_string())),
                // tshark's word for a value without octets.
                Value::OctetString(octets) if octets.is_empty() => {
                    Some(("snmp.value.octets", "<MISSING>".to_owned()))
                }
                Value::OctetString(octets) => Some((
                    "snmp.value.octets",
                    octets.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
                )),
                Value::ObjectId(oid) => Some(("snmp.value.oid", oid.to_string())),
                Value::IpAddress([a, b, c, d]) => Some(("snmp.value.ipv4", format!("{a}.{b}.{c}.{d}"))),
                Value::Counter32(number) => Some(("snmp.value.counter", number.to_string())),
                Value::Counter64(number) => Some(("snmp.value.counter", number.to_string())),
                Value::Gauge32(number) => Some(("snmp.value.u32", number.to_string())),
                Value::TimeTicks(number) => Some(("snmp.value.timeticks", number.to_string())),
                _ => None,
            };
            let mut values: Vec<_> =
                pdu.bindings.iter().filter_map(|binding| typed(&binding.value)).collect();
            values.sort_by_key(|(kind, _)| *kind);
            Some(Said {
                from_device: *from == Side::Device,
                pdu: pdu.kind.tag() & 0x1f,
                id: pdu.request_id.into(),
                error: if pdu.kind == PduKind::GetBulk { 0 } else { pdu.error.0.into() },
                objects: pdu.bindings.iter().map(|binding| binding.object.to_string()).collect(),
                values,
            })
        }
        _ => None,
    };
    transcript.events.iter().filter_map(|event| say(&event.kind)).collect()
}

pub(crate) fn tshark_said(file: &Path, options: &[&str]) -> Vec<Said> {
    let mut args = options.to_vec();
    args.extend(["-Y", "snmp", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;"]);
    let fields = ["udp.srcport", "snmp.data", "snmp.request_id", "snmp.error_status", "snmp.name"];
    for field in fields.into_iter().chain(VALUES) {
        args.extend(["-e", field]);
    }
    let row = |line: &String| {
        let columns: Vec<&str> = line.split('\t').collect();
        let list = |at: usize| columns[at].split(';').filter(|text| !text.is_empty()).map(String::from);
        let number = |at: usize| columns[at].parse::<i64>().unwrap_or(0);
        let values = VALUES.iter().enumerate().flat_map(|(place, field)| {
            let field = if *field == "snmp.value.g32" { "snmp.value.u32" } else { field };
            list(5 + place).map(move |value| (field, value))
        });
        let mut values: Vec<_> = values.collect();
        values.sort_by_key(|(kind, _)| *kind);
        Said {
            from_device: columns[0] == "161",
            pdu: u8::try_from(number(1)).unwrap(),
            id: number(2),
            error: number(3),
            objects: list(4).collect(),
            values,
        }
    };
    tshark(file, &args).iter().map(row).collect()
}
