//! A person's shortest visit to a console, counted: log in, say one command, read the answer to the next prompt.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fencelab_link::live::LiveWorld;
use fencelab_link::{Heard, SshLogin, Stream, Target, Way, World};

use crate::{PASSWORD, USER};

/// How long a device may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What carries the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carrier {
    /// Telnet: the device itself asks who it is.
    Telnet,
    /// SSH: the login is the protocol's.
    Ssh,
}

/// One visit: `show clock`, answered up to the next prompt, which ends in `>`.
///
/// # Errors
/// The device lets nobody in, hangs up, or is silent.
pub fn visit(device: SocketAddr, carrier: Carrier) -> Result<()> {
    let mut world = LiveWorld::quiet();
    let target = Target::new(device.ip().to_string(), device.port());
    let way = match carrier {
        Carrier::Telnet => Way::Telnet,
        Carrier::Ssh => Way::Ssh(SshLogin {
            user: USER.to_owned(),
            password: Some(PASSWORD.into()),
            ..SshLogin::default()
        }),
    };
    let mut stream =
        world.stream(&target, &way, PATIENCE).with_context(|| format!("failed to log in at {device}"))?;
    if carrier == Carrier::Telnet {
        hear(stream.as_mut(), "login: ")?;
        say(stream.as_mut(), USER)?;
        hear(stream.as_mut(), "Password: ")?;
        say(stream.as_mut(), PASSWORD)?;
    }
    hear(stream.as_mut(), ">")?;
    say(stream.as_mut(), "show clock")?;
    hear(stream.as_mut(), ">")
}

fn say(stream: &mut dyn Stream, line: &str) -> Result<()> {
    stream.send(format!("{line}\r\n").as_bytes()).context("failed to say a line")
}

fn hear(stream: &mut dyn Stream, end: &str) -> Result<()> {
    let until = stream.now() + PATIENCE;
    let mut text = Vec::new();
    loop {
        match stream.receive(until).context("failed to listen")? {
            Heard::Bytes(bytes) => text.extend(bytes),
            Heard::Silence => {
                bail!("the device says nothing more after {:?}", String::from_utf8_lossy(&text))
            }
            Heard::End => bail!("the device hung up after {:?}", String::from_utf8_lossy(&text)),
        }
        if text.trim_ascii_end().ends_with(end.trim_end().as_bytes()) {
            return Ok(());
        }
    }
}

/// Visits a second by so many clients at once, each making one visit after another for this time.
///
/// # Errors
/// As [`visit`].
pub fn visits(device: SocketAddr, carrier: Carrier, clients: usize, time: Duration) -> Result<f64> {
    let start = Instant::now();
    let client = || -> Result<u64> {
        let mut count = 0;
        while start.elapsed() < time {
            visit(device, carrier)?;
            count += 1;
        }
        Ok(count)
    };
    let counts: Result<Vec<u64>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap_or_else(|_| bail!("a client panicked")))
            .collect()
    });
    // The last visits may end late.
    Ok(counts?.into_iter().sum::<u64>() as f64 / start.elapsed().as_secs_f64())
}
