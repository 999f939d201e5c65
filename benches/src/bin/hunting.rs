//! Cases a minute of real agents: as the hunt plays them (many side by side, scripts warm) against one after the other and cold, in
//! turn in one run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fencelab_benches::table::Table;
use fencelab_devices::DeviceSpec;
use fencelab_suites::{Action, AgentChoice, Plan, Property, Suite, agent, run_plan};

/// ClusterLabs' agents on emulated devices.
#[derive(Parser)]
struct Options {
    /// Seconds for each of the four hunts of an agent.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

/// What an agent mostly does.
struct Kind {
    what: &'static str,
    agent: &'static str,
    device: &'static str,
    action: Action,
    options: &'static [(&'static str, &'static str)],
    target: f64,
}

const KINDS: [Kind; 3] = [
    Kind {
        what: "status, a device that is silent at times",
        agent: "fence_apc_snmp",
        device: "apc/rpdu",
        action: Action::Status,
        options: &[],
        target: 4.0,
    },
    Kind {
        what: "status, a device that is silent at times",
        agent: "fence_ipmilan",
        device: "generic/ipmi-2.0",
        action: Action::Status,
        options: &[],
        target: 4.0,
    },
    Kind {
        what: "sleep: off, --delay=10",
        agent: "fence_apc_snmp",
        device: "apc/rpdu",
        action: Action::Off,
        options: &[("delay", "10")],
        target: 20.0,
    },
];

/// What a hunt took.
struct Took {
    per_minute: f64,
    /// How busy the machine's processors were, 0 to 1.
    busy: f64,
    /// Memory that the whole machine used more than before, at most.
    megabytes: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let budget = Duration::from_secs_f64(options.seconds);
    let columns = [
        "agent",
        "mostly",
        "one by one, cold",
        "side by side",
        "ratio",
        "processors busy",
        "memory",
        "target",
    ];
    let mut table = Table::new("hunting", columns);
    for kind in &KINDS {
        ensure!(
            agent::find(kind.agent).is_some(),
            "{} is not here: apt-get install fence-agents",
            kind.agent
        );
        let alone = hunt(kind, budget, Some(1))?;
        let many = hunt(kind, budget, None)?;
        let ratio = many.per_minute / alone.per_minute.max(0.001);
        // Where an agent sleeps, its own sleep bounds how busy it can keep anybody.
        let holds = ratio >= kind.target && (many.busy >= 0.9 || !kind.options.is_empty());
        let target = table.target(&format!("≥ {} ×", kind.target), holds);
        table.row([
            kind.agent.to_owned(),
            kind.what.to_owned(),
            format!("{:.0} cases/min", alone.per_minute),
            format!("{:.0} cases/min", many.per_minute),
            format!("{ratio:.1} ×"),
            format!("{:.0} % ({:.0} % one by one)", many.busy * 100.0, alone.busy * 100.0),
            format!("{} MB", many.megabytes),
            target,
        ]);
    }
    table.finish(options.write)
}

/// One hunt: the property `bounded` looks into little, so that what is counted are cases. `jobs`: so many at once, and cold.
fn hunt(kind: &Kind, budget: Duration, jobs: Option<usize>) -> Result<Took> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus").join(kind.device);
    let mut plan = Plan::new(vec![DeviceSpec::load(&folder)?]);
    plan.agents = vec![AgentChoice::Named(kind.agent.to_owned())];
    plan.suites = vec![Suite::Properties];
    plan.property = Some(Property::Bounded);
    plan.action = Some(kind.action);
    plan.options = kind.options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    plan.budget = budget;
    if let Some(jobs) = jobs {
        (plan.concurrency, plan.warm) = (jobs, false);
    }
    let (done, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let before = used_memory()?;
    let sampler = {
        let (done, most) = (Arc::clone(&done), Arc::clone(&most));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let now = used_memory().unwrap_or(before);
                most.fetch_max(now.saturating_sub(before), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(100));
            }
        })
    };
    let (begun, idle) = (Instant::now(), ticks()?);
    let report = run_plan(&plan, &mut |_| {});
    let (took, now) = (begun.elapsed(), ticks()?);
    done.store(true, Ordering::Relaxed);
    sampler.join().ok();
    ensure!(report.troubles.is_empty(), "{:?}", report.troubles);
    let all = (now.1 - idle.1).max(1) as f64;
    Ok(Took {
        per_minute: report.cases() as f64 * 60.0 / took.as_secs_f64(),
        busy: 1.0 - (now.0 - idle.0) as f64 / all,
        megabytes: most.load(Ordering::Relaxed) / 1024,
    })
}

/// Idle and all ticks of the machine's processors (proc(5), /proc/stat).
fn ticks() -> Result<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").context("failed to read /proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let numbers: Vec<u64> = line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    // Idle, and waiting for a disk.
    let idle = numbers.iter().skip(3).take(2).sum();
    Ok((idle, numbers.iter().take(8).sum()))
}

/// Kilobytes of the machine that are in use (proc(5), /proc/meminfo).
fn used_memory() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").context("failed to read /proc/meminfo")?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let (all, free) = (field("MemTotal:"), field("MemAvailable:"));
    let (all, free) = all.zip(free).context("/proc/meminfo has no MemAvailable")?;
    Ok(all.saturating_sub(free))
}
