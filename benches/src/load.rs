//! Whole lanplus sessions with a change of state, over blocking UDP, counted.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fencelab_wire::ipmi::Response;
use fencelab_wire::ipmi::client::{Client, Config, Interface, Progress};
use fencelab_wire::ipmi::command::chassis::{ChassisControl, Control, GetStatus, Status};
use fencelab_wire::ipmi::command::{Command, Payload};

/// How long an answer may take before the question is asked again.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a question is asked at all.
const ATTEMPTS: usize = 4;

/// One client: a socket and a source of random bytes that costs nearly nothing.
#[derive(Debug)]
pub struct Caller {
    socket: UdpSocket,
    config: Config,
    seed: u64,
    /// Questions that had to be asked again.
    pub repeated: u64,
}

impl Caller {
    /// A client of the BMC at this address.
    ///
    /// # Errors
    /// No socket is to be had.
    pub fn new(bmc: SocketAddr, user: &str, password: &str, interface: Interface, seed: u64) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to open a socket")?;
        socket.connect(bmc).with_context(|| format!("failed to aim at {bmc}"))?;
        socket.set_read_timeout(Some(PATIENCE)).context("failed to set a timeout")?;
        Ok(Self { socket, config: Config::new(user, password, interface), seed: seed | 1, repeated: 0 })
    }

    /// Logs in.
    ///
    /// # Errors
    /// The BMC refuses or is silent.
    pub fn open(&mut self) -> Result<Open<'_>> {
        let mut client = Client::new(self.config.clone());
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) | 1;
        let mut random = Random(self.seed);
        let first = client.start(&mut |bytes| random.fill(bytes));
        let mut open = Open { caller: self, client, random };
        open.ask(first)?;
        Ok(open)
    }

    /// Log in, set the power, read it back, log out. Gives the power that the BMC claims at the end.
    ///
    /// Without a control the status is read twice: as many exchanges, but no change.
    ///
    /// # Errors
    /// The BMC refuses or is silent.
    pub fn session(&mut self, control: Option<Control>) -> Result<bool> {
        let mut open = self.open()?;
        match control {
            Some(control) => open.request(&ChassisControl::from(control)).map(drop)?,
            None => open.status().map(drop)?,
        }
        let on = open.status()?;
        open.close()?;
        Ok(on)
    }
}

/// xorshift64: the peers only need bytes that differ.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            chunk.iter_mut().zip(self.0.to_le_bytes()).for_each(|(to, from)| *to = from);
        }
    }
}

/// An open session.
#[derive(Debug)]
pub struct Open<'a> {
    caller: &'a mut Caller,
    client: Client,
    random: Random,
}

impl Open<'_> {
    /// One command and its answer.
    ///
    /// # Errors
    /// The BMC is silent, or the completion code is not 00h.
    pub fn request<C: Command>(&mut self, command: &C) -> Result<Response> {
        let request = command.request();
        let datagram = self.client.request(&request, &mut |bytes| self.random.fill(bytes));
        match self.ask(datagram)? {
            Progress::Answer(answer) => {
                ensure!(answer.completion.is_ok(), "{} was answered {}", request.name(), answer.completion);
                Ok(answer)
            }
            other => bail!("{} was followed by {other:?}", request.name()),
        }
    }

    /// Whether the BMC claims that the power is on.
    ///
    /// # Errors
    /// As [`Open::request`].
    pub fn status(&mut self) -> Result<bool> {
        let answer = self.request(&GetStatus::default())?;
        Ok(Status::parse(&answer.data)?.is_on())
    }

    /// Logs out.
    ///
    /// # Errors
    /// The BMC does not confirm it.
    pub fn close(mut self) -> Result<()> {
        let datagram = self.client.close(&mut |bytes| self.random.fill(bytes));
        self.ask(datagram).map(drop)
    }

    /// Sends, and goes on until the client has what it wanted.
    fn ask(&mut self, mut datagram: Vec<u8>) -> Result<Progress> {
        let Self { caller, client, random } = self;
        let mut random = |bytes: &mut [u8]| random.fill(bytes);
        let mut buffer = [0; 1024];
        let mut attempts = 1;
        loop {
            caller.socket.send(&datagram).context("failed to send")?;
            loop {
                let length = match caller.socket.recv(&mut buffer) {
                    Ok(length) => length,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                        ensure!(attempts < ATTEMPTS, "no answer while waiting for {}", client.waits_for());
                        attempts += 1;
                        caller.repeated += 1;
                        datagram = client.retransmit(&mut random);
                        break;
                    }
                    Err(error) => return Err(error).context("failed to receive"),
                };
                match client.receive(buffer.get(..length).unwrap_or_default(), &mut random)? {
                    Progress::Ignored => {}
                    Progress::Send(next) => {
                        datagram = next;
                        attempts = 1;
                        break;
                    }
                    done => return Ok(done),
                }
            }
        }
    }
}

/// What a number of clients achieved together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    /// Sessions in all.
    pub sessions: u64,
    /// How long it took.
    pub time: Duration,
    /// Sessions after which the status was not what had been asked for; with one client there must be none.
    pub unchanged: u64,
    /// Questions that had to be asked again.
    pub repeated: u64,
}

impl Rate {
    /// Sessions a second.
    pub fn per_second(&self) -> f64 {
        self.sessions as f64 / self.time.as_secs_f64()
    }
}

/// Lets `clients` threads speak to the BMC for about `time`; if `change`, each turns the power off and on in turn.
///
/// # Errors
/// Any session that fails.
pub fn run(
    bmc: SocketAddr,
    (user, password): (&str, &str),
    (interface, change): (Interface, bool),
    clients: u64,
    time: Duration,
) -> Result<Rate> {
    let callers: Vec<_> = (0..clients)
        .map(|client| Caller::new(bmc, user, password, interface, 0x9e37_79b9 * (client + 1)))
        .collect::<Result<_>>()?;
    let start = Instant::now();
    let rates = thread::scope(|scope| {
        let threads: Vec<_> = callers
            .into_iter()
            .map(|mut caller| {
                scope.spawn(move || {
                    let mut rate = Rate::default();
                    let mut on = false;
                    while start.elapsed() < time {
                        let control = if on { Control::PowerUp } else { Control::PowerDown };
                        let claimed = caller.session(change.then_some(control))?;
                        rate.sessions += 1;
                        rate.unchanged += u64::from(change && claimed != on);
                        on = !on;
                    }
                    rate.repeated = caller.repeated;
                    anyhow::Ok(rate)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    let mut total = Rate { time: start.elapsed(), ..Rate::default() };
    for rate in rates {
        total.sessions += rate.sessions;
        total.unchanged += rate.unchanged;
        total.repeated += rate.repeated;
    }
    Ok(total)
}
