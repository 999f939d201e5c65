//! The part of a `device.toml` that is the same for all protocols, and how its texts are written.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Named, Options, evidence_name};

/// The table `[device]`, from the headers of the transcripts. `files`: the transcripts are named as evidence.
pub(super) fn device(text: &mut String, transcripts: &[Named], options: &Options, files: bool) {
    let headers = || transcripts.iter().map(|named| &named.transcript.header);
    // A walk that was imported does not know of which device it is.
    let known = headers().find(|header| header.device.vendor != "unknown").or(headers().next());
    let first = known.map(|header| header.device.clone()).unwrap_or_default();
    let or = |own: &Option<String>, recorded: &str| own.clone().unwrap_or_else(|| recorded.to_owned());
    let _ = writeln!(text, "vendor = {}", quoted(&or(&options.vendor, &first.vendor)));
    let _ = writeln!(text, "model = {}", quoted(&or(&options.model, &first.model)));
    if let Some(firmware) = options.firmware.as_ref().or(first.firmware.as_ref()) {
        let _ = writeln!(text, "firmware = {}", quoted(firmware));
    }
    let agents: BTreeSet<&str> = headers()
        .filter_map(|header| header.speaker.as_ref())
        .map(|speaker| speaker.name.as_str())
        .filter(|name| name.starts_with("fence_"))
        .collect();
    let _ = writeln!(text, "agents = [{}]", list(agents));
    if files {
        let names = transcripts.iter().map(|named| evidence_name(&named.name));
        let _ = writeln!(text, "evidence = [{}]", list(names));
    }
    let provenances = || headers().filter_map(|header| header.provenance.as_deref());
    let kind = if provenances().any(|text| text.contains("imported")) { "imported" } else { "recorded" };
    let from: Vec<String> = transcripts
        .iter()
        .map(|named| {
            let header = &named.transcript.header;
            let facts =
                [header.captured.as_deref().map(|at| format!("captured {at}")), header.provenance.clone()];
            let facts: Vec<String> = facts.into_iter().flatten().collect();
            let name = evidence_name(&named.name);
            if facts.is_empty() { name.to_owned() } else { format!("{name}: {}", facts.join(", ")) }
        })
        .collect();
    let _ = writeln!(
        text,
        "provenance = {{ kind = \"{kind}\", from = [{}] }}",
        list(from.iter().map(String::as_str))
    );
}

/// Texts, with commas.
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// A basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
