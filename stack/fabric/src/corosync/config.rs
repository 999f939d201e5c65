//! corosync.conf(5).

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::transport::Error;

use super::{milliseconds, nodeid};

/// What totem's packets go by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wire {
    /// Kronosnet.
    Knet,
    /// UDP, a datagram to each node.
    Udpu,
}

/// A configuration, the same on all nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config<'a> {
    pub(super) wire: Wire,
    /// The token timeout.
    pub(super) token: Duration,
    /// The nodes' addresses.
    pub(super) addresses: &'a [IpAddr],
}

impl Config<'_> {
    /// # Errors
    /// corosync would not take it: what, and what it takes.
    pub(super) fn check(&self) -> Result<(), Error> {
        let least = crate::transport::Kind::CorosyncKnet.least_token();
        if self.token < least {
            return Err(Error::Unfit(format!(
                "corosync takes token timeouts of {} ms and more, and not {:.1} ms: see --token and --detection-token",
                least.as_millis(),
                self.token.as_secs_f64() * 1e3
            )));
        }
        if self.addresses.len() < 2 {
            return Err(Error::Unfit("a ring of corosync has two nodes or more".to_owned()));
        }
        Ok(())
    }
}

impl fmt::Display for Config<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "totem {{\n    version: 2\n    cluster_name: fencelab")?;
        match self.wire {
            // Our own ring encrypts nothing either.
            Wire::Knet => writeln!(f, "    transport: knet\n    crypto_cipher: none\n    crypto_hash: none")?,
            Wire::Udpu => writeln!(f, "    transport: udpu")?,
        }
        // With a coefficient it would be longer with each node.
        writeln!(f, "    token: {}\n    token_coefficient: 0\n}}", milliseconds(self.token))?;
        writeln!(f, "quorum {{\n    provider: corosync_votequorum\n}}")?;
        // As our own nodes run. In a user namespace buffers cannot be as large as knet asks for.
        writeln!(f, "system {{\n    sched_rr: no\n    allow_knet_handle_fallback: yes\n}}")?;
        writeln!(f, "logging {{\n    to_stderr: yes\n    to_syslog: no\n    to_logfile: no\n}}")?;
        writeln!(f, "nodelist {{")?;
        for (node, address) in self.addresses.iter().enumerate() {
            writeln!(
                f,
                "    node {{\n        ring0_addr: {address}\n        nodeid: {}\n    }}",
                nodeid(node)
            )?;
        }
        writeln!(f, "}}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Config, Wire};
    use crate::Namespaces;
    use std::time::Duration;

    /// `section.key` of each line, and its value.
    fn read(text: &str) -> Vec<(String, String)> {
        let mut sections: Vec<&str> = Vec::new();
        let mut all = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(section) = line.strip_suffix(" {") {
                sections.push(section);
            } else if line == "}" {
                sections.pop().unwrap();
            } else {
                let (key, value) = line.split_once(": ").unwrap();
                all.push((format!("{}.{key}", sections.join(".")), value.to_owned()));
            }
        }
        assert!(sections.is_empty(), "{text}");
        all
    }

    proptest! {
        #[test]
        fn every_node_and_the_token_stand_in_it(nodes in 2_usize..=64, token in 127_u64..600_000, is_knet: bool) {
            let addresses: Vec<_> = (0..nodes).map(Namespaces::address).collect();
            let wire = if is_knet { Wire::Knet } else { Wire::Udpu };
            let config = Config { wire, token: Duration::from_millis(token), addresses: &addresses };
            config.check().unwrap();
            let lines = read(&config.to_string());
            let of = |key: &str| -> Vec<String> {
                lines.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone()).collect()
            };
            prop_assert_eq!(of("totem.token"), [token.to_string()]);
            prop_assert_eq!(of("totem.token_coefficient"), ["0"]);
            prop_assert_eq!(of("totem.transport"), [if is_knet { "knet" } else { "udpu" }]);
            let told: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            prop_assert_eq!(of("nodelist.node.ring0_addr"), told);
            let numbers: Vec<String> = (1..=nodes).map(|number| number.to_string()).collect();
            prop_assert_eq!(of("nodelist.node.nodeid"), numbers);
        }
    }

    #[test]
    fn what_corosync_would_not_take_is_refused() {
        let addresses = [Namespaces::address(0), Namespaces::address(1)];
        let of = |milliseconds, addresses| Config {
            wire: Wire::Udpu,
            token: Duration::from_millis(milliseconds),
            addresses,
        };
        assert!(of(127, &addresses).check().is_ok());
        let error = of(126, &addresses).check().unwrap_err().to_string();
        assert!(error.contains("127 ms and more") && error.contains("--detection-token"), "{error}");
        assert!(of(1000, &addresses[..1]).check().is_err());
    }
}
