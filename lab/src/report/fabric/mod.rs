//! What `bench fabric` shows: a table for the terminal, and a page with charts.

mod chart;
mod page;
mod table;

use fencelab_fabric::bench::{Case, Comparison, Load, Report, Tested};
use fencelab_fabric::device::Device;

pub(crate) use page::render as page;
pub(crate) use table::render as terminal;

/// A transport and how it is waited for.
fn name(tested: &Tested) -> String {
    format!("{} {}", tested.kind, tested.waiting.name())
}

/// What was measured of hardware, and what is emulated, with why: never in one table.
fn groups(report: &Report) -> Vec<(Option<String>, Vec<&Tested>)> {
    let mut groups: Vec<(Option<String>, Vec<&Tested>)> = Vec::new();
    for tested in report.transports.iter().filter(|tested| tested.unavailable.is_none()) {
        let emulated = report.emulated(tested.kind);
        let same = groups.iter_mut().find(|(why, _)| why.is_some() == emulated.is_some());
        match same {
            Some((_, group)) => group.push(tested),
            None => groups.push((emulated, vec![tested])),
        }
    }
    groups.sort_by_key(|(why, _)| why.is_some());
    groups
}

/// What a case is.
fn load(case: &Case) -> String {
    let bytes = match case.bytes {
        0 => String::new(),
        bytes => format!(" {}", size(bytes)),
    };
    match (case.load, &case.offer) {
        (Load::PingPong, _) => format!("ping-pong{bytes}"),
        (Load::Stream, _) => format!("stream{bytes}"),
        (Load::Ring, Some(offer)) => format!("ring{bytes}, {offer}"),
        (Load::Ring, None) => format!("ring{bytes}"),
        (Load::Cpgbench, _) => format!("cpgbench{bytes}"),
    }
}

/// Bytes as people say them.
fn size(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        bytes if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} B"),
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    let whole = value.abs();
    match whole {
        _ if whole == 0.0 => String::from("0"),
        _ if whole >= 100.0 => super::page::thousands_of(value),
        _ if whole >= 10.0 => format!("{value:.1}"),
        _ if whole >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The circumstances, a line each.
fn environment(report: &Report) -> Vec<String> {
    let settings = &report.settings;
    let mut lines = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (node, machine) in report.environments.iter().enumerate() {
        let interface = machine.interface.as_ref().map_or_else(String::new, |interface| {
            let driver =
                interface.driver.as_deref().map_or(String::new(), |driver| format!(", driver {driver}"));
            let mode = interface.mode.as_deref().map_or(String::new(), |mode| format!(", {mode} mode"));
            format!("; {}: {}{driver}{mode}, MTU {}", interface.name, layer(interface.kind), interface.mtu)
        });
        let governor = machine.governor.as_deref().unwrap_or("not told");
        let pinned = machine.pinned.as_deref().map_or(String::new(), |cpus| format!(", pinned to {cpus}"));
        let is_virtual = if machine.is_virtual { ", a virtual machine" } else { "" };
        let line = format!(
            "{}: Linux {}, {} x {}{is_virtual}, governor {governor}{pinned}{interface}",
            machine.host, machine.kernel, machine.processors, machine.processor
        );
        // Nodes of one machine have one line.
        if seen.insert(line.clone()) {
            lines.push(format!("node {node} on {line}"));
            lines.extend(machine.devices.iter().map(device));
        }
    }
    lines.push(format!(
        "{} nodes; {} runs, medians shown; ping-pong of {} round trips after {} that do not count; streams and rings of {} s; \
         token timeout {} ms; packets of {} bytes at most; clocks agree to {:.0} us",
        settings.nodes,
        settings.repeat,
        settings.iterations,
        settings.warm_up,
        settings.seconds,
        settings.token_ms,
        settings.packet,
        report.clock_error_us
    ));
    for tested in &report.transports {
        if let (Some(limits), Some(promises)) = (&tested.limits, &tested.guarantees) {
            let yes = |is: bool, words: &'static str| if is { words } else { "" };
            lines.push(format!(
                "{} ({}): messages of {} bytes at most, inline {}{}{}{}",
                name(tested),
                tested.kind.description(),
                limits.message,
                limits.inline,
                yes(promises.reliable, ", reliable"),
                yes(promises.ordered, ", in order"),
                yes(promises.multicast, ", multicast")
            ));
        }
    }
    lines
}

/// An RDMA device.
fn device(device: &Device) -> String {
    let driver = match (&device.driver, device.is_emulated) {
        (_, true) => "software",
        (Some(driver), false) => driver.as_str(),
        (None, false) => "no driver told",
    };
    let ports = device.ports.iter().map(|port| {
        let mtu = port.mtu.map_or(String::new(), |mtu| format!(", MTU {mtu}"));
        format!("port {}: {:?}, {}, {}{mtu}", port.number, port.link_layer, port.state, port.rate)
    });
    format!("RDMA device {} ({driver}); {}", device.name, ports.collect::<Vec<_>>().join("; "))
}

/// ARP hardware types (linux/if_arp.h).
fn layer(kind: u32) -> String {
    match kind {
        1 => String::from("Ethernet"),
        32 => String::from("InfiniBand (IPoIB)"),
        772 => String::from("loopback"),
        65_534 => String::from("a tunnel"),
        other => format!("link type {other}"),
    }
}

/// What was compared.
fn compared_load(one: &Comparison) -> String {
    load(&Case { load: one.load, bytes: one.bytes, offer: one.offer.clone(), runs: Vec::new() })
}

/// Whether it is surely better or worse, if it matters.
fn direction(one: &Comparison) -> Option<(bool, &'static str)> {
    let less_is_better = one.figure.less_is_better.filter(|_| one.ratio.is_sure())?;
    let is_better = (one.ratio.ratio < 1.0) == less_is_better;
    Some((is_better, if is_better { "better" } else { "worse" }))
}
