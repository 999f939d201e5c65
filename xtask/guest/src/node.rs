//! One guest of a lab.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::error::GuestError;
use crate::lab::Plan;
use crate::machine::Machine;
use crate::options::Kernel;
use crate::process::{Process, Ran};

/// A guest. Its address is `10.77.0.N` on `eth0`, its name `nodeN`, its RDMA device [`Node::device`].
pub struct Node {
    number: usize,
    plan: Arc<Plan>,
    machine: Mutex<Arc<Machine>>,
}

impl Node {
    pub(crate) fn start(number: usize, plan: &Arc<Plan>) -> Result<Self, GuestError> {
        let machine = Mutex::new(Arc::new(plan.start(number)?));
        Ok(Self { number, plan: Arc::clone(plan), machine })
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Its address in the guests' network.
    #[must_use]
    pub fn address(&self) -> String {
        format!("10.77.0.{}", self.number)
    }

    /// Its RDMA device: `rxe0` or `siw0`.
    #[must_use]
    pub fn device(&self) -> String {
        format!("{}0", self.plan.options.rdma.name())
    }

    /// The device of its console, for a shell that [`Node::type_from`] is to type to.
    #[must_use]
    pub fn terminal(&self) -> &'static str {
        match self.plan.options.kernel {
            Kernel::Debian => "/dev/ttyS0",
            Kernel::UserMode => "/dev/tty0",
        }
    }

    /// Runs a command to its end, within the lab's patience.
    ///
    /// # Errors
    /// When it can't be started, is not done in time, or the guest is gone. That it fails is no error: see [`Ran::code`].
    pub fn run<S: Into<String>>(&self, argv: impl IntoIterator<Item = S>) -> Result<Ran, GuestError> {
        self.run_within(self.plan.options.patience, argv)
    }

    /// The same within another time.
    ///
    /// # Errors
    /// As [`Node::run`].
    pub fn run_within<S: Into<String>>(
        &self,
        limit: Duration,
        argv: impl IntoIterator<Item = S>,
    ) -> Result<Ran, GuestError> {
        let process = self.spawn(argv)?;
        process.close_input()?;
        process.wait(limit)
    }

    /// Starts a command, any number of them beside each other.
    ///
    /// # Errors
    /// When the guest is gone. A program that is not there is told by what waits for it.
    pub fn spawn<S: Into<String>>(&self, argv: impl IntoIterator<Item = S>) -> Result<Process, GuestError> {
        self.spawn_with(argv, &[])
    }

    /// The same, with more in the environment.
    ///
    /// # Errors
    /// As [`Node::spawn`].
    pub fn spawn_with<S: Into<String>>(
        &self,
        argv: impl IntoIterator<Item = S>,
        environment: &[(&str, &str)],
    ) -> Result<Process, GuestError> {
        let argv = argv.into_iter().map(Into::into).collect();
        let environment =
            environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Process::start(self.machine(), argv, environment)
    }

    /// Waits until a program in the guest listens on a TCP port.
    ///
    /// # Errors
    /// When none does within the lab's patience, or the guest is gone.
    pub fn wait_until_listening(&self, port: u16) -> Result<(), GuestError> {
        // The kernel's table: local address, remote address, state 0A (listening).
        let script = format!(
            "until grep -q ':{port:04X} 0*:0000 0A ' /proc/net/tcp /proc/net/tcp6; do usleep 10000; done"
        );
        self.run(["sh", "-c", &script]).map(drop)
    }

    /// Writes a file in the guest, executable, by its standard input.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<(), GuestError> {
        let script = "cat > \"$0\" && chmod 755 \"$0\"";
        let process = self.spawn(["sh", "-c", script, path])?;
        process.write(bytes)?;
        process.close_input()?;
        self.succeeded("writing", path, &process.wait(self.plan.options.patience)?)
    }

    /// Reads a file of the guest.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn get(&self, path: &str) -> Result<Vec<u8>, GuestError> {
        let ran = self.run(["cat", path])?;
        self.succeeded("reading", path, &ran)?;
        Ok(ran.stdout)
    }

    /// Stops the whole guest as if it hung: nothing in it runs, nothing in it answers. Its clocks go on.
    pub fn freeze(&self) {
        self.machine().signal(Signal::SIGSTOP);
    }

    /// Lets a frozen guest go on.
    pub fn thaw(&self) {
        self.machine().signal(Signal::SIGCONT);
    }

    /// Ends the guest at once, as if its power were cut; and waits until it has ended.
    pub fn kill(&self) {
        let machine = self.machine();
        machine.signal(Signal::SIGKILL);
        drop(machine.wait(self.plan.options.patience, |_| false));
    }

    /// Whether the guest has ended.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.machine().is_gone()
    }

    /// Boots the guest anew, from whatever state, and waits until it is up.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&self) -> Result<(), GuestError> {
        self.kill();
        let machine = Arc::new(self.plan.start(self.number)?);
        *self.machine.lock().unwrap_or_else(PoisonError::into_inner) = machine;
        self.wait_until_up()
    }

    /// What its console has said, or the end of it if that is long.
    #[must_use]
    pub fn console(&self) -> String {
        self.machine().console()
    }

    /// From now on what the console says is also written to `to`.
    pub fn echo_console(&self, to: impl Write + Send + 'static) {
        self.machine().echo_console(Box::new(to));
    }

    /// From now on what comes from `from` is typed on its console, and Ctrl-D after its end. Somebody must read there, such
    /// as a shell on [`Node::terminal`].
    pub fn type_from(&self, mut from: impl Read + Send + 'static) {
        // Nothing ends a read of a terminal: this must not keep the guest alive, and ends with the program.
        let machine = Arc::downgrade(&self.machine());
        thread::spawn(move || {
            let mut bytes = [0; 256];
            while let Ok(length) = from.read(&mut bytes) {
                let Some(machine) = machine.upgrade() else { return };
                let typed: &[u8] = if length == 0 { b"\x04" } else { &bytes[..length] };
                if machine.type_on_console(typed).is_err() || length == 0 {
                    return;
                }
            }
        });
    }

    pub(crate) fn wait_until_up(&self) -> Result<(), GuestError> {
        self.machine().wait_until_up(self.plan.options.boot_limit)
    }

    fn machine(&self) -> Arc<Machine> {
        Arc::clone(&self.machine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn succeeded(&self, what: &str, path: &str, ran: &Ran) -> Result<(), GuestError> {
        if ran.is_success() {
            return Ok(());
        }
        let (command, problem) = (format!("{what} {path}"), ran.text());
        Err(GuestError::CannotRun { node: self.number, command, problem })
    }
}
