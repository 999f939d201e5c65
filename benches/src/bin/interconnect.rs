//! Ping-pong and streams over verbs, TCP and UDP: ours against perftest, qperf and sockperf, between two guests with soft-RoCE
//! and on loopback.

use anyhow::Result;
use clap::Parser;
use fencelab_benches::interconnect::{
    Figures, Guests, Loopback, Machines, Ours, Perftest, Qperf, Sockperf, Subject, Tool,
};
use fencelab_benches::table::Table;
use fencelab_benches::{median, peer};
use fencelab_guest::Kernel;

/// Latency and message rate beside perftest, qperf and sockperf.
#[derive(Parser)]
struct Options {
    /// How often each is measured, in turn with the others; the middle of the ratios counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only between guests, or only on loopback.
    #[arg(long, value_parser = ["guests", "loopback"])]
    only: Option<String>,
    /// What the guests boot: Debian's kernel in QEMU's emulation, or User-Mode Linux, which is faster and built first.
    #[arg(long, default_value = "debian", value_parser = ["debian", "uml"])]
    kernel: String,
    /// Only this transport.
    #[arg(long, value_parser = ["udp", "tcp", "rc", "ud"])]
    transport: Option<String>,
    /// Put the tables into benches/README.md.
    #[arg(long)]
    write: bool,
}

/// How far ours may be from theirs.
const WITHIN: f64 = 1.1;

/// A subject with the tools that can measure it.
struct Row<'a> {
    subject: Subject,
    peers: Vec<&'a dyn Tool>,
    /// By round, ours first.
    measured: Vec<Vec<Figures>>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let wanted = |place: &str| options.only.as_deref().is_none_or(|only| only == place);
    let mut result = Ok(());
    if wanted("loopback") {
        let program = peer::program("fencelab")?.display().to_string();
        let ours = Ours::with_nodes(&program, &Loopback)?;
        result = measure(&options, "loopback", &Loopback, &ours, on_loopback());
    }
    if wanted("guests") {
        let kernel = if options.kernel == "uml" { Kernel::UserMode } else { Kernel::Debian };
        let guests = Guests::boot(&peer::program("fencelab")?, kernel)?;
        let ours = Ours::with_nodes("fencelab", &guests)?;
        result = result.and(measure(&options, "guests", &guests, &ours, in_guests()));
    }
    result
}

fn rows<'a>(
    transport: &'static str,
    waitings: &[&'static str],
    sizes: &[usize],
    peers: &[&'a dyn Tool],
) -> Vec<Row<'a>> {
    let row = |waiting, bytes| Row {
        subject: Subject { transport, waiting, bytes },
        peers: peers.to_vec(),
        measured: Vec::new(),
    };
    waitings.iter().flat_map(|waiting| sizes.iter().map(move |bytes| row(*waiting, *bytes))).collect()
}

fn on_loopback() -> Vec<Row<'static>> {
    let both: [&dyn Tool; 2] = [&Sockperf, &Qperf];
    // The longest datagram has 65,507 bytes, and sockperf's longest message 65,506.
    let mut all = rows("udp", &["events"], &[64, 1024, 32_768], &both);
    all.extend(rows("tcp", &["events"], &[64, 1024, 32_768], &both));
    all
}

fn in_guests() -> Vec<Row<'static>> {
    let mut all = rows("rc", &["events", "polled"], &[64, 1024, 65_536], &[&Perftest, &Qperf]);
    // A datagram of verbs has 4096 bytes at most; qperf's do not work over RoCE.
    all.extend(rows("ud", &["events", "polled"], &[64, 1024], &[&Perftest]));
    all.extend(rows("tcp", &["events"], &[64, 1024, 65_536], &[&Qperf]));
    all.extend(rows("udp", &["events"], &[64, 1024, 32_768], &[&Qperf]));
    all
}

