//! Agents that lie on purpose, as real processes: each is caught by the right property, with the smallest fault that shows it,
//! and the same case shows it again. They need ipmitool and net-snmp's tools.

mod ipmi;
mod snmp;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::{DeviceSpec, Fault, Power};
use fencelab_suites::{Action, AgentChoice, Class, Finding, Plan, Property, Suite, run_plan};

fn device(id: &str) -> Arc<DeviceSpec> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus").join(id);
    DeviceSpec::load(&folder).unwrap()
}

/// A liar, the device that it is tried on, and the tool that it runs with its package.
struct Liar {
    name: &'static str,
    device: &'static str,
    needs: (&'static str, &'static str),
}

fn plan(liar: &Liar, property: Property, action: Action) -> Plan {
    let (tool, package) = liar.needs;
    assert!(
        fencelab_suites::agent::find(tool).is_some(),
        "{} needs {tool}: apt-get install {package}",
        liar.name
    );
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/liars").join(liar.name);
    let mut plan = Plan::new(vec![device(liar.device)]);
    plan.agents = vec![AgentChoice::Path(path)];
    plan.suites = vec![Suite::Properties];
    plan.property = Some(property);
    plan.action = Some(action);
    plan.power = Some(Power::On);
    // It ends with the first finding, which comes within a few seconds; the budget is for busy machines.
    plan.budget = Duration::from_secs(60);
    plan.first = true;
    plan
}

/// Hunts, and plays what was found again as its replay line would.
fn caught(liar: &Liar, property: Property, action: Action, class: Class) -> Finding {
    let plan = plan(liar, property, action);
    let report = run_plan(&plan, &mut |_| {});
    assert_eq!(report.troubles, [""; 0]);
    let finding = report.findings().into_iter().find(|finding| finding.class == class).cloned();
    let finding = finding.unwrap_or_else(|| panic!("{} was not caught; {:?}", liar.name, report.cells));
    assert_eq!(finding.check, property.name());
    assert!(!report.holds());

    let mut again = plan;
    again.faults = Some(Fault::parse_all(&finding.fault).unwrap());
    again.seed = finding.seed;
    again.call = (finding.mode, finding.login, finding.service);
    (again.shape, again.impostor) = (finding.shape.clone(), finding.impostor.clone());
    again.plugs.clone_from(&finding.plugs);
    let options = finding.options.iter().filter_map(|option| option.split_once('='));
    again.options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let report = run_plan(&again, &mut |_| {});
    let shown =
        report.findings().into_iter().any(|other| other.class == class && other.fault == finding.fault);
    assert!(shown, "the replay of {} does not fail: {:?}", finding.replay, report.cells);
    for part in ["--property", property.name(), "--action", "--power on", "--seed", "--fault '"] {
        assert!(finding.replay.contains(part), "{}", finding.replay);
    }
    finding
}

/// The smallest trouble is a single fault, or none where another account or shape is enough.
fn is_small(finding: &Finding) {
    assert!(Fault::parse_all(&finding.fault).unwrap().len() <= 1, "{}", finding.fault);
}
