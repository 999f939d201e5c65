//! A comparison of two reports, for the terminal, for programs, and as a page.

use comfy_table::{Table, presets};
use maud::html;
use serde_json::{Value, json};

use super::{agent_label, page};
use crate::compare::{Comparison, Entry, ReadReport, Status};
use crate::terminal::{Ink, Pen, harmless};

/// The version of the JSON's shape, as that of a report is counted.
const FORMAT: &str = "1.0";

/// The two reports, with the names of their files.
pub(crate) struct Sides {
    pub(crate) old: (String, ReadReport),
    pub(crate) new: (String, ReadReport),
}

/// For the terminal: a table of all that is not the same, and a replay of each new finding.
pub(crate) fn terminal(sides: &Sides, comparison: &Comparison, pen: Pen) -> String {
    let mut text = format!("old  {}\nnew  {}\n", side(&sides.old), side(&sides.new));
    let shown: Vec<&Entry> = comparison.entries.iter().filter(|entry| entry.status != Status::Same).collect();
    if !shown.is_empty() {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["", "agent", "device", "property", "class", "condition"]);
        for entry in &shown {
            let finding = &entry.finding;
            table.add_row([
                entry.status.name(),
                &harmless(&name(&finding.agent)),
                &harmless(&finding.device),
                &harmless(&finding.property),
                &harmless(&finding.class),
                &harmless(condition(entry)),
            ]);
        }
        text += &table.lines().map(|line| line + "\n").collect::<String>();
    }
    for entry in shown.iter().filter(|entry| entry.worse || !entry.what.is_empty()) {
        let finding = &entry.finding;
        let title = format!("{}: {} of {}", entry.status.name(), finding.property, name(&finding.agent));
        text += &format!("{} on {}", pen.ink(ink(entry), harmless(&title)), harmless(&finding.device));
        text += &if entry.what.is_empty() {
            String::from("\n")
        } else {
            format!(" ({})\n", harmless(&entry.what))
        };
        if entry.worse {
            text += &format!("  again     {}\n", harmless(&finding.replay));
        }
    }
    let ink = if comparison.holds() { Ink::Good } else { Ink::Bad };
    text + &pen.ink(ink, sum(comparison)) + "\n"
}

/// An agent's name; ours are told apart.
fn name(agent: &str) -> String {
    match agent_label(agent) {
        (name, "built-in") => format!("{name} (built-in)"),
        (name, _) => name,
    }
}

fn side((name, report): &(String, ReadReport)) -> String {
    let started = if report.started.is_empty() { String::new() } else { format!(", {}", report.started) };
    format!("{name}{}: {}", harmless(&started), super::counted(report.findings.len(), "finding"))
}

/// `2 new, 1 mended, 4 the same`.
fn sum(comparison: &Comparison) -> String {
    let counts: Vec<String> = Status::ALL
        .into_iter()
        .filter(|status| *status == Status::New || comparison.count(*status) > 0)
        .map(|status| format!("{} {}", comparison.count(status), status.name()))
        .collect();
    counts.join(", ")
}

fn condition(entry: &Entry) -> &str {
    entry.finding.condition.as_deref().unwrap_or(&entry.finding.fault)
}

fn ink(entry: &Entry) -> Ink {
    match entry.status {
        _ if entry.worse => Ink::Bad,
        Status::Mended => Ink::Good,
        Status::New | Status::Changed | Status::NotTried | Status::Same => Ink::Odd,
    }
}

/// For programs.
pub(crate) fn json(sides: &Sides, comparison: &Comparison) -> String {
    let side = |(name, report): &(String, ReadReport)| {
        json!({"file": name, "by": report.by, "started": report.started, "command": report.command,
            "findings": report.findings.len()})
    };
    let counts: serde_json::Map<String, Value> = Status::ALL
        .into_iter()
        .map(|status| (status.name().to_owned(), comparison.count(status).into()))
        .collect();
    let entries: Vec<Value> = comparison
        .entries
        .iter()
        .map(|entry| {
            let finding = &entry.finding;
            json!({"status": entry.status.name(), "worse": entry.worse, "what": entry.what, "agent": finding.agent,
                "device": finding.device, "property": finding.property, "class": finding.class,
                "condition": finding.condition, "action": finding.action, "fault": finding.fault, "rate": finding.rate,
                "evidence": finding.evidence, "replay": finding.replay, "expected": finding.expected})
        })
        .collect();
    let whole = json!({
        "format": FORMAT,
        "by": format!("fencelab {}", env!("CARGO_PKG_VERSION")),
        "old": side(&sides.old),
        "new": side(&sides.new),
        "holds": comparison.holds(),
        "counts": counts,
        "findings": entries,
    });
    format!("{whole:#}\n")
}

/// As a page.
pub(crate) fn html(sides: &Sides, comparison: &Comparison) -> String {
    let (look, verdict) =
        if comparison.holds() { ("good", "✓ nothing worse") } else { ("bad", "✗ something is worse") };
    let made = html! { code { (sides.old.0) } " → " code { (sides.new.0) } };
    let tiles: Vec<(String, &str)> =
        Status::ALL.into_iter().map(|status| (comparison.count(status).to_string(), status.name())).collect();
    let body = html! {
        (page::head("fencelab compare", &made, (look, verdict)))
        (page::tiles(&tiles))
        div.scroll { table { tbody {
            @for (what, (name, report)) in [("old", &sides.old), ("new", &sides.new)] {
                tr { td { (what) } td { code { (name) } } td { (report.started) } td.wide { code { (report.command) } } }
            }
        } } }
        @for status in Status::ALL {
            @let entries: Vec<&Entry> = comparison.entries.iter().filter(|entry| entry.status == status).collect();
            @if !entries.is_empty() {
                h2 { (uppercased(status.name())) span.tag { (entries.len()) } }
                @for (index, entry) in entries.iter().enumerate() { (card(entry, index < UNFOLDED)) }
            }
        }
        @if comparison.entries.is_empty() { p { "Neither report has a finding." } }
        (page::foot())
    };
    page::render(&format!("fencelab compare: {}", sum(comparison)), body)
}

fn uppercased(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// So many findings of a status are unfolded, if they are worse.
const UNFOLDED: usize = 4;

fn card(entry: &Entry, open: bool) -> maud::Markup {
    let finding = &entry.finding;
    let (look, edge) = match entry.status {
        _ if entry.worse => ("bad", ""),
        Status::Mended => ("good", "good"),
        _ => ("odd", "odd"),
    };
    let (name, whose) = agent_label(&finding.agent);
    html! {
        details.card class=(edge) open[open && entry.worse] {
            summary {
                span.pill.(look) { (finding.class) }
                b { (finding.property) }
                span { b { (name) } span.tag { (whose) } " on " b { (finding.device) } }
                span.faint { (condition(entry)) @if !entry.what.is_empty() { " · " (entry.what) } }
            }
            p { (finding.evidence) }
            dl {
                dt { "action" } dd { (finding.action) }
                dt { "fault" } dd { @if finding.fault.is_empty() { "none: a healthy device shows it" } @else { code { (finding.fault) } } }
                dt { "seen in" } dd { (format!("{:.0} % of the runs", finding.rate * 100.0)) }
                @if let Some(reason) = &finding.expected { dt { "expected" } dd { (reason) } }
            }
            (page::copied("again", &finding.replay))
        }
    }
}
