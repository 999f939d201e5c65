//! A tape of each console is replayed to the agent that was taped.

use std::sync::Arc;

use fencelab_devices::{Carrier, DeviceSpec};
use fencelab_suites::{Plan, Suite, run_plan};
use fencelab_transcript::Transcript;

use crate::bench::{Bench, consoles, face_over, with_each};

fn agent_of(spec: &DeviceSpec) -> &str {
    spec.agents.first().map_or("", String::as_str)
}

/// The ways in which an agent of ours reaches a console. Those that have SSH in their name know no other.
fn ways(spec: &DeviceSpec) -> impl Iterator<Item = Carrier> {
    let knows = |carrier: &Carrier| *carrier == Carrier::Ssh || !agent_of(spec).ends_with("_ssh");
    [Carrier::Telnet, Carrier::Ssh]
        .into_iter()
        .filter(knows)
        .filter(|carrier| face_over(spec, *carrier).is_some())
}

/// As it would be read from its file.
fn reread(transcript: &Transcript) -> Transcript {
    Transcript::parse("tape.jsonl", &transcript.canonical()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_same_agent_reaches_the_same_verdicts() {
    with_each(&consoles(), |spec| {
        let plug = spec.plant.plugs[0].0.as_str();
        let all = [
            ("status", Some(plug)),
            ("off", Some(plug)),
            ("status", Some(plug)),
            ("on", Some(plug)),
            ("reboot", Some(plug)),
            ("list", None),
            ("monitor", None),
        ];
        for way in ways(spec) {
            let agent = agent_of(spec);
            let mut original = Bench::new(spec, way, agent, spec);
            let (tape, recorded) = original.tape(&all);
            assert_eq!(
                recorded[..3].iter().map(|seen| seen.exit).collect::<Vec<_>>(),
                [0, 0, 2],
                "{recorded:?}"
            );
            let replay = DeviceSpec::from_transcript(reread(&tape)).unwrap();
            assert_eq!(replay.plant.plugs, [(plug.to_owned(), spec.plant.plugs[0].1)]);
            let mut again = Bench::new(&replay, way, agent, spec);
            let mut moved = false;
            for ((action, plug), then) in all.iter().zip(&recorded) {
                let now = again.run(action, *plug);
                assert_eq!(now, *then, "{} {action}: {:?}", way.name(), again.divergences());
                moved |= again.powers() != replay.plant.plugs;
                // The agent believes it, so it must be true.
                if let (Some(plug), "off" | "on") = (*plug, *action) {
                    assert_eq!(again.power(plug).unwrap().to_string(), *action);
                }
            }
            assert!(moved, "{}", way.name());
            assert_eq!(again.divergences(), [], "{}", way.name());
        }
    });
}

#[test]
fn another_action_is_told_by_its_line() {
    with_each(&consoles(), |spec| {
        let plug = spec.plant.plugs[0].0.as_str();
        for way in ways(spec) {
            let agent = agent_of(spec);
            let (tape, _) = Bench::new(spec, way, agent, spec).tape(&[("status", Some(plug))]);
            let replay = DeviceSpec::from_transcript(reread(&tape)).unwrap();
            let mut other = Bench::new(&replay, way, agent, spec);
            let seen = other.run("off", Some(plug));
            let divergences = other.divergences();
            assert!(seen.exit != 0 && !divergences.is_empty(), "{} {seen:?}", way.name());
            assert_eq!(other.power(plug), Some(spec.plant.plugs[0].1), "nothing has moved");
            let text = tape.canonical();
            // Where the agent said goodbye, or nothing more.
            for line in divergences.iter().filter_map(|divergence| divergence.line) {
                let line = text.lines().nth(line - 1).unwrap();
                assert!(line.contains(r#""from":"agent""#), "{line}");
            }
            assert!(!divergences.iter().any(|divergence| divergence.to_string().contains("fencelab")));
        }
    });
}

#[test]
fn the_regression_suite_takes_consoles_and_finds_a_changed_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let spec = consoles().into_iter().find(|spec| spec.id == "apc/rpdu-cli").unwrap();
    let text = std::fs::read_to_string(spec.folder.join("device.toml")).unwrap();
    let text = text.replace("provenance =", "evidence = [\"telnet.jsonl\", \"ssh.jsonl\"]\nprovenance =");
    std::fs::write(folder.path().join("device.toml"), text).unwrap();
    for (way, name) in [(Carrier::Telnet, "telnet.jsonl"), (Carrier::Ssh, "ssh.jsonl")] {
        let actions = [("status", Some("3")), ("off", Some("3")), ("on", Some("3")), ("list", None)];
        let (tape, _) = Bench::new(&spec, way, "fence_apc", &spec).tape(&actions);
        std::fs::write(folder.path().join(name), tape.canonical()).unwrap();
    }
    let regression = || {
        let spec: Arc<DeviceSpec> = DeviceSpec::load(folder.path()).unwrap();
        let mut plan = Plan::new(vec![spec]);
        plan.agents = vec!["builtin:fence_apc".parse().unwrap()];
        plan.suites = vec![Suite::Regression];
        run_plan(&plan, &mut |_| {})
    };
    let good = regression();
    assert!(good.holds(), "{:?}", good.findings());
    assert_eq!(good.cells[0].judged, 16, "four actions, two ways, the replay and the description");
    // A device that says the plug is off was recorded, and the verdict does not fit.
    let path = folder.path().join("ssh.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let marked = r#""action":"status","plug":"3","exit":0"#;
    assert!(text.contains(marked));
    std::fs::write(&path, text.replace(marked, r#""action":"status","plug":"3","exit":2"#)).unwrap();
    let bad = regression();
    let findings = bad.findings();
    assert_eq!(findings.len(), 2);
    assert!(
        findings[0].evidence.contains("exit 0 instead of the recorded exit 2"),
        "{}",
        findings[0].evidence
    );
}
