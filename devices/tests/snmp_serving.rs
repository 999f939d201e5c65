//! Real sockets: storms leave an SNMP agent serving, ten thousand fit in one process, and a slow one slows no other.

#[path = "support/snmp.rs"]
mod support;

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use fencelab_devices::serve::Served;
use fencelab_devices::{Credentials, Device, Fault};
use fencelab_wire::snmp::{Binding, Body, Message, Pdu, PduKind, Value, Version};
use proptest::prelude::*;
use support::*;

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn request(id: i32, kind: PduKind, object: &str) -> Vec<u8> {
    let pdu = Pdu::new(kind, id, vec![Binding::ask(oid(object))]);
    Message::Community { version: Version::V2c, community: "fencelab".into(), body: Body::Pdu(pdu) }.emit()
}

/// Asks over a socket until the answer to this very request is there.
fn ask(socket: &UdpSocket, address: SocketAddr, id: i32, object: &str) -> Value {
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send_to(&request(id, PduKind::Get, object), address).unwrap();
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).expect("the device answers");
        if let Ok(Message::Community { body: Body::Pdu(pdu), .. }) = Message::parse(&buffer[..length])
            && pdu.request_id == id
        {
            return pdu.bindings[0].value.clone();
        }
    }
}

/// A cheap source of bytes that is the same in every run.
fn noise(state: &mut u64) -> u8 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 56) as u8
}

/// Real datagrams to mutate: all kinds of request, in v1 and v2c, and the discovery of v3.
fn seeds() -> Vec<Vec<u8>> {
    let bindings = || vec![Binding::ask(at(STATUS, 1)), Binding::ask(oid(SYS_DESCR))];
    let mut pdus: Vec<Pdu> =
        [PduKind::Get, PduKind::GetNext].map(|kind| Pdu::new(kind, 7, bindings())).to_vec();
    pdus.push(Pdu::get_bulk(8, 1, 40, bindings()));
    pdus.push(Pdu::new(PduKind::Set, 9, vec![Binding { object: oid(SYS_CONTACT), value: Value::text("x") }]));
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for version in [Version::V1, Version::V2c] {
        for pdu in &pdus {
            let body = Body::Pdu(pdu.clone());
            seeds.push(Message::Community { version, community: "fencelab".into(), body }.emit());
        }
    }
    // snmpget's discovery (RFC 3414 §4): no engine id, reportable.
    let hex = "303e020103301102045a5a5a5a020300ffe30401040201030410300e0400020100020100040004000400301404000400a00e02044b4b4b4b0201000201003000";
    let bytes = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
    let discovery: Vec<u8> = bytes.collect();
    assert!(Message::parse(&discovery).is_ok());
    seeds.push(discovery);
    seeds
}

#[test]
fn a_storm_of_random_and_mutated_datagrams_leaves_it_serving() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let served = Served::start(
        Device::new(pdu("", ""), &Credentials::default(), 1),
        0,
        SocketAddr::from((LOOPBACK, 0)),
    )
    .unwrap();
    let seeds = seeds();
    let socket = UdpSocket::bind(SocketAddr::from((LOOPBACK, 0))).unwrap();
    let mut state = 42;
    for round in 0..20_000 {
        let mut datagram: Vec<u8> = match round % 2 {
            0 => (0..noise(&mut state)).map(|_| noise(&mut state)).collect(),
            _ => seeds[usize::from(noise(&mut state)) % seeds.len()].clone(),
        };
        for _ in 0..noise(&mut state) % 4 {
            let place = usize::from(noise(&mut state)) % datagram.len().max(1);
            if let Some(byte) = datagram.get_mut(place) {
                *byte = noise(&mut state);
            }
        }
        let _ = socket.send_to(&datagram, served.address);
        // The kernel's queue must not overflow, or the loss would be the kernel's: every 32nd is waited for.
        if round % 32 == 31 {
            assert_eq!(ask(&socket, served.address, 1_000_000 + round, SYS_OBJECT_ID), sys_object_id());
        }
    }
    // None of this was an order for a plug.
    assert!(served.with(|device, _| device.plant().timeline().is_empty()));
}

