//! The figures by their names: what is measured is data, so that tables, comparisons and pages need not know each.

/// What a figure means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Figure {
    /// As in the JSON.
    pub name: &'static str,
    /// As a person reads it.
    pub label: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Whether less is better. `None`: neither is.
    pub less_is_better: Option<bool>,
}

const fn less(name: &'static str, label: &'static str, unit: &'static str) -> Figure {
    Figure { name, label, unit, less_is_better: Some(true) }
}

const fn more(name: &'static str, label: &'static str, unit: &'static str) -> Figure {
    Figure { name, label, unit, less_is_better: Some(false) }
}

const fn either(name: &'static str, label: &'static str, unit: &'static str) -> Figure {
    Figure { name, label, unit, less_is_better: None }
}

/// All of them, in the order in which they are shown.
pub const FIGURES: &[Figure] = &[
    less("latency_p50_us", "latency p50, one way", "us"),
    less("latency_p99_us", "latency p99, one way", "us"),
    less("latency_p999_us", "latency p99.9, one way", "us"),
    less("latency_max_us", "latency max, one way", "us"),
    less("rotation_mean_us", "token rotation mean", "us"),
    less("rotation_p50_us", "token rotation p50", "us"),
    less("rotation_p99_us", "token rotation p99", "us"),
    less("rotation_p999_us", "token rotation p99.9", "us"),
    less("rotation_max_us", "token rotation max", "us"),
    less("holding_p50_us", "token holding p50", "us"),
    either("wire_share", "the wire's share of a rotation", ""),
    less("delivery_p50_us", "ordered delivery p50", "us"),
    less("delivery_p99_us", "ordered delivery p99", "us"),
    less("delivery_p999_us", "ordered delivery p99.9", "us"),
    less("delivery_max_us", "ordered delivery max", "us"),
    less("rtt_min_us", "back at its sender min", "us"),
    less("rtt_avg_us", "back at its sender mean", "us"),
    less("rtt_max_us", "back at its sender max", "us"),
    less("stable_p50_us", "all have it p50", "us"),
    less("stable_p99_us", "all have it p99", "us"),
    either("received", "messages received", ""),
    either("bytes_per_write", "bytes per write", ""),
    either("runtime_s", "runtime", "s"),
    more("messages_per_s", "messages", "1/s"),
    more("megabytes_per_s", "payload", "MB/s"),
    more("sent_per_s", "messages sent", "1/s"),
    less("cpu_us", "processor time a message", "us"),
    less("asks_cpu_us", "processor time a message, sender", "us"),
    less("answers_cpu_us", "processor time a message, receiver", "us"),
    less("s_per_gb", "processor time, seconds a GB", "s/GB"),
    less("asks_s_per_gb", "seconds a GB, sender", "s/GB"),
    less("answers_s_per_gb", "seconds a GB, receiver", "s/GB"),
    less("switches", "context switches a message", ""),
    less("lost", "messages lost", ""),
    less("behind", "messages not sent in time", ""),
    less("dropped", "dropped for want of room", ""),
    less("refused", "not taken by a node", ""),
    less("retransmits", "sent again by the ring", ""),
    less("sequence_errors", "out of sequence", ""),
    less("length_errors", "of wrong length", ""),
    less("crc_errors", "of wrong CRC", ""),
    less("token_losses", "tokens lost", ""),
    less("token_retransmits", "tokens sent again", ""),
    less("transport_retransmits", "sent again by the transport", ""),
    less("rnr", "receiver not ready", ""),
    less("reconnects", "reconnects", ""),
    less("changes", "changes of membership", ""),
];

/// What a figure of this name means.
#[must_use]
pub fn figure(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}
