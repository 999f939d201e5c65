//! `fence_ipmilan` status as a whole process: ours against ClusterLabs', both at the same emulated BMC.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use fencelab_benches::table::Table;
use fencelab_benches::{PASSWORD, USER, median, peer};

/// The time of `fence_ipmilan` status from start to exit, options on stdin as Pacemaker gives them.
#[derive(Parser)]
struct Options {
    /// How often each is run, in turn; the middle counts.
    #[arg(long, default_value_t = 41)]
    rounds: usize,
    /// The other agent.
    #[arg(long, default_value = "/usr/sbin/fence_ipmilan")]
    other: PathBuf,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let bmc = peer::emulate(1)?;
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    // A link by this name is this agent; so it is installed, too.
    let ours = folder.path().join("fence_ipmilan");
    symlink(peer::program("fence-agents")?, &ours).context("failed to link the agent")?;
    let input = |suite: u8| {
        let (ip, port) = (bmc.address().ip(), bmc.address().port());
        format!(
            "action=status\nip={ip}\nipport={port}\nlanplus=1\ncipher={suite}\nusername={USER}\npassword={PASSWORD}\n"
        )
    };
    let mut table = Table::new("agent", ["suite", "ClusterLabs'", "ours", "ratio", "target"]);
    for suite in [3, 17] {
        let (mut theirs, mut own) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            theirs.push(status(&options.other, &input(suite))?.as_secs_f64());
            own.push(status(&ours, &input(suite))?.as_secs_f64());
        }
        let (theirs, own) = (median(theirs) * 1e3, median(own) * 1e3);
        let target = table.target("≥ 10 × faster", theirs >= 10.0 * own);
        let cells =
            [format!("{theirs:.1} ms"), format!("{own:.2} ms"), format!("{:.0} ×", theirs / own), target];
        let [theirs, own, ratio, target] = cells;
        table.row([suite.to_string(), theirs, own, ratio, target]);
    }
    table.finish(options.write)
}

/// One run; the plug is on, so that it must exit with 0.
fn status(agent: &Path, input: &str) -> Result<Duration> {
    let start = Instant::now();
    let mut child = Command::new(agent)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {}", agent.display()))?;
    let mut stdin = child.stdin.take().context("the agent has no stdin")?;
    stdin.write_all(input.as_bytes()).context("failed to tell the agent its options")?;
    drop(stdin);
    let output = child.wait_with_output().context("failed to wait for the agent")?;
    let time = start.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(0), "{} gave {}: {said}", agent.display(), output.status);
    Ok(time)
}
