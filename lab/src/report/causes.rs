//! Causes for the terminal: one entry however many findings show it; its simplest finding in full, the others a line each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fencelab_suites::{Cause, Finding};

use super::{Outcome, agent_label, findings};
use crate::terminal::{Ink, Pen};

/// How many causes a terminal gets with a finding in full; all are in the reports and in the folder of findings.
const IN_FULL: usize = 12;

/// How many further findings of one cause are listed.
const FURTHER: usize = 12;

/// Every cause that nobody expected.
pub(crate) fn render(outcome: &Outcome, saved: &BTreeMap<&str, PathBuf>, pen: Pen) -> String {
    let mut text = String::new();
    let causes: Vec<_> = outcome.unexpected().collect();
    for (index, (cause, found)) in causes.iter().enumerate() {
        let Some((first, others)) = found.split_first() else { continue };
        text += &format!("\n{}\n", pen.ink(Ink::Strong, title(cause, found.len())));
        text += &summary(cause, pen);
        if index >= IN_FULL {
            text += &line(first, pen);
        } else {
            text += &findings::render(first, pen);
            if let Some(path) = saved.get(first.replay.as_str()) {
                text += &format!("  {} {}\n", pen.ink(Ink::Faint, "saved    "), path.display());
            }
        }
        text += &others.iter().take(FURTHER).map(|finding| line(finding, pen)).collect::<String>();
        if others.len() > FURTHER {
            text += &format!(
                "  … and {} more of this cause: --html and --json have all\n",
                others.len() - FURTHER
            );
        }
    }
    text
}

/// `C1 lie where the device answers with an error: 3 findings`.
pub(crate) fn title(cause: &Cause, findings: usize) -> String {
    format!("{} {} {}: {}", cause.id, cause.class, cause.condition, super::counted(findings, "finding"))
}

fn summary(cause: &Cause, pen: Pen) -> String {
    let names: Vec<String> = cause.agents.iter().map(|agent| agent_label(agent).0).collect();
    let list = |name: &str, words: &[String]| {
        format!("  {} {}\n", pen.ink(Ink::Faint, format_args!("{name:<10}")), words.join(", "))
    };
    list("agents", &names) + &list("devices", &cause.devices) + &list("properties", &cause.properties)
}

/// A further finding of a cause.
fn line(finding: &Finding, pen: Pen) -> String {
    let fault = if finding.fault.is_empty() { "no fault" } else { &finding.fault };
    format!(
        "  {} {} of {} on {}: {}, {fault}, {}/{}; again: {}\n",
        pen.ink(Ink::Bad, &finding.id),
        finding.check,
        agent_label(&finding.agent).0,
        finding.device,
        finding.action,
        finding.rate.0,
        finding.rate.1,
        finding.replay
    )
}
