//! `fencelab record --link snmp --device HOST:PORT --walk OBJECT`: everything that an SNMP agent has below some objects.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fencelab_link::Target;
use fencelab_link::live::LiveWorld;
use fencelab_recorder::walk::{self, Standing, Walk, Walked};
use fencelab_wire::snmp::Version;
use fencelab_wire::snmp::manager::Config;
use fencelab_wire::snmp::usm::Level;
use indicatif::ProgressBar;

use super::{RecordArgs, header, start};
use crate::address;
use crate::credentials::{self, snmp::Login};
use crate::exit::{Exit, Failure, OrExit};
use crate::link::LinkName;
use crate::signals::{Signals, runtime};

/// How often a log gets a line.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub(super) fn run(args: &RecordArgs, path: &Path) -> Result<Exit, Failure> {
    if args.link != LinkName::Snmp {
        return Err(Failure::new(Exit::Usage, "only SNMP agents can be walked; say --link snmp"));
    }
    let logins = credentials::snmp::of_device(args.credentials.as_deref())?;
    let walk = Walk::new(login(logins, args.snmp_version)?, args.walk.clone());
    let device = address::resolve(&args.device, 161)?;
    let link = walk.link();
    let mut header = header(args, &link, Some(device.port()));
    header.provenance = Some(String::from("walked live"));
    args.identity.sign(&mut header);
    let mut tape = start(path, args.force, header, &link)?;

    let runtime = runtime()?;
    let mut signals = runtime.block_on(async { Signals::catch() })?;
    let stop = Arc::new(AtomicBool::new(false));
    let (done, ends) = tokio::sync::oneshot::channel();
    let asked = Arc::clone(&stop);
    std::thread::spawn(move || {
        let mut world = LiveWorld::new(|level, line| tracing::debug!("{}: {line}", level.name()));
        let target = Target::new(device.ip().to_string(), device.port());
        let mut shown = Shown::new();
        let walked = walk::live(&walk, &target, &mut world, &mut tape, &mut |standing| {
            shown.show(&standing);
            !asked.load(Ordering::Relaxed)
        });
        shown.end();
        // Nobody waits any more only if the program is ending anyway.
        let _ = done.send(walked);
    });
    let walked = runtime.block_on(async {
        tokio::pin!(ends);
        tokio::select! {
            walked = &mut ends => walked,
            () = signals.wait() => {
                // The walk ends after its next answer, and what it has is kept.
                stop.store(true, Ordering::Relaxed);
                ends.await
            }
        }
    });
    let Ok(walked) = walked else {
        return Err(Failure::new(Exit::System, "the walk has ended without a result"));
    };
    told(path, &walked.or_exit(Exit::Network)?);
    Ok(Exit::Success)
}

/// As whom the walk is made: a user if there is one, unless another version is wanted.
fn login(logins: Vec<Login>, version: Option<Version>) -> Result<Config, Failure> {
    let (mut community, mut user) = (None, None);
    for login in logins {
        match login {
            Login::Community(name) => community = community.or(Some(name)),
            Login::User(one) => user = user.or(Some(one)),
        }
    }
    let usual = if user.is_some() { Version::V3 } else { Version::V2c };
    let level = user.as_ref().map_or(Level::NoAuthNoPriv, |user| user.level());
    let config = Config { version: version.unwrap_or(usual), community, user, level, context: String::new() };
    config.check().map_err(|error| {
        let mend = "set FENCELAB_SNMP_COMMUNITY, or FENCELAB_SNMP_USER and FENCELAB_SNMP_PASSWORD, or use --credentials";
        Failure::new(Exit::Usage, format!("{error}; {mend}"))
    })?;
    Ok(config)
}

/// How far the walk is: a spinner where a person looks, a line now and then elsewhere.
struct Shown {
    spinner: Option<ProgressBar>,
    last: Instant,
}

impl Shown {
    fn new() -> Self {
        let spinner = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
        Self { spinner, last: Instant::now() }
    }

    fn show(&mut self, standing: &Standing<'_>) {
        match &self.spinner {
            Some(spinner) => {
                spinner.set_message(format!("{} objects, at {}", standing.objects, standing.at));
                spinner.tick();
            }
            None if self.last.elapsed() >= LINE_EVERY => {
                self.last = Instant::now();
                eprintln!("fencelab: {} objects, at {}", standing.objects, standing.at);
            }
            None => {}
        }
    }

    fn end(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

fn told(path: &Path, walked: &Walked) {
    for warning in &walked.warnings {
        eprintln!("fencelab: {warning}");
    }
    let cut = if walked.is_cancelled { ", and then it was interrupted" } else { "" };
    eprintln!("fencelab: {}: {} objects{cut}", path.display(), walked.objects);
}
