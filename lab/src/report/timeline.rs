//! The plant's timeline as inline SVG: what was true, when the agent ran, and what it was told meanwhile.

use std::time::Duration;

use fencelab_devices::Power;
use fencelab_suites::{Finding, Told};
use maud::{Markup, html};

use super::marked::{is_untrue, word};

/// Sizes, in the drawing's own units.
const WIDTH: f64 = 1100.0;
const LEFT: f64 = 120.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 22.0;
const LANE: f64 = 30.0;
const GAP: f64 = 30.0;
const BELOW: f64 = 34.0;

struct Scale {
    end: f64,
}

impl Scale {
    fn x(&self, at: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (at / self.end).clamp(0.0, 1.0)
    }

    /// Round steps that give four to ten ticks.
    fn ticks(&self) -> Vec<f64> {
        let rough = self.end / 6.0;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|f| f * magnitude).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        (0..=10).map(|n| f64::from(n) * step).take_while(|at| *at <= self.end * 1.0001).collect()
    }
}

/// One plug over a stretch of time.
struct Stretch {
    from: f64,
    to: f64,
    on: bool,
}

/// The drawing for one finding.
pub(super) fn render(finding: &Finding) -> Markup {
    let (started, ended) = (finding.span.0.as_secs_f64(), finding.span.1.as_secs_f64());
    let last = finding.truth.changes.iter().map(|change| change.at.as_secs_f64()).fold(ended, f64::max);
    let scale = Scale { end: (last * 1.06).max(0.001) };
    let (plugs, left) = lanes(finding);
    let lane = |index: usize| TOP + (LANE + GAP) * index as f64;
    let bottom = lane(plugs.len()) - GAP + 22.0;
    let height = bottom + BELOW;
    html! {
        @if left > 0 { p.faint { "drawn: " (LANES) " plugs; " (left) " more moved, or were told of untruly" } }
        svg.chart viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label={ "the truth of the plugs: " (finding.timeline) } {
            rect.run x=(scale.x(started)) y="8" width=(number(scale.x(ended) - scale.x(started))) height=(number(bottom - 8.0)) rx="4" {}
            @for at in scale.ticks() {
                line.tick x1=(number(scale.x(at))) x2=(number(scale.x(at))) y1=(number(bottom)) y2=(number(bottom + 5.0)) {}
                text x=(number(scale.x(at))) y=(number(bottom + 18.0)) text-anchor="middle" { (seconds(at, &scale)) }
            }
            @for (index, plug) in plugs.iter().enumerate() {
                @let y = lane(index);
                text.name x="4" y=(number(y + LANE / 2.0 + 4.0)) { (plug) }
                @for stretch in stretches(finding, plug, scale.end) {
                    @let x = scale.x(stretch.from);
                    @let width = (scale.x(stretch.to) - x).max(1.0);
                    @if stretch.on {
                        rect.on x=(number(x)) y=(number(y)) width=(number(width)) height=(LANE) rx="3" {}
                    } @else {
                        rect.off x=(number(x + 0.75)) y=(number(y + 0.75)) width=(number((width - 1.5).max(0.5))) height=(LANE - 1.5) rx="3" {}
                    }
                    @if width > 36.0 {
                        text class=(if stretch.on { "word" } else { "word dark" }) x=(number(x + 10.0)) y=(number(y + LANE / 2.0 + 4.0)) {
                            (if stretch.on { "on" } else { "off" })
                        }
                    }
                }
                @let claims = claims(finding, plug);
                @if !claims.is_empty() {
                    text x="4" y=(number(y + LANE + 16.0)) { "told by device" }
                }
                @for told in claims {
                    @let at = (finding.span.0 + told.at).as_secs_f64();
                    circle class=(look(finding, told)) cx=(number(scale.x(at))) cy=(number(y + LANE + 12.0)) r="6" {
                        title { "told " (word(told.power)) " at " (format!("{at:.3}")) " s" @if is_untrue(finding, told) { ": untrue" } }
                    }
                }
            }
            line.edge x1=(number(scale.x(ended))) x2=(number(scale.x(ended))) y1="8" y2=(number(bottom)) {}
            text x=(number(label_x(scale.x(ended)))) y="18" text-anchor=(anchor(scale.x(ended))) { (finding.action) " ends: " (finding.said.exit) }
            text x="4" y=(number(bottom + 18.0)) { "seconds" }
        }
    }
}

/// So many plugs fit into a drawing that is still read.
const LANES: usize = 12;

