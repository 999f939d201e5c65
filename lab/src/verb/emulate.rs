//! `fencelab emulate DEVICE...`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use fencelab_devices::fault::{Fault, FaultError};
use fencelab_devices::serve::{By, Pty, Rack, Served, Shared};
use fencelab_devices::spec::FaceSpec;
use fencelab_devices::{Carrier, Device, DeviceSpec, Power};
use fencelab_recorder::Place;
use fencelab_wire::snmp::Version;
use serde_json::Value;

use crate::address;
use crate::cli::CorpusArgs;
use crate::control::{self, Emulated};
use crate::credentials;
use crate::exit::{Exit, Failure, OrExit};
use crate::output;
use crate::own_tape::OwnTape;
use crate::ready::ready_line;
use crate::signals::{Signals, raise_file_limit, runtime};

/// How often recordings are written and commands passed to neighbours.
const PULSE: Duration = Duration::from_millis(20);

/// Options of `emulate`.
#[derive(Args, Debug)]
pub(crate) struct EmulateArgs {
    /// Devices: ids of the corpus (vendor/model), or folders with a device.toml.
    #[arg(required = true, value_name = "DEVICE")]
    devices: Vec<String>,
    #[command(flatten)]
    corpus: CorpusArgs,
    /// How many of each.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Really listen where others than this machine can reach it.
    #[arg(long)]
    expose: bool,
    /// The port of the first face, the next ones count up from it; 0: the kernel chooses.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Give each device an address of its own, counting up from --listen, instead of a port.
    #[arg(long)]
    own_address: bool,
    /// Put all devices behind one port, told apart by what SNMP says: the community PASSWORD@NUMBER, or the context NUMBER.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "own_address")]
    share_port: Option<SharePort>,
    /// The power of a plug at the start.
    #[arg(long, value_name = "PLUG=on|off")]
    plug: Vec<PlugPower>,
    /// What goes wrong, for example 'drop@from-device,status,first=2'; `fencelab list` has all faults.
    #[arg(long, value_name = "EXPR", value_parser = faults)]
    fault: Vec<Faults>,
    /// Serve the control interface there (docs/control.md); port 0: the kernel chooses.
    #[arg(long, value_name = "ADDR:PORT")]
    control: Option<SocketAddr>,
    /// Record the dialogue of the one device as a transcript.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Overwrite the file of --record if it is there.
    #[arg(long)]
    force: bool,
    /// The seed of session numbers and nonces.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// What tells the devices behind one port apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum SharePort {
    /// Versions 1 and 2c: each community of a device is followed by @ and the device's number.
    Community,
    /// Version 3: the context is the device's number; all have the first one's engine.
    Context,
}

/// `PLUG=on|off`.
#[derive(Clone, Debug)]
struct PlugPower {
    plug: String,
    power: Power,
}

impl FromStr for PlugPower {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once('=') {
            Some((plug, "on")) => Ok(Self { plug: plug.to_owned(), power: Power::On }),
            Some((plug, "off")) => Ok(Self { plug: plug.to_owned(), power: Power::Off }),
            _ => Err(String::from("write PLUG=on or PLUG=off")),
        }
    }
}

/// The faults of one expression.
#[derive(Clone, Debug)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

/// Reads a fault expression of the command line.
pub(crate) fn faults(text: &str) -> Result<Faults, FaultError> {
    Fault::parse_all(text).map(Faults)
}

pub(crate) fn run(args: EmulateArgs) -> Result<Exit, Failure> {
    address::may_listen(args.listen, args.expose)?;
    if let Some(control) = args.control {
        address::may_listen(control.ip(), args.expose)?;
    }
    if let Some(path) = &args.record {
        if args.devices.len() > 1 || args.count > 1 {
            let words = "a transcript holds the dialogue of one device; name one DEVICE, without --count, to --record it";
            return Err(Failure::new(Exit::Usage, words));
        }
        output::may_write(path, args.force)?;
    }
    let specs = args.corpus.devices(&args.devices)?;
    raise_file_limit();
    runtime()?.block_on(serve(&args, &specs))
}

