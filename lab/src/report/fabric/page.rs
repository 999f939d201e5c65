//! The page: charts first, then the figures.

use fencelab_fabric::bench::{Case, Comparison, FIGURES, Figure, Load, Report, Tested};
use fencelab_fabric::transport::{Kind, Waiting};
use maud::{Markup, html};

use super::chart::{self, Look, Series, Strip};
use super::{load, name, number, size};
use crate::report::page;

/// The page.
pub(crate) fn render(report: &Report, comparison: Option<&[Comparison]>) -> String {
    let groups = super::groups(report);
    let verdict = match groups.iter().any(|(why, _)| why.is_some()) {
        _ if report.is_incomplete() => ("bad", "incomplete"),
        true => ("bad", "emulated: functional results"),
        false => ("good", "measured on hardware"),
    };
    let made = html! { (report.started) " · " code { (report.command) } };
    let body = html! {
        (page::head("fencelab bench fabric", &made, verdict))
        ul.facts { @for line in super::environment(report) { li { (line) } } }
        @for tested in &report.transports {
            @if let Some(why) = &tested.unavailable { p.faint { (name(tested)) ": not measured, " (why) } }
            @for why in &tested.troubles { p { span.pill.bad { "failed" } " " (name(tested)) ": " (why) } }
        }
        @if let Some(why) = &report.broken_off { p { span.pill.bad { "ended before all was measured" } " " (why) } }
        @for (emulated, group) in &groups {
            @if groups.len() > 1 { h1 { @if emulated.is_some() { "Emulated" } @else { "Hardware" } } }
            @if let Some(why) = emulated {
                p { "This is no measure of hardware: " (why) ". Compare it with runs of the same kind only." }
            }
            (charts(group))
            (figures(group))
        }
        @if let Some(comparison) = comparison { (compared(comparison)) }
        footer { "fencelab " (env!("CARGO_PKG_VERSION")) ". The same figures for programs: --json." }
    };
    page::render("fencelab bench fabric", body)
}

/// A transport has one look on all pages.
fn look(tested: &Tested) -> Look {
    let place = Kind::ALL.iter().position(|kind| *kind == tested.kind).unwrap_or_default();
    Look { place, is_polled: tested.waiting == Waiting::Polled }
}

fn charts(shown: &[&Tested]) -> Markup {
    html! {
        (timeouts(shown))
        (detections(shown))
        (rotations(shown))
        (shares(shown))
        (by_size(shown, "Ordered delivery by size", Load::Ring, "delivery_p50_us", "us, median"))
        (by_size(shown, "Messages delivered by size", Load::Ring, "messages_per_s", "1/s"))
        (by_size(shown, "Latency between two nodes by size", Load::PingPong, "latency_p50_us", "us one way, median"))
        (by_size(shown, "Streams between two nodes by size", Load::Stream, "megabytes_per_s", "MB/s"))
        (by_size(shown, "Processor time a message, receiver of a stream", Load::Stream, "answers_cpu_us", "us"))
    }
}

fn timeouts(shown: &[&Tested]) -> Markup {
    let rows: Vec<(String, Look, f64)> = shown
        .iter()
        .filter_map(|tested| Some((name(tested), look(tested), tested.timeout.as_ref()?.milliseconds)))
        .collect();
    html! { @if !rows.is_empty() {
        h2 { "Lowest token timeout without a false failover, under load" }
        p.faint { "What an interconnect is worth to a cluster: it may call a node failed so soon. Each held in ten runs, and half of it did not." }
        div.plate { (chart::bars(&rows, "ms")) }
    } }
}

fn detections(shown: &[&Tested]) -> Markup {
    let mut rows = Vec::new();
    let mut expected = None;
    for tested in shown {
        for detection in &tested.detection {
            expected = Some((detection.token_ms, detection.expected_ms));
            rows.extend(
                detection.median_ms().map(|median| {
                    (format!("{}, {}", name(tested), detection.how.name()), look(tested), median)
                }),
            );
        }
    }
    html! { @if let Some((token, expected)) = expected {
        h2 { "Until a failed node is out" }
        p.faint {
            "With a token timeout of " (number(token)) " ms. Token timeout, consensus (1.2 times as long) and the making of the ring: "
            (number(expected)) " ms at most. A faster fabric does not shorten it; a lower timeout does."
        }
        div.plate { (chart::bars(&rows, "ms")) }
    } }
}

fn rotations(shown: &[&Tested]) -> Markup {
    let groups = offers(shown);
    html! { @if !groups.is_empty() {
        h2 { "Token rotation" }
        p.faint { "p50 (large), p99, p99.9 and the longest, in the median run." }
        @for group in &groups {
            h3 { (group) }
            div.plate { (chart::strips(&strips(shown, group), "us")) }
        }
    } }
}

