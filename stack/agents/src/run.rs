//! A run from the call to the outcome.

use fencelab_link::{Level, World};

use crate::{
    action::Action,
    agent::Agent,
    context::Context,
    drive::{Done, Job, drive},
    failure::{Failure, Step},
    invocation::{Invocation, Outcome},
    log::Log,
    metadata::metadata,
    options::{Values, parse_argv, parse_stdin, validate},
    timing::Timing,
    usage::usage,
};

/// Runs an agent: the same code as the binary, but with arguments, input and environment given, and every other
/// contact with the outside through `world`. The outcome is decided by these alone.
pub fn run(invocation: &Invocation, world: &mut dyn World) -> Outcome {
    run_streaming(invocation, world, &mut |_| ())
}

/// Like [`run`], and hands each line for standard error to `stderr` as soon as it is known: whoever is killed by an
/// impatient caller has told what it knew. The outcome still holds all of them.
pub fn run_streaming(
    invocation: &Invocation,
    world: &mut dyn World,
    stderr: &mut dyn FnMut(&str),
) -> Outcome {
    let mut log = Log::new(stderr);
    let Some(agent) = Agent::named(&invocation.program) else {
        log.write(world, Level::Error, &format!("no agent is called {:?}", invocation.program));
        return Outcome { exit: 1, stdout: String::new(), stderr: log.into_stderr() };
    };
    let done = match prepare(invocation, &agent, world, &mut log) {
        Ok(Prepared::Done(done)) => Ok(done),
        Ok(Prepared::Ready(ready)) => {
            let timing = Timing::new(&ready.values, &invocation.env);
            let mut context = Context::new(world, log, timing);
            let done = act(&agent, &ready, &mut context);
            if let Err(failure) = &done {
                context.error(&failure.to_string());
            }
            log = context.into_log();
            done
        }
        Err(wrong) => {
            for line in wrong {
                log.write(world, Level::Error, &Failure::lasting(Step::Options, line).to_string());
            }
            log.write(world, Level::Error, "Please use '-h' for usage");
            Ok(Done { exit: 1, stdout: String::new() })
        }
    };
    let Done { exit, stdout } = done.unwrap_or(Done { exit: 1, stdout: String::new() });
    Outcome { exit, stdout, stderr: log.into_stderr() }
}

enum Prepared {
    /// Nothing more to do.
    Done(Done),
    /// Off to the device.
    Ready(Box<Ready>),
}

struct Ready {
    values: Values,
    action: Action,
}

