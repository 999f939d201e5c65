//! Latencies, counted by their length, so that those of several nodes can be put together.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest that is told apart, in nanoseconds: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// Latencies in nanoseconds, to three digits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        // The bounds are valid, which is all that can go wrong.
        Self(Histogram::new_with_bounds(1, LONGEST, 3).unwrap_or_else(|error| unreachable!("{error}")))
    }
}

impl Latency {
    /// Counts one, in nanoseconds.
    pub fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds.max(1));
    }

    /// Counts those of another node, too.
    pub fn add(&mut self, other: &Self) {
        for (value, count) in pairs(&other.0) {
            self.0.saturating_record_n(value, count);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Their quantiles; `None` where there is none.
    #[must_use]
    pub fn quantiles(&self) -> Option<Quantiles> {
        let at = |quantile| micros(self.0.value_at_quantile(quantile));
        (!self.0.is_empty()).then(|| Quantiles {
            count: self.0.len(),
            min: micros(self.0.min()),
            mean: self.0.mean() / 1000.0,
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            p9999: at(0.9999),
            max: micros(self.0.max()),
        })
    }
}

fn micros(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64() * 1e6
}

fn pairs(histogram: &Histogram<u64>) -> impl Iterator<Item = (u64, u64)> + '_ {
    histogram.iter_recorded().map(|item| (item.value_iterated_to(), item.count_at_value()))
}

impl From<Vec<(u64, u64)>> for Latency {
    fn from(pairs: Vec<(u64, u64)>) -> Self {
        let mut latency = Self::default();
        for (value, count) in pairs {
            latency.0.saturating_record_n(value.max(1), count);
        }
        latency
    }
}

impl From<Latency> for Vec<(u64, u64)> {
    fn from(latency: Latency) -> Self {
        pairs(&latency.0).collect()
    }
}

/// What is shown of latencies, in microseconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// The shortest.
    pub min: f64,
    /// Their mean.
    pub mean: f64,
    /// The median: what perftest calls typical.
    pub p50: f64,
    /// One of a hundred is longer.
    pub p99: f64,
    /// One of a thousand is longer.
    pub p999: f64,
    /// One of ten thousand is longer.
    pub p9999: f64,
    /// The longest.
    pub max: f64,
}
