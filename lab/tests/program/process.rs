//! Running programs, and the control interface.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// The program, with nothing of the caller's environment that could change what it does.
pub(crate) fn fencelab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fencelab"));
    for name in [
        "FENCELAB_CORPUS",
        "FENCELAB_USER",
        "FENCELAB_PASSWORD",
        "FENCELAB_KG",
        "FENCELAB_LOG",
        "FENCELAB_BMC_USER",
        "FENCELAB_BMC_PASSWORD",
        "FENCELAB_BMC_KG",
        "FENCELAB_CONSOLE_USER",
        "FENCELAB_CONSOLE_PASSWORD",
        "FENCELAB_CONSOLE_IDENTITY",
        "FENCELAB_CONSOLE_PROMPT",
        "FENCELAB_SNMP_COMMUNITY",
        "FENCELAB_SNMP_USER",
        "FENCELAB_SNMP_PASSWORD",
        "FENCELAB_SNMP_AUTH",
        "FENCELAB_SNMP_PRIVACY",
        "FENCELAB_SNMP_PRIVACY_PASSWORD",
    ] {
        command.env_remove(name);
    }
    command
}

/// The workspace.
pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs to the end.
pub(crate) fn run(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; is it installed?"))
}

/// Runs to the end; it must succeed. Answers what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, told(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Everything that was printed.
pub(crate) fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A program of ours that serves. It is killed when dropped.
pub(crate) struct Serving {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Serving {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// The next JSON line that it prints: it is ready then.
    pub(crate) fn ready(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    /// Ends it by a signal; answers its exit code.
    pub(crate) fn end(mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request to the control interface: the status and the JSON that came back.
pub(crate) fn ask(control: &Value, method: &str, path: &str, body: &str, header: &str) -> (u16, Value) {
    let host = control.as_str().unwrap().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{header}\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{answer}: {error}")))
}
