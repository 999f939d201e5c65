//! Every transport that needs no device, over loopback: who gets what.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use fencelab_fabric::transport::{Error, Kind, Place, To, Transport, Waiting};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(10);
const KINDS: [Kind; 3] = [Kind::Udp, Kind::Multicast, Kind::Tcp];

/// The longest message, unless a test says otherwise.
const LONG: usize = 65_536;

fn place(nodes: usize, waiting: Waiting) -> Place {
    Place { ip: HERE, nodes, message: LONG, waiting, device: None }
}

/// What a node does, given its number and its transport.
type Act = fn(usize, &mut dyn Transport);

/// Runs so many nodes, each in a thread of its own, linked with each other.
fn nodes(kind: Kind, waiting: Waiting, count: usize, act: Act) {
    nodes_for(LONG, kind, waiting, count, act);
}

fn nodes_for(message: usize, kind: Kind, waiting: Waiting, count: usize, act: Act) {
    let (opened, addresses) = channel::<(usize, String)>();
    // What is multicast before a node has joined the group is not for it.
    let all_linked = Arc::new(Barrier::new(count));
    let mut told = Vec::new();
    let mut threads = Vec::new();
    for own in 0..count {
        let (tell, hear) = channel::<Vec<String>>();
        told.push(tell);
        let (opened, all_linked) = (opened.clone(), Arc::clone(&all_linked));
        threads.push(thread::spawn(move || {
            let unlinked = kind.open(&Place { message, ..place(count, waiting) }).unwrap();
            opened.send((own, unlinked.address().to_owned())).unwrap();
            let mut transport = unlinked.link(own, &hear.recv().unwrap()).unwrap();
            all_linked.wait();
            act(own, transport.as_mut());
        }));
    }
    let mut all: Vec<(usize, String)> = addresses.iter().take(count).collect();
    all.sort();
    let all: Vec<String> = all.into_iter().map(|(_, address)| address).collect();
    told.into_iter().for_each(|tell| tell.send(all.clone()).unwrap());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// The next message, as text, and who sent it.
fn next(transport: &mut dyn Transport) -> (usize, Vec<u8>) {
    let mut buffer = vec![0; 70_000];
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(received) = transport.receive(&mut buffer, Duration::from_millis(100)).unwrap() {
            return (received.from, buffer[..received.bytes].to_vec());
        }
    }
    panic!("no message in {PATIENCE:?}");
}

/// Each says something to each of the others alone and to all; then everyone has two messages of each of the others.
fn everyone_speaks(own: usize, transport: &mut dyn Transport) {
    for to in (0..4).filter(|to| *to != own) {
        transport.send(To::Node(to), format!("{own} to {to}").as_bytes()).unwrap();
    }
    transport.send(To::Others, format!("{own} to all").as_bytes()).unwrap();
    let mut heard: Vec<(usize, Vec<u8>)> = (0..6).map(|_| next(transport)).collect();
    heard.sort();
    let others = (0..4).filter(|from| *from != own);
    let expected: Vec<(usize, Vec<u8>)> = others
        .flat_map(|from| {
            let mut both = [format!("{from} to {own}"), format!("{from} to all")].map(String::into_bytes);
            both.sort();
            both.map(|text| (from, text))
        })
        .collect();
    assert_eq!(heard, expected);
    // Nothing else, and nothing of its own.
    assert_eq!(transport.receive(&mut [0; 64], Duration::from_millis(20)).unwrap(), None);
}

#[test]
fn everyone_hears_what_is_said_to_it_and_to_all() {
    for kind in KINDS {
        for waiting in [Waiting::Events, Waiting::Polled] {
            nodes(kind, waiting, 4, everyone_speaks);
        }
    }
}

/// Every length up to where it is cut, there and back.
fn lengths(own: usize, transport: &mut dyn Transport) {
    let limit = transport.limits().message;
    for bytes in
        [0, 1, 7, 8, 1472, 1473, 8192, 65_507, 65_508, 65_536].into_iter().filter(|bytes| *bytes <= limit)
    {
        let message: Vec<u8> = (0..bytes).map(|index| u8::try_from(index % 251).unwrap()).collect();
        if own == 0 {
            transport.send(To::Node(1), &message).unwrap();
            assert_eq!(next(transport), (1, message));
        } else {
            let (from, came) = next(transport);
            assert!(came == message, "{bytes} bytes");
            transport.send(To::Node(from), &came).unwrap();
        }
    }
    let long = vec![0; limit + 1];
    assert!(matches!(transport.send(To::Others, &long), Err(Error::Unfit(_))));
}