async fn serve(args: &EmulateArgs, specs: &[Arc<DeviceSpec>]) -> Result<Exit, Failure> {
    let mut signals = Signals::catch()?;
    let (sockets, emulated) = start(args, specs)?;
    let emulated: Arc<[Emulated]> = emulated.into();
    let mut tape = match (&args.record, specs.first(), emulated.first()) {
        (Some(path), Some(spec), Some(device)) => {
            Some(OwnTape::create(path, args.force, spec, &device.shared)?)
        }
        _ => None,
    };
    let control = match args.control {
        Some(bind) => Some(
            control::serve(bind, emulated.clone())
                .await
                .map_err(|error| anyhow!("cannot serve the control interface on {bind}: {error}"))
                .or_exit(Exit::Network)?,
        ),
        None => None,
    };
    output::to_stdout(ready(&emulated, control, args.share_port).as_bytes())?;
    // Only faults send anything to a neighbour, and only the control interface brings faults later.
    let crossing = emulated.len() > 1 && (control.is_some() || !args.fault.is_empty());
    if tape.is_none() && !crossing {
        signals.wait().await;
    } else {
        let mut pulse = tokio::time::interval(PULSE);
        loop {
            tokio::select! {
                () = signals.wait() => break,
                _ = pulse.tick() => {
                    if let Some(tape) = &mut tape {
                        tape.write()?;
                    }
                    pass_to_neighbours(&emulated);
                }
            }
        }
    }
    drop(sockets);
    if let Some(tape) = &mut tape {
        tape.write()?;
    }
    Ok(Exit::Success)
}

/// What listens, or waits at a terminal, for as long as it is kept.
#[derive(Default)]
struct Sockets {
    rack: Option<Rack>,
    served: Vec<Served>,
    terminals: Vec<Pty>,
}

impl Sockets {
    fn len(&self) -> usize {
        self.served.len() + usize::from(self.rack.is_some())
    }
}

fn start(args: &EmulateArgs, specs: &[Arc<DeviceSpec>]) -> Result<(Sockets, Vec<Emulated>), Failure> {
    let login = credentials::lab();
    let mut devices = Vec::new();
    for spec in specs {
        for _ in 0..args.count {
            let seed = args.seed.wrapping_add(devices.len() as u64);
            let mut device = Device::new(spec.clone(), &login, seed);
            prepare(&mut device, args)?;
            devices.push(device);
        }
    }
    let specs: Vec<Arc<DeviceSpec>> = devices.iter().map(|device| device.spec().clone()).collect();
    let (mut sockets, mut emulated) = (Sockets::default(), Vec::new());
    let (shared, in_rack) = match args.share_port {
        Some(what) => {
            let face = shared_face(&specs, what)?;
            let names = (0..).map(|number: usize| number.to_string());
            let bind = bind_address(args, 0, 0)?;
            let rack = Rack::start(names.zip(devices).collect(), what.by(), face, bind);
            let rack = rack.map_err(|error| cannot_listen("the shared port", bind, &error))?;
            let shared = rack.devices.clone();
            sockets.rack = Some(rack);
            (shared, Some(face))
        }
        None => (devices.into_iter().map(Shared::new).collect(), None),
    };
    for (number, (spec, shared)) in specs.iter().zip(shared).enumerate() {
        let mut faces = Vec::new();
        for (face, about) in spec.faces.iter().enumerate() {
            let place = match (&sockets.rack, about) {
                (Some(rack), _) if in_rack == Some(face) => Place::Address(rack.address),
                (_, FaceSpec::Console(console)) if console.carrier == Carrier::Serial => {
                    let pty = Pty::share(&shared, face).map_err(|error| no_terminal(&spec.id, &error))?;
                    let path = pty.path.clone();
                    sockets.terminals.push(pty);
                    Place::Path(path)
                }
                _ => {
                    let bind = bind_address(args, number, sockets.len())?;
                    let socket = Served::share(&shared, face, bind);
                    let socket = socket.map_err(|error| cannot_listen(&spec.id, bind, &error))?;
                    let address = socket.address;
                    sockets.served.push(socket);
                    Place::Address(address)
                }
            };
            faces.push((about.protocol().to_owned(), place));
        }
        let faulty = AtomicBool::new(!args.fault.is_empty());
        emulated.push(Emulated { id: spec.id.clone(), shared, faces, faulty });
    }
    Ok((sockets, emulated))
}

fn no_terminal(who: &str, error: &std::io::Error) -> Failure {
    let mend = "; is /dev/pts mounted, and are there pseudo-terminals left (/proc/sys/kernel/pty/nr, max)?";
    Failure::new(Exit::System, format!("{who}: cannot make a pseudo-terminal: {error}{mend}"))
}

fn cannot_listen(who: &str, bind: SocketAddr, error: &std::io::Error) -> Failure {
    let mend = match error.kind() {
        std::io::ErrorKind::AddrInUse => "; choose another --port, or 0 for any",
        std::io::ErrorKind::PermissionDenied => "; ports below 1024 are the administrator's",
        _ if error.raw_os_error() == Some(24) => "; raise the limit of open files (ulimit -n)",
        _ => "",
    };
    Failure::new(Exit::Network, format!("{who}: cannot listen on {bind}: {error}{mend}"))
}

