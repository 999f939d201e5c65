//! A running guest from outside: its process, its console, and the line to the agent in it.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::error::{GuestError, end_of};
use crate::frame::{self, End, Frame, Start};
use crate::options::Kernel;
use crate::parts::Parts;
use crate::spawn::{Spawn, Spawned};

/// How much of a console is kept; beyond that its beginning is forgotten.
const CONSOLE_MAX: usize = 1 << 18;

/// How long a guest may take to fetch what is sent to its agent. One that is frozen does not.
const LINE_PATIENCE: Duration = Duration::from_secs(10);

/// A guest that has been started; it is killed with this value.
pub(crate) struct Machine {
    pub(crate) node: usize,
    pid: Pid,
    shared: Arc<Shared>,
    keyboard: Mutex<Box<dyn Write + Send>>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// The sending half of the agent's line.
    line: Mutex<Option<UnixStream>>,
}

#[derive(Default)]
pub(crate) struct State {
    phase: Phase,
    console: Vec<u8>,
    echo: Option<Box<dyn Write + Send>>,
    pub(crate) processes: HashMap<u32, Heard>,
    last: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Booting,
    Up,
    Gone,
}

/// What has been heard of a process in the guest.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) end: Option<Result<End, String>>,
}

impl State {
    pub(crate) fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }
}

