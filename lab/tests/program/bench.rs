//! `fencelab bench fabric` from end to end, on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fencelab_fabric::bench::{How, Load, Report};

use crate::process::{Serving, fencelab, run, told};

fn bench(folder: &Path, more: &[&str]) -> (Output, Option<Report>) {
    let json = folder.join("report.json");
    let mut command: Command = fencelab();
    command.args([
        "bench",
        "fabric",
        "--nodes",
        "3",
        "--seconds",
        "0.2",
        "--iterations",
        "200",
        "--warm-up",
        "20",
    ]);
    command.args(["--sizes", "64,4096", "--json"]).arg(&json).args(more);
    let output = run(&mut command);
    let report = std::fs::read(&json).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap());
    (output, report)
}

#[test]
fn a_bench_measures_pairs_and_rings_over_every_transport_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let more =
        ["--repeat", "1", "--parts", "pairs,rings", "--waiting", "events", "--html", page.to_str().unwrap()];
    let (output, report) = bench(folder.path(), &more);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("EMULATED") && text.contains("loopback"), "{text}");
    let report = report.unwrap();
    let measured = |kind: &str| report.transports.iter().find(|tested| tested.kind.name() == kind).unwrap();
    for kind in ["udp", "multicast", "tcp"] {
        let tested = measured(kind);
        assert_eq!(tested.unavailable, None);
        let of = |load: Load| tested.cases.iter().filter(move |case| case.load == load);
        assert_eq!(of(Load::PingPong).count(), 2);
        assert_eq!(of(Load::Stream).count(), 2);
        // Idle once, a rate and a flood of both sizes.
        assert_eq!(of(Load::Ring).count(), 5);
        for case in of(Load::PingPong) {
            let latency = case.median("latency_p50_us").unwrap();
            assert!(latency > 0.5 && latency < 50_000.0, "{kind}: {latency}");
            assert_eq!(case.median("lost"), Some(0.0), "{kind}");
        }
        for case in of(Load::Ring) {
            let rotation = case.runs[0].quantiles["rotation"];
            assert!(rotation.count > 10 && rotation.p50 <= rotation.p99 && rotation.p99 <= rotation.max);
            let share = case.median("wire_share").unwrap();
            assert!((0.0..1.0).contains(&share), "{kind}: {share}");
            if case.offer.as_deref() == Some("flood") {
                assert!(case.median("messages_per_s").unwrap() > 100.0, "{kind}");
                assert!(case.runs[0].quantiles["delivery"].count > 10, "{kind}");
            }
        }
        // Three nodes with a hundred messages a second each: each delivers three hundred.
        let rated = of(Load::Ring).find(|case| case.offer.as_deref() == Some("100/s") && case.bytes == 64);
        let messages = rated.unwrap().median("messages_per_s").unwrap();
        assert!((250.0..350.0).contains(&messages), "{kind}: {messages}");
    }
    for kind in ["rc", "ud"] {
        let why = measured(kind).unavailable.clone().unwrap();
        assert!(text.contains(&why), "{text}");
    }
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("Token rotation") && page.contains("emulated"), "{page}");
}

/// A transcript of a cluster: when, which node, how many bytes.
fn cluster(folder: &Path, said: &[(f64, u32, usize)]) -> PathBuf {
    let tape = folder.join("tuesday.jsonl");
    let mut lines = vec![String::from(
        r#"{"transcript":"1.0","device":{"vendor":"corosync","model":"cluster"},"link":{"protocol":"corosync","transport":"udp"}}"#,
    )];
    for (seq, (seconds, node, bytes)) in said.iter().enumerate() {
        lines.push(format!(
            r#"{{"t":{seconds},"s":1,"from":"agent","totem":{{"type":"mcast","node":{node},"ring":"4.8","seq":{seq},"bytes":{bytes}}}}}"#
        ));
    }
    std::fs::write(&tape, lines.join("\n") + "\n").unwrap();
    tape
}

#[test]
fn a_recorded_clusters_load_is_put_on_another_transport() {
    let folder = tempfile::tempdir().unwrap();
    let tape =
        cluster(folder.path(), &[(0.0, 4, 100), (0.1, 9, 3000), (0.15, 4, 64), (0.2, 9, 1), (0.2, 4, 500)]);
    let load = ["--repeat", "1", "--parts", "rings", "--waiting", "events", "--transport", "tcp", "--load"];
    let load = [&load[..], &[tape.to_str().unwrap()]].concat();
    let (output, report) = bench(folder.path(), &load);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report = report.unwrap();
    let case = &report.transports[0].cases[0];
    assert_eq!(case.offer.as_deref(), Some("5 recorded messages"));
    assert_eq!(case.runs[0].figures["behind"], 0.0);
    // Two nodes hear what the other of them says, and the third hears all.
    assert_eq!(case.runs[0].quantiles["delivery"].count, 2 + 3 + 5);

    // More nodes speak than there are.
    cluster(folder.path(), &[(0.0, 1, 1), (0.0, 2, 1), (0.0, 3, 1), (0.0, 4, 1)]);
    let (output, _) = bench(folder.path(), &load);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(told(&output).contains("4 nodes speak in it"), "{}", told(&output));
}

