//! One node asks, another answers at once: what perftest, qperf and sockperf call latency.

use std::time::Duration;

use quanta::Instant;
use serde::{Deserialize, Serialize};

use super::Wishes;
use crate::measure::{Latency, Usage};
use crate::transport::{Counters, Error, NodeId, To, Transport};

/// How long an answer is waited for before it is taken for lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PingPong {
    /// On which side.
    pub role: Role,
    /// With whom.
    pub peer: NodeId,
    /// Bytes of a message.
    pub bytes: usize,
    /// Round trips that count.
    pub iterations: u64,
    /// Round trips before them that do not.
    pub warm_up: u64,
}

/// Who begins.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It sends and waits for what comes back.
    Asks,
    /// It sends back what comes.
    Answers,
}

/// What came of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PingPongResult {
    /// One way: half of each round trip. Only who asks has them.
    pub latency: Latency,
    /// Messages that did not come back.
    pub lost: u64,
    /// What it took, in seconds.
    pub seconds: f64,
    /// What this side used meanwhile.
    pub usage: Usage,
    /// What went wrong.
    pub counters: Counters,
}

/// Plays one side.
///
/// # Errors
/// The transport failed.
pub(crate) fn ping_pong(
    transport: &mut dyn Transport,
    load: &PingPong,
    wishes: &Wishes,
) -> Result<PingPongResult, Error> {
    let mut result = match load.role {
        Role::Asks => ask(transport, load, wishes)?,
        Role::Answers => answer(transport, load, wishes)?,
    };
    result.counters = transport.counters();
    Ok(result)
}

fn ask(transport: &mut dyn Transport, load: &PingPong, wishes: &Wishes) -> Result<PingPongResult, Error> {
    let mut result = PingPongResult::default();
    let mut message = vec![0; load.bytes];
    // A byte more, so that a longer message is told from one that fits.
    let mut buffer = vec![0; load.bytes + 1];
    let (mut start, mut usage) = (Instant::now(), Usage::now());
    for round in 0..load.warm_up + load.iterations {
        if wishes.is_stopped() {
            break;
        }
        if round == load.warm_up {
            (start, usage) = (Instant::now(), Usage::now());
        }
        mark(&mut message, round);
        let sent = Instant::now();
        transport.send(To::Node(load.peer), &message)?;
        let came = await_mark(transport, &mut buffer, &message)?;
        let took = sent.elapsed();
        match came {
            true if round >= load.warm_up => {
                result.latency.record(u64::try_from(took.as_nanos() / 2).unwrap_or(u64::MAX));
            }
            true => {}
            false => result.lost += 1,
        }
    }
    result.seconds = start.elapsed().as_secs_f64();
    result.usage = Usage::now().since(usage);
    Ok(result)
}

/// Which message it is, where there is room to say so.
fn mark(message: &mut [u8], round: u64) {
    if let Some(place) = message.first_chunk_mut::<8>() {
        *place = round.to_le_bytes();
    }
}

/// Waits for the message with this mark. One that was taken for lost may come before it, and one of another length is none.
fn await_mark(transport: &mut dyn Transport, buffer: &mut [u8], message: &[u8]) -> Result<bool, Error> {
    let mut start = None;
    loop {
        match transport.receive(buffer, PATIENCE)? {
            Some(received)
                if received.bytes == message.len()
                    && buffer.first_chunk::<8>() == message.first_chunk::<8>() =>
            {
                return Ok(true);
            }
            // A transport may come back early.
            _ if start.get_or_insert_with(Instant::now).elapsed() >= PATIENCE => return Ok(false),
            _ => {}
        }
    }
}

/// Answers until it is stopped. What comes of a load before, and is of another length, does not count.
fn answer(transport: &mut dyn Transport, load: &PingPong, wishes: &Wishes) -> Result<PingPongResult, Error> {
    let mut result = PingPongResult::default();
    let mut buffer = vec![0; load.bytes + 1];
    let mut begun = (load.warm_up == 0).then(|| (Instant::now(), Usage::now()));
    let mut count = 0;
    while !wishes.is_stopped() {
        let Some(received) = transport.receive(&mut buffer, Duration::from_millis(100))? else { continue };
        if received.bytes != load.bytes {
            continue;
        }
        transport.send(To::Node(received.from), buffer.get(..received.bytes).unwrap_or_default())?;
        count += 1;
        if count == load.warm_up {
            begun = Some((Instant::now(), Usage::now()));
        }
        if let Some((start, usage)) = begun.filter(|_| count == load.warm_up + load.iterations) {
            result.seconds = start.elapsed().as_secs_f64();
            result.usage = Usage::now().since(usage);
        }
    }
    if let Some((start, usage)) = begun.filter(|_| count < load.warm_up + load.iterations) {
        // Some did not come.
        result.seconds = start.elapsed().as_secs_f64();
        result.usage = Usage::now().since(usage);
    }
    Ok(result)
}
