//! Our own console agents, in virtual time, before the consoles that are described.

use std::path::Path;

use fencelab_devices::corpus;
use fencelab_suites::{AgentChoice, Plan, Suite, run_plan};

#[test]
fn every_action_works_on_described_consoles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/consoles");
    let devices = corpus::load_all(&root).unwrap().into_iter().map(|(_, spec)| spec.unwrap()).collect();
    let mut plan = Plan::new(devices);
    plan.agents = vec![AgentChoice::Builtin];
    plan.suites = vec![Suite::Conformance];
    let report = run_plan(&plan, &mut |_| {});
    let findings: Vec<String> = report
        .findings()
        .iter()
        .map(|finding| format!("{}\n    {}", finding.replay, finding.evidence))
        .collect();
    assert!(report.holds(), "{}\n{}", findings.join("\n"), report.troubles.join("\n"));
    let cells = || report.cells.iter().filter(|cell| cell.check == "every-action");
    assert!(cells().count() >= 35 && cells().all(|cell| cell.judged > 0));
}
