//! Our own program as anybody starts it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running `fencelab emulate` (or another verb that serves); it ends with this value.
#[derive(Debug)]
pub struct Emulator {
    /// Its faces, in the order in which it named them.
    pub faces: Vec<Ready>,
    child: Child,
}

/// The line that says that a face is ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where the face listens.
    pub address: SocketAddr,
    /// The whole line.
    pub line: Value,
}

impl Emulator {
    /// Starts `program` with `args` and reads the lines of its first `faces` faces.
    ///
    /// # Panics
    /// When it can't be started, or says something else than that it is ready.
    pub fn start<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>, faces: usize) -> Self {
        Self::start_with(program, args, faces, &[])
    }

    /// The same, with more in the environment.
    ///
    /// # Panics
    /// As [`Emulator::start`].
    pub fn start_with<S: AsRef<OsStr>>(
        program: &Path,
        args: impl IntoIterator<Item = S>,
        faces: usize,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("can't run {}: {error}; `cargo build --bins` builds it", program.display())
            });
        let output = child.stdout.take().expect("its output was asked for");
        let faces = BufReader::new(output)
            .lines()
            .take(faces)
            .map(|line| Ready::parse(&line.expect("it prints text")))
            .collect();
        Self { faces, child }
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its first face listens.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.faces.first().expect("it has a face").address
    }
}

impl Ready {
    fn parse(line: &str) -> Self {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("it is not ready: {error}: {line:?}"));
        let address = value["address"].as_str().and_then(|address| address.parse().ok());
        let port = value["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let (Some(ip), Some(port)) = (address, port) else { panic!("no address and port in {line}") };
        Self { address: SocketAddr::new(ip, port), line: value }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
