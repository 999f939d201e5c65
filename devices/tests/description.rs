//! Errors in a `device.toml` point to their place and say how to mend it; any text is survived.

mod support;

use std::path::Path;

use fencelab_devices::DeviceSpec;
use proptest::prelude::*;
use support::toml;

fn error(text: &str) -> String {
    DeviceSpec::parse(Path::new("d.toml"), text, Path::new(".")).unwrap_err().to_string()
}

#[test]
fn errors_have_place_and_mend() {
    for (face, wanted) in [
        ("cipher-suits = [3]", "d.toml:10:1: unknown field `cipher-suits`"),
        ("cipher-suits = [3]", "did you mean `cipher-suites`?"),
        ("versions = [\"2.1\"]", "d.toml:10:13: unknown word `2.1`; did you mean `2.0`?"),
        ("sessions = { limit = 0 }", "d.toml:10:22: a session limit of 0"),
        ("sessions = { idle = \"60\" }", "d.toml:10:21: `60` has no unit"),
        ("guid = \"0102\"", "d.toml:10:8: a GUID has 16 bytes, this one 2"),
        ("chassis-status = \"2\"", "d.toml:10:18: an odd number of hexadecimal digits"),
        (
            "[[face.ipmi.rule]]\nsource = \"t\"\non = { command = \"chassis-controll\" }",
            "d.toml:12:18: there is no command `chassis-controll`; did you mean `chassis-control`?",
        ),
        (
            "[[face.ipmi.rule]]\nsource = \"t\"\non = { command = \"chassis-control\", value = \"of\" }",
            "unknown value `of`; did you mean `off`?",
        ),
        ("[[face.ipmi.rule]]\nsource = \"t\"\non = { for = \"3s\" }", "`for` needs `after`"),
        (
            "[[face.ipmi.rule]]\nsource = \"t\"\non = { after = \"power-up\" }\nanswer = \"silence\"",
            "unknown word `power-up`; did you mean `power-on`?",
        ),
        (
            "[[face.ipmi.rule]]\nsource = \"t\"\non = { after = \"power-on\" }",
            "a rule for every datagram can only be silent",
        ),
        ("[[face.ipmi.rule]]\non = { after = \"power-on\" }", "missing field `source`"),
        (
            "[[face.ipmi.rule]]\nsource = \"t\"\non = { command = \"close-session\" }\nanswer = { completion = 0xC0 }",
            "what the session layer answers cannot be changed",
        ),
        (
            "[[face.ipmi.rule]]\nsource = \"t\"\non = { command = \"get-chassis-status\" }\nanswer = { state = \"power-onn\" }",
            "there is no state `power-onn`; did you mean `power-on`?",
        ),
        (
            "[[face.ipmi.state]]\nname = \"a,b\"\nmeans = \"off\"\nsource = \"t\"",
            "`a,b` is no name for a state",
        ),
        ("[[face.ipmi.state]]\nname = \"x\"\nmeans = \"of\"\nsource = \"t\"", "did you mean `off`?"),
        (
            "[[face.ipmi.state]]\nname = \"x\"\nmeans = \"off\"\nsource = \"t\"\nseen = [{ command = \"get-chassis-status\", mask = \"01\", data = \"0100\" }]",
            "`mask` needs `data` of its own length",
        ),
        (
            "[[face.ipmi.rule]]\nsource = \"t\"\non = { command = \"get-chassis-status\" }",
            "a rule that changes nothing",
        ),
    ] {
        let error = error(&toml(face));
        assert!(error.contains(wanted), "{face}\n{error}");
    }
    assert!(error("format = \"2.0\"").contains("missing field"));
    assert!(error(&toml("").replace("1.0", "1.1")).contains("is newer than this program"));
    assert!(error(&toml("").replace("from = [\"this test\"]", "from = []")).contains("without a source"));
    assert!(error(&toml("").replace("{ name = \"system\" }", "")).contains("0 plugs"));
}

#[test]
fn many_plugs_in_one_line() {
    let text = toml("").replace(
        "plugs = [{ name = \"system\" }]",
        "plugs = { count = 24, name = \"Outlet {plug}\", power = \"off\" }",
    );
    let spec = DeviceSpec::parse(Path::new("d.toml"), &text, Path::new(".")).unwrap();
    assert_eq!(spec.plant.plugs.len(), 24);
    assert_eq!(spec.plant.plugs[23].0, "Outlet 24");
}

const SAMPLE: &str = include_str!("../../transcripts/corpus/generic/ipmi-2.0/device.toml");

proptest! {
    #[test]
    fn any_edit_is_survived(at in 0..SAMPLE.len(), length in 0usize..20, with in "[\\[\\]{}=\",.a-z0-9 \n-]{0,12}") {
        let start = SAMPLE.floor_char_boundary(at);
        let end = SAMPLE.floor_char_boundary((start + length).min(SAMPLE.len()));
        let text = format!("{}{with}{}", &SAMPLE[..start], &SAMPLE[end.max(start)..]);
        if let Err(error) = DeviceSpec::parse(Path::new("d.toml"), &text, Path::new(".")) {
            prop_assert!(!error.what.is_empty());
        }
    }

    #[test]
    fn any_text_is_survived(text in ".*") {
        let _ = DeviceSpec::parse(Path::new("d.toml"), &text, Path::new("."));
    }
}
