//! `fencelab show FILE`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use fencelab_recorder::fabric::Statistics;
use fencelab_transcript::{Header, Side, Transcript};

use crate::dialogue::{self, Line};
use crate::exit::{Exit, Failure, OrExit};
use crate::output;
use crate::terminal::{ColorChoice, Ink, Pen, harmless};

/// Options of `show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// A transcript (*.jsonl).
    file: PathBuf,
    /// Show counts and times in the place of the dialogue; of what a cluster said (corosync, InfiniBand, RoCE).
    #[arg(long)]
    statistics: bool,
    /// When to colour.
    #[arg(long, value_enum, default_value_t)]
    color: ColorChoice,
}

pub(crate) fn run(args: ShowArgs) -> Result<Exit, Failure> {
    let transcript = Transcript::load(&args.file).or_exit(Exit::Input)?;
    let pen = Pen::stdout(args.color);
    let mut text = header(pen, &transcript.header);
    if args.statistics {
        let Some(statistics) = Statistics::of(&transcript) else {
            let protocol = &transcript.header.link.protocol;
            let words = format!(
                "{} is of {protocol}; statistics are those of what a cluster said: corosync and infiniband",
                args.file.display()
            );
            return Err(Failure::new(Exit::Usage, words));
        };
        for line in statistics.to_string().lines() {
            text += &format!("{}\n", harmless(line));
        }
        output::to_stdout(text.as_bytes())?;
        return Ok(Exit::Success);
    }
    for line in dialogue::lines(&transcript.events) {
        text += &one(pen, &line);
    }
    output::to_stdout(text.as_bytes())?;
    Ok(Exit::Success)
}

fn header(pen: Pen, header: &Header) -> String {
    let device = &header.device;
    let mut text = String::new();
    let mut say = |line: String| {
        let _ = writeln!(text, "{}", harmless(&line));
    };
    let firmware =
        device.firmware.as_ref().map(|version| format!(" (firmware {version})")).unwrap_or_default();
    let title = format!("{} {}{firmware}", device.vendor, device.model);
    let port = header.link.port.map(|port| format!(", port {port}")).unwrap_or_default();
    let speaker = header.speaker.as_ref().map(|speaker| {
        let version = speaker.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        format!(", spoken to by {}{version}", speaker.name)
    });
    say(format!(
        "{} over {}{port}{}",
        header.link.protocol,
        header.link.transport,
        speaker.unwrap_or_default()
    ));
    let told = [
        ("captured", &header.captured),
        ("by", &header.by),
        ("licence", &header.licence),
        ("provenance", &header.provenance),
    ];
    let told: Vec<String> =
        told.iter().filter_map(|(k, v)| v.as_ref().map(|v| format!("{k}: {v}"))).collect();
    if !told.is_empty() {
        say(told.join("; "));
    }
    if !header.redacted.is_empty() {
        say(format!("redacted: {}", header.redacted.join(", ")));
    }
    format!("{}\n{}\n", pen.ink(Ink::Strong, harmless(&title)), pen.ink(Ink::Faint, text.trim_end()))
}

/// One line of a dialogue, with its line end.
pub(crate) fn one(pen: Pen, line: &Line) -> String {
    let session = if line.session == 0 { String::from("  ") } else { format!("{:>2}", line.session) };
    let head = pen.ink(Ink::Faint, format_args!("{:>10.6} {session}", line.at.as_secs_f64()));
    let body = match line.side {
        Some(Side::Agent) => pen.ink(Ink::Agent, format_args!("agent  → {}", line.text)),
        Some(Side::Device) => pen.ink(Ink::Device, format_args!("device ← {}", line.text)),
        None => pen.ink(Ink::Faint, format_args!("       · {}", line.text)),
    };
    let power =
        line.power.as_ref().map(|power| format!("  {}", pen.ink(Ink::Strong, format_args!("[{power}]"))));
    format!("{head} {body}{}\n", power.unwrap_or_default())
}
