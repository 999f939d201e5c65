//! What the command line refuses, and with which exit code.

use crate::process::{fencelab, run, succeed, told};

/// Runs with these words; answers the exit code and what was said.
fn refused(words: &[&str]) -> (Option<i32>, String) {
    let output = run(fencelab().args(words));
    (output.status.code(), told(&output))
}

#[test]
fn exit_codes_tell_what_kind_of_trouble_it_is() {
    for (code, words, said) in [
        (2, &["emulate"][..], "DEVICE"),
        (2, &["emulate", "hpe/ilo4", "--fault", "dorp"], "did you mean `drop`?"),
        (2, &["emulate", "hpe/ilo4", "hpe/ilo5", "--record", "x.jsonl"], "one device"),
        (2, &["test", "--property", "no-false-of"], "no-false-off"),
        (2, &["hunt", "--shard", "3/2"], "K/N"),
        (2, &["hunt", "--property", "no-false-of"], "no-false-off"),
        (2, &["hunt", "--option", "password=x"], "the lab gives passwords"),
        (2, &["test", "hpe/ilo4", "--login", "unknown-user"], "--fault"),
        (2, &["test", "hpe/ilo4", "--fault", "", "--login", "nobody"], "wrong-password"),
        (2, &["compare", "one.json"], "NEW.json"),
        (3, &["compare", "/no/such/old.json", "/no/such/new.json"], "/no/such/old.json"),
        (3, &["hunt", "no-such-agent"], "--device"),
        (3, &["hunt", "./no-such-agent", "--device", "hpe/ilo4"], "/no-such-agent`"),
        (3, &["hunt", "builtin", "--device", "hpe/ilo44"], "did you mean `hpe/ilo4`?"),
        (3, &["hunt", "builtin", "--expected", "/no/such/known.toml"], "/no/such/known.toml"),
        (3, &["test", "hpe/ilo4", "--impostor", "hpe/ilo55"], "hpe/ilo5"),
        (7, &["hunt", "builtin", "--json", "/no/such/folder/x.json"], "/no/such/folder"),
        (3, &["emulate", "hpe/ilo44"], "did you mean `hpe/ilo4`?"),
        (3, &["emulate", "hpe/ilo4", "--plug", "7=off"], "has no plug `7`"),
        (3, &["emulate", "hpe/ilo4", "--corpus", "/nowhere"], "/nowhere"),
        (3, &["test", "hpe/ilo4", "--agent", "./no-such-agent"], "/no-such-agent`"),
        (3, &["show", "/no/such/file.jsonl"], "/no/such/file.jsonl"),
        (3, &["export", "--to", "pcapng", "/no/such/file.jsonl"], "/no/such/file.jsonl"),
        (3, &["import", "--from", "pcap", "/no/such/file.pcap"], "/no/such/file.pcap"),
        (4, &["emulate", "hpe/ilo4", "--listen", "0.0.0.0"], "--expose"),
        (4, &["emulate", "hpe/ilo4", "--control", "0.0.0.0:0"], "--expose"),
        (4, &["record", "--link", "ipmi", "--device", "127.0.0.1:9", "-o", "Cargo.toml"], "--force"),
        (5, &["emulate", "hpe/ilo4", "--listen", "192.0.2.1", "--expose"], "192.0.2.1"),
        (7, &["test", "hpe/ilo4", "--html", "/no/such/folder/x.html"], "/no/such/folder"),
    ] {
        let (exit, text) = refused(words);
        assert_eq!(exit, Some(code), "{words:?}: {text}");
        assert!(text.contains(said), "{words:?} does not say {said:?}: {text}");
    }
}

#[test]
fn the_corpus_is_listed_with_its_provenance() {
    let text = succeed(fencelab().args(["list", "--json"]));
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    let devices = list["devices"].as_array().unwrap();
    assert!(devices.len() >= 6);
    for device in devices {
        assert!(device["provenance"].as_str().is_some_and(|text| !text.is_empty()), "{device}");
        assert!(device["from"].as_array().is_some_and(|from| !from.is_empty()), "{device}");
    }
    let agents = list["agents"].as_array().unwrap();
    for name in ["fence_ipmilan", "fence_ilo4", "fence_idrac", "fence_imm"] {
        assert!(agents.iter().any(|agent| agent["name"] == name && agent["built-in"] == true), "{name}");
    }
    assert!(succeed(fencelab().arg("list")).contains("hpe/ilo4"));
}

#[test]
fn man_pages_and_completions_cover_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    succeed(fencelab().arg("man").arg(folder.path()));
    let completions = succeed(fencelab().args(["completions", "bash"]));
    for verb in [
        "emulate", "record", "import", "export", "show", "fmt", "lint", "replay", "hunt", "test", "compare",
        "list",
    ] {
        let page = std::fs::read_to_string(folder.path().join(format!("fencelab-{verb}.1"))).unwrap();
        assert!(page.contains(".SH"), "{page}");
        assert!(completions.contains(verb));
    }
}
