//! `fencelab test [DEVICE...]`.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use fencelab_devices::{DeviceSpec, Power, Shape};
use fencelab_suites::{AgentChoice, Expected, Login, Mode, Plan, Suite, agents_for};

use super::suite_args::{ReportArgs, SearchArgs, absolute};
use super::suite_run;
use crate::exit::{Exit, Failure, OrExit};
use crate::verb::emulate::{Faults, faults};

/// Options of `test`.
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Devices: ids of the corpus (vendor/model), or folders with a device.toml. Without any: the corpus.
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// Whom to test: builtin, builtin:NAME, external (those found of the device's agents), a NAME, or a PATH.
    ///
    /// Without it: builtin and external. A NAME or PATH is tried on each device, whatever the device says.
    #[arg(long, value_name = "AGENT")]
    agent: Vec<AgentChoice>,
    /// Only these suites: regression, conformance, properties.
    #[arg(long, value_name = "SUITE", value_parser = Suite::from_str)]
    suite: Vec<Suite>,
    #[command(flatten)]
    search: SearchArgs,
    /// Only with the plug on, or off, at the start.
    #[arg(long, value_name = "on|off", value_parser = power)]
    power: Option<Power>,
    /// Only for this plug, or for several in one call: NAME[,NAME...]. Without it: whichever the suites choose.
    #[arg(long, value_name = "PLUG", value_delimiter = ',')]
    plug: Vec<String>,
    /// How long to search for findings, in real time. `hunt` is for longer searches.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = fencelab_devices::duration::parse)]
    budget: Duration,
    /// Only with this fault (`fencelab list` has them all); '' is a healthy device.
    #[arg(long, value_name = "EXPR", value_parser = faults)]
    fault: Option<Faults>,
    /// How each device differs from its description, such as plugs=100 or names=nested (devices/DEVICE.md, Shapes).
    #[arg(long, value_name = "SHAPE")]
    shape: Option<Shape>,
    /// Another device of the same protocol that stands in the place of each.
    #[arg(long, value_name = "DEVICE")]
    impostor: Option<String>,
    /// In a replay: call the plugs by the names that people gave them.
    #[arg(long, requires = "fault")]
    by_name: bool,
    /// In a replay: hand the options over as arguments.
    #[arg(long, requires = "fault")]
    argv: bool,
    /// In a replay: in the name of the fencing daemon, which lifts the agent's timeouts.
    #[arg(long, requires = "fault")]
    service: bool,
    /// In a replay: log in as nobody should: wrong-password, unknown-user, low-privilege.
    #[arg(long, value_name = "WORD", requires = "fault", value_parser = Login::from_str)]
    login: Option<Login>,
    /// A file of expected findings, each with a reason. Without it: expected.toml in the corpus, if there is one.
    #[arg(long, value_name = "FILE")]
    expected: Option<PathBuf>,
    #[command(flatten)]
    reports: ReportArgs,
}

fn power(text: &str) -> Result<Power, String> {
    match text {
        "on" => Ok(Power::On),
        "off" => Ok(Power::Off),
        _ => Err(String::from("use on or off")),
    }
}

pub(crate) fn run(args: TestArgs) -> Result<Exit, Failure> {
    args.reports.check()?;
    let devices = args.search.corpus.devices(&args.devices)?;
    let plan = plan(&args, devices)?;
    suite_run::play("test", &plan, &args.search, &args.reports)
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
    args.search.fill(&mut plan);
    plan.power = args.power;
    plan.plugs.clone_from(&args.plug);
    plan.faults = args.fault.as_ref().map(|faults| faults.0.clone());
    if let Some(shape) = &args.shape {
        for spec in &plan.devices {
            DeviceSpec::load_shaped(&spec.folder, shape).or_exit(Exit::Input)?;
        }
        plan.shape = shape.to_string();
    }
    plan.by_name = args.by_name;
    if let Some(impostor) = &args.impostor {
        // A name that is no device's is told now, not by a case that does not run.
        args.search.corpus.device(impostor)?;
        plan.impostor = Some(impostor.clone());
    }
    let mode = if args.argv { Mode::Argv } else { Mode::Stdin };
    plan.call = (mode, args.login.unwrap_or_default(), args.service);
    plan.budget = args.budget;
    plan.expected = match &args.expected {
        Some(file) => Expected::load(file).or_exit(Exit::Input)?,
        None => {
            let shipped = args.search.corpus.root().map(|root| root.join("expected.toml"));
            match shipped {
                Ok(file) if file.is_file() => Expected::load(&file).or_exit(Exit::Input)?,
                // Devices may be named by their folders, where there is no corpus at all.
                _ => Expected::default(),
            }
        }
    };
    Ok(plan)
}
