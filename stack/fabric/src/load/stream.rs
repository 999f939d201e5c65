//! One node sends as fast as it can, another counts: what perftest and qperf call bandwidth.

use std::time::Duration;

use quanta::Instant;
use serde::{Deserialize, Serialize};

use super::{Role, Wishes};
use crate::measure::Usage;
use crate::transport::{Counters, Error, NodeId, To, Transport};

/// A receiver looks so often whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long a sender waits for the fabric to take a message.
const PATIENCE: Duration = Duration::from_secs(1);
/// Of longer messages each leaves before the next.
const PIECE: usize = 4096;
/// A sender looks at the clock after so many messages.
const BURST: u32 = 32;
/// A receiver looks at the clock after so many messages, or so many bytes: it takes a call of the system on some machines.
const TIMED_MESSAGES: u64 = 16;
const TIMED_BYTES: u64 = 16 << 10;

/// What is to be done.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stream {
    /// On which side: who asks sends.
    pub role: Role,
    /// With whom.
    pub peer: NodeId,
    /// Bytes of a message.
    pub bytes: usize,
    /// For how long is sent. Who receives does so until it is stopped.
    pub seconds: f64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct StreamResult {
    /// Messages sent, or received.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// From the first to the last, in seconds.
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
pub(crate) fn stream(
    transport: &mut dyn Transport,
    load: &Stream,
    wishes: &Wishes,
) -> Result<StreamResult, Error> {
    let mut result = match load.role {
        Role::Asks => send(transport, load, wishes)?,
        Role::Answers => receive(transport, load, wishes)?,
    };
    result.counters = transport.counters();
    Ok(result)
}

fn send(transport: &mut dyn Transport, load: &Stream, wishes: &Wishes) -> Result<StreamResult, Error> {
    let message = vec![0x5A; load.bytes];
    let (start, usage) = (Instant::now(), Usage::now());
    let mut result = StreamResult::default();
    let end = Duration::try_from_secs_f64(load.seconds).unwrap_or_default();
    while start.elapsed() < end && !wishes.is_stopped() {
        for _ in 0..BURST {
            transport.send_more(To::Node(load.peer), &message)?;
            if message.len() > PIECE {
                transport.flush(PATIENCE)?;
            }
        }
        transport.flush(PATIENCE)?;
        result.messages += u64::from(BURST);
    }
    result.bytes = result.messages.saturating_mul(u64::try_from(load.bytes).unwrap_or_default());
    result.seconds = start.elapsed().as_secs_f64();
    result.usage = Usage::now().since(usage);
    Ok(result)
}

fn receive(transport: &mut dyn Transport, load: &Stream, wishes: &Wishes) -> Result<StreamResult, Error> {
    // A byte more, so that a longer message is told from one that fits.
    let mut buffer = vec![0; load.bytes + 1];
    let mut result = StreamResult::default();
    let mut first: Option<(Instant, Usage)> = None;
    let mut last = Instant::now();
    let mut timed = (0, 0);
    while !wishes.is_stopped() {
        let Some(received) = transport.receive(&mut buffer, LOOK)? else { continue };
        // Of the load before.
        if received.bytes != load.bytes {
            continue;
        }
        // The first begins the time, and is not part of what came in it.
        if first.is_none() {
            last = Instant::now();
            first = Some((last, Usage::now()));
            continue;
        }
        result.messages += 1;
        result.bytes += u64::try_from(received.bytes).unwrap_or_default();
        if result.messages - timed.0 >= TIMED_MESSAGES || result.bytes - timed.1 >= TIMED_BYTES {
            last = Instant::now();
            timed = (result.messages, result.bytes);
        }
    }
    if let Some((start, usage)) = first {
        result.seconds = last.saturating_duration_since(start).as_secs_f64();
        result.usage = Usage::now().since(usage);
    }
    Ok(result)
}
