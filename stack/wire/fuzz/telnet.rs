//! What the fuzz target of telnet does with its input (a dialogue, see `input.rs`), shared with the test that replays
//! the corpus.

#[path = "input.rs"]
#[allow(dead_code, reason = "nothing here needs random bytes")]
pub(crate) mod input;

use fencelab_wire::serial::Line;
use fencelab_wire::tap::Direction;
use fencelab_wire::telnet::describe::{Piece, pieces};
use fencelab_wire::telnet::port_server::FromClient;
use fencelab_wire::telnet::{ComPort, Config, Opt, PortServer, Received, Telnet};
use input::dialogue;

/// The device that listens: it also asks for the terminal, and lets a serial port be set.
pub(crate) fn device() -> Config {
    Config { asks_for: vec![Opt::SGA, Opt::NAWS, Opt::TTYPE, Opt::COM_PORT], ..Config::device() }
}

/// A port server takes the bytes: the cuts do not matter, nor can anybody make it talk much.
fn serve(pieces: &[&[u8]]) {
    let whole = |pieces: &[&[u8]]| {
        let mut server = PortServer::new(Line::default(), "lab");
        server.open();
        let (mut all, mut length) = (FromClient::default(), 0);
        for piece in pieces {
            let FromClient { data, reply } = server.receive(piece);
            length += piece.len();
            all.data.extend(data);
            all.reply.extend(reply);
        }
        assert!(all.reply.len() <= 8 * length);
        (all, format!("{server:?}"))
    };
    assert_eq!(whole(pieces), whole(&[&pieces.concat()]));
}

/// One end, and what came of all that it received.
struct End {
    telnet: Telnet,
    all: Received,
    input: Vec<u8>,
}

impl End {
    fn new(config: Config) -> Self {
        let mut telnet = Telnet::new(config);
        telnet.open();
        Self { telnet, all: Received::default(), input: Vec::new() }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let Received { data, reply, signals, told } = self.telnet.receive(bytes);
        self.input.extend(bytes);
        self.all.data.extend(data);
        self.all.reply.extend(reply);
        self.all.signals.extend(signals);
        self.all.told.extend(told);
    }

    /// The cuts did not matter, and nobody could make it talk much.
    fn check(self, config: Config) {
        let mut whole = Self::new(config);
        whole.receive(&self.input);
        assert_eq!(whole.all, self.all);
        assert_eq!(format!("{:?}", whole.telnet), format!("{:?}", self.telnet));
        assert!(self.all.reply.len() <= 8 * self.input.len());
    }
}

/// Hands the input to everything that reads bytes from outside; it must not panic, nor lose a byte.
pub(crate) fn take(input: &[u8]) {
    let (mut device, mut client) = (End::new(self::device()), End::new(Config::client()));
    for (direction, bytes) in dialogue(input) {
        match direction {
            Direction::ToDevice => device.receive(bytes),
            Direction::FromDevice => client.receive(bytes),
        }
    }
    let to_server = dialogue(input).into_iter().filter(|(direction, _)| *direction == Direction::ToDevice);
    serve(&to_server.map(|(_, bytes)| bytes).collect::<Vec<_>>());
    for end in [&device, &client] {
        for (_, inside) in &end.all.told {
            let said = ComPort::parse(inside);
            assert!(said.is_none_or(|(from_server, said)| said.emit(from_server) == *inside));
        }
        let pieces = pieces(&end.input);
        assert_eq!(pieces.iter().flat_map(Piece::emit).collect::<Vec<u8>>(), end.input);
        assert!(pieces.iter().all(|piece| !piece.to_string().is_empty()));
        let mut peer = Telnet::new(Config { ours: Vec::new(), theirs: Vec::new(), ..Config::client() });
        let nvt = Telnet::new(Config::client());
        assert_eq!(peer.receive(&nvt.send(&end.all.data)).data, end.all.data, "data survive the way back");
    }
    device.check(self::device());
    client.check(Config::client());
}
