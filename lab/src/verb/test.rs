//! `fencelab test [DEVICE...]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use fencelab_devices::{DeviceSpec, Power};
use fencelab_suites::agent::find;
use fencelab_suites::{Action, AgentChoice, Expected, Plan, Property, Suite, agents_for, run_plan};

use crate::cli::CorpusArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::output;
use crate::progress::Bar;
use crate::report::{self, Outcome};
use crate::terminal::{ColorChoice, Pen};
use crate::verb::emulate::{Faults, faults};

/// Options of `test`.
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Devices: ids of the corpus (vendor/model), or folders with a device.toml. Without any: the corpus.
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    #[command(flatten)]
    corpus: CorpusArgs,
    /// Whom to test: builtin, builtin:NAME, external (those found of the device's agents), a NAME, or a PATH.
    ///
    /// Without it: builtin and external. A NAME or PATH is tried on each device, whatever the device says.
    #[arg(long, value_name = "AGENT")]
    agent: Vec<AgentChoice>,
    /// Only these suites: regression, conformance, properties.
    #[arg(long, value_name = "SUITE", value_parser = Suite::from_str)]
    suite: Vec<Suite>,
    /// Only this property.
    #[arg(long, value_name = "PROPERTY")]
    property: Option<Property>,
    /// Only this action.
    #[arg(long, value_name = "ACTION")]
    action: Option<Action>,
    /// Only with the plug on, or off, at the start.
    #[arg(long, value_name = "on|off", value_parser = power)]
    power: Option<Power>,
    /// Only for this plug, or for several in one call: NAME[,NAME...]. Without it: whichever the suites choose.
    #[arg(long, value_name = "PLUG", value_delimiter = ',')]
    plug: Vec<String>,
    /// An option for the agent in every case, as on its standard input.
    #[arg(long, value_name = "KEY=VALUE", value_parser = option)]
    option: Vec<(String, String)>,
    /// How long to search for findings, in real time.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = fencelab_devices::duration::parse)]
    budget: Duration,
    /// The seed of everything that is drawn.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only with this fault (`fencelab list` has them all); '' is a healthy device.
    #[arg(long, value_name = "EXPR", value_parser = faults)]
    fault: Option<Faults>,
    /// How many external agents may run at once.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// A file of expected findings, each with a reason. Without it: expected.toml in the corpus, if there is one.
    #[arg(long, value_name = "FILE")]
    expected: Option<PathBuf>,
    /// The folder where findings are saved as transcripts.
    #[arg(long, value_name = "DIR", default_value = "fencelab-findings")]
    findings: PathBuf,
    /// Write a JUnit report there.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a report as a page there.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a report for programs there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// When to colour.
    #[arg(long, value_enum, default_value_t)]
    color: ColorChoice,
}

