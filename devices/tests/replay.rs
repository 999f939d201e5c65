//! A dialogue with the emulation is recorded, replayed strictly, and made into a device's answers.

mod support;

use std::path::Path;

use fencelab_devices::{Credentials, Device, DeviceSpec, Power};
use fencelab_transcript::{DeviceIdentity, Header, LinkInfo, Transcript};
use support::{Bench, LAN, LANPLUS, ms, toml};

/// An off, with polls, over two sessions, as the device's own recording has it.
fn recorded() -> Transcript {
    let mut bench = Bench::new("");
    bench.device.record();
    for interface in [LANPLUS, LAN] {
        assert!(matches!(bench.open(interface), Some(Ok(()))));
        assert!(bench.status().is_some());
        assert!(bench.ask(6, 1, &[]).is_some());
        assert_eq!(bench.control(if interface == LANPLUS { 0 } else { 1 }), Some(0));
        assert!(bench.status().is_some());
        bench.sleep(ms(500));
        assert!(bench.status().is_some());
        bench.close();
    }
    let header = Header::new(DeviceIdentity::new("ACME", "BMC"), LinkInfo::new("ipmi", "udp", 623));
    let transcript = Transcript { header, events: bench.device.take_events() };
    let text = transcript.canonical();
    assert!(!text.contains("fencelab\""), "the password is in no event");
    Transcript::parse("recorded.jsonl", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn replay() -> Bench {
    Bench::of(Device::new(DeviceSpec::from_transcript(recorded()).unwrap(), &Credentials::default(), 9))
}

#[test]
fn the_same_dialogue_gets_the_same_answers_again_and_again() {
    let mut bench = replay();
    for _ in 0..2 {
        for (interface, before, after) in [(LANPLUS, Power::On, Power::Off), (LAN, Power::Off, Power::On)] {
            assert!(matches!(bench.open(interface), Some(Ok(()))));
            assert_eq!(bench.status(), Some(Ok(before)));
            assert!(bench.ask(6, 1, &[]).unwrap().data.len() >= 11);
            assert_eq!(bench.control(if before == Power::On { 0 } else { 1 }), Some(0));
            assert_eq!(bench.status(), Some(Ok(before)));
            assert_eq!(bench.truth(), before);
            assert_eq!(bench.status(), Some(Ok(after)));
            assert_eq!(bench.truth(), after);
            bench.close();
        }
    }
    assert_eq!(bench.device.divergences(), []);
}

#[test]
fn a_deviation_is_told_with_its_line_and_answered_with_an_error() {
    let mut bench = replay();
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    // The same once more is taken for a retransmission.
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.device.divergences(), []);
    assert_eq!(bench.control(2), Some(0xff));
    let [divergence] = bench.device.divergences() else { panic!() };
    assert_eq!(
        (divergence.expected.as_str(), divergence.came.as_str()),
        ("get-device-id", "chassis-control cycle")
    );
    let transcript = recorded();
    let line = divergence.line.unwrap();
    let text = transcript.canonical();
    let expected = text.lines().nth(line - 1).unwrap();
    assert!(expected.contains("\"cmd\":1") && expected.contains("\"netfn\":6"), "{expected}");
    // The record goes on where it was.
    assert!(bench.ask(6, 1, &[]).unwrap().completion.is_ok());
}

#[test]
fn recorded_timing_is_kept_on_request() {
    let mut transcript = recorded();
    let mut device =
        Device::new(DeviceSpec::from_transcript(transcript.clone()).unwrap(), &Credentials::default(), 9);
    device.keep_recorded_timing(true);
    // Every answer of a session comes 70 ms later.
    for event in &mut transcript.events {
        if matches!(
            &event.kind,
            fencelab_transcript::Kind::Say { from: fencelab_transcript::Side::Device, .. }
        ) {
            event.at += ms(70);
        }
    }
    for (keep, late) in [(false, 0), (true, 70)] {
        let mut device =
            Device::new(DeviceSpec::from_transcript(transcript.clone()).unwrap(), &Credentials::default(), 9);
        device.keep_recorded_timing(keep);
        let mut bench = Bench::of(device);
        assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
        let asked = bench.now;
        assert!(bench.status().is_some());
        assert_eq!(bench.now - asked, ms(late));
    }
}

#[test]
fn a_folder_of_a_transcript_and_a_few_lines_is_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let mut transcript = recorded();
    // Something only the record can know: a device id byte.
    for event in &mut transcript.events {
        if let fencelab_transcript::Kind::Say {
            body: fencelab_transcript::Body::Object { value, .. }, ..
        } = &mut event.kind
            && value.get("netfn") == Some(&7.into())
            && value.get("cmd") == Some(&1.into())
        {
            value["data"] = "2a8102160259020b0000000000".into();
        }
    }
    transcript.save(&folder.path().join("off.jsonl")).unwrap();
    std::fs::write(folder.path().join("device.toml"), toml("answers = [\"off.jsonl\"]")).unwrap();
    let spec = DeviceSpec::load(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let mut bench = Bench::of(Device::new(spec, &Credentials::default(), 3));
    assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
    assert_eq!(bench.ask(6, 1, &[]).unwrap().data[0], 0x2a);
    assert_eq!(bench.status(), Some(Ok(Power::On)));
    assert_eq!(bench.control(0), Some(0));
    bench.sleep(ms(500));
    // The record's first status says on; the plant knows better.
    assert_eq!(bench.status(), Some(Ok(Power::Off)));
}

#[test]
fn a_missing_transcript_is_an_error_with_a_place() {
    let folder = tempfile::tempdir().unwrap();
    recorded().save(&folder.path().join("off.jsonl")).unwrap();
    let error = DeviceSpec::parse(Path::new("device.toml"), &toml("answers = [\"of.jsonl\"]"), folder.path())
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("device.toml:10:12: there is no file `of.jsonl` here; did you mean `off.jsonl`?"),
        "{text}"
    );
}
