//! How a node of the ring stands: what one wants to know of a ring that was not made.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ring::{Doing, Tally};
use crate::transport::{Counters, NodeId};

/// How a node stood when it was stopped.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Standing {
    /// What it was at.
    pub doing: Doing,
    /// The ring that it was in, or the last.
    pub members: BTreeSet<NodeId>,
    /// Packets that it heard of each node, and how long ago the last of them, in seconds.
    pub heard: Vec<(u64, f64)>,
    /// Packets that it sent.
    pub sent: u64,
    /// The longest time between two looks at its clock, in seconds: so long it did nothing.
    pub longest_pause: f64,
    /// What its ring did.
    pub tally: Tally,
    /// What its transport lost.
    pub counters: Counters,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doing, members, heard, sent, longest_pause, tally, counters } = self;
        let words = match doing {
            Doing::Gather => "looked for others, last in a ring of",
            Doing::Commit => "awaited a ring, last in one of",
            Doing::Recover => "was entering a ring, last in one of",
            Doing::Operate => "was in a ring of",
        };
        write!(f, "{words} {members:?}; it sent {sent} packets and heard ")?;
        let mut lead = "";
        for (node, (count, ago)) in heard.iter().enumerate().filter(|(_, (count, _))| *count > 0) {
            let ago = Duration::try_from_secs_f64(*ago).unwrap_or_default();
            write!(f, "{lead}{count} of node {node}, the last {ago:.1?} ago")?;
            lead = ", ";
        }
        if lead.is_empty() {
            write!(f, "nothing")?;
        }
        let pause = Duration::try_from_secs_f64(*longest_pause).unwrap_or_default();
        write!(f, "; it lost the token {} times, stood still for {pause:.1?} at most", tally.token_losses)?;
        let Counters { dropped, refused, rnr, retransmits, reconnects } = counters;
        for (count, words) in [
            (dropped, "dropped"),
            (refused, "refused by the device"),
            (rnr, "without a buffer (RNR)"),
            (retransmits, "retransmitted"),
            (reconnects, "reconnected"),
        ] {
            if *count > 0 {
                write!(f, ", {count} {words}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_tells_whom_it_heard_and_what_it_lost() {
        let mut standing = Standing {
            doing: Doing::Gather,
            members: BTreeSet::from([0, 2]),
            heard: vec![(7, 29.25), (0, 31.0), (3, 0.012)],
            sent: 41,
            longest_pause: 0.051,
            tally: Tally { token_losses: 2, ..Tally::default() },
            counters: Counters { refused: 9, ..Counters::default() },
        };
        assert_eq!(
            standing.to_string(),
            "looked for others, last in a ring of {0, 2}; it sent 41 packets and heard 7 of node 0, the last 29.2s ago, \
             3 of node 2, the last 12.0ms ago; it lost the token 2 times, stood still for 51.0ms at most, 9 refused by the device"
        );
        standing.heard = vec![(0, 1.0)];
        assert!(standing.to_string().contains("heard nothing; it"), "{standing}");
    }
}