fn measure(
    options: &Options,
    place: &'static str,
    machines: &dyn Machines,
    ours: &dyn Tool,
    mut rows: Vec<Row<'_>>,
) -> Result<()> {
    rows.retain(|row| options.transport.as_ref().is_none_or(|wanted| *wanted == row.subject.transport));
    for round in 0..options.rounds {
        for row in &mut rows {
            let mut tools: Vec<&dyn Tool> = std::iter::once(ours).chain(row.peers.iter().copied()).collect();
            // In turn forwards and backwards, so that none always comes after the same other.
            let backwards = round % 2 == 1;
            if backwards {
                tools.reverse();
            }
            let mut figures = Vec::new();
            for tool in tools {
                machines.settle()?;
                let found = tool.measure(machines, row.subject)?;
                let Subject { transport, waiting, bytes } = row.subject;
                eprintln!(
                    "{place}, round {}: {transport} {waiting} {bytes}: {} {found:?}",
                    round + 1,
                    tool.name()
                );
                figures.push(found);
            }
            if backwards {
                figures.reverse();
            }
            row.measured.push(figures);
        }
    }
    let name = if place == "guests" { "interconnect-guests" } else { "interconnect-loopback" };
    let mut table = Table::new(
        name,
        [
            "transport",
            "waiting",
            "bytes",
            "beside",
            "latency, µs",
            "theirs",
            "ratio",
            "messages/s",
            "theirs",
            "ratio",
            "target",
        ],
    );
    for row in &rows {
        for (place, tool) in row.peers.iter().enumerate() {
            show(&mut table, row, place + 1, tool.name());
        }
    }
    table.finish(options.write)
}

/// The row beside one tool: medians of each, and of the ratios of each round.
fn show(table: &mut Table, row: &Row<'_>, place: usize, tool: &str) {
    let pairs = |of: &dyn Fn(&Figures) -> Option<f64>| -> Vec<(f64, f64)> {
        // On a busy machine perftest says `inf` and qperf 0, which are no figures.
        let is_figure = |value: &f64| value.is_finite() && *value > 0.0;
        let figure = |figures: Option<&Figures>| figures.and_then(of).filter(is_figure);
        let pair = |round: &Vec<Figures>| Some((figure(round.first())?, figure(round.get(place))?));
        row.measured.iter().filter_map(pair).collect()
    };
    let has_medians = !pairs(&|figures| figures.median).is_empty();
    let latency = pairs(&|figures| if has_medians { figures.median } else { figures.mean });
    let rate = pairs(&|figures| figures.rate);
    let ratio = |pairs: &[(f64, f64)]| median(pairs.iter().map(|(one, other)| one / other).collect());
    let (slower, faster) = (ratio(&latency), ratio(&rate));
    let met = slower <= WITHIN && !latency.is_empty() && (rate.is_empty() || faster >= 1.0 / WITHIN);
    let target = table.target(if rate.is_empty() { "≤ 1.1" } else { "≤ 1.1, ≥ 1 / 1.1" }, met);
    let middle = |pairs: &[(f64, f64)], of: &dyn Fn(&(f64, f64)) -> f64, digits: usize| match pairs {
        [] => String::from("–"),
        pairs => format!("{:.digits$}", median(pairs.iter().map(of).collect())),
    };
    let shown = |pairs: &[(f64, f64)]| match pairs {
        [] => String::from("–"),
        pairs => format!("{:.2}", ratio(pairs)),
    };
    let Subject { transport, waiting, bytes } = row.subject;
    table.row([
        transport.to_owned(),
        waiting.to_owned(),
        bytes.to_string(),
        tool.to_owned(),
        middle(&latency, &|pair| pair.0, 1),
        middle(&latency, &|pair| pair.1, 1),
        shown(&latency),
        middle(&rate, &|pair| pair.0, 0),
        middle(&rate, &|pair| pair.1, 0),
        shown(&rate),
        target,
    ]);
}
