//! The bench: what each transport gives, in the terms of a cluster.

mod compare;
mod cpgbench;
mod detection;
mod figures;
mod pairs;
mod report;
mod rings;
mod team;
mod timeout;

use std::path::PathBuf;

use crate::crew::Nodes;
use crate::load::Offer;
use crate::transport::{Error, Kind, Waiting};

pub use compare::{Comparison, Interval, compare};
pub use figures::{FIGURES, Figure, figure};
pub use report::{Case, Detection, How, Load, Report, Run, SafeTimeout, Settings, Tested};

use team::Team;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the nodes are.
    pub nodes: Nodes,
    /// Over which transports.
    pub kinds: Vec<Kind>,
    /// How messages are awaited.
    pub waitings: Vec<Waiting>,
    /// The RDMA device.
    pub device: Option<String>,
    /// How it is measured.
    pub settings: Settings,
    /// What the nodes of the ring offer.
    pub offers: Vec<Offer>,
    /// Which parts.
    pub parts: Parts,
    /// corosync's cpgbench, which is run in turn with the rings of corosync.
    pub cpgbench: Option<PathBuf>,
}

/// Which parts of the bench are run.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// Ping-pong and streams between two nodes.
    pub pairs: bool,
    /// The ring under each load.
    pub rings: bool,
    /// The lowest safe token timeout.
    pub timeout: bool,
    /// How long a failure is not noticed.
    pub detection: bool,
}

/// How far the bench is: what it does now, and how much of all is done.
pub type Progress<'a> = dyn FnMut(&str, f64) + 'a;

/// Measures. What a transport does not do is in the report, and so is why a bench ended early that had measured something.
///
/// # Errors
/// Nothing was measured: the plan cannot be followed, or a node cannot be started or reached.
pub fn run(plan: &Plan, progress: &mut Progress<'_>) -> Result<Report, Error> {
    plan.check()?;
    let mut report = Report::new(plan.settings.clone());
    match measure(plan, &mut report, &mut Steps::new(plan, progress)) {
        Err(error) if report.has_figures() => report.broken_off = Some(error.to_string()),
        ended => ended?,
    }
    Ok(report)
}

fn measure(plan: &Plan, report: &mut Report, steps: &mut Steps<'_, '_>) -> Result<(), Error> {
    let parts = plan.parts;
    if parts.pairs && plan.kinds.iter().any(|kind| !kind.is_corosync()) {
        let mut team = Team::assemble(plan, plan.nodes.first(2), report, steps)?;
        pairs::measure(&mut team)?;
    }
    if !(parts.rings || parts.timeout || parts.detection) {
        return Ok(());
    }
    let mut team = Team::assemble(plan, plan.nodes.clone(), report, steps)?;
    if parts.rings {
        rings::measure(&mut team)?;
    }
    for (kind, waiting) in plan.transports() {
        if parts.timeout {
            timeout::measure(&mut team, kind, waiting)?;
        }
        if parts.detection {
            detection::measure(&mut team, kind, waiting)?;
        }
    }
    Ok(())
}

impl Plan {
    /// # Errors
    /// A transport would refuse it in the middle of the bench.
    fn check(&self) -> Result<(), Error> {
        let settings = &self.settings;
        let tokens = [
            (self.parts.rings, "token", settings.token_ms),
            (self.parts.detection, "detection token", settings.detection_token_ms),
        ];
        for kind in &self.kinds {
            let least = kind.least_token().as_secs_f64() * 1e3;
            if let Some((_, name, token)) =
                tokens.into_iter().find(|(is_used, _, token)| *is_used && *token < least)
            {
                return Err(Error::Unfit(format!(
                    "{kind} takes token timeouts of {least} ms and more: give a longer one than {token} ms for the {name}"
                )));
            }
        }
        Ok(())
    }

    /// Each transport in each way of waiting.
    fn transports(&self) -> impl Iterator<Item = (Kind, Waiting)> + '_ {
        self.kinds.iter().flat_map(|kind| self.waitings.iter().map(|waiting| (*kind, *waiting)))
    }
}

impl Nodes {
    /// Only the first of them.
    fn first(&self, wanted: usize) -> Self {
        match self {
            Self::Here { count, command, ip } => {
                Self::Here { count: wanted.min(*count), command: command.clone(), ip: *ip }
            }
            Self::Apart { count, command } => {
                Self::Apart { count: wanted.min(*count), command: command.clone() }
            }
            Self::There(addresses) => Self::There(addresses.iter().take(wanted).copied().collect()),
        }
    }
}

/// The steps of a bench, for its progress.
struct Steps<'a, 'b> {
    tell: &'a mut Progress<'b>,
    done: u32,
    of: u32,
}

impl<'a, 'b> Steps<'a, 'b> {
    fn new(plan: &Plan, tell: &'a mut Progress<'b>) -> Self {
        let transports = plan.transports().count();
        let (repeat, sizes) = (plan.settings.repeat, plan.settings.sizes.len());
        let per = |part: bool, steps: usize| if part { steps } else { 0 };
        let of = per(plan.parts.pairs, repeat * sizes * 2)
            + per(
                plan.parts.rings,
                repeat * (sizes * plan.offers.len() + usize::from(plan.cpgbench.is_some())),
            )
            + per(plan.parts.timeout, timeout::RUNS * 4)
            + per(plan.parts.detection, How::ALL.len() * repeat);
        Self { tell, done: 0, of: u32::try_from(of * transports).unwrap_or(u32::MAX).max(1) }
    }

    fn next(&mut self, doing: &str) {
        (self.tell)(doing, (f64::from(self.done) / f64::from(self.of)).min(1.0));
        self.done += 1;
    }
}
