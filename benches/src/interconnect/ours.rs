//! `fencelab bench fabric`.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Figures, Machines, Serving, Subject, Tool};

/// The port of a node that serves, in a guest.
const PORT: u16 = 7000;
/// Messages up to so many bytes take no longer than short ones.
const SHORT: usize = 4096;

/// Our bench, with its nodes on these machines.
pub struct Ours<'a> {
    program: String,
    nodes: Vec<String>,
    _servers: Vec<Box<dyn Serving + 'a>>,
}

impl<'a> Ours<'a> {
    /// With both nodes on the machine that leads.
    #[must_use]
    pub fn here(program: &str) -> Self {
        Self { program: program.to_owned(), nodes: Vec::new(), _servers: Vec::new() }
    }

    /// With a node on each machine.
    ///
    /// # Errors
    /// One cannot be started.
    pub fn there(program: &str, machines: &'a dyn Machines) -> Result<Self> {
        let (mut nodes, mut servers) = (Vec::new(), Vec::new());
        for machine in 0..2 {
            let address = format!("{}:{PORT}", machines.address(machine));
            servers.push(machines.serve(
                machine,
                &[program, "bench", "node", "--listen", &address],
                Some(PORT),
            )?);
            nodes.push(address);
        }
        Ok(Self { program: program.to_owned(), nodes, _servers: servers })
    }
}

impl Tool for Ours<'_> {
    fn name(&self) -> &'static str {
        "fencelab"
    }

    fn measure(&self, machines: &dyn Machines, subject: Subject) -> Result<Figures> {
        let iterations = if subject.bytes > SHORT { 300 } else { 1500 };
        let nodes = self.nodes.iter().map(|node| format!(" --node {node}")).collect::<String>();
        let line = format!(
            "report=$(mktemp) && {} bench fabric{nodes} --transport {} --waiting {} --sizes {} --parts pairs \
             --repeat 1 --iterations {iterations} --warm-up 100 --seconds 1 --json $report >&2 && cat $report && rm $report",
            self.program, subject.transport, subject.waiting, subject.bytes
        );
        let said = machines.run(0, &["sh", "-c", &line])?;
        let report: Value = serde_json::from_str(&said).context("no report of `bench fabric`")?;
        let tested = &report["transports"][0];
        if let Some(why) = tested["unavailable"].as_str() {
            anyhow::bail!(
                "{}: {why} (is this program built with `--features fencelab/verbs`?)",
                subject.transport
            );
        }
        let run = |load: &str| {
            let cases = tested["cases"].as_array()?;
            Some(&cases.iter().find(|case| case["load"] == load)?["runs"][0])
        };
        let latency = run("ping-pong").map(|run| &run["quantiles"]["latency"]);
        Ok(Figures {
            median: latency.and_then(|latency| latency["p50"].as_f64()),
            mean: latency.and_then(|latency| latency["mean"].as_f64()),
            rate: run("stream").and_then(|run| run["figures"]["messages_per_s"].as_f64()),
        })
    }
}
