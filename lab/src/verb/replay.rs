//! `fencelab replay FILE [-- COMMAND ARG...]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use fencelab_devices::serve::Served;
use fencelab_devices::{Device, DeviceSpec};
use fencelab_recorder::run::{exit_code, filled};
use fencelab_transcript::{Kind, Mark, Transcript};

use crate::address;
use crate::credentials;
use crate::exit::{Exit, Failure, OrExit};
use crate::output;
use crate::signals::{Signals, runtime};
use crate::verb::emulate::ready_line;

/// Options of `replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// A transcript (*.jsonl).
    file: PathBuf,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Really listen where others than this machine can reach it.
    #[arg(long)]
    expose: bool,
    /// The port; 0: the kernel chooses.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// A command to run against the replay; {host} and {port} in its arguments become the replay's.
    ///
    /// Without it the replay serves until it is interrupted.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) fn run(args: ReplayArgs) -> Result<Exit, Failure> {
    address::may_listen(args.listen, args.expose)?;
    let transcript = Transcript::load(&args.file).or_exit(Exit::Input)?;
    let recorded_exit = recorded_exit(&transcript);
    let spec = DeviceSpec::from_transcript(transcript).or_exit(Exit::Input)?;
    let device = Device::new(spec.clone(), &credentials::lab(), 1);
    let name = args.file.display().to_string();
    runtime()?.block_on(async {
        let mut signals = Signals::catch()?;
        let served = Served::start(device, 0, SocketAddr::new(args.listen, args.port))
            .map_err(|error| anyhow!("cannot listen on {}:{}: {error}", args.listen, args.port))
            .or_exit(Exit::Network)?;
        let face = spec.faces.first().map_or("ipmi", |face| face.protocol());
        if args.command.is_empty() {
            output::line(ready_line(&name, 0, face, served.address, None))?;
            signals.wait().await;
            return told(&name, &served, None);
        }
        eprintln!("{}", ready_line(&name, 0, face, served.address, None));
        let status = command(&args.command, served.address, &mut signals).await?;
        let exit = exit_code(status);
        told(&name, &served, exit.zip(recorded_exit))
    })
}

/// The exit code of the recorded run, if it was one single run.
fn recorded_exit(transcript: &Transcript) -> Option<i32> {
    let ends: Vec<Option<i32>> = transcript
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Mark(mark) if mark.phase == Mark::END => Some(mark.exit),
            _ => None,
        })
        .collect();
    match ends.as_slice() {
        [exit] => *exit,
        _ => None,
    }
}

async fn command(
    words: &[String],
    address: SocketAddr,
    signals: &mut Signals,
) -> Result<std::process::ExitStatus, Failure> {
    let words = filled(words, address);
    let Some((program, args)) = words.split_first() else {
        return Err(Failure::new(Exit::Usage, "no command is given after `--`"));
    };
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| anyhow!("cannot run {program}: {error}"))
        .or_exit(Exit::Command)?;
    tokio::select! {
        status = child.wait() => status.map_err(|error| anyhow!("cannot wait for {program}: {error}")).or_exit(Exit::Command),
        () = signals.wait() => Err(Failure::new(Exit::Command, format!("{program} was interrupted"))),
    }
}

/// Prints where the run was not the recorded one. `exits`: of the command, and of the recording.
fn told(name: &str, served: &Served, exits: Option<(i32, i32)>) -> Result<Exit, Failure> {
    let divergences = served.with(|device, _| device.divergences().to_vec());
    let mut exit = Exit::Success;
    for divergence in &divergences {
        exit = Exit::Findings;
        let place = divergence.line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}:1"));
        eprintln!(
            "{place}: at {:.6} s came {}; recorded is {}",
            divergence.at.as_secs_f64(),
            divergence.came,
            divergence.expected
        );
    }
    if let Some((now, then)) = exits.filter(|(now, then)| now != then) {
        exit = Exit::Findings;
        eprintln!("{name}: the command ended with {now}; recorded is {then}");
    }
    Ok(exit)
}