fn sys_object_id() -> Value {
    Value::ObjectId(oid("1.3.6.1.4.1.318.1.3.4.5"))
}

/// Of this process (proc(5), statm: pages).
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Raises the limit of open files as far as it goes, as `fencelab emulate` does, and says how many devices then fit.
fn places(wanted: u64) -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap_or(wanted * 2);
    wanted.min(soft.saturating_sub(64))
}

#[test]
fn many_devices_start_quickly_and_are_small() {
    let limit = places(10_000);
    let runtime = runtime();
    let _guard = runtime.enter();
    let spec = pdu("", "");
    let before = resident_bytes();
    let begin = Instant::now();
    let all: Vec<Served> = (0..limit)
        .map(|seed| {
            let device = Device::new(spec.clone(), &Credentials::default(), seed);
            Served::start(device, 0, SocketAddr::from((LOOPBACK, 0))).unwrap()
        })
        .collect();
    let took = begin.elapsed();
    let each = resident_bytes().saturating_sub(before) / limit;
    println!("{limit} devices in {took:?}, {each} bytes each");
    // In a debug build; a release build needs a fraction of it (benches).
    assert!(took < Duration::from_secs(20), "{took:?} for {limit} devices");
    assert!(each < 30_000, "{each} bytes a device");
    let socket = UdpSocket::bind(SocketAddr::from((LOOPBACK, 0))).unwrap();
    for served in [&all[0], &all[all.len() / 2], &all[all.len() - 1]] {
        assert_eq!(ask(&socket, served.address, 5, SYS_OBJECT_ID), sys_object_id());
    }
}

#[test]
fn a_slow_device_slows_no_other() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let start = |faults: &str| {
        let mut device = Device::new(pdu("", ""), &Credentials::default(), 1);
        device.set_faults(Fault::parse_all(faults).unwrap());
        Served::start(device, 0, SocketAddr::from((LOOPBACK, 0))).unwrap()
    };
    let (slow, quick) = (start("delay(1s)@from-device"), start(""));
    let socket = UdpSocket::bind(SocketAddr::from((LOOPBACK, 0))).unwrap();
    socket.send_to(&request(1, PduKind::Get, SYS_OBJECT_ID), slow.address).unwrap();
    let begin = Instant::now();
    for id in 2..200 {
        assert_eq!(ask(&socket, quick.address, id, SYS_OBJECT_ID), sys_object_id());
        assert!(begin.elapsed() < Duration::from_millis(900), "answer {id} after {:?}", begin.elapsed());
    }
    assert_eq!(ask(&socket, slow.address, 200, SYS_OBJECT_ID), sys_object_id());
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..20), fault in 0..fencelab_devices::fault::CATALOGUE.len()) {
        let mut device = Device::new(pdu("", ""), &Credentials::default(), 1);
        let kind = fencelab_devices::fault::CATALOGUE[fault].example("snmp", "power-on");
        device.set_faults(vec![Fault::new(kind)]);
        device.record();
        for (at, datagram) in (0..).zip(&datagrams) {
            device.handle(ms(at), 0, peer(), datagram);
            let _ = device.take_output(ms(at));
        }
        prop_assert!(device.plant().timeline().is_empty());
    }

    #[test]
    fn any_mutation_of_a_dialogue_is_survived(which in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), value in any::<u8>(), fault in 0..fencelab_devices::fault::CATALOGUE.len()) {
        let mut bench = Asker::new(pdu("", ""));
        let kind = fencelab_devices::fault::CATALOGUE[fault].example("snmp", "power-on");
        bench.device.set_faults(vec![Fault::new(kind)]);
        bench.device.record();
        let mut datagram = which.get(&seeds()).clone();
        let place = place.index(datagram.len());
        datagram[place] = value;
        bench.raw(&datagram, ms(120_000));
        bench.device.clear_faults();
        bench.sleep(ms(120_000));
        prop_assert_eq!(bench.state(1), Ok(Value::Integer(1)));
    }
}
