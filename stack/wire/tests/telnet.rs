//! What the two ends of a telnet connection say, byte by byte.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use fencelab_wire::telnet::describe::{Piece, pieces};
use fencelab_wire::telnet::{Config, Opt, Received, Side, Signal, Telnet};
use pcap_file::pcap::PcapReader;
use std::path::PathBuf;

const OPENING: &[u8] = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x03\xff\xfd\x1f";

/// A client's first bytes to an RSA II: DO BINARY, WILL BINARY, DO SGA, WILL TTYPE, WILL NAWS.
const CLIENT_OPENING: &[u8] = b"\xff\xfd\x00\xff\xfb\x00\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f";

/// What is said, for a person.
fn told(bytes: &[u8]) -> String {
    pieces(bytes).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn device() -> Telnet {
    let mut device = Telnet::new(Config::device());
    assert_eq!(device.open(), OPENING);
    device
}

fn data(bytes: &[u8]) -> Received {
    Received { data: bytes.to_vec(), ..Received::default() }
}

fn reply(bytes: &[u8]) -> Received {
    Received { reply: bytes.to_vec(), ..Received::default() }
}

#[test]
fn a_device_opens_once_and_a_client_not_at_all() {
    let mut device = device();
    assert_eq!(told(OPENING), "WILL ECHO, WILL SGA, DO SGA, DO NAWS");
    assert_eq!(device.open(), b"", "it waits for the answers");
    assert!(!device.is_on(Opt::ECHO, Side::Ours), "nobody agreed yet");
    assert_eq!(Telnet::new(Config::client()).open(), b"");
}

#[test]
fn both_ends_agree() {
    let (mut device, mut client) = (device(), Telnet::new(Config::client()));
    let answer = client.receive(OPENING);
    assert_eq!(told(&answer.reply), "DO ECHO, DO SGA, WILL SGA, WILL NAWS, SB NAWS 80x24");
    assert_eq!(device.receive(&answer.reply), Received::default(), "answers are not answered");
    for (opt, side, other) in [
        (Opt::ECHO, Side::Ours, Side::Theirs),
        (Opt::SGA, Side::Ours, Side::Theirs),
        (Opt::SGA, Side::Theirs, Side::Ours),
        (Opt::NAWS, Side::Theirs, Side::Ours),
    ] {
        assert!(device.is_on(opt, side) && client.is_on(opt, other), "{opt} {side:?}");
    }
    assert!(!device.is_on(Opt::ECHO, Side::Theirs));
    assert_eq!(device.window(), Some((80, 24)));
    assert_eq!(client.window(), None);
}

#[test]
fn a_client_of_the_field_meets_a_device() {
    let mut device = device();
    let answer = device.receive(CLIENT_OPENING);
    assert_eq!(told(&answer.reply), "WILL BINARY, DO BINARY, DONT TTYPE");
    assert!(device.is_on(Opt::BINARY, Side::Ours) && device.is_on(Opt::BINARY, Side::Theirs));
    assert_eq!(device.window(), None, "it has not told it");
    assert_eq!(told(&device.receive(b"\xff\xfa\x1f\0\x84\0\x32\xff\xf0").reply), "");
    assert_eq!(device.window(), Some((132, 50)));
}

/// Wherever the bytes are cut, the same is said and understood; also when each byte comes alone.
#[test]
fn every_cut_of_a_negotiation_gives_the_same() {
    let mut config = Config::device();
    config.asks_for.push(Opt::TTYPE);
    let bytes = [
        CLIENT_OPENING,
        b"us\xff\xffer\r\0\xff\xfa\x1f\xff\xff\0\0\x18\xff\xf0\xff\xf6",
        b"\xff\xfa\x18\0XTERM\xff\xf0\r\n\xff\xfe\x01\xff\xfc\x00\xff\xfa\xc8\x01\xff\xf4\r\0end",
    ]
    .concat();
    let run = |cuts: &[&[u8]]| {
        let mut telnet = Telnet::new(config.clone());
        let mut all = reply(&telnet.open());
        for part in cuts {
            let received = telnet.receive(part);
            all.data.extend(received.data);
            all.reply.extend(received.reply);
            all.signals.extend(received.signals);
        }
        (all, format!("{telnet:?}"), telnet)
    };
    let (whole, state, telnet) = run(&[&bytes]);
    assert_eq!(whole.data, b"us\xffer\r\0\r\n\rend", "in BINARY there is no padding, later there is");
    assert_eq!(whole.signals, [Signal::AreYouThere, Signal::InterruptProcess]);
    assert_eq!(
        told(&whole.reply),
        "WILL ECHO, WILL SGA, DO SGA, DO NAWS, DO TTYPE, WILL BINARY, DO BINARY, SB TTYPE SEND, \
         \"\\r\\n[Yes]\\r\\n\", DONT BINARY"
    );
    assert_eq!((telnet.window(), telnet.terminal()), (Some((65280, 24)), Some("XTERM")));
    for at in 0..=bytes.len() {
        let (before, behind) = bytes.split_at(at);
        let (cut, cut_state, _) = run(&[before, behind]);
        assert_eq!((&cut, &cut_state), (&whole, &state), "cut at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!((run(&single).0, run(&single).1), (whole, state));
}

#[test]
fn lines_of_the_network_virtual_terminal() {
    let mut device = device();
    assert_eq!(device.receive(b"a\r\nb\r\0c\rd\0\r"), data(b"a\r\nb\rc\rd\0\r"));
    assert_eq!(device.receive(b"\0\0"), data(b"\0"), "the padding came later");
    assert_eq!(device.receive(b"\r\xff\xf1\0"), Received { signals: vec![Signal::Nop], ..data(b"\r") });
    assert_eq!(device.send(b"a\r\nb\rc\n\r\0\xff\r"), b"a\r\nb\r\0c\n\r\0\0\xff\xff\r\0");
    device.receive(b"\xff\xfd\x00");
    assert_eq!(device.send(b"a\rb\xff\r"), b"a\rb\xff\xff\r", "our side is BINARY");
    assert_eq!(device.receive(b"\r\0"), data(b"\r"), "theirs is not");
    device.receive(b"\xff\xfb\x00");
    assert_eq!(device.receive(b"\r\0"), data(b"\r\0"));
    assert_eq!(device.receive(b"\r\xff\xfc\x00\0").data, b"\r\0", "the CR was still BINARY");
}

#[test]
fn what_is_not_agreed_is_refused_and_refusals_are_not_answered() {
    let mut client = Telnet::new(Config::client());
    assert_eq!(
        client.receive(b"\xff\xfb\xc8\xff\xfd\xc8\xff\xfd\x01"),
        reply(b"\xff\xfe\xc8\xff\xfc\xc8\xff\xfc\x01")
    );
    assert_eq!(client.receive(b"\xff\xfc\xc8\xff\xfe\xc8"), Received::default());
    assert!(!client.is_on(Opt(200), Side::Ours) && !client.is_on(Opt(200), Side::Theirs));
    assert_eq!(
        client.receive(b"\xff\xfb\x01\xff\xfb\x01"),
        reply(b"\xff\xfd\x01"),
        "said twice, answered once"
    );
}

/// Found by a property test: a WONT and a WILL of a third between two ends that keep to RFC 1143.
#[test]
fn contrary_offers_do_not_run_around_for_ever() {
    let (mut device, mut client) = (device(), Telnet::new(Config::client()));
    device.receive(&client.receive(OPENING).reply);
    let mut to_client = b"\xff\xfc\x01\xff\xfb\x01".to_vec();
    for turn in 1..=Telnet::TURNS_MAX {
        let to_device = client.receive(&to_client).reply;
        let still = if turn < Telnet::TURNS_MAX { "DONT ECHO, DO ECHO" } else { "DONT ECHO, DONT ECHO" };
        assert_eq!(told(&to_device), still, "turn {turn}");
        to_client = device.receive(&to_device).reply;
    }
    assert_eq!(told(&to_client), "WONT ECHO");
    assert_eq!(client.receive(&to_client), Received::default());
    assert!(!device.is_on(Opt::ECHO, Side::Ours) && !client.is_on(Opt::ECHO, Side::Theirs));
}

#[test]
fn are_you_there_is_answered_by_those_who_say_so() {
    let there = Received { signals: vec![Signal::AreYouThere], ..Received::default() };
    let yes = Received { reply: b"\r\n[Yes]\r\n".to_vec(), ..there.clone() };
    assert_eq!(device().receive(b"\xff\xf6"), yes);
    assert_eq!(Telnet::new(Config::client()).receive(b"\xff\xf6"), there);
}

#[test]
fn a_client_tells_its_terminal_when_it_is_asked() {
    let asked = b"\xff\xfa\x18\x01\xff\xf0";
    for (terminal, name) in
        [("VT100", "VT100"), ("", "UNKNOWN"), ("dé c\n", "dc"), (&"x".repeat(50), &"x".repeat(40))]
    {
        let mut client = Telnet::new(Config { terminal: terminal.to_owned(), ..Config::client() });
        assert_eq!(client.receive(asked), Received::default(), "TTYPE is not on");
        assert_eq!(told(&client.receive(b"\xff\xfd\x18").reply), "WILL TTYPE");
        for _ in 0..2 {
            assert_eq!(told(&client.receive(asked).reply), format!("SB TTYPE IS {name}"));
        }
    }
}

#[test]
fn what_the_peer_tells_is_checked_and_forgotten() {
    let mut device = Telnet::new(Config { asks_for: vec![Opt::TTYPE, Opt::NAWS], ..Config::device() });
    device.open();
    assert_eq!(
        device.receive(b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfa\x18\0VT100\xff\xf0"),
        Received::default()
    );
    assert_eq!((device.window(), device.terminal()), (None, None), "the options are not on");
    assert_eq!(told(&device.receive(b"\xff\xfb\x18\xff\xfb\x1f").reply), "SB TTYPE SEND");
    device.receive(b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfa\x18\0VT100\xff\xf0");
    assert_eq!((device.window(), device.terminal()), (Some((80, 24)), Some("VT100")));
    for nonsense in [
        b"\xff\xfa\x1f\0\x50\0\xff\xf0".as_slice(),
        b"\xff\xfa\x1f\0\x51\0\x19\0\xff\xf0",
        b"\xff\xfa\x18\0\xff\xf0",
        b"\xff\xfa\x18\xff\xf0",
        b"\xff\xfa\x18\0VT\x1b[1m\xff\xf0",
        b"\xff\xfa\x18\x01\xff\xf0",
        b"\xff\xfa\xff\xf0",
    ] {
        assert_eq!(device.receive(nonsense).reply, b"");
        assert_eq!(
            (device.window(), device.terminal()),
            (Some((80, 24)), Some("VT100")),
            "{}",
            told(nonsense)
        );
    }
    assert_eq!(told(&device.receive(b"\xff\xfc\x18\xff\xfc\x1f").reply), "DONT TTYPE, DONT NAWS");
    assert_eq!((device.window(), device.terminal()), (None, None));
}

/// The 4096th byte is kept, the one behind it is counted; memory does not grow with what a peer sends.
#[test]
fn a_subnegotiation_has_a_bound() {
    let max = Telnet::SUBNEGOTIATION_MAX;
    for (length, dropped) in [(max, 0), (max + 1, 1), (max + 4096, 4096)] {
        let mut device = device();
        device.receive(b"\xff\xfb\x1f");
        let long = [b"\xff\xfa\x1f".as_slice(), &vec![b'x'; length], b"\xff\xf0after"].concat();
        assert_eq!(device.receive(&long), data(b"after"));
        assert_eq!((device.dropped(), device.window()), (dropped, None));
    }
    let mut device = device();
    device.receive(b"\xff\xfb\x1f");
    let long = [b"\xff\xfa\x1f\0\x50\0\x18".as_slice(), &vec![b'x'; max], b"\xff\xf0"].concat();
    device.receive(&long);
    assert_eq!(device.window(), None, "the beginning of too much is not taken for the whole");
}

#[test]
fn a_broken_subnegotiation_says_nothing() {
    let mut device = device();
    device.receive(b"\xff\xfb\x1f");
    let broken = b"\xff\xfa\x1f\0\x50\0\x18\xff\xf4data";
    let signals = vec![Signal::InterruptProcess];
    assert_eq!(device.receive(broken), Received { signals, ..data(b"data") });
    assert_eq!((device.dropped(), device.window()), (4, None));
    assert_eq!(
        device.receive(b"\xff\xfa\x1f\xff\xfd\x00data"),
        Received { data: b"data".to_vec(), ..reply(b"\xff\xfb\x00") }
    );
}

#[test]
fn an_option_that_is_wanted_otherwise() {
    let (mut device, mut client) = (device(), Telnet::new(Config::client()));
    device.receive(&client.receive(OPENING).reply);
    // A password is about to be typed, and then it is not: the answer is still on its way.
    let hide = device.ask(Opt::ECHO, Side::Ours, false);
    assert_eq!(told(&hide), "WONT ECHO");
    assert!(!device.is_on(Opt::ECHO, Side::Ours), "it stops when it says so");
    assert_eq!(device.ask(Opt::ECHO, Side::Ours, true), b"", "the answer comes first");
    let answer = client.receive(&hide).reply;
    assert_eq!(told(&answer), "DONT ECHO");
    let show = device.receive(&answer).reply;
    assert_eq!(told(&show), "WILL ECHO");
    device.receive(&client.receive(&show).reply);
    assert!(device.is_on(Opt::ECHO, Side::Ours) && client.is_on(Opt::ECHO, Side::Theirs));

    let end = device.ask(Opt::SGA, Side::Theirs, false);
    assert_eq!(told(&end), "DONT SGA");
    assert!(device.is_on(Opt::SGA, Side::Theirs), "the peer does it until it says that it does not");
    device.receive(&client.receive(&end).reply);
    assert!(!device.is_on(Opt::SGA, Side::Theirs) && !client.is_on(Opt::SGA, Side::Ours));
}

/// The captures are not part of the project: `FENCELAB_CAPTURES` names their folder, or they are found in
/// `shared/captures` beside the workspace.
#[test]
fn a_capture_comes_back_bit_for_bit() {
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let path = folder.join("telnet").join("zeek-telnet-auth-missing-name.pcap");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("cannot read {}: {error}; name the folder of captures in FENCELAB_CAPTURES", path.display())
    });
    let mut reader = PcapReader::new(bytes.as_slice()).expect("a pcap file");
    let mut said = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.expect("a whole packet");
        let sliced = SlicedPacket::from_ip(packet.data()).expect("IP");
        assert!(matches!(sliced.net, Some(NetSlice::Ipv4(_))));
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("not TCP") };
        let payload = tcp.payload();
        assert_eq!(pieces(payload).iter().flat_map(Piece::emit).collect::<Vec<u8>>(), payload);
        said.extend(pieces(payload));
        assert_eq!(device().receive(payload), Received::default(), "nobody agreed to this option");
    }
    assert_eq!(said.iter().map(ToString::to_string).collect::<Vec<_>>(), ["SB AUTHENTICATION 0202"]);
}
