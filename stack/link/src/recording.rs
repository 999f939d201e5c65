//! A decorator: the same world, but each datagram, and each piece of a stream, is also handed to a callback.

use std::{cell::RefCell, rc::Rc, time::Duration};

use crate::{Datagrams, Heard, Level, LinkError, Stream, Target, Way, World};

/// Which way something went.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From the agent to the device.
    ToDevice,
    /// From the device to the agent.
    FromDevice,
}

/// Receives `(time, target, direction, bytes)`. Of a stream it sees the text above the crypto and the telnet options; empty
/// bytes are its end.
pub type Callback<'a> = dyn FnMut(Duration, &Target, Direction, &[u8]) + 'a;

/// One link with a callback. Datagrams are shown when they are sent, and when the agent takes them.
pub struct RecordingDatagrams<D, F> {
    inner: D,
    target: Target,
    callback: F,
}

impl<D: Datagrams, F: FnMut(Duration, &Target, Direction, &[u8])> RecordingDatagrams<D, F> {
    /// Decorates `inner`, which speaks to `target`.
    pub fn new(inner: D, target: Target, callback: F) -> Self {
        Self { inner, target, callback }
    }
}

impl<D: Datagrams, F: FnMut(Duration, &Target, Direction, &[u8])> Datagrams for RecordingDatagrams<D, F> {
    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        (self.callback)(self.inner.now(), &self.target, Direction::ToDevice, bytes);
        self.inner.send(bytes)
    }

    fn receive(&mut self, until: Duration) -> Result<Option<Vec<u8>>, LinkError> {
        let received = self.inner.receive(until)?;
        if let Some(bytes) = &received {
            (self.callback)(self.inner.now(), &self.target, Direction::FromDevice, bytes);
        }
        Ok(received)
    }
}

/// One stream with a callback. Its pieces are shown when they are sent, and when the agent takes them.
pub struct RecordingStream<S, F: FnMut(Duration, &Target, Direction, &[u8])> {
    inner: S,
    target: Target,
    callback: F,
    ended: bool,
}

impl<S: Stream, F: FnMut(Duration, &Target, Direction, &[u8])> RecordingStream<S, F> {
    /// Decorates `inner`, which speaks to `target`.
    pub fn new(inner: S, target: Target, callback: F) -> Self {
        Self { inner, target, callback, ended: false }
    }
}

impl<S: Stream, F: FnMut(Duration, &Target, Direction, &[u8])> Stream for RecordingStream<S, F> {
    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        if !bytes.is_empty() {
            (self.callback)(self.inner.now(), &self.target, Direction::ToDevice, bytes);
        }
        self.inner.send(bytes)
    }

    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError> {
        let heard = self.inner.receive(until)?;
        match &heard {
            Heard::Bytes(bytes) => {
                (self.callback)(self.inner.now(), &self.target, Direction::FromDevice, bytes)
            }
            Heard::End if !self.ended => {
                self.ended = true;
                (self.callback)(self.inner.now(), &self.target, Direction::FromDevice, &[]);
            }
            Heard::End | Heard::Silence => {}
        }
        Ok(heard)
    }
}

impl Datagrams for Box<dyn Datagrams> {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        (**self).send(bytes)
    }

    fn receive(&mut self, until: Duration) -> Result<Option<Vec<u8>>, LinkError> {
        (**self).receive(until)
    }
}

/// A world whose links all have the same callback.
pub struct RecordingWorld<'a> {
    inner: &'a mut dyn World,
    callback: Rc<RefCell<Callback<'static>>>,
}

impl<'a> RecordingWorld<'a> {
    /// Decorates `inner`.
    pub fn new(
        inner: &'a mut dyn World,
        callback: impl FnMut(Duration, &Target, Direction, &[u8]) + 'static,
    ) -> Self {
        Self { inner, callback: Rc::new(RefCell::new(callback)) }
    }
}

