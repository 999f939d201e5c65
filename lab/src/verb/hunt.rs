//! `fencelab hunt [AGENT...]`: the property suite as a front door, with all its time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use fencelab_devices::DeviceSpec;
use fencelab_suites::{AgentChoice, Expected, Plan, Suite, agents_for, fair_budget};

use super::suite_args::{ReportArgs, SearchArgs, absolute};
use super::suite_run;
use crate::exit::{Exit, Failure, OrExit};

/// Options of `hunt`.
#[derive(Args, Debug)]
pub(crate) struct HuntArgs {
    /// Whom to hunt: a NAME, a PATH, external (those found of the device's agents), builtin, builtin:NAME.
    ///
    /// Without any: external.
    #[arg(value_name = "AGENT")]
    agents: Vec<AgentChoice>,
    /// On which device: an id of the corpus (vendor/model), or a folder with a device.toml. May be given several times.
    ///
    /// Without it: every device of the corpus; for a NAME or PATH those that list an agent of this name. A NAME or PATH is
    /// tried on each device that is named here, whatever the device says.
    #[arg(long, value_name = "DEVICE")]
    device: Vec<String>,
    /// How long to search, in real time.
    ///
    /// Without it: 40 s for each external agent on each device, 2 s for each built-in one, and at least 40 s in all.
    #[arg(long, value_name = "DURATION", value_parser = fencelab_devices::duration::parse)]
    budget: Option<Duration>,
    /// Only the K-th of N parts of the work, so that N machines share it.
    #[arg(long, value_name = "K/N", value_parser = shard)]
    shard: Option<(u32, u32)>,
    /// A file that the hunt keeps its progress in: a hunt with the same file goes on where this one was interrupted.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// End with the first finding.
    #[arg(long)]
    first: bool,
    /// A file of expected findings, each with a reason. Without it nothing is expected: a hunt shows everything.
    #[arg(long, value_name = "FILE")]
    expected: Option<PathBuf>,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    reports: ReportArgs,
}

/// Reads `2/8`: the second of eight parts.
fn shard(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((k, n)) if (1..=n).contains(&k) => Ok((k, n)),
        _ => Err(String::from("write K/N, the K-th of N parts: 1/4 to 4/4")),
    }
}

pub(crate) fn run(args: HuntArgs) -> Result<Exit, Failure> {
    args.reports.check()?;
    let plan = plan(&args)?;
    suite_run::play("hunt", &plan, &args.search, &args.reports)
}

fn plan(args: &HuntArgs) -> Result<Plan, Failure> {
    let choices: Vec<AgentChoice> = match args.agents.as_slice() {
        [] => vec![AgentChoice::Found],
        agents => agents.iter().cloned().map(absolute).collect(),
    };
    let devices = args.search.corpus.devices(&args.device)?;
    let (devices, choices) =
        if args.device.is_empty() { of_the_corpus(devices, choices)? } else { (devices, choices) };
    let mut plan = Plan::new(devices);
    plan.agents = choices;
    let mut tried = 0;
    for spec in &plan.devices {
        tried += agents_for(spec, &plan.agents).or_exit(Exit::Input)?.len();
    }
    if tried == 0 {
        let words = "none of the agents of these devices is on this machine; install one, or name one by its path (`fencelab \
                     list` shows both)";
        return Err(Failure::new(Exit::Input, words));
    }
    plan.suites = vec![Suite::Properties];
    args.search.fill(&mut plan);
    plan.shard = args.shard.unwrap_or((1, 1));
    plan.journal.clone_from(&args.journal);
    plan.first = args.first;
    plan.budget = args.budget.unwrap_or_else(|| fair_budget(&plan));
    if let Some(file) = &args.expected {
        plan.expected = Expected::load(file).or_exit(Exit::Input)?;
    }
    Ok(plan)
}

