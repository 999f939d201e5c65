//! The lowest token timeout at which no node is taken for failed that has not failed.

use std::time::Duration;

use super::report::SafeTimeout;
use super::rings::{self, Ring};
use super::team::Team;
use crate::load::{Offer, RingResult};
use crate::transport::{Error, Kind, Waiting};

/// A timeout has to hold in so many runs, and in as many further ones when it is known to be the lowest.
pub(super) const RUNS: usize = 10;
/// Runs that say how long the token stays away at all.
const LOOKS: usize = 3;
/// A timeout that no gap reaches.
const NONE: Duration = Duration::from_secs(10);
/// How long the nodes may take to find each other.
const FINDING: Duration = Duration::from_secs(15);
/// Where the search begins, above the longest gap.
const MARGIN: f64 = 1.25;
/// How much higher the next is if one does not hold.
const STEP: f64 = 1.5;

/// Searches, under the heaviest load of the plan: as many messages as go, of the middle size.
pub(super) fn measure(team: &mut Team<'_, '_, '_>, kind: Kind, waiting: Waiting) -> Result<(), Error> {
    let doing = "the lowest safe token timeout";
    let found = team.attempt(kind, waiting, doing, |team| search(team, kind, waiting))?;
    team.report.tested(kind, waiting).timeout = found;
    Ok(())
}

fn search(team: &mut Team<'_, '_, '_>, kind: Kind, waiting: Waiting) -> Result<SafeTimeout, Error> {
    let mut search = Search { team, kind, waiting, tried: Vec::new() };
    let mut longest = Duration::ZERO;
    for _ in 0..LOOKS {
        search.team.steps.of(kind, waiting, "how long the token stays away");
        longest = longest.max(search.run(NONE)?.0);
    }
    // The kernel's own timers are not finer than 1 ms, and corosync takes none so short.
    let least = kind.least_token();
    let mut timeout = longest.mul_f64(MARGIN).max(least);
    let half_failed = loop {
        if search.failures(timeout, 1)? > 0 {
            timeout = timeout.mul_f64(STEP);
            continue;
        }
        // What holds at half its length is not the lowest.
        let half = (timeout / 2).max(least);
        let half_failed = if half < timeout { Some(search.failures(half, RUNS)?) } else { None };
        if half_failed == Some(0) {
            timeout = half;
            continue;
        }
        // Of many that are tried, one holds by luck sooner or later: the one that is told holds once more.
        if search.failures(timeout, 1)? == 0 {
            break half_failed;
        }
        timeout = timeout.mul_f64(STEP);
    };
    Ok(SafeTimeout {
        milliseconds: timeout.as_secs_f64() * 1e3,
        runs: RUNS,
        further_runs: RUNS,
        half_failed,
        seconds: search.team.plan.settings.seconds,
        longest_gap_ms: longest.as_secs_f64() * 1e3,
        tried: search.tried,
    })
}

struct Search<'s, 'a, 'b, 'c> {
    team: &'s mut Team<'a, 'b, 'c>,
    kind: Kind,
    waiting: Waiting,
    tried: Vec<(f64, usize, usize)>,
}

impl Search<'_, '_, '_, '_> {
    /// In how many of [`RUNS`] runs the timeout fails; after `enough` of them it is known.
    fn failures(&mut self, timeout: Duration, enough: usize) -> Result<usize, Error> {
        let milliseconds = timeout.as_secs_f64() * 1e3;
        let (mut failed, mut runs) = (0, 0);
        while runs < RUNS && failed < enough {
            self.team.steps.of(self.kind, self.waiting, &format!("token timeout of {milliseconds:.1} ms"));
            failed += usize::from(self.run(timeout)?.1 > 0);
            runs += 1;
        }
        self.tried.push((milliseconds, runs, failed));
        Ok(failed)
    }

    /// A run: the longest gap between tokens, and how often the membership changed. Nodes that do not even find each other have
    /// taken each other for failed.
    fn run(&mut self, token: Duration) -> Result<(Duration, u64), Error> {
        let settings = &self.team.plan.settings;
        self.team.link(self.kind, self.waiting, settings.packet)?;
        let mut sizes = settings.sizes.clone();
        sizes.sort_unstable();
        let bytes = sizes.get(sizes.len() / 2).copied().unwrap_or(1024);
        let ring = Ring { token, seconds: settings.seconds, bytes, offer: &Offer::Flood };
        let Ok(results) = rings::turn(&mut self.team.crew, settings, &ring, FINDING)? else {
            return Ok((token, 1));
        };
        let gap = |result: &RingResult| result.rotation.quantiles().map_or(0.0, |quantiles| quantiles.max);
        let gap = results.iter().map(gap).fold(0.0, f64::max);
        let changes = results.iter().map(|result| result.changes).sum();
        Ok((Duration::from_secs_f64(gap / 1e6), changes))
    }
}
