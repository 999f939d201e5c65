//! Which segments belong to one connection, and who of the two is the device.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::{At, Half, Segment};

/// All that two ends said in one connection.
#[derive(Clone, Debug)]
pub(in super::super) struct Connection {
    /// Who sent the first captured segment, and who got it.
    ends: [SocketAddr; 2],
    /// What each of them sent.
    halves: [Half; 2],
    /// Which of them asked for the connection, if that was captured.
    caller: Option<usize>,
    /// Whether the other one agreed, or there was more than the asking.
    answered: bool,
    /// When its first segment was captured.
    pub(in super::super) began: Duration,
    /// When it was first said that it ends, and which end said so.
    ended: Option<(Duration, usize)>,
}

/// A connection as seen from the device.
#[derive(Clone, Debug)]
pub(in super::super) struct Ends<'a> {
    pub(in super::super) device: SocketAddr,
    pub(in super::super) from_device: &'a Half,
    pub(in super::super) from_client: &'a Half,
    /// When it was first said that it ends, and whether the device said so.
    pub(in super::super) ended: Option<(Duration, bool)>,
    /// Nothing but the two ports tells who the device is.
    pub(in super::super) guessed: bool,
}

impl Connection {
    fn new(from: SocketAddr, to: SocketAddr, began: Duration) -> Self {
        let halves = [Half::default(), Half::default()];
        Self { ends: [from, to], halves, caller: None, answered: false, began, ended: None }
    }

    /// Whether one of the ends has this port.
    pub(in super::super) fn has_port(&self, port: u16) -> bool {
        self.ends.iter().any(|end| end.port() == port)
    }

    /// Both ends, for people.
    pub(in super::super) fn names(&self) -> String {
        let [a, b] = self.ends;
        format!("{a} and {b}")
    }

    /// What each end sent.
    pub(in super::super) fn halves(&self) -> &[Half; 2] {
        &self.halves
    }

    /// Whether more was captured than that one end asked for it.
    pub(in super::super) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Who the device is: who has this port, else who did not ask for the connection, else who has the lower port, as servers
    /// do.
    pub(in super::super) fn ends(&self, port: u16) -> Ends<'_> {
        let [a, b] = self.ends;
        let (device, guessed) = match (a.port() == port, b.port() == port, self.caller) {
            (true, false, _) => (0, false),
            (false, true, _) => (1, false),
            (_, _, Some(caller)) => (1 - caller.min(1), false),
            _ => (usize::from(b.port() < a.port()), true),
        };
        let [first, second] = &self.halves;
        let ended = self.ended.map(|(time, end)| (time, end == device));
        let (device, from_device, from_client) =
            if device == 0 { (a, first, second) } else { (b, second, first) };
        Ends { device, from_device, from_client, ended, guessed }
    }

    fn take(&mut self, at: At, from: usize, segment: &Segment<'_>) {
        let [first, second] = &mut self.halves;
        let (ours, theirs) = if from == 0 { (first, second) } else { (second, first) };
        if segment.syn {
            // Who asks does not acknowledge.
            self.caller.get_or_insert(if segment.ack.is_none() { from } else { 1 - from.min(1) });
        }
        ours.sent(at, segment);
        if let Some(ack) = segment.ack.filter(|_| !segment.rst) {
            theirs.acknowledged(ack);
            self.answered = true;
        }
        if segment.fin || segment.rst {
            self.ended.get_or_insert((at.0, from));
        }
    }
}

/// The connections of a capture.
#[derive(Default)]
pub(in super::super) struct Connections {
    all: Vec<Connection>,
    /// The last connection between two ends.
    last: HashMap<(SocketAddr, SocketAddr), usize>,
}

