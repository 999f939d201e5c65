//! `fencelab learn TRANSCRIPT... -o FOLDER`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use fencelab_devices::learn::{self, Learned, Named, Options};
use fencelab_recorder::import::walk;
use fencelab_recorder::link;
use fencelab_transcript::Transcript;

use crate::exit::{Exit, Failure, OrExit};
use crate::identity::by;
use crate::output;

/// Differences that are printed; more of the same explain nothing.
const SHOWN_MAX: usize = 20;

/// Options of `learn`.
#[derive(Args, Debug)]
pub(crate) struct LearnArgs {
    /// Recordings of one device: of an off and an on of one plug with a status before and after, as `record -- AGENT` marks
    /// them; better of two plugs. Of a console also a list. Beside those of SNMP walks of the device: transcripts, or files of
    /// snmpwalk or snmpsim.
    #[arg(required = true, value_name = "TRANSCRIPT")]
    files: Vec<PathBuf>,
    /// The device's folder, which is made: device.toml, the recorded objects, and the transcripts as its evidence.
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// The maker of the device; without it as the first transcript says.
    #[arg(long, value_name = "NAME")]
    vendor: Option<String>,
    /// The model; without it as the first transcript says.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The version of its firmware.
    #[arg(long, value_name = "VERSION")]
    firmware: Option<String>,
}

pub(crate) fn run(args: LearnArgs) -> Result<Exit, Failure> {
    let named: Vec<Named> = args.files.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let (vendor, model, firmware) = (args.vendor.clone(), args.model.clone(), args.firmware.clone());
    let learned = learn::learn(&named, &Options { vendor, model, firmware }).or_exit(Exit::Input)?;
    learned.write(&args.output, &named).map_err(|error| {
        let exit =
            if error.kind() == std::io::ErrorKind::AlreadyExists { Exit::Refused } else { Exit::System };
        Failure { exit, error: anyhow!("cannot write {}: {error}", args.output.display()) }
    })?;
    told(&args.output, &learned)
}

/// A transcript; or a walk in another format, made into one.
fn read(file: &Path) -> Result<Named, Failure> {
    let is_transcript = file.extension().is_some_and(|extension| extension == "jsonl");
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if is_transcript {
        return Ok(Named { name, transcript: Transcript::load(file).or_exit(Exit::Input)? });
    }
    let options = walk::Options { by: Some(by("learn")), ..walk::Options::new(link::snmp::link(Vec::new())) };
    let imported = walk::import_file(file, &options).or_exit(Exit::Input)?;
    for warning in &imported.warnings {
        eprintln!("fencelab: {warning}");
    }
    let name = format!("{}.jsonl", file.file_stem().unwrap_or_default().to_string_lossy());
    Ok(Named { name, transcript: imported.transcript })
}

/// Says what was learnt, how sure that is, and how the learnt device did when it was asked everything again.
fn told(folder: &Path, learned: &Learned) -> Result<Exit, Failure> {
    for note in &learned.notes {
        output::line(note)?;
    }
    let proof = &learned.proof;
    for reason in &proof.excluded {
        output::line(format_args!("not compared: {reason}"))?;
    }
    for difference in proof.differences.iter().take(SHOWN_MAX) {
        output::line(format_args!("difference: {difference}"))?;
    }
    if let Some(more) = proof.differences.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        output::line(format_args!("and {more} more differences"))?;
    }
    let name = folder.display();
    output::line(format_args!(
        "proof: {} of {} recorded requests are answered as recorded; `fencelab emulate {name}` serves the device",
        proof.agreed, proof.asked
    ))?;
    Ok(if proof.differences.is_empty() { Exit::Success } else { Exit::Findings })
}
