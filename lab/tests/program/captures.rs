//! `import` and `export` of captures that others made, with tshark as the judge.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{fencelab, run, succeed, told, workspace};

fn captures() -> PathBuf {
    let folder = std::env::var_os("FENCELAB_CAPTURES")
        .map_or_else(|| workspace().join("../shared/captures"), PathBuf::from)
        .join("ipmi");
    assert!(
        folder.is_dir(),
        "there are no captures in {}; set FENCELAB_CAPTURES to the folder that has them",
        folder.display()
    );
    folder
}

/// Network function and command of each IPMI message, as tshark sees them.
fn dissected(file: &Path, port: &str) -> Vec<String> {
    let decode = format!("udp.port=={port},rmcp");
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(file).args(["-d", &decode, "-o", "ipmi.dissect_bus_commands:TRUE"]);
    tshark.args(["-Y", "ipmi.header.command", "-T", "fields"]);
    tshark.args(["-e", "ipmi.header.netfn", "-e", "ipmi.header.command"]);
    succeed(&mut tshark).lines().map(str::to_owned).collect()
}

#[test]
fn a_capture_becomes_a_transcript_and_a_capture_again() {
    let folder = tempfile::tempdir().unwrap();
    let (transcript, again) = (folder.path().join("c3.jsonl"), folder.path().join("c3.pcapng"));
    let capture = captures().join("ipmisim-ipmitool-C3-poweroff.pcap");
    let mut import = fencelab();
    import.args(["import", "--from", "pcap"]).arg(&capture).arg("-o").arg(&transcript);
    import.env("FENCELAB_BMC_USER", "ipmiusr").env("FENCELAB_BMC_PASSWORD", "test");
    succeed(import.args(["--vendor", "OpenIPMI", "--model", "ipmi_sim", "--licence", "CC0-1.0"]));
    let shown = succeed(fencelab().arg("show").arg(&transcript));
    assert!(shown.contains("OpenIPMI ipmi_sim") && shown.contains("Chassis Control: power down"), "{shown}");
    assert_eq!(succeed(fencelab().args(["lint", "--strict"]).arg(&transcript)), "");

    succeed(fencelab().args(["export", "--to", "pcapng"]).arg(&transcript).arg("-o").arg(&again));
    let text = std::fs::read_to_string(&transcript).unwrap();
    let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let seen = dissected(&again, &header["link"]["port"].to_string());
    assert!(
        seen.iter().any(|line| line.ends_with("0x02") && line.starts_with("0x00")),
        "no Chassis Control: {seen:?}"
    );

    // Once more: refused, since the files are there.
    let second = run(fencelab().args(["export", "--to", "pcapng"]).arg(&transcript).arg("-o").arg(&again));
    assert_eq!((second.status.code(), told(&second).contains("--force")), (Some(4), true));
}

#[test]
fn without_the_password_nothing_is_lost_and_nothing_is_read() {
    let capture = captures().join("ipmisim-ipmitool-C3-poweroff.pcap");
    let text = succeed(fencelab().args(["import", "--from", "pcap"]).arg(capture));
    assert!(text.contains(r#""why""#), "{text}");
    assert!(!text.contains(r#""netfn":0,"cmd":2"#), "{text}");
}
