//! Sessions at a console.

use fencelab_recorder::import::console::{self, Files, Format, Options};
use fencelab_recorder::link::{self, Carries};
use fencelab_transcript::turns::Prompts;

use super::{ImportArgs, Means, Read, warn};
use crate::credentials;
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::by;

/// The transcripts of a recorded session; of an agent's log there may be one for telnet and one for SSH.
pub(super) fn recorded(args: &ImportArgs, format: Format) -> Result<Vec<Read>, Failure> {
    let options = options(args, Some(format))?;
    let files = Files { file: args.file.clone(), timing: args.timing.clone(), input: args.input.clone() };
    let imported = console::import_file(&files, &options).or_exit(Exit::Input)?;
    warn(&imported.warnings);
    let read = imported.transcripts.into_iter().map(|transcript| Read {
        of: format!("a console over {}", transcript.header.link.protocol),
        transcript,
        secrets: options.secrets.clone(),
    });
    Ok(read.collect())
}

/// How to read a console.
pub(super) fn options(args: &ImportArgs, format: Option<Format>) -> Result<Options, Failure> {
    let protocol = match args.link.map(super::Link::means) {
        Some(Means::Console(protocol)) => Some(protocol),
        Some(Means::Datagrams(_) | Means::Fabric(_)) if format.is_some() => {
            let words =
                "this is the session at a console: say telnet, ssh, serial or raw by --link, or nothing";
            return Err(Failure::new(Exit::Usage, words));
        }
        _ => None,
    };
    let logins = credentials::console::of_device(args.credentials.as_deref())?;
    // What must not be written is the same for all of them.
    let link = link::console::telnet(&logins);
    let prompts = match link.carries() {
        Carries::Streams(streams) => streams.prompts.clone(),
        Carries::Datagrams(_) => Prompts::new(),
    };
    Ok(Options {
        format,
        protocol,
        port: args.port,
        secrets: link.secrets().clone(),
        prompts,
        device: Some(args.identity.device()),
        by: Some(by("import")),
    })
}
