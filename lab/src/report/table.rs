//! The table for the terminal.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{Outcome, Square, agent_label, counted};
use crate::terminal::{Ink, Pen};

/// The table, what it leaves out, and the sum.
pub(crate) fn render(outcome: &Outcome, pen: Pen) -> String {
    let columns = outcome.columns();
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let titles = ["device", "agent"].into_iter().map(str::to_owned);
    // A name goes below itself at its hyphens, so that ten of them fit beside each other.
    let titles = titles.chain(columns.iter().map(|column| broken(column.name())));
    table.set_header(titles.map(Cell::new));
    let mut last = "";
    for row in outcome.rows() {
        let (name, whose) = agent_label(row.agent);
        let agent = if whose == "built-in" { format!("{name} (built-in)") } else { name };
        let device = if row.device == last { "" } else { row.device };
        last = row.device;
        let head = [Cell::new(device), Cell::new(agent)];
        table.add_row(head.into_iter().chain(row.squares.iter().map(|square| cell(*square))));
    }
    let mut text: String = table.lines().map(|line| coloured(&line, pen) + "\n").collect();
    text += "ok held wherever it was at stake   ✗ findings   ~ expected findings   - not run, or never at stake\n";
    if !outcome.missing.is_empty() {
        text += &format!("not found on this machine, so not tested: {}\n", outcome.missing.join(", "));
    }
    for trouble in &outcome.report.troubles {
        text += &format!("{} {trouble}\n", pen.ink(Ink::Bad, "trouble:"));
    }
    for mended in &outcome.report.mended {
        text += &format!(
            "{} {} of {} on {} was expected ({}), but was not seen; perhaps it is mended\n",
            pen.ink(Ink::Odd, format_args!("{}:", mended.place)),
            mended.check,
            mended.agent,
            mended.device,
            mended.reason
        );
    }
    text + &sum(outcome, pen)
}

/// One line: how much was run, what came out.
pub(crate) fn sum(outcome: &Outcome, pen: Pen) -> String {
    let report = &outcome.report;
    let (found, known) = (outcome.found(), outcome.known());
    let verdict = if report.holds() {
        pen.ink(Ink::Good, "all holds")
    } else if found > 0 {
        pen.ink(Ink::Bad, format_args!("{}", counted(found, "finding")))
    } else {
        pen.ink(Ink::Bad, "not everything could be tested")
    };
    let causes = outcome.unexpected().count();
    let causes = if found > 0 { format!(" of {}", counted(causes, "cause")) } else { String::new() };
    let known = if known > 0 { format!(", {} expected", counted(known, "finding")) } else { String::new() };
    format!(
        "{verdict}{causes}{known}: {} in {:.1} s, seed {}\n",
        counted(report.cases() as usize, "case"),
        report.took.as_secs_f64(),
        report.seed
    )
}

/// A title below itself: at its hyphens, and in the middle of long words.
fn broken(title: &str) -> String {
    let words = title.split('-').map(|word| match word.split_at_checked(6) {
        Some((head, tail)) if word.len() > 8 => format!("{head}-\n{tail}"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join("-\n")
}

/// The signs of the squares: a finding is seen without colours, too.
const FOUND: char = '✗';
const KNOWN: char = '~';

fn cell(square: Square) -> Cell {
    let words = match square {
        Square { found: 0, known: 0, run, judged } if run == 0 || judged == 0 => String::from("-"),
        Square { found: 0, known: 0, .. } => String::from("ok"),
        Square { found: 0, known, .. } => format!("{KNOWN}{known}"),
        Square { found, known: 0, .. } => format!("{FOUND}{found}"),
        Square { found, known, .. } => format!("{FOUND}{found} {KNOWN}{known}"),
    };
    Cell::new(words).set_alignment(CellAlignment::Center)
}

/// Colours the squares of a line that is laid out already: colours must not count as width.
fn coloured(line: &str, pen: Pen) -> String {
    let ink = |word: &str| match word {
        "ok" => Some(Ink::Good),
        word if word.starts_with(FOUND) => Some(Ink::Bad),
        word if word.starts_with(KNOWN) => Some(Ink::Odd),
        _ => None,
    };
    let words =
        line.split(' ').map(|word| ink(word).map_or_else(|| word.to_owned(), |ink| pen.ink(ink, word)));
    words.collect::<Vec<_>>().join(" ")
}
