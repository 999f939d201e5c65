//! The report as one page: the table, the causes, and in each its findings.

use fencelab_suites::{Cause, Finding};
use maud::{Markup, html};

use super::page::{self, thousands};
use super::{Column, Outcome, Row, Square, agent_label, card, counted};

/// Of so many causes the first finding is unfolded.
const UNFOLDED: usize = 8;

/// The page.
pub(crate) fn render(outcome: &Outcome) -> String {
    let report = &outcome.report;
    let (look, words) = verdict(outcome);
    let name = format!("fencelab {}", outcome.verb);
    let causes: Vec<(&Cause, Vec<&Finding>)> = outcome.causes().collect();
    let places = Places(causes.iter().flat_map(|(_, findings)| findings).copied().collect());
    let made = html! { (outcome.started) " · " code { (outcome.command) } };
    let body = html! {
        (page::head(&name, &made, (look, &words)))
        (tiles(outcome))
        h2 { "Agents by devices by properties" }
        (table(outcome, &places))
        (notes(outcome))
        @if !causes.is_empty() {
            h2 id="causes" { "Causes" }
            (overview(&causes))
            @for (index, (cause, findings)) in causes.iter().enumerate() {
                (section(outcome, &places, cause, findings, index < UNFOLDED && !cause.expected))
            }
        }
        h2 { "Where the knowledge of the devices comes from" }
        div.scroll { table {
            tbody { @for device in &report.devices { tr { td { (device.id) } td.wide { (device.provenance) } } } }
        } }
        (page::foot())
    };
    page::render(&format!("{name}: {words}"), body)
}

/// The findings in the order in which they stand on the page.
struct Places<'a>(Vec<&'a Finding>);

impl Places<'_> {
    fn anchor(&self, wanted: impl Fn(&Finding) -> bool) -> Option<String> {
        let place = self.0.iter().position(|finding| wanted(finding))?;
        Some(format!("finding-{}", place + 1))
    }

    fn of(&self, finding: &Finding) -> String {
        self.anchor(|other| std::ptr::eq(other, finding)).unwrap_or_default()
    }
}

fn verdict(outcome: &Outcome) -> (&'static str, String) {
    match (outcome.report.holds(), outcome.found()) {
        (true, _) => ("good", String::from("✓ all holds")),
        (false, 0) => ("bad", String::from("✗ not everything could be tested")),
        (false, found) => {
            let causes = counted(outcome.unexpected().count(), "cause");
            ("bad", format!("✗ {} of {causes}", counted(found, "finding")))
        }
    }
}

/// A number with its name.
fn tile(number: usize, one: &'static str, many: &'static str) -> (String, &'static str) {
    (thousands(number as u64), if number == 1 { one } else { many })
}

fn tiles(outcome: &Outcome) -> Markup {
    let report = &outcome.report;
    let agents: std::collections::BTreeSet<&str> =
        report.cells.iter().map(|cell| cell.agent.as_str()).collect();
    let mut tiles = vec![
        tile(agents.len(), "agent", "agents"),
        tile(report.devices.len(), "device", "devices"),
        tile(report.cases() as usize, "case", "cases"),
        tile(outcome.unexpected().count(), "cause", "causes"),
        tile(outcome.found(), "finding", "findings"),
        tile(outcome.known(), "expected", "expected"),
        (format!("{:.1} s", report.took.as_secs_f64()), "in all"),
        (report.seed.to_string(), "seed"),
    ];
    if outcome.shard.1 > 1 {
        tiles.push((format!("{}/{}", outcome.shard.0, outcome.shard.1), "shard"));
    }
    page::tiles(&tiles)
}

fn table(outcome: &Outcome, places: &Places<'_>) -> Markup {
    let (columns, rows) = (outcome.columns(), outcome.rows());
    let begins = |index: usize| {
        let of = |index: usize| rows.get(index).map(|row| row.device);
        index.checked_sub(1).and_then(of) != of(index)
    };
    let span = |device: &str| rows.iter().filter(|row| row.device == device).count();
    html! {
        div.scroll.tall { table.squares {
            thead { tr {
                th { "device" } th { "agent" }
                @for column in &columns { th.square title=(column.says()) { (soft(column.name())) } }
            } }
            tbody { @for (index, row) in rows.iter().enumerate() {
                tr.first[begins(index) && index > 0] {
                    @if begins(index) { td.device rowspan=(span(row.device)) { b { (row.device) } } }
                    @let (name, whose) = agent_label(row.agent);
                    td title=(row.agent) { (name) span.tag { (whose) } }
                    @for (column, square) in columns.iter().zip(&row.squares) {
                        td.square.found[square.found > 0] { (cell(outcome, places, row, *column, *square)) }
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

fn cell(outcome: &Outcome, places: &Places<'_>, row: &Row<'_>, column: Column, square: Square) -> Markup {
    // A finding of another suite than the property suite keeps its property's name: the first of the row will do.
    let of_row = |finding: &Finding| finding.agent == row.agent && finding.device == row.device;
    let link = |expected: bool| {
        let it = |finding: &Finding| of_row(finding) && finding.expected.is_some() == expected;
        places
            .anchor(|finding| it(finding) && finding.check == column.name())
            .or_else(|| places.anchor(it))
            .map_or_else(|| String::from("#causes"), |anchor| format!("#{anchor}"))
    };
    match square {
        Square { found: 0, known: 0, run, judged } if run == 0 || judged == 0 => {
            html! { span.none title=(outcome.why_not(row, column)) { "–" } }
        }
        Square { found: 0, known: 0, judged, .. } => {
            html! { span.ok title=(format!("{judged} judgements")) { "✓" } }
        }
        Square { found, known, .. } => html! {
            @if found > 0 { a.pill.bad href=(link(false)) { (found) } }
            @if known > 0 { a.pill.odd href=(link(true)) { (known) } }
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

/// Names of agents without their folders, each once.
fn names(agents: &[String]) -> String {
    let names: std::collections::BTreeSet<String> = agents.iter().map(|agent| agent_label(agent).0).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn overview(causes: &[(&Cause, Vec<&Finding>)]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "cause" } th { "class" } th { "condition" } th { "agents" } th { "devices" } th { "findings" } } }
            tbody { @for (cause, findings) in causes { tr {
                td { a href={ "#" (cause.id) } { (cause.id) } }
                td { span.pill.(if cause.expected { "odd" } else { "bad" }) { (cause.class) } }
                td.wide { (cause.condition) @if cause.expected { span.tag { "expected" } } }
                td.wide { (names(&cause.agents)) }
                td.wide { (cause.devices.join(", ")) }
                td.number { (findings.len()) }
            } } }
        } }
    }
}

fn section(
    outcome: &Outcome,
    places: &Places<'_>,
    cause: &Cause,
    findings: &[&Finding],
    open: bool,
) -> Markup {
    html! {
        section.cause id=(cause.id) {
            h3 { (cause.id) " " span.pill.(if cause.expected { "odd" } else { "bad" }) { (cause.class) } " " (cause.condition) }
            p.faint { (counted(findings.len(), "finding")) " · " (cause.properties.join(", ")) " · " (names(&cause.agents))
                " · " (cause.devices.join(", ")) }
            @for (index, finding) in findings.iter().enumerate() {
                (card::render(finding, &outcome.report, &places.of(finding), open && index == 0))
            }
        }
    }
}
