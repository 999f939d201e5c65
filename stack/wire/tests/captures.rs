//! The listener over captures of real programs: with the password it hears every command.
//!
//! The captures are not part of the project: `FENCELAB_CAPTURES` names their folder, or they are found in
//! `shared/captures` beside the workspace.

mod support;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use fencelab_wire::ipmi::rmcpplus::Packet;
use fencelab_wire::ipmi::tap::{Credential, Tap};
use fencelab_wire::ipmi::{LanMessage, asf, open_session, rakp, rmcp, session};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use pcap_file::pcap::PcapReader;
use std::path::PathBuf;
use support::dialogue::{commands, credential};

fn capture(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let path = folder.join("ipmi").join(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("cannot read {}: {error}; name the folder of captures in FENCELAB_CAPTURES", path.display())
    })
}

/// UDP payloads with ports.
fn datagrams(name: &str) -> Vec<(u16, u16, Vec<u8>)> {
    let bytes = capture(name);
    let mut reader = PcapReader::new(bytes.as_slice()).expect("a pcap file");
    let mut all = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.expect("a whole packet");
        let sliced = SlicedPacket::from_ethernet(packet.data()).expect("ethernet");
        assert!(matches!(sliced.net, Some(NetSlice::Ipv4(_))));
        let Some(TransportSlice::Udp(udp)) = sliced.transport else { panic!("not UDP") };
        all.push((udp.source_port(), udp.destination_port(), udp.payload().to_vec()));
    }
    assert!(!all.is_empty());
    all
}

fn overhear(name: &str, bmc_port: u16, credentials: Vec<Credential>) -> Vec<Seen> {
    let mut tap = Tap::new(credentials);
    let mut seen = Vec::new();
    for (from, _, datagram) in datagrams(name) {
        let direction = if from == bmc_port { Direction::FromDevice } else { Direction::ToDevice };
        seen.extend(tap.observe(direction, &datagram));
    }
    seen
}

fn opaque(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| matches!(seen, Seen::Opaque { .. })).count()
}

fn opened(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .filter_map(|seen| match seen {
            Seen::Open { session, details } => {
                Some(format!("{session} {}", serde_json::Value::Object(details.clone())))
            }
            _ => None,
        })
        .collect()
}

fn closed(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| matches!(seen, Seen::Close { by_device: false, .. })).count()
}

/// All commands of all sessions as `netfn.cmd` of requests, in hex.
fn requests(seen: &[Seen]) -> String {
    let all: Vec<String> = commands(seen)
        .into_iter()
        .filter(|(netfn, _)| netfn % 2 == 0)
        .map(|(netfn, cmd)| format!("{netfn:x}.{cmd:x}"))
        .collect();
    all.join(" ")
}

/// One session of ipmitool after the login, up to the command proper.
const IPMITOOL_V20: &str = "6.38 6.3b 2c.3e 6.1 2c.0 2c.0";
const IPMITOOL_V15: &str = "6.38 6.39 6.3a 6.3b 2c.3e 6.1 2c.0 2c.0";

fn check(seen: &[Seen], opens: &str, login: &str, commands: &[&str]) {
    let wanted: Vec<String> = (1..=commands.len()).map(|number| format!("{number} {opens}")).collect();
    assert_eq!(opened(seen), wanted);
    let wanted: Vec<String> = commands.iter().map(|command| format!("{login} {command} 6.3c")).collect();
    assert_eq!(requests(seen), wanted.join(" "));
    assert_eq!(closed(seen), commands.len());
    assert_eq!(opaque(seen), 0);
    let answers = self::commands(seen).iter().filter(|(netfn, _)| netfn % 2 == 1).count();
    assert_eq!(answers, requests(seen).split(' ').count(), "each is answered");
}

#[test]
fn suite_3_by_ipmitool() {
    let seen = overhear("ipmisim-ipmitool-C3-poweroff.pcap", 6230, vec![credential("ipmiusr", "test")]);
    let opens =
        r#"{"version":"2.0","cipher":3,"user":"ipmiusr","privilege":"administrator","lookup":"name"}"#;
    check(&seen, opens, IPMITOOL_V20, &["0.1", "0.2", "0.1", "0.2"]);
    let again = overhear("ipmisim-ipmitool-C3-poweroff.pcap", 6230, vec![credential("ipmiusr", "tset")]);
    assert!(opaque(&again) > 10, "without the password nothing is heard");
    assert!(opened(&again).iter().all(|open| open.contains("unreadable")));
}

