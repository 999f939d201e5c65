//! `record` from a BMC that we did not write; then that BMC is gone, and its recording stands in its place.

use std::path::Path;
use std::process::Command;

use fencelab_peers::{IpmiSim, Power, Setup};
use nix::sys::signal::Signal;

use crate::process::{Serving, fencelab, run, succeed, told};

const AGENT: [&str; 9] = [
    "fence_ipmilan",
    "--ip={host}",
    "--ipport={port}",
    "--lanplus",
    "--cipher=3",
    "--power-wait=0",
    "--password-script",
    "{script}",
    "--username",
];

/// The words of ClusterLabs' agent, its password by script.
fn agent(user: &str, action: &str, script: &Path) -> Vec<String> {
    let script = script.display().to_string();
    let words = AGENT.iter().map(|word| word.replace("{script}", &script));
    words.chain([user.to_owned(), format!("--action={action}")]).collect()
}

pub(crate) fn script(folder: &Path, password: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(format!("password-{password}"));
    std::fs::write(&path, format!("#!/bin/sh\necho {password}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn record(sim: &IpmiSim, tape: &Path) -> Command {
    let mut record = fencelab();
    record.args(["record", "--link", "ipmi", "--device", &sim.address.to_string(), "-o"]).arg(tape);
    record.env("FENCELAB_BMC_USER", IpmiSim::LOGIN.0).env("FENCELAB_BMC_PASSWORD", IpmiSim::LOGIN.1);
    record.args(["--vendor", "OpenIPMI", "--model", "ipmi_sim", "--licence", "CC0-1.0"]);
    record
}

#[test]
fn an_agent_is_recorded_and_its_recording_satisfies_it_when_the_bmc_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("off.jsonl");
    let sim = IpmiSim::start(Setup { power: Power::Script, ..Setup::default() });
    let real = script(folder.path(), IpmiSim::LOGIN.1);
    let words = agent(IpmiSim::LOGIN.0, "off", &real);
    succeed(record(&sim, &tape).arg("--").args(&words));
    assert!(!sim.is_on(), "the agent did not reach the BMC through the proxy");
    drop(sim);

    let text = std::fs::read_to_string(&tape).unwrap();
    assert!(!text.contains("secret\""), "the password is in the transcript");
    assert!(text.contains(r#""mark":"begin","action":"off""#) && text.contains(r#""exit":0"#), "{text}");
    assert_eq!(
        succeed(fencelab().args(["lint", "--strict"]).arg(&tape).env("FENCELAB_BMC_PASSWORD", "secret")),
        ""
    );
    let shown = succeed(fencelab().arg("show").arg(&tape));
    assert!(shown.contains("Chassis Control: power down") && shown.contains("[power is off]"), "{shown}");

    // Never overwritten.
    let sim = IpmiSim::start(Setup::default());
    let again = run(record(&sim, &tape).arg("--").args(&words));
    assert_eq!(again.status.code(), Some(4), "{}", told(&again));
    assert_eq!(std::fs::read_to_string(&tape).unwrap(), text);
    drop(sim);

    // The replay authenticates with the lab's login in place of the recorded one.
    let lab = script(folder.path(), "fencelab");
    let replayed = run(fencelab().arg("replay").arg(&tape).arg("--").args(agent("lab", "off", &lab)));
    assert_eq!(replayed.status.code(), Some(0), "{}", told(&replayed));

    // Another action is not what was recorded, and that is said with its line.
    let other = run(fencelab().arg("replay").arg(&tape).arg("--").args(agent("lab", "on", &lab)));
    assert_eq!(other.status.code(), Some(1), "{}", told(&other));
    assert!(told(&other).contains("its last ones never came"), "{}", told(&other));
}

#[test]
fn ipmitool_is_recorded_while_the_proxy_serves_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("status.jsonl");
    let sim = IpmiSim::start(Setup { power: Power::Script, ..Setup::default() });
    let ipmitool = |face: &serde_json::Value, user: &str, password: &str| {
        let mut command = Command::new("ipmitool");
        command.args(["-I", "lanplus", "-C", "3", "-N", "1", "-H", face["address"].as_str().unwrap()]);
        command.args(["-p", &face["port"].to_string(), "-U", user, "-E", "chassis", "power", "status"]);
        succeed(command.env("IPMI_PASSWORD", password))
    };
    let mut recording = Serving::start(&mut record(&sim, &tape));
    let proxy = recording.ready();
    assert_eq!(ipmitool(&proxy, IpmiSim::LOGIN.0, IpmiSim::LOGIN.1), "Chassis Power is on\n");
    assert_eq!(recording.end(Signal::SIGINT), Some(0));
    drop(sim);

    let mut replay = Serving::start(fencelab().arg("replay").arg(&tape));
    let face = replay.ready();
    assert_eq!(ipmitool(&face, "lab", "fencelab"), "Chassis Power is on\n");
    assert_eq!(replay.end(Signal::SIGINT), Some(0));
}

#[test]
fn a_device_folder_made_of_a_recording_satisfies_the_same_agent() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("off.jsonl");
    let sim = IpmiSim::start(Setup { power: Power::Script, ..Setup::default() });
    let real = script(folder.path(), IpmiSim::LOGIN.1);
    succeed(record(&sim, &tape).arg("--").args(agent(IpmiSim::LOGIN.0, "off", &real)));
    drop(sim);
    let toml = r#"format = "1.0"

[device]
vendor     = "OpenIPMI"
model      = "ipmi_sim"
agents     = ["fence_ipmilan"]
evidence   = ["off.jsonl"]
provenance = { kind = "recorded", software = "OpenIPMI ipmi_sim", from = ["off.jsonl"] }

[plant]
plugs = [{ name = "system", power = "on" }]

[face.ipmi]
answers-cipher-suites = false
answers = ["off.jsonl"]
"#;
    std::fs::write(folder.path().join("device.toml"), toml).unwrap();
    assert_eq!(succeed(fencelab().arg("lint").arg(folder.path())), "");
    let mut serving =
        Serving::start(fencelab().arg("emulate").arg(folder.path()).args(["--control", "127.0.0.1:0"]));
    let face = serving.ready();
    let lab = script(folder.path(), "fencelab");
    let filled = agent("lab", "off", &lab).into_iter().map(|word| {
        word.replace("{host}", face["address"].as_str().unwrap()).replace("{port}", &face["port"].to_string())
    });
    let filled: Vec<String> = filled.collect();
    succeed(Command::new(&filled[0]).args(&filled[1..]));
    let (_, plugs) = crate::process::ask(&face["control"], "GET", "/devices/0/plugs", "", "");
    assert_eq!(plugs[0]["power"], "off");
}

#[test]
fn a_command_that_cannot_be_run_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = fencelab();
    record
        .args(["record", "--link", "ipmi", "--device", "127.0.0.1:9", "-o"])
        .arg(folder.path().join("x.jsonl"));
    let output = run(record.args(["--", "/no/such/program"]));
    assert_eq!(output.status.code(), Some(6), "{}", told(&output));
    assert!(told(&output).contains("/no/such/program"), "{}", told(&output));
}

