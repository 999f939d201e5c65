//! sockperf's ping-pong: TCP and UDP.

use anyhow::{Context, Result};

use super::{Figures, Machines, Subject, Tool};

/// sockperf.
pub struct Sockperf;

impl Tool for Sockperf {
    fn name(&self) -> &'static str {
        "sockperf"
    }

    fn measure(&self, machines: &dyn Machines, subject: Subject) -> Result<Figures> {
        let port = machines.port()?;
        let (there, size) = (machines.address(1), subject.bytes.to_string());
        let is_tcp = subject.transport == "tcp";
        let port_text = port.to_string();
        let mut common = vec!["-i", &there, "-p", &port_text];
        common.extend(is_tcp.then_some("--tcp"));
        let server: Vec<&str> = ["sockperf", "server"].into_iter().chain(common.iter().copied()).collect();
        let _server = machines.serve(1, &server, is_tcp.then_some(port))?;
        let client = ["sockperf", "ping-pong"].into_iter().chain(common).chain(["-m", &size, "-t", "1"]);
        let said = machines.run(0, &client.collect::<Vec<_>>())?;
        let after = |words: &str| {
            let value = said.split(words).nth(1)?.split_whitespace().next()?;
            value.trim_end_matches(|last: char| !last.is_ascii_digit()).parse().ok()
        };
        let value = |words: &str| after(words).with_context(|| format!("sockperf says no `{words}`: {said}"));
        Ok(Figures {
            median: Some(value("percentile 50.000 =")?),
            mean: Some(value("Summary: Latency is")?),
            rate: None,
        })
    }
}
