//! The options that `test` and `hunt` share: what is searched, and where the reports go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use fencelab_suites::agent::find;
use fencelab_suites::{Action, AgentChoice, Plan, Property};

use crate::cli::CorpusArgs;
use crate::exit::Failure;
use crate::output;
use crate::terminal::ColorChoice;

/// What narrows a search, and what it starts from.
#[derive(Args, Debug)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    pub(crate) corpus: CorpusArgs,
    /// Only this property.
    #[arg(long, value_name = "PROPERTY")]
    pub(crate) property: Option<Property>,
    /// Only this action.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<Action>,
    /// An option for the agent in every case, as on its standard input.
    #[arg(long, value_name = "KEY=VALUE", value_parser = option)]
    pub(crate) option: Vec<(String, String)>,
    /// The seed of everything that is drawn.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many external agents may run at once. Without it: four for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) jobs: Option<u32>,
    /// The folder where findings are saved: the dialogue as a transcript, and beside it a text for a bug report.
    #[arg(long, value_name = "DIR", default_value = "fencelab-findings")]
    pub(crate) findings: PathBuf,
}

/// Where the reports go.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// Write a JUnit report there.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a report as a page there.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write a report for programs there (docs/report.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// When to colour.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
}

impl SearchArgs {
    /// Fills in what these options say.
    pub(crate) fn fill(&self, plan: &mut Plan) {
        plan.property = self.property;
        plan.action = self.action;
        plan.options = self.option.iter().cloned().collect::<BTreeMap<_, _>>();
        plan.seed = self.seed;
        if let Some(jobs) = self.jobs {
            plan.concurrency = jobs as usize;
        }
    }
}

impl ReportArgs {
    /// Refuses at the start what would be refused at the end: a folder that is missing must be told now, not after a minute
    /// of work.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        [&self.junit, &self.html, &self.json]
            .into_iter()
            .flatten()
            .try_for_each(|path| output::may_write(path, true))
    }
}

fn option(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    let secrets = [
        "password",
        "passwd",
        "password_script",
        "passwd_script",
        "community",
        "snmp_priv_passwd",
        "snmp_priv_passwd_script",
    ];
    if secrets.contains(&key.replace('-', "_").as_str()) {
        return Err(String::from("the lab gives passwords and communities itself"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// Agents run in folders of their own, so their paths must hold from anywhere. Links stay: an agent goes by its name.
pub(crate) fn absolute(choice: AgentChoice) -> AgentChoice {
    match choice {
        AgentChoice::Path(path) => AgentChoice::Path(std::path::absolute(&path).unwrap_or(path)),
        other => other,
    }
}

/// Agents of the field that the devices name, but that are not here; asked only where external ones are wanted.
pub(crate) fn missing(plan: &Plan) -> Vec<String> {
    if !plan.agents.contains(&AgentChoice::Found) {
        return Vec::new();
    }
    let named: BTreeSet<&String> = plan.devices.iter().flat_map(|spec| &spec.agents).collect();
    named.into_iter().filter(|name| find(name).is_none()).cloned().collect()
}