impl Connections {
    /// Takes a segment.
    pub(in super::super) fn take(
        &mut self,
        at: At,
        (from, to): (SocketAddr, SocketAddr),
        segment: &Segment<'_>,
    ) {
        let ends = if from < to { (from, to) } else { (to, from) };
        let known = self.last.get(&ends).copied().filter(|known| {
            let half = self.all.get(*known).and_then(|known| known.halves.get(known.end(from)));
            // A port may be used again.
            !(segment.syn && segment.ack.is_none() && half.is_some_and(|half| half.is_another(segment.seq)))
        });
        let number_of = known.unwrap_or_else(|| {
            self.all.push(Connection::new(from, to, at.0));
            self.all.len() - 1
        });
        self.last.insert(ends, number_of);
        if let Some(connection) = self.all.get_mut(number_of) {
            let end = connection.end(from);
            connection.take(at, end, segment);
        }
    }

    /// All of them, in the order in which they began.
    pub(in super::super) fn all(self) -> Vec<Connection> {
        self.all
    }
}

impl Connection {
    /// Which of the two ends this is.
    fn end(&self, address: SocketAddr) -> usize {
        usize::from(self.ends.first() != Some(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Piece;
    use super::*;

    const CLIENT: &str = "10.0.0.1:40000";
    const DEVICE: &str = "10.0.0.2:2001";

    fn take(connections: &mut Connections, from: &str, to: &str, segment: &Segment<'_>) {
        let ends = (from.parse().unwrap(), to.parse().unwrap());
        connections.take((Duration::ZERO, 1), ends, segment);
    }

    fn text(half: &Half) -> String {
        let piece = |piece| match piece {
            Piece::Said(_, bytes) => String::from_utf8(bytes).unwrap(),
            Piece::Missing(_, bytes) => format!("<{bytes}>"),
        };
        half.pieces().into_iter().map(piece).collect()
    }

    #[test]
    fn the_device_is_who_has_the_port_else_who_was_called_else_who_has_the_lower_port() {
        let data = Segment { seq: 5, ack: Some(1), payload: b"hello", ..Segment::default() };
        let mut late = Connections::default();
        take(&mut late, DEVICE, CLIENT, &data);
        let late = late.all().remove(0);
        let ends = late.ends(23);
        assert_eq!((ends.device.to_string().as_str(), ends.guessed), (DEVICE, true));
        assert_eq!((late.ends(40000).device.to_string().as_str(), late.ends(40000).guessed), (CLIENT, false));
        let mut called = Connections::default();
        take(&mut called, DEVICE, CLIENT, &Segment { syn: true, ..Segment::default() });
        take(&mut called, CLIENT, DEVICE, &Segment { syn: true, ack: Some(1), ..Segment::default() });
        let called = called.all().remove(0);
        assert_eq!((called.ends(23).device.to_string().as_str(), called.ends(23).guessed), (CLIENT, false));
        let mut answer = Connections::default();
        take(&mut answer, CLIENT, DEVICE, &Segment { syn: true, ack: Some(1), ..Segment::default() });
        assert_eq!(
            answer.all().remove(0).ends(23).device.to_string(),
            CLIENT,
            "only the answer was captured"
        );
    }

    #[test]
    fn a_port_that_is_used_again_is_another_connection_but_a_syn_that_is_sent_again_is_not() {
        let mut connections = Connections::default();
        let syn = |seq| Segment { seq, syn: true, ..Segment::default() };
        for segment in [
            syn(7),
            syn(7),
            Segment { seq: 8, payload: b"one", fin: true, ..Segment::default() },
            syn(900),
            Segment { seq: 901, payload: b"two", ..Segment::default() },
        ] {
            take(&mut connections, CLIENT, DEVICE, &segment);
        }
        let said: Vec<String> = connections.all().iter().map(|it| text(it.ends(2001).from_client)).collect();
        assert_eq!(said, ["one", "two"]);
    }

    #[test]
    fn who_ends_it_is_known() {
        let mut connections = Connections::default();
        take(&mut connections, CLIENT, DEVICE, &Segment { syn: true, ..Segment::default() });
        take(&mut connections, DEVICE, CLIENT, &Segment { rst: true, ack: Some(1), ..Segment::default() });
        let refused = connections.all().remove(0);
        let ends = refused.ends(2001);
        assert_eq!((ends.ended, refused.is_answered()), (Some((Duration::ZERO, true)), false));
    }
}
