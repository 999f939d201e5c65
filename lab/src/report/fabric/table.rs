//! The tables for the terminal.

use comfy_table::{Cell, CellAlignment, Table, presets};
use fencelab_fabric::bench::{Case, Comparison, Load, Report, Tested};

use super::{load, name, number, size};
use crate::terminal::{Ink, Pen};

/// Everything that a person needs to read the figures right, then the figures: those of hardware, and apart from them those that are
/// emulated.
pub(crate) fn render(report: &Report, comparison: Option<&[Comparison]>, pen: Pen) -> String {
    let mut text = header(report, pen);
    for (emulated, measured) in super::groups(report) {
        if let Some(why) = emulated {
            let words = "EMULATED: these are functional results, not a measure of hardware";
            text += &format!("\n{}\n", pen.ink(Ink::Odd, format_args!("{words} ({why})")));
        }
        section(&mut text, pen, "Two nodes (microseconds, one way)", pairs(&measured));
        section(&mut text, pen, "The ring (microseconds)", rings(&measured));
        section(&mut text, pen, "corosync's CPG, in the columns of cpgbench and cpghum", groups(&measured));
        section(
            &mut text,
            pen,
            "Lowest token timeout without a false failover (milliseconds)",
            timeouts(&measured),
        );
        section(&mut text, pen, "Until a failed node is out (milliseconds)", detections(&measured));
    }
    if let Some(comparison) = comparison {
        section(&mut text, pen, "Now by baseline, with 95 % confidence", compared(comparison, pen));
    }
    text
}

fn header(report: &Report, pen: Pen) -> String {
    let mut text = String::new();
    for line in super::environment(report) {
        text += &format!("{line}\n");
    }
    for tested in &report.transports {
        if let Some(why) = &tested.unavailable {
            text += &format!("{}: {} ({why})\n", name(tested), pen.ink(Ink::Odd, "not measured"));
        }
        for why in &tested.troubles {
            text += &format!("{}: {}: {why}\n", name(tested), pen.ink(Ink::Bad, "failed"));
        }
    }
    if let Some(why) = &report.broken_off {
        text += &format!("{}: {why}\n", pen.ink(Ink::Bad, "ended before all was measured"));
    }
    text
}

fn section(text: &mut String, pen: Pen, title: &str, table: Option<Table>) {
    if let Some(table) = table {
        *text += &format!("\n{}\n", pen.ink(Ink::Strong, title));
        for line in table.lines() {
            *text += &format!("{line}\n");
        }
    }
}