impl Machine {
    /// Starts a guest without waiting for it.
    ///
    /// # Errors
    /// When QEMU is not installed, or the line's socket can't be made.
    pub(crate) fn start(parts: &Parts<'_>) -> Result<Self, GuestError> {
        let node = parts.node.0;
        // One that ran before in its place has left its socket.
        let _ = std::fs::remove_file(parts.agent);
        let listener = UnixListener::bind(parts.agent).map_err(GuestError::file("listen on", parts.agent))?;
        let shared = Arc::<Shared>::default();
        let (started, start) = mpsc::channel();
        let keeper = {
            let (spawn, shared, agent) = (Spawn::new(parts), Arc::clone(&shared), parts.agent.to_owned());
            thread::spawn(move || keep(spawn, &shared, &agent, &started))
        };
        let (program, package) = match parts.kind {
            Kernel::Debian => ("qemu-system-x86_64 by setpriv", "qemu-system-x86"),
            Kernel::UserMode => ("the User-Mode Linux kernel by sh", "dash"),
        };
        let (pid, keyboard) = start
            .recv()
            .expect("the keeper sends before it ends")
            .map_err(|source| GuestError::Program { program: program.to_owned(), package, source })?;
        let listener_of = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || listen(&listener, &shared))
        };
        Ok(Self { node, pid, shared, keyboard: Mutex::new(keyboard), threads: vec![keeper, listener_of] })
    }

    /// Waits until the agent has spoken.
    ///
    /// # Errors
    /// When it does not within `limit`, or the guest ends.
    pub(crate) fn wait_until_up(&self, limit: Duration) -> Result<(), GuestError> {
        let state = self.wait(limit, |state| state.phase != Phase::Booting);
        match state.phase {
            Phase::Up => Ok(()),
            Phase::Gone => Err(self.gone(&state)),
            Phase::Booting => Err(GuestError::NotUp { node: self.node, limit, console: console_end(&state) }),
        }
    }

    /// Waits until `done`, the guest is gone, or the time is over; and shows the state that it found.
    pub(crate) fn wait(&self, limit: Duration, done: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if done(&state) || state.phase == Phase::Gone || left.is_zero() {
                return state;
            }
            (state, _) =
                self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.shared.state)
    }

    /// Starts a process in the guest and returns its number.
    ///
    /// # Errors
    /// When the guest is gone or does not listen.
    pub(crate) fn begin(&self, start: Start) -> Result<u32, GuestError> {
        let number = {
            let mut state = self.state();
            state.last += 1;
            let number = state.last;
            state.processes.insert(number, Heard::default());
            number
        };
        self.tell(number, &Frame::Start(start))?;
        Ok(number)
    }

    /// Sends a frame to the agent.
    ///
    /// # Errors
    /// As [`Machine::begin`].
    pub(crate) fn tell(&self, process: u32, frame: &Frame) -> Result<(), GuestError> {
        let mut line = locked(&self.shared.line);
        let told = match line.as_mut() {
            Some(stream) => frame::write(stream, process, frame),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        if told.is_err() {
            // Half a frame may have gone out: nothing that follows would be understood.
            *line = None;
            drop(line);
            return Err(self.gone(&self.state()));
        }
        Ok(())
    }

    pub(crate) fn gone(&self, state: &State) -> GuestError {
        GuestError::Gone { node: self.node, console: console_end(state) }
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.state().phase == Phase::Gone
    }

    pub(crate) fn console(&self) -> String {
        String::from_utf8_lossy(&self.state().console).into_owned()
    }

    pub(crate) fn echo_console(&self, to: Box<dyn Write + Send>) {
        self.state().echo = Some(to);
    }

    pub(crate) fn type_on_console(&self, bytes: &[u8]) -> io::Result<()> {
        let mut keyboard = locked(&self.keyboard);
        keyboard.write_all(bytes)?;
        keyboard.flush()
    }

    /// Sends the guest's process a signal, unless it has ended: nothing in the guest goes on without it. What kills goes to the
    /// whole group, for processes of a User-Mode Linux kernel that lose it would run on as the host's.
    pub(crate) fn signal(&self, signal: Signal) {
        let state = self.state();
        // The keeper says that it is gone before it lets the process's number go.
        if state.phase != Phase::Gone {
            let _ = if signal == Signal::SIGKILL { killpg(self.pid, signal) } else { kill(self.pid, signal) };
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        for thread in self.threads.drain(..) {
            // They have nothing to tell; a panic of theirs has been printed.
            let _ = thread.join();
        }
    }
}

/// Starts a guest, reads its console until it ends, and says so. The console must be read all the time: a full one stops the
/// guest. That QEMU ends with the thread that started it is why both are done here.
fn keep(
    spawn: Spawn,
    shared: &Shared,
    agent: &PathBuf,
    started: &Sender<io::Result<(Pid, Box<dyn Write + Send>)>>,
) {
    // The lab outlives this: whatever is sent is received.
    let Spawned { mut child, mut console, keyboard, owner } = match spawn.start() {
        Ok(spawned) => spawned,
        Err(error) => {
            let _ = started.send(Err(error));
            // Nobody listens for it then.
            return;
        }
    };
    let pid = pid_of(&child);
    let _ = started.send(Ok((pid, keyboard)));
    thread::scope(|scope| {
        scope.spawn(|| {
            // Its number stays its own until `wait` below.
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            // What it leaves behind holds the console, too, and must not run without it.
            let _ = killpg(pid, Signal::SIGKILL);
        });
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = console.read(&mut bytes) {
            let mut state = locked(&shared.state);
            state.console.extend_from_slice(&bytes[..length]);
            let excess = state.console.len().saturating_sub(CONSOLE_MAX);
            state.console.drain(..excess);
            if let Some(echo) = &mut state.echo {
                let _ = echo.write_all(&bytes[..length]).and_then(|()| echo.flush());
            }
        }
    });
    drop(owner);
    // If it ended before it called, the listener still waits: this is the call. Afterwards another guest may have its socket.
    let _ = UnixStream::connect(agent);
    locked(&shared.state).phase = Phase::Gone;
    shared.changed.notify_all();
    let _ = child.wait();
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Hears the agent until its line ends.
fn listen(listener: &UnixListener, shared: &Shared) {
    let Ok((mut stream, _)) = listener.accept() else { return };
    let sending = stream.set_write_timeout(Some(LINE_PATIENCE)).and_then(|()| stream.try_clone());
    *locked(&shared.line) = sending.ok();
    while let Ok(Some((number, frame))) = frame::read(&mut stream) {
        let mut state = locked(&shared.state);
        if let Frame::Ready(version) = frame {
            if version != frame::VERSION {
                state.console.extend_from_slice(OLD_AGENT);
                break;
            }
            if state.phase == Phase::Booting {
                state.phase = Phase::Up;
            }
        } else if let Some(heard) = state.processes.get_mut(&number) {
            match frame {
                Frame::Output(bytes) => heard.stdout.extend(bytes),
                Frame::Errors(bytes) => heard.stderr.extend(bytes),
                Frame::Ended(end) => heard.end = Some(Ok(end)),
                Frame::Refused(why) => heard.end = Some(Err(why)),
                _ => {}
            }
        }
        drop(state);
        shared.changed.notify_all();
    }
    // The agent ends on this, and the guest with it.
    let _ = stream.shutdown(Shutdown::Both);
    *locked(&shared.line) = None;
}

const OLD_AGENT: &[u8] =
    b"\nthe guest's agent is of another version; `cargo build -p fencelab-guest --bins` builds it anew\n";

fn console_end(state: &State) -> String {
    end_of(&String::from_utf8_lossy(&state.console), 15)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the lab waits for a guest's agent.
pub(crate) fn agent_socket(folder: &Path, node: usize) -> PathBuf {
    folder.join(format!("{node}.agent"))
}
