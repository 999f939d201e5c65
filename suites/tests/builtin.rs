//! Our own agents, in virtual time: clean over many seeds, and the same case is the same run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::{DeviceSpec, corpus};
use fencelab_suites::{AgentChoice, Plan, Property, Report, Suite, Verdict, run_plan};

fn devices() -> Vec<Arc<DeviceSpec>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let all = corpus::load_all(&root).unwrap();
    assert!(all.len() >= 6, "the corpus has at least six devices");
    all.into_iter().map(|(_, spec)| spec.unwrap()).collect()
}

fn plan(suites: &[Suite], budget_ms: u64) -> Plan {
    let mut plan = Plan::new(devices());
    plan.agents = vec![AgentChoice::Builtin];
    plan.suites = suites.to_vec();
    plan.budget = Duration::from_millis(budget_ms);
    plan
}

fn assert_clean(report: &Report) {
    let findings = report.findings();
    let lines: Vec<String> =
        findings.iter().map(|finding| format!("{}\n    {}", finding.replay, finding.evidence)).collect();
    assert!(report.holds(), "{}\n{}", lines.join("\n"), report.troubles.join("\n"));
}

#[test]
fn conformance_holds() {
    let report = run_plan(&plan(&[Suite::Conformance], 0), &mut |_| {});
    assert_clean(&report);
    for check in ["every-action", "parity", "credentials", "no-leak"] {
        let cells = || report.cells.iter().filter(|cell| cell.check == check);
        assert!(cells().count() >= 6 && cells().all(|cell| cell.judged > 0), "{check}");
    }
}

/// Wrong communities, passphrases and names, and accounts that may only read: each is refused, and none is left out.
#[test]
fn every_kind_of_snmp_account_is_tried() {
    let mut plan = plan(&[Suite::Conformance], 0);
    plan.devices.retain(|device| device.id == "apc/rpdu");
    let report = run_plan(&plan, &mut |_| {});
    assert_clean(&report);
    let refused = report.cells.iter().find(|cell| cell.check == "credentials").unwrap();
    // Of v1 (and v2c with it): a wrong community and one that may only read. Of v3: a passphrase, a name, a reader.
    assert_eq!(refused.judged, 5);
}

#[test]
fn a_plug_that_was_named_is_the_one_that_is_tried() {
    let mut plan = plan(&[Suite::Properties], 1000);
    plan.devices.retain(|device| device.id == "apc/masterswitch-plus");
    plan.plugs = vec!["2:7".to_owned(), "3:1".to_owned()];
    plan.faults = Some(fencelab_devices::Fault::parse_all("not-done").unwrap());
    plan.action = Some(fencelab_suites::Action::Off);
    let report = run_plan(&plan, &mut |_| {});
    assert_clean(&report);
    assert!(report.cells.iter().any(|cell| cell.check == "right-plug" && cell.judged > 0));
}

#[test]
fn properties_hold_over_several_seeds() {
    for seed in [1, 7, 2008] {
        let mut plan = plan(&[Suite::Properties], 4000);
        plan.seed = seed;
        let report = run_plan(&plan, &mut |_| {});
        assert_clean(&report);
        let lies = report.cells.iter().filter(|cell| cell.check == Property::NoFalseOff.name());
        assert!(lies.clone().count() >= 6);
        assert!(lies.into_iter().any(|cell| cell.verdict == Verdict::Pass && cell.judged > 0));
    }
}

#[test]
fn the_budget_is_kept() {
    let report = run_plan(&plan(&[Suite::Properties], 2000), &mut |_| {});
    let took = report.took.as_secs_f64();
    // Meeting the agents is outside of the budget, and takes milliseconds.
    // What is outside of it (meeting the agents, reading what may stand in a device's place) is little, and so is the last case.
    assert!((1.9..5.0).contains(&took), "{took} s instead of 2 s");
}

/// Cases of each agent on each device.
fn cases(report: &Report) -> std::collections::BTreeMap<(String, String), u64> {
    let mut cases = std::collections::BTreeMap::new();
    for cell in report.cells.iter().filter(|cell| cell.cases > 0) {
        *cases.entry((cell.agent.clone(), cell.device.clone())).or_default() += cell.cases;
    }
    cases
}

#[test]
fn each_agent_on_each_device_gets_its_share() {
    let mut plan = plan(&[Suite::Properties], 3000);
    plan.devices.retain(|device| device.id.starts_with("generic/ipmi"));
    let cases = cases(&run_plan(&plan, &mut |_| {}));
    let (least, most) = (cases.values().min().unwrap(), cases.values().max().unwrap());
    assert!(cases.len() > 1 && least * 4 >= *most, "{cases:?}");
}

