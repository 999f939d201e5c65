//! A warm start for agents that are Python scripts: an interpreter that has imported the agent's libraries already, and
//! forks a fresh child for each run. Most of the processor time of a short run is the start of the interpreter and its
//! imports; a fork has them for nothing.
//!
//! A run is the whole script, from its first line, as `__main__` of a fork that has the arguments, environment, folder,
//! pipes and process group of a cold run. Shared are imports only, and of these only the ones that do the same in every run:
//! see `plan.py`. Whatever is amiss with the interpreter, a run that did not reach the script is run cold, and one that did
//! counts as not started: it is never taken for the agent's own end.
//!
//! What differs from a cold run:
//!
//! - The seed of `hash()` is the interpreter's, so it is the same in all its runs.
//! - Warnings that come of compiling a library, where no compiled file is kept of it, are not repeated by each run.
//! - The call stack is a few frames deeper. Tracebacks do not show them.
//! - `/proc/self` shows the command line and the first environment of the interpreter, which is the parent.
//! - Objects of shared libraries that only refer to each other are not finalized when the run ends.
//! - Shared libraries are there before the ones that each run imports. A library of the second kind that patches others
//!   finds them imported already, wherever its own import stands.

mod agents;
mod ledger;
mod shebang;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(crate) use self::agents::WarmAgents;
use self::ledger::{Event, Ledger};
use self::wire::{Answer, Request};
use crate::process::{self, Attended, Finished, Program};
use crate::run::Exit;

/// The Python side: what may be shared, and the serving of runs.
const SERVER: &str = concat!(include_str!("plan.py"), "\n\n", include_str!("server.py"));
/// Runs it in a name space of its own, so that `__main__` stays the script's.
const BOOT: &str = "import sys; exec(sys.argv[1], {'__name__': 'fencelab_warm'})";
/// How long an interpreter may import libraries, twice.
const WARMING: Duration = Duration::from_secs(30);
/// How long a run may wait for its fork. A fork takes milliseconds: an interpreter that is so late does nothing any more.
const FORKING: Duration = Duration::from_secs(30);
/// How long the interpreter may take to end its runs and itself.
const ENDING: Duration = Duration::from_secs(5);
/// Beginnings of variables that are read before any Python code runs: by the loader, the C library, the interpreter, and
/// the libraries under it. A run that sets one needs an interpreter of its own.
const EARLY: &[&str] = &[
    "PATH", "HOME", "TMPDIR", "PYTHON", "LD_", "LC_", "LANG", "GLIBC_", "MALLOC_", "OPENSSL_", "CURL_", "TZ",
];

/// An interpreter that has imported an agent's libraries and forks a run of the agent from there.
///
/// Dropping it ends the interpreter and everything it started, and waits for that: milliseconds, or [`ENDING`] at worst.
#[derive(Debug)]
pub(crate) struct Warm {
    /// The script.
    path: PathBuf,
    /// Who is at the other end.
    interpreter: Child,
    /// Our end of the control socket.
    control: Arc<OwnedFd>,
    /// To the thread that writes.
    requests: Sender<Request>,
    /// Closes when the thread that reads has ended. Behind a lock only because a receiver is for one thread.
    reading: Mutex<Receiver<()>>,
    runs: Arc<Ledger>,
}

impl Warm {
    /// Starts an interpreter for the script at `path`, in `folder`.
    ///
    /// `None` where it is no Python script, or its libraries cannot be shared; the log has the reason.
    pub(crate) async fn start(path: &Path, folder: &Path) -> Option<Warm> {
        match Self::warm(path, folder).await {
            Ok(warm) => Some(warm),
            Err(why) => {
                tracing::debug!(agent = %path.display(), why, "no warm start");
                None
            }
        }
    }

    async fn warm(path: &Path, folder: &Path) -> Result<Warm, String> {
        if !path.is_absolute() {
            return Err("its path is relative".to_owned());
        }
        let words = shebang::python(path).ok_or("it is no Python script")?;
        let (warm, ready) = Self::spawn(&words, path, folder).map_err(|error| error.to_string())?;
        match timeout(WARMING, ready).await {
            Ok(Ok(Ok(()))) => Ok(warm),
            Ok(Ok(Err(why))) => Err(why),
            Ok(Err(_)) => Err("the interpreter ended early".to_owned()),
            Err(_) => {
                warm.kill();
                Err("the libraries take too long".to_owned())
            }
        }
    }

    fn spawn(words: &[String], path: &Path, folder: &Path) -> io::Result<(Warm, Ready)> {
        let program = Program {
            path: path.to_owned(),
            args: Vec::new(),
            env: BTreeMap::new(),
            folder: folder.to_owned(),
        };
        let (control, theirs) = wire::pair()?;
        let Some((interpreter, flags)) = words.split_first() else {
            return Err(io::Error::other("no interpreter"));
        };
        // Standard output and error are pipes as a run's are, so that the interpreter makes the same of them.
        let interpreter = Command::new(interpreter)
            .args(flags)
            .args(["-c", BOOT, SERVER])
            .arg(path)
            .env_clear()
            .envs(process::environment(&program))
            .current_dir(folder)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let control = Arc::new(control);
        let runs = Arc::new(Ledger::default());
        let (requests, queue) = channel();
        let (done, reading) = channel();
        let (tell, ready) = oneshot::channel();
        let warm = Warm {
            path: path.to_owned(),
            interpreter,
            control: Arc::clone(&control),
            requests,
            reading: Mutex::new(reading),
            runs: Arc::clone(&runs),
        };
        let (socket, ledger) = (Arc::clone(&control), Arc::clone(&runs));
        std::thread::Builder::new()
            .name("warm-write".to_owned())
            .spawn(move || write(&socket, &queue, &ledger))?;
        std::thread::Builder::new().name("warm-read".to_owned()).spawn(move || {
            read(&control, tell, &runs);
            drop(done);
        })?;
        Ok((warm, ready))
    }

