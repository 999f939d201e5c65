//! The report as one page that needs nothing else: no script, no font, no network.

use fencelab_suites::Finding;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Column, Outcome, Row, Square, agent_label, marked, style, timeline};

/// The page.
pub(crate) fn render(outcome: &Outcome) -> String {
    let report = &outcome.report;
    let findings = report.findings();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "fencelab test: " (verdict(outcome).1) }
                style { (PreEscaped(style::SHEET)) }
            }
            body { main {
                div.top {
                    div {
                        h1 { "fencelab test" }
                        p.faint { (outcome.started) " · " code { (outcome.command) } }
                    }
                    @let (class, words) = verdict(outcome);
                    div.verdict.(class) { (words) }
                }
                (tiles(outcome))
                h2 { "Agents by devices by properties" }
                (table(outcome))
                (notes(outcome))
                @if !findings.is_empty() {
                    h2 { "Findings" }
                    @for (index, finding) in findings.iter().enumerate() {
                        @if finding.expected.is_some() {
                            details.folded {
                                @let (name, whose) = agent_label(&finding.agent);
                                summary { span.pill.odd { "expected" } " " b { (finding.check) } ": " (name) span.tag { (whose) } " on " (finding.device) }
                                (card(finding, index))
                            }
                        } @else { (card(finding, index)) }
                    }
                }
                h2 { "Where the knowledge of the devices comes from" }
                div.scroll { table {
                    tbody { @for device in &report.devices { tr { td { (device.id) } td { (device.provenance) } } } }
                } }
                footer {
                    "fencelab " (env!("CARGO_PKG_VERSION")) ". A verdict asks only the emulated plug: what an agent says is believed by nobody here."
                }
            } }
        }
    };
    page.into_string()
}

fn verdict(outcome: &Outcome) -> (&'static str, String) {
    match (outcome.report.holds(), outcome.found()) {
        (true, _) => ("good", String::from("✓ all holds")),
        (false, 0) => ("bad", String::from("✗ not everything could be tested")),
        (false, 1) => ("bad", String::from("✗ 1 finding")),
        (false, found) => ("bad", format!("✗ {found} findings")),
    }
}

fn tiles(outcome: &Outcome) -> Markup {
    let report = &outcome.report;
    let agents: std::collections::BTreeSet<&str> =
        report.cells.iter().map(|cell| cell.agent.as_str()).collect();
    let tiles = [
        (agents.len().to_string(), "agents"),
        (report.devices.len().to_string(), "devices"),
        (thousands(report.cases()), "cases"),
        (outcome.found().to_string(), "findings"),
        (outcome.known().to_string(), "expected findings"),
        (format!("{:.1} s", report.took.as_secs_f64()), "in all"),
        (report.seed.to_string(), "seed"),
    ];
    html! { div.tiles { @for (value, name) in tiles { div.tile { b { (value) } span.faint { (name) } } } } }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join("\u{202f}")
}

fn table(outcome: &Outcome) -> Markup {
    let (columns, rows) = (outcome.columns(), outcome.rows());
    let devices: Vec<&str> = rows.iter().map(|row| row.device).collect();
    let begins = |index: usize| index.checked_sub(1).and_then(|last| devices.get(last)) != devices.get(index);
    html! {
        div.scroll { table {
            thead { tr {
                th { "device" } th { "agent" }
                @for column in &columns { th.square title=(column.says()) { (soft(column.name())) } }
            } }
            tbody { @for (index, row) in rows.iter().enumerate() {
                tr.first[begins(index) && index > 0] {
                    td { @if begins(index) { b { (row.device) } } }
                    @let (name, whose) = agent_label(row.agent);
                    td title=(row.agent) { (name) span.tag { (whose) } }
                    @for (column, square) in columns.iter().zip(&row.squares) {
                        td.square { (cell(outcome, row, *column, *square)) }
                    }
                }
            } }
        } }
        p.faint { span.ok { "✓" } " held wherever it was at stake · " span.pill.bad { "2" } " findings · " span.pill.odd { "1" }
            " expected findings · – not run, or never at stake" }
    }
}