#[test]
fn suite_17_by_ipmitool() {
    let any_user = Credential { username: None, ..credential("", "calvin") };
    let seen = overhear("zipmivbmc-ipmitool-C17.pcap", 16250, vec![credential("root", "no"), any_user]);
    let opens = r#"{"version":"2.0","cipher":17,"user":"root","privilege":"administrator","lookup":"name"}"#;
    check(&seen, opens, IPMITOOL_V20, &["0.1", "0.2", "0.1"]);
}

#[test]
fn suite_3_by_freeipmi() {
    let seen = overhear("ipmisim-freeipmi-opensesspriv.pcap", 6230, vec![credential("ipmiusr", "test")]);
    let opens =
        r#"{"version":"2.0","cipher":3,"user":"ipmiusr","privilege":"administrator","lookup":"name"}"#;
    check(&seen, opens, "6.38 6.3b", &["0.1", "0.1", "0.2"]);
}

#[test]
fn ipmi_1_5_by_ipmitool() {
    let seen = overhear("ipmisim-ipmitool-lan15-md5.pcap", 6230, Vec::new());
    let opens = r#"{"version":"1.5","auth":"md5","user":"ipmiusr","privilege":"administrator"}"#;
    check(&seen, opens, IPMITOOL_V15, &["0.1", "0.2", "0.1", "0.2"]);
}

#[test]
fn wrong_passwords_and_users() {
    let seen = overhear("ipmisim-ipmitool-badpass.pcap", 6230, vec![credential("ipmiusr", "test")]);
    assert_eq!(opaque(&seen), 0);
    assert_eq!(requests(&seen), "6.38 6.38 6.38");
    // The first client went away by itself when it saw the BMC's code.
    let wanted = [
        r#"2 {"version":"2.0","cipher":3,"user":"nouser","privilege":"administrator","lookup":"name","error":"rakp 2 refused: unauthorized name (0x0d)"}"#,
        r#"3 {"version":"2.0","error":"open session refused: invalid authentication algorithm (0x04)"}"#,
    ];
    assert_eq!(opened(&seen), wanted);
}

/// Parse and emit are the identity on every datagram, and on every payload in the clear.
#[test]
fn every_recorded_byte_comes_back() {
    for name in [
        "ipmisim-ipmitool-C3-poweroff.pcap",
        "zipmivbmc-ipmitool-C17.pcap",
        "ipmisim-freeipmi-opensesspriv.pcap",
        "ipmisim-ipmitool-lan15-md5.pcap",
        "ipmisim-ipmitool-badpass.pcap",
    ] {
        for (_, _, datagram) in datagrams(name) {
            let Some(body) = rmcp::ipmi(&datagram) else {
                assert_eq!(asf::Asf::parse(&datagram).expect("asf").emit(), datagram);
                continue;
            };
            let Some(packet) = Packet::parse(body) else {
                let packet = session::Packet::parse(body).expect("a session header");
                assert_eq!(packet.emit(), datagram);
                assert_eq!(LanMessage::parse(packet.payload).expect("a message").emit(), packet.payload);
                continue;
            };
            assert_eq!(packet.emit(), datagram);
            let payload = packet.payload;
            let emitted = match u8::from(packet.kind) {
                0x10 => open_session::Request::parse(payload).map(|p| p.emit()),
                0x11 if payload.len() > 2 => open_session::Response::parse(payload).map(|p| p.emit()),
                0x12 => rakp::Rakp1::parse(payload).map(|p| p.emit()),
                0x13 => rakp::Rakp2::parse(payload).map(|p| p.emit()),
                0x14 | 0x15 => rakp::Rakp34::parse(payload).map(|p| p.emit()),
                _ => continue,
            };
            assert_eq!(emitted.as_deref(), Some(payload));
        }
    }
}
