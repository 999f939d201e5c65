//! `fencelab list`.

use clap::Args;
use comfy_table::{Table, presets};
use fencelab_devices::fault::{Argument, CATALOGUE};
use fencelab_suites::agent::find;
use fencelab_suites::builtin_names;
use serde_json::{Value, json};

use crate::cli::CorpusArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Options of `list`.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    corpus: CorpusArgs,
    /// For programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: ListArgs) -> Result<Exit, Failure> {
    let specs = args.corpus.devices(&[])?;
    let mut names: Vec<&str> = specs.iter().flat_map(|spec| spec.agents.iter().map(String::as_str)).collect();
    names.extend(builtin_names());
    names.sort_unstable();
    names.dedup();
    if args.json {
        let devices: Vec<Value> = specs
            .iter()
            .map(|spec| {
                let faces: Vec<&str> = spec.faces.iter().map(|face| face.protocol()).collect();
                json!({
                    "id": spec.id, "vendor": spec.vendor, "model": spec.model, "firmware": spec.firmware,
                    "provenance": spec.provenance.to_string(), "from": spec.provenance.from,
                    "faces": faces, "agents": spec.agents, "note": spec.note,
                })
            })
            .collect();
        let agents: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "built-in": builtin_names().contains(name), "external": find(name)}))
            .collect();
        output::line(format_args!("{:#}", json!({"devices": devices, "agents": agents})))?;
        return Ok(Exit::Success);
    }
    let mut devices = table(["device", "model", "firmware", "provenance", "fence agents"]);
    for spec in &specs {
        let model = format!("{} {}", spec.vendor, spec.model);
        let firmware = spec.firmware.as_deref().unwrap_or("-").to_owned();
        devices.add_row([
            spec.id.clone(),
            model,
            firmware,
            spec.provenance.to_string(),
            spec.agents.join("\n"),
        ]);
    }
    let mut agents = table(["agent", "built-in", "on this machine"]);
    for name in &names {
        let builtin = if builtin_names().contains(name) { "yes" } else { "-" };
        let external = find(name).map_or_else(|| "not found".to_owned(), |path| path.display().to_string());
        agents.add_row([(*name).to_owned(), builtin.to_owned(), external]);
    }
    let mut faults = table(["fault", "what goes wrong"]);
    for entry in CATALOGUE {
        faults.add_row([format!("{}{}", entry.name, brackets(entry.argument)), entry.what.to_owned()]);
    }
    output::line(format_args!(
        "{devices}

{agents}

{faults}"
    ))?;
    output::line(SCOPES)?;
    Ok(Exit::Success)
}

/// What may stand behind a fault.
const SCOPES: &str = "Faults are joined by +. Behind a fault, @ and any of, joined by commas: to-device, from-device; session, status, \
    control,\noff, on, cycle, reset, nmi, soft-off, other; exchange=N, nth=N, first=N, for=DURATION. Example: 'drop@from-device,status,first=2 + done-late(3s)@off'";

/// What a fault takes.
fn brackets(argument: Argument) -> &'static str {
    match argument {
        Argument::None => "",
        Argument::Time { .. } => "(DURATION)",
        Argument::Bytes { .. } => "(BYTES)",
        Argument::Number { .. } | Argument::Value(_) => "(NUMBER)",
        Argument::OneOf(_) => "(NAME)",
        Argument::State => "(STATE)",
        Argument::PhaseAndTime { .. } => "(PHASE,DURATION)",
    }
}

fn table<const N: usize>(titles: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(titles);
    table
}
