//! Two reports side by side: ratios, and how sure they are.

use super::figures::{FIGURES, Figure};
use super::report::{Case, Load, Report, median};
use crate::transport::{Kind, Waiting};

/// Runs that a confidence interval needs.
const LEAST_RUNS: usize = 5;
/// Samples of the bootstrap.
const SAMPLES: usize = 2000;
/// The interval holds so much of them.
const CONFIDENCE: f64 = 0.95;

/// A figure of a case in both reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The transport.
    pub kind: Kind,
    /// How messages are awaited.
    pub waiting: Waiting,
    /// The load.
    pub load: Load,
    /// Bytes of a message.
    pub bytes: usize,
    /// What is offered.
    pub offer: Option<String>,
    /// Which figure.
    pub figure: &'static Figure,
    /// Its median before.
    pub before: f64,
    /// Its median now.
    pub now: f64,
    /// Now by before.
    pub ratio: Interval,
}

/// A ratio of medians with its confidence interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The ratio.
    pub ratio: f64,
    /// It is at least this.
    pub low: f64,
    /// It is at most this.
    pub high: f64,
}

impl Interval {
    /// Whether it is surely not one.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }
}

/// All that both reports have.
///
/// # Errors
/// They are not of the same kind, or one has too few runs: in words.
pub fn compare(before: &Report, now: &Report) -> Result<Vec<Comparison>, String> {
    if before.fabric.split('.').next() != now.fabric.split('.').next() {
        return Err(format!("the reports are of versions {} and {}", before.fabric, now.fabric));
    }
    let mut all = Vec::new();
    for tested in &now.transports {
        let same =
            before.transports.iter().find(|old| old.kind == tested.kind && old.waiting == tested.waiting);
        if same.is_some_and(|old| !old.cases.is_empty() && !tested.cases.is_empty()) {
            same_kind(tested.kind, before.emulated(tested.kind), now.emulated(tested.kind))?;
        }
        for case in &tested.cases {
            let is_same =
                |old: &&Case| old.load == case.load && old.bytes == case.bytes && old.offer == case.offer;
            let Some(old) = same.and_then(|old| old.cases.iter().find(is_same)) else { continue };
            let runs = old.runs.len().min(case.runs.len());
            if runs < LEAST_RUNS {
                return Err(format!(
                    "{runs} runs are too few to compare: --repeat {LEAST_RUNS} or more in both"
                ));
            }
            for figure in FIGURES {
                let (then, today) = (old.values(figure.name), case.values(figure.name));
                let (Some(before), Some(now)) = (median(then.clone()), median(today.clone())) else {
                    continue;
                };
                if before == 0.0 {
                    continue;
                }
                all.push(Comparison {
                    kind: tested.kind,
                    waiting: tested.waiting,
                    load: case.load,
                    bytes: case.bytes,
                    offer: case.offer.clone(),
                    figure,
                    before,
                    now,
                    ratio: bootstrap(&then, &today),
                });
            }
        }
    }
    Ok(all)
}

/// What is emulated is never beside what is not.
fn same_kind(kind: Kind, before: Option<String>, now: Option<String>) -> Result<(), String> {
    match (before, now) {
        (None, None) | (Some(_), Some(_)) => Ok(()),
        (Some(why), None) => Err(format!(
            "{kind}: the baseline is emulated ({why}) and this run is of hardware: no table holds both"
        )),
        (None, Some(why)) => Err(format!(
            "{kind}: this run is emulated ({why}) and the baseline is of hardware: no table holds both"
        )),
    }
}

/// The percentile bootstrap (B. Efron, Annals of Statistics 7(1), 1979): both sets of runs are drawn from again and again. The same
/// runs give the same interval.
fn bootstrap(before: &[f64], now: &[f64]) -> Interval {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let ratio = |before: Vec<f64>, now: Vec<f64>| match (median(before), median(now)) {
        (Some(before), Some(now)) if before != 0.0 => Some(now / before),
        _ => None,
    };
    let mut ratios: Vec<f64> =
        (0..SAMPLES).filter_map(|_| ratio(random.draw(before), random.draw(now))).collect();
    ratios.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let at = |part: f64| ratios.get((ratios.len().saturating_sub(1) as f64 * part).round() as usize).copied();
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Interval {
        ratio: ratio(before.to_vec(), now.to_vec()).unwrap_or(1.0),
        low: at(tail).unwrap_or(0.0),
        high: at(1.0 - tail).unwrap_or(f64::INFINITY),
    }
}

/// xorshift64* (S. Vigna, ACM Transactions on Mathematical Software 42(4), 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// As many of these as there are, each any of them.
    fn draw(&mut self, values: &[f64]) -> Vec<f64> {
        let count = u64::try_from(values.len()).unwrap_or_default().max(1);
        let mut one = || usize::try_from(self.next() % count).ok().and_then(|at| values.get(at).copied());
        values.iter().filter_map(|_| one()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::bootstrap;

    #[test]
    fn what_is_twice_as_long_is_surely_so() {
        let before = [10.0, 10.2, 9.9, 10.1, 10.0, 9.8];
        let twice = before.map(|value| value * 2.0);
        let interval = bootstrap(&before, &twice);
        assert!((interval.ratio - 2.0).abs() < 1e-9, "{interval:?}");
        assert!(interval.low > 1.9 && interval.high < 2.1, "{interval:?}");
        assert!(interval.is_sure());
    }

    #[test]
    fn noise_is_not_sure() {
        let interval = bootstrap(&[10.0, 14.0, 9.0, 12.0, 11.0], &[11.0, 9.5, 13.0, 12.0, 10.0]);
        assert!(!interval.is_sure(), "{interval:?}");
        assert!(interval.low < 1.0 && interval.high > 1.0);
    }
}