/// The plugs that are drawn: those that were asked for, then those that moved, in the order in which they did, then those of
/// which something untrue was told; and how many of them find no room. Where nobody asked for one and none moved, the first few.
fn lanes(finding: &Finding) -> (Vec<&str>, usize) {
    let known = |plug: &&str| finding.truth.initial.contains_key(*plug);
    let asked = finding.plugs.iter().map(String::as_str).filter(known);
    let moved = finding.truth.changes.iter().map(|change| change.plug.as_str());
    let untrue = finding.told.iter().filter(|told| is_untrue(finding, told)).map(|told| told.plug.as_str());
    let mut seen = std::collections::BTreeSet::new();
    let mut lanes: Vec<&str> = asked.chain(moved).chain(untrue).filter(|plug| seen.insert(*plug)).collect();
    if lanes.is_empty() {
        lanes.extend(finding.truth.initial.keys().map(String::as_str).take(LANES));
    }
    let left = lanes.len().saturating_sub(LANES);
    lanes.truncate(LANES);
    (lanes, left)
}

/// Text beside the right edge goes to its left.
fn anchor(x: f64) -> &'static str {
    if x > WIDTH * 0.75 { "end" } else { "start" }
}

fn label_x(x: f64) -> f64 {
    if x > WIDTH * 0.75 { x - 6.0 } else { x + 6.0 }
}

fn stretches(finding: &Finding, plug: &str, end: f64) -> Vec<Stretch> {
    let mut on = finding.truth.at(plug, Duration::ZERO) == Some(Power::On);
    let mut from = 0.0;
    let mut stretches = Vec::new();
    for change in finding.truth.of_plug(plug) {
        let at = change.at.as_secs_f64();
        if at > from {
            stretches.push(Stretch { from, to: at, on });
        }
        (from, on) = (at, change.power == Power::On);
    }
    stretches.push(Stretch { from, to: end, on });
    stretches
}

/// What the device told of a plug; of many answers only those in which it changed its word, and the last.
fn claims<'a>(finding: &'a Finding, plug: &str) -> Vec<&'a Told> {
    let told: Vec<&Told> = finding.told.iter().filter(|told| told.plug == plug).collect();
    if told.len() <= CLAIMS {
        return told;
    }
    let look = |told: &Told| (told.power, is_untrue(finding, told));
    let last = told.len() - 1;
    let changes =
        |index: usize| index == 0 || told.get(index - 1).map(|t| look(t)) != told.get(index).map(|t| look(t));
    let kept = told.iter().enumerate().filter(|(index, _)| *index == last || changes(*index));
    kept.map(|(_, told)| *told).take(CLAIMS).collect()
}

/// So many answers about a plug can be told apart in a drawing.
const CLAIMS: usize = 200;

/// The class of a dot.
fn look(finding: &Finding, told: &Told) -> &'static str {
    match told.power {
        None => "neither",
        Some(_) if is_untrue(finding, told) => "untrue",
        Some(_) => "true",
    }
}

/// Two digits after the point are finer than any screen.
fn number(value: f64) -> String {
    format!("{value:.2}")
}

fn seconds(at: f64, scale: &Scale) -> String {
    let digits = if scale.end < 0.05 {
        3
    } else if scale.end < 0.5 {
        2
    } else if scale.end < 6.0 {
        1
    } else {
        0
    };
    format!("{at:.digits$}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fencelab_suites::truth::Mover;

    use super::super::sample;
    use super::*;

    #[test]
    fn of_a_thousand_plugs_those_are_drawn_that_matter() {
        let mut finding = sample::finding(1000);
        assert_eq!(lanes(&finding), (vec!["3"], 0));
        finding.truth = finding.truth.then(Duration::from_secs(2), "700", Power::Off, Mover::Command);
        assert_eq!(lanes(&finding), (vec!["3", "700"], 0));
        for plug in 1..=1000 {
            finding.truth =
                finding.truth.then(Duration::from_secs(3), &plug.to_string(), Power::Off, Mover::Device);
        }
        assert_eq!(lanes(&finding).0.len() + lanes(&finding).1, 1000);
        assert!(render(&finding).into_string().len() < 20_000);
    }

    #[test]
    fn ticks_are_round_and_few() {
        for end in [0.0012, 0.3, 1.0, 21.2, 64.0, 3600.0] {
            let ticks = Scale { end }.ticks();
            assert!((3..=11).contains(&ticks.len()), "{end}: {ticks:?}");
        }
    }
}
