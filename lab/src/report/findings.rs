//! Findings for the terminal: the property, the smallest fault, the dialogue around it, the plant, the replay.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fencelab_suites::Finding;

use super::{agent_label, marked};
use crate::exit::{Exit, Failure, OrExit};
use crate::terminal::{Ink, Pen, harmless};

/// How many lines of a dialogue a terminal gets; the saved transcript has all.
const LINES: usize = 24;

/// One finding in full.
pub(crate) fn render(finding: &Finding, number: usize, pen: Pen) -> String {
    let mut text = String::new();
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            text += &format!("  {} {value}\n", pen.ink(Ink::Faint, format_args!("{name:<9}")));
        }
    };
    let fault = if finding.fault.is_empty() { "none: a healthy device shows it" } else { &finding.fault };
    field("fault", &pen.ink(Ink::Strong, fault));
    field("case", &format!("{} of a plug that is {}; seed {}", finding.action, finding.power, finding.seed));
    field("options", &finding.options.join(" "));
    field(
        "seen",
        &format!("{}; in {} of {} runs", harmless(&finding.evidence), finding.rate.0, finding.rate.1),
    );
    field("plant", &finding.timeline);
    field("neighbour", finding.neighbour.as_deref().unwrap_or_default());
    field("agent", &harmless(&said(finding)));
    field("expected", finding.expected.as_deref().unwrap_or_default());
    field("again", &finding.replay);
    let ink = if finding.expected.is_some() { Ink::Odd } else { Ink::Bad };
    let title =
        format!("{number}. {} ({}): {} on {}", finding.check, finding.class, finding.agent, finding.device);
    let lines = dialogue(finding, pen);
    let lines =
        if lines.is_empty() { lines } else { format!("  {}\n{lines}", pen.ink(Ink::Faint, "dialogue")) };
    format!("{}\n{text}{lines}", pen.ink(ink, title))
}

/// What the agent said of itself, on one line.
fn said(finding: &Finding) -> String {
    let said = &finding.said;
    let last = |text: &str| text.trim().lines().last().unwrap_or_default().to_owned();
    let words: Vec<String> =
        [last(&said.stdout), last(&said.stderr)].into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() { said.exit.clone() } else { format!("{}; {}", said.exit, words.join(" | ")) }
}

fn dialogue(finding: &Finding, pen: Pen) -> String {
    let lines = marked::lines(finding);
    let around = lines.iter().position(|line| line.offends).unwrap_or(lines.len());
    let start = around.saturating_sub(LINES * 2 / 3).min(lines.len().saturating_sub(LINES));
    let mut text = String::new();
    if start > 0 {
        text += &format!("    … {start} lines before\n");
    }
    for line in lines.iter().skip(start).take(LINES) {
        let ink = if line.offends { Ink::Bad } else { Ink::Faint };
        let sign = if line.offends { ">" } else { " " };
        let note =
            line.note.as_ref().map(|note| format!("   {}", pen.ink(Ink::Bad, format_args!("<- {note}"))));
        text += &format!("  {} {}{}\n", pen.ink(ink, sign), line.text, note.unwrap_or_default());
    }
    let after = lines.len().saturating_sub(start + LINES);
    if after > 0 {
        text += &format!("    … {after} lines after\n");
    }
    text
}

/// Expected findings, each reason once: shown, not hidden.
pub(crate) fn known(findings: &[&Finding], pen: Pen) -> String {
    let mut kinds: BTreeMap<(&str, &str), (usize, BTreeSet<String>)> = BTreeMap::new();
    for finding in findings {
        if let Some(reason) = &finding.expected {
            let (count, agents) = kinds.entry((&finding.check, reason)).or_default();
            *count += 1;
            agents.insert(agent_label(&finding.agent).0);
        }
    }
    if kinds.is_empty() {
        return String::new();
    }
    let lines = kinds.into_iter().map(|((check, reason), (count, agents))| {
        let agents = agents.into_iter().collect::<Vec<_>>().join(", ");
        format!("  {} ×{count} of {agents}\n    {reason}\n", pen.ink(Ink::Odd, check))
    });
    format!("\nexpected findings\n{}", lines.collect::<String>())
}

/// Saves the dialogue of a finding as a transcript. The same finding has the same name again.
pub(crate) fn save(finding: &Finding, folder: &Path) -> Result<Option<PathBuf>, Failure> {
    let Some(transcript) = &finding.transcript else { return Ok(None) };
    std::fs::create_dir_all(folder)
        .map_err(|error| anyhow::anyhow!("cannot make the folder {}: {error}", folder.display()))
        .or_exit(Exit::System)?;
    let (agent, whose) = agent_label(&finding.agent);
    let fault = if finding.fault_class.is_empty() { "none" } else { &finding.fault_class };
    let parts = [
        &finding.device,
        &agent,
        whose,
        &finding.check,
        finding.action.name(),
        &finding.power,
        finding.class.name(),
        fault,
    ];
    let name: String = parts
        .join("-")
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .collect();
    let path = folder.join(format!("{name}.jsonl"));
    transcript.save(&path).or_exit(Exit::System)?;
    Ok(Some(path))
}
