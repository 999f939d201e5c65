//! `test`: a liar is caught, and the command in the finding shows the lie again.

use std::process::Command;

use serde_json::Value;

use crate::process::{fencelab, run, succeed, told, workspace};

#[test]
fn a_liar_is_caught_and_its_finding_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let liar = workspace().join("suites/tests/liars/fence_blind").canonicalize().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut test = fencelab();
    test.args([
        "test",
        "generic/ipmi-2.0",
        "--suite",
        "properties",
        "--property",
        "no-false-off",
        "--action",
        "off",
        "--budget",
        "10s",
    ]);
    test.arg("--agent").arg(&liar).arg("--findings").arg(at("findings"));
    test.arg("--json").arg(at("r.json")).arg("--junit").arg(at("r.xml")).arg("--html").arg(at("r.html"));
    let output = run(&mut test);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in ["no-false-off (lie)", "fault ", "plant ", "dialogue", "again     fencelab test", "saved "] {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }

    let report: Value = serde_json::from_slice(&std::fs::read(at("r.json")).unwrap()).unwrap();
    assert_eq!(report["holds"], false);
    let finding = &report["findings"][0];
    for field in [
        "agent", "device", "action", "property", "class", "rate", "fault", "replay", "evidence", "truth",
        "dialogue",
    ] {
        assert!(!finding[field].is_null(), "{field} is missing: {finding}");
    }
    assert_eq!((&finding["property"], &finding["class"]), (&"no-false-off".into(), &"lie".into()));

    let junit = std::fs::read_to_string(at("r.xml")).unwrap();
    assert!(junit.contains(r#"failures="1""#) && junit.contains("no-false-off"), "{junit}");
    succeed(Command::new("xmllint").arg("--noout").arg(at("r.xml")));
    let page = std::fs::read_to_string(at("r.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("no-false-off"), "{page}");
    assert!(!page.contains("src=") && page.contains("default-src 'none'"), "the page must need nothing else");

    // The findings are transcripts that stand the linter.
    succeed(fencelab().args(["lint", "--scratch"]).arg(at("findings")));

    // The replay command, typed as it stands, with nothing but the program on the path.
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_fencelab")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut again = Command::new("sh");
    again.arg("-c").arg(finding["replay"].as_str().unwrap()).env("PATH", path).current_dir(folder.path());
    let output = run(&mut again);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("no-false-off (lie)"), "{}", told(&output));
}

#[test]
fn our_agent_holds_and_an_agent_that_is_not_on_the_machine_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let device = workspace().join("transcripts/corpus/generic/ipmi-2.0/device.toml");
    let text = std::fs::read_to_string(device).unwrap();
    let agents = text.lines().find(|line| line.starts_with("agents ")).unwrap();
    let text = text.replacen(agents, r#"agents = ["fence_not_here"]"#, 1);
    let home = folder.path().join("vendor/model");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("device.toml"), text).unwrap();
    let mut test = fencelab();
    test.args(["test", "--budget", "1s", "--agent", "builtin:fence_ipmilan", "--agent", "external"]);
    let text = succeed(test.arg("--corpus").arg(folder.path()).current_dir(folder.path()));
    assert!(text.contains("fence_ipmilan (built-in)") && text.contains("all holds"), "{text}");
    assert!(text.contains("not found on this machine, so not tested: fence_not_here"), "{text}");
    assert!(!folder.path().join("fencelab-findings").exists(), "a folder for no findings");
}

#[test]
fn an_expected_finding_is_shown_with_its_reason_and_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let liar = workspace().join("suites/tests/liars/fence_blind").canonicalize().unwrap();
    let known = folder.path().join("known.toml");
    std::fs::write(
        &known,
        "[[finding]]\nagent = \"fence_blind\"\ndevice = \"*\"\nproperty = \"no-false-off\"\nreason = \"it lies by trade\"\n",
    )
    .unwrap();
    let mut test = fencelab();
    test.args([
        "test",
        "generic/ipmi-2.0",
        "--suite",
        "properties",
        "--property",
        "no-false-off",
        "--action",
        "off",
    ]);
    // A path from here holds wherever the agent is run.
    test.args(["--power", "on", "--seed", "1", "--fault", "not-done@off", "--agent", "./fence_blind"])
        .arg("--expected")
        .arg(&known);
    let text = succeed(test.current_dir(liar.parent().unwrap()));
    assert!(text.contains("it lies by trade") && text.contains("~1"), "{text}");
}
