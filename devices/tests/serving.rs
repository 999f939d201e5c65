//! Real sockets: storms leave a device serving, and many devices fit in one process.

mod support;

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use fencelab_devices::serve::Served;
use fencelab_devices::{Credentials, Device, Power};
use fencelab_wire::ipmi::client::{Client, Config, Interface, Progress};
use fencelab_wire::ipmi::{NetFn, Request};
use proptest::prelude::*;
use support::{Bench, LANPLUS, ms, peer, spec};

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Opens a session over a real socket and asks for the power.
fn status(address: SocketAddr) -> u8 {
    let socket = UdpSocket::bind(SocketAddr::from((LOOPBACK, 0))).unwrap();
    socket.connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let Credentials { user, password, .. } = Credentials::default();
    let mut client = Client::new(Config::new(user, password, Interface::LanPlus { cipher: Some(3) }));
    let mut random = |buffer: &mut [u8]| buffer.fill(7);
    let mut bytes = client.start(&mut random);
    let mut buffer = [0; 1024];
    loop {
        socket.send(&bytes).unwrap();
        let length = socket.recv(&mut buffer).expect("the device answers");
        match client.receive(&buffer[..length], &mut random).unwrap() {
            Progress::Send(next) => bytes = next,
            Progress::Established => bytes = client.request(&Request::new(NetFn(0), 1, []), &mut random),
            Progress::Answer(response) => {
                // The next client finds its place free.
                socket.send(&client.close(&mut random)).unwrap();
                socket.recv(&mut buffer).expect("the close is answered");
                return response.data[0] & 1;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A cheap source of bytes that is the same in every run.
fn noise(state: &mut u64) -> u8 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 56) as u8
}

#[test]
fn a_storm_of_random_and_mutated_datagrams_leaves_it_serving() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let device = Device::new(spec(""), &Credentials::default(), 1);
    let served = Served::start(device, 0, SocketAddr::from((LOOPBACK, 0))).unwrap();
    assert_eq!(status(served.address), 1);
    // Real datagrams to mutate.
    let seeds = dialogue();
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
        // The kernel's queue must not overflow, or the loss would be the kernel's: every 64th is waited for.
        if round % 64 == 63 {
            wait_for_pong(&socket, served.address, (round / 64 % 250) as u8);
        }
    }
    assert_eq!(status(served.address), 1);
    // None of this was a valid command: the power never moved.
    assert!(served.with(|device, _| device.plant().timeline().is_empty()));
}

/// Everything sent before has been handled once the answer to this ping is there.
fn wait_for_pong(socket: &UdpSocket, address: SocketAddr, tag: u8) {
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send_to(&[6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, tag, 0, 0], address).unwrap();
    let mut buffer = [0; 1024];
    loop {
        let length = socket.recv(&mut buffer).expect("the ping is answered");
        if length == 28 && buffer[8] == 0x40 && buffer[9] == tag {
            return;
        }
    }
}

/// The datagrams that a client sends, as it sends them.
fn dialogue() -> Vec<Vec<u8>> {
    let mut device = Device::new(spec(""), &Credentials::default(), 1);
    let mut client = Client::new(Config::new("lab", "fencelab", Interface::LanPlus { cipher: Some(3) }));
    let mut random = |buffer: &mut [u8]| buffer.fill(9);
    let mut datagrams = vec![client.start(&mut random)];
    loop {
        device.handle(ms(0), 0, peer(), datagrams.last().unwrap());
        let answer = device.take_output(ms(0)).remove(0);
        match client.receive(&answer.bytes, &mut random).unwrap() {
            Progress::Send(next) => datagrams.push(next),
            Progress::Established => {
                datagrams.push(client.request(&Request::new(NetFn(0), 2, [0]), &mut random))
            }
            _ => return datagrams,
        }
    }
}

#[test]
fn late_answers_come_by_themselves() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let mut device = Device::new(spec(""), &Credentials::default(), 1);
    device.set_faults(fencelab_devices::Fault::parse_all("delay(20ms)").unwrap());
    let served = Served::start(device, 0, SocketAddr::from((LOOPBACK, 0))).unwrap();
    let begin = Instant::now();
    assert_eq!(status(served.address), 1);
    assert!(begin.elapsed() >= Duration::from_millis(40 * 5));
    // Lifting a fault lets go what it held back.
    served.with(|device, _| device.clear_faults());
    served.with(|device, now| device.plant_mut().set(now, "system", Power::Off));
    assert_eq!(status(served.address), 0);
}

#[test]
fn many_devices_start_quickly_and_are_small() {
    let limit = 400;
    let runtime = runtime();
    let _guard = runtime.enter();
    let spec = spec("");
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
    assert!(took < Duration::from_secs(5), "{took:?} for {limit} devices");
    assert!(each < 100_000, "{each} bytes a device");
    assert_eq!(status(all[usize::try_from(limit).unwrap() - 1].address), 1);
}

/// Of this process (proc(5), statm: pages).
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

proptest! {
    #[test]
    fn any_bytes_are_survived(datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..20), fault in 0..fencelab_devices::fault::CATALOGUE.len()) {
        let mut device = Device::new(spec(""), &Credentials::default(), 1);
        let kind = fencelab_devices::fault::CATALOGUE[fault].example("ipmi", "power-on");
        device.set_faults(vec![fencelab_devices::Fault::new(kind)]);
        device.record();
        for (at, datagram) in (0..).zip(&datagrams) {
            device.handle(ms(at), 0, peer(), datagram);
            let _ = device.take_output(ms(at));
        }
        prop_assert!(device.plant().timeline().is_empty());
        prop_assert!(device.take_events().len() <= 64 * datagrams.len());
    }

    #[test]
    fn any_mutation_of_a_dialogue_is_survived(which in 0usize..6, place in any::<usize>(), value in any::<u8>()) {
        let mut bench = Bench::new("");
        prop_assert!(matches!(bench.open(LANPLUS), Some(Ok(()))));
        let mut datagram = dialogue().swap_remove(which % 5);
        let length = datagram.len();
        datagram[place % length] = value;
        bench.device.handle(bench.now, 0, peer(), &datagram);
        let now = bench.now;
        let _ = bench.device.take_output(now);
        prop_assert_eq!(bench.status(), Some(Ok(Power::On)));
    }
}
