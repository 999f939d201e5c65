//! GETs over blocking UDP, counted, and a walk of a whole device.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fencelab_wire::Secret;
use fencelab_wire::snmp::walk::{self, Entry};
use fencelab_wire::snmp::{Binding, Body, ErrorStatus, Message, Oid, Pdu, PduKind, Value, Version};

/// How long an answer may take before the question is asked again.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a question is asked at all.
const ATTEMPTS: usize = 4;

/// A GET of one object, SNMPv2c, as a datagram.
#[must_use]
pub fn get(community: &str, object: &Oid, id: i32) -> Vec<u8> {
    ask(PduKind::Get, community, object, id)
}

fn ask(kind: PduKind, community: &str, object: &Oid, id: i32) -> Vec<u8> {
    let bindings = vec![Binding { object: object.clone(), value: Value::Null }];
    // Ten repetitions for a GETBULK; the fields mean "no error" in any other request.
    let index = if kind == PduKind::GetBulk { 10 } else { 0 };
    let pdu = Pdu { kind, request_id: id, error: ErrorStatus::NO_ERROR, index, bindings };
    let community = Secret::from(community);
    Message::Community { version: Version::V2c, community, body: Body::Pdu(pdu) }.emit()
}

/// One client: a socket, and the number of its last question.
#[derive(Debug)]
pub struct Caller {
    socket: UdpSocket,
    community: String,
    id: i32,
}

impl Caller {
    /// A client of the agent at this address.
    ///
    /// # Errors
    /// No socket is to be had.
    pub fn new(agent: SocketAddr, community: &str) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to open a socket")?;
        socket.connect(agent).with_context(|| format!("failed to aim at {agent}"))?;
        socket.set_read_timeout(Some(PATIENCE)).context("failed to set a timeout")?;
        Ok(Self { socket, community: community.to_owned(), id: 0 })
    }

    /// One GET and its answer, which must hold a value for that object.
    ///
    /// # Errors
    /// The agent is silent, or has no such object.
    pub fn get(&mut self, object: &Oid) -> Result<Value> {
        let pdu = self.exchange(PduKind::Get, object)?;
        let binding = pdu.bindings.into_iter().next().context("an answer without a value")?;
        ensure!(pdu.error == ErrorStatus::NO_ERROR && binding.object == *object, "{object} was refused");
        match binding.value {
            Value::NoSuchObject | Value::NoSuchInstance => bail!("there is no {object}"),
            value => Ok(value),
        }
    }

    /// Everything that the agent has, but for the time since its start.
    ///
    /// # Errors
    /// The agent is silent.
    pub fn walk(&mut self) -> Result<Vec<Entry>> {
        let up_time: Oid = "1.3.6.1.2.1.1.3.0".parse()?;
        let (mut last, mut entries): (Oid, Vec<Entry>) = ("1.3.6.1".parse()?, Vec::new());
        loop {
            let pdu = self.exchange(PduKind::GetBulk, &last)?;
            ensure!(!pdu.bindings.is_empty(), "an empty answer to a GETBULK");
            for Binding { object, value } in pdu.bindings {
                if value == Value::EndOfMibView || object <= last {
                    return Ok(entries);
                }
                last = object.clone();
                if object != up_time {
                    entries.push(Entry { object, value });
                }
            }
        }
    }

    fn exchange(&mut self, kind: PduKind, object: &Oid) -> Result<Pdu> {
        self.id = self.id.wrapping_add(1);
        let question = ask(kind, &self.community, object, self.id);
        let mut buffer = [0; 4096];
        for _ in 0..ATTEMPTS {
            self.socket.send(&question).context("failed to send")?;
            while let Ok(length) = self.socket.recv(&mut buffer) {
                let answer = Message::parse(buffer.get(..length).unwrap_or_default());
                if let Ok(Message::Community { body: Body::Pdu(pdu), .. }) = answer
                    && pdu.request_id == self.id
                {
                    return Ok(pdu);
                }
            }
        }
        bail!("no answer to a question for {object}")
    }
}

/// What the agent at this address has, in the format snmprec.
///
/// # Errors
/// It is silent.
pub fn table(agent: SocketAddr, community: &str) -> Result<String> {
    Ok(walk::to_snmprec(&Caller::new(agent, community)?.walk()?))
}

/// Answered GETs a second of one client for so long, from an agent that may be too busy to answer some.
///
/// # Errors
/// No socket is to be had.
pub fn answered(agent: SocketAddr, community: &str, object: &Oid, time: Duration) -> Result<f64> {
    let begun = Instant::now();
    let mut caller = Caller::new(agent, community)?;
    let mut done = 0_u64;
    while begun.elapsed() < time {
        done += u64::from(caller.get(object).is_ok());
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// GETs a second of so many clients, each with one question at a time, for so long.
///
/// # Errors
/// The agent is silent or refuses.
pub fn gets(agent: SocketAddr, community: &str, object: &Oid, clients: usize, time: Duration) -> Result<f64> {
    let begun = Instant::now();
    let until = begun + time;
    let done = thread::scope(|scope| {
        let one = || -> Result<u64> {
            let mut caller = Caller::new(agent, community)?;
            let mut done = 0;
            while Instant::now() < until {
                caller.get(object)?;
                done += 1;
            }
            Ok(done)
        };
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(one)).collect();
        let joined = clients.into_iter().map(|client| {
            client.join().unwrap_or_else(|_| bail!("a client panicked")) // its message is printed
        });
        joined.sum::<Result<u64>>()
    })?;
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}
