//! A node's corosync: the process, and what it tells of itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rust_corosync::cmap::{self, Data, Map};

use crate::measure::Usage;
use crate::ring::Tally;
use crate::transport::Error;

use super::config::Config;

/// Its one place for its configuration.
const CONFIG: &str = "/etc/corosync/corosync.conf";
/// What it says of what goes wrong. The folder is the node's own.
const LOG: &str = "/run/fencelab-corosync.log";
/// Where it shares memory with its clients.
const SHARED: &str = "/dev/shm";
/// Lines of the log that an error tells.
const TOLD: usize = 3;

/// Where corosync is installed.
///
/// # Errors
/// It is not.
pub(super) fn program() -> Result<PathBuf, Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join("corosync"))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            Error::NoDevice("there is no program corosync; install it (apt-get install corosync)".to_owned())
        })
}

/// The process. It ends with this.
pub(super) struct Daemon {
    child: Child,
    stats: Option<cmap::Handle>,
}

impl Daemon {
    /// Starts it. It may not be ready yet when this returns.
    ///
    /// # Errors
    /// It would not take the configuration, or the system refuses.
    pub(super) fn start(config: &Config<'_>) -> Result<Self, Error> {
        config.check()?;
        forget_others()?;
        fs::write(CONFIG, config.to_string()).map_err(Error::system(CONFIG))?;
        let log = fs::File::create(LOG).map_err(Error::system(LOG))?;
        let program = program()?;
        let child = Command::new(&program)
            .arg("-f")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(Error::system(program.display().to_string()))?;
        Ok(Self { child, stats: None })
    }

    /// # Errors
    /// It has ended: with what it said last.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let Some(status) = self.child.try_wait().map_err(Error::system("corosync"))? else { return Ok(()) };
        let log = fs::read_to_string(LOG).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(TOLD)..).unwrap_or_default().join("; ");
        Err(Error::Unfit(format!("corosync has ended, {status}: {last}")))
    }

    /// What its threads have used of processors so far.
    pub(super) fn usage(&self) -> Usage {
        let process = Path::new("/proc").join(self.child.id().to_string());
        let mut usage = Usage::default();
        let mut nanoseconds = 0_u64;
        // A thread may end while it is looked at: then it has used nothing worth telling.
        for thread in fs::read_dir(process.join("task")).into_iter().flatten().flatten() {
            let read = |file: &str| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
            let field =
                |text: &str| text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok());
            nanoseconds = nanoseconds.saturating_add(field(&read("schedstat")).unwrap_or_default());
            let status = read("status");
            let switches = |name: &str| -> i64 {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
            };
            usage.waits += switches("voluntary_ctxt_switches:");
            usage.preemptions += switches("nonvoluntary_ctxt_switches:");
        }
        let share = kernel_share(&fs::read_to_string(process.join("stat")).unwrap_or_default());
        let used = crate::load::seconds(nanoseconds);
        Usage { user: used * (1.0 - share), system: used * share, ..usage }
    }

    /// What its ring has done so far (cmap_keys(7), stats.srp).
    ///
    /// # Errors
    /// It does not say.
    pub(super) fn tally(&mut self) -> Result<Tally, Error> {
        let failed = |error| Error::Unfit(format!("corosync's statistics (cmap): {error}"));
        let handle = match &self.stats {
            Some(handle) => handle,
            None => self.stats.insert(cmap::initialize(Map::Stats).map_err(failed)?),
        };
        let of = |name: &str| match cmap::get(handle, &format!("stats.srp.{name}")).map_err(failed)? {
            Data::UInt64(value) => Ok(value),
            Data::UInt32(value) => Ok(value.into()),
            _ => Err(Error::Unfit(format!("corosync's stats.srp.{name} is no number"))),
        };
        let losses =
            ["operational_token_lost", "gather_token_lost", "commit_token_lost", "recovery_token_lost"];
        Ok(Tally {
            tokens: of("orf_token_rx")?,
            // It counts none.
            token_retransmits: 0,
            token_losses: losses.into_iter().map(of).sum::<Result<u64, Error>>()?,
            sent: of("mcast_tx")?,
            retransmits: of("mcast_retx")?,
            delivered: 0,
            rings: of("operational_entered")?,
            malformed: of("rx_msg_dropped")?,
            lost: 0,
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Before its server ends, the client must.
        self.stats = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The kernel's share of the processor time in stat (proc_pid_stat(5): utime and stime are the fields 14 and 15, the name before them
/// may hold anything).
fn kernel_share(stat: &str) -> f64 {
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let mut fields = after.split_whitespace().skip(11).map_while(|field| field.parse::<f64>().ok());
    let (user, system) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    if user + system > 0.0 { system / (user + system) } else { 0.0 }
}

/// A corosync that was killed has left memory behind, which nobody else would free.
fn forget_others() -> Result<(), Error> {
    for entry in fs::read_dir(SHARED).map_err(Error::system(SHARED))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("qb-") {
            let path = entry.path();
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.map_err(Error::system(path.display().to_string()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::kernel_share;

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        let stat = "4 (a) b ) S 1 4 4 0 -1 4194560 1 2 3 4 30 10 0 0 20 0 1 0";
        assert!((kernel_share(stat) - 0.25).abs() < 1e-9);
        assert!(kernel_share("").abs() < 1e-9);
        assert!(kernel_share("4 (a").abs() < 1e-9);
    }
}
