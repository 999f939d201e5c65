//! The control socket: one datagram a message, in sequence, with the descriptors of a run's standard streams beside it.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, Shutdown, SockFlag, SockType, recv, sendmsg, shutdown,
    socketpair,
};

/// No answer is longer: a kind, two numbers, and a reason that is cut.
const ANSWER_LIMIT: usize = 4096;

/// What the interpreter says.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// It has imported the libraries, and takes runs.
    Ready,
    /// It takes no runs, and why.
    Refused(String),
    /// The run is this process, whose next step is the script.
    Began(u64, i32),
    /// The script was not touched, and why.
    Failed(u64, String),
    /// The process was waited for: its wait status.
    Ended(u64, i32),
}

/// A message to the interpreter.
#[derive(Debug)]
pub(super) struct Request {
    /// Which run it is about.
    pub(super) number: u64,
    /// Fields that each end in NUL, but for the last.
    pub(super) text: Vec<u8>,
    /// Standard input, output and error of a new run.
    pub(super) streams: Vec<OwnedFd>,
}

/// Both ends of a control socket. No program that we start inherits them.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// Sends a message, and waits where the other end is behind.
pub(super) fn send(socket: &OwnedFd, request: &Request) -> io::Result<()> {
    let streams: Vec<RawFd> = request.streams.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&streams)];
    let beside = if streams.is_empty() { &[] } else { rights.as_slice() };
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(&request.text)], beside, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// The next answer; `None` when nobody is left at the other end, or something else than an interpreter of ours is there.
pub(super) fn receive(socket: &OwnedFd) -> Option<Answer> {
    let mut buffer = vec![0; ANSWER_LIMIT];
    loop {
        match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(count) => return parse(buffer.get(..count)?),
            Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

/// Tells the other end that no more messages will come.
pub(super) fn close(socket: &OwnedFd) {
    // It fails only where the other end is gone already.
    let _ = shutdown(socket.as_raw_fd(), Shutdown::Write);
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let fields: Vec<&str> = text.split('\0').collect();
    Some(match fields.as_slice() {
        ["ready"] => Answer::Ready,
        ["refused", why] => Answer::Refused((*why).to_owned()),
        ["began", number, process] => Answer::Began(number.parse().ok()?, process.parse().ok()?),
        ["failed", number, why] => Answer::Failed(number.parse().ok()?, (*why).to_owned()),
        ["ended", number, status] => Answer::Ended(number.parse().ok()?, status.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        assert_eq!(parse(b"ready"), Some(Answer::Ready));
        assert_eq!(parse(b"refused\0threads"), Some(Answer::Refused("threads".to_owned())));
        assert_eq!(parse(b"began\x007\x00123"), Some(Answer::Began(7, 123)));
        assert_eq!(parse(b"failed\x007\0no folder"), Some(Answer::Failed(7, "no folder".to_owned())));
        assert_eq!(parse(b"ended\x007\x00256"), Some(Answer::Ended(7, 256)));
        for other in [&b""[..], b"ready\0", b"began\x007", b"ended\0x\x000", b"\xff"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_message_brings_its_streams_and_the_end_is_seen() {
        let (ours, theirs) = pair().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        send(&ours, &Request { number: 1, text: b"ready".to_vec(), streams: vec![writer.into()] }).unwrap();
        assert_eq!(receive(&theirs), Some(Answer::Ready));
        // Nobody took the descriptor, so the pipe is at its end.
        assert_eq!(io::Read::read(&mut reader, &mut [0; 1]).unwrap(), 0);
        close(&ours);
        assert_eq!(receive(&theirs), None);
    }
}
