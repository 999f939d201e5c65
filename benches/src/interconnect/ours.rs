//! `fencelab bench fabric`.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Figures, Machines, Serving, Subject, Tool};

/// Our bench, with its nodes on these machines.
pub struct Ours<'a> {
    program: String,
    nodes: Vec<String>,
    _servers: Vec<Box<dyn Serving + 'a>>,
}

impl<'a> Ours<'a> {
    /// With a node on each machine.
    ///
    /// # Errors
    /// One cannot be started.
    pub fn with_nodes(program: &str, machines: &'a dyn Machines) -> Result<Self> {
        let (mut nodes, mut servers) = (Vec::new(), Vec::new());
        for machine in 0..2 {
            let port = machines.port()?;
            let address = format!("{}:{port}", machines.address(machine));
            servers.push(machines.serve(
                machine,
                &[program, "bench", "node", "--listen", &address],
                Some(port),
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
        let nodes = self.nodes.iter().map(|node| format!(" --node {node}")).collect::<String>();
        let line = format!(
            "report=$(mktemp) && {} bench fabric{nodes} --transport {} --waiting {} --sizes {} --parts pairs \
             --repeat 1 --iterations {} --warm-up 100 --seconds 1 --json $report >&2 && cat $report && rm $report",
            self.program,
            subject.transport,
            subject.waiting,
            subject.bytes,
            machines.round_trips(subject)
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
