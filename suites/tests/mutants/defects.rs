//! Each defect is found by the property that it breaks.

use std::sync::Mutex;
use std::time::Instant;

use super::*;

/// Defects that a hunt in virtual time cannot find, and why.
const BEYOND: [(&str, &str); 2] = [
    ("password_in_child", "it lies in what a child process is told: `process.rs` has it found"),
    (
        "session_left_by_failure",
        "a BMC forgets the sessions before `heals` asks again: `by_hand.rs` shows it",
    ),
];

/// Defects that take thousands of cases, which a debug build does not play in a test's time: they are tried in release.
const LATE: &[&str] = &[
    "argv_ignores_power_timeout",
    "counts_polls",
    "cycle_believed",
    "endless_close",
    "error_body_believed",
    "name_contains",
    "one_behind",
    "service_skips_verification",
];

/// Whether a hunt of so many seconds finds what is expected, and what it found instead. What already shows on a healthy device, in
/// whatever way, needs no further proof.
fn hunt(defect: &Defect, seed: u64, budget: f64) -> Result<(), String> {
    let mut plan = plan(defect.speaks, &defect.program(), Suite::Properties, Duration::from_secs_f64(budget));
    (plan.seed, plan.first) = (seed, true);
    let report = run_plan(&plan, &mut |_| {});
    let findings = report.findings();
    let is_expected = |(property, class): &(fencelab_suites::Property, fencelab_suites::Class)| {
        findings.iter().any(|finding| finding.check == property.name() && finding.class == *class)
    };
    let shows_at_once = findings.iter().any(|finding| finding.fault.is_empty());
    let found: Vec<String> =
        findings.iter().map(|it| format!("{} {} by '{}'", it.check, it.class, it.replay)).collect();
    eprintln!("{:6} cases  {}: {found:?}", report.cases(), defect.name);
    if shows_at_once || defect.expected.iter().any(is_expected) {
        return Ok(());
    }
    Err(format!("{} ({}): {found:?}", defect.name, defect.what))
}

fn next<T>(waiting: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    waiting.lock().unwrap().next()
}

/// A person may ask for more: `FENCELAB_MUTANT_BUDGET` seconds for each defect, `FENCELAB_MUTANT_SEED`, and with
/// `FENCELAB_MUTANT_ALL` also those that are not found yet. What a hunt may know is the agent and the device, and nothing of
/// the table.
#[test]
fn each_defect_is_found() {
    let budget = std::env::var("FENCELAB_MUTANT_BUDGET").ok().and_then(|text| text.parse().ok());
    let seed = from_environment("FENCELAB_MUTANT_SEED", 1);
    let known = MUTATIONS.iter().filter(|defect| {
        let is_late = cfg!(debug_assertions) && LATE.contains(&defect.name);
        !is_late && BEYOND.iter().all(|(name, _)| *name != defect.name)
    });
    let waiting = Mutex::new(known);
    let missed = Mutex::new(Vec::new());
    let work = || {
        // Each takes the next, so that a slow one keeps nobody.
        while let Some(defect) = next(&waiting) {
            let start = Instant::now();
            let hunted = hunt(defect, seed, budget.unwrap_or(60.0));
            eprintln!("{:28} {:5.2}s {hunted:?}", defect.name, start.elapsed().as_secs_f64());
            missed.lock().unwrap().extend(hunted.err());
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(work);
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "{} were not found:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn the_table_is_whole() {
    let names: std::collections::BTreeSet<String> = MUTATIONS.iter().map(Defect::program).collect();
    assert_eq!(names.len(), MUTATIONS.len(), "each name is one defect");
    assert!(MUTATIONS.len() >= 44);
    for defect in MUTATIONS {
        let (speaks, mutant) = mutation::by_program(&defect.program()).unwrap();
        assert!(speaks == defect.speaks && mutant.is(defect.mutation), "{}", defect.name);
    }
    let is_known = |name: &str| MUTATIONS.iter().any(|defect| defect.name == name);
    assert!(LATE.iter().all(|name| is_known(name)));
    assert!(BEYOND.iter().all(|(name, why)| is_known(name) && !why.is_empty()));
}
