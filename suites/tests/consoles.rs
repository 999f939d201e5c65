//! Our own console agents, in virtual time, before the consoles that are described.

use std::path::Path;

use fencelab_devices::corpus;
use fencelab_suites::{AgentChoice, Plan, Suite, run_plan};

/// Agents on devices where the two do not yet understand each other, with what is known of it.
const NOT_YET: [(&str, &str, &str); 5] = [
    ("fence_drac5", "dell/cmc", "the agent takes `Powering ON` for on, a second before the plug is"),
    ("fence_lpar", "ibm/hmc3", "`Ready` is no word for off to the agent"),
    ("fence_lpar", "ibm/hmc4", "the agent takes `Starting` for on, before the plug is"),
    ("fence_lpar", "ibm/ivm", "the same"),
    ("fence_raritan", "raritan/dominion-px-clp", "the agent lists no outlets"),
];

#[test]
fn every_action_works_on_described_consoles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/consoles");
    let devices = corpus::load_all(&root).unwrap().into_iter().map(|(_, spec)| spec.unwrap()).collect();
    let mut plan = Plan::new(devices);
    plan.agents = vec![AgentChoice::Builtin];
    plan.suites = vec![Suite::Conformance];
    let report = run_plan(&plan, &mut |_| {});
    let findings = report.findings();
    let is_known = |agent: &str, device: &str| {
        NOT_YET.iter().any(|(name, on, _)| agent.ends_with(name) && *on == device)
    };
    let new: Vec<String> = findings
        .iter()
        .filter(|finding| !is_known(&finding.agent, &finding.device))
        .map(|finding| format!("{}\n    {}", finding.replay, finding.evidence))
        .collect();
    assert!(new.is_empty(), "{}", new.join("\n"));
    assert!(report.troubles.is_empty(), "{:?}", report.troubles);
    let cells = || report.cells.iter().filter(|cell| cell.check == "every-action");
    assert!(cells().count() >= 35 && cells().all(|cell| cell.judged > 0));
    for (agent, device, why) in NOT_YET {
        let is_open =
            findings.iter().any(|finding| finding.agent.ends_with(agent) && finding.device == device);
        assert!(is_open, "{agent} on {device} works now, strike it off: {why}");
    }
}
