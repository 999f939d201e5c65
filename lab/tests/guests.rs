//! `fencelab bench fabric` over verbs between real kernels: three guests with soft-RoCE.
//!
//! A boot costs seconds, so that one lab serves all of it. Figures are shown, and judged only by what other work on the machine cannot
//! move.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fencelab_fabric::bench::{Load, Report, Tested};
use fencelab_guest::{Bench, Found, Lab, Options};

const NODES: usize = 3;
/// With it, RoCE carries 4096 bytes in one packet.
const MTU: u16 = 4200;
/// What guests on two busy processors may take.
const LONG: Duration = Duration::from_secs(240);
/// The token timeout for failures, in milliseconds: long beside what busy processors do to a guest.
const TOKEN_MS: f64 = 1500.0;

#[test]
fn verbs_between_kernels() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { mtu: MTU, ..Options::default() }.program(stripped(folder.path()));
    let lab = Lab::boot(NODES, options).unwrap_or_else(|error| panic!("{error}"));
    for step in
        [messages_come_whole, polled_pairs, rings_turn, lost_connections_are_made_anew, failures_are_noticed]
    {
        let started = Instant::now();
        step(&lab);
        eprintln!("{:.1} s", started.elapsed().as_secs_f32());
    }
}

/// The program without what only a debugger reads, for guests keep it in their memory.
fn stripped(folder: &Path) -> PathBuf {
    let path = folder.join("fencelab");
    let strip = Command::new("strip").arg("-o").arg(&path).arg(env!("CARGO_BIN_EXE_fencelab")).status();
    assert!(strip.expect("`strip` of Debian's package binutils").success());
    path
}

fn bench(lab: &Lab, options: &str) -> (Report, Found) {
    let options: Vec<_> = options.split(' ').collect();
    let bench = Bench::start(lab, &options).unwrap_or_else(|error| panic!("{error}"));
    let found = bench.found(LONG).unwrap_or_else(|error| panic!("{error}"));
    eprint!("{}", String::from_utf8_lossy(&found.ran.stdout));
    assert!(found.ran.is_success(), "{}", found.nodes);
    let report: Report = serde_json::from_slice(&found.report).unwrap();
    for tested in &report.transports {
        assert_eq!(tested.unavailable, None, "{}", tested.kind);
        let emulated = report.emulated(tested.kind);
        assert!(emulated.is_some(), "{} is said to be hardware", tested.kind);
    }
    (report, found)
}

fn sizes(tested: &Tested, load: Load) -> Vec<usize> {
    tested.cases.iter().filter(|case| case.load == load).map(|case| case.bytes).collect()
}

/// A message counts as lost if it comes with another length than it was sent with: so would it with the header of datagrams.
fn none_lost(report: &Report) {
    for tested in &report.transports {
        for case in tested.cases.iter().filter(|case| case.load == Load::PingPong) {
            assert_eq!(case.median("lost"), Some(0.0), "{}, {} bytes", tested.kind, case.bytes);
        }
    }
}

fn messages_come_whole(lab: &Lab) {
    let (report, found) = bench(
        lab,
        "--transport udp,tcp,rc,ud,ipoib-ud,ipoib-rc --waiting events --parts pairs --sizes 1,4096,4097,16384 \
         --repeat 1 --seconds 0.1 --iterations 20 --warm-up 2",
    );
    none_lost(&report);
    for tested in &report.transports {
        // A datagram of verbs has no more than the port's MTU.
        let expected: &[usize] =
            if tested.kind.name() == "ud" { &[1, 4096] } else { &[1, 4096, 4097, 16_384] };
        assert_eq!(sizes(tested, Load::PingPong), expected, "{}", tested.kind);
        assert_eq!(sizes(tested, Load::Stream), expected, "{}", tested.kind);
    }
    let page = String::from_utf8(found.page).unwrap();
    assert!(page.contains("<svg") && page.contains("ipoib-rc") && page.contains("emulated"), "{page}");
}

