//! Ending cleanly.

use fencelab_suites::Stop;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Exit, Failure, OrExit};

/// The signals that end the program, caught from now on.
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to catch SIGINT and SIGTERM. To be called before anybody is told that the program is ready.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind)
                .map_err(|error| anyhow::anyhow!("cannot catch signals: {error}"))
                .or_exit(Exit::System)
        };
        Ok(Self { interrupt: catch(SignalKind::interrupt())?, terminate: catch(SignalKind::terminate())? })
    }

    /// Waits for one of them.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Lets SIGINT and SIGTERM ask a run to stop, from now to the end of the program: what it has found by then is told. A second
/// signal ends the program at once, as the first one does elsewhere.
pub(crate) fn ask_to_stop(stop: Stop) -> Result<(), Failure> {
    let runtime = runtime()?;
    let mut signals = runtime.block_on(async { Signals::catch() })?;
    std::thread::spawn(move || {
        runtime.block_on(signals.wait());
        eprintln!("fencelab: interrupted; what was found so far is told (interrupt again to end at once)");
        stop.ask();
        runtime.block_on(signals.wait());
        // As a shell has it: 128 and SIGINT.
        std::process::exit(130);
    });
    Ok(())
}

/// A runtime for sockets and signals. One thread: a datagram is answered by the thread that the kernel wakes for it, and
/// handling it costs less than waking another.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| anyhow::anyhow!("cannot start the runtime: {error}"))
        .or_exit(Exit::System)
}

/// Raises the number of files this process may have open as far as it may: thousands of devices have a socket each.
pub(crate) fn raise_file_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::debug!("the limit of open files stays as it is: {error}");
    }
}
