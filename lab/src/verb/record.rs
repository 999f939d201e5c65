//! `fencelab record --link ipmi --device HOST:PORT [-- COMMAND ARG...]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use fencelab_recorder::proxy::Summary;
use fencelab_recorder::{Link as Recorded, Proxy, Tape, link, run as command, tape};
use fencelab_transcript::{Body, Header, Kind, Speaker, Transcript};
use serde_json::json;

use crate::address;
use crate::credentials;
use crate::exit::{Exit, Failure, OrExit};
use crate::identity::{IdentityArgs, by};
use crate::output;
use crate::signals::{Signals, runtime};

/// Options of `record`.
#[derive(Args, Debug)]
pub(crate) struct RecordArgs {
    /// How the device is spoken to.
    #[arg(long, value_enum)]
    link: Link,
    /// The real device.
    #[arg(long, value_name = "HOST:PORT")]
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
    /// A file with the device's logins: lines user=…, password=… and, if there is one, kg=….
    ///
    /// Without it FENCELAB_BMC_USER, FENCELAB_BMC_PASSWORD and FENCELAB_BMC_KG. They are used to
    /// decrypt what is recorded, and are sent nowhere.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    #[command(flatten)]
    identity: IdentityArgs,
    /// A command to run against the proxy; {host} and {port} in its arguments become the proxy's.
    ///
    /// Without it the proxy serves until it is interrupted.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// The links that can be recorded.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Link {
    /// IPMI over LAN: IPMI 1.5 and RMCP+.
    Ipmi,
}

pub(crate) fn run(args: RecordArgs) -> Result<Exit, Failure> {
    let Link::Ipmi = args.link;
    address::may_listen(args.listen.ip(), args.expose)?;
    let path = args.output.clone().unwrap_or_else(|| file_name(&args.device));
    output::may_write(&path, args.force)?;
    let logins = credentials::of_device(args.credentials.as_deref())?;
    if logins.is_empty() {
        eprintln!(
            "fencelab: no password of the device is known, so what is encrypted stays so in the transcript; \
             set FENCELAB_BMC_PASSWORD, or use --credentials"
        );
    }
    let device = address::resolve(&args.device, 623)?;
    if args.force && path.exists() {
        std::fs::remove_file(&path)
            .map_err(|error| anyhow!("cannot overwrite {}: {error}", path.display()))
            .or_exit(Exit::System)?;
    }
    let link = link::ipmi::link(logins);
    let recording = start(&path, header(&args, &link, device), &link)?;
    let runtime = runtime()?;
    let mut signals = runtime.block_on(async { Signals::catch() })?;
    let proxy = Proxy::start(args.listen, device, link, recording).or_exit(Exit::Network)?;
    let (ended, proxy) = if args.command.is_empty() {
        let listening = proxy.address();
        let ready = json!({
            "link": "ipmi", "address": listening.ip().to_string(), "port": listening.port(),
            "device": device.to_string(), "transcript": path.display().to_string(),
        });
        output::line(ready)?;
        runtime.block_on(signals.wait());
        (Ok(None), Some(proxy))
    } else {
        against(&args.command, proxy, &runtime, &mut signals)?
    };
    let summary = proxy.map_or_else(|| Ok(Summary::default()), Proxy::finish).or_exit(Exit::System)?;
    told(&path, summary)?;
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
fn start(path: &Path, header: Header, link: &Recorded) -> Result<Tape, Failure> {
    let secrets = link.secrets();
    let leak = secrets.header(&header).into_iter().next();
    if let Some(leak) = leak {
        let words =
            format!("the header would hold a secret: {} in `{}`; say it without", leak.secret, leak.field);
        return Err(Failure::new(Exit::Refused, words));
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
) -> Result<(Ended, Option<Proxy>), Failure> {
    let proxy = std::sync::Arc::new(proxy);
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
    Ok((ended, std::sync::Arc::into_inner(proxy)))
}

fn header(args: &RecordArgs, link: &Recorded, device: SocketAddr) -> Header {
    let speaker =
        args.command.first().map(|program| Speaker::new(program.rsplit('/').next().unwrap_or(program)));
    let mut header = Header::new(args.identity.device(), link.info(Some(device.port())));
    header.speaker = speaker;
    header.captured = Some(tape::captured_now());
    header.by = Some(by("record"));
    header.provenance = Some(String::from("recorded live, through the recording proxy"));
    args.identity.sign(&mut header);
    header
}

/// `ipmi-10.0.0.5-20261122T131004Z.jsonl`.
fn file_name(device: &str) -> PathBuf {
    let now: String =
        tape::captured_now().chars().take_while(|c| *c != '.').filter(|c| c.is_alphanumeric()).collect();
    let plain: String =
        device.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect();
    PathBuf::from(format!("ipmi-{plain}-{}Z.jsonl", now.trim_end_matches('Z')))
}

/// Says what the recording amounts to, and what is odd about it.
fn told(path: &Path, summary: Summary) -> Result<(), Failure> {
    let transcript = Transcript::load(path).or_exit(Exit::System)?;
    let opaque = transcript
        .events
        .iter()
        .filter(|event| matches!(&event.kind, Kind::Say { body: Body::Hex(_), .. }))
        .count();
    let name = path.display();
    eprintln!(
        "fencelab: {name}: {} events, {} datagrams to the device, {} from it",
        summary.events, summary.to_device, summary.from_device
    );
    if summary.to_device > 0 && summary.from_device == 0 {
        eprintln!(
            "fencelab: the device never answered; check its address, and that IPMI over LAN is enabled"
        );
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
