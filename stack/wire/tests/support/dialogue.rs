//! A client, a server and a listener between them, in memory and in virtual time.

use super::bmc::{Random, answer, generator};
use fencelab_wire::Secret;
use fencelab_wire::ipmi::client::{Client, Config as ClientConfig, Interface, Progress, Refused};
use fencelab_wire::ipmi::server::{Config, Received, Server};
use fencelab_wire::ipmi::tap::{Credential, Tap};
use fencelab_wire::ipmi::{NetFn, Request, Response};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A BMC in memory.
pub struct Bmc {
    pub server: Server,
    pub power: bool,
    pub now: Duration,
    pub random: Random,
}

pub fn peer(n: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000 + n))
}

impl Bmc {
    pub fn new(config: Config) -> Self {
        let random = Box::new(generator(1));
        Self { server: Server::new(Arc::new(config)), power: true, now: Duration::ZERO, random }
    }

    /// What it answers.
    pub fn hear(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
        match self.server.receive(self.now, from, &mut self.random, datagram) {
            Received::Nothing => None,
            Received::Reply(bytes) => Some(bytes),
            Received::Command { ticket, request, privilege, .. } => {
                let response = answer(&mut self.power, &request, privilege);
                Some(self.server.respond(ticket, &response, &mut self.random))
            }
        }
    }
}

/// A client that talks to a [`Bmc`]; everything said is kept.
pub struct Talk {
    pub client: Client,
    pub from: SocketAddr,
    pub random: Random,
    pub said: Vec<(Direction, Vec<u8>)>,
}

/// How a talk got on.
#[derive(Debug, PartialEq)]
pub enum Ended {
    Established,
    Answer(Response),
    Closed,
    Refused(Refused),
    Silence,
}

impl Talk {
    pub fn new(config: ClientConfig, n: u16) -> Self {
        let random = Box::new(generator(u64::from(n) + 1000));
        Self { client: Client::new(config), from: peer(n), random, said: Vec::new() }
    }

    /// Sends, and goes on until something is reached.
    pub fn exchange(&mut self, bmc: &mut Bmc, mut datagram: Vec<u8>) -> Ended {
        loop {
            assert!(!datagram.is_empty(), "nothing to send");
            self.said.push((Direction::ToDevice, datagram.clone()));
            let Some(answer) = bmc.hear(self.from, &datagram) else { return Ended::Silence };
            self.said.push((Direction::FromDevice, answer.clone()));
            datagram = match self.client.receive(&answer, &mut self.random) {
                Ok(Progress::Send(next)) => next,
                Ok(Progress::Established) => return Ended::Established,
                Ok(Progress::Answer(response)) => return Ended::Answer(response),
                Ok(Progress::Closed) => return Ended::Closed,
                Ok(Progress::Ignored) => return Ended::Silence,
                Err(refused) => return Ended::Refused(refused),
            };
        }
    }

    pub fn open(&mut self, bmc: &mut Bmc) -> Ended {
        let first = self.client.start(&mut self.random);
        self.exchange(bmc, first)
    }

    pub fn ask(&mut self, bmc: &mut Bmc, request: &Request) -> Ended {
        let datagram = self.client.request(request, &mut self.random);
        self.exchange(bmc, datagram)
    }

    pub fn close(&mut self, bmc: &mut Bmc) -> Ended {
        let datagram = self.client.close(&mut self.random);
        self.exchange(bmc, datagram)
    }

    /// What a listener with these credentials sees.
    pub fn overheard(&self, credentials: Vec<Credential>) -> Vec<Seen> {
        let mut tap = Tap::new(credentials);
        self.said.iter().flat_map(|(direction, datagram)| tap.observe(*direction, datagram)).collect()
    }
}

pub fn login(user: &str, password: &str, interface: Interface) -> ClientConfig {
    ClientConfig::new(user, Secret::from(password), interface)
}

pub fn lanplus(cipher: u8) -> Interface {
    Interface::LanPlus { cipher: Some(cipher) }
}

pub fn credential(user: &str, password: &str) -> Credential {
    Credential { username: Some(user.to_owned()), password: Secret::from(password), kg: None }
}

pub fn status() -> Request {
    Request::new(NetFn::CHASSIS, 0x01, [])
}

pub fn power(what: u8) -> Request {
    Request::new(NetFn::CHASSIS, 0x02, [what])
}

/// The commands that were heard, as `netfn cmd`.
pub fn commands(seen: &[Seen]) -> Vec<(u64, u64)> {
    seen.iter()
        .filter_map(|seen| match seen {
            Seen::Say { protocol: "ipmi", value, .. } => {
                Some((value["netfn"].as_u64().unwrap(), value["cmd"].as_u64().unwrap()))
            }
            _ => None,
        })
        .collect()
}