fn polled_pairs(lab: &Lab) {
    let (report, _) = bench(
        lab,
        "--transport rc,ud --waiting polled --parts pairs --sizes 64,1024 --repeat 1 --seconds 0.1 --iterations 20 --warm-up 2",
    );
    none_lost(&report);
}

fn rings_turn(lab: &Lab) {
    let (report, _) = bench(
        lab,
        "--transport udp,tcp,rc,ud,ipoib-ud,ipoib-rc --waiting events --parts rings --sizes 1024 --offer idle,20 \
         --token 5000 --repeat 1 --seconds 1",
    );
    for tested in &report.transports {
        assert_eq!(tested.cases.len(), 2, "{}", tested.kind);
        for case in &tested.cases {
            assert!(case.runs[0].quantiles["rotation"].count > 3, "{}", tested.kind);
            assert_eq!(case.median("changes"), Some(0.0), "{}: a false failover", tested.kind);
        }
        let messages = tested.cases[1].median("messages_per_s").unwrap();
        assert!((20.0..90.0).contains(&messages), "{}: {messages} of 60 messages a second", tested.kind);
    }
}

/// A node is cut off for longer than its connections bear. When its cable is mended, they are made anew, and the ring has all nodes
/// again: corosync's former RDMA transport needed a restart for that.
fn lost_connections_are_made_anew(lab: &Lab) {
    let options = "--transport rc,tcp --waiting events --parts rings --sizes 1024 --offer 20 --token 1000 --repeat 1 --seconds 15";
    let options: Vec<_> = options.split(' ').collect();
    let bench = Bench::start(lab, &options).unwrap_or_else(|error| panic!("{error}"));
    for kind in ["rc", "tcp"] {
        bench
            .leader()
            .wait_for(&format!("{kind} (events): ring"), LONG)
            .unwrap_or_else(|error| panic!("{error}"));
        let before = lab.switch().counts(NODES).received;
        // They turn.
        while lab.switch().counts(NODES).received < before + 200 {
            assert!(lab.node(1).run(["sleep", "0.1"]).unwrap().is_success());
        }
        lab.switch().cut(NODES);
        let ran = lab.node(1).run(["sleep", "4"]);
        lab.switch().mend(NODES);
        assert!(ran.unwrap().is_success());
    }
    let found = bench.found(LONG).unwrap_or_else(|error| panic!("{error}"));
    eprint!("{}", String::from_utf8_lossy(&found.ran.stdout));
    assert!(found.ran.is_success(), "{}", found.nodes);
    let report: Report = serde_json::from_slice(&found.report).unwrap();
    for tested in &report.transports {
        let figure = |name| tested.cases[0].median(name).unwrap();
        eprintln!("{}: {} changes, {} reconnects", tested.kind, figure("changes"), figure("reconnects"));
    }
    let [rc, tcp] = &report.transports[..] else { panic!("{:?}", report.transports) };
    // Out and in again, as each node sees it; a connection has two ends, and the third node has two connections.
    assert!(rc.cases[0].median("changes").unwrap() >= 6.0);
    assert!(rc.cases[0].median("reconnects").unwrap() >= 4.0);
    // What TCP has kept goes on.
    assert!(tcp.cases[0].median("changes").unwrap() >= 6.0);
    assert_eq!(tcp.cases[0].median("reconnects"), Some(0.0));
}

fn failures_are_noticed(lab: &Lab) {
    let (report, _) = bench(
        lab,
        &format!(
            "--transport rc,ud --waiting events --parts detection --repeat 1 --detection-token {TOKEN_MS}"
        ),
    );
    for tested in &report.transports {
        assert_eq!(tested.detection.len(), 3, "{}", tested.kind);
        for detection in &tested.detection {
            let took = detection.median_ms().unwrap();
            let within = TOKEN_MS..2.0 * detection.expected_ms;
            assert!(within.contains(&took), "{}, {}: {took} ms", tested.kind, detection.how.name());
        }
    }
}
