//! `cargo xtask guest`: guests with soft-RoCE for whoever sits at a terminal.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use fencelab_guest::{Accel, Bench, Cable, Image, Kernel, Lab, Node, Options, Process, Rdma};

use crate::step;

/// Boot guests with soft-RoCE on a switch, and run commands in them, or a shell in the first.
///
/// Guests are node1, node2 and so on, at 10.77.0.1, 10.77.0.2 and so on; each has an RDMA device, rxe0 or siw0. They end with this
/// command. docs/guests.md says more.
#[derive(Args)]
pub(crate) struct Guest {
    /// How many guests.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=254))]
    nodes: u8,
    /// What a guest runs, as a line for its shell: the first is for node1, and so on. Without any, node1 runs a shell for
    /// you.
    #[arg(long = "run", value_name = "COMMAND")]
    runs: Vec<String>,
    /// The first command is a server: the others start once it listens on this TCP port (perftest 18515, qperf 19765), and it
    /// is ended when they are done.
    #[arg(long, value_name = "PORT")]
    server_port: Option<u16>,
    /// Run `fencelab bench fabric` with these options and a node in each guest, in the place of commands; the report is put beside
    /// the page at --html. Builds the program with verbs.
    #[arg(long, value_name = "OPTIONS", conflicts_with_all = ["runs", "server_port"], allow_hyphen_values = true)]
    bench: Option<String>,
    /// Where the page of --bench goes; the report for programs goes to the same place with `.json`.
    #[arg(long, value_name = "FILE", default_value = "fabric.html", requires = "bench")]
    html: PathBuf,
    /// How long commands may take. Seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    limit: u64,
    /// A file of the host for the guests, as /bin/NAME or at a place of its own; programs bring their libraries.
    #[arg(long = "put", value_name = "FILE[=PLACE]")]
    puts: Vec<String>,
    /// The probability that a frame is lost on a node's cable, 0 to 1. Between two nodes are two cables.
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.0, value_parser = probability)]
    loss: f64,
    /// How long a frame takes on a node's cable. Milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0.0, value_parser = millis)]
    delay: f64,
    /// Write what reaches the switch to this pcap file.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// The guests' MTU: RoCE's is the power of two below, 1024 for 1500, 4096 for 4200.
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u16).range(576..))]
    mtu: u16,
    /// The memory of a guest beyond what its first file system takes. MiB.
    #[arg(long, default_value_t = 256)]
    memory: usize,
    /// What losses are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep each guest to one processor of the host, in turn.
    #[arg(long)]
    pin: bool,
    /// What the guests boot.
    #[arg(long, value_enum, default_value_t = Boots::Debian)]
    kernel: Boots,
    /// Their RDMA device.
    #[arg(long, value_enum, default_value_t = Device::Rxe)]
    rdma: Device,
    /// What runs the guests' processors; for Debian's kernel only.
    #[arg(long, value_enum, default_value_t = Processor::Tcg)]
    accel: Processor,
    /// Forget the image and download the newest packages.
    #[arg(long)]
    fresh: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Boots {
    /// Debian's kernel under QEMU: nothing is built, and a boot takes seconds.
    Debian,
    /// User-Mode Linux: built of Debian's source once, in minutes, and then up in less than a second.
    Uml,
}

#[derive(Clone, Copy, ValueEnum)]
enum Device {
    /// Soft-RoCE, as rxe0.
    Rxe,
    /// Soft-iWARP, as siw0; needs the kernel uml.
    Siw,
}

#[derive(Clone, Copy, ValueEnum)]
enum Processor {
    /// Software emulation.
    Tcg,
    /// The host's hardware.
    Kvm,
    /// Hardware if a guest boots with it, else emulation.
    Probe,
}

fn probability(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err("not between 0 and 1".to_owned()) }
}

fn millis(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=60_000.0).contains(&number) { Ok(number) } else { Err("not between 0 and 60000".to_owned()) }
}

/// Makes the guests' image if need be, so that no test has to.
///
/// # Errors
/// When it can't be made.
pub(crate) fn prepare() -> anyhow::Result<()> {
    Image::ready().map(drop).context("guests: the image can't be made")
}