/// A title that may be broken in the middle of its long words.
fn soft(title: &str) -> String {
    let words = title.split('-').map(|word| match word.split_at_checked(6) {
        Some((head, tail)) if word.len() > 8 => format!("{head}\u{ad}{tail}"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join("-")
}

fn cell(outcome: &Outcome, row: &Row<'_>, column: Column, square: Square) -> Markup {
    // A finding of another suite than the property suite keeps its property's name: the first of the row will do.
    let findings = outcome.report.findings();
    let of_row = |finding: &&Finding| finding.agent == row.agent && finding.device == row.device;
    let at = findings
        .iter()
        .position(|finding| of_row(finding) && finding.check == column.name())
        .or_else(|| findings.iter().position(of_row))
        .unwrap_or_default();
    match square {
        Square { found: 0, known: 0, run, judged } if run == 0 || judged == 0 => {
            html! { span.none title=(outcome.why_not(row, column)) { "–" } }
        }
        Square { found: 0, known: 0, judged, .. } => {
            html! { span.ok title=(format!("{judged} judgements")) { "✓" } }
        }
        Square { found, known, .. } => html! {
            @if found > 0 { a.pill.bad href={ "#finding-" (at) } { (found) } }
            @if known > 0 { a.pill.odd href={ "#finding-" (at) } { (known) } }
        },
    }
}

fn notes(outcome: &Outcome) -> Markup {
    let report = &outcome.report;
    html! {
        @if !outcome.missing.is_empty() {
            p { b { "Not found on this machine, so not tested: " } (outcome.missing.join(", ")) }
        }
        @for trouble in &report.troubles { p { span.pill.bad { "trouble" } " " (trouble) } }
        @for mended in &report.mended {
            p { span.pill.odd { "mended?" } " " (mended.check) " of " (mended.agent) " on " (mended.device)
                " was expected (" (mended.reason) "), but was not seen: " code { (mended.place) } }
        }
    }
}

fn card(finding: &Finding, index: usize) -> Markup {
    let lines = marked::lines(finding);
    let (name, whose) = agent_label(&finding.agent);
    html! {
        article.card.odd[finding.expected.is_some()] id={ "finding-" (index) } {
            header {
                h3 { (finding.check) }
                @let look = if finding.expected.is_some() { "odd" } else { "bad" };
                span.pill.(look) { (finding.class) }
                span { b { (name) } span.tag { (whose) } " on " b { (finding.device) } }
            }
            p { (finding.evidence) }
            dl {
                dt { "fault" } dd { @if finding.fault.is_empty() { "none: a healthy device shows it" } @else { code { (finding.fault) } } }
                dt { "case" } dd { (finding.action) " of a plug that is " (finding.power) ", seed " (finding.seed)
                    @if !finding.options.is_empty() { ", " code { (finding.options.join(" ")) } } }
                dt { "seen in" } dd { (finding.rate.0) " of " (finding.rate.1) " runs of this case" }
                dt { "agent said" } dd { (finding.said.exit)
                    @for words in [&finding.said.stdout, &finding.said.stderr] {
                        @if !words.trim().is_empty() { "; " code { (words.trim().lines().last().unwrap_or_default()) } }
                    } }
                dt { "plant" } dd { (finding.timeline) }
                @if let Some(neighbour) = &finding.neighbour { dt { "neighbour" } dd { (neighbour) } }
                @if let Some(reason) = &finding.expected { dt { "expected" } dd { (reason) } }
            }
            (timeline::render(finding, &lines))
            (dialogue(&lines))
            pre.again { "$ " (finding.replay) }
        }
    }
}

/// A short dialogue is open, a long one folded.
fn dialogue(lines: &[marked::Marked]) -> Markup {
    html! {
        details open[lines.len() <= 30] {
            summary { "the dialogue, " (lines.len()) " lines" }
            div.dialogue { table.mono { tbody { @for line in lines {
                tr.offends[line.offends] {
                    td.at { @if let Some(at) = line.at { (format!("{:.6}", at.as_secs_f64())) } }
                    @let (class, who) = match line.side {
                        Some(fencelab_transcript::Side::Agent) => ("agent", "agent →"),
                        Some(fencelab_transcript::Side::Device) => ("device", "device ←"),
                        None => ("aside", ""),
                    };
                    td class=(class) { (who) }
                    td class=(class) { (line.words) @if let Some(note) = &line.note { span.note { "  ◂ " (note) } } }
                }
            } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(thousands),
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
    }
}
