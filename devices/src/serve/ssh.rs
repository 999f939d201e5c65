//! Consoles over SSH: a real server before the same pump as over plain TCP.
//!
//! Each connection has a task of its own that carries bytes between the socket and the session of SSH. When that task ends,
//! the session finds its side closed and ends, too: nothing outlives the face.

mod client;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fencelab_wire::ssh;
use russh::server::{Config, run_stream};
use russh::{Limits, SshId};
use tokio::io::{DuplexStream, copy, duplex, split};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::timeout;

use super::Shared;
use super::stream::{self, Pump};
use crate::face::{HALF_OPEN_LIMIT, HALF_OPEN_TIME};
use crate::spec::FaceSpec;
use client::Client;

/// What waits between the socket and the session, each way.
const BETWEEN: usize = 65_536;
/// A refusal takes this long, whatever the reason: nobody learns from the clock whether there is such a user.
const REFUSAL: Duration = Duration::from_millis(20);

/// How a face lets people in.
#[derive(Clone, Copy, Debug)]
struct Manners {
    /// Wrong passwords until the connection ends.
    tries: u32,
    /// From a password to the answer.
    delay: Duration,
}

impl Manners {
    /// What is described; a replay has nothing to say of it.
    fn of(face: Option<&FaceSpec>) -> Self {
        let login = match face {
            Some(FaceSpec::Console(face)) => face.console.login.as_ref(),
            _ => None,
        };
        Self {
            tries: login.map_or(3, |login| login.tries),
            delay: login.map_or(Duration::ZERO, |login| login.delay),
        }
    }

    fn config(self) -> Config {
        Config {
            server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-fencelab")),
            methods: client::methods(),
            auth_rejection_time: self.delay + REFUSAL,
            auth_rejection_time_initial: Some(Duration::ZERO),
            // A client first asks what there is, which counts like a wrong password.
            max_auth_attempts: usize::try_from(self.tries).unwrap_or(usize::MAX).saturating_add(1),
            keys: ssh::keys(),
            preferred: ssh::server(),
            limits: Limits::default(),
            // The device decides how long somebody may be silent.
            inactivity_timeout: None,
            ..Config::default()
        }
    }
}

/// Listens for connections to a face.
pub(super) fn listen(
    device: &Shared,
    face: usize,
    bind: SocketAddr,
) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let (address, listener) = stream::open(bind)?;
    let pump = Pump::new(device, face);
    let manners = Manners::of(device.lock().spec().faces.get(face));
    let task = tokio::spawn(async move {
        // Made for the first who comes: a thousand devices that nobody calls have none.
        let config: OnceLock<Arc<Config>> = OnceLock::new();
        let mut connections = JoinSet::new();
        let mut strangers = Strangers::default();
        let greet = |stream: TcpStream, peer: SocketAddr| {
            let config = Arc::clone(config.get_or_init(|| Arc::new(manners.config())));
            let presence = watch::Sender::new(false);
            let arrived = presence.subscribe();
            let client = Client::new(Arc::clone(&pump), peer, manners, presence.clone());
            let task = connections.spawn(converse(stream, config, client, presence));
            strangers.welcome(task, arrived);
            while connections.try_join_next().is_some() {}
        };
        tokio::select! { () = stream::accept(&listener, greet) => {} () = pump.run() => {} }
    });
    Ok((address, task))
}

/// Who has connected and has not come to the console yet.
#[derive(Default)]
struct Strangers(VecDeque<(AbortHandle, watch::Receiver<bool>)>);

impl Strangers {
    /// One more; the oldest goes when there are too many of them.
    fn welcome(&mut self, task: AbortHandle, presence: watch::Receiver<bool>) {
        self.0.retain(|(task, presence)| !task.is_finished() && !*presence.borrow());
        if self.0.len() >= HALF_OPEN_LIMIT
            && let Some((oldest, _)) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back((task, presence));
    }
}

/// One connection.
async fn converse(stream: TcpStream, config: Arc<Config>, client: Client, presence: watch::Sender<bool>) {
    // A key must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let (inside, outside) = duplex(BETWEEN);
    let session = async {
        let ended = match run_stream(config, inside, client).await {
            Ok(session) => session.await,
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection over SSH ended");
        }
    };
    tokio::select! {
        _ = async { tokio::join!(session, relay(stream, outside)) } => {}
        () = away_too_long(presence.subscribe()) => {}
    }
}

/// Carries bytes until one side has closed.
async fn relay(mut stream: TcpStream, outside: DuplexStream) {
    let (mut from_client, mut to_client) = stream.split();
    let (mut from_session, mut to_session) = split(outside);
    // Why a side is gone makes no difference to the other.
    tokio::select! {
        _ = copy(&mut from_client, &mut to_session) => {}
        _ = copy(&mut from_session, &mut to_client) => {}
    }
}

/// Returns when the client has not been at the console for too long.
async fn away_too_long(mut presence: watch::Receiver<bool>) {
    let comes = async |presence: &mut watch::Receiver<bool>| {
        let came = timeout(HALF_OPEN_TIME, presence.wait_for(|is_there| *is_there)).await;
        matches!(came, Ok(Ok(_)))
    };
    while comes(&mut presence).await && presence.wait_for(|is_there| !*is_there).await.is_ok() {}
}
