//! Keeps the processes of a node: hands it its orders, and kills, freezes and thaws it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::measure;
use crate::namespaces::command;
use crate::order::{Answer, Order};

/// Takes a line of the node's.
type Tell = Arc<dyn Fn(String) + Send + Sync>;

/// A node's processes and who hears them. They end with this.
pub(crate) struct Keeper {
    command: Vec<OsString>,
    tell: Tell,
    child: Child,
    input: ChildStdin,
}

impl Keeper {
    /// Starts a process.
    pub(crate) fn start(command: &[OsString], tell: Tell) -> std::io::Result<Self> {
        let (child, input) = spawn(command, &tell)?;
        Ok(Self { command: command.to_vec(), tell, child, input })
    }

    /// Carries an order out, or hands it on.
    pub(crate) fn take(&mut self, order: &Order) -> std::io::Result<()> {
        let signal = match order {
            Order::Kill => Signal::SIGKILL,
            Order::Freeze => Signal::SIGSTOP,
            Order::Thaw => Signal::SIGCONT,
            order => {
                let line = serde_json::to_string(order)?;
                return writeln!(self.input, "{line}").and_then(|()| self.input.flush());
            }
        };
        let pid = i32::try_from(self.child.id()).map_err(std::io::Error::other)?;
        let at = measure::now();
        killpg(Pid::from_raw(pid), signal)?;
        if signal == Signal::SIGKILL {
            self.child.wait()?;
            (self.child, self.input) = spawn(&self.command, &self.tell)?;
        }
        (self.tell)(serde_json::to_string(&Answer::Done(at))?);
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Whoever is frozen in it dies of this, too.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// A node is a group of processes, so that what happens to it happens to all that it has started.
fn spawn(words: &[OsString], tell: &Tell) -> std::io::Result<(Child, ChildStdin)> {
    let mut command = command(words);
    let mut child = command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (Some(input), Some(output)) = (input, output) else {
        return Err(std::io::Error::other("a process without pipes"));
    };
    let tell = Arc::clone(tell);
    std::thread::spawn(move || {
        BufReader::new(output).lines().map_while(Result::ok).for_each(|line| tell(line));
    });
    Ok((child, input))
}

/// Serves benches of other machines, one after the other, with a process for each that is made by `command`.
///
/// # Errors
/// A connection cannot be accepted.
pub fn serve(listener: &TcpListener, command: &[OsString]) -> std::io::Result<()> {
    loop {
        let (stream, peer) = listener.accept()?;
        tracing::info!(%peer, "a bench begins");
        if let Err(error) = attend(stream, command) {
            tracing::warn!(%peer, %error, "a bench ended badly");
        }
    }
}

/// One bench, until it hangs up.
fn attend(stream: TcpStream, command: &[OsString]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let output = Mutex::new(stream.try_clone()?);
    let tell = move |line: String| {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        // Who has hung up needs no answer.
        let _ = output.write_all(format!("{line}\n").as_bytes());
    };
    let mut keeper = Keeper::start(command, Arc::new(tell))?;
    for line in BufReader::new(stream).lines() {
        let order = serde_json::from_str(&line?)?;
        keeper.take(&order)?;
    }
    Ok(())
}
