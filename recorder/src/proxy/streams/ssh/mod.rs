//! SSH, which can't be listened to: it is ended on both sides, and what is asked for on one is asked for on the other.
//!
//! The client meets the lab's host keys. Its login, its channels and what it wants in them go to the device, which decides: a
//! refusal, and how long it takes, is the device's own. A key can't be passed on; in its place the proxy shows one of its own.

mod channel;
mod client;
mod device;

use std::borrow::Cow;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::Map;
use fencelab_wire::ssh;
use russh::server::{self, run_stream};
use russh::{Disconnect, SshId};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, RwLock};

use super::line::Exchange;
use crate::link::console::Identity;
use client::Client;
use device::Device;

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// One client and its device, to the end of both.
pub(super) async fn relay(
    client: TcpStream,
    upstream: TcpStream,
    identity: Option<Identity>,
    exchange: Exchange,
) {
    let (device, gone) = match Device::connect(upstream).await {
        Ok(connected) => connected,
        Err(error) => return exchange.refuse(Map::new(), format!("no SSH session: {error}")),
    };
    let (client, _hook) = match Hook::of(client) {
        Ok(hooked) => hooked,
        Err(error) => return exchange.refuse(Map::new(), format!("the client is lost: {error}")),
    };
    let device = Arc::new(Mutex::new(device));
    // Held by whoever still has something to say to the client.
    let speaking = Arc::new(RwLock::new(()));
    let methods = client::methods(identity.is_some());
    let handler = Client::new(Arc::clone(&device), identity, exchange, Arc::clone(&speaking));
    tokio::pin!(gone);
    let started = tokio::select! {
        started = run_stream(Arc::new(config(methods)), client, handler) => started,
        // It does not wait for ever for a client that says nothing.
        () = &mut gone => return,
    };
    match started {
        Ok(mut session) => {
            let handle = session.handle();
            tokio::select! {
                ended = &mut session => tell(ended),
                () = &mut gone => {
                    // What the device said last is passed on first.
                    let farewell = async {
                        drop(speaking.write().await);
                        let _ = handle.disconnect(Disconnect::ByApplication, String::new(), String::new()).await;
                        tell((&mut session).await);
                    };
                    let _ = tokio::time::timeout(GOODBYE, farewell).await;
                }
            }
        }
        Err(error) => tell(Err(error)),
    }
    let _ = tokio::time::timeout(GOODBYE, async {
        let _ = device.lock().await.disconnect(Disconnect::ByApplication, "", "en").await;
    })
    .await;
}

/// Closes the client's connection when it goes. The session of SSH has a task of its own, which would wait for its client for
/// ever.
struct Hook(std::net::TcpStream);

impl Hook {
    fn of(client: TcpStream) -> io::Result<(TcpStream, Self)> {
        let client = client.into_std()?;
        let hook = Self(client.try_clone()?);
        Ok((TcpStream::from_std(client)?, hook))
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

fn tell(ended: Result<(), russh::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's SSH session ended");
    }
}

/// Of patience, tries and delays there are only the device's.
fn config(methods: russh::MethodSet) -> server::Config {
    server::Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-fencelab")),
        methods,
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: usize::MAX,
        keys: ssh::keys(),
        preferred: ssh::server(),
        inactivity_timeout: None,
        ..server::Config::default()
    }
}
