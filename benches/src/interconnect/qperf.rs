//! qperf: TCP, UDP and RC.

use anyhow::{Context, Result};

use super::{Figures, Machines, Subject, Tool};

/// qperf.
pub struct Qperf;

impl Tool for Qperf {
    fn name(&self) -> &'static str {
        "qperf"
    }

    fn measure(&self, machines: &dyn Machines, subject: Subject) -> Result<Figures> {
        let port = machines.port()?;
        let listen = port.to_string();
        let _server = machines.serve(1, &["qperf", "-lp", &listen], Some(port))?;
        let (there, size) = (machines.address(1), subject.bytes.to_string());
        let polled = if subject.waiting == "polled" { "1" } else { "0" };
        let (latency, rate) = (format!("{}_lat", subject.transport), format!("{}_bw", subject.transport));
        let mut client = vec!["qperf", "-lp", &listen, "-e", "6", "-t", "1", "-m", &size];
        if subject.transport == "rc" {
            // Over RoCE it needs the connection manager.
            client.extend(["-cm", "1", "-cp", polled]);
        }
        client.extend([&*there, &*latency, &*rate]);
        let said = machines.run(0, &client)?;
        let value = |name: &str| value(&said, name).with_context(|| format!("qperf says no {name}: {said}"));
        let bytes_per_second = value(if subject.transport == "udp" { "recv_bw" } else { "bw" })?;
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        let rate = bytes_per_second / subject.bytes as f64;
        Ok(Figures { median: None, mean: Some(value("latency")? * 1e6), rate: Some(rate) })
    }
}

/// A figure in seconds, or in bytes a second.
fn value(said: &str, name: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.split('=').next().is_some_and(|own| own.trim() == name))?;
    let mut words = line.split('=').nth(1)?.split_whitespace();
    let number: f64 = words.next()?.replace(',', "").parse().ok()?;
    let unit = match words.next()? {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "sec" | "bytes/sec" => 1.0,
        "KB/sec" => 1e3,
        "MB/sec" => 1e6,
        "GB/sec" => 1e9,
        _ => return None,
    };
    Some(number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units() {
        let said = "tcp_lat:\n    latency  =  14.5 us\nudp_bw:\n    send_bw  =  9.5 MB/sec\n    recv_bw  =  5.25 KB/sec\n";
        assert_eq!(value(said, "latency"), Some(14.5e-6));
        assert_eq!(value(said, "recv_bw"), Some(5250.0));
        assert_eq!(value(said, "bw"), None);
    }
}