/// Reads and checks the options. `Err` holds what is wrong with them.
fn prepare(
    invocation: &Invocation,
    agent: &Agent,
    world: &mut dyn World,
    log: &mut Log<'_>,
) -> Result<Prepared, Vec<String>> {
    let from_stdin = invocation.args.is_empty();
    let parsed = if from_stdin {
        parse_stdin(&agent.options, invocation.stdin.as_deref().unwrap_or_default())
    } else {
        parse_argv(&agent.options, &invocation.args)
    };
    let (mut values, mut warnings) = parsed.map_err(|failure| vec![failure.seen])?;
    for secret in values.secrets(&agent.options) {
        log.hide(secret);
    }
    values.fill(&agent.options);

    if values.flag("help") {
        return Ok(Prepared::Done(Done { exit: 0, stdout: usage(agent) }));
    }
    if values.flag("version") {
        return Ok(Prepared::Done(Done {
            exit: 0,
            stdout: concat!(env!("CARGO_PKG_VERSION"), "\n").to_owned(),
        }));
    }
    let action = Action::parse(values.text("action").unwrap_or_default(), agent.abilities.fabric);
    if matches!(action, Some(Action::Metadata | Action::Manpage)) {
        return Ok(Prepared::Done(Done { exit: 0, stdout: metadata(agent) }));
    }

    let level = verbose_level(&values, from_stdin, &mut warnings);
    log.set_verbosity(level, values.flag("quiet"));
    if let Some(path) = values.filled("debug_file") {
        log.set_debug_file(path);
    }
    for warning in warnings {
        log.write(world, Level::Warning, &warning);
    }

    let action = action.filter(|&action| action != Action::Diag || agent.abilities.diag);
    let Some(action) = action else {
        return Err(vec![format!("unknown action; {} knows {}", agent.name, agent.actions().join(", "))]);
    };
    address_by_plug(agent, &mut values, from_stdin)?;
    let mut wrong = validate(&agent.options, agent.needs, action, &mut values);
    let (also_wrong, notes) = (agent.check)(&values);
    wrong.extend(also_wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    for note in notes {
        log.write(world, Level::Info, &note);
    }
    if action == Action::ValidateAll {
        return Ok(Prepared::Done(Done::default()));
    }
    run_scripts(&mut values, world, log).map_err(|why| vec![why])?;
    Ok(Prepared::Ready(Box::new(Ready { values, action })))
}

/// The scripts whose output is a secret.
fn run_scripts(values: &mut Values, world: &mut dyn World, log: &mut Log<'_>) -> Result<(), String> {
    for (script, secret) in [("password_script", "password"), ("snmp_priv_passwd_script", "snmp_priv_passwd")]
    {
        let Some(command) = values.filled(script) else { continue };
        let output = world.run_script(command).map_err(|error| format!("{script}: {error}"))?;
        log.hide(&output);
        values.replace(secret, output);
    }
    Ok(())
}

/// With `port_as_ip` the plug is the address. Without it, a device with a single plug has no use for a plug: on the
/// command line that is an error, on stdin (where a cluster sends the node's name) it is passed over.
fn address_by_plug(agent: &Agent, values: &mut Values, from_stdin: bool) -> Result<(), Vec<String>> {
    let takes_address = agent.options.iter().any(|option| option.name == "port_as_ip");
    let Some(plug) = values.filled("plug").filter(|_| takes_address).map(str::to_owned) else {
        return Ok(());
    };
    if values.flag("port_as_ip") {
        values.replace("ip", plug);
    } else if !from_stdin {
        return Err(vec!["a plug (-n) means something to this device only with --port-as-ip".to_owned()]);
    }
    Ok(())
}

/// How much to tell. A bad value is no reason not to fence.
fn verbose_level(values: &Values, from_stdin: bool, warnings: &mut Vec<String>) -> u32 {
    match values.text("verbose_level") {
        Some(text) => text.trim().parse().unwrap_or_else(|_| {
            warnings.push("verbose_level must be a whole number; it is taken for 0".to_owned());
            0
        }),
        None if from_stdin => u32::from(values.flag("verbose")),
        None => values.verbose_count.max(u32::from(values.flag("verbose"))),
    }
}

/// The plugs that are meant: the named ones, or the only one of the device.
fn plugs(agent: &Agent, values: &Values) -> Vec<String> {
    let named = agent.abilities.many_plugs || values.flag("port_as_ip");
    let separator = values.filled("plug_separator").unwrap_or(",");
    match values.filled("plug").filter(|_| named) {
        Some(plugs) => {
            let mut plugs: Vec<String> = plugs
                .split(separator)
                .map(|plug| plug.trim().to_owned())
                .filter(|plug| !plug.is_empty())
                .collect();
            let mut seen = std::collections::BTreeSet::new();
            plugs.retain(|plug| seen.insert(plug.clone()));
            plugs
        }
        None => vec![String::new()],
    }
}

/// Waits, works, says goodbye.
fn act(agent: &Agent, ready: &Ready, context: &mut Context<'_>) -> Result<Done, Failure> {
    let Ready { values, action } = ready;
    let job = Job {
        action: *action,
        plugs: plugs(agent, values),
        cycle: values.text("method") == Some("cycle"),
        missing_as_off: values.flag("missing_as_off"),
        many_plugs: agent.abilities.many_plugs,
        separator: values.text("separator").unwrap_or(",").to_owned(),
    };
    if job.plugs.is_empty() {
        return Err(Failure::lasting(Step::Options, "the plug names nothing but separators"));
    }
    if action.is_delayed() && !context.timing.delay.is_zero() {
        context.info(&format!("waiting {} s, as delay asks", context.timing.delay.as_secs()));
        context.sleep(context.timing.delay);
    }
    let mut fence = (agent.build)(values)?;
    let done = drive(&job, fence.as_mut(), context);
    fence.close(context);
    done
}
