//! Every capture there is: imported, exported, imported again, and held against what tshark sees.

mod common;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use common::{assert_clean, captures, credential, ipmi, logins, tshark};
use fencelab_recorder::export::pcapng::export;
use fencelab_recorder::import::pcap::{Imported, Options, import, import_file};
use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::ipmi::tap::Credential;
use serde_json::Value;

fn ipmi_captures() -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(captures().join("ipmi"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the folder of captures has no ipmi/*.pcap");
    files
}

fn with(credentials: Vec<Credential>) -> Options {
    Options::new(ipmi(&credentials))
}

fn only(imported: Imported) -> (SocketAddr, Transcript, Vec<String>) {
    let [dialogue]: [_; 1] = imported.dialogues.try_into().unwrap();
    (dialogue.device, dialogue.transcript, imported.warnings)
}

fn load(path: &Path, credentials: Vec<Credential>) -> (SocketAddr, Transcript, Vec<String>) {
    only(import_file(path, &with(credentials)).unwrap())
}

/// (netfn, command, completion) of each IPMI message.
type Commands = Vec<(u64, u64, Option<u64>)>;

fn commands(transcript: &Transcript) -> Commands {
    let ipmi = |kind: &Kind| match kind {
        Kind::Say { body: Body::Object { protocol, value }, .. } if protocol == "ipmi" => Some(value.clone()),
        _ => None,
    };
    let number = |value: &Value, field: &str| value.get(field).and_then(Value::as_u64);
    transcript
        .events
        .iter()
        .filter_map(|event| ipmi(&event.kind))
        .map(|value| (number(&value, "netfn").unwrap(), number(&value, "cmd").unwrap(), number(&value, "cc")))
        .collect()
}

/// What tshark dissects of each IPMI message. Its dissector of group extensions (netfn 0x2c to 0x2f) gives up
/// on a response that is only a completion code, and shows its bytes as they are: these are read here.
fn tshark_commands(file: &Path, port: u16) -> Commands {
    let decode = format!("udp.port=={port},rmcp");
    let mut args =
        vec!["-d", &decode, "-o", "ipmi.dissect_bus_commands:TRUE", "-T", "fields", "-E", "occurrence=f"];
    args.extend(["-Y", "ipmi.header.command || (ipmi_session.authtype != 6 && data)"]);
    for field in ["ipmi.header.netfn", "ipmi.header.command", "ipmi.header.completion", "data.data"] {
        args.extend(["-e", field]);
    }
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
    let row = |line: &String| {
        let fields: Vec<_> = line.split('\t').collect();
        if fields[1].is_empty() {
            let bytes: Vec<u64> =
                fields[3].as_bytes().chunks(2).map(|hex| number(std::str::from_utf8(hex).unwrap())).collect();
            assert!(
                (0x2c..=0x2f).contains(&(bytes[1] >> 2)) && bytes.len() == 8,
                "tshark understands all others: {line}"
            );
            return (bytes[1] >> 2, bytes[5], Some(bytes[6]));
        }
        (number(fields[0]), number(fields[1]), Some(fields[2]).filter(|text| !text.is_empty()).map(number))
    };
    tshark(file, &args).iter().map(row).collect()
}

fn exported(transcript: &Transcript, directory: &Path) -> PathBuf {
    let path = directory.join("export.pcapng");
    let report = export(transcript, std::fs::File::create(&path).unwrap()).unwrap();
    assert_eq!(report.warnings, [""; 0]);
    path
}

/// Who said which bytes, in order, without the sessions.
fn payloads(transcript: &Transcript) -> Vec<(Side, Body)> {
    let say = |kind: &Kind| match kind {
        Kind::Say { from, body } => Some((*from, body.clone())),
        _ => None,
    };
    transcript.events.iter().filter_map(|event| say(&event.kind)).collect()
}

#[test]
fn every_capture_imports_without_loss_and_without_secrets() {
    for path in ipmi_captures() {
        let name = path.display().to_string();
        let (device, transcript, warnings) = load(&path, logins());
        assert_clean(&name, &transcript, &ipmi(&logins()));
        let decode = format!("udp.port=={},rmcp", device.port());
        let packets = tshark(&path, &["-d", &decode, "-Y", "rmcp", "-T", "fields", "-e", "frame.number"]);
        assert_eq!(payloads(&transcript).len(), packets.len(), "{name}: every RMCP packet is said once");
        let opaque = payloads(&transcript).iter().filter(|(_, body)| matches!(body, Body::Hex(_))).count();
        assert_eq!(opaque, 0, "{name}: everything is understood: {warnings:?}\n{transcript}");
        assert_eq!(warnings, [""; 0], "{name}");
    }
}

#[test]
fn what_tshark_sees_in_the_export_is_what_was_said() {
    let directory = tempfile::tempdir().unwrap();
    for path in ipmi_captures() {
        let (_, transcript, _) = load(&path, logins());
        let file = exported(&transcript, directory.path());
        let expected = commands(&transcript);
        assert!(!expected.is_empty());
        assert_eq!(tshark_commands(&file, 623), expected, "{}", path.display());
        let broken =
            tshark(&file, &["-Y", "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0"]);
        assert_eq!(broken, [""; 0], "{}", path.display());
    }
}

#[test]
fn what_tshark_sees_in_a_capture_in_the_clear_is_what_is_imported() {
    let path = captures().join("ipmi/ipmisim-ipmitool-lan15-md5.pcap");
    let (device, transcript, _) = load(&path, logins());
    assert_eq!(tshark_commands(&path, device.port()), commands(&transcript));
}

#[test]
fn an_export_keeps_the_time_to_the_microsecond() {
    let directory = tempfile::tempdir().unwrap();
    for path in ipmi_captures() {
        let (device, transcript, _) = load(&path, logins());
        let file = exported(&transcript, directory.path());
        let times = |file: &Path, port: u16| {
            let decode = format!("udp.port=={port},rmcp");
            tshark(file, &["-d", &decode, "-Y", "rmcp", "-T", "fields", "-e", "frame.time_epoch"])
                .iter()
                .map(|time| time.trim_end_matches('0').to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(times(&file, 623), times(&path, device.port()), "{}", path.display());
    }
}

#[test]
fn import_of_an_export_keeps_every_payload_byte() {
    let directory = tempfile::tempdir().unwrap();
    for (path, credentials) in
        ipmi_captures().into_iter().flat_map(|path| [(path.clone(), logins()), (path, Vec::new())])
    {
        let (_, transcript, _) = load(&path, credentials);
        let (_, again, _) = load(&exported(&transcript, directory.path()), Vec::new());
        let (before, after) = (payloads(&transcript), payloads(&again));
        assert_eq!(before.len(), after.len(), "{}", path.display());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after, "{}", path.display());
        }
        assert_eq!(transcript.header.captured, again.header.captured);
    }
}

#[test]
fn with_the_wrong_password_nothing_is_lost_and_a_warning_says_so() {
    let path = captures().join("ipmi/ipmisim-ipmitool-C3-poweroff.pcap");
    let (_, right, _) = load(&path, logins());
    let (_, wrong, warnings) = load(&path, vec![credential("ipmiusr", "mistaken")]);
    assert_eq!(payloads(&wrong).len(), payloads(&right).len());
    assert_clean("wrong", &wrong, &ipmi(&logins()));
    assert!(commands(&wrong).len() < commands(&right).len());
    assert!(
        warnings.iter().any(|warning| warning.contains("is it the right user and password?")),
        "{warnings:?}"
    );
    let (_, none, warnings) = load(&path, Vec::new());
    assert_eq!(payloads(&none).len(), payloads(&right).len());
    assert!(warnings.iter().any(|warning| warning.contains("no password was given")), "{warnings:?}");
}

#[test]
fn a_damaged_capture_gives_what_could_be_read_and_says_where_it_ends() {
    let path = captures().join("ipmi/ipmisim-ipmitool-lan15-md5.pcap");
    let bytes = std::fs::read(&path).unwrap();
    let (_, whole, _) = load(&path, logins());
    let read = |bytes: &[u8]| only(import("cut.pcap", bytes, &with(logins())).unwrap());
    let (_, cut, warnings) = read(&bytes[..bytes.len() - 5]);
    assert_eq!(payloads(&cut)[..], payloads(&whole)[..payloads(&whole).len() - 1]);
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("the file is damaged or cut off after packet 87 (at byte "),
        "{warnings:?}"
    );

    // A length that cannot be, in the middle: the header of the third packet.
    let mut damaged = bytes.clone();
    let third = (0..2)
        .fold(24, |at, _| at + 16 + u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize);
    damaged[third + 8..third + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let (_, kept, warnings) = read(&damaged);
    assert_eq!(payloads(&kept)[..], payloads(&whole)[..2]);
    assert!(warnings[0].contains(&format!("after packet 2 (at byte {third})")), "{warnings:?}");

    let directory = tempfile::tempdir().unwrap();
    let pcapng = std::fs::read(exported(&whole, directory.path())).unwrap();
    let (_, cut, warnings) = read(&pcapng[..pcapng.len() - 5]);
    assert_eq!(payloads(&cut).len(), payloads(&whole).len() - 1);
    assert!(
        warnings[0].starts_with("the file is damaged or cut off after packet 87 (at byte "),
        "{warnings:?}"
    );
}

#[test]
fn what_is_no_capture_is_told() {
    let error = |bytes: &[u8]| import("f", bytes, &with(Vec::new())).unwrap_err().to_string();
    assert!(error(&[0x1f, 0x8b, 8, 0]).contains("packed by gzip"), "{}", error(&[0x1f, 0x8b, 8, 0]));
    assert!(error(b"{\"transcript\":").contains("looks like a transcript"));
    assert!(error(b"hello world, this is no capture at all").starts_with("f is no pcap or pcapng file"));
    assert!(error(b"").starts_with("f is no pcap or pcapng file"));
    let corosync = captures().join("corosync/corosync3-udpu-nocrypto.pcap");
    let error = import_file(&corosync, &with(Vec::new())).unwrap_err().to_string();
    assert!(error.contains("holds no IPMI"), "{error}");
}

#[test]
fn damage_anywhere_is_survived() {
    let path = captures().join("ipmi/ipmisim-ipmitool-badpass.pcap");
    let pcap = std::fs::read(&path).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let pcapng = std::fs::read(exported(&load(&path, logins()).1, directory.path())).unwrap();
    for bytes in [pcap, pcapng] {
        for place in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[place] ^= [0x01, 0x80, 0xff][place % 3];
            if let Ok(imported) = import("f", &damaged[..], &with(logins())) {
                imported
                    .dialogues
                    .iter()
                    .for_each(|dialogue| assert!(!dialogue.transcript.events.is_empty()));
            }
            let _ = import("f", &bytes[..place], &with(logins()));
        }
    }
}