fn table(titles: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(titles);
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// The median of a figure, or a dash.
fn median(case: &Case, figure: &str) -> String {
    case.median(figure).map_or_else(|| String::from("-"), number)
}

fn cells(case: &Case, figures: &[&str]) -> Vec<Cell> {
    figures.iter().map(|figure| right(median(case, figure))).collect()
}

fn pairs(measured: &[&Tested]) -> Option<Table> {
    let mut shown = table(&[
        "transport",
        "message",
        "p50",
        "p99",
        "p99.9",
        "max",
        "stream 1/s",
        "MB/s",
        "cpu us: sends",
        "receives",
        "lost",
    ]);
    for tested in measured {
        for ping in tested.cases.iter().filter(|case| case.load == Load::PingPong) {
            let mut row = vec![Cell::new(name(tested)), right(size(ping.bytes))];
            row.extend(cells(
                ping,
                &["latency_p50_us", "latency_p99_us", "latency_p999_us", "latency_max_us"],
            ));
            let of_stream = |case: &&Case| case.load == Load::Stream && case.bytes == ping.bytes;
            if let Some(stream) = tested.cases.iter().find(of_stream) {
                row.extend(cells(
                    stream,
                    &["messages_per_s", "megabytes_per_s", "asks_cpu_us", "answers_cpu_us", "lost"],
                ));
            }
            shown.add_row(row);
        }
    }
    (shown.row_count() > 0).then_some(shown)
}

fn rings(measured: &[&Tested]) -> Option<Table> {
    let mut shown = table(&[
        "transport",
        "load",
        "rotation mean",
        "p50",
        "p99",
        "p99.9",
        "max",
        "wire %",
        "delivery p50",
        "p99",
        "messages/s",
        "MB/s",
        "cpu us",
        "resent",
        "dropped",
        "behind",
        "changes",
    ]);
    for tested in measured {
        for case in tested.cases.iter().filter(|case| case.load == Load::Ring) {
            let mut row = vec![
                Cell::new(name(tested)),
                Cell::new(load(case).trim_start_matches("ring").trim_start_matches([',', ' '])),
            ];
            row.extend(cells(
                case,
                &[
                    "rotation_mean_us",
                    "rotation_p50_us",
                    "rotation_p99_us",
                    "rotation_p999_us",
                    "rotation_max_us",
                ],
            ));
            let share =
                case.median("wire_share").map_or_else(|| String::from("-"), |share| number(share * 100.0));
            row.push(right(share));
            row.extend(cells(
                case,
                &[
                    "delivery_p50_us",
                    "delivery_p99_us",
                    "messages_per_s",
                    "megabytes_per_s",
                    "cpu_us",
                    "retransmits",
                    "dropped",
                    "behind",
                    "changes",
                ],
            ));
            shown.add_row(row);
        }
    }
    (shown.row_count() > 0).then_some(shown)
}

/// What cpgbench tells (messages received to MB/s), and cpghum besides.
fn groups(measured: &[&Tested]) -> Option<Table> {
    let mut shown = table(&[
        "transport",
        "load",
        "messages received",
        "bytes per write",
        "seconds runtime",
        "TP/s",
        "MB/s",
        "RTT us min",
        "avg",
        "max",
        "errors: sequence",
        "length",
        "CRC",
    ]);
    for tested in measured.iter().filter(|tested| tested.kind.is_corosync()) {
        for case in
            tested.cases.iter().filter(|case| case.median("received").is_some_and(|count| count > 0.0))
        {
            let mut row = vec![Cell::new(name(tested)), Cell::new(load(case))];
            row.extend(cells(
                case,
                &[
                    "received",
                    "bytes_per_write",
                    "runtime_s",
                    "messages_per_s",
                    "megabytes_per_s",
                    "rtt_min_us",
                    "rtt_avg_us",
                    "rtt_max_us",
                    "sequence_errors",
                    "length_errors",
                    "crc_errors",
                ],
            ));
            shown.add_row(row);
        }
    }
    (shown.row_count() > 0).then_some(shown)
}

fn timeouts(measured: &[&Tested]) -> Option<Table> {
    let mut shown = table(&["transport", "lowest", "held in", "half of it failed in", "longest gap seen"]);
    for tested in measured {
        let Some(timeout) = &tested.timeout else { continue };
        shown.add_row(vec![
            Cell::new(name(tested)),
            right(number(timeout.milliseconds)),
            right(format!("{} runs of {} s", timeout.runs + timeout.further_runs, timeout.seconds)),
            right(match timeout.half_failed {
                Some(failed) => format!("{failed} of {}", timeout.runs),
                None => "takes no less".to_owned(),
            }),
            right(if timeout.longest_gap_ms > 0.0 {
                number(timeout.longest_gap_ms)
            } else {
                "–".to_owned()
            }),
        ]);
    }
    (shown.row_count() > 0).then_some(shown)
}

fn detections(measured: &[&Tested]) -> Option<Table> {
    let mut shown = table(&[
        "transport",
        "a node is",
        "token timeout",
        "out after (median)",
        "longest",
        "expected at most",
    ]);
    for tested in measured {
        for detection in &tested.detection {
            let longest = detection.runs_ms.iter().copied().fold(0.0, f64::max);
            shown.add_row(vec![
                Cell::new(name(tested)),
                Cell::new(detection.how.name()),
                right(number(detection.token_ms)),
                right(detection.median_ms().map_or_else(|| String::from("-"), number)),
                right(number(longest)),
                right(number(detection.expected_ms)),
            ]);
        }
    }
    (shown.row_count() > 0).then_some(shown)
}

fn compared(comparison: &[Comparison], pen: Pen) -> Option<Table> {
    let mut shown = table(&["transport", "load", "figure", "baseline", "now", "ratio", "between", ""]);
    for one in comparison {
        shown.add_row(vec![
            Cell::new(format!("{} {}", one.kind, one.waiting.name())),
            Cell::new(super::compared_load(one)),
            Cell::new(one.figure.label),
            right(number(one.before)),
            right(number(one.now)),
            right(format!("{:.2}", one.ratio.ratio)),
            right(format!("{:.2} - {:.2}", one.ratio.low, one.ratio.high)),
            Cell::new(super::direction(one).map_or(String::new(), |(is_better, words)| {
                pen.ink(if is_better { Ink::Good } else { Ink::Bad }, words)
            })),
        ]);
    }
    (shown.row_count() > 0).then_some(shown)
}
