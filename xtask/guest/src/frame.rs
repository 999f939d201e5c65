//! What a host and the agent in a guest say to each other, in both directions: frames of a length (4 bytes, little-endian),
//! a process's number (4 bytes), a kind (1 byte) and a payload.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// The version of this language; both sides are built of one source, but an old agent may lie around.
pub const VERSION: u32 = 1;

/// The longest payload; output is cut into pieces of at most this.
pub const MAX_PAYLOAD: usize = 32 * 1024;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Guest: the agent runs, and speaks this version.
    Ready(u32),
    /// Host: start this command.
    Start(Start),
    /// Host: bytes for standard input.
    Input(Vec<u8>),
    /// Host: standard input ends.
    InputEnd,
    /// Host: send this signal to the process and its children.
    Signal(i32),
    /// Guest: bytes of standard output.
    Output(Vec<u8>),
    /// Guest: bytes of standard error.
    Errors(Vec<u8>),
    /// Guest: it has ended and all of its output has been sent.
    Ended(End),
    /// Guest: it could not be started, and why.
    Refused(String),
}

/// A command to start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Start {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// What is added to the environment.
    pub environment: Vec<(String, String)>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct End {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// Writes one frame at once.
///
/// # Errors
/// When the line is closed.
pub fn write(line: &mut impl Write, process: u32, frame: &Frame) -> io::Result<()> {
    let (kind, payload) = match frame {
        Frame::Ready(version) => (0, version.to_le_bytes().to_vec()),
        Frame::Start(start) => (1, serde_json::to_vec(start)?),
        Frame::Input(bytes) => (2, bytes.clone()),
        Frame::InputEnd => (3, Vec::new()),
        Frame::Signal(number) => (4, number.to_le_bytes().to_vec()),
        Frame::Output(bytes) => (5, bytes.clone()),
        Frame::Errors(bytes) => (6, bytes.clone()),
        Frame::Ended(end) => (7, serde_json::to_vec(end)?),
        Frame::Refused(why) => (8, why.clone().into_bytes()),
    };
    let length = u32::try_from(payload.len()).map_err(|_| invalid("a frame is too long".to_owned()))?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(&process.to_le_bytes());
    bytes.push(kind);
    bytes.extend(payload);
    line.write_all(&bytes)?;
    line.flush()
}

/// Reads one frame; none when the line ends.
///
/// # Errors
/// When the line breaks, or what is read is no frame.
pub fn read(line: &mut impl Read) -> io::Result<Option<(u32, Frame)>> {
    let mut head = [0; 9];
    if line.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    line.read_exact(&mut head[1..])?;
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (length, process) = (number(0) as usize, number(4));
    // Only a command line may be longer than a piece of output.
    if length > 32 * MAX_PAYLOAD {
        return Err(invalid(format!("a frame of {length} bytes")));
    }
    let mut payload = vec![0; length];
    line.read_exact(&mut payload)?;
    let four = || payload.as_slice().try_into().map_err(|_| invalid("a frame is too short".to_owned()));
    let frame = match head[8] {
        0 => Frame::Ready(u32::from_le_bytes(four()?)),
        1 => Frame::Start(serde_json::from_slice(&payload)?),
        2 => Frame::Input(payload),
        3 => Frame::InputEnd,
        4 => Frame::Signal(i32::from_le_bytes(four()?)),
        5 => Frame::Output(payload),
        6 => Frame::Errors(payload),
        7 => Frame::Ended(serde_json::from_slice(&payload)?),
        8 => Frame::Refused(String::from_utf8_lossy(&payload).into_owned()),
        kind => return Err(invalid(format!("a frame of the unknown kind {kind}"))),
    };
    Ok(Some((process, frame)))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let start = Start {
            argv: vec!["sh".to_owned(), "-c".to_owned(), "true".to_owned()],
            environment: vec![("A".to_owned(), "ü".to_owned())],
        };
        let frames = [
            Frame::Ready(VERSION),
            Frame::Start(start),
            Frame::Input(vec![0, 255]),
            Frame::InputEnd,
            Frame::Signal(9),
            Frame::Output(b"out".to_vec()),
            Frame::Errors(Vec::new()),
            Frame::Ended(End { code: Some(3), signal: None }),
            Frame::Refused("no such file".to_owned()),
        ];
        let mut line = Vec::new();
        for (number, frame) in (0..).zip(&frames) {
            write(&mut line, number, frame).unwrap();
        }
        let mut line = line.as_slice();
        for (number, frame) in (0..).zip(frames) {
            assert_eq!(read(&mut line).unwrap(), Some((number, frame)));
        }
        assert_eq!(read(&mut line).unwrap(), None);
    }

    #[test]
    fn no_bytes_are_a_panic() {
        for bytes in [&[1][..], &[0xff; 9], &[0, 0, 0, 0, 0, 0, 0, 0, 99], &[1, 0, 0, 0, 0, 0, 0, 0, 4, 9]] {
            read(&mut &*bytes).unwrap_err();
        }
    }
}
