//! How long something took, many times.

use std::time::Duration;

/// A distribution of times.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Times {
    /// How many there were.
    pub count: usize,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Times {
    /// Of these times; `None` if there are none. A percentile is the nearest rank: a time that was measured.
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let rank = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100);
            times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        let max = *times.last()?;
        Some(Self { count: times.len(), p50: rank(50), p99: rank(99), max })
    }
}

/// As `p50 0.412 ms, p99 1.300 ms, max 1601.000 ms`.
impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms", ms(self.p50), ms(self.p99), ms(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let ms = |ms: u64| Duration::from_millis(ms);
        assert_eq!(Times::of(vec![]), None);
        let one = Times { count: 1, p50: ms(7), p99: ms(7), max: ms(7) };
        assert_eq!(Times::of(vec![ms(7)]), Some(one));
        let hundred = Times { count: 100, p50: ms(50), p99: ms(99), max: ms(100) };
        assert_eq!(Times::of((1..=100).rev().map(ms).collect()), Some(hundred));
        let more = Times { count: 101, p50: ms(51), p99: ms(100), max: ms(101) };
        assert_eq!(Times::of((1..=101).map(ms).collect()), Some(more));
    }
}
