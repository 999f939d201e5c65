//! `fencelab record --link LINK --device HOST:PORT|PATH [--walk OBJECT | -- COMMAND ARG...]`.

mod real;
mod walk;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use fencelab_recorder::proxy::Summary;
use fencelab_recorder::{Link, Proxy, Tape, run as command, tape};
use fencelab_transcript::{Body, Header, Kind, Speaker, Transcript};
use fencelab_wire::snmp::{Oid, Version};
use real::Real;
use serde_json::{Map, Value, json};

use crate::address;
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::{IdentityArgs, by};
use crate::link::LinkName;
use crate::output;
use crate::ready::told;
use crate::signals::{Signals, runtime};

/// Options of `record`.
#[derive(Args, Debug)]
pub(crate) struct RecordArgs {
    /// How the device is spoken to.
    #[arg(long, value_enum)]
    link: LinkName,
    /// The real device; at a serial line the port, and how it is set: /dev/ttyUSB0, /dev/ttyUSB0,19200, /dev/ttyS1,9600,7E1.
    #[arg(long, value_name = "HOST:PORT|PATH")]
    device: String,
    /// Where the client finds the proxy; port 0: the kernel chooses.
    #[arg(long, value_name = "ADDR:PORT", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,
    /// Really listen where others than this machine can reach it.
    #[arg(long)]
    expose: bool,
    /// The transcript; without it a name made of device and time, in the current folder.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the transcript if it is there.
    #[arg(long)]
    force: bool,
    /// A file with the device's logins: for IPMI lines user=…, password=… and, if there is one, kg=…; for SNMP lines
    /// community=…, or user=…, auth=SHA, password=…, privacy=AES, privacy-password=…; for consoles lines user=…, password=…
    /// and, for SSH by key, identity=FILE; and prompt=WORDS if the device asks for a secret in words of its own.
    ///
    /// Without it FENCELAB_BMC_USER, FENCELAB_BMC_PASSWORD and FENCELAB_BMC_KG; or FENCELAB_SNMP_COMMUNITY, and
    /// FENCELAB_SNMP_USER, _PASSWORD, _AUTH, _PRIVACY and _PRIVACY_PASSWORD; or FENCELAB_CONSOLE_USER, _PASSWORD,
    /// _IDENTITY and _PROMPT. They are used to decrypt what is recorded, to keep them out of the transcript, and for --walk; a key is
    /// shown to a device over SSH when a client shows one to the proxy. Nothing else is done with them.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    #[command(flatten)]
    identity: IdentityArgs,
    /// Walk the device itself below this object, for example 1.3.6.1.4.1; with --link snmp. May be given more than once.
    #[arg(long, value_name = "OBJECT", conflicts_with = "command")]
    walk: Vec<Oid>,
    /// The version to walk in. Without it 3 if the device's login is a user, else 2c.
    #[arg(long, value_name = "1|2c|3", requires = "walk")]
    snmp_version: Option<Version>,
    /// A command to run against the proxy; {host} and {port} in its arguments become the proxy's, at a serial line {path}.
    ///
    /// Without it the proxy serves until it is interrupted.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) fn run(args: RecordArgs) -> Result<Exit, Failure> {
    address::may_listen(args.listen.ip(), args.expose)?;
    let path = args.output.clone().unwrap_or_else(|| file_name(&args));
    output::may_write(&path, args.force)?;
    if !args.walk.is_empty() {
        return walk::run(&args, &path);
    }
    let (device, link) = Real::of(&args)?;
    if !link.knows_credentials()
        && let Some(hint) = args.link.without_login()
    {
        eprintln!("fencelab: {hint}");
    }
    let recording = start(&path, args.force, header(&args, &link, device.number()), &link)?;
    let runtime = runtime()?;
    let mut signals = runtime.block_on(async { Signals::catch() })?;
    let protocol = link.protocol().name();
    let proxy = device.proxy(&args, link, recording)?;
    let (ended, proxy) = if args.command.is_empty() {
        let mut ready = Map::from_iter([("link".to_owned(), json!(protocol))]);
        ready.extend(told(proxy.place()));
        ready.insert("device".to_owned(), device.to_string().into());
        ready.insert("transcript".to_owned(), path.display().to_string().into());
        output::line(Value::Object(ready))?;
        runtime.block_on(signals.wait());
        (Ok(None), Arc::new(proxy))
    } else {
        against(&args.command, proxy, &runtime, &mut signals)?
    };
    let summary = proxy.finish().or_exit(Exit::System)?;
    summed_up(&path, args.link, summary)?;
    match ended {
        Err(error) => Err(error).or_exit(Exit::Command),
        Ok(Some(status)) if status.code().is_none() => Err(Failure::new(
            Exit::Command,
            format!("{} was ended by a signal ({status})", args.command.join(" ")),
        )),
        Ok(_) => Ok(Exit::Success),
    }
}

