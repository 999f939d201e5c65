//! Property cases a second in virtual time, on one core.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fencelab_benches::table::Table;
use fencelab_devices::corpus;
use fencelab_suites::{AgentChoice, Plan, Suite, run_plan};

/// Our agents against the devices of the corpus, under drawn faults, by one thread.
#[derive(Parser)]
struct Options {
    /// Seconds to draw cases for.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Seed of everything drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let devices =
        corpus::load_all(&root)?.into_iter().map(|(_, spec)| spec).collect::<Result<Vec<_>, _>>()?;
    ensure!(!devices.is_empty(), "no device in {}", root.display());
    let count = devices.len();
    let mut plan = Plan::new(devices);
    plan.agents = vec![AgentChoice::Builtin];
    plan.suites = vec![Suite::Properties];
    plan.seed = options.seed;
    plan.budget = Duration::from_secs_f64(options.seconds);
    // The suite's own lane is one thread; the time it was really given is what this process used of a core.
    let (wall, cpu) = (Instant::now(), cpu_time()?);
    let report = run_plan(&plan, &mut |_| {});
    let (wall, cpu) = (wall.elapsed(), cpu_time()? - cpu);
    let cases: u64 = report.cells.iter().map(|cell| cell.cases).sum();
    let findings: usize = report.cells.iter().map(|cell| cell.findings.len()).sum();
    for finding in report.cells.iter().flat_map(|cell| &cell.findings) {
        eprintln!("{} on {}: {}: {}", finding.agent, finding.device, finding.check, finding.replay);
    }
    let rate = cases as f64 / wall.as_secs_f64();
    let mut table = Table::new("cases", ["what", "result", "target"]);
    let target = table.target("≥ 2000", rate >= 2000.0);
    table.row(["cases a second".into(), format!("{rate:.0}"), target]);
    table.row([
        "cases".into(),
        format!("{cases} in {:.1} s of {:.1} s of one core", wall.as_secs_f64(), cpu.as_secs_f64()),
        String::new(),
    ]);
    table.row([
        "devices, pairs of agent and device".into(),
        format!("{count}, {}", pairs(&report)),
        String::new(),
    ]);
    table.row(["findings among our agents".into(), findings.to_string(), String::new()]);
    table.finish(options.write)
}

fn pairs(report: &fencelab_suites::Report) -> usize {
    report
        .cells
        .iter()
        .map(|cell| (&cell.agent, &cell.device))
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

/// How much of a core this process has used.
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("failed to read /proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/self/stat")?;
    // Fields 14 and 15, in hundredths of a second (proc(5); USER_HZ is 100 on Linux).
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
