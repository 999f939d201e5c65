//! The proxy of streams: byte for byte, whatever comes, for many clients, and the turns beside it.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Barrier;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::{Shared, assert_clean, tape};
use fencelab_recorder::link::console::{self, Login};
use fencelab_recorder::proxy::Summary;
use fencelab_recorder::{Link, Proxy};
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{Body, Event, Kind, Side, Transcript};

const PASSWORD: &str = "s3cr3t-Zebra";

/// Only a broken proxy makes a test wait that long.
const PATIENCE: Duration = Duration::from_secs(20);

fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A device that treats one client after the other, or all at once, until as many have come.
fn device(clients: usize, treat: fn(TcpStream)) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        thread::scope(|scope| {
            for client in listener.incoming().take(clients) {
                let client = patient(client.unwrap());
                scope.spawn(move || treat(client));
            }
        });
    });
    (address, serving)
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn connect(proxy: &Proxy) -> TcpStream {
    patient(TcpStream::connect(proxy.place().address().unwrap()).unwrap())
}

fn start(link: &Link, device: SocketAddr) -> (Shared, Proxy) {
    let (shared, tape) = tape(link);
    (shared, Proxy::start(anywhere(), device, link.clone(), tape).unwrap())
}

/// Once nobody is connected any more.
fn finish(shared: &Shared, proxy: Proxy, link: &Link) -> (Transcript, Summary) {
    let summary = proxy.finish().unwrap();
    let text = shared.text();
    let transcript = Transcript::parse("streams", &text).unwrap();
    assert_eq!(transcript.canonical(), text, "what is written is canonical");
    assert_clean("streams", &transcript, link);
    assert_eq!(Scan::new().with("password", PASSWORD).transcript(&transcript), []);
    (transcript, summary)
}

#[track_caller]
fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut buffer = vec![0; bytes.len()];
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(buffer, bytes, "{}", buffer.escape_ascii());
}

fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    rest
}

fn said(events: &[Event], session: u32) -> Vec<(Side, String)> {
    let of_session = events.iter().filter(|event| event.session == session);
    let say = |event: &Event| match &event.kind {
        Kind::Say { from, body: Body::Text(text) } => Some((*from, text.clone())),
        Kind::Say { from, body: Body::Hex(bytes) } => Some((*from, format!("hex {bytes}"))),
        _ => None,
    };
    of_session.filter_map(say).collect()
}

fn closes(events: &[Event]) -> Vec<Side> {
    let close = |event: &Event| match event.kind {
        Kind::Close(side) => Some(side),
        _ => None,
    };
    events.iter().filter_map(close).collect()
}

#[test]
fn every_byte_is_passed_on_and_telnets_own_are_no_text() {
    // WILL ECHO; a byte 255, and CR NUL; all bytes there are.
    const HELLO: &[u8] = b"\xff\xfb\x01login: ";
    const ALL: &[u8] = b"\xff\xfd\x01lab\r\0\xff\xff";
    let (address, serving) = device(1, |mut client| {
        client.write_all(HELLO).unwrap();
        expect(&mut client, ALL);
        let every: Vec<u8> = (0..=255).flat_map(|byte| vec![byte; if byte == 255 { 2 } else { 1 }]).collect();
        client.write_all(&every).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut client), b"bye", "who has ended still hears");
    });
    let link = console::telnet(&[]);
    let (shared, proxy) = start(&link, address);
    let mut client = connect(&proxy);
    expect(&mut client, HELLO);
    client.write_all(ALL).unwrap();
    let every = rest(&mut client);
    assert_eq!(every.len(), 257);
    assert!(every.iter().zip(0..=255).all(|(byte, expected)| *byte == expected));
    client.write_all(b"bye").unwrap();
    drop(client);
    serving.join().unwrap();
    proxy.settle();
    let (transcript, summary) = finish(&shared, proxy, &link);
    let all: String = (0..=255).map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        (Side::Device, "login: ".to_owned()),
        (Side::Agent, "hex 6c61620dff".to_owned()),
        (Side::Device, format!("hex {}", all)),
        (Side::Agent, "bye".to_owned()),
    ];
    assert_eq!(said(&transcript.events, 1), expected);
    let Kind::Open(details) = &transcript.events[0].kind else { panic!("{transcript}") };
    assert_eq!(serde_json::to_string(details).unwrap(), r#"{"device":["ECHO"]}"#);
    assert_eq!(closes(&transcript.events), [Side::Device]);
    assert_eq!((summary.to_device, summary.from_device, summary.events), (2, 2, 6));
}

