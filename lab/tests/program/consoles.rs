//! Consoles from end to end: recorded from an emulation, replayed to ClusterLabs' agent.

use std::path::Path;

use nix::sys::signal::Signal;

use crate::process::{Serving, fencelab, run, told, workspace};

/// ClusterLabs' agent over telnet, its password by script.
fn agent(host: &str, port: &str, action: &str, script: &Path) -> Vec<String> {
    let words = ["fence_apc", "--plug=3", "--username=lab", "--power-wait=0", "--login-timeout=60"];
    let more = [
        format!("--ip={host}"),
        format!("--ipport={port}"),
        format!("--action={action}"),
        format!("--password-script={}", script.display()),
    ];
    words.map(str::to_owned).into_iter().chain(more).collect()
}

#[test]
fn a_console_is_replayed_and_another_action_is_told_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let script = crate::record::script(folder.path(), "fencelab");
    let tape = folder.path().join("status.jsonl");
    let mut emulate = fencelab();
    emulate.args(["emulate", "apc/rpdu-cli", "--port", "0", "--corpus"]);
    emulate.arg(workspace().join("transcripts/corpus")).arg("--record").arg(&tape);
    let mut emulation = Serving::start(&mut emulate);
    let face = emulation.ready();
    let words = agent("127.0.0.1", &face["port"].to_string(), "status", &script);
    let (program, args) = words.split_first().unwrap();
    let status = run(std::process::Command::new(program).args(args));
    assert_eq!(status.status.code(), Some(0), "{}", told(&status));
    assert_eq!(emulation.end(Signal::SIGINT), Some(0));

    let replay = |action: &str| {
        let words = agent("{host}", "{port}", action, &script);
        run(fencelab().arg("replay").arg(&tape).arg("--").args(words))
    };
    let same = replay("status");
    assert_eq!(same.status.code(), Some(0), "{}", told(&same));
    assert!(told(&same).contains("Status: ON"), "{}", told(&same));
    let other = replay("off");
    let text = told(&other);
    assert_eq!(other.status.code(), Some(1), "{text}");
    let line = text.lines().find(|line| line.contains("came `olOff 3`")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.starts_with(&format!("{}:", tape.display())) && !text.contains("fencelab\n"), "{line}");
}
