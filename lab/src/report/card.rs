//! One finding on the page: what was seen, on what evidence, the plant's timeline, the dialogue, and how to go on from there.

use fencelab_suites::{Finding, Report};
use maud::{Markup, html};

use super::marked::{self, Marked, Sign};
use super::{agent_label, findings, offence, page, timeline, upstream};

/// How many answers of the device are listed; the dialogue has all.
const TOLD: usize = 12;

/// A dialogue of more lines is folded.
const OPEN_LINES: usize = 40;

/// The card, folded or not. `anchor` is what the table's links lead to.
pub(super) fn render(finding: &Finding, report: &Report, anchor: &str, open: bool) -> Markup {
    let (name, whose) = agent_label(&finding.agent);
    let expected = finding.expected.is_some();
    html! {
        details.card.odd[expected] id=(anchor) open[open] {
            summary {
                span.pill.(if expected { "odd" } else { "bad" }) { (finding.class) }
                @if expected { span.pill.odd { "expected" } }
                b { (finding.check) }
                span { b { (name) } span.tag { (whose) } " on " b { (finding.device) } }
                span.faint { (finding.action) @if !finding.fault.is_empty() { " · " code { (finding.fault) } } }
                span.id.faint { (finding.id) }
            }
            p { (finding.evidence) }
            (facts(finding))
            h4 { "The plant" }
            (timeline::render(finding))
            (evidence(finding))
            (dialogue(&marked::lines(finding)))
            h4 { "See it again" }
            (page::copied("again", &finding.replay))
            details.upstream {
                summary { "text ready for an upstream bug report" }
                (page::copied("text", &upstream::text(finding, report)))
            }
        }
    }
}

fn facts(finding: &Finding) -> Markup {
    let besides = findings::circumstances(finding);
    html! {
        dl {
            dt { "fault" } dd { @if finding.fault.is_empty() { "none: a healthy device shows it" } @else { code { (finding.fault) } } }
            dt { "case" } dd { (finding.action) " of " @if finding.plugs.len() > 1 { "plugs " } @else { "plug " } (finding.plugs.join(", "))
                ", " (finding.power) " at the start, seed " (finding.seed)
                @if !finding.options.is_empty() { ", " code { (finding.options.join(" ")) } } }
            @if !besides.is_empty() { dt { "besides" } dd { (besides.join("; ")) } }
            dt { "seen in" } dd { (finding.rate.0) " of " (finding.rate.1) " runs of this case" }
            dt { "agent said" } dd { (finding.said.exit)
                @for words in [&finding.said.stdout, &finding.said.stderr] {
                    @if !words.trim().is_empty() { "; " code { (words.trim().lines().last().unwrap_or_default()) } }
                } }
            dt { "plant" } dd { (finding.timeline) }
            @if let Some(neighbour) = &finding.neighbour { dt { "neighbour" } dd { (neighbour) } }
            @if let Some(reason) = &finding.expected { dt { "expected" } dd { (reason) } }
        }
    }
}

/// What the agent had to go by.
fn evidence(finding: &Finding) -> Markup {
    let told: Vec<_> = finding.told.iter().filter(|told| marked::matters(finding, told)).collect();
    let before = told.len().saturating_sub(TOLD);
    html! {
        h4 { "Evidence on the wire" }
        @if told.is_empty() { p { "None: the device told the agent nothing of the plug's power." } }
        @else { ul.told {
            @if before > 0 { li.faint { (before) " answers before" } }
            @for told in told.iter().skip(before) {
                @let untrue = marked::is_untrue(finding, told);
                li { span.at { (format!("{:.3} s", told.at.as_secs_f64())) } " plug " (told.plug) ": "
                    @match told.power {
                        None => { span.pill.odd { "neither on nor off" } }
                        Some(power) => { span.pill.(if untrue { "bad" } else { "good" }) { (power) } @if untrue { " untrue" } }
                    } }
            }
        } }
    }
}

/// A short dialogue is open, a long one folded.
fn dialogue(lines: &[Marked]) -> Markup {
    html! {
        details open[lines.len() <= OPEN_LINES] {
            summary { "the dialogue, " (lines.len()) " lines" }
            div.dialogue { table.mono { tbody { @for line in lines { (row(line)) } } } }
        }
    }
}

fn row(line: &Marked) -> Markup {
    let look = match line.sign {
        Sign::Plain => "",
        Sign::Evidence => "evidence",
        Sign::Wrong => "offends",
    };
    let (class, who) = match line.side {
        Some(fencelab_transcript::Side::Agent) => ("agent", "agent →"),
        Some(fencelab_transcript::Side::Device) => ("device", "device ←"),
        None => ("aside", ""),
    };
    html! {
        tr class=(look) {
            td.at { @if let Some(at) = line.at { (format!("{:.6}", at.as_secs_f64())) } }
            td class=(class) { (who) }
            td class=(class) {
                @match &line.offence {
                    None => { (line.words) }
                    Some(offence) => { (marked(&line.words, &offence.words)) }
                }
                @if let Some(note) = &line.note { span.note { "  ◂ " (note) } }
                @if let Some(bytes) = line.offence.as_ref().and_then(|offence| offence.bytes.as_ref()) {
                    div.bytes { span.faint { (bytes.of) ": " } (marked(&bytes.hex, &bytes.mark)) }
                }
            }
        }
    }
}

fn marked(text: &str, mark: &std::ops::Range<usize>) -> Markup {
    let (before, marked, after) = offence::cut(text, mark);
    html! { (before) @if !marked.is_empty() { mark { (marked) } } (after) }
}
