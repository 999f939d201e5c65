//! `ib_send_lat` and `ib_send_bw` of perftest.

use anyhow::Result;

use super::{Figures, Machines, Subject, Tool};

/// perftest.
pub struct Perftest;

/// Longer than any measurement, in seconds.
const PATIENCE: u32 = 20;

impl Perftest {
    /// The last line of figures that a client says, by its columns; none where it hangs, as by events it may.
    fn run(machines: &dyn Machines, program: &str, count: u32, subject: Subject) -> Result<Vec<f64>> {
        let port = machines.port()?;
        let connection = subject.transport.to_uppercase();
        let events = if subject.waiting == "events" { " -e" } else { "" };
        // Buffers for all of them: datagrams that find none are lost, and the server waits for them for ever.
        let line = format!(
            "{program} -d rxe0 -F -p {port} -c {connection} -n {count} -r {} -s {}{events}",
            count.max(512),
            subject.bytes
        );
        let server: Vec<&str> = line.split(' ').collect();
        let _server = machines.serve(1, &server, Some(port))?;
        let there = machines.address(1);
        // A datagram that is lost leaves both waiting for it after they have said their figures.
        let client = format!("timeout {PATIENCE} {line} {there} || test $? -ge 124");
        let said = machines.run(0, &["sh", "-c", &client])?;
        Ok(columns(&said, subject.bytes).unwrap_or_else(|| {
            eprintln!("{line} has said no figures within {PATIENCE} s: this round does not count for it");
            Vec::new()
        }))
    }
}

/// The columns behind the number of bytes.
fn columns(said: &str, bytes: usize) -> Option<Vec<f64>> {
    let numbers =
        |line: &str| line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<Vec<f64>>>();
    let size = bytes.to_string();
    let mut lines = said.lines().filter(|line| line.split_whitespace().next() == Some(&size));
    lines.find_map(numbers)
}

impl Tool for Perftest {
    fn name(&self) -> &'static str {
        "perftest"
    }

    fn measure(&self, machines: &dyn Machines, subject: Subject) -> Result<Figures> {
        let messages = if subject.bytes > 4096 { 1000 } else { 3000 };
        // #bytes #iterations t_min t_max t_typical t_avg ...
        let latency = Self::run(machines, "ib_send_lat", machines.round_trips(subject), subject)?;
        // #bytes #iterations BW peak, BW average [MB/sec], MsgRate [Mpps]
        let rate = Self::run(machines, "ib_send_bw", messages, subject)?;
        Ok(Figures {
            median: latency.get(4).copied(),
            mean: latency.get(5).copied(),
            rate: rate.get(4).map(|millions| millions * 1e6),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_size_counts() {
        let said =
            "#bytes #iterations\n 64      1000          1.00  2.00  1.50   1.60  0.10 1.9 2.0\n 128 bytes\n";
        assert_eq!(columns(said, 64).unwrap()[4], 1.5);
        assert_eq!(columns(said, 128), None);
        assert_eq!(columns("", 64), None);
    }
}
