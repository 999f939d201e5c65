//! This machine, twice: each half has a processor of its own. Where both share one, a message takes a twentieth of the time, and
//! whether they do changes from second to second.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Machines, Serving, Subject};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// The loopback interface.
pub struct Loopback;

struct Server(Child);

impl Serving for Server {}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended by itself, or does so now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Machines for Loopback {
    fn address(&self, _machine: usize) -> String {
        Ipv4Addr::LOCALHOST.to_string()
    }

    fn port(&self) -> Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port")?;
        Ok(listener.local_addr().context("failed to find a free port")?.port())
    }

    fn round_trips(&self, _subject: Subject) -> u32 {
        15_000
    }

    fn run(&self, machine: usize, argv: &[&str]) -> Result<String> {
        let output = command(machine, argv).output().with_context(|| format!("failed to start {argv:?}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{}: {said}{}",
            argv.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }

    fn serve(&self, machine: usize, argv: &[&str], port: Option<u16>) -> Result<Box<dyn Serving + '_>> {
        let child = command(machine, argv)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("failed to start {argv:?}"))?;
        let server = Server(child);
        let start = Instant::now();
        while let Some(port) = port {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                break;
            }
            ensure!(start.elapsed() < PATIENCE, "{} does not listen on port {port}", argv.join(" "));
            yield_now();
        }
        Ok(Box::new(server))
    }
}

fn command(machine: usize, argv: &[&str]) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &machine.to_string()]).args(argv);
    command
}