    /// Runs the program as [`process::run`] does, from a fork of the interpreter.
    ///
    /// `None` where the script was not touched: the interpreter is gone, or the run is not one that it can do.
    pub(crate) async fn run(&self, program: &Program, stdin: &str, bound: Duration) -> Option<Finished> {
        let early = |name: &String| EARLY.iter().any(|start| name.starts_with(start));
        if program.path != self.path || program.env.keys().any(early) {
            return None;
        }
        let (their_input, input) = io::pipe().ok()?;
        let (output, their_output) = io::pipe().ok()?;
        let (error, their_error) = io::pipe().ok()?;
        let input = pipe::Sender::from_owned_fd(input.into()).ok()?;
        let output = pipe::Receiver::from_owned_fd(output.into()).ok()?;
        let error = pipe::Receiver::from_owned_fd(error.into()).ok()?;
        let body = message(program)?;
        let (number, mut events) = self.runs.enter()?;
        let text = [format!("run\0{number}\0").into_bytes(), body].concat();
        let streams = vec![their_input.into(), their_output.into(), their_error.into()];
        self.requests.send(Request { number, text, streams }).ok()?;
        let mut stop = Stop { warm: self, number: Some(number) };
        match timeout(FORKING, events.recv()).await {
            Ok(Some(Event::Began)) => {}
            Ok(Some(Event::Failed(why))) => {
                stop.number = None;
                tracing::debug!(agent = %self.path.display(), why, "a run is not warm");
                return None;
            }
            // It died before it began: of want of memory, perhaps.
            Ok(Some(Event::Ended(_)) | None) => return None,
            Err(_) => {
                self.kill();
                return Some(lost("the warm interpreter did not start it"));
            }
        }
        let attended = Attended::new(Some(input), stdin, Some(output), Some(error));
        let exit = match timeout(bound, events.recv()).await {
            Ok(Some(Event::Ended(status))) => {
                stop.number = None;
                process::exit(ExitStatus::from_raw(status))
            }
            Ok(_) => Exit::NotStarted("the warm interpreter ended while it ran".to_owned()),
            Err(_) => {
                drop(stop);
                if timeout(ENDING, events.recv()).await.is_err() {
                    // The interpreter itself hangs; the run is ended when the thread that reads sees its end.
                    self.kill();
                    let _ = events.recv().await;
                }
                Exit::Killed
            }
        };
        Some(attended.finish(exit).await)
    }

    /// Ends the interpreter at once. Those of its runs that began are ended when the thread that reads sees it.
    fn kill(&self) {
        if let Ok(process) = i32::try_from(self.interpreter.id()) {
            let _ = killpg(Pid::from_raw(process), Signal::SIGKILL);
        }
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        wire::close(&self.control);
        // The end of the socket is the end of the interpreter, which ends its runs first.
        let reading = self.reading.get_mut().unwrap_or_else(PoisonError::into_inner);
        if reading.recv_timeout(ENDING) == Err(RecvTimeoutError::Timeout) {
            self.kill();
        }
        let _ = self.interpreter.wait();
    }
}

/// Whether the interpreter takes runs, or why not.
type Ready = oneshot::Receiver<Result<(), String>>;

/// Ends a run that is no longer waited for. The interpreter ignores it for one that has ended.
struct Stop<'a> {
    warm: &'a Warm,
    /// `None` when there is nothing to end.
    number: Option<u64>,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            let text = format!("kill\0{number}").into_bytes();
            // It fails only where the interpreter is gone, and its runs with it.
            let _ = self.warm.requests.send(Request { number, text, streams: Vec::new() });
        }
    }
}

fn lost(why: &str) -> Finished {
    Finished { exit: Exit::NotStarted(why.to_owned()), stdout: String::new(), stderr: String::new() }
}

/// The fields of a run after its number; `None` where one of them is no text or has a NUL, which no process can be given.
fn message(program: &Program) -> Option<Vec<u8>> {
    let mut fields = vec![program.folder.to_str()?.to_owned(), program.args.len().to_string()];
    fields.extend(program.args.iter().cloned());
    for (name, value) in process::environment(program) {
        fields.push(format!("{name}={}", value.to_str()?));
    }
    (!fields.iter().any(|field| field.contains('\0'))).then(|| fields.join("\0").into_bytes())
}

/// Sends what the runs ask for. What cannot be sent did not begin.
fn write(control: &OwnedFd, queue: &Receiver<Request>, runs: &Ledger) {
    for request in queue {
        if let Err(error) = wire::send(control, &request) {
            runs.note(Answer::Failed(request.number, error.to_string()));
        }
    }
}

/// Passes on what the interpreter says, until nobody is left at the other end.
fn read(control: &OwnedFd, tell: oneshot::Sender<Result<(), String>>, runs: &Ledger) {
    // Nobody may wait for it any more.
    let _ = match wire::receive(control) {
        Some(Answer::Ready) => tell.send(Ok(())),
        Some(Answer::Refused(why)) => tell.send(Err(why)),
        _ => Ok(()),
    };
    while let Some(answer) = wire::receive(control) {
        runs.note(answer);
    }
    runs.end();
}
