//! The proxy as a relay: byte for byte, whatever comes, for many clients, and the recording beside it.

mod common;

use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use common::{Shared, header, ipmi, tape};
use fencelab_recorder::proxy::{Limits, Proxy};
use fencelab_transcript::{Body, Kind, Mark, Side, Transcript};

/// Only a broken proxy makes a test wait that long.
const PATIENCE: Duration = Duration::from_secs(10);

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn start(device: &UdpSocket, limits: Limits) -> (Shared, Proxy) {
    let (shared, tape) = tape(&ipmi(&[]));
    let proxy =
        Proxy::start_limited(anywhere(), device.local_addr().unwrap(), ipmi(&[]), tape, limits).unwrap();
    (shared, proxy)
}

/// Sends from a client through the proxy and back, and checks both ways. Answers who the device saw.
fn round(client: &UdpSocket, proxy: &Proxy, device: &UdpSocket, there: &[u8], back: &[u8]) -> SocketAddr {
    let mut buffer = vec![0; 65_536];
    client.send_to(there, proxy.place().address().unwrap()).unwrap();
    let (length, from) = device.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], there);
    device.send_to(back, from).unwrap();
    let (length, via) = client.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..length], via), (back, proxy.place().address().unwrap()));
    from
}

fn said(text: &str) -> Vec<(Side, Vec<u8>)> {
    let transcript = Transcript::parse("relay", text).unwrap();
    let say = |kind| match kind {
        Kind::Say { from, body: Body::Hex(bytes) } => Some((from, bytes.to_exact().unwrap())),
        _ => None,
    };
    transcript.events.into_iter().filter_map(|event| say(event.kind)).collect()
}

#[test]
fn every_datagram_is_relayed_byte_for_byte_and_recorded() {
    let device = socket();
    let (shared, proxy) = start(&device, Limits::default());
    let client = socket();
    let long = vec![0x5a; 9000];
    let datagrams: [&[u8]; 4] = [b"\xff", b"", &long, &[0; 60]];
    for datagram in datagrams {
        round(&client, &proxy, &device, datagram, &[datagram, b"!"].concat());
    }
    let summary = proxy.finish().unwrap();
    assert_eq!((summary.to_device, summary.from_device), (4, 4));
    let said = said(&shared.text());
    for datagram in datagrams {
        assert!(said.contains(&(Side::Agent, datagram.to_vec())), "{datagram:?}");
        assert!(said.contains(&(Side::Device, [datagram, b"!"].concat())), "{datagram:?}");
    }
}

#[test]
fn each_client_has_its_own_socket_to_the_device() {
    let device = socket();
    let (_, proxy) = start(&device, Limits::default());
    let clients: Vec<_> = (0..20).map(|_| socket()).collect();
    let mut seen = HashSet::new();
    for round_number in 0..2 {
        for (number, client) in clients.iter().enumerate() {
            let from = round(client, &proxy, &device, &[number as u8], &[number as u8, round_number]);
            assert_eq!(seen.insert(from), round_number == 0, "a client keeps its socket");
        }
    }
    assert_eq!(seen.len(), 20);
}

#[test]
fn the_table_of_clients_is_bounded_and_who_was_forgotten_may_come_back() {
    let device = socket();
    let (_, proxy) = start(&device, Limits { clients_max: 2, ..Limits::default() });
    let clients: Vec<_> = (0..3).map(|_| socket()).collect();
    let ports: Vec<_> = clients.iter().map(|client| round(client, &proxy, &device, b"a", b"b")).collect();
    assert_eq!(round(&clients[2], &proxy, &device, b"a", b"b"), ports[2], "the newest is kept");
    assert_eq!(round(&clients[1], &proxy, &device, b"a", b"b"), ports[1], "the one before it is kept");
    assert_ne!(round(&clients[0], &proxy, &device, b"a", b"b"), ports[0], "the oldest was forgotten");
}

#[test]
fn a_silent_client_is_forgotten() {
    let device = socket();
    let idle = Duration::from_millis(20);
    let (_, proxy) = start(&device, Limits { idle, ..Limits::default() });
    let (silent, other) = (socket(), socket());
    let first = round(&silent, &proxy, &device, b"a", b"b");
    // The other one keeps the clock going: no sleep, just traffic for well over the limit.
    while proxy.now() < idle * 20 {
        round(&other, &proxy, &device, b"c", b"d");
    }
    assert_ne!(round(&silent, &proxy, &device, b"a", b"b"), first);
}

