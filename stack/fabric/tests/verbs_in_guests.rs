//! Verbs between real kernels: guests with soft-RoCE pass messages with the example `pingpong`.
//!
//! A boot costs seconds, so that one lab serves all of it in turn. Figures are shown and not judged: other work on the machine moves
//! them by more than a transport could.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fencelab_guest::{Lab, Options, Process};
use nix::sys::signal::Signal;

/// What guests on two busy processors may take for something short.
const SOON: Duration = Duration::from_secs(120);
const NODES: usize = 3;
/// With it, RoCE carries 4096 bytes in one packet.
const MTU: u16 = 4200;
/// How long nodes send when one of them is killed, in milliseconds.
const SPAN_MS: u32 = 8000;

/// What is looked at in one lab.
type Step = fn(&Lab);

#[test]
fn verbs_between_kernels() {
    let options = Options { mtu: MTU, ..Options::default() }.program(pingpong());
    let lab = Lab::boot(NODES, options).unwrap_or_else(|error| panic!("{error}"));
    let steps: [(&str, Step); 4] = [
        ("killed", a_killed_node_does_not_stop_the_others),
        ("messages", messages_come_whole_on_every_transport),
        ("limits", datagrams_are_limited_by_the_port),
        ("perftest", figures_beside_those_of_perftest),
    ];
    for (name, step) in steps {
        let started = Instant::now();
        step(&lab);
        eprintln!("{name}: {:.1} s", started.elapsed().as_secs_f32());
    }
}

/// The example, which cargo builds with the tests.
fn pingpong() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = profile.join("examples/pingpong");
    assert!(program.exists(), "{} is missing: `cargo test --features verbs` builds it", program.display());
    program
}

fn start(lab: &Lab, nodes: usize, options: &str) -> Vec<Process> {
    (0..nodes)
        .map(|node| {
            let guest = lab.node(node + 1);
            let own = format!(
                "pingpong node={node} nodes={nodes} ip={} meet={}:7000 ",
                guest.address(),
                lab.node(1).address()
            );
            guest.spawn((own + options).split(' ')).unwrap_or_else(|error| panic!("{error}"))
        })
        .collect()
}

/// What the first node told when all have ended well.
fn told(lab: &Lab, nodes: usize, options: &str) -> String {
    let all: Vec<_> = start(lab, nodes, options)
        .iter()
        .map(|process| process.wait(SOON).unwrap_or_else(|error| panic!("{options}: {error}")))
        .collect();
    assert!(all.iter().all(fencelab_guest::Ran::is_success), "{options}: {all:?}");
    let text = all[0].text();
    eprint!("{text}");
    text
}

/// The example fails where a message comes with another length than it was sent with: so would it with the header of datagrams.
fn messages_come_whole_on_every_transport(lab: &Lab) {
    for transport in ["rc", "ud"] {
        // Three that poll, on fewer processors, keep soft-RoCE from its work for as long as connections take to be given up.
        for (waiting, nodes) in [("events", NODES), ("polled", 2)] {
            let options =
                format!("transport={transport} waiting={waiting} load=latency size=1,1024,4096 count=10");
            told(lab, nodes, &options);
        }
    }
    told(lab, NODES, "transport=rc waiting=events load=latency size=65536 count=5");
    for transport in ["ipoib-ud", "ipoib-rc"] {
        told(lab, NODES, &format!("transport={transport} waiting=events load=latency size=64,4096 count=10"));
    }
}

fn datagrams_are_limited_by_the_port(lab: &Lab) {
    let told = told(lab, 2, "transport=ud waiting=events load=latency size=4096,4097 count=5");
    assert!(told.contains("4096 B: one way"), "{told}");
    assert!(told.contains("4097 B is too long"), "{told}");
}

fn figures_beside_those_of_perftest(lab: &Lab) {
    for (transport, waiting) in [("rc", "events"), ("rc", "polled"), ("ud", "events"), ("ud", "polled")] {
        let events = if waiting == "events" { " -e" } else { "" };
        let perftest = format!("ib_send_lat -d rxe0 -F -c {} -n 200 -s 64{events}", transport.to_uppercase());
        let server = lab.node(1).spawn(perftest.split(' ')).unwrap();
        lab.node(1).wait_until_listening(18515).unwrap();
        let client = lab.node(2).run(format!("{perftest} node1").split(' ')).unwrap();
        assert!(client.is_success(), "{client:?}");
        server.wait(SOON).unwrap();
        let line = client.text().lines().filter(|line| line.trim().starts_with("64 ")).collect::<String>();
        eprintln!("{perftest}: {line}");
        told(lab, 2, &format!("transport={transport} waiting={waiting} load=latency size=64 count=200"));
    }
}

fn a_killed_node_does_not_stop_the_others(lab: &Lab) {
    for transport in ["rc", "ud"] {
        let options = format!("transport={transport} waiting=events load=survive size=1024 count={SPAN_MS}");
        let nodes = start(lab, NODES, &options);
        for node in &nodes {
            node.wait_for("linked", SOON).unwrap_or_else(|error| panic!("{error}"));
        }
        nodes[2].signal(Signal::SIGKILL).unwrap();
        let first = nodes[0].wait(SOON).unwrap();
        assert!(first.is_success(), "{first:?}");
        assert!(nodes[1].wait(SOON).unwrap().is_success());
        let text = first.text();
        eprint!("{text}");
        // "node 1: 752, the last at 7.9 s; …"
        let last = text.split("node 1: ").nth(1).and_then(|rest| rest.split("the last at ").nth(1));
        let last: f64 = last.and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
        assert!(last > f64::from(SPAN_MS) / 1000.0 - 1.0, "node 1 was not heard to the end: {text}");
    }
}
