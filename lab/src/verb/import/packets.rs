//! The dialogues of a packet capture, of all links that were asked for.

use fencelab_recorder::import::{pcap, telnet};

use super::{ImportArgs, Link, Means, Read, consoles, fabrics, warn};
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::by;
use crate::link::LinkName;

/// What is looked for if nothing else is said.
const ALL: [Link; 5] = [Link::Corosync, Link::Infiniband, Link::Ipmi, Link::Snmp, Link::Telnet];

pub(super) fn packets(args: &ImportArgs) -> Result<Vec<Read>, Failure> {
    if args.credentials.is_some() && args.link.is_none() {
        return Err(Failure::new(Exit::Usage, "--credentials are those of one link; say which by --link"));
    }
    let links = args.link.map_or_else(|| ALL.to_vec(), |link| vec![link]);
    let (mut read, mut nothing) = (Vec::new(), None);
    for link in links {
        let (imported, secrets) = match link.means() {
            Means::Fabric(fabric) => {
                match fabrics::fabric(args, fabric) {
                    Ok(one) => read.push(one),
                    // Another link may be there.
                    Err(error @ pcap::ImportError::Nothing { .. }) => nothing = Some(error),
                    Err(error) => return Err(error).or_exit(Exit::Input),
                }
                continue;
            }
            Means::Datagrams(link) => datagrams(args, link)?,
            Means::Console(_) if matches!(link, Link::Telnet | Link::Raw) => {
                let options = consoles::options(args, None)?;
                (telnet::import_file(&args.file, &options), options.secrets)
            }
            Means::Console(_) => return Err(not_in_packets(link)),
        };
        let imported = match imported {
            Ok(imported) => imported,
            // Another link may be there.
            Err(error @ pcap::ImportError::Nothing { .. }) => {
                nothing = Some(error);
                continue;
            }
            Err(error) => return Err(error).or_exit(Exit::Input),
        };
        warn(&imported.warnings);
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

/// What a capture holds of a link, and the secrets that must not be in it.
type Imported = (Result<pcap::Imported, pcap::ImportError>, fencelab_transcript::scan::Scan);

fn datagrams(args: &ImportArgs, link: LinkName) -> Result<Imported, Failure> {
    let link = link.of_device(args.credentials.as_deref())?;
    let secrets = link.secrets().clone();
    let options = pcap::Options {
        port: args.port,
        device: Some(args.identity.device()),
        by: Some(by("import")),
        ..pcap::Options::new(link)
    };
    Ok((pcap::import_file(&args.file, &options), secrets))
}

fn not_in_packets(link: Link) -> Failure {
    let words = match link {
        Link::Ssh => "what is said over SSH is encrypted in a packet capture; record it by `fencelab record`",
        _ => "a serial line does not come in packets; --link telnet finds a port server's",
    };
    Failure::new(Exit::Usage, words)
}