#[test]
fn a_device_that_is_down_is_not_the_end() {
    let device = socket();
    let address = device.local_addr().unwrap();
    let (_, proxy) = start(&device, Limits::default());
    drop(device);
    let client = socket();
    for _ in 0..50 {
        client.send_to(b"is anybody there", proxy.place().address().unwrap()).unwrap();
    }
    let device = UdpSocket::bind(address).unwrap();
    device.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(b"again", proxy.place().address().unwrap()).unwrap();
    let mut buffer = [0; 100];
    let from = loop {
        let (length, from) = device.recv_from(&mut buffer).unwrap();
        if &buffer[..length] == b"again" {
            break from;
        }
    };
    device.send_to(b"yes", from).unwrap();
    assert_eq!(client.recv(&mut buffer).unwrap(), 3);
}

#[test]
fn a_storm_of_any_bytes_from_both_sides_leaves_it_serving() {
    let device = socket();
    let (shared, proxy) = start(&device, Limits { clients_max: 8, ..Limits::default() });
    // Deterministic noise: a linear congruential generator, some of it looking like RMCP.
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    let clients: Vec<_> = (0..12).map(|_| socket()).collect();
    let mut buffer = vec![0; 65_536];
    for turn in 0..2000_usize {
        let length = usize::from(random()) * (1 + turn % 3);
        let mut noise: Vec<u8> = (0..length).map(|_| random()).collect();
        for (byte, value) in noise.iter_mut().zip([6, 0, 0xff, 7, [0, 2, 6, 6][turn % 4]]).take(turn % 6) {
            *byte = value;
        }
        let client = &clients[turn % clients.len()];
        client.send_to(&noise, proxy.place().address().unwrap()).unwrap();
        let (length, from) = device.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], &noise[..]);
        noise.reverse();
        device.send_to(&noise, from).unwrap();
        let length = client.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], &noise[..]);
    }
    round(&clients[0], &proxy, &device, b"still", b"here");
    let summary = proxy.finish().unwrap();
    assert_eq!((summary.to_device, summary.from_device), (2001, 2001));
    let transcript = Transcript::parse("storm", &shared.text()).unwrap();
    let says = transcript.events.iter().filter(|event| matches!(event.kind, Kind::Say { .. })).count();
    assert_eq!(says, 4002, "nothing said is lost, and nothing is said twice");
}

#[test]
fn what_was_relayed_is_in_the_file_even_if_the_proxy_is_never_finished() {
    let device = socket();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.jsonl");
    let tape = fencelab_recorder::Tape::create(&path, header(&ipmi(&[])), Default::default()).unwrap();
    let proxy = Proxy::start(anywhere(), device.local_addr().unwrap(), ipmi(&[]), tape).unwrap();
    let client = socket();
    round(&client, &proxy, &device, b"one", b"two");
    proxy.mark(Mark::new(Mark::NOTE));
    drop(proxy);
    let transcript = Transcript::load(&path).unwrap();
    assert_eq!(transcript.events.len(), 3, "{transcript}");
}

#[test]
fn a_command_runs_against_the_proxy_and_is_marked() {
    let device = socket();
    let (shared, proxy) = start(&device, Limits::default());
    let words = |line: &str| -> Vec<String> { line.split('|').map(String::from).collect() };
    let ok = words("sh|-c|test \"$0\" = 127.0.0.1 && test \"$1\" -gt 0 && exit 3|{host}|{port}");
    assert_eq!(fencelab_recorder::run::run(&ok, &proxy).unwrap().code(), Some(3));
    let killed = fencelab_recorder::run::run(&words("sh|-c|kill -9 $$"), &proxy).unwrap();
    assert_eq!(fencelab_recorder::run::exit_code(killed), Some(137));
    let error = fencelab_recorder::run::run(&words("/no/such/program"), &proxy).unwrap_err();
    assert!(error.to_string().starts_with("cannot run /no/such/program"), "{error}");
    assert!(fencelab_recorder::run::run(&[], &proxy).is_err());
    proxy.finish().unwrap();
    let transcript = Transcript::parse("run", &shared.text()).unwrap();
    let marks: Vec<_> = transcript
        .events
        .into_iter()
        .map(|event| match event.kind {
            Kind::Mark(mark) => (mark.phase, mark.exit),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        ("begin", None),
        ("end", Some(3)),
        ("begin", None),
        ("end", Some(137)),
        ("begin", None),
        ("end", None),
    ];
    assert_eq!(marks, expected.map(|(phase, exit)| (phase.to_owned(), exit)));
}
