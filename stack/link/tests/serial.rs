//! Serial lines of this machine, which are pseudo-terminals here: opened, set, locked, lost; and behind `ser2net`.

use std::{
    fs::File,
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fencelab_link::{Heard, LinkError, Stream, Target, Way, World, live::LiveWorld};
use fencelab_peers::Ser2net;
use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{ControlModes, InputModes, tcgetattr},
};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Both ends of a line: ours as the device's, and the path of the other.
struct Pair {
    device: File,
    path: PathBuf,
}

impl Pair {
    fn new() -> Self {
        let device = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&device).expect("it may be used");
        unlockpt(&device).expect("it may be opened");
        let name = ptsname(&device, Vec::new()).expect("its name");
        Self { device: device.into(), path: name.to_str().expect("a path").into() }
    }

    fn hear(&mut self, length: usize) -> Vec<u8> {
        let mut heard = vec![0; length];
        self.device.read_exact(&mut heard).expect("the other end writes");
        heard
    }
}

fn open(world: &mut LiveWorld, path: &str, line: &str) -> Result<Box<dyn Stream>, LinkError> {
    world.stream(&Target::new(path, 0), &Way::Serial(line.parse().unwrap()), PATIENCE)
}

fn receive(stream: &mut dyn Stream, wanted: &[u8]) {
    let (until, mut heard) = (stream.now() + PATIENCE, Vec::new());
    while heard.len() < wanted.len() {
        match stream.receive(until) {
            Ok(Heard::Bytes(bytes)) => heard.extend(bytes),
            other => panic!("{other:?} after {heard:?}"),
        }
    }
    assert_eq!(heard, wanted);
}

#[test]
fn bytes_go_and_come_as_they_are_until_the_end() {
    let (mut pair, mut world) = (Pair::new(), LiveWorld::quiet());
    let mut link = open(&mut world, pair.path.to_str().unwrap(), "115200,7E2,xonxoff").unwrap();
    let settings = tcgetattr(&pair.device).unwrap();
    assert_eq!((settings.output_speed(), settings.input_speed()), (115_200, 115_200));
    assert!(settings.control_modes.contains(ControlModes::CSTOPB | ControlModes::CLOCAL));
    assert!(settings.input_modes.contains(InputModes::IXON | InputModes::IXOFF));
    let all: Vec<u8> = (0..=255).filter(|byte| ![17, 19].contains(byte)).collect();
    link.send(&all).unwrap();
    assert_eq!(pair.hear(all.len()), all);
    let until = world.now() + Duration::from_millis(20);
    assert_eq!(link.receive(until), Ok(Heard::Silence));
    assert!(world.now() >= until);
    pair.device.write_all(b"\r\n\x03\x04\xff").unwrap();
    receive(&mut *link, b"\r\n\x03\x04\xff");
    drop(pair);
    assert_eq!(link.receive(PATIENCE), Ok(Heard::End), "the adapter was pulled out");
    assert_eq!(link.receive(PATIENCE), Ok(Heard::End), "it stays the end");
    assert_eq!(link.send(b"?"), Ok(()), "the end shows at the next receive");
}

#[test]
fn a_port_is_one_programs_at_a_time() {
    let (pair, mut world) = (Pair::new(), LiveWorld::quiet());
    let path = pair.path.to_str().unwrap();
    let link = open(&mut world, path, "9600").unwrap();
    let busy = open(&mut world, path, "9600").err().unwrap();
    assert_eq!(busy.to_string(), format!("{path} is busy: another program has the port open"));
    drop(link);
    open(&mut world, path, "9600").unwrap();
}

#[test]
fn what_an_earlier_program_did_not_hear_is_gone() {
    let (mut pair, mut world) = (Pair::new(), LiveWorld::quiet());
    let path = pair.path.to_str().unwrap().to_owned();
    // Somebody keeps it open, so that it does not end in between.
    let _other = File::open(&pair.path).unwrap();
    drop(open(&mut world, &path, "9600").unwrap());
    pair.device.write_all(b"old").unwrap();
    let mut link = open(&mut world, &path, "9600").unwrap();
    pair.device.write_all(b"new").unwrap();
    receive(&mut *link, b"new");
}

#[test]
fn what_is_no_port_is_told() {
    let mut world = LiveWorld::quiet();
    let mut refused = |path: &str| open(&mut world, path, "9600").err().unwrap().to_string();
    assert!(
        refused("/dev/no-such-port").starts_with("/dev/no-such-port is unreachable: there is no such port")
    );
    assert_eq!(refused("/dev/null"), "/dev/null: it is no serial line");
}

/// Ends a program of ours.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn socat_says_back_what_it_hears() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("port");
    let socat = Command::new("socat")
        .arg(format!("PTY,rawer,link={}", path.display()))
        .arg("EXEC:cat")
        .stdin(Stdio::null())
        .spawn()
        .expect("Debian's package socat has it");
    let mut socat = Running(socat);
    let started = Instant::now();
    while !path.exists() {
        assert!(started.elapsed() < PATIENCE && socat.0.try_wait().unwrap().is_none(), "socat makes no port");
        std::thread::yield_now();
    }
    let mut world = LiveWorld::quiet();
    let mut link = open(&mut world, path.to_str().unwrap(), "19200,8N1").unwrap();
    link.send(b"ping\r\n\xff\0").unwrap();
    receive(&mut *link, b"ping\r\n\xff\0");
}

#[test]
fn ser2net_sets_the_line_as_it_is_told() {
    let mut pair = Pair::new();
    // Kept open: ser2net closes its end when a client goes.
    let _other = File::open(&pair.path).unwrap();
    let server = Ser2net::start(&pair.path, true);
    let target = Target::new(server.address.ip().to_string(), server.address.port());
    let mut world = LiveWorld::quiet();
    let until = world.now() + PATIENCE;
    let way = Way::PortServer("19200,8N1".parse().unwrap());
    let mut link = world.stream(&target, &way, until).unwrap();
    assert_eq!(tcgetattr(&pair.device).unwrap().output_speed(), 19_200);
    link.send(b"status\r\xff\0").unwrap();
    assert_eq!(pair.hear(9), b"status\r\xff\0");
    pair.device.write_all(b"on\r\n\xff\0").unwrap();
    receive(&mut *link, b"on\r\n\xff\0");
}

#[test]
fn a_port_server_without_the_option_is_told_so() {
    let pair = Pair::new();
    let _other = File::open(&pair.path).unwrap();
    let server = Ser2net::start(&pair.path, false);
    let target = Target::new(server.address.ip().to_string(), server.address.port());
    let mut world = LiveWorld::quiet();
    let until = world.now() + PATIENCE;
    let error = world.stream(&target, &Way::PortServer("19200".parse().unwrap()), until).err().unwrap();
    assert!(error.to_string().contains("does not let the line be set"), "{error}");
    // Plain telnet reaches it, at the speed that was set there.
    let mut link = world.stream(&target, &Way::Telnet, until).unwrap();
    link.send(b"x").unwrap();
}
