//! Two small agents of our own, sound and with seeded defects: the sound ones raise no alarm, and each defect is found.

#[allow(dead_code, reason = "programs and tests share it, and each uses a part")]
mod fixture;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::DeviceSpec;
use fencelab_suites::{Plan, Report, Subject, Suite, run_plan};

use fixture::mutation::{self, Defect, MUTATIONS, Speaks};

mod bench;
mod by_hand;
mod defects;
mod process;
mod sound;

/// Where the device of an agent is described.
fn folder(speaks: Speaks) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus").join(speaks.device())
}

fn device(speaks: Speaks) -> Arc<DeviceSpec> {
    DeviceSpec::load(&folder(speaks)).unwrap()
}

/// A plan for one agent in virtual time.
fn plan(speaks: Speaks, program: &str, suite: Suite, budget: Duration) -> Plan {
    let mut plan = Plan::new(vec![device(speaks)]);
    plan.agents = Vec::new();
    plan.subjects = vec![Arc::new(Subject::in_process(program, fixture::run).unwrap())];
    plan.suites = vec![suite];
    plan.budget = budget;
    plan
}

/// A number that a person may give for longer measurements.
fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn told(report: &Report) -> String {
    let findings = report.findings();
    let lines = findings.iter().map(|it| {
        format!(
            "{} {} {}\n    {}\n    {}\n{}",
            it.check, it.class, it.fault, it.replay, it.evidence, it.said.stderr
        )
    });
    lines.collect::<Vec<_>>().join("\n") + &report.troubles.join("\n")
}

/// Runs a plan that must find nothing.
fn assert_clean(plan: &Plan) {
    let report = run_plan(plan, &mut |_| {});
    if !report.findings().is_empty() {
        eprintln!("{}", told(&report));
    }
    assert!(report.holds(), "{}", told(&report));
}
