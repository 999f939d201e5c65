//! `fencelab import --from FORMAT FILE`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use fencelab_recorder::import::{pcap, walk};
use fencelab_transcript::Transcript;
use fencelab_transcript::scan::Scan;

use crate::cli::OutputArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::{IdentityArgs, by};
use crate::link::LinkName;
use crate::output;

/// Options of `import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The format of the capture.
    #[arg(long, value_enum)]
    from: Format,
    /// The capture.
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    /// Make a device's folder of a walk: it answers at once what the walk holds. Nothing switches in it until `learn`, or a
    /// few lines of its device.toml, say what does.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["output", "force"])]
    folder: Option<PathBuf>,
    /// What to look for in a packet capture. Without it: every link that is known.
    #[arg(long, value_enum)]
    link: Option<LinkName>,
    /// The device's port in the capture. Without it the link is recognised on any port.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// A file with the device's logins: for IPMI lines user=…, password=… and, if there is one, kg=…; for SNMP lines
    /// community=…, or user=…, auth=SHA, password=…, privacy=AES, privacy-password=….
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
    let mut read = match args.from {
        Format::Pcap => packets(&args)?,
        Format::Snmpwalk => walked(&args, walk::Format::Snmpwalk)?,
        Format::Snmprec => walked(&args, walk::Format::Snmprec)?,
    };
    for one in &mut read {
        args.identity.sign(&mut one.transcript.header);
    }
    if let Some(folder) = &args.folder {
        return match read.as_slice() {
            [walk] if !matches!(args.from, Format::Pcap) => device(folder, walk),
            _ => Err(Failure::new(
                Exit::Usage,
                "--folder is for walks; what a packet capture holds is seldom all of a device",
            )),
        };
    }
    let Some(output) = &args.output.output else {
        let [one] = read.as_slice() else {
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
        return Ok(Exit::Success);
    };
    for (index, one) in read.iter().enumerate() {
        let path = numbered(output, index);
        output::may_write(&path, args.output.force)?;
        one.transcript.save_scanned(&path, &one.secrets).or_exit(Exit::Refused)?;
        eprintln!("fencelab: {}: {} events of {}", path.display(), one.transcript.events.len(), one.of);
    }
    Ok(Exit::Success)
}

/// The dialogues of a packet capture, of all links that were asked for.
fn packets(args: &ImportArgs) -> Result<Vec<Read>, Failure> {
    if args.credentials.is_some() && args.link.is_none() {
        return Err(Failure::new(Exit::Usage, "--credentials are those of one link; say which by --link"));
    }
    let links = args.link.map_or_else(|| LinkName::OF_DATAGRAMS.to_vec(), |link| vec![link]);
    let (mut read, mut nothing) = (Vec::new(), None);
    for link in links {
        let link = link.of_device(args.credentials.as_deref())?;
        let secrets = link.secrets().clone();
        let options = pcap::Options {
            port: args.port,
            device: Some(args.identity.device()),
            by: Some(by("import")),
            ..pcap::Options::new(link)
        };
        let imported = match pcap::import_file(&args.file, &options) {
            Ok(imported) => imported,
            // Another link may be there.
            Err(error @ pcap::ImportError::Nothing { .. }) => {
                nothing = Some(error);
                continue;
            }
            Err(error) => return Err(error).or_exit(Exit::Input),
        };
        for warning in &imported.warnings {
            eprintln!("fencelab: {warning}");
        }
        let dialogues = imported.dialogues.into_iter();
        read.extend(dialogues.map(|it| Read {
            of: it.device.to_string(),
            transcript: it.transcript,
            secrets: secrets.clone(),
        }));
    }
    match nothing {
        Some(error) if read.is_empty() => Err(error).or_exit(Exit::Input),
        _ => Ok(read),
    }
}

/// The one transcript of a walk.
fn walked(args: &ImportArgs, format: walk::Format) -> Result<Vec<Read>, Failure> {
    let link = LinkName::Snmp.of_device(args.credentials.as_deref())?;
    let secrets = link.secrets().clone();
    let options = walk::Options {
        format: Some(format),
        device: Some(args.identity.device()),
        by: Some(by("import")),
        ..walk::Options::new(link)
    };
    let imported = walk::import_file(&args.file, &options).or_exit(Exit::Input)?;
    for warning in &imported.warnings {
        eprintln!("fencelab: {warning}");
    }
    let of = format!("a walk of {} objects", imported.objects);
    Ok(vec![Read { of, transcript: imported.transcript, secrets }])
}

/// The name of the walk in its folder.
const WALK: &str = "walk.jsonl";

/// A device that answers what a walk holds.
fn device(folder: &Path, walk: &Read) -> Result<Exit, Failure> {
    let description = folder.join("device.toml");
    std::fs::create_dir_all(folder)
        .map_err(|error| anyhow!("cannot make {}: {error}", folder.display()))
        .or_exit(Exit::System)?;
    output::may_write(&description, false)?;
    walk.transcript.save_scanned(&folder.join(WALK), &walk.secrets).or_exit(Exit::Refused)?;
    let header = &walk.transcript.header;
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let firmware = header.device.firmware.as_ref();
    let firmware = firmware.map_or_else(String::new, |text| format!("firmware   = {}\n", quoted(text)));
    let from = header.provenance.as_deref().unwrap_or("a walk");
    let text = format!(
        "# Written by `fencelab import`: it answers what the walk holds, and nothing switches yet. `fencelab learn` finds out what does,\n\
         # from a recorded off and on beside this walk; or describe the plugs, and objects with `shows` and `orders`, as DEVICE.md has them.\n\
         format = \"1.0\"\n\n\
         [device]\nvendor     = {}\nmodel      = {}\n{firmware}provenance = {{ kind = \"imported\", from = [{}] }}\n\n\
         [plant]\nplugs = [{{ name = \"1\" }}]   # a walk does not tell which plugs there are; one stands for them all\n\n\
         [face.snmp]\nanswers = [{}]\n",
        quoted(&header.device.vendor),
        quoted(&header.device.model),
        quoted(from),
        quoted(WALK),
    );
    output::to_file(&description, text.as_bytes())?;
    eprintln!(
        "fencelab: {}: {}; `fencelab emulate {}` serves it",
        folder.display(),
        walk.of,
        folder.display()
    );
    Ok(Exit::Success)
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
