//! A client in virtual time before a device: no socket, no clock.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fencelab_devices::{Credentials, Device, DeviceSpec, Fault, Power};
use fencelab_wire::ipmi::client::{Client, Config, Interface, Progress, Refused};
use fencelab_wire::ipmi::{NetFn, Request, Response};

pub const LANPLUS: Interface = Interface::LanPlus { cipher: Some(3) };
pub const LAN: Interface = Interface::Lan { auth: None };

/// A `device.toml` of a BMC whose `[face.ipmi]` ends with `face`.
pub fn toml(face: &str) -> String {
    format!(
        r#"format = "1.0"
[device]
vendor = "ACME"
model = "BMC"
provenance = {{ kind = "described", from = ["this test"] }}
[plant]
plugs = [{{ name = "system" }}]
delay = {{ off = "500ms", on = "300ms", cycle = "1s" }}
[face.ipmi]
{face}
"#
    )
}

pub fn spec(face: &str) -> std::sync::Arc<DeviceSpec> {
    DeviceSpec::parse(Path::new("device.toml"), &toml(face), Path::new("."))
        .unwrap_or_else(|error| panic!("{error}"))
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000))
}

/// A client's view of a device.
pub struct Bench {
    pub device: Device,
    pub now: Duration,
    client: Client,
    random: u64,
}

impl Bench {
    pub fn new(face: &str) -> Self {
        Self::of(Device::new(spec(face), &Credentials::default(), 1))
    }

    pub fn of(device: Device) -> Self {
        Self { device, now: Duration::ZERO, client: client(LANPLUS), random: 1 }
    }

    pub fn fault(&mut self, expression: &str) {
        self.device.set_faults(Fault::parse_all(expression).unwrap_or_else(|error| panic!("{error}")));
    }

    /// Sends one datagram and waits up to `patience` for something that brings the client on.
    fn exchange(&mut self, bytes: &[u8], patience: Duration) -> Option<Result<Progress, Refused>> {
        let until = self.now + patience;
        self.device.handle(self.now, 0, peer(), bytes);
        loop {
            for output in self.device.take_output(self.now) {
                let mut random = self.random;
                let progress = self.client.receive(&output.bytes, &mut |buffer| fill(&mut random, buffer));
                self.random = random;
                match progress {
                    Ok(Progress::Ignored) => {}
                    other => return Some(other),
                }
            }
            match self.device.next_wake() {
                Some(wake) if wake <= until => self.now = self.now.max(wake),
                _ => {
                    self.now = until;
                    return None;
                }
            }
        }
    }

    /// Opens a session; `None`: silence at some step.
    pub fn open(&mut self, interface: Interface) -> Option<Result<(), Refused>> {
        self.client = client(interface);
        let mut random = self.random;
        let mut bytes = self.client.start(&mut |buffer| fill(&mut random, buffer));
        self.random = random;
        loop {
            match self.exchange(&bytes, ms(1000))? {
                Ok(Progress::Send(next)) => bytes = next,
                Ok(Progress::Established) => return Some(Ok(())),
                Ok(other) => panic!("{other:?}"),
                Err(refused) => return Some(Err(refused)),
            }
        }
    }

    /// Asks in the open session, once, waiting `patience`.
    pub fn ask_within(&mut self, request: &Request, patience: Duration) -> Option<Response> {
        let mut random = self.random;
        let bytes = self.client.request(request, &mut |buffer| fill(&mut random, buffer));
        self.random = random;
        match self.exchange(&bytes, patience)? {
            Ok(Progress::Answer(response)) => Some(response),
            other => panic!("{other:?}"),
        }
    }

    pub fn ask(&mut self, netfn: u8, command: u8, data: &[u8]) -> Option<Response> {
        self.ask_within(&Request::new(NetFn(netfn), command, data), ms(1000))
    }

    /// Chassis Control; the completion code.
    pub fn control(&mut self, value: u8) -> Option<u8> {
        self.ask(0, 2, &[value]).map(|response| response.completion.0)
    }

    /// Get Chassis Status: the completion code, or the power.
    pub fn status(&mut self) -> Option<Result<Power, u8>> {
        let response = self.ask(0, 1, &[])?;
        if !response.completion.is_ok() {
            return Some(Err(response.completion.0));
        }
        Some(Ok(if response.data[0] & 1 == 1 { Power::On } else { Power::Off }))
    }

    pub fn close(&mut self) {
        let mut random = self.random;
        let bytes = self.client.close(&mut |buffer| fill(&mut random, buffer));
        self.random = random;
        assert!(matches!(self.exchange(&bytes, ms(1000)), Some(Ok(Progress::Closed))));
    }

    pub fn sleep(&mut self, time: Duration) {
        self.now += time;
        self.device.advance(self.now);
    }

    pub fn truth(&mut self) -> Power {
        self.device.advance(self.now);
        self.device.plant().plugs()[0].power()
    }
}

fn client(interface: Interface) -> Client {
    let Credentials { user, password, .. } = Credentials::default();
    Client::new(Config::new(user, password, interface))
}

/// Enough for session ids and nonces of a test.
fn fill(state: &mut u64, buffer: &mut [u8]) {
    for byte in buffer {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (*state >> 56) as u8;
    }
}