#[test]
fn a_message_keeps_its_bounds_at_every_length() {
    for kind in KINDS {
        for waiting in [Waiting::Events, Waiting::Polled] {
            nodes(kind, waiting, 2, lengths);
        }
    }
}

/// Node 0 has said all.
static SAID: Barrier = Barrier::new(2);

/// A node that reads nothing must not stop one that sends: what it does not take is counted, and the others hear it.
fn one_reads_nothing(own: usize, transport: &mut dyn Transport) {
    match own {
        0 => {
            for _ in 0..1000 {
                transport.send(To::Node(2), &[1; 65_000]).unwrap();
            }
            assert!(transport.counters().refused > 0);
            transport.send(To::Others, b"go").unwrap();
            SAID.wait();
        }
        1 => assert_eq!(next(transport), (0, b"go".to_vec())),
        _ => {
            SAID.wait();
        }
    }
}

#[test]
fn who_does_not_read_stops_nobody() {
    nodes(Kind::Tcp, Waiting::Events, 3, one_reads_nothing);
}

#[test]
fn patience_ends() {
    for kind in KINDS {
        for waiting in [Waiting::Events, Waiting::Polled] {
            nodes(kind, waiting, 2, |own, transport| {
                if own == 0 {
                    let start = Instant::now();
                    assert_eq!(transport.receive(&mut [0; 64], Duration::from_millis(30)).unwrap(), None);
                    assert!(start.elapsed() >= Duration::from_millis(8), "{:?}", start.elapsed());
                }
            });
        }
    }
}

#[test]
fn strangers_are_not_heard() {
    let opened: Vec<_> = (0..2).map(|_| Kind::Udp.open(&place(2, Waiting::Events)).unwrap()).collect();
    let addresses: Vec<String> = opened.iter().map(|unlinked| unlinked.address().to_owned()).collect();
    let mut linked: Vec<_> = opened
        .into_iter()
        .enumerate()
        .map(|(own, unlinked)| unlinked.link(own, &addresses).unwrap())
        .collect();
    let stranger = UdpSocket::bind((HERE, 0)).unwrap();
    stranger.send_to(b"hello", &addresses[1]).unwrap();
    assert_eq!(linked[1].receive(&mut [0; 64], Duration::from_millis(20)).unwrap(), None);
    linked[0].send(To::Node(1), b"hello").unwrap();
    assert_eq!(next(linked[1].as_mut()), (0, b"hello".to_vec()));
}

#[test]
fn what_has_no_device_says_so() {
    for kind in [Kind::Rc, Kind::Ud] {
        let Err(error) = kind.open(&place(2, Waiting::Events)) else { continue };
        assert!(matches!(error, Error::NoDevice(_)), "{error}");
        assert!(error.to_string().starts_with("no RDMA device: "), "{error}");
    }
}

/// What the messages of a node are like, by their number.
fn numbered(from: usize, number: usize) -> Vec<u8> {
    vec![u8::try_from(from * 100 + number).unwrap(); (number * 397) % 1001]
}

/// Two send before the third looks, which answers after a while, and so on: some are taken together, and some alone.
fn short_ones_come_in_bursts(own: usize, transport: &mut dyn Transport) {
    const BURST: usize = 40;
    for _ in 0..3 {
        if own > 0 {
            for number in 0..BURST {
                transport.send(To::Node(0), &numbered(own, number)).unwrap();
            }
            assert_eq!(next(transport), (0, b"more".to_vec()));
        } else {
            let mut heard = [0; 3];
            for _ in 0..2 * BURST {
                let (from, message) = next(transport);
                assert_eq!(message, numbered(from, heard[from]), "message {} of {from}", heard[from]);
                heard[from] += 1;
            }
            assert_eq!(heard, [0, BURST, BURST]);
            transport.send(To::Others, b"more").unwrap();
        }
    }
}

#[test]
fn short_messages_that_come_together_are_told_apart() {
    for waiting in [Waiting::Events, Waiting::Polled] {
        for kind in KINDS {
            nodes_for(1001, kind, waiting, 3, short_ones_come_in_bursts);
        }
    }
}
