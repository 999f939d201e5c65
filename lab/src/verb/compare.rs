//! `fencelab compare OLD NEW`.

use std::path::PathBuf;

use clap::Args;

use crate::compare::{ReadReport, compare};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::report::compare as render;
use crate::terminal::{ColorChoice, Pen};

/// Options of `compare`.
#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    /// The JSON report of the earlier run.
    #[arg(value_name = "OLD.json")]
    old: PathBuf,
    /// The JSON report of the later run.
    ///
    /// Agents are the same if their names are, whatever their paths. Where each report is about one agent, or about one device,
    /// they are compared under whatever names: two versions of an agent, two firmwares of a device.
    #[arg(value_name = "NEW.json")]
    new: PathBuf,
    /// Write the comparison as a page there.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the comparison for programs there (docs/report.md).
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// When to colour.
    #[arg(long, value_enum, default_value_t)]
    color: ColorChoice,
}

pub(crate) fn run(args: CompareArgs) -> Result<Exit, Failure> {
    for path in [&args.html, &args.json].into_iter().flatten() {
        output::may_write(path, true)?;
    }
    let sides = render::Sides {
        old: (args.old.display().to_string(), ReadReport::load(&args.old)?),
        new: (args.new.display().to_string(), ReadReport::load(&args.new)?),
    };
    let comparison = compare(&sides.old.1, &sides.new.1);
    output::to_stdout(render::terminal(&sides, &comparison, Pen::stdout(args.color)).as_bytes())?;
    if let Some(path) = &args.json {
        output::to_file(path, render::json(&sides, &comparison).as_bytes())?;
    }
    if let Some(path) = &args.html {
        output::to_file(path, render::html(&sides, &comparison).as_bytes())?;
    }
    Ok(if comparison.holds() { Exit::Success } else { Exit::Findings })
}
