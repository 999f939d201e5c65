//! Telnet over a stream: what the codec of RFC 854 makes of it is all that the link's user sees.

use std::time::Duration;

use fencelab_wire::telnet::{Config, Opt, Received, Telnet};

use crate::{Heard, LinkError, Stream};

/// So many pieces that hold nothing but negotiation are taken at one moment before the caller gets a word in: a device that
/// negotiates without end must not keep it for ever.
const NEGOTIATIONS_MAX: u32 = 1_000;

/// Columns and rows of the terminal that is claimed: wide and high enough that no line is folded and little is paged.
const WINDOW: (u16, u16) = (500, 200);

/// A stream whose options are negotiated and whose escapes are undone.
pub(crate) struct TelnetStream<S> {
    inner: S,
    pub(crate) codec: Telnet,
    /// What came while something else was awaited.
    pub(crate) early: Vec<u8>,
}

impl<S: Stream> TelnetStream<S> {
    /// Opens the conversation.
    pub(crate) fn open(inner: S) -> Result<Self, LinkError> {
        let mut config = Config { window: WINDOW, ..Config::client() };
        // What is sent is lines, and only without BINARY is CR LF the end of one and not two keys (RFC 854, RFC 856). A
        // device that wants it lives without.
        config.ours.retain(|opt| *opt != Opt::BINARY);
        Self::begin(inner, config)
    }

    /// What the codec wants to say first is said.
    pub(crate) fn begin(mut inner: S, config: Config) -> Result<Self, LinkError> {
        let mut codec = Telnet::new(config);
        let opening = codec.open();
        if !opening.is_empty() {
            inner.send(&opening)?;
        }
        Ok(Self { inner, codec, early: Vec::new() })
    }

    /// What comes next, once the codec has had its say; `Err` in it: silence, or the end.
    pub(crate) fn hear(&mut self, until: Duration) -> Result<Result<Received, Heard>, LinkError> {
        let bytes = match self.inner.receive(until)? {
            Heard::Bytes(bytes) => bytes,
            other => return Ok(Err(other)),
        };
        let received = self.codec.receive(&bytes);
        if !received.reply.is_empty() {
            self.inner.send(&received.reply)?;
        }
        Ok(Ok(received))
    }

    /// Says something about an option.
    pub(crate) fn tell(&mut self, opt: Opt, bytes: &[u8]) -> Result<(), LinkError> {
        self.inner.send(&Telnet::tell(opt, bytes))
    }
}

impl<S: Stream> Stream for TelnetStream<S> {
    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let bytes = self.codec.send(bytes);
        self.inner.send(&bytes)
    }

    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError> {
        if !self.early.is_empty() {
            return Ok(Heard::Bytes(std::mem::take(&mut self.early)));
        }
        for _ in 0..NEGOTIATIONS_MAX {
            match self.hear(until)? {
                Ok(received) if received.data.is_empty() => {}
                Ok(received) => return Ok(Heard::Bytes(received.data)),
                Err(other) => return Ok(other),
            }
        }
        Ok(Heard::Silence)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::VecDeque, rc::Rc};

    use super::*;

    /// What was sent, and what is to be heard.
    #[derive(Clone, Default)]
    struct Script {
        sent: Rc<RefCell<Vec<u8>>>,
        heard: Rc<RefCell<VecDeque<Heard>>>,
    }

    impl Stream for Script {
        fn now(&self) -> Duration {
            Duration::ZERO
        }

        fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
            self.sent.borrow_mut().extend(bytes);
            Ok(())
        }

        fn receive(&mut self, _: Duration) -> Result<Heard, LinkError> {
            Ok(self.heard.borrow_mut().pop_front().unwrap_or(Heard::Silence))
        }
    }

    #[test]
    fn negotiation_is_answered_and_not_seen() {
        let script = Script::default();
        let mut telnet = TelnetStream::open(script.clone()).unwrap();
        script.sent.borrow_mut().clear();
        // WILL ECHO alone, then its end cut off from the text.
        script.heard.borrow_mut().extend([
            Heard::Bytes(vec![255, 251, 1]),
            Heard::Bytes(b"log\xff".to_vec()),
            Heard::Bytes(vec![241, b'i', b'n', 255, 255]),
            Heard::End,
        ]);
        assert_eq!(telnet.receive(Duration::ZERO), Ok(Heard::Bytes(b"log".to_vec())));
        assert_eq!(*script.sent.borrow(), [255, 253, 1], "DO ECHO");
        assert_eq!(telnet.receive(Duration::ZERO), Ok(Heard::Bytes(b"in\xff".to_vec())));
        assert_eq!(telnet.receive(Duration::ZERO), Ok(Heard::End));
    }

    #[test]
    fn what_would_be_a_command_is_escaped() {
        let script = Script::default();
        let mut telnet = TelnetStream::open(script.clone()).unwrap();
        script.sent.borrow_mut().clear();
        telnet.send(b"a\xff\r").unwrap();
        assert_eq!(*script.sent.borrow(), [b'a', 255, 255, b'\r', 0]);
    }

    #[test]
    fn endless_negotiation_is_silence() {
        let script = Script::default();
        let mut telnet = TelnetStream::open(script.clone()).unwrap();
        script.heard.borrow_mut().extend(vec![Heard::Bytes(vec![255, 241]); 2_000]);
        assert_eq!(telnet.receive(Duration::ZERO), Ok(Heard::Silence));
    }
}
