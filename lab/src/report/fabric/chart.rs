//! Charts as inline SVG: they need no script, and follow the page's colours.

use maud::{Markup, html};

use super::number;

/// Sizes, in the drawing's own units.
const WIDTH: f64 = 1100.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 14.0;
const ROW: f64 = 30.0;
const BELOW: f64 = 42.0;
/// The height of a chart of lines, without what stands below.
const HEIGHT: f64 = 300.0;
/// So many colours tell series apart.
const COLOURS: usize = 9;

/// How a series looks: transports differ by colour, and what is polled is dashed and hollow.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) place: usize,
    pub(super) is_polled: bool,
}

impl Look {
    /// Its classes.
    fn classes(self) -> String {
        format!("s{}{}", self.place % COLOURS, if self.is_polled { " polled" } else { "" })
    }
}

/// A row of a chart: values that belong together, the least first.
pub(super) struct Strip {
    pub(super) label: String,
    pub(super) look: Look,
    /// What each value is, and how much.
    pub(super) marks: Vec<(&'static str, f64)>,
}

/// A line of a chart.
pub(super) struct Series {
    pub(super) label: String,
    pub(super) look: Look,
    pub(super) points: Vec<(f64, f64)>,
}

/// A logarithmic axis.
struct Log {
    from: f64,
    to: f64,
    start: f64,
    length: f64,
}

impl Log {
    /// From the decade (or half of one) below the least value to that above the greatest.
    fn of(values: impl Iterator<Item = f64> + Clone, start: f64, length: f64) -> Option<Self> {
        let values = values.filter(|value| *value > 0.0 && value.is_finite());
        let least = values.clone().min_by(f64::total_cmp)?;
        let greatest = values.max_by(f64::total_cmp)?;
        let half = |value: f64, up: bool| {
            let exponent = value.log10() * 2.0;
            (if up { exponent.ceil() } else { exponent.floor() }) / 2.0
        };
        let (from, mut to) = (half(least, false), half(greatest, true));
        if to - from < 0.5 {
            to = from + 0.5;
        }
        Some(Self { from, to, start, length })
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.max(f64::MIN_POSITIVE).log10() - self.from) / (self.to - self.from);
        self.start + self.length * part.clamp(0.0, 1.0)
    }

    /// 1, 2 and 5 of each decade; of long axes the decades alone.
    fn ticks(&self) -> Vec<f64> {
        let digits: &[f64] = if self.to - self.from > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let mut exponent = self.from.floor();
        let mut ticks = Vec::new();
        while exponent <= self.to {
            ticks.extend(digits.iter().map(|digit| digit * 10_f64.powf(exponent)));
            exponent += 1.0;
        }
        ticks.retain(|tick| (self.from - 1e-9..=self.to + 1e-9).contains(&tick.log10()));
        ticks
    }
}

/// A row for each strip: a line from the first value to the last, with a mark at each.
pub(super) fn strips(strips: &[Strip], unit: &str) -> Markup {
    let values = strips.iter().flat_map(|strip| strip.marks.iter().map(|(_, value)| *value));
    let Some(axis) = Log::of(values, LEFT, WIDTH - LEFT - RIGHT) else { return html! {} };
    let bottom = rows(strips.len());
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {}", bottom + BELOW)) role="img" {
            (vertical(&axis, bottom, unit))
            @for (strip, y) in strips.iter().zip(centres()) {
                g.(strip.look.classes()) {
                    text.name x=(LEFT - 12.0) y=(y + 4.0) text-anchor="end" { (strip.label) }
                    @if let (Some(first), Some(last)) = (strip.marks.first(), strip.marks.last()) {
                        line.span x1=(axis.at(first.1)) x2=(axis.at(last.1)) y1=(y) y2=(y) {}
                        text.value x=(axis.at(last.1) + 9.0) y=(y + 4.0) { (number(last.1)) }
                    }
                    @for (index, (name, value)) in strip.marks.iter().enumerate() {
                        circle.mark cx=(axis.at(*value)) cy=(y) r=(if index == 0 { 6.0 } else { 3.5 }) {
                            title { (strip.label) ": " (name) " " (number(*value)) " " (unit) }
                        }
                    }
                }
            }
        }
    }
}

