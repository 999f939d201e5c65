//! This machine, twice.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Machines, Serving};

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

    fn run(&self, _machine: usize, argv: &[&str]) -> Result<String> {
        let output = command(argv)?.output().with_context(|| format!("failed to start {argv:?}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{}: {said}{}",
            argv.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }

    fn serve(&self, _machine: usize, argv: &[&str], port: Option<u16>) -> Result<Box<dyn Serving + '_>> {
        let child = command(argv)?
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

fn command(argv: &[&str]) -> Result<Command> {
    let (program, args) = argv.split_first().context("no program")?;
    let mut command = Command::new(program);
    command.args(args);
    Ok(command)
}
