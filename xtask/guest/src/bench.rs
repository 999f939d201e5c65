//! `fencelab bench fabric` between guests, with a node in each.

use std::time::Duration;

use crate::error::GuestError;
use crate::lab::Lab;
use crate::process::{Process, Ran};

/// Where a guest serves its node.
const PORT: u16 = 7000;
/// The results, in the first guest.
const REPORT: &str = "/tmp/fabric.json";
const PAGE: &str = "/tmp/fabric.html";

/// A bench that runs. It ends with this value.
pub struct Bench<'a> {
    lab: &'a Lab,
    leader: Process,
    nodes: Vec<Process>,
}

/// What a bench has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The report for programs (JSON).
    pub report: Vec<u8>,
    /// The page (HTML).
    pub page: Vec<u8>,
    /// What it printed, and how it ended: not with success if something is missing in the report.
    pub ran: Ran,
    /// What the nodes said.
    pub nodes: String,
}

impl<'a> Bench<'a> {
    /// Starts it with these options, led by the first guest. `fencelab` must be in the guests: `Options::program`.
    ///
    /// # Errors
    /// A guest is gone, or its node does not come up.
    pub fn start(lab: &'a Lab, options: &[&str]) -> Result<Self, GuestError> {
        let mut line = vec!["fencelab".to_owned(), "bench".to_owned(), "fabric".to_owned()];
        let mut nodes = Vec::new();
        for node in lab.nodes() {
            let address = format!("{}:{PORT}", node.address());
            nodes.push(node.spawn(["fencelab", "bench", "node", "--listen", &address])?);
            node.wait_until_listening(PORT)?;
            line.extend(["--node".to_owned(), address]);
        }
        line.extend(["--json", REPORT, "--html", PAGE].map(str::to_owned));
        line.extend(options.iter().map(|option| (*option).to_owned()));
        Ok(Self { lab, leader: lab.node(1).spawn(line)?, nodes })
    }

    /// The process that leads: it tells its progress.
    #[must_use]
    pub fn leader(&self) -> &Process {
        &self.leader
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It is not done within `limit`, has no report, or a guest is gone.
    pub fn found(&self, limit: Duration) -> Result<Found, GuestError> {
        let ran = self.leader.wait(limit)?;
        let of_node = |(number, node): (usize, &Process)| {
            let said = node.output();
            said.lines().map(|line| format!("node{number}: {line}")).collect::<Vec<_>>()
        };
        let nodes = (1..).zip(&self.nodes).flat_map(of_node).collect::<Vec<_>>().join("\n");
        let first = self.lab.node(1);
        match (first.get(REPORT), first.get(PAGE)) {
            (Ok(report), Ok(page)) => Ok(Found { report, page, ran, nodes }),
            (Err(error), _) | (_, Err(error)) if ran.is_success() => Err(error),
            _ => {
                let command = "fencelab bench fabric".to_owned();
                Err(GuestError::CannotRun { node: 1, command, problem: format!("{}\n{nodes}", ran.text()) })
            }
        }
    }
}
