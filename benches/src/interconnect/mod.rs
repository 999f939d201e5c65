//! Ping-pong and streams between two machines: `fencelab bench fabric` and the tools of the field, in turn.

mod guests;
mod loopback;
mod ours;
mod perftest;
mod qperf;
mod sockperf;

use anyhow::Result;

pub use guests::Guests;
pub use loopback::Loopback;
pub use ours::Ours;
pub use perftest::Perftest;
pub use qperf::Qperf;
pub use sockperf::Sockperf;

/// A transport, a way of waiting and a size.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Subject {
    /// As `--transport` has it: `udp`, `tcp`, `rc` or `ud`.
    pub transport: &'static str,
    /// As `--waiting` has it: `events` or `polled`.
    pub waiting: &'static str,
    /// Bytes of a message.
    pub bytes: usize,
}

/// What a tool measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// The median of half the round trips, in microseconds.
    pub median: Option<f64>,
    /// The mean of half the round trips, in microseconds.
    pub mean: Option<f64>,
    /// Messages a second that came.
    pub rate: Option<f64>,
}

/// Two machines: programs run on each, by number, 0 and 1.
pub trait Machines {
    /// Where it is found by the other.
    fn address(&self, machine: usize) -> String;

    /// A port that is free on both.
    ///
    /// # Errors
    /// There is none.
    fn port(&self) -> Result<u16>;

    /// So many round trips take about a second, as qperf's and sockperf's: the first hundreds are slower, which shows in means.
    fn round_trips(&self, subject: Subject) -> u32;

    /// Waits until what was measured before leaves nothing that the next would have to bear.
    ///
    /// # Errors
    /// It stays.
    fn settle(&self) -> Result<()> {
        Ok(())
    }

    /// Runs a program to its end. Answers its standard output.
    ///
    /// # Errors
    /// It fails, or is not done in time.
    fn run(&self, machine: usize, argv: &[&str]) -> Result<String>;

    /// Starts a program that serves, and waits until it listens on this TCP port, where one is given. It ends with what is answered.
    ///
    /// # Errors
    /// It cannot be started, or does not listen.
    fn serve(&self, machine: usize, argv: &[&str], port: Option<u16>) -> Result<Box<dyn Serving + '_>>;
}

/// A program that serves, and is killed when this is dropped.
pub trait Serving {}

/// A tool of the field.
pub trait Tool {
    /// Its name, as its documentation has it.
    fn name(&self) -> &'static str;

    /// Measures, where it can: machine 0 asks machine 1.
    ///
    /// # Errors
    /// It failed, or says what is not understood.
    fn measure(&self, machines: &dyn Machines, subject: Subject) -> Result<Figures>;
}
