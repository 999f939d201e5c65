//! SNMP from end to end: walked, recorded, learnt, replayed.

use std::path::{Path, PathBuf};
use std::process::Command;

use fencelab_peers::{Snmpd, SnmpdSetup};

use crate::process::{Serving, fencelab, run, succeed, told};

/// The community of the real device in these tests.
const COMMUNITY: &str = "s3cret-comm";

/// What an APC rack PDU has of two outlets, as far as its agent asks, on an agent that we did not write. It keeps what is
/// written into it; that the status follows the command is beyond it, so both are one object for it (MasterSwitch).
fn masterswitch() -> SnmpdSetup {
    let column = "1.3.6.1.4.1.318.1.1.4.4.2.1";
    let setup = SnmpdSetup::new().community(COMMUNITY, true);
    let setup = setup.line("override .1.3.6.1.2.1.1.2.0 object_id .1.3.6.1.4.1.318.1.3.4.1");
    (1..=4).fold(setup, |setup, outlet| {
        setup.object(&format!(".{column}.3.{outlet}"), "integer", "1").object(
            &format!(".{column}.4.{outlet}"),
            "octet_str",
            &format!("\"Outlet {outlet}\""),
        )
    })
}

fn captures() -> PathBuf {
    let beside = crate::process::workspace().join("../shared/captures");
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or(beside, PathBuf::from);
    assert!(
        folder.is_dir(),
        "{} is missing; name the folder of captures by FENCELAB_CAPTURES",
        folder.display()
    );
    folder
}

fn record(snmpd: &Snmpd, tape: &Path) -> Command {
    let mut record = fencelab();
    record.args(["record", "--link", "snmp", "--device", &snmpd.address.to_string(), "-o"]).arg(tape);
    record.args(["--vendor", "APC", "--model", "MasterSwitch", "--licence", "CC0-1.0"]);
    record.env("FENCELAB_SNMP_COMMUNITY", COMMUNITY);
    record
}

fn agent(host: &str, port: &str, community: &str, plug: &str, action: &str) -> Vec<String> {
    let words = ["fence_apc_snmp", "--power-wait=0", &format!("--ip={host}"), &format!("--ipport={port}")];
    let more = [format!("--community={community}"), format!("--plug={plug}"), format!("--action={action}")];
    words.map(str::to_owned).into_iter().chain(more).collect()
}

#[test]
fn what_was_recorded_and_walked_is_learnt_and_switches() {
    let folder = tempfile::tempdir().unwrap();
    let snmpd = Snmpd::start(&masterswitch());
    let mut tapes = Vec::new();
    for (number, (plug, action)) in
        [("2", "status"), ("2", "off"), ("2", "status"), ("2", "on"), ("3", "status")].into_iter().enumerate()
    {
        let tape = folder.path().join(format!("{number}-{action}.jsonl"));
        let ran =
            run(record(&snmpd, &tape).arg("--").args(agent("{host}", "{port}", COMMUNITY, plug, action)));
        assert_eq!(ran.status.code(), Some(0), "{}", told(&ran));
        tapes.push(tape);
    }
    let walk = folder.path().join("walk.jsonl");
    let walked = run(record(&snmpd, &walk).args(["--walk", "1.3.6.1.2.1.1", "--walk", "1.3.6.1.4.1.318"]));
    assert!(walked.status.success(), "{}", told(&walked));
    assert!(told(&walked).contains(" objects"), "{}", told(&walked));
    tapes.push(walk);
    for tape in &tapes {
        let text = std::fs::read_to_string(tape).unwrap();
        assert!(!text.contains(COMMUNITY), "{}: the community is in it", tape.display());
        succeed(fencelab().args(["lint", "--strict"]).arg(tape).env("FENCELAB_BMC_PASSWORD", COMMUNITY));
    }
    drop(snmpd);

    // Each recording stands in for the device that is gone.
    let replayed = run(fencelab()
        .arg("replay")
        .arg(&tapes[1])
        .arg("--")
        .args(agent("{host}", "{port}", "fencelab", "2", "off")));
    assert_eq!(replayed.status.code(), Some(0), "{}", told(&replayed));
    let other = run(fencelab()
        .arg("replay")
        .arg(&tapes[1])
        .arg("--")
        .args(agent("{host}", "{port}", "fencelab", "3", "off")));
    assert_eq!(other.status.code(), Some(1), "{}", told(&other));
    assert!(told(&other).contains("1-off.jsonl:"), "{}", told(&other));

    let device = folder.path().join("learnt");
    let learnt = succeed(fencelab().arg("learn").args(&tapes).arg("-o").arg(&device));
    assert!(learnt.contains("proof: "), "{learnt}");
    succeed(fencelab().arg("lint").arg(&device));
    switches(&device, "4");
}

/// The device of a folder is read and switched by the field's agent.
fn switches(folder: &Path, plug: &str) {
    let mut serving = Serving::start(fencelab().arg("emulate").arg(folder));
    let port = serving.ready()["port"].to_string();
    let exits = |action: &str, code: i32| {
        let words = agent("127.0.0.1", &port, "fencelab", plug, action);
        let ran = run(Command::new(format!("/usr/sbin/{}", words[0])).args(&words[1..]));
        assert_eq!(ran.status.code(), Some(code), "{action}: {}", told(&ran));
        told(&ran)
    };
    exits("status", 0);
    exits("off", 0);
    exits("status", 2);
    exits("on", 0);
    exits("status", 0);
    assert!(exits("list", 0).lines().count() >= 4);
}

#[test]
fn a_walk_of_a_real_pdu_is_read_at_once_and_switches_by_a_few_lines() {
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("pdu");
    let capture = captures().join("snmprec/apc-7902b.snmprec");
    let mut import = fencelab();
    import.args(["import", "--from", "snmprec", "--vendor", "APC", "--model", "7902B", "--folder"]);
    let imported = run(import.arg(&device).arg(&capture));
    assert_eq!(imported.status.code(), Some(0), "{}", told(&imported));
    {
        let mut serving = Serving::start(fencelab().arg("emulate").arg(&device));
        let port = serving.ready()["port"].to_string();
        let words = agent("127.0.0.1", &port, "fencelab", "1", "status");
        let ran = run(Command::new(format!("/usr/sbin/{}", words[0])).args(&words[1..]));
        assert_eq!(ran.status.code(), Some(0), "{}", told(&ran));
    }
    let description = device.join("device.toml");
    let text = std::fs::read_to_string(&description).unwrap();
    let plugs = text.lines().find(|line| line.starts_with("plugs")).unwrap();
    let rules = r#"
[[face.snmp.object]]
name   = "sPDUOutletCtl"
oid    = "1.3.6.1.4.1.318.1.1.4.4.2.1.3.{plug}"
type   = "integer"
shows  = { on = 1, off = 2 }
orders = { on = 1, off = 2 }
source = "PowerNet-MIB"
"#;
    std::fs::write(&description, text.replace(plugs, "plugs = { count = 16 }") + rules).unwrap();
    switches(&device, "16");
}

#[test]
fn only_a_link_that_can_be_walked_is_walked() {
    let refused =
        run(fencelab().args(["record", "--link", "ipmi", "--device", "127.0.0.1:1", "--walk", "1.3.6.1"]));
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    let nobody =
        run(fencelab().args(["record", "--link", "snmp", "--device", "127.0.0.1:1", "--walk", "1.3.6.1"]));
    assert_eq!(nobody.status.code(), Some(2), "{}", told(&nobody));
    assert!(told(&nobody).contains("FENCELAB_SNMP_COMMUNITY"), "{}", told(&nobody));
}
