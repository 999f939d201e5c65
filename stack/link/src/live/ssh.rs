//! SSH: a terminal session by `russh`, behind the same synchronous face as every other link.
//!
//! The protocol runs on a small runtime of its own within the link, which makes progress whenever the link is used. Devices
//! that are fenced through may be twenty years old, so the algorithms of then are offered, too. The host key is accepted as it is: who wants to find out that
//! it has changed finds its fingerprint in the log.

mod auth;

pub use auth::private_key;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::{Duration, Instant},
};

use russh::{
    ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Disconnect,
    client::{self, Msg},
    keys::{HashAlg, PublicKeyOrCertificate},
};
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::yield_now,
    time::timeout,
};

use super::tcp::TcpLink;
use crate::{Heard, LinkError, SshLogin, Stream, Target};

/// The terminal that is claimed: one that devices know, so wide and high that no line is folded and little is paged.
const TERMINAL: &str = "vt100";
const COLUMNS: u32 = 500;
const ROWS: u32 = 200;

/// How long a device may take no bytes at all.
const SEND_LIMIT: Duration = Duration::from_secs(20);

/// How many turns the protocol gets to read and decipher what has come already. A turn looks at the socket once.
const TURNS: u32 = 16;

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_millis(300);

/// A terminal session.
pub(super) struct SshLink {
    runtime: Runtime,
    session: client::Handle<HostKey>,
    reader: ChannelReadHalf,
    writer: ChannelWriteHalf<Msg>,
    target: Target,
    origin: Instant,
    ended: bool,
}

impl SshLink {
    /// Connects, logs in, and opens a terminal; the second part is the fingerprint of the host key.
    pub(super) fn open(
        target: &Target,
        login: &SshLogin,
        origin: Instant,
        until: Duration,
    ) -> Result<(Self, String), LinkError> {
        // A passphrase takes its time, which is not to be the device's.
        let key = auth::key(login)?;
        let socket = TcpLink::open(target, origin, until)?.into_socket();
        let io = |why: String| LinkError::Io { target: target.clone(), why };
        socket.set_nonblocking(true).map_err(|error| io(error.to_string()))?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| io(error.to_string()))?;
        let host_key = HostKey::default();
        let shown = host_key.clone();
        let opened = runtime.block_on(async {
            let left = until.saturating_sub(origin.elapsed());
            let opening = async {
                let socket = TcpStream::from_std(socket).map_err(|error| io(error.to_string()))?;
                let session = client::connect_stream(configuration(), socket, host_key).await;
                let mut session = session.map_err(|error| io(format!("no SSH session: {error}")))?;
                auth::log_in(&mut session, target, login, key).await?;
                let channel = session.channel_open_session().await;
                let channel = channel.map_err(|error| io(format!("no terminal: {error}")))?;
                let (reader, writer) = channel.split();
                let asked = terminal(&writer, login.command.as_deref()).await;
                asked.map_err(|error| io(format!("no terminal: {error}")))?;
                Ok((session, reader, writer))
            };
            timeout(left, opening).await.unwrap_or_else(|_| {
                let why = "something listens, but no SSH login came about in time".to_owned();
                Err(LinkError::Unreachable { target: target.clone(), why })
            })
        });
        let (session, reader, writer) = opened?;
        let target = target.clone();
        Ok((Self { runtime, session, reader, writer, target, origin, ended: false }, shown.fingerprint()))
    }
}

/// Asks for a terminal, and for a shell or a command in it.
async fn terminal(channel: &ChannelWriteHalf<Msg>, command: Option<&str>) -> Result<(), russh::Error> {
    // A device without terminals refuses one, and has a shell all the same.
    channel.request_pty(false, TERMINAL, COLUMNS, ROWS, 0, 0, &[]).await?;
    match command {
        Some(command) => channel.exec(true, command).await,
        None => channel.request_shell(true).await,
    }
}

impl Stream for SshLink {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        if self.ended {
            return Ok(());
        }
        let sending = self.writer.data_bytes(bytes.to_vec());
        // That the device has hung up shows when it is listened to.
        let sent = self.runtime.block_on(async { timeout(SEND_LIMIT, sending).await });
        sent.map(drop).map_err(|_| LinkError::Io {
            target: self.target.clone(),
            why: format!("it takes no bytes for {} s", SEND_LIMIT.as_secs()),
        })
    }

    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError> {
        while !self.ended {
            let left = until.saturating_sub(self.origin.elapsed());
            let heard = match left.is_zero() {
                true => self.runtime.block_on(glance(&mut self.reader)),
                false => self.runtime.block_on(async { timeout(left, self.reader.wait()).await.ok() }),
            };
            match heard {
                None => return Ok(Heard::Silence),
                Some(Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }))
                    if !data.is_empty() =>
                {
                    return Ok(Heard::Bytes(data.to_vec()));
                }
                Some(Some(ChannelMsg::Eof | ChannelMsg::Close | ChannelMsg::Failure) | None) => {
                    self.ended = true
                }
                Some(Some(_)) => {}
            }
        }
        Ok(Heard::End)
    }
}

/// What has come already; `None` if nothing has.
async fn glance(reader: &mut ChannelReadHalf) -> Option<Option<ChannelMsg>> {
    let mut waiting = pin!(reader.wait());
    for _ in 0..TURNS {
        let polled = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
        if let Poll::Ready(heard) = polled {
            return Some(heard);
        }
        yield_now().await;
    }
    None
}

impl Drop for SshLink {
    fn drop(&mut self) {
        let session = &mut self.session;
        // Nothing can be done about a device that does not listen to a goodbye.
        let _ = self.runtime.block_on(async {
            timeout(GOODBYE, async {
                let _ = session.disconnect(Disconnect::ByApplication, "", "en").await;
                let _ = session.await;
            })
            .await
        });
    }
}

/// The host key that was shown.
#[derive(Clone, Default)]
struct HostKey(Arc<Mutex<String>>);

impl HostKey {
    fn fingerprint(&self) -> String {
        self.0.lock().map(|shown| shown.clone()).unwrap_or_default()
    }
}

impl client::Handler for HostKey {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let fingerprint = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256))
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                let key = certificate.public_key();
                format!("{} {}", certificate.algorithm(), key.fingerprint(HashAlg::Sha256))
            }
        };
        if let Ok(mut kept) = self.0.lock() {
            *kept = fingerprint;
        }
        Ok(true)
    }
}

fn configuration() -> Arc<client::Config> {
    Arc::new(client::Config { preferred: fencelab_wire::ssh::client(), ..client::Config::default() })
}
