//! What a capture held beside that which is looked for, told once for each kind.

use std::collections::BTreeMap;

use super::frames::Packet;
use super::ip::Other;

/// The packets of a capture, counted, and what was the matter with some of them.
#[derive(Default)]
pub(super) struct Passed {
    packets: u64,
    fragments: Vec<u64>,
    links: BTreeMap<u32, u64>,
    cut: Vec<(u64, usize)>,
    short: Vec<u64>,
}

impl Passed {
    /// A packet was taken.
    pub(super) fn count(&mut self) {
        self.packets += 1;
    }

    /// A packet was taken without its last bytes, which were not captured.
    pub(super) fn cut(&mut self, number: u64, missing: usize) {
        self.cut.push((number, missing));
    }

    /// A packet is left out.
    pub(super) fn leave(&mut self, packet: &Packet<'_>, other: Other) {
        self.packets += 1;
        match other {
            Other::Fragment => self.fragments.push(packet.number),
            Other::Link(link) => *self.links.entry(link).or_default() += 1,
            Other::Else if packet.data.len() < packet.length => self.short.push(packet.number),
            Other::Else => {}
        }
    }

    /// How many packets there were.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// What a person should know.
    pub(super) fn warnings(self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (number, missing) in self.cut {
            warnings.push(format!(
                "packet {number} was captured without its last {missing} bytes; the rest is kept"
            ));
        }
        if let Some(first) = self.fragments.first() {
            let count = self.fragments.len();
            warnings
                .push(format!("{count} fragments of IP packets are left out, the first is packet {first}"));
        }
        if let Some(first) = self.short.first() {
            let count = self.short.len();
            warnings.push(format!(
                "{count} packets were captured too short to tell what they are, the first is packet {first}"
            ));
        }
        for (link, count) in self.links {
            warnings.push(format!(
                "{count} packets with link-layer type {link} are left out: it is not supported"
            ));
        }
        warnings
    }
}
