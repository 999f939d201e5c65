//! `fencelab import FILE`.

mod consoles;
mod fabrics;
mod packets;
mod walks;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fencelab_recorder::fabric::Statistics;
use fencelab_recorder::import::fabric::Fabric;
use fencelab_recorder::import::{self, Kind, console, walk};
use fencelab_recorder::link::{Protocol, console as link};
use fencelab_transcript::Transcript;
use fencelab_transcript::scan::Scan;

use crate::cli::OutputArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::IdentityArgs;
use crate::link::LinkName;
use crate::output;
use crate::terminal::harmless;

/// Options of `import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The format of the file. Without it: what its bytes say.
    #[arg(long, value_enum)]
    from: Option<Format>,
    /// The file.
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    /// Make a device's folder of a walk: it answers at once what the walk holds. Nothing switches in it until `learn`, or a
    /// few lines of its device.toml, say what does.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["output", "force"])]
    folder: Option<PathBuf>,
    /// What to look for in a packet capture; without it: every link that is known. Of the session at a console: what carried
    /// it; without it: what the recorded command says.
    #[arg(long, value_enum)]
    link: Option<Link>,
    /// The device's port. In a packet capture the link is recognised on any port without it; a console without telnet in it
    /// is not.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The timing file of a typescript (`script --log-timing`).
    #[arg(long, value_name = "FILE")]
    timing: Option<PathBuf>,
    /// What was typed or sent, where it is in a file of its own (`script --log-in`, `logfile_send` of pexpect).
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// A file with the device's logins: for IPMI lines user=…, password=… and, if there is one, kg=…; for SNMP lines
    /// community=…, or user=…, auth=SHA, password=…, privacy=AES, privacy-password=…; for a console user=…, password=… and, where it
    /// asks for a secret in words of its own, prompt=….
    ///
    /// Without it the variables that `fencelab help record` names. With a packet capture it needs --link.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    #[command(flatten)]
    identity: IdentityArgs,
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// pcap or pcapng, as tcpdump, tshark and Wireshark write it.
    #[value(alias = "pcapng")]
    Pcap,
    /// The text that net-snmp's snmpwalk prints; best with -On or -Onq.
    Snmpwalk,
    /// snmpsim's walks.
    Snmprec,
    /// A typescript of script(1); best with --timing.
    Script,
    /// A recording of asciinema, v1 to v3.
    Asciicast,
    /// What a fence agent of ClusterLabs writes with --verbose, also into --debug-file.
    AgentLog,
    /// A log of pexpect: `logfile`, or `logfile_read` with `logfile_send` as --input. It is the one format that is never
    /// recognised.
    Pexpect,
}

/// The links that can be imported.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Link {
    /// IPMI over LAN: IPMI 1.5 and RMCP+.
    Ipmi,
    /// SNMP v1, v2c and v3.
    Snmp,
    /// Telnet; in a packet capture also a console on bare TCP.
    Telnet,
    /// SSH, recorded above the encryption.
    Ssh,
    /// A serial line.
    Serial,
    /// Characters over bare TCP.
    Raw,
    /// Corosync 3 between the nodes of a cluster: knet and totem, on Ethernet, IPoIB or what else is captured.
    Corosync,
    /// InfiniBand, and RoCE: connections, datagrams, acknowledges, management.
    Infiniband,
}