/// Asks for user and password, and echoes what is typed, the password in asterisks.
fn console(mut client: TcpStream) {
    let line = |client: &mut TcpStream, echo: fn(u8) -> u8| {
        let (mut line, mut byte) = (Vec::new(), [0]);
        loop {
            client.read_exact(&mut byte).unwrap();
            if byte == *b"\r" {
                client.write_all(b"\r\n").unwrap();
                return line;
            }
            line.push(byte[0]);
            client.write_all(&[echo(byte[0])]).unwrap();
        }
    };
    loop {
        client.write_all(b"login: ").unwrap();
        let user = line(&mut client, |byte| byte);
        client.write_all(b"Password: ").unwrap();
        let password = line(&mut client, |_| b'*');
        if user == b"lab" && password == PASSWORD.as_bytes() {
            client.write_all(format!("Welcome, your password is {PASSWORD}\r\n").as_bytes()).unwrap();
            return;
        }
        client.write_all(b"Wrong\r\n").unwrap();
    }
}

/// Types like a person: the next key when the last one is on the screen.
fn type_in(client: &mut TcpStream, text: &str, echo: fn(u8) -> u8) {
    for key in text.bytes() {
        client.write_all(&[key]).unwrap();
        expect(client, &[echo(key)]);
    }
    client.write_all(b"\r").unwrap();
    expect(client, b"\r\n");
}

#[test]
fn a_person_types_and_no_password_is_written_whether_it_is_known_or_not() {
    let login = Login { user: Some("lab".into()), password: Some(PASSWORD.into()), ..Login::default() };
    for link in [console::raw(&[]), console::raw(&[login])] {
        let (address, serving) = device(1, console);
        let (shared, proxy) = start(&link, address);
        let mut client = connect(&proxy);
        for (password, answer) in [("Tr0ub4dor&3", "Wrong\r\n"), (PASSWORD, "Welcome")] {
            expect(&mut client, b"login: ");
            type_in(&mut client, "lab", |key| key);
            expect(&mut client, b"Password: ");
            type_in(&mut client, password, |_| b'*');
            expect(&mut client, answer.as_bytes());
        }
        rest(&mut client);
        drop(client);
        serving.join().unwrap();
        proxy.settle();
        let (transcript, _) = finish(&shared, proxy, &link);
        assert_eq!(Scan::new().with("password", "Tr0ub4dor&3").transcript(&transcript), []);
        let said = said(&transcript.events, 1);
        let masked: Vec<_> = said.iter().filter(|(_, text)| text.contains('*')).collect();
        let placeholder = (Side::Agent, "********\r".to_owned());
        let told = (Side::Device, "\r\nWelcome, your password is ********\r\n".to_owned());
        assert_eq!(masked, [&placeholder, &placeholder, &told], "{said:?}");
    }
}