/// A bar for each row, from nought.
pub(super) fn bars(rows_of: &[(String, Look, f64)], unit: &str) -> Markup {
    let greatest = rows_of.iter().map(|(_, _, value)| *value).fold(0.0, f64::max);
    if greatest <= 0.0 {
        return html! {};
    }
    let wide = |value: f64| (WIDTH - LEFT - RIGHT) * value / greatest;
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {}", rows(rows_of.len()) + TOP)) role="img" {
            @for ((label, look, value), y) in rows_of.iter().zip(centres()) {
                g.(look.classes()) {
                    text.name x=(LEFT - 12.0) y=(y + 4.0) text-anchor="end" { (label) }
                    rect.bar x=(LEFT) y=(y - 9.0) width=(wide(*value)) height="18" rx="3" {
                        title { (label) ": " (number(*value)) " " (unit) }
                    }
                    text.value x=(LEFT + wide(*value) + 9.0) y=(y + 4.0) { (number(*value)) " " (unit) }
                }
            }
        }
    }
}

/// Lines over a logarithmic axis, their values on another.
pub(super) fn lines(series: &[Series], across: &str, up: &str) -> Markup {
    let points = || series.iter().flat_map(|series| series.points.iter().copied());
    let x = Log::of(points().map(|point| point.0), LEFT, WIDTH - LEFT - RIGHT);
    let y = Log::of(points().map(|point| point.1), TOP + HEIGHT, -HEIGHT);
    let (Some(x), Some(y)) = (x, y) else { return html! {} };
    let path = |series: &Series| {
        let points = series.points.iter().map(|point| format!("{:.1},{:.1}", x.at(point.0), y.at(point.1)));
        points.collect::<Vec<_>>().join(" ")
    };
    html! {
        ul.legend {
            @for series in series { li.(series.look.classes()) { span.swatch {} (series.label) } }
        }
        svg.plot viewBox=(format!("0 0 {WIDTH} {}", TOP + HEIGHT + BELOW)) role="img" {
            (vertical(&x, TOP + HEIGHT, across))
            @for tick in y.ticks() {
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y.at(tick)) y2=(y.at(tick)) {}
                text.tick x=(LEFT - 12.0) y=(y.at(tick) + 4.0) text-anchor="end" { (number(tick)) }
            }
            text.unit x="8" y=(TOP + 8.0) { (up) }
            @for series in series {
                g.(series.look.classes()) {
                    polyline.line points=(path(series)) {}
                    @for point in &series.points {
                        circle.mark cx=(x.at(point.0)) cy=(y.at(point.1)) r="4" {
                            title { (series.label) ": " (number(point.1)) " " (up) " at " (number(point.0)) " " (across) }
                        }
                    }
                }
            }
        }
    }
}

/// The lower end of so many rows.
fn rows(count: usize) -> f64 {
    u32::try_from(count).map_or(TOP, |count| TOP + ROW * f64::from(count))
}

/// The middles of rows.
fn centres() -> impl Iterator<Item = f64> {
    (0..).map(|row| TOP + ROW * (f64::from(row) + 0.5))
}

/// The lines of an axis across, its numbers and its unit.
fn vertical(axis: &Log, bottom: f64, unit: &str) -> Markup {
    html! {
        @for tick in axis.ticks() {
            line.grid x1=(axis.at(tick)) x2=(axis.at(tick)) y1=(TOP) y2=(bottom) {}
            text.tick x=(axis.at(tick)) y=(bottom + 18.0) text-anchor="middle" { (number(tick)) }
        }
        text.unit x=(WIDTH - 4.0) y=(bottom + 18.0) text-anchor="end" { (unit) }
    }
}
