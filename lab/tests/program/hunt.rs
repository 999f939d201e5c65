//! `hunt`: a liar is caught, and every report of it can be worked with.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use fencelab_suites::options::Account;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::process::{fencelab, run, told, workspace};

fn liar(name: &str) -> String {
    workspace().join("suites/tests/liars").join(name).canonicalize().unwrap().display().to_string()
}

/// Types a replay as it stands, with nothing but the program on the path.
fn type_in(words: &str, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_fencelab")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    run(Command::new("sh").arg("-c").arg(words).env("PATH", path).current_dir(folder))
}

/// Every name of a field that the JSON has, however deep in what is asked for.
fn names(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_liar_is_hunted_down_and_each_report_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut hunt = fencelab();
    hunt.args(["hunt", &liar("fence_notone"), "--device", "apc/masterswitch"]);
    hunt.args(["--property", "no-false-off", "--action", "off", "--first", "--budget", "60s"]);
    hunt.arg("--findings").arg(at("findings"));
    hunt.arg("--json").arg(at("r.json")).arg("--junit").arg(at("r.xml")).arg("--html").arg(at("r.html"));
    let output = run(hunt.current_dir(folder.path()));
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "C1 lie",
        "agents     fence_notone",
        "no-false-off (lie)",
        "told ",
        "again     fencelab test",
        "saved ",
    ] {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }

    let report: Value = serde_json::from_slice(&std::fs::read(at("r.json")).unwrap()).unwrap();
    // Several lanes may have found something by then; the first cause is what the terminal told first.
    let cause = &report["causes"][0];
    let all = report["findings"].as_array().unwrap();
    let finding = all.iter().find(|finding| finding["id"] == cause["findings"][0]).unwrap();
    assert_eq!((&finding["class"], &finding["property"]), (&"lie".into(), &"no-false-off".into()));
    assert_eq!((&cause["id"], &finding["cause"]), (&"C1".into(), &"C1".into()));
    assert_eq!(report["shard"], serde_json::json!({"part": 1, "of": 1}));
    assert_eq!(finding["plugs"].as_array().unwrap().len(), 1);
    assert!(
        finding["told"].is_array() && finding["login"] == "right" && finding["mode"] == "stdin",
        "{finding}"
    );

    // What the page says of the fields is what they are.
    let page = std::fs::read_to_string(workspace().join("docs/report.md")).unwrap();
    for name in
        names(&report).into_iter().chain(names(finding)).chain(names(cause)).chain(names(&report["table"][0]))
    {
        let documented = page.contains(&format!("`{name}`")) || page.contains(&format!("\"{name}\""));
        assert!(documented, "docs/report.md does not know `{name}`");
    }

    let html = std::fs::read_to_string(at("r.html")).unwrap();
    for part in [
        "<section class=\"cause\" id=\"C1\"",
        "<svg",
        "Evidence on the wire",
        "<mark>",
        "upstream bug report",
    ] {
        assert!(html.contains(part), "{part:?} is missing: {html}");
    }
    assert!(!html.contains("src=") && html.contains("default-src 'none'"), "the page must need nothing else");
    let junit = std::fs::read_to_string(at("r.xml")).unwrap();
    assert!(junit.contains("[cause C1"), "{junit}");

    // The text for the agent's makers is whole, and tells no secret; nor does anything else that was written.
    let files: Vec<_> =
        std::fs::read_dir(at("findings")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let replay = finding["replay"].as_str().unwrap();
    let is_its = |path: &&std::path::PathBuf| {
        path.extension().is_some_and(|end| end == "md")
            && std::fs::read_to_string(path).unwrap().contains(replay)
    };
    let upstream = files.iter().find(is_its).unwrap();
    assert!(upstream.with_extension("jsonl").is_file(), "it has another name than its transcript");
    let upstream = std::fs::read_to_string(upstream).unwrap();
    for part in [
        "# fence_notone: off reports success although",
        "## How to reproduce",
        "## What the device said on the wire",
        "## Expected behaviour",
    ] {
        assert!(upstream.contains(part), "{part:?} is missing: {upstream}");
    }
    let written = files.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let reports = ["r.json", "r.xml", "r.html"].map(|name| std::fs::read_to_string(at(name)).unwrap());
    let secret = Account::of_seed(finding["seed"].as_u64().unwrap()).password;
    for text in written.chain(reports).chain([text]) {
        assert!(!text.contains(&secret), "{text}");
    }

    // The replay fails again.
    let again = type_in(replay, folder.path());
    assert_eq!(again.status.code(), Some(1), "{}", told(&again));
    assert!(told(&again).contains("no-false-off (lie)"), "{}", told(&again));
}

#[test]
fn a_hunt_expects_nothing_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let known = folder.path().join("known.toml");
    std::fs::write(
        &known,
        "[[finding]]\nagent = \"fence_blind\"\ndevice = \"*\"\nproperty = \"no-false-off\"\nreason = \"it lies by trade\"\n",
    )
    .unwrap();
    let mut hunt = fencelab();
    hunt.args(["hunt", "./fence_blind", "--device", "apc/masterswitch", "--first", "--budget", "60s"]);
    hunt.args(["--property", "no-false-off", "--action", "off"]);
    hunt.arg("--expected").arg(&known).arg("--findings").arg(folder.path().join("findings"));
    let output = run(hunt.current_dir(workspace().join("suites/tests/liars")));
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(told(&output).contains("it lies by trade"), "{}", told(&output));
}

#[test]
fn an_interrupted_hunt_tells_what_it_has_found() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("r.json");
    let mut hunt = fencelab();
    hunt.args(["hunt", &liar("fence_notone"), "--device", "apc/masterswitch", "--budget", "600s"]);
    hunt.args(["--property", "no-false-off", "--action", "off"]);
    hunt.arg("--findings").arg(folder.path().join("findings")).arg("--json").arg(&json);
    let mut hunt = hunt.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut progress = BufReader::new(hunt.stderr.take().unwrap()).lines().map(Result::unwrap);
    let told_of_one = |line: &String| line.starts_with("properties") && !line.contains(", 0 findings");
    assert!(progress.any(|line| told_of_one(&line)), "it ended before it found anything");
    kill(Pid::from_raw(hunt.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let rest: Vec<String> = progress.collect();
    let output = hunt.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{rest:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("interrupted after ") && table.contains("C1 lie"), "{table}");
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_ne!(report["findings"].as_array().unwrap().len(), 0, "{report}");
}