#[test]
fn a_secret_in_the_header_is_refused_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("x.jsonl");
    let mut record = fencelab();
    record.args(["record", "--link", "ipmi", "--device", "127.0.0.1:9", "-o"]).arg(&tape);
    record.env("FENCELAB_BMC_PASSWORD", "Tr0ub4dor").args([
        "--provenance",
        "our tr0ub4dor BMC",
        "--",
        "true",
    ]);
    let output = run(&mut record);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert!(told(&output).contains("`provenance`") && !told(&output).contains("ub4dor"), "{}", told(&output));
    assert!(!tape.exists());
}

#[test]
fn a_console_is_recorded_and_no_password_is_in_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("off.jsonl");
    let consoles = crate::process::workspace().join("transcripts/corpus");
    let mut emulate = fencelab();
    emulate.args(["emulate", "apc/rpdu-cli", "--corpus"]).arg(consoles).args(["--control", "127.0.0.1:0"]);
    let mut serving = Serving::start(emulate.env("FENCELAB_PASSWORD", "s3cr3t-Zebra"));
    let mut face = serving.ready();
    while face["face"] != "telnet" {
        face = serving.ready();
    }
    let right = script(folder.path(), "s3cr3t-Zebra");
    let device = format!("{}:{}", face["address"].as_str().unwrap(), face["port"]);
    let words = [
        "/usr/sbin/fence_apc".to_owned(),
        "--ip={host}".to_owned(),
        "--ipport={port}".to_owned(),
        "--username=lab".to_owned(),
        format!("--password-script={}", right.display()),
        "--action=off".to_owned(),
        "--plug=3".to_owned(),
        "--power-wait=0".to_owned(),
    ];
    let mut record = fencelab();
    record.args(["record", "--link", "telnet", "--device", &device, "-o"]).arg(&tape).arg("--").args(words);
    let ran = run(&mut record);
    assert_eq!(ran.status.code(), Some(0), "{}", told(&ran));
    assert!(told(&ran).contains(" turns to the device, "), "{}", told(&ran));
    assert_eq!(serving.end(Signal::SIGINT), Some(0));
    let text = std::fs::read_to_string(&tape).unwrap();
    assert!(!text.contains("s3cr3t-Zebra") && text.contains(r#""text":"********\r"#), "{text}");
    assert!(text.contains(r#"{"protocol":"telnet","transport":"tcp","port":"#), "{text}");
    assert!(text.contains(r#""mark":"begin","action":"off","plug":"3""#), "{text}");
    let lint =
        fencelab().arg("lint").arg(&tape).env("FENCELAB_BMC_PASSWORD", "s3cr3t-Zebra").output().unwrap();
    assert!(lint.status.success(), "{}", told(&lint));
}
