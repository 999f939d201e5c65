//! The agent inside of a guest: starts what the host asks for on the line that is its only argument, and sends back what
//! it says. It ends when the host closes the line.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use fencelab_guest::frame::{self, End, Frame, Start};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The host's line, shared by the threads that write to it.
type Line = Arc<Mutex<File>>;

struct Running {
    group: Pid,
    /// Standard input has a thread of its own, as whoever does not read it must not hold up the others.
    input: Option<Sender<Vec<u8>>>,
}

fn main() -> io::Result<()> {
    let path = std::env::args().nth(1).expect("the line's device is the only argument");
    let mut reading = open(&path)?;
    let line: Line = Arc::new(Mutex::new(reading.try_clone()?));
    say(&line, 0, &Frame::Ready(frame::VERSION));
    let running: Arc<Mutex<HashMap<u32, Running>>> = Arc::default();
    while let Some((number, frame)) = frame::read(&mut reading)? {
        let mut table = running.lock().unwrap_or_else(PoisonError::into_inner);
        match frame {
            Frame::Start(start) => match spawn(&start) {
                Ok(child) => {
                    let (input, bytes) = mpsc::channel();
                    let group = Pid::from_raw(child.id().cast_signed());
                    table.insert(number, Running { group, input: Some(input) });
                    let (line, running) = (Arc::clone(&line), Arc::clone(&running));
                    thread::spawn(move || attend(child, bytes, &line, number, &running));
                }
                Err(error) => say(&line, number, &Frame::Refused(error.to_string())),
            },
            // What comes for a process that has just ended is late, not wrong.
            Frame::Input(bytes) => {
                if let Some(Running { input: Some(input), .. }) = table.get(&number) {
                    let _ = input.send(bytes);
                }
            }
            Frame::InputEnd => {
                if let Some(process) = table.get_mut(&number) {
                    process.input = None;
                }
            }
            Frame::Signal(signal) => {
                if let (Some(process), Ok(signal)) = (table.get(&number), Signal::try_from(signal)) {
                    let _ = killpg(process.group, signal);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The kernel makes the device some time after its driver is loaded, and says nothing that could be waited for.
fn open(path: &str) -> io::Result<File> {
    loop {
        match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => thread::sleep(Duration::from_millis(2)),
            result => return result,
        }
    }
}

fn spawn(start: &Start) -> io::Result<Child> {
    let (program, arguments) =
        start.argv.split_first().ok_or_else(|| io::Error::other("a command needs a program"))?;
    Command::new(program)
        .args(arguments)
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn attend(
    mut child: Child,
    input: mpsc::Receiver<Vec<u8>>,
    line: &Line,
    number: u32,
    running: &Mutex<HashMap<u32, Running>>,
) {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // It ends with the process at the latest, when nobody reads what it writes or nobody sends any more.
    thread::spawn(move || stdin.map(|stdin| feed(stdin, &input)));
    thread::scope(|scope| {
        scope.spawn(|| stdout.map(|out| forward(out, line, number, Frame::Output)));
        scope.spawn(|| stderr.map(|errors| forward(errors, line, number, Frame::Errors)));
    });
    let end = match child.wait() {
        Ok(status) => Frame::Ended(End { code: status.code(), signal: status.signal() }),
        Err(error) => Frame::Refused(error.to_string()),
    };
    running.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    say(line, number, &end);
}

fn feed(mut stdin: ChildStdin, input: &mpsc::Receiver<Vec<u8>>) {
    while let Ok(bytes) = input.recv() {
        if stdin.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn forward(mut from: impl Read, line: &Line, number: u32, kind: fn(Vec<u8>) -> Frame) {
    let mut bytes = vec![0; frame::MAX_PAYLOAD];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        say(line, number, &kind(bytes[..length].to_vec()));
    }
}

/// Without the host nobody is left to be told that it is gone; the reader of the line notices and ends the guest.
fn say(line: &Line, number: u32, frame: &Frame) {
    let _ = frame::write(&mut *line.lock().unwrap_or_else(PoisonError::into_inner), number, frame);
}
