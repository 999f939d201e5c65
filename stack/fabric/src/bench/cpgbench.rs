//! corosync's own benchmark, `test/cpgbench.c` of its source, on the first node of a ring.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::detection::{LONG, await_rings};
use super::rings::{self, Ring};
use super::{Plan, report::Run};
use crate::crew::Crew;
use crate::load::Offer;
use crate::transport::{Error, Kind, Waiting};

/// How long corosync may put it off.
const READY: Duration = Duration::from_secs(10);
/// How it says that corosync has: CS_ERR_TRY_AGAIN (corosync/corotypes.h).
const TRY_AGAIN: &str = " failed with result 6";

/// Runs it while the nodes' own load is idle: a run for each size that it tells.
///
/// # Errors
/// It cannot be started, or tells nothing.
pub(super) fn measure(
    plan: &Plan,
    crew: &mut Crew,
    kind: Kind,
    program: &Path,
) -> Result<Vec<(usize, Run)>, Error> {
    // Polled, the idle nodes would take the processors from it.
    crew.link(kind, Waiting::Events, plan.settings.packet, None)?;
    let token = Duration::from_secs_f64(plan.settings.token_ms / 1e3);
    let ring = Ring { token, seconds: LONG, bytes: 0, offer: &Offer::Nothing };
    let nodes = crew.count();
    (0..nodes).try_for_each(|own| rings::start(crew, &plan.settings, &ring, own))?;
    let all: BTreeSet<usize> = (0..nodes).collect();
    await_rings(crew, &all, &all)?;
    let until = Instant::now() + READY;
    let found = loop {
        let (found, last) = run(crew, program, &plan.settings.sizes)?;
        // It does not try again by itself when corosync asks it to.
        if !(found.is_empty() && last.ends_with(TRY_AGAIN) && Instant::now() < until) {
            break if found.is_empty() { Err(last) } else { Ok(found) };
        }
    };
    rings::stop(crew)?;
    found.map_err(|last| {
        let words = format!("{}: told no figure of cpgbench's, but `{last}`", program.display());
        Error::Unfit(words)
    })
}

/// Figures by size, and the last line.
type Told = (Vec<(usize, Run)>, String);

/// Its figures, until each size that is wanted has come, or its end; and its last line.
fn run(crew: &Crew, program: &Path, wanted: &[usize]) -> Result<Told, Error> {
    let what = || program.display().to_string();
    let words = [Path::new("stdbuf"), Path::new("-oL"), program].map(Into::into);
    let Some(mut command) = crew.beside(0, &words) else {
        return Err(Error::Unfit(format!("{}: runs on this machine only", what())));
    };
    // What enters the namespaces is not what runs there: both are ended, as a group.
    let piped = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = piped.spawn().map_err(Error::system(what()))?;
    let mut left: BTreeSet<usize> = wanted.iter().copied().filter(|bytes| is_size(*bytes)).collect();
    let (mut found, mut last) = (Vec::new(), String::new());
    for line in BufReader::new(child.stdout.take().ok_or_else(|| Error::Unfit(what()))?).lines() {
        let line = line.map_err(Error::system(what()))?;
        if let Some((bytes, run)) = read(&line) {
            left.remove(&bytes);
            found.push((bytes, run));
        }
        last = line;
        // The larger sizes take ten seconds each.
        if left.is_empty() && !found.is_empty() {
            break;
        }
    }
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = child.wait();
    Ok((found, last))
}

/// Whether it measures this size: 64 bytes, and five times as many each time, below a megabyte.
fn is_size(bytes: usize) -> bool {
    std::iter::successors(Some(64), |size| Some(size * 5)).take(7).any(|size| size == bytes)
}

/// A line: `12 messages received    64 bytes per write  10.000 Seconds runtime     1.200 TP/s   0.000 MB/s.`
fn read(line: &str) -> Option<(usize, Run)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let before = |unit: &[&str]| -> Option<f64> {
        let at = words.windows(unit.len()).position(|words| words == unit)?;
        words.get(at.checked_sub(1)?)?.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)
    };
    let bytes = before(&["bytes", "per", "write"])?;
    let mut run = Run::default();
    run.put("received", before(&["messages", "received"])?);
    run.put("bytes_per_write", bytes);
    run.put("runtime_s", before(&["Seconds", "runtime"])?);
    run.put("messages_per_s", before(&["TP/s"])?);
    run.put("megabytes_per_s", before(&["MB/s."])?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size that it was given")]
    Some((bytes as usize, run))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_size, read};

    #[test]
    fn a_line_of_cpgbench_is_read() {
        let line = "103021 messages received    64 bytes per write  10.001 Seconds runtime 10301.143 TP/s   0.659 MB/s.";
        let (bytes, run) = read(line).unwrap();
        assert_eq!(bytes, 64);
        let all: Vec<(&str, f64)> = run.figures.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let expected = [
            ("bytes_per_write", 64.0),
            ("megabytes_per_s", 0.659),
            ("messages_per_s", 10301.143),
            ("received", 103_021.0),
            ("runtime_s", 10.001),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn its_sizes_are_known() {
        let all: Vec<usize> = (0..=2_000_000).filter(|bytes| is_size(*bytes)).collect();
        assert_eq!(all, [64, 320, 1600, 8000, 40_000, 200_000, 1_000_000]);
    }

    proptest! {
        #[test]
        fn any_line_may_come(line in ".{0,80}") {
            let _ = read(&line);
        }

        #[test]
        fn a_line_cut_short_is_none(end in 0_usize..96) {
            let line = "103021 messages received    64 bytes per write  10.001 Seconds runtime 10301.143 TP/s   0.659 MB/s.";
            prop_assert!(read(&line[..end]).is_none());
        }
    }
}
