//! What the tests share: where the captures are, a tape in memory, and real peers.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod console;
pub(crate) mod packets;
pub(crate) mod said;
pub(crate) mod tcp;

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fencelab_recorder::{Link, Tape, link};
use fencelab_transcript::lint::{self, Rules, Severity};
use fencelab_transcript::{DeviceIdentity, Header, Transcript};
use fencelab_wire::Secret;
use fencelab_wire::ipmi::tap::Credential;
use fencelab_wire::snmp::{self, Binding, Message, Oid, Pdu, PduKind, TrapV1, Value, Version};
use pcap_file::pcap::{PcapPacket, PcapWriter};

/// The folder of captures: `FENCELAB_CAPTURES`, else `shared/captures` beside the workspace.
pub(crate) fn captures() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or(default, PathBuf::from);
    assert!(
        folder.join("ipmi").is_dir() && folder.join("snmp").is_dir(),
        "no captures at {}: set FENCELAB_CAPTURES to a folder that has ipmi/*.pcap, snmp/*.pcap and snmprec/*.snmprec",
        folder.display()
    );
    folder
}

pub(crate) fn credential(user: &str, password: &str) -> Credential {
    Credential { username: Some(user.into()), password: Secret::from(password), kg: None }
}

/// The logins of all captures.
pub(crate) fn logins() -> Vec<Credential> {
    vec![credential("ipmiusr", "test"), credential("root", "calvin")]
}

/// A file in memory that can be read while it is written.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn header(link: &Link) -> Header {
    Header {
        captured: Some(fencelab_recorder::tape::captured_now()),
        ..Header::new(DeviceIdentity::new("test", "device"), link.info(None))
    }
}

pub(crate) fn ipmi(credentials: &[Credential]) -> Link {
    link::ipmi::link(credentials.to_vec())
}

pub(crate) fn tape(link: &Link) -> (Shared, Tape) {
    let shared = Shared::default();
    let tape = Tape::to(Box::new(shared.clone()), header(link), link.secrets().clone()).unwrap();
    (shared, tape)
}

/// Asserts that a transcript has no error, and holds none of the secrets.
pub(crate) fn assert_clean(name: &str, transcript: &Transcript, link: &Link) {
    let rules = Rules { scan: link.secrets().clone(), scratch: true };
    let findings = lint::lint(name, &transcript.canonical(), &rules);
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert_eq!(errors, [""; 0], "{}", transcript.canonical());
}

/// A link of SNMP that knows these communities.
pub(crate) fn communities(names: &[&str]) -> Link {
    let known = names.iter().map(|name| snmp::tap::Credential::Community(Secret::from(*name)));
    link::snmp::link(known.collect())
}

/// The lines that tshark prints about a file.
pub(crate) fn tshark(file: &Path, args: &[&str]) -> Vec<String> {
    let output = Command::new("tshark").arg("-r").arg(file).args(args).output();
    let output =
        output.unwrap_or_else(|error| panic!("tshark cannot be run ({error}); install it (Debian: tshark)"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect()
}

/// A pcap file of datagrams between IPv4 addresses, a millisecond apart.
pub(crate) fn capture(datagrams: &[(SocketAddr, SocketAddr, Vec<u8>)]) -> Vec<u8> {
    let octets = |address: &SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.octets(),
        IpAddr::V6(_) => panic!("IPv4 only"),
    };
    let header = pcap_file::pcap::PcapHeader { datalink: pcap_file::DataLink::RAW, ..Default::default() };
    let mut bytes = Vec::new();
    let mut writer = PcapWriter::with_header(&mut bytes, header).unwrap();
    for (time, (from, to, payload)) in (1_u64..).zip(datagrams) {
        let builder =
            etherparse::PacketBuilder::ipv4(octets(from), octets(to), 64).udp(from.port(), to.port());
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).unwrap();
        let length = u32::try_from(packet.len()).unwrap();
        writer.write_packet(&PcapPacket::new(Duration::from_millis(time), length, &packet).unwrap()).unwrap();
    }
    bytes
}

fn said(kind: PduKind, id: i32) -> Vec<u8> {
    said_with("c0mmunity", kind, id)
}

pub(crate) fn said_with(community: &str, kind: PduKind, id: i32) -> Vec<u8> {
    let binding = Binding { object: Oid::from([1, 3, 6, 1, 2, 1, 1, 3, 0]), value: Value::TimeTicks(1) };
    let body = Pdu::new(kind, id, vec![binding]).into();
    Message::Community { version: Version::V2c, community: Secret::from(community), body }.emit()
}

pub(crate) fn get(id: i32) -> Vec<u8> {
    said(PduKind::Get, id)
}

pub(crate) fn response(id: i32) -> Vec<u8> {
    said(PduKind::Response, id)
}

pub(crate) fn inform(id: i32) -> Vec<u8> {
    said(PduKind::Inform, id)
}

pub(crate) fn trap() -> Vec<u8> {
    let body = TrapV1 {
        enterprise: Oid::from([1, 3, 6, 1, 4, 1, 318]),
        agent: [10, 0, 0, 5],
        generic: 6,
        specific: 41,
        ticks: 1,
        bindings: Vec::new(),
    }
    .into();
    Message::Community { version: Version::V1, community: Secret::from("c0mmunity"), body }.emit()
}
