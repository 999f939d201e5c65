//! Somebody at a terminal before a console, in virtual time.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::{Credentials, Device, DeviceSpec, Power, Told};

pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn peer(number: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000 + number))
}

/// Somebody at a terminal.
pub struct Terminal {
    pub device: Device,
    pub now: Duration,
    pub face: usize,
    pub peer: SocketAddr,
    pub over: bool,
    pub told: Vec<Told>,
}

impl Terminal {
    pub fn at(spec: Arc<DeviceSpec>, face: usize) -> Self {
        let device = Device::new(spec, &Credentials::default(), 1);
        Self { device, now: Duration::ZERO, face, peer: peer(0), over: false, told: Vec::new() }
    }

    pub fn connect(&mut self, user: Option<&str>) -> String {
        self.device.connect(self.now, self.face, self.peer, user);
        self.heard()
    }

    pub fn heard(&mut self) -> String {
        let mut text = Vec::new();
        for output in self.device.take_output(self.now) {
            if output.to == self.peer {
                self.over |= output.bytes.is_empty();
                text.extend(output.bytes);
                self.told.extend(output.tells);
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    pub fn says(&mut self, text: &str) -> String {
        self.device.handle(self.now, self.face, self.peer, text.as_bytes());
        self.heard()
    }

    pub fn login(&mut self) -> String {
        self.connect(None);
        self.says("lab\r\n");
        self.says("fencelab\r\n")
    }

    pub fn sleep(&mut self, time: Duration) -> String {
        self.now += time;
        self.heard()
    }

    pub fn power(&mut self, plug: &str) -> Option<Power> {
        self.device.advance(self.now);
        self.device.plant().power_at(plug, self.now)
    }
}