impl Guest {
    /// Boots the guests and does in them what is asked.
    ///
    /// # Errors
    /// When they can't be booted, or a command in them fails.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if self.runs.len() > usize::from(self.nodes) {
            bail!(
                "{} commands for {} guests: give each --run a guest with --nodes",
                self.runs.len(),
                self.nodes
            );
        }
        step::run("guest: agent", step::cargo().args(["build", "-q", "-p", "fencelab-guest", "--bins"]))?;
        let mut options = self.options();
        if self.bench.is_some() {
            let program = ["build", "--release", "--workspace", "--bins", "--features", "fencelab/verbs"];
            step::run("guest: fencelab with verbs", step::cargo().args(program))?;
            options = options.program(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/fencelab"));
        }
        if self.fresh {
            Image::forget()?;
        }
        let started = Instant::now();
        let lab = Lab::boot(self.nodes.into(), options)?;
        eprintln!("guest: {} up after {:.1} s", self.nodes, started.elapsed().as_secs_f32());
        if let Some(path) = &self.capture {
            lab.switch().capture(path)?;
        }
        let result = match &self.bench {
            Some(options) => self.bench(&lab, options),
            None if self.runs.is_empty() => shell(lab.node(1)),
            None => self.commands(&lab),
        };
        lab.switch().end_capture()?;
        result
    }

    fn options(&self) -> Options {
        let mut options = Options {
            accel: match self.accel {
                Processor::Tcg => Accel::Tcg,
                Processor::Kvm => Accel::Kvm,
                Processor::Probe => Accel::Probe,
            },
            cable: Cable {
                loss: self.loss,
                delay: Duration::from_secs_f64(self.delay / 1000.0),
                ..Cable::default()
            },
            kernel: match self.kernel {
                Boots::Debian => Kernel::Debian,
                Boots::Uml => Kernel::UserMode,
            },
            memory: self.memory,
            mtu: self.mtu,
            rdma: match self.rdma {
                Device::Rxe => Rdma::Rxe,
                Device::Siw => Rdma::Siw,
            },
            pinned: self.pin,
            seed: self.seed,
            ..Options::default()
        };
        for put in &self.puts {
            options = match put.split_once('=') {
                Some((host, place)) => options.file(host, place),
                None => options.program(put),
            };
        }
        options
    }

    /// Runs the bench, shows how far it is and what it found, and writes its results.
    fn bench(&self, lab: &Lab, options: &str) -> anyhow::Result<()> {
        let bench = Bench::start(lab, &options.split_whitespace().collect::<Vec<_>>())?;
        let deadline = Instant::now() + Duration::from_secs(self.limit);
        let mut shown = String::new();
        while !bench.leader().is_over() && Instant::now() < deadline {
            let said = bench.leader().output();
            if let Some(line) = said.lines().last().filter(|line| *line != shown) {
                eprintln!("{line}");
                shown = line.to_owned();
            }
            std::thread::sleep(LOOK);
        }
        let found = bench.found(deadline.saturating_duration_since(Instant::now()))?;
        print!("{}", String::from_utf8_lossy(&found.ran.stdout));
        for (path, bytes) in
            [(self.html.clone(), found.page), (self.html.with_extension("json"), found.report)]
        {
            std::fs::write(&path, bytes).with_context(|| format!("failed to write {}", path.display()))?;
            eprintln!("guest: {}", path.display());
        }
        anyhow::ensure!(found.ran.is_success(), "something is missing in the report\n{}", found.nodes);
        Ok(())
    }

    /// Runs the commands beside each other and shows what they said, each after its end.
    fn commands(&self, lab: &Lab) -> anyhow::Result<()> {
        let mut running: Vec<(&Node, Process)> = Vec::new();
        for (node, line) in lab.nodes().iter().zip(&self.runs) {
            running.push((node, node.spawn(["sh", "-c", line])?));
            if let (1, Some(port)) = (node.number(), self.server_port) {
                node.wait_until_listening(port)?;
            }
        }
        let deadline = Instant::now() + Duration::from_secs(self.limit);
        let servers = usize::from(self.server_port.is_some());
        let mut failed = Vec::new();
        // The server comes last, for it may have nothing to say before the others are done.
        for (node, process) in running.iter().skip(servers) {
            let ran = process.wait(deadline.saturating_duration_since(Instant::now()))?;
            show(node, &ran.text());
            if !ran.is_success() {
                failed.push(format!("node{} ({:?})", node.number(), ran.code.or(ran.signal)));
            }
        }
        for (node, process) in running.iter().take(servers) {
            // perftest's servers end by themselves after their client, qperf's does not: both are right.
            let _ = process.wait(SERVER_PATIENCE);
            show(node, &process.output());
        }
        if failed.is_empty() {
            return Ok(());
        }
        bail!("guest: the commands of {} failed", failed.join(", "))
    }
}

/// How often progress is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long a server may take to end after its clients.
const SERVER_PATIENCE: Duration = Duration::from_secs(3);

fn show(node: &Node, text: &str) {
    for line in text.lines() {
        println!("node{}: {line}", node.number());
    }
}

/// A shell on the console of a guest, until it is left.
fn shell(node: &Node) -> anyhow::Result<()> {
    eprintln!("guest: a shell in node1; `exit` leaves it and ends all guests");
    let terminal = Terminal::raw();
    node.echo_console(std::io::stdout());
    node.type_from(std::io::stdin());
    // A session of its own gets the console as its terminal; the outer shell is there to be waited for.
    let size =
        terminal.size.map(|(rows, columns)| format!("rows {rows} columns {columns}")).unwrap_or_default();
    let device = node.terminal();
    let line =
        format!("stty -F {device} sane {size}; cd; setsid sh -c 'exec sh -i <{device} >{device} 2>&1'; true");
    let shell = node.spawn(["sh", "-c", &line])?;
    shell.wait(LONGEST_SHELL)?;
    Ok(())
}

/// Whoever forgets a shell does not keep its guests for ever.
const LONGEST_SHELL: Duration = Duration::from_secs(24 * 60 * 60);

/// Our own terminal, which hands every key to the guest until this value is dropped. Without a terminal it does nothing.
struct Terminal {
    before: Option<String>,
    /// Rows and columns.
    size: Option<(u16, u16)>,
}

impl Terminal {
    fn raw() -> Self {
        let stty = |arguments: &[&str]| {
            let output = Command::new("stty").args(arguments).stdin(Stdio::inherit()).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let before = std::io::stdin().is_terminal().then(|| stty(&["-g"])).flatten();
        let mut size = None;
        if before.is_some() {
            size = stty(&["size"]).and_then(|text| {
                let (rows, columns) = text.split_once(' ')?;
                Some((rows.parse().ok()?, columns.parse().ok()?))
            });
            stty(&["raw", "-echo"]);
        }
        Self { before, size }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // A terminal that is gone needs no settings.
            let _ = Command::new("stty").arg(before).stdin(Stdio::inherit()).status();
        }
    }
}
