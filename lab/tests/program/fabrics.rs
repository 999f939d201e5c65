//! `import` and `show --statistics` of what a cluster says.

use std::path::PathBuf;

use crate::process::{fencelab, run, succeed, told, workspace};

fn capture(file: &str) -> PathBuf {
    let folder = std::env::var_os("FENCELAB_CAPTURES")
        .map_or_else(|| workspace().join("../shared/captures"), PathBuf::from);
    let path = folder.join(file);
    assert!(
        path.is_file(),
        "{} is not there; set FENCELAB_CAPTURES to the folder of captures",
        path.display()
    );
    path
}

const RING: &str = "corosync/corosync3-knet-nocrypto.pcap";
const FABRIC: &str = "infiniband/softroce-demo-infiniband.pcap";

#[test]
fn a_capture_of_a_ring_becomes_a_transcript_with_its_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = folder.path().join("ring.jsonl");
    let mut import = fencelab();
    // Nobody has to say what it is.
    import.arg("import").arg(capture(RING)).arg("-o").arg(&transcript).args(["--licence", "CC0-1.0"]);
    let output = run(&mut import);
    assert!(output.status.success(), "{}", told(&output));
    let summary = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = [
        "444 packets in 11.209 s",
        "     253 totem token",
        "      54 knet ping",
        "token rotation at node 2: 124 times, p50 ",
        "messages: 20 of ",
        "ring 1.11 is formed of nodes 1, 2",
    ];
    for line in lines {
        assert!(summary.contains(line), "{line}: {summary}");
    }
    assert_eq!(succeed(fencelab().args(["lint", "--strict"]).arg(&transcript)), "");
    let shown = succeed(fencelab().args(["show", "--statistics"]).arg(&transcript));
    for line in lines {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let dialogue = succeed(fencelab().arg("show").arg(&transcript));
    assert!(dialogue.contains(r#"totem {"type":"token","node":1,"to":2,"ring":"1.9""#), "{dialogue}");
}

#[test]
fn a_capture_of_infiniband_is_told_by_connections() {
    let output = run(fencelab().args(["import", "--link", "infiniband"]).arg(capture(FABRIC)));
    assert!(output.status.success(), "{}", told(&output));
    let summary = String::from_utf8_lossy(&output.stderr).into_owned();
    for line in
        ["43 packets in 250.573 s", "3 cm ConnectRequest", "acknowledges: 9 ACK", "connection ready: 3"]
    {
        assert!(summary.contains(line), "{line}: {summary}");
    }
    let other = run(fencelab().args(["import", "--link", "corosync"]).arg(capture(FABRIC)));
    assert_eq!(other.status.code(), Some(3), "{}", told(&other));
    assert!(told(&other).contains("holds no corosync (43 packets read"), "{}", told(&other));
}

#[test]
fn what_is_no_cluster_has_no_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = folder.path().join("bmc.jsonl");
    let bmc = capture("ipmi/ipmisim-ipmitool-lan15-md5.pcap");
    succeed(fencelab().arg("import").arg(bmc).arg("-o").arg(&transcript));
    let output = run(fencelab().args(["show", "--statistics"]).arg(&transcript));
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(
        told(&output).contains("is of ipmi; statistics are those of what a cluster said"),
        "{}",
        told(&output)
    );
}