/// A hunt that was cut short goes on by its journal: what was played is not played again, and what it had judged counts.
#[test]
fn a_hunt_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let hunt = |budget| {
        let mut plan = plan(&[Suite::Properties], budget);
        plan.devices.retain(|device| device.id == "generic/ipmi-2.0");
        plan.agents = vec![AgentChoice::BuiltinNamed("fence_ipmilan".to_owned())];
        plan.journal = Some(folder.path().join("journal"));
        run_plan(&plan, &mut |_| {})
    };
    let lines = || std::fs::read_to_string(folder.path().join("journal")).unwrap().lines().count();
    let first = hunt(300);
    assert_clean(&first);
    let played = lines();
    assert!(played > 20, "{played} lines");
    let second = hunt(700);
    assert_clean(&second);
    let (before, after): (u64, u64) = (cases(&first).values().sum(), cases(&second).values().sum());
    assert_eq!(before as usize, played - 1);
    assert!(after > before, "{before}, then {after} in all");
    assert_eq!(after as usize, lines() - 1, "each case stands there once");
    let numbers: std::collections::BTreeSet<String> = std::fs::read_to_string(folder.path().join("journal"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["number"].to_string())
        .collect();
    assert_eq!(numbers.len() as u64, after);
}

/// The same seed gives the same cases in the same order, whatever the time allows: the shorter journal begins the longer one.
#[test]
fn the_seed_decides_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = |name: &str, seed: u64, budget: u64| {
        let mut plan = plan(&[Suite::Properties], budget);
        plan.devices.retain(|device| device.id == "generic/ipmi-2.0");
        plan.agents = vec![AgentChoice::BuiltinNamed("fence_ipmilan".to_owned())];
        (plan.seed, plan.journal) = (seed, Some(folder.path().join(name)));
        run_plan(&plan, &mut |_| {});
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let (short, long, other) = (journal("short", 5, 400), journal("long", 5, 900), journal("other", 6, 400));
    let both = short.len().min(long.len());
    assert!(both > 30, "{both} cases");
    assert_eq!(short[..both], long[..both]);
    assert_ne!(other[..other.len().min(both)], long[..other.len().min(both)]);
}

#[test]
fn a_seed_and_a_fault_are_the_whole_run() {
    let run = || {
        let mut plan = plan(&[Suite::Properties], 1000);
        plan.faults =
            Some(fencelab_devices::Fault::parse_all("drop@status,first=2 + done-late(3s)").unwrap());
        plan.seed = 42;
        let report = run_plan(&plan, &mut |_| {});
        let cells = report.cells.iter();
        cells
            .map(|cell| {
                (cell.agent.clone(), cell.device.clone(), cell.check.clone(), cell.judged, cell.deceived)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

/// Found by long runs: the device says a false, whole, documented "off" in a session whose set-up was damaged on its way. The
/// agent is excused only if the recorded wire can be read in spite of the damage.
#[test]
fn a_deceived_agent_is_excused_even_where_the_set_up_was_damaged() {
    for faults in [
        "state(power-off) + garble(6)@to-device,nth=3",
        "state(power-off) + garble(6)@first=4",
        "state(power-off) + garble(20)@nth=4",
    ] {
        let mut plan = plan(&[Suite::Properties], 1000);
        plan.devices.retain(|device| device.id == "openipmi/ipmi_sim");
        plan.property = Some(Property::NoFalseOff);
        plan.power = Some(fencelab_devices::Power::On);
        plan.faults = Some(fencelab_devices::Fault::parse_all(faults).unwrap());
        plan.seed = 0;
        let report = run_plan(&plan, &mut |_| {});
        assert_clean(&report);
        assert!(report.cells.iter().any(|cell| cell.deceived > 0), "{faults}: nobody was deceived");
    }
}

#[test]
fn the_corpus_is_repeated_and_a_changed_verdict_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus/openipmi/ipmi_sim");
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(&root).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let regression = || {
        let mut plan = Plan::new(vec![DeviceSpec::load(folder.path()).unwrap()]);
        plan.agents = vec!["builtin:fence_ipmilan".parse().unwrap()];
        plan.suites = vec![Suite::Regression];
        run_plan(&plan, &mut |_| {})
    };
    let good = regression();
    assert_clean(&good);
    assert!(good.cells[0].judged >= 4, "{:?}", good.cells);

    let transcript = folder.path().join("lanplus.jsonl");
    let text = std::fs::read_to_string(&transcript).unwrap();
    assert!(text.contains(r#""exit":2"#), "it holds a status of a plug that is off");
    std::fs::write(&transcript, text.replace(r#""exit":2"#, r#""exit":0"#)).unwrap();
    let bad = regression();
    let findings = bad.findings();
    // Each changed verdict is found by the replay and by the described device.
    assert_eq!(findings.len(), 2 * text.matches(r#""exit":2"#).count());
    assert!(
        findings[0].evidence.contains("exit 2 instead of the recorded exit 0"),
        "{}",
        findings[0].evidence
    );
}
