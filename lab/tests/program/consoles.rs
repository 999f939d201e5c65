//! Consoles from end to end: recorded from an emulation, replayed to ClusterLabs' agent; recorded with ours over whatever carries
//! them, replayed, and learnt.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use fencelab_recorder::Place;
use nix::sys::signal::Signal;

use crate::process::{Serving, fencelab, run, succeed, told, workspace};

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

/// Nobody could guess it, so that it is found wherever it stands.
const PASSWORD: &str = "s3cr3t-Zebra";

/// Our agents, called by this name.
fn ours(folder: &Path, name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_fencelab")).with_file_name("fence-agents");
    assert!(program.exists(), "`cargo build --workspace --bins` makes {}", program.display());
    let link = folder.join(name);
    std::os::unix::fs::symlink(program, &link).unwrap();
    link
}

/// Our agent, for a plug of a WTI before which the program stands.
fn wti(program: &Path, over: &str, plug: &str, action: &str, script: &Path) -> Vec<String> {
    let place: &[&str] = match over {
        "serial" => &["--ip={path},9600"],
        "ssh" => &["--ip={host}", "--ipport={port}", "--ssh"],
        _ => &["--ip={host}", "--ipport={port}"],
    };
    let more = [
        program.display().to_string(),
        "--username=lab".to_owned(),
        "--power-wait=0".to_owned(),
        format!("--password-script={}", script.display()),
        format!("--plug={plug}"),
        format!("--action={action}"),
    ];
    more.into_iter().chain(place.iter().map(|word| (*word).to_owned())).collect()
}

fn recorded_replayed_and_learnt(over: &str) {
    let folder = tempfile::tempdir().unwrap();
    let agent = ours(folder.path(), "fence_wti");
    let script = crate::record::script(folder.path(), PASSWORD);
    let mut emulate = fencelab();
    emulate.args(["emulate", "wti/nps", "--corpus"]).arg(workspace().join("transcripts/corpus"));
    let mut emulation = Serving::start(emulate.env("FENCELAB_PASSWORD", PASSWORD));
    let faces = [(); 4].map(|()| emulation.ready());
    let face = faces.iter().find(|face| face["face"] == over).unwrap();
    let device = match face["path"].as_str() {
        Some(path) => format!("{path},9600"),
        None => format!("127.0.0.1:{}", face["port"]),
    };
    let asked = [
        ("2", "status", 0),
        ("2", "off", 0),
        ("2", "status", 2),
        ("2", "on", 0),
        ("3", "status", 0),
        ("1", "list", 0),
    ];
    let mut tapes = Vec::new();
    for (number, (plug, action, exit)) in asked.into_iter().enumerate() {
        let tape = folder.path().join(format!("{number}-{action}.jsonl"));
        let mut record = fencelab();
        record.args(["record", "--link", over, "--device", &device, "-o"]).arg(&tape);
        record.args(["--vendor", "WTI", "--model", "NPS", "--licence", "CC0-1.0"]);
        let ran = run(record.arg("--").args(wti(&agent, over, plug, action, &script)));
        let text = std::fs::read_to_string(&tape).unwrap();
        assert_eq!(ran.status.code(), Some(0), "{}\n{text}", told(&ran));
        assert!(text.contains(&format!(r#""exit":{exit}"#)) && !text.contains(PASSWORD), "{text}");
        succeed(fencelab().args(["lint", "--strict"]).arg(&tape));
        tapes.push(tape);
    }
    assert_eq!(emulation.end(Signal::SIGTERM), Some(0));

    let lab = crate::record::script(folder.path(), "fencelab");
    let replay = |action: &str| {
        let words = wti(&agent, over, "2", action, &lab);
        run(fencelab().arg("replay").arg(&tapes[1]).arg("--").args(words))
    };
    let same = replay("off");
    assert_eq!(same.status.code(), Some(0), "{}", told(&same));
    let other = replay("on");
    assert_eq!(other.status.code(), Some(1), "{}", told(&other));
    assert!(told(&other).contains("1-off.jsonl:"), "{}", told(&other));

    let learnt = folder.path().join("learnt");
    let proof = told(&run(fencelab().arg("learn").args(&tapes).arg("-o").arg(&learnt)));
    assert!(proof.contains("proof: "), "{proof}");
    succeed(fencelab().arg("lint").arg(&learnt));
    // Nobody is greeted at a serial line, and so its login is not learnt.
    if over == "serial" {
        return;
    }
    // A plug that was never recorded is switched.
    let mut emulation = Serving::start(fencelab().arg("emulate").arg(&learnt));
    let face = emulation.ready();
    let port = face["port"].as_u64().unwrap() as u16;
    let place = Place::Address(SocketAddr::from(([127, 0, 0, 1], port)));
    for (action, exit) in [("status", 0), ("off", 0), ("status", 2)] {
        let words = place.filled_in(&wti(&agent, over, "4", action, &lab));
        let ran = run(std::process::Command::new(&words[0]).args(&words[1..]));
        assert_eq!(ran.status.code(), Some(exit), "{action}: {}\n{proof}", told(&ran));
    }
    assert_eq!(emulation.end(Signal::SIGTERM), Some(0));
}

#[test]
fn a_console_over_telnet_is_recorded_replayed_and_learnt() {
    recorded_replayed_and_learnt("telnet");
}

#[test]
fn a_console_over_ssh_is_recorded_replayed_and_learnt() {
    recorded_replayed_and_learnt("ssh");
}

#[test]
fn a_console_at_a_serial_line_is_recorded_replayed_and_learnt() {
    recorded_replayed_and_learnt("serial");
}