impl World for RecordingWorld<'_> {
    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn sleep(&mut self, time: Duration) {
        self.inner.sleep(time);
    }

    fn random(&mut self, buf: &mut [u8]) {
        self.inner.random(buf);
    }

    fn datagrams(&mut self, target: &Target) -> Result<Box<dyn Datagrams>, LinkError> {
        let inner = self.inner.datagrams(target)?;
        let callback = Rc::clone(&self.callback);
        let tell = move |at: Duration, target: &Target, direction: Direction, bytes: &[u8]| {
            (callback.borrow_mut())(at, target, direction, bytes);
        };
        Ok(Box::new(RecordingDatagrams::new(inner, target.clone(), tell)))
    }

    fn stream(&mut self, target: &Target, way: &Way, until: Duration) -> Result<Box<dyn Stream>, LinkError> {
        let inner = self.inner.stream(target, way, until)?;
        let callback = Rc::clone(&self.callback);
        let tell = move |at: Duration, target: &Target, direction: Direction, bytes: &[u8]| {
            (callback.borrow_mut())(at, target, direction, bytes);
        };
        Ok(Box::new(RecordingStream::new(inner, target.clone(), tell)))
    }

    fn run_script(&mut self, command: &str) -> Result<String, LinkError> {
        self.inner.run_script(command)
    }

    fn log(&mut self, level: Level, line: &str) {
        self.inner.log(level, line);
    }

    fn cancelled(&self) -> bool {
        self.inner.cancelled()
    }

    fn append_file(&mut self, path: &str, line: &str) -> Result<(), LinkError> {
        self.inner.append_file(path, line)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::memory::{MemoryWorld, Peer};

    /// Answers `pong` at once.
    #[derive(Default)]
    struct Pong(Vec<SocketAddr>);

    impl Peer for Pong {
        fn deliver(&mut self, _: Duration, from: SocketAddr, _: &[u8]) {
            self.0.push(from);
        }

        fn next(&self) -> Option<Duration> {
            (!self.0.is_empty()).then_some(Duration::ZERO)
        }

        fn take(&mut self, _: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
            self.0.drain(..).map(|to| (to, b"pong".to_vec())).collect()
        }
    }

    #[test]
    fn both_ways_are_shown_in_order() {
        let mut world = MemoryWorld::new(0);
        world.route("bmc", 623, Rc::new(RefCell::new(Pong::default())));
        let seen = Rc::new(RefCell::new(Vec::new()));
        let keep = Rc::clone(&seen);
        let mut recording = RecordingWorld::new(&mut world, move |at, target, direction, bytes| {
            keep.borrow_mut().push((at, target.to_string(), direction, bytes.to_vec()));
        });
        let mut link = recording.datagrams(&Target::new("bmc", 623)).unwrap();
        link.send(b"ping").unwrap();
        assert_eq!(link.receive(Duration::from_secs(1)), Ok(Some(b"pong".to_vec())));
        let name = "bmc:623".to_owned();
        let ping = (Duration::ZERO, name.clone(), Direction::ToDevice, b"ping".to_vec());
        let pong = (Duration::ZERO, name, Direction::FromDevice, b"pong".to_vec());
        assert_eq!(*seen.borrow(), [ping, pong]);
    }

    /// Greets whoever calls, and hangs up.
    #[derive(Default)]
    struct Greeter(Option<SocketAddr>);

    impl Peer for Greeter {
        fn deliver(&mut self, _: Duration, _: SocketAddr, _: &[u8]) {}

        fn connect(&mut self, _: Duration, from: SocketAddr, _: &Way) -> bool {
            self.0 = Some(from);
            true
        }

        fn next(&self) -> Option<Duration> {
            self.0.map(|_| Duration::ZERO)
        }

        fn take(&mut self, _: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
            self.0.take().into_iter().flat_map(|to| [(to, b"hi".to_vec()), (to, Vec::new())]).collect()
        }
    }

    #[test]
    fn a_stream_is_shown_with_its_end() {
        let mut world = MemoryWorld::new(0);
        world.route("pdu", 23, Rc::new(RefCell::new(Greeter::default())));
        let seen = Rc::new(RefCell::new(Vec::new()));
        let keep = Rc::clone(&seen);
        let mut recording = RecordingWorld::new(&mut world, move |_, _, direction, bytes| {
            keep.borrow_mut().push((direction, bytes.to_vec()));
        });
        let soon = Duration::from_secs(1);
        let mut link = recording.stream(&Target::new("pdu", 23), &Way::Tcp, soon).unwrap();
        link.send(b"?").unwrap();
        for _ in 0..3 {
            link.receive(soon).unwrap();
        }
        let from = Direction::FromDevice;
        let wanted = [(Direction::ToDevice, b"?".to_vec()), (from, b"hi".to_vec()), (from, Vec::new())];
        assert_eq!(*seen.borrow(), wanted);
    }
}