/// Starts the tape. If it is refused, no empty file is left behind.
fn start(path: &Path, force: bool, header: Header, link: &Link) -> Result<Tape, Failure> {
    let secrets = link.secrets();
    let leak = secrets.header(&header).into_iter().next();
    if let Some(leak) = leak {
        let words =
            format!("the header would hold a secret: {} in `{}`; say it without", leak.secret, leak.field);
        return Err(Failure::new(Exit::Refused, words));
    }
    if force && path.exists() {
        std::fs::remove_file(path)
            .map_err(|error| anyhow!("cannot overwrite {}: {error}", path.display()))
            .or_exit(Exit::System)?;
    }
    Tape::create(path, header, secrets.clone()).or_exit(Exit::System)
}

type Ended = Result<Option<ExitStatus>, std::io::Error>;

/// Runs the command. A signal that ends us ends the recording, but not before it is whole.
fn against(
    words: &[String],
    proxy: Proxy,
    runtime: &tokio::runtime::Runtime,
    signals: &mut Signals,
) -> Result<(Ended, Arc<Proxy>), Failure> {
    let proxy = Arc::new(proxy);
    let (done, ends) = tokio::sync::oneshot::channel();
    let (words, shared) = (words.to_vec(), proxy.clone());
    std::thread::spawn(move || {
        let status = command::run(&words, &shared);
        drop(shared);
        // Nobody waits any more if a signal came first.
        let _ = done.send(status);
    });
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = ends => ended.map_or(Ok(None), |status| status.map(Some)),
            () = signals.wait() => Ok(None),
        }
    });
    Ok((ended, proxy))
}

fn header(args: &RecordArgs, link: &Link, port: Option<u16>) -> Header {
    let speaker =
        args.command.first().map(|program| Speaker::new(program.rsplit('/').next().unwrap_or(program)));
    let mut header = Header::new(args.identity.device(), link.info(port));
    header.speaker = speaker;
    header.captured = Some(tape::captured_now());
    header.by = Some(by("record"));
    header.provenance = Some(String::from("recorded live, through the recording proxy"));
    args.identity.sign(&mut header);
    header
}

/// `ipmi-10.0.0.5-20261122T131004Z.jsonl`.
fn file_name(args: &RecordArgs) -> PathBuf {
    let now: String =
        tape::captured_now().chars().take_while(|c| *c != '.').filter(|c| c.is_alphanumeric()).collect();
    let plain: String =
        args.device.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let link = args.link.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    PathBuf::from(format!("{link}-{plain}-{}Z.jsonl", now.trim_end_matches('Z')))
}

/// Says what the recording amounts to, and what is odd about it.
fn summed_up(path: &Path, link: LinkName, summary: Summary) -> Result<(), Failure> {
    let transcript = Transcript::load(path).or_exit(Exit::System)?;
    let opaque = transcript
        .events
        .iter()
        // On a console bytes that are no text are nothing odd, and there is no reason to tell.
        .filter(|event| matches!(&event.kind, Kind::Say { body: Body::Hex(_), .. }))
        .filter(|event| event.extra.contains_key("why"))
        .count();
    let name = path.display();
    eprintln!(
        "fencelab: {name}: {} events, {} {} to the device, {} from it",
        summary.events,
        summary.to_device,
        link.unit(),
        summary.from_device
    );
    if summary.to_device > 0 && summary.from_device == 0 {
        eprintln!("fencelab: the device never answered; {}", link.if_silent());
    }
    if opaque > 0 {
        eprintln!(
            "fencelab: {opaque} datagrams could not be read; `fencelab show {name}` says why (a wrong password?)"
        );
    }
    if summary.masked > 0 {
        eprintln!("fencelab: {} events held a secret and are masked whole", summary.masked);
    }
    Ok(())
}
