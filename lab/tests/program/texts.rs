//! `fmt`, `lint` and `show`: their words are what people work with, so they are held fast.

use std::path::Path;

use crate::process::{fencelab, run, succeed, told, workspace};

const HEADER: &str = r#"{"transcript":"1.0","device":{"vendor":"ACME","model":"BMC"},"link":{"protocol":"ipmi","transport":"udp","port":623},"captured":"2026-11-22T13:10:04Z","by":"hand","licence":"CC0-1.0","provenance":"made for this test"}"#;

fn file(folder: &Path, name: &str, lines: &[&str]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.display().to_string()
}

#[test]
fn fmt_brings_a_transcript_into_its_canonical_form_once() {
    let folder = tempfile::tempdir().unwrap();
    let name = file(folder.path(), "a.jsonl", &[HEADER, r#"{ "s": 1, "t": 0.5000, "open": {} }"#]);
    let checked = run(fencelab().args(["fmt", "--check", &name]));
    assert_eq!(checked.status.code(), Some(1));
    assert_eq!(told(&checked), format!("{name} is not in canonical form; run `fencelab fmt {name}`\n"));
    assert_eq!(succeed(fencelab().args(["fmt", &name])), "");
    let text = std::fs::read_to_string(&name).unwrap();
    assert_eq!(text, format!("{HEADER}\n{}\n", r#"{"t":0.5,"s":1,"open":{}}"#));
    assert_eq!(succeed(fencelab().args(["fmt", "--check", &name])), "");
}

#[test]
fn fmt_points_to_line_and_field_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = file(folder.path(), "a.jsonl", &[HEADER, r#"{"t":"soon","s":1,"open":{}}"#]);
    let before = std::fs::read(&name).unwrap();
    let output = run(fencelab().args(["fmt", &name]));
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).starts_with(&format!("fencelab: {name}:2:2: field `t` ")), "{}", told(&output));
    assert_eq!(std::fs::read(&name).unwrap(), before);
}

#[test]
fn lint_says_what_where_and_how_to_mend() {
    let folder = tempfile::tempdir().unwrap();
    let name = file(
        folder.path(),
        "a.jsonl",
        &[
            HEADER,
            r#"{"t":0.5,"s":1,"from":"agent","text":"a","hex":"00"}"#,
            r#"{"t":0.1,"s":1,"close":"agent"}"#,
        ],
    );
    let output = run(fencelab().args(["lint", &name]));
    assert_eq!(output.status.code(), Some(1));
    let text = told(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() >= 2, "{text}");
    for line in &lines {
        let (place, _) = line.split_once(": ").unwrap();
        let (place, column) = place.rsplit_once(':').unwrap();
        let (file, row) = place.rsplit_once(':').unwrap();
        assert_eq!(file, name);
        assert!(row.parse::<u32>().unwrap() > 1 && column.parse::<u32>().unwrap() > 0, "{line}");
        assert!(line.contains("; "), "how to mend it is missing: {line}");
    }
}

#[test]
fn lint_finds_a_known_secret_that_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let name =
        file(folder.path(), "a.jsonl", &[HEADER, r#"{"t":0.5,"s":0,"from":"agent","text":"calvin5"}"#]);
    assert_eq!(succeed(fencelab().args(["lint", &name])), "");
    let output = run(fencelab().args(["lint", &name]).env("FENCELAB_BMC_PASSWORD", "Calvin5"));
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains(":2:"), "{}", told(&output));
    assert!(!told(&output).to_lowercase().contains("calvin"), "the finding repeats the secret");
}

#[test]
fn lint_reads_device_folders() {
    let folder = tempfile::tempdir().unwrap();
    let toml =
        std::fs::read_to_string(workspace().join("transcripts/corpus/generic/ipmi-2.0/device.toml")).unwrap();
    let wrong = toml.replacen("[plant]", "[plnat]", 1);
    assert_ne!(wrong, toml);
    let line = wrong.lines().position(|line| line == "[plnat]").unwrap() + 1;
    std::fs::write(folder.path().join("device.toml"), wrong).unwrap();
    let output = run(fencelab().arg("lint").arg(folder.path()));
    assert_eq!(output.status.code(), Some(1));
    let text = told(&output);
    assert!(text.starts_with(&format!("{}/device.toml:{line}:2: ", folder.path().display())), "{text}");
    assert!(text.contains("plant"), "it does not say what was perhaps meant: {text}");
}

#[test]
fn the_shipped_corpus_has_nothing_to_mend() {
    let corpus = workspace().join("transcripts/corpus");
    assert_eq!(succeed(fencelab().args(["lint", "--strict"]).arg(corpus)), "");
}

#[test]
fn show_tells_the_dialogue_and_no_escape_reaches_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let name = file(
        folder.path(),
        "a.jsonl",
        &[
            HEADER,
            r#"{"t":0.5,"s":1,"from":"agent","ipmi":{"netfn":0,"cmd":2,"seq":3,"data":"00"}}"#,
            r#"{"t":0.6,"s":1,"from":"device","ipmi":{"netfn":1,"cmd":2,"seq":3,"cc":213,"data":""}}"#,
            r#"{"t":0.7,"s":1,"from":"device","text":"\u001b[2J"}"#,
            r#"{"t":0.8,"s":0,"mark":"end","action":"off","exit":1}"#,
        ],
    );
    let text = succeed(fencelab().args(["show", &name]));
    assert!(text.contains("agent  → Chassis Control: power down"), "{text}");
    assert!(text.contains("0xd5"), "{text}");
    assert!(text.contains("end off exit 1"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(succeed(fencelab().args(["show", "--color", "always", &name])).contains("\u{1b}[36m"));
}