impl SharePort {
    fn by(self) -> By {
        match self {
            Self::Community => By::Community,
            Self::Context => By::Context,
        }
    }

    /// The versions of SNMP in which it can be said.
    fn versions(self) -> &'static [Version] {
        match self {
            Self::Community => &[Version::V1, Version::V2c],
            Self::Context => &[Version::V3],
        }
    }

    /// What the ready line says of device `number`, beside the password.
    fn told(self, number: usize) -> (&'static str, String) {
        match self {
            Self::Community => ("community-suffix", format!("@{number}")),
            Self::Context => ("context", number.to_string()),
        }
    }
}

/// The face that devices behind one port are reached by: the same in all.
fn shared_face(specs: &[Arc<DeviceSpec>], what: SharePort) -> Result<usize, Failure> {
    let mut common = None;
    for spec in specs {
        let refused = |why: String| Failure::new(Exit::Usage, format!("{}: {why}", spec.id));
        let face = spec.faces.iter().enumerate().find_map(|(index, face)| match face {
            FaceSpec::Snmp(snmp) => Some((index, snmp)),
            _ => None,
        });
        let Some((index, face)) = face else {
            let why = "it does not speak SNMP, and only SNMP tells devices behind one port apart; leave it out, or leave --share-port out";
            return Err(refused(why.to_owned()));
        };
        let versions = what.versions();
        if !versions.iter().any(|version| face.versions.contains(version)) {
            let other = if what == SharePort::Community { "context" } else { "community" };
            let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
            return Err(refused(format!(
                "it does not speak SNMP {}; try --share-port {other}",
                versions.join(" or ")
            )));
        }
        if *common.get_or_insert(index) != index {
            let why = "its SNMP is not in the same place among its faces as that of the devices before it; emulate it by itself";
            return Err(refused(why.to_owned()));
        }
    }
    Ok(common.unwrap_or_default())
}

/// Plugs and faults as the command line wants them.
fn prepare(device: &mut Device, args: &EmulateArgs) -> Result<(), Failure> {
    for wanted in &args.plug {
        if !device.plant_mut().set(Duration::ZERO, &wanted.plug, wanted.power) {
            let known: Vec<&str> = device.plant().plugs().iter().map(fencelab_devices::Plug::name).collect();
            let words =
                format!("{} has no plug `{}`; there is: {}", device.spec().id, wanted.plug, known.join(", "));
            return Err(Failure::new(Exit::Input, words));
        }
    }
    let faults: Vec<Fault> = args.fault.iter().flat_map(|faults| faults.0.clone()).collect();
    if !faults.is_empty() {
        device.set_faults(faults);
    }
    Ok(())
}

fn bind_address(args: &EmulateArgs, device: usize, face: usize) -> Result<SocketAddr, Failure> {
    let (ip, steps) =
        if args.own_address { (address::after(args.listen, device), 0) } else { (Some(args.listen), face) };
    let port = if args.port == 0 { Some(0) } else { u16::try_from(usize::from(args.port) + steps).ok() };
    match (ip, port) {
        (Some(ip), Some(port)) => {
            address::may_listen(ip, args.expose)?;
            Ok(SocketAddr::new(ip, port))
        }
        _ => {
            let words =
                "there are not enough ports after --port for so many devices; use --port 0, or --own-address";
            Err(Failure::new(Exit::Usage, words))
        }
    }
}

/// One JSON line for each face.
fn ready(emulated: &[Emulated], control: Option<SocketAddr>, share: Option<SharePort>) -> String {
    let mut lines = String::new();
    for (number, device) in emulated.iter().enumerate() {
        for (face, place) in &device.faces {
            let mut line = ready_line(&device.id, number, face, place, control);
            let share = share.filter(|_| face == "snmp").map(|what| what.told(number));
            line.extend(share.map(|(key, value)| (key.to_owned(), value.into())));
            lines += &format!("{}\n", Value::Object(line));
        }
    }
    lines
}

/// A `wrong-plug` fault of a device with one plug moves the next device of the line.
fn pass_to_neighbours(emulated: &[Emulated]) {
    let pairs = emulated.iter().zip(emulated.iter().cycle().skip(1));
    for (device, next) in pairs.filter(|(device, _)| device.faulty.load(Ordering::Relaxed)) {
        for command in device.shared.with(|device, _| device.take_neighbour_commands()) {
            next.shared.with(|device, _| device.apply_neighbour_command(&command));
        }
    }
}