#[test]
fn a_recorded_cluster_is_replayed_over_the_transports_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let tape = cluster(folder.path(), &[(0.0, 1, 100), (0.1, 2, 3000), (0.15, 3, 64), (0.2, 4, 1)]);
    let json = folder.path().join("report.json");
    let output =
        run(fencelab().arg("replay").arg(&tape).args(["--transport", "udp,tcp", "--json"]).arg(&json));
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report: Report = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let kinds: Vec<&str> = report.transports.iter().map(|tested| tested.kind.name()).collect();
    assert_eq!(kinds, ["udp", "tcp"]);
    for tested in &report.transports {
        let [case] = &tested.cases[..] else { panic!("{:?}", tested.cases) };
        assert_eq!(case.offer.as_deref(), Some("4 recorded messages"));
        // There are as many nodes as speak, and each hears the three others.
        assert_eq!(case.runs[0].quantiles["delivery"].count, 12);
    }

    // Over nothing, and what is no cluster's.
    let output = run(fencelab().arg("replay").arg(&tape));
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("like `--transport udp,rc`"), "{}", told(&output));
    let device = concat!(env!("CARGO_MANIFEST_DIR"), "/../transcripts/corpus/pyghmi/fakebmc/power.jsonl");
    let output = run(fencelab().args(["replay", device, "--transport", "udp"]));
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(told(&output).contains("no message of a cluster is in it"), "{}", told(&output));
    let output = run(fencelab().arg("replay").arg(&tape).args(["--transport", "udp", "--", "true"]));
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}

#[test]
fn failures_are_noticed_after_the_token_timeout_and_consensus() {
    let folder = tempfile::tempdir().unwrap();
    let more = [
        "--repeat",
        "1",
        "--parts",
        "detection",
        "--waiting",
        "events",
        "--transport",
        "udp,tcp",
        "--detection-token",
        "400",
    ];
    let (output, report) = bench(folder.path(), &more);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    for tested in &report.unwrap().transports {
        assert_eq!(tested.detection.iter().map(|found| found.how).collect::<Vec<_>>(), How::ALL);
        for found in &tested.detection {
            let took = found.runs_ms[0];
            // Not before the token's time is over, less what it had been away when the node failed.
            assert!(took > 400.0 * 0.7, "{} {:?} {took} ms", tested.kind, found.how);
            assert!(took < 400.0 * 2.2 + 400.0, "{} {:?} {took} ms", tested.kind, found.how);
        }
    }
}

/// What stands before a node: it hands on what is said, but for some orders to turn a ring (counted from 0), which it answers itself.
fn before(node: SocketAddr, fails: fn(usize) -> bool, is_gone_then: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut rings = 0;
        loop {
            let (mut bench, _) = listener.accept().unwrap();
            let mut node = TcpStream::connect(node).unwrap();
            let (answers, mut to) = (BufReader::new(node.try_clone().unwrap()), bench.try_clone().unwrap());
            std::thread::spawn(move || {
                for line in answers.lines().map_while(Result::ok) {
                    let _ = writeln!(to, "{line}");
                }
            });
            for line in BufReader::new(bench.try_clone().unwrap()).lines().map_while(Result::ok) {
                let is_ring = line.starts_with(r#"{"ring""#);
                if is_ring && fails(rings) {
                    writeln!(bench, r#"{{"failed":"its cable is out"}}"#).unwrap();
                    if is_gone_then {
                        return;
                    }
                } else {
                    writeln!(node, "{line}").unwrap();
                }
                rings += usize::from(is_ring);
            }
            // The other thread has it, too.
            let _ = node.shutdown(Shutdown::Both);
        }
    });
    address
}

/// A bench of rings, udp and tcp in turn, three times, with a node that fails at some.
fn rings_that_fail(fails: fn(usize) -> bool, is_gone_then: bool) -> (Output, Report, String) {
    let folder = tempfile::tempdir().unwrap();
    let (json, page) = (folder.path().join("report.json"), folder.path().join("report.html"));
    let mut nodes: Vec<Serving> =
        (0..2).map(|_| Serving::start(fencelab().args(["bench", "node"]))).collect();
    let mut addresses: Vec<SocketAddr> =
        nodes.iter_mut().map(|node| node.line().split([' ', ';']).nth(3).unwrap().parse().unwrap()).collect();
    addresses[0] = before(addresses[0], fails, is_gone_then);
    let mut command = fencelab();
    command.args([
        "bench",
        "fabric",
        "--repeat",
        "3",
        "--parts",
        "rings",
        "--seconds",
        "0.1",
        "--offer",
        "idle",
    ]);
    command
        .args(["--transport", "udp,tcp", "--waiting", "events", "--json"])
        .arg(&json)
        .arg("--html")
        .arg(&page);
    for address in &addresses {
        command.arg("--node").arg(address.to_string());
    }
    let output = run(&mut command);
    let bytes = std::fs::read(&json).unwrap_or_else(|error| panic!("{error}: {}", told(&output)));
    let report = serde_json::from_slice(&bytes).unwrap();
    (output, report, std::fs::read_to_string(page).unwrap())
}

