//! Findings for the terminal: the property, the smallest fault, the dialogue around it, the plant, the replay.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fencelab_suites::{Finding, Mode, Report};

use super::marked::{self, Marked, Sign};
use super::{Outcome, agent_label, offence, upstream};
use crate::exit::{Exit, Failure, OrExit};
use crate::output;
use crate::terminal::{Ink, Pen, harmless};

/// How many lines of a dialogue a terminal gets; the saved transcript has all.
const LINES: usize = 24;

/// One finding in full.
pub(crate) fn render(finding: &Finding, pen: Pen) -> String {
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
    field("besides", &circumstances(finding).join("; "));
    field(
        "seen",
        &format!("{}; in {} of {} runs", harmless(&finding.evidence), finding.rate.0, finding.rate.1),
    );
    field("told", &harmless(&told(finding)));
    field("plant", &finding.timeline);
    field("neighbour", finding.neighbour.as_deref().unwrap_or_default());
    field("agent", &harmless(&said(finding)));
    field("expected", finding.expected.as_deref().unwrap_or_default());
    field("again", &finding.replay);
    let ink = if finding.expected.is_some() { Ink::Odd } else { Ink::Bad };
    let title = format!(
        "{} {} ({}): {} on {}",
        finding.id, finding.check, finding.class, finding.agent, finding.device
    );
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

/// What was unusual about the device and about how the agent was called, besides fault and options.
pub(crate) fn circumstances(finding: &Finding) -> Vec<String> {
    let mut words = Vec::new();
    if !finding.shape.is_empty() {
        words.push(format!("device of another shape: {}", finding.shape));
    }
    if let Some(impostor) = &finding.impostor {
        words.push(format!("{impostor} stands at the address"));
    }
    if finding.mode == Mode::Argv {
        words.push(String::from("options as arguments"));
    }
    if finding.service {
        words.push(String::from("run by the fencing daemon"));
    }
    if let Some(login) = finding.login.word() {
        words.push(format!("login: {login}"));
    }
    words
}

/// How many of the answers a line holds.
const TOLD: usize = 4;

/// What the device had told of the plugs that were asked for: the last few answers.
fn told(finding: &Finding) -> String {
    let told: Vec<_> = finding.told.iter().filter(|told| marked::matters(finding, told)).collect();
    if told.is_empty() {
        return String::from("nothing of the plug on the wire");
    }
    let more = told.len().saturating_sub(TOLD);
    let last = told.iter().skip(more).map(|told| {
        let untrue = if marked::is_untrue(finding, told) { " (untrue)" } else { "" };
        format!("plug {} {} at {:.3} s{untrue}", told.plug, marked::word(told.power), told.at.as_secs_f64())
    });
    let last = last.collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{last}; and {more} answers before") } else { last }
}

fn dialogue(finding: &Finding, pen: Pen) -> String {
    let lines = marked::lines(finding);
    let around = lines.iter().position(Marked::is_marked).unwrap_or(lines.len());
    let start = around.saturating_sub(LINES * 2 / 3).min(lines.len().saturating_sub(LINES));
    let mut text = String::new();
    if start > 0 {
        text += &format!("    … {start} lines before\n");
    }
    for line in lines.iter().skip(start).take(LINES) {
        let ink = match line.sign {
            Sign::Plain => Ink::Faint,
            Sign::Evidence => Ink::Odd,
            Sign::Wrong => Ink::Bad,
        };
        let sign = if line.is_marked() { ">" } else { " " };
        let note = line.note.as_ref().map(|note| format!("   {}", pen.ink(ink, format_args!("<- {note}"))));
        text += &format!("  {} {}{}\n", pen.ink(ink, sign), words(line, ink, pen), note.unwrap_or_default());
        if let Some(bytes) = line.offence.as_ref().and_then(|offence| offence.bytes.as_ref()) {
            let (before, mark, after) = offence::cut(&bytes.hex, &bytes.mark);
            text +=
                &format!("                        {}: {before}[{}]{after}\n", bytes.of, pen.ink(ink, mark));
        }
    }
    let after = lines.len().saturating_sub(start + LINES);
    if after > 0 {
        text += &format!("    … {after} lines after\n");
    }
    text
}

/// A line with its marked part in its colour.
fn words(line: &Marked, ink: Ink, pen: Pen) -> String {
    let Some(offence) = &line.offence else { return line.text.clone() };
    let head = line.text.strip_suffix(&line.words).unwrap_or_default();
    let (before, mark, after) = offence::cut(&line.words, &offence.words);
    if mark.is_empty() { line.text.clone() } else { format!("{head}{before}{}{after}", pen.ink(ink, mark)) }
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

/// Saves every finding that nobody expected; answers where, by its replay, which no other has.
pub(crate) fn save_all<'a>(
    outcome: &'a Outcome,
    folder: &Path,
) -> Result<BTreeMap<&'a str, PathBuf>, Failure> {
    let mut saved = BTreeMap::new();
    for (_, findings) in outcome.unexpected() {
        for finding in findings {
            if let Some(path) = save(finding, folder, &outcome.report)? {
                saved.insert(finding.replay.as_str(), path);
            }
        }
    }
    Ok(saved)
}

/// Saves the dialogue of a finding as a transcript, and the text for a bug report beside it. The same finding has the same
/// name again.
fn save(finding: &Finding, folder: &Path, report: &Report) -> Result<Option<PathBuf>, Failure> {
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
        &finding.id,
    ];
    let name: String = parts
        .join("-")
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .collect();
    let path = folder.join(format!("{name}.jsonl"));
    transcript.save(&path).or_exit(Exit::System)?;
    output::to_file(&folder.join(format!("{name}.md")), upstream::text(finding, report).as_bytes())?;
    Ok(Some(path))
}