fn power(text: &str) -> Result<Power, String> {
    match text {
        "on" => Ok(Power::On),
        "off" => Ok(Power::Off),
        _ => Err(String::from("use on or off")),
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

pub(crate) fn run(args: TestArgs) -> Result<Exit, Failure> {
    // A folder that is missing must be told now, not after a minute of work.
    for path in [&args.junit, &args.html, &args.json].into_iter().flatten() {
        output::may_write(path, true)?;
    }
    let devices = args.corpus.devices(&args.devices)?;
    let plan = plan(&args, devices)?;
    let started = jiff::Timestamp::now();
    let missing = missing(&plan);
    let bar = Bar::new();
    let report = run_plan(&plan, &mut |progress| bar.show(progress));
    bar.end();
    let outcome = Outcome {
        report,
        missing,
        started: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        command: command_line(),
    };
    tell(&args, &outcome)?;
    write_reports(&args, &outcome)?;
    Ok(if outcome.report.holds() { Exit::Success } else { Exit::Findings })
}

fn plan(args: &TestArgs, devices: Vec<Arc<DeviceSpec>>) -> Result<Plan, Failure> {
    let mut plan = Plan::new(devices);
    if !args.agent.is_empty() {
        plan.agents = args.agent.iter().cloned().map(absolute).collect();
    }
    let mut tried = 0;
    for spec in &plan.devices {
        tried += agents_for(spec, &plan.agents).or_exit(Exit::Input)?.len();
    }
    if tried == 0 {
        let words = "none of the chosen agents speaks to the chosen devices, or is on this machine; `fencelab list` shows both";
        return Err(Failure::new(Exit::Input, words));
    }
    if !args.suite.is_empty() {
        plan.suites.clone_from(&args.suite);
    }
    plan.property = args.property;
    plan.action = args.action;
    plan.power = args.power;
    plan.plugs.clone_from(&args.plug);
    plan.faults = args.fault.as_ref().map(|faults| faults.0.clone());
    plan.options = args.option.iter().cloned().collect::<BTreeMap<_, _>>();
    plan.seed = args.seed;
    plan.budget = args.budget;
    if let Some(jobs) = args.jobs {
        plan.concurrency = jobs as usize;
    }
    plan.expected = match &args.expected {
        Some(file) => Expected::load(file).or_exit(Exit::Input)?,
        None => {
            let shipped = args.corpus.root().map(|root| root.join("expected.toml"));
            match shipped {
                Ok(file) if file.is_file() => Expected::load(&file).or_exit(Exit::Input)?,
                // Devices may be named by their folders, where there is no corpus at all.
                _ => Expected::default(),
            }
        }
    };
    Ok(plan)
}

/// Agents run in folders of their own, so their paths must hold from anywhere. Links stay: an agent goes by its name.
fn absolute(choice: AgentChoice) -> AgentChoice {
    match choice {
        AgentChoice::Path(path) => AgentChoice::Path(std::path::absolute(&path).unwrap_or(path)),
        other => other,
    }
}

/// Agents of the field that the devices name, but that are not here; asked only where external ones are wanted.
fn missing(plan: &Plan) -> Vec<String> {
    if !plan.agents.contains(&AgentChoice::Found) {
        return Vec::new();
    }
    let named: BTreeSet<&String> = plan.devices.iter().flat_map(|spec| &spec.agents).collect();
    named.into_iter().filter(|name| find(name).is_none()).cloned().collect()
}

/// What was typed. No secret can be in it: no option takes one.
fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./:=@,+".contains(c));
        if plain { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    });
    format!("fencelab {}", words.collect::<Vec<_>>().join(" "))
}

/// How many findings a terminal gets in full; all are in the reports and in the folder of findings.
const IN_FULL: usize = 12;

fn tell(args: &TestArgs, outcome: &Outcome) -> Result<(), Failure> {
    let pen = Pen::stdout(args.color);
    let mut text = report::table::render(outcome, pen);
    let findings = outcome.report.findings();
    let unexpected: Vec<_> = findings.iter().filter(|finding| finding.expected.is_none()).collect();
    for (index, finding) in unexpected.iter().take(IN_FULL).enumerate() {
        text += "\n";
        text += &report::findings::render(finding, index + 1, pen);
        if let Some(path) = report::findings::save(finding, &args.findings)? {
            text += &format!("  saved     {}\n", path.display());
        }
    }
    for finding in unexpected.iter().skip(IN_FULL) {
        report::findings::save(finding, &args.findings)?;
    }
    if unexpected.len() > IN_FULL {
        let rest = unexpected.len() - IN_FULL;
        text += &format!(
            "\n… and {rest} more: their transcripts are in {}; --html shows all\n",
            args.findings.display()
        );
    }
    text += &report::findings::known(&findings, pen);
    if !unexpected.is_empty() {
        text += &format!("\n{}", report::table::sum(outcome, pen));
    }
    output::to_stdout(text.as_bytes())
}

fn write_reports(args: &TestArgs, outcome: &Outcome) -> Result<(), Failure> {
    if let Some(path) = &args.json {
        output::to_file(path, report::json::render(outcome).as_bytes())?;
    }
    if let Some(path) = &args.junit {
        output::to_file(path, report::junit::render(outcome)?.as_bytes())?;
    }
    if let Some(path) = &args.html {
        output::to_file(path, report::html::render(outcome).as_bytes())?;
    }
    Ok(())
}