#[test]
fn two_hundred_clients_at_once_each_have_their_own_session() {
    const CLIENTS: usize = 200;
    let (address, serving) = device(CLIENTS, |mut client| {
        client.write_all(b"name? ").unwrap();
        let mut name = [0; 4];
        client.read_exact(&mut name).unwrap();
        client.write_all(&[b"hello ", name.as_slice()].concat()).unwrap();
    });
    let link = console::telnet(&[]);
    let (shared, proxy) = start(&link, address);
    let all_are_there = Barrier::new(CLIENTS);
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (proxy, all_are_there) = (&proxy, &all_are_there);
            scope.spawn(move || {
                let mut client = connect(proxy);
                expect(&mut client, b"name? ");
                all_are_there.wait();
                client.write_all(format!("n{number:03}").as_bytes()).unwrap();
                assert_eq!(rest(&mut client), format!("hello n{number:03}").as_bytes());
            });
        }
    });
    serving.join().unwrap();
    proxy.settle();
    let (transcript, summary) = finish(&shared, proxy, &link);
    assert_eq!((summary.to_device, summary.from_device, summary.events), (200, 400, 1000));
    let mut names: Vec<String> = (1..=200)
        .map(|session| match said(&transcript.events, session).as_slice() {
            [(Side::Device, prompt), (Side::Agent, name), (Side::Device, hello)] => {
                assert_eq!((prompt.as_str(), hello), ("name? ", &format!("hello {name}")));
                name.clone()
            }
            other => panic!("{session}: {other:?}"),
        })
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 200);
}

#[test]
fn who_hangs_up_in_the_middle_is_gone_for_the_other_too() {
    // The device hears of it, and the client does.
    let (address, serving) = device(1, |mut client| {
        client.write_all(b"Password: ").unwrap();
        assert_eq!(rest(&mut client), b"s3cr");
    });
    let link = console::telnet(&[]);
    let (shared, proxy) = start(&link, address);
    let mut client = connect(&proxy);
    expect(&mut client, b"Password: ");
    client.write_all(b"s3cr").unwrap();
    drop(client);
    serving.join().unwrap();
    proxy.settle();
    let (transcript, _) = finish(&shared, proxy, &link);
    let expected = [(Side::Device, "Password: ".to_owned()), (Side::Agent, "********".to_owned())];
    assert_eq!(said(&transcript.events, 1), expected);
    assert_eq!(closes(&transcript.events), [Side::Agent]);

    let (address, serving) = device(1, |mut client| client.write_all(b"User").unwrap());
    let (shared, proxy) = start(&link, address);
    assert_eq!(rest(&mut connect(&proxy)), b"User");
    serving.join().unwrap();
    proxy.settle();
    let (transcript, _) = finish(&shared, proxy, &link);
    assert_eq!(closes(&transcript.events), [Side::Device]);
}

#[test]
fn a_device_that_is_down_ends_the_connection_and_may_come_back() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let link = console::telnet(&[]);
    let (shared, proxy) = start(&link, address);
    assert_eq!(connect(&proxy).read(&mut [0]).unwrap_or(0), 0);
    let listener = TcpListener::bind(address).unwrap();
    let client = connect(&proxy);
    listener.accept().unwrap().0.write_all(b"here I am").unwrap();
    drop(client);
    proxy.settle();
    let (transcript, _) = finish(&shared, proxy, &link);
    let Kind::Open(details) = &transcript.events[0].kind else { panic!("{transcript}") };
    let error = details["error"].as_str().unwrap();
    assert!(error.starts_with("the device cannot be reached: "), "{error}");
    assert_eq!(transcript.events.iter().filter(|event| matches!(event.kind, Kind::Open(_))).count(), 2);
}

#[test]
fn what_was_said_before_a_command_ended_stands_before_its_mark() {
    let (address, serving) = device(1, |mut client| {
        client.write_all(b"welcome\n").unwrap();
        assert_eq!(rest(&mut client), b"");
    });
    let link = console::raw(&[]);
    let (shared, proxy) = start(&link, address);
    let words = ["bash", "-c", "exec 3<>/dev/tcp/{host}/{port}; read -r -u 3 line; test \"$line\" = welcome"];
    let words = words.map(String::from);
    assert_eq!(fencelab_recorder::run::run(&words, &proxy).unwrap().code(), Some(0));
    serving.join().unwrap();
    let (transcript, _) = finish(&shared, proxy, &link);
    let kinds: Vec<&str> = transcript
        .events
        .iter()
        .map(|event| match &event.kind {
            Kind::Mark(mark) => mark.phase.as_str(),
            Kind::Open(_) => "open",
            Kind::Close(_) => "close",
            _ => "say",
        })
        .collect();
    assert_eq!(kinds, ["begin", "open", "say", "close", "end"]);
}