/// The ring's loads, each once.
fn offers(shown: &[&Tested]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for case in shown.iter().flat_map(|tested| &tested.cases).filter(|case| case.load == Load::Ring) {
        let name = load(case);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn strips(shown: &[&Tested], group: &str) -> Vec<Strip> {
    let of = |tested: &Tested| -> Option<Vec<(&'static str, f64)>> {
        let case = tested.cases.iter().find(|case| case.load == Load::Ring && load(case) == group)?;
        let mark = |label, figure| case.median(figure).map(|value| (label, value));
        [
            ("p50", "rotation_p50_us"),
            ("p99", "rotation_p99_us"),
            ("p99.9", "rotation_p999_us"),
            ("max", "rotation_max_us"),
        ]
        .into_iter()
        .map(|(label, figure)| mark(label, figure))
        .collect()
    };
    let strip =
        |tested: &&Tested| Some(Strip { label: name(tested), look: look(tested), marks: of(tested)? });
    shown.iter().filter_map(strip).collect()
}

fn shares(shown: &[&Tested]) -> Markup {
    let mut rows = Vec::new();
    for tested in shown {
        for case in tested.cases.iter().filter(|case| case.load == Load::Ring) {
            rows.extend(
                case.median("wire_share")
                    .map(|share| (format!("{}, {}", name(tested), load(case)), look(tested), share * 100.0)),
            );
        }
    }
    html! { @if !rows.is_empty() {
        h2 { "The wire's share of a rotation" }
        p.faint { "The rest is the nodes' own: they hold the token while they order and send. Only the wire's share can a faster fabric shorten." }
        div.plate { (chart::bars(&rows, "%")) }
    } }
}

/// A figure of each transport over the sizes of messages; of the heaviest load, where there are several.
fn by_size(shown: &[&Tested], title: &str, of: Load, figure: &str, unit: &str) -> Markup {
    let offer = shown
        .iter()
        .flat_map(|tested| &tested.cases)
        .filter(|case| case.load == of && case.bytes > 0)
        .filter_map(|case| case.offer.clone())
        .next_back();
    let line = |tested: &&Tested| {
        let cases =
            tested.cases.iter().filter(|case| case.load == of && case.bytes > 0 && case.offer == offer);
        #[expect(clippy::cast_precision_loss, reason = "bytes of a message")]
        let points: Vec<(f64, f64)> =
            cases.filter_map(|case| Some((case.bytes as f64, case.median(figure)?))).collect();
        (!points.is_empty()).then(|| Series { label: name(tested), look: look(tested), points })
    };
    let series: Vec<Series> = shown.iter().filter_map(line).collect();
    let note = offer.map_or(String::new(), |offer| format!("Each node offers: {offer}."));
    html! { @if !series.is_empty() {
        h2 { (title) }
        p.faint { (note) }
        div.plate { (chart::lines(&series, "bytes", unit)) }
    } }
}

fn compared(comparison: &[Comparison]) -> Markup {
    html! {
        h2 { "Beside the baseline" }
        p.faint { "Ratios of medians, now by baseline; the interval holds 95 % of a bootstrap over the runs." }
        div.scroll { table {
            thead { tr { th { "transport" } th { "load" } th { "figure" } th { "baseline" } th { "now" } th { "ratio" } th { "between" } th { "" } } }
            tbody { @for one in comparison { tr {
                td { (one.kind) " " (one.waiting.name()) }
                td { (super::compared_load(one)) }
                td { (one.figure.label) }
                td.number { (number(one.before)) }
                td.number { (number(one.now)) }
                td.number { (format!("{:.2}", one.ratio.ratio)) }
                td.number { (format!("{:.2} – {:.2}", one.ratio.low, one.ratio.high)) }
                td { @if let Some((is_better, words)) = super::direction(one) {
                    span.pill.(if is_better { "good" } else { "bad" }) { (words) }
                } }
            } } }
        } }
    }
}

/// All figures: a table for each load and size, the transports beside each other.
fn figures(shown: &[&Tested]) -> Markup {
    let mut loads: Vec<(Load, usize, Option<String>)> = Vec::new();
    for case in shown.iter().flat_map(|tested| &tested.cases) {
        let key = (case.load, case.bytes, case.offer.clone());
        if !loads.contains(&key) {
            loads.push(key);
        }
    }
    let case = |tested: &'_ Tested, key: &(Load, usize, Option<String>)| -> Option<Case> {
        tested
            .cases
            .iter()
            .find(|case| (case.load, case.bytes, &case.offer) == (key.0, key.1, &key.2))
            .cloned()
    };
    html! {
        @if !loads.is_empty() { h2 { "All figures" } }
        @for key in &loads {
            @let cases: Vec<(String, Case)> = shown
                .iter()
                .filter_map(|tested| Some((name(tested), case(tested, key)?)))
                .collect();
            @let figures: Vec<&Figure> = FIGURES
                .iter()
                .filter(|figure| cases.iter().any(|(_, case)| case.median(figure.name).is_some()))
                .collect();
            @if let Some((_, first)) = cases.first() {
                details open[key.0 == Load::Ring] {
                    summary { (load(first)) @if key.1 > 0 { " " span.faint { "(" (size(key.1)) ")" } } }
                    div.scroll { table {
                        thead { tr { th { "" } @for (name, _) in &cases { th { (name) } } } }
                        tbody { @for figure in figures { tr {
                            td { (figure.label) @if !figure.unit.is_empty() { " " span.faint { (figure.unit) } } }
                            @for (_, case) in &cases {
                                td.number { (case.median(figure.name).map_or_else(|| String::from("–"), number)) }
                            }
                        } } }
                    } }
                }
            }
        }
    }
}