/// Which agents are tried on which devices of the corpus where no device was named: one that was named outright on those that
/// list it.
///
/// A plan tries each choice on each of its devices. Where the agents speak to different devices, each device is therefore
/// handed over with the list of those who are hunted on it, and they are chosen by that list.
fn of_the_corpus(
    devices: Vec<Arc<DeviceSpec>>,
    choices: Vec<AgentChoice>,
) -> Result<(Vec<Arc<DeviceSpec>>, Vec<AgentChoice>), Failure> {
    let named: Vec<(&AgentChoice, String)> =
        choices.iter().filter_map(|choice| Some((choice, base_name(choice)?))).collect();
    if named.is_empty() {
        return Ok((devices, choices));
    }
    for (_, name) in &named {
        if !devices.iter().any(|spec| spec.agents.contains(name)) {
            let words = format!(
                "no device of the corpus lists an agent `{name}`; name one that it speaks to by --device (`fencelab list` \
                 shows them)"
            );
            return Err(Failure::new(Exit::Input, words));
        }
    }
    let all_named = named.len() == choices.len();
    let lists = |spec: &DeviceSpec| -> Vec<String> {
        named.iter().map(|(_, name)| name).filter(|name| spec.agents.contains(name)).cloned().collect()
    };
    let wanted: Vec<Arc<DeviceSpec>> =
        devices.into_iter().filter(|spec| !all_named || !lists(spec).is_empty()).collect();
    if all_named && wanted.iter().all(|spec| lists(spec).len() == named.len()) {
        return Ok((wanted, choices));
    }
    let ours = |choice: &AgentChoice| matches!(choice, AgentChoice::Builtin | AgentChoice::BuiltinNamed(_));
    if choices.iter().any(ours) {
        let words = "built-in agents beside others that speak to other devices need their devices named: add --device, or \
                     hunt them apart";
        return Err(Failure::new(Exit::Input, words));
    }
    let mut who: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (choice, name) in &named {
        // A path stays one, so that it is this very program that is found.
        let word = match choice {
            AgentChoice::Path(path) => path.display().to_string(),
            _ => name.clone(),
        };
        agents_for_one(&wanted, choice)?;
        who.entry(name.clone()).or_default().push(word);
    }
    let narrowed = wanted.iter().map(|spec| {
        let mut spec = DeviceSpec::clone(spec);
        let hunted = spec.agents.iter().filter_map(|name| who.get(name)).flatten().cloned();
        let own = if all_named { Vec::new() } else { spec.agents.clone() };
        spec.agents = hunted.chain(own).collect();
        Arc::new(spec)
    });
    Ok((narrowed.collect(), vec![AgentChoice::Found]))
}

/// An agent that was named outright must be there, also where it is then chosen by the devices' lists.
fn agents_for_one(devices: &[Arc<DeviceSpec>], choice: &AgentChoice) -> Result<(), Failure> {
    if let Some(spec) = devices.first() {
        agents_for(spec, std::slice::from_ref(choice)).or_exit(Exit::Input)?;
    }
    Ok(())
}

/// The name by which devices list an agent that was named outright.
fn base_name(choice: &AgentChoice) -> Option<String> {
    match choice {
        AgentChoice::Named(name) | AgentChoice::BuiltinNamed(name) => Some(name.clone()),
        AgentChoice::Path(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        AgentChoice::Builtin | AgentChoice::Found => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(id: &str, agents: &[&str]) -> Arc<DeviceSpec> {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
        let mut spec =
            DeviceSpec::clone(&fencelab_devices::corpus::find(&corpus, "generic/ipmi-2.0").unwrap());
        spec.id = id.to_owned();
        spec.agents = agents.iter().map(|name| (*name).to_owned()).collect();
        Arc::new(spec)
    }

    #[test]
    fn a_shard_is_one_of_its_number() {
        assert_eq!(shard("1/1"), Ok((1, 1)));
        assert_eq!(shard("8/8"), Ok((8, 8)));
        for wrong in ["0/1", "2/1", "1/0", "1", "a/b", "-1/2"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_named_agent_is_hunted_where_its_name_is_listed() {
        let devices =
            || vec![spec("v/one", &["sh"]), spec("v/two", &["sh", "cat"]), spec("v/three", &["ls"])];
        let named = |name: &str| AgentChoice::Named(name.to_owned());
        let (specs, choices) = of_the_corpus(devices(), vec![named("sh")]).unwrap();
        assert_eq!(specs.iter().map(|spec| spec.id.as_str()).collect::<Vec<_>>(), ["v/one", "v/two"]);
        assert_eq!(choices, [named("sh")], "so that it is tried in full");

        let path = AgentChoice::Path("/bin/cat".into());
        let (specs, choices) = of_the_corpus(devices(), vec![named("sh"), path]).unwrap();
        let lists: Vec<Vec<String>> = specs.iter().map(|spec| spec.agents.clone()).collect();
        assert_eq!(lists, [vec!["sh"], vec!["sh", "/bin/cat"]]);
        assert_eq!(choices, [AgentChoice::Found]);
        let programs = agents_for(&specs[1], &choices).unwrap();
        assert_eq!(programs.len(), 2, "{programs:?}");
        assert!(programs.contains(&fencelab_suites::Agent::External("/bin/cat".into())), "{programs:?}");

        let error = of_the_corpus(devices(), vec![named("sed")]).unwrap_err();
        assert!(error.error.to_string().contains("--device"), "{}", error.error);
    }
}
