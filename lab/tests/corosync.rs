//! `fencelab bench fabric` with rings of real corosync in namespaces, beside corosync's own cpgbench: `cargo xtask ci` installs and
//! builds what is needed. No sleeps: each test waits for what it needs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fencelab_fabric::bench::{Case, How, Load, Report, Tested};
use fencelab_fabric::transport::Kind;

const PATIENCE: Duration = Duration::from_secs(30);

fn bench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fencelab"));
    command.args(["bench", "fabric", "--waiting", "events"]);
    command
}

/// Runs it to its end, and answers what it has found.
fn found(folder: &Path, words: &str) -> Report {
    let json = folder.join("report.json");
    let output = bench().args(words.split_whitespace()).arg("--json").arg(&json).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap()
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn of(report: &Report, kind: Kind) -> &Tested {
    let tested = report.transports.iter().find(|tested| tested.kind == kind).unwrap();
    assert_eq!(tested.unavailable, None);
    tested
}

fn case<'a>(tested: &'a Tested, load: Load, offer: Option<&str>) -> &'a Case {
    tested.cases.iter().find(|case| case.load == load && case.offer.as_deref() == offer).unwrap()
}

fn cpgbench() -> PathBuf {
    let path = std::env::var_os("FENCELAB_CPGBENCH").map(PathBuf::from);
    path.expect("FENCELAB_CPGBENCH: where cpgbench is; `cargo xtask ci` builds it in target/tools/cpgbench")
}

/// Three runs in turn with cpgbench. What one of them counts in the same time may be half or twice what the other does on a machine that
/// has more to do; more apart, one of them counts something else.
#[test]
fn what_it_measures_is_what_cpgbench_measures() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--transport corosync-knet,corosync-udpu --parts rings --offer flood-one --sizes 64 --seconds 2 --repeat 3 --cpgbench";
    let report = found(folder.path(), &format!("{words} {}", cpgbench().display()));
    for kind in [Kind::CorosyncKnet, Kind::CorosyncUdpu] {
        let tested = of(&report, kind);
        let (own, theirs) = (case(tested, Load::Ring, Some("flood-one")), case(tested, Load::Cpgbench, None));
        assert_eq!((own.runs.len(), theirs.runs.len()), (3, 3));
        let ratio = own.median("messages_per_s").unwrap() / theirs.median("messages_per_s").unwrap();
        assert!((0.5..2.0).contains(&ratio), "{kind}: {ratio} of cpgbench's; {tested:#?}");
        for flaw in ["sequence_errors", "length_errors", "crc_errors", "changes"] {
            assert_eq!(own.median(flaw), Some(0.0), "{kind}: {flaw}");
        }
        // The others are out of the group: nobody but the sender says when a message came.
        for figure in ["cpu_us", "rotation_mean_us", "rtt_min_us", "rtt_avg_us", "rtt_max_us"] {
            let value = own.median(figure).unwrap();
            assert!(value > 0.0, "{kind}: {figure} {value}");
        }
    }
}

/// An open loop offers what it offers on either ring, over the same links.
#[test]
fn the_rings_are_measured_beside_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let words =
        "--transport udp,corosync-knet --parts rings --offer idle,50 --sizes 300 --seconds 1 --repeat 1";
    let report = found(folder.path(), words);
    for kind in [Kind::Udp, Kind::CorosyncKnet] {
        let rate = case(of(&report, kind), Load::Ring, Some("50/s"));
        // Three nodes, and a count may begin between two messages.
        let messages = rate.median("messages_per_s").unwrap();
        assert!((140.0..160.0).contains(&messages), "{kind}: {messages}");
        assert_eq!(rate.median("bytes_per_write"), Some(300.0), "{kind}");
        let idle = case(of(&report, kind), Load::Ring, Some("idle"));
        assert_eq!(idle.median("received"), Some(0.0), "{kind}");
    }
    let interface = report.environments[0].interface.as_ref().unwrap();
    assert_eq!((interface.name.as_str(), interface.driver.as_deref()), ("eth0", None));
    assert!(report.emulated(Kind::CorosyncKnet).unwrap().contains("eth0"));
}

#[test]
fn corosync_notices_each_failure_after_the_token_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--transport corosync-udpu --parts detection --detection-token 300 --repeat 1";
    let report = found(folder.path(), words);
    let detections = &of(&report, Kind::CorosyncUdpu).detection;
    assert_eq!(detections.len(), How::ALL.len());
    for detection in detections {
        let took = detection.median_ms().unwrap();
        // Before the token is lost nobody can know; after many timeouts it is not this that was noticed.
        assert!((250.0..3000.0).contains(&took), "{}: {took} ms", detection.how.name());
    }
}

/// Processes that descend from the one with this in its environment.
fn descendants(mark: &str) -> Vec<String> {
    let mark = format!("FENCELAB_TEST={mark}");
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let has_mark = |path: &PathBuf| {
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let name = |path: PathBuf| std::fs::read_to_string(path.join("comm")).unwrap_or_default();
    processes.filter(has_mark).map(name).collect()
}

/// Waits until it holds of the descendants.
fn until(mark: &str, holds: impl Fn(&[String]) -> bool) {
    let start = Instant::now();
    loop {
        let all = descendants(mark);
        if holds(&all) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{all:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_bench_that_is_killed_leaves_nothing() {
    let mark = format!("killed-{}", std::process::id());
    let words = "--transport corosync-udpu --parts rings --offer idle --seconds 600 --repeat 1";
    let mut child = bench()
        .args(words.split_whitespace())
        .env("FENCELAB_TEST", &mark)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().next();
    assert!(said.is_some_and(|line| line.is_ok()));
    until(&mark, |all| all.iter().filter(|name| name.trim_end() == "corosync").count() == 3);
    child.kill().unwrap();
    child.wait().unwrap();
    until(&mark, <[String]>::is_empty);
}

#[test]
fn what_corosync_would_not_take_is_refused_before_anything_is_measured() {
    for (words, says) in [
        ("--transport corosync-knet --detection-token 100", "127 ms and more"),
        ("--transport corosync-knet --parts rings --token 126", "127 ms and more"),
        ("--transport corosync-knet --cpgbench /nowhere/cpgbench", "/nowhere/cpgbench"),
        ("--transport corosync-tcp", "corosync-udpu"),
        ("--namespaces --node 127.0.0.1:1 --node 127.0.0.1:2", "cannot be used with"),
    ] {
        let output = bench().args(words.split_whitespace()).output().unwrap();
        assert!(!output.status.success(), "{words}");
        assert!(told(&output).contains(says), "{words}: {}", told(&output));
    }
}