#[test]
fn a_ring_that_fails_is_told_and_the_others_are_measured() {
    let (output, report, page) = rings_that_fail(|ring| ring == 2, false);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    let [udp, tcp] = &report.transports[..] else { panic!("{text}") };
    assert_eq!((udp.cases[0].runs.len(), tcp.cases[0].runs.len()), (2, 3), "{text}");
    assert_eq!(udp.troubles, ["ring, 0 bytes, idle: node 0: its cable is out"]);
    assert_eq!((&tcp.troubles[..], &report.broken_off), (&[][..], &None));
    for shown in [&text, &page] {
        assert!(shown.contains("its cable is out"), "{shown}");
    }
    assert!(page.contains("incomplete"), "{page}");
}

#[test]
fn a_transport_that_always_fails_is_left_alone_after_a_while() {
    // udp's are all of them at first; tcp's are those that are left.
    let (output, report, _) = rings_that_fail(|ring| ring % 2 == 0, false);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    let [udp, tcp] = &report.transports[..] else { panic!("{text}") };
    assert_eq!((udp.cases.len(), udp.troubles.len()), (0, 3), "{text}");
    assert_eq!((tcp.cases[0].runs.len(), tcp.troubles.len()), (3, 0), "{text}");
}

#[test]
fn what_was_measured_before_a_node_was_gone_is_kept() {
    let (output, report, page) = rings_that_fail(|ring| ring == 3, true);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    let runs: Vec<usize> = report.transports.iter().map(|tested| tested.cases[0].runs.len()).collect();
    assert_eq!(runs, [2, 1], "{text}");
    let why = report.broken_off.unwrap();
    // Whose figures are shown is known still.
    assert!(report.environments.len() == 2 && text.contains("EMULATED"), "{text}");
    assert!(why.contains("node 0 at") && text.contains(&why) && page.contains("ended before all"), "{text}");
}

#[test]
fn a_baseline_is_compared_if_both_have_runs_enough() {
    let folder = tempfile::tempdir().unwrap();
    let few =
        ["--repeat", "1", "--parts", "rings", "--transport", "udp", "--waiting", "events", "--offer", "idle"];
    let many = [&few[2..], &["--repeat", "5"]].concat();
    let (output, _) = bench(folder.path(), &few);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let baseline = folder.path().join("baseline.json");
    std::fs::rename(folder.path().join("report.json"), &baseline).unwrap();
    let compared = [&many[..], &["--baseline", baseline.to_str().unwrap()]].concat();
    let (output, _) = bench(folder.path(), &compared);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert!(told(&output).contains("1 runs are too few to compare"), "{}", told(&output));
    std::fs::rename(folder.path().join("report.json"), &baseline).unwrap();
    let (output, _) = bench(folder.path(), &compared);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Now by baseline") && text.contains("token rotation p50"), "{text}");

    // No table holds both what is emulated and what is not.
    let text = std::fs::read_to_string(&baseline).unwrap();
    let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
    for environment in report["environments"].as_array_mut().unwrap() {
        environment["interface"] = serde_json::json!({"name": "ib0", "kind": 32, "mtu": 2044, "driver": "mlx5_core", "mode": "datagram"});
    }
    std::fs::write(&baseline, report.to_string()).unwrap();
    let (output, _) = bench(folder.path(), &compared);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert!(told(&output).contains("no table holds both"), "{}", told(&output));
}

/// Each node has an address and a link of its own, which is no loopback.
#[test]
fn nodes_run_in_namespaces_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let more =
        ["--namespaces", "--repeat", "1", "--parts", "rings", "--offer", "flood", "--waiting", "events"];
    let more = [&more[..], &["--transport", "udp,multicast,tcp"]].concat();
    let (output, report) = bench(folder.path(), &more);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report = report.unwrap();
    for tested in &report.transports {
        assert_eq!(tested.cases.len(), 2, "{}: {:?}", tested.kind, tested.unavailable);
        assert!(tested.cases.iter().all(|case| case.median("messages_per_s").unwrap() > 0.0));
    }
    let interface = report.environments[2].interface.as_ref().unwrap();
    assert_eq!((interface.name.as_str(), interface.kind, interface.mtu), ("eth0", 1, 1500));
}

#[cfg(not(feature = "corosync"))]
#[test]
fn a_program_without_corosync_says_so_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let more = [
        "--repeat",
        "1",
        "--parts",
        "pairs,rings",
        "--waiting",
        "events",
        "--transport",
        "corosync-knet,udp",
    ];
    let (output, report) = bench(folder.path(), &more);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(told(&output).contains("built without the feature `corosync`"), "{}", told(&output));
    let report = report.unwrap();
    let kinds: Vec<(&str, bool)> =
        report.transports.iter().map(|tested| (tested.kind.name(), tested.cases.is_empty())).collect();
    assert_eq!(kinds, [("udp", false), ("corosync-knet", true)]);
}