/// What a link is imported as.
#[derive(Clone, Copy, Debug)]
enum Means {
    Datagrams(LinkName),
    Console(&'static dyn Protocol),
    Fabric(Fabric),
}

impl Link {
    fn means(self) -> Means {
        match self {
            Self::Ipmi => Means::Datagrams(LinkName::Ipmi),
            Self::Snmp => Means::Datagrams(LinkName::Snmp),
            Self::Telnet => Means::Console(&link::Telnet),
            Self::Ssh => Means::Console(&link::Ssh),
            Self::Serial => Means::Console(&link::Serial),
            Self::Raw => Means::Console(&link::Raw),
            Self::Corosync => Means::Fabric(Fabric::Corosync),
            Self::Infiniband => Means::Fabric(Fabric::InfiniBand),
        }
    }
}

/// One transcript of a capture, and whose it is.
struct Read {
    of: String,
    transcript: Transcript,
    /// The secrets of the logins that were given for it.
    secrets: Scan,
}

pub(crate) fn run(args: ImportArgs) -> Result<Exit, Failure> {
    args.output.check()?;
    let kind = kind(&args)?;
    let mut read = match kind {
        Kind::Capture => packets::packets(&args)?,
        Kind::Walk => walks::walked(&args, args.from.and_then(Format::of_walk))?,
        Kind::Console(format) => consoles::recorded(&args, format)?,
    };
    for one in &mut read {
        args.identity.sign(&mut one.transcript.header);
        if let Some(statistics) = Statistics::of(&one.transcript) {
            for line in statistics.to_string().lines() {
                eprintln!("fencelab: {}", harmless(line));
            }
        }
    }
    if let Some(folder) = &args.folder {
        return match read.as_slice() {
            [walk] if kind == Kind::Walk => walks::device(folder, walk),
            _ => Err(Failure::new(
                Exit::Usage,
                "--folder is for walks; what a capture or a session holds is seldom all of a device",
            )),
        };
    }
    let Some(output) = &args.output.output else {
        return print(&args, &read);
    };
    for (index, one) in read.iter().enumerate() {
        let path = numbered(output, index);
        output::may_write(&path, args.output.force)?;
        one.transcript.save_scanned(&path, &one.secrets).or_exit(Exit::Refused)?;
        eprintln!("fencelab: {}: {} events of {}", path.display(), one.transcript.events.len(), one.of);
    }
    Ok(Exit::Success)
}

/// What the file is: as the user says, else by its bytes.
fn kind(args: &ImportArgs) -> Result<Kind, Failure> {
    if let Some(format) = args.from {
        return Ok(format.kind());
    }
    let bytes = output::read(&args.file)?;
    import::recognise(&bytes)
        .map_err(|reason| Failure::new(Exit::Input, format!("{}:1:1: {reason}", args.file.display())))
}

impl Format {
    fn kind(self) -> Kind {
        match self {
            Self::Pcap => Kind::Capture,
            Self::Snmpwalk | Self::Snmprec => Kind::Walk,
            Self::Script => Kind::Console(console::Format::Script),
            Self::Asciicast => Kind::Console(console::Format::Asciicast),
            Self::AgentLog => Kind::Console(console::Format::AgentLog),
            Self::Pexpect => Kind::Console(console::Format::Pexpect),
        }
    }

    fn of_walk(self) -> Option<walk::Format> {
        match self {
            Self::Snmpwalk => Some(walk::Format::Snmpwalk),
            Self::Snmprec => Some(walk::Format::Snmprec),
            _ => None,
        }
    }
}

/// Prints the one transcript.
fn print(args: &ImportArgs, read: &[Read]) -> Result<Exit, Failure> {
    let [one] = read else {
        let devices: Vec<&str> = read.iter().map(|one| one.of.as_str()).collect();
        let words = format!(
            "{} holds dialogues of {} devices ({}); name an -o FILE: the others get its name with a number",
            args.file.display(),
            devices.len(),
            devices.join(", ")
        );
        return Err(Failure::new(Exit::Usage, words));
    };
    if let Some(leak) = one.secrets.transcript(&one.transcript).first() {
        let words = format!(
            "the transcript still holds a secret: {} in line {}, `{}`; it is not printed",
            leak.secret, leak.line, leak.field
        );
        return Err(Failure::new(Exit::Refused, words));
    }
    output::to_stdout(one.transcript.canonical().as_bytes())?;
    Ok(Exit::Success)
}

/// Tells what a person should know of a file.
fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("fencelab: {warning}");
    }
}

/// `out.jsonl`, `out-2.jsonl`, …
fn numbered(path: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension =
        path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{}{extension}", index + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_device_gets_a_number() {
        assert_eq!(numbered(Path::new("a/out.jsonl"), 0), Path::new("a/out.jsonl"));
        assert_eq!(numbered(Path::new("a/out.jsonl"), 1), Path::new("a/out-2.jsonl"));
        assert_eq!(numbered(Path::new("out"), 2), Path::new("out-3"));
    }
}
