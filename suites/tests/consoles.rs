//! The agents of the field before the consoles of the corpus, over each carrier that both can speak.

use std::collections::BTreeSet;
use std::path::Path;

use fencelab_devices::corpus;
use fencelab_devices::spec::FaceSpec;
use fencelab_suites::{AgentChoice, Expected, Plan, Suite, run_plan};

/// Newer than Debian 12.
const NOT_THERE: &str = "fence_eaton_ssh";

#[test]
fn each_name_of_the_field_is_tried_on_its_consoles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let devices = corpus::load_all(&root).unwrap().into_iter().map(|(_, spec)| spec.unwrap());
    let mut plan =
        Plan::new(devices.filter(|spec| matches!(spec.faces.first(), Some(FaceSpec::Console(_)))).collect());
    plan.agents = vec![AgentChoice::Found];
    plan.suites = vec![Suite::Conformance];
    plan.expected = Expected::load(&root.join("expected.toml")).unwrap();
    let mut names: BTreeSet<String> =
        plan.devices.iter().flat_map(|spec| spec.agents.iter().cloned()).collect();
    names.remove(NOT_THERE);

    let report = run_plan(&plan, &mut |_| {});

    let mut found = report.findings();
    found.retain(|finding| finding.expected.is_none());
    let found: Vec<String> =
        found.iter().map(|finding| format!("{}\n    {}", finding.replay, finding.evidence)).collect();
    assert!(report.holds(), "{}\n{}", found.join("\n"), report.troubles.join("\n"));
    let cells = || report.cells.iter().filter(|cell| cell.check == "every-action");
    assert!(cells().all(|cell| cell.judged > 0));
    let tried: BTreeSet<String> =
        cells().filter_map(|cell| Some(cell.agent.rsplit('/').next()?.to_owned())).collect();
    assert_eq!(tried, names, "the package fence-agents has them");
}
