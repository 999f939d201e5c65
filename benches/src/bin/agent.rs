//! The status of one plug by whole processes: our fence agents against ClusterLabs', both at the same emulated device.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use fencelab_benches::agent::{Ours, console_options, options, snmp_options, status};
use fencelab_benches::table::Table;
use fencelab_benches::{median, peer};

/// The time of a fence agent's status from start to exit, options on stdin as Pacemaker gives them.
#[derive(Parser)]
struct Options {
    /// How often each is run, in turn; the middle counts.
    #[arg(long, default_value_t = 21)]
    rounds: usize,
    /// Where the other agents are.
    #[arg(long, default_value = "/usr/sbin")]
    others: PathBuf,
    /// Put the table into benches/README.md.
    #[arg(long)]
    write: bool,
}

/// Each SNMP agent with the devices of the corpus that it is measured at, the versions that are tried, and a plug.
const SNMP: &[(&str, &str, &[&str], &str)] = &[
    ("fence_apc_snmp", "apc/rpdu", &["1", "3"], "8"),
    ("fence_tripplite_snmp", "tripplite/poweralert", &["1"], "8"),
    ("fence_eaton_snmp", "eaton/managed-epdu", &["1"], "8"),
    ("fence_emerson", "emerson/mph2", &["1"], "1.1.3"),
    ("fence_ipdu", "ibm/ipdu", &["3"], "8"),
    ("fence_lindypdu", "lindy/ipower-classic-8", &["1"], "8"),
    ("fence_ibmblade", "ibm/bladecenter", &["1"], "8"),
    ("fence_intelmodular", "intel/modular-server", &["3"], "3"),
    ("fence_ifmib", "generic/if-mib", &["2c"], "GigabitEthernet0/8"),
    ("fence_cisco_mds", "cisco/mds", &["2c"], "fc1/8"),
];

/// Each console agent with the device of the corpus that it is measured at, how many ways in that has, by which of them, and a
/// plug.
const CONSOLES: &[(&str, &str, usize, &[&str], &str)] = &[
    ("fence_apc", "apc/rpdu-cli", 2, &["telnet", "ssh"], "8"),
    ("fence_apc", "apc/masterswitch-menu-2", 2, &["telnet"], "8"),
    ("fence_wti", "wti/mpc-20", 2, &["telnet"], "8"),
    ("fence_bladecenter", "ibm/bladecenter-mm", 2, &["telnet"], "8"),
    ("fence_drac5", "dell/drac5", 2, &["telnet", "ssh"], ""),
    ("fence_hpblade", "hpe/c7000-oa", 2, &["ssh"], "8"),
];

fn main() -> Result<()> {
    let arguments = Options::parse();
    let mut table = Table::new("agent", ["agent", "link", "ClusterLabs'", "ours", "ratio", "target"]);
    let bmc = peer::emulate(1)?;
    for suite in [3, 17] {
        let input = options(bmc.address(), suite);
        row(&arguments, &mut table, ("fence_ipmilan", &format!("lanplus, suite {suite}"), &input), 10.0)?;
    }
    for (agent, device, versions, plug) in SNMP {
        let device = peer::emulate_corpus(device, 1)?;
        for version in *versions {
            let input = snmp_options(device.address(), version, plug);
            row(&arguments, &mut table, (agent, &format!("SNMP {version}"), &input), 20.0)?;
        }
    }
    for (agent, device, ways, links, plug) in CONSOLES {
        let device = peer::emulate_corpus(device, *ways)?;
        for link in *links {
            let address =
                peer::faces(&device, link).first().copied().context("the device has no such face")?;
            let input = console_options(address, link, plug);
            row(&arguments, &mut table, (agent, link, &input), 20.0)?;
        }
    }
    table.finish(arguments.write)
}

fn row(
    arguments: &Options,
    table: &mut Table,
    (agent, link, input): (&str, &str, &str),
    least: f64,
) -> Result<()> {
    let (ours, other) = (Ours::install(agent)?, arguments.others.join(agent));
    let (mut theirs, mut own) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        theirs.push(status(&other, input)?.as_secs_f64());
        own.push(status(ours.path(), input)?.as_secs_f64());
    }
    let (theirs, own) = (median(theirs) * 1e3, median(own) * 1e3);
    let target = table.target(&format!("≥ {least} × faster"), theirs >= least * own);
    table.row([
        agent.into(),
        link.into(),
        format!("{theirs:.1} ms"),
        format!("{own:.2} ms"),
        format!("{:.0} ×", theirs / own),
        target,
    ]);
    Ok(())
}
