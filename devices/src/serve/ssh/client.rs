//! One client of SSH: its login, its channel, its line of the console.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use russh::server::{Auth, ChannelOpenHandle, Handle, Handler, Msg, PublicKeyOffer, Response, Session};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, MethodKind, MethodSet, Pty};
use tokio::sync::{mpsc, watch};

use super::Manners;
use crate::serve::stream::Pump;

/// The one question of keyboard-interactive.
const QUESTION: &[(Cow<'static, str>, bool)] = &[(Cow::Borrowed("Password: "), false)];

/// How one may log in.
pub(super) fn methods() -> MethodSet {
    MethodSet::from(&[MethodKind::Password, MethodKind::KeyboardInteractive][..])
}

/// A client in its present state.
pub(super) struct Client {
    pump: Arc<Pump>,
    peer: SocketAddr,
    manners: Manners,
    /// Whether it is at the console.
    presence: watch::Sender<bool>,
    user: String,
    /// Wrong passwords.
    wrong: u32,
    /// The one channel.
    channel: Option<ChannelId>,
    line: Option<Line>,
}

impl Client {
    pub(super) fn new(
        pump: Arc<Pump>,
        peer: SocketAddr,
        manners: Manners,
        presence: watch::Sender<bool>,
    ) -> Self {
        Self { pump, peer, manners, presence, user: String::new(), wrong: 0, channel: None, line: None }
    }

    /// Whether a user comes in with this password.
    async fn judge(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        if self.wrong >= self.manners.tries {
            return Err(Error::Disconnect);
        }
        if !self.pump.asks_itself() {
            tokio::time::sleep(self.manners.delay).await;
            if !self.pump.admits(user, password) {
                self.wrong += 1;
                return Ok(refused());
            }
        }
        user.clone_into(&mut self.user);
        Ok(Auth::Accept)
    }

    /// A shell, or a command in place of it: what there is, is the console.
    fn open(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        if self.channel != Some(channel) || self.line.is_some() {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        let output = self.pump.connect(self.peer, Some(&self.user));
        self.line = Some(Line { pump: Arc::clone(&self.pump), peer: self.peer });
        let presence = Presence::new(self.presence.clone());
        tokio::spawn(speak(session.handle(), channel, output, presence));
        Ok(())
    }
}

/// Not so, but there are other ways, and other passwords.
fn refused() -> Auth {
    Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false }
}

impl Handler for Client {
    type Error = Error;

    async fn auth_none(&mut self, user: &str) -> Result<Auth, Error> {
        if !self.pump.asks_itself() {
            return Ok(refused());
        }
        user.clone_into(&mut self.user);
        Ok(Auth::Accept)
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        self.judge(user, password).await
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(QUESTION),
            });
        };
        let password = response.next().unwrap_or_default();
        self.judge(user, &String::from_utf8_lossy(&password)).await
    }

    async fn auth_publickey_offered(&mut self, _: &str, _: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        Ok(refused())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        if self.channel.is_some() {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
        } else {
            self.channel = Some(channel.id());
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        if self.channel == Some(channel) {
            self.channel = None;
            self.line = None;
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        if self.channel == Some(channel) {
            self.line = None;
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Error> {
        if self.channel == Some(channel)
            && let Some(line) = &self.line
        {
            line.hear(data);
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_success(channel)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_success(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_success(channel)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.open(channel, session)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        self.open(channel, session)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }
}

/// A line of the console; the device learns when it is gone.
struct Line {
    pump: Arc<Pump>,
    peer: SocketAddr,
}

impl Line {
    fn hear(&self, bytes: &[u8]) {
        // Whoever was hung up says nothing any more; and no bytes would be the end.
        if !bytes.is_empty() && self.pump.is_open(self.peer) {
            self.pump.feed(self.peer, bytes);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.pump.is_open(self.peer) {
            self.pump.feed(self.peer, &[]);
        }
    }
}

/// Somebody is at the console as long as this lives.
struct Presence(watch::Sender<bool>);

impl Presence {
    fn new(presence: watch::Sender<bool>) -> Self {
        presence.send_replace(true);
        Self(presence)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

/// Says what the device says, to the end.
async fn speak(
    session: Handle,
    channel: ChannelId,
    mut output: mpsc::UnboundedReceiver<Vec<u8>>,
    _presence: Presence,
) {
    while let Some(piece) = output.recv().await {
        if piece.is_empty() {
            break;
        }
        if session.data(channel, piece).await.is_err() {
            return;
        }
    }
    // Where the client has gone already, none of this reaches anybody.
    let _ = session.exit_status_request(channel, 0).await;
    let _ = session.eof(channel).await;
    let _ = session.close(channel).await;
}
