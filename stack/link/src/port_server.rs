//! A serial line behind a port server: telnet with the option COM-PORT, by which the line is set (RFC 2217).

use std::time::Duration;

use fencelab_wire::{
    serial::Line,
    telnet::{ComPort, Config, Opt, Side},
};

use crate::{Heard, LinkError, Stream, Target, telnet::TelnetStream};

/// Opens the conversation, and has the line set. The stream is that of the line's bytes.
pub(crate) fn open<S: Stream>(
    inner: S,
    target: &Target,
    line: &Line,
    until: Duration,
) -> Result<TelnetStream<S>, LinkError> {
    let config = Config {
        offers: vec![Opt::BINARY, Opt::COM_PORT],
        asks_for: vec![Opt::BINARY, Opt::SGA],
        ..Config::client()
    };
    let mut stream = TelnetStream::begin(inner, config)?;
    let mut setting = Setting { stream: &mut stream, target, until };
    setting.agree()?;
    for wanted in ComPort::settings(line) {
        setting.have(&wanted)?;
    }
    Ok(stream)
}

/// A line that is being set.
struct Setting<'s, S> {
    stream: &'s mut TelnetStream<S>,
    target: &'s Target,
    until: Duration,
}

impl<S: Stream> Setting<'_, S> {
    /// The server says whether it lets its lines be set.
    fn agree(&mut self) -> Result<(), LinkError> {
        while self.stream.codec.awaits(Opt::COM_PORT, Side::Ours) {
            self.hear("does not say whether it lets the line be set")?;
        }
        if self.stream.codec.is_on(Opt::COM_PORT, Side::Ours) {
            return Ok(());
        }
        Err(self.unsupported(
            "it does not let the line be set (RFC 2217); use plain telnet, and set the line there",
        ))
    }

    /// One setting comes into force.
    fn have(&mut self, wanted: &ComPort) -> Result<(), LinkError> {
        self.stream.tell(Opt::COM_PORT, &wanted.emit(false))?;
        loop {
            for said in self.hear(&format!("does not answer {wanted}"))? {
                if said == *wanted {
                    return Ok(());
                }
                // Some tell the modem wires in between.
                if std::mem::discriminant(&said) == std::mem::discriminant(wanted) {
                    return Err(self.unsupported(&format!("asked for {wanted}, the port server has {said}")));
                }
            }
        }
    }

    /// What the server says of its line next; the bytes of the line are kept.
    fn hear(&mut self, otherwise: &str) -> Result<Vec<ComPort>, LinkError> {
        match self.stream.hear(self.until)? {
            Ok(received) => {
                self.stream.early.extend(received.data);
                let said = received.told.iter().filter_map(|(_, inside)| ComPort::parse(inside));
                Ok(said.filter_map(|(from_server, said)| from_server.then_some(said)).collect())
            }
            Err(Heard::End) => {
                let why = "the port server has hung up; is another program at that line?".to_owned();
                Err(LinkError::Busy { target: self.target.clone(), why })
            }
            Err(_) => {
                let why = format!("the port server {otherwise}");
                Err(LinkError::Unreachable { target: self.target.clone(), why })
            }
        }
    }

    fn unsupported(&self, why: &str) -> LinkError {
        LinkError::Unsupported { target: self.target.clone(), why: why.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, net::SocketAddr, rc::Rc};

    use fencelab_wire::telnet::{PortServer, Telnet};

    use super::*;
    use crate::{
        Way, World,
        memory::{MemoryWorld, Peer},
    };

    const SOON: Duration = Duration::from_secs(1);

    /// Another end: what it makes of the bytes goes back.
    struct Server<F>(F, Vec<(SocketAddr, Vec<u8>)>);

    impl<F: FnMut(&[u8]) -> Vec<u8>> Peer for Server<F> {
        fn connect(&mut self, _: Duration, from: SocketAddr, way: &Way) -> bool {
            let opening = (self.0)(b"");
            self.1.push((from, opening));
            matches!(way, Way::PortServer(_))
        }

        fn deliver(&mut self, _: Duration, from: SocketAddr, bytes: &[u8]) {
            let reply = (self.0)(bytes);
            self.1.push((from, reply));
        }

        fn next(&self) -> Option<Duration> {
            (!self.1.is_empty()).then_some(Duration::ZERO)
        }

        fn take(&mut self, _: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
            self.1.drain(..).filter(|(_, bytes)| !bytes.is_empty()).collect()
        }
    }

    fn open(line: &str, server: impl FnMut(&[u8]) -> Vec<u8> + 'static) -> Result<Box<dyn Stream>, String> {
        let mut world = MemoryWorld::new(1);
        world.route("ts", 2217, Rc::new(RefCell::new(Server(server, Vec::new()))));
        let way = Way::PortServer(line.parse().unwrap());
        world.stream(&Target::new("ts", 2217), &way, SOON).map_err(|error| error.to_string())
    }

    #[test]
    fn the_line_is_set_and_its_bytes_are_kept() {
        let mut server = PortServer::new(Line::default(), "lab");
        let seen = Rc::new(RefCell::new(Line::default()));
        let keep = Rc::clone(&seen);
        let mut stream = open("115200,7E1,rtscts", move |bytes| {
            if bytes.is_empty() {
                return server.open();
            }
            let mut reply = server.receive(bytes);
            *keep.borrow_mut() = *server.line();
            // The line talks while it is being set.
            reply.reply.extend(server.send(b"x\xff\r"));
            reply.reply
        })
        .unwrap();
        assert_eq!(seen.borrow().to_string(), "115200,7E1,rtscts");
        let Ok(Heard::Bytes(early)) = stream.receive(SOON) else { panic!("nothing is kept") };
        assert!(early.starts_with(b"x\xff\r") && !early.contains(&0), "{early:?}");
    }

    #[test]
    fn a_server_that_does_otherwise() {
        let mut plain = Telnet::new(Config::device());
        let refused = open(
            "9600",
            move |bytes| {
                if bytes.is_empty() { plain.open() } else { plain.receive(bytes).reply }
            },
        );
        assert!(refused.err().unwrap().contains("does not let the line be set"));

        let silent = open("9600", |_| Vec::new()).err().unwrap();
        assert!(silent.contains("does not say whether"), "{silent}");

        let mut server = PortServer::new(Line::default(), "lab");
        let other = open("9600,5N1", move |bytes| {
            if bytes.is_empty() {
                return server.open();
            }
            let reply = server.receive(bytes).reply;
            let eight = Telnet::tell(Opt::COM_PORT, &ComPort::DataSize(8).emit(true));
            let five = Telnet::tell(Opt::COM_PORT, &ComPort::DataSize(5).emit(true));
            if reply == five { eight } else { reply }
        });
        let other = other.err().unwrap();
        assert!(other.contains("asked for SET-DATASIZE 5, the port server has SET-DATASIZE 8"), "{other}");
    }
}
