//! The side of the client: each of its wishes is the device's to grant.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use fencelab_transcript::Map;
use fencelab_wire::Secret;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse, Msg};
use russh::keys::PrivateKeyWithHashAlg;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg as ServerMsg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{ChannelId, ChannelOpenFailure, ChannelWriteHalf, Error, MethodKind, MethodSet, Pty, Sig};
use tokio::sync::{Mutex, RwLock};

use super::channel::Channel;
use super::device::Device;
use crate::link::console::Identity;
use crate::proxy::streams::line::Exchange;

/// The methods that can be passed on; a key only where the proxy has one.
pub(super) fn methods(has_key: bool) -> MethodSet {
    let all = [MethodKind::PublicKey, MethodKind::Password, MethodKind::KeyboardInteractive];
    MethodSet::from(all.get(usize::from(!has_key)..).unwrap_or_default())
}

/// A client in its present state.
pub(super) struct Client {
    device: Arc<Mutex<Handle<Device>>>,
    identity: Option<Identity>,
    exchange: Exchange,
    speaking: Arc<RwLock<()>>,
    /// What stands in the `open` of each of its channels: user and method.
    details: Map,
    /// What the client gave to be let in.
    secrets: Vec<Secret>,
    /// Whether the device shows on a terminal what it asked for last.
    shown: Vec<bool>,
    is_in: bool,
    channels: HashMap<ChannelId, Channel>,
}

impl Client {
    pub(super) fn new(
        device: Arc<Mutex<Handle<Device>>>,
        identity: Option<Identity>,
        exchange: Exchange,
        speaking: Arc<RwLock<()>>,
    ) -> Self {
        let (details, channels) = (Map::new(), HashMap::new());
        let (secrets, shown, is_in) = (Vec::new(), Vec::new(), false);
        Self { device, identity, exchange, speaking, details, secrets, shown, is_in, channels }
    }

    /// Who asks to be let in, and how.
    fn asks(&mut self, user: &str, method: MethodKind) {
        self.details.insert("user".to_owned(), user.into());
        self.details.insert("auth".to_owned(), <&str>::from(&method).into());
    }

    fn refused(&self, remaining: &MethodSet, partial_success: bool) -> Auth {
        let passable = methods(self.identity.is_some());
        let remaining: Vec<MethodKind> =
            remaining.iter().copied().filter(|method| passable.contains(method)).collect();
        Auth::Reject { proceed_with_methods: Some(remaining.as_slice().into()), partial_success }
    }

    /// What the device says to a login. That it has hung up comes as a refusal that leaves no method.
    fn judged(&mut self, result: AuthResult) -> Result<Auth, Error> {
        match result {
            AuthResult::Success => {
                self.is_in = true;
                Ok(Auth::Accept)
            }
            AuthResult::Failure { remaining_methods, partial_success: false }
                if remaining_methods.is_empty() =>
            {
                Err(Error::Disconnect)
            }
            AuthResult::Failure { remaining_methods, partial_success } => {
                Ok(self.refused(&remaining_methods, partial_success))
            }
        }
    }

    fn asked_back(&mut self, reply: KeyboardInteractiveAuthResponse) -> Result<Auth, Error> {
        match reply {
            KeyboardInteractiveAuthResponse::Success => self.judged(AuthResult::Success),
            KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                self.judged(AuthResult::Failure { remaining_methods, partial_success })
            }
            KeyboardInteractiveAuthResponse::InfoRequest { name, instructions, prompts } => {
                self.shown = prompts.iter().map(|prompt| prompt.echo).collect();
                let prompts: Vec<_> =
                    prompts.into_iter().map(|prompt| (Cow::Owned(prompt.prompt), prompt.echo)).collect();
                Ok(Auth::Partial {
                    name: name.into(),
                    instructions: instructions.into(),
                    prompts: prompts.into(),
                })
            }
        }
    }

    fn device(&self, channel: ChannelId) -> Result<Arc<ChannelWriteHalf<Msg>>, Error> {
        self.channels.get(&channel).map(|channel| Arc::clone(&channel.device)).ok_or(Error::WrongChannel)
    }

    /// The device's answer to what was asked last, passed on.
    async fn answered(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Error> {
        let answer = match self.channels.get_mut(&id) {
            Some(channel) => channel.answers.recv().await,
            None => None,
        };
        if answer.unwrap_or(false) { session.channel_success(id) } else { session.channel_failure(id) }
    }

    /// A shell, a command or a subsystem is about to be asked for.
    fn story(&self, id: ChannelId, what: Option<(&str, String)>) {
        if let Some(channel) = self.channels.get(&id) {
            let mut details = self.details.clone();
            details.extend(what.map(|(name, value)| (name.to_owned(), value.into())));
            channel.ask(details, self.secrets.clone());
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if !self.is_in && !self.details.is_empty() {
            self.exchange.refuse(std::mem::take(&mut self.details), "nobody was let in".to_owned());
        }
    }
}

impl Handler for Client {
    type Error = Error;

    async fn auth_none(&mut self, user: &str) -> Result<Auth, Error> {
        self.asks(user, MethodKind::None);
        let result = self.device.lock().await.authenticate_none(user).await?;
        self.judged(result)
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        self.asks(user, MethodKind::Password);
        self.secrets.push(Secret::from(password));
        let result = self.device.lock().await.authenticate_password(user, password).await?;
        self.judged(result)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        let answers: Option<Vec<String>> = response
            .map(|response| response.map(|answer| String::from_utf8_lossy(&answer).into_owned()).collect());
        let reply = match answers {
            None => {
                self.asks(user, MethodKind::KeyboardInteractive);
                let submethods = Some(submethods.to_owned()).filter(|names| !names.is_empty());
                let mut device = self.device.lock().await;
                device.authenticate_keyboard_interactive_start(user, submethods).await?
            }
            Some(answers) => {
                let hidden = answers.iter().zip(&self.shown).filter(|(_, is_shown)| !**is_shown);
                self.secrets.extend(hidden.map(|(answer, _)| Secret::from(answer.as_str())));
                self.device.lock().await.authenticate_keyboard_interactive_respond(answers).await?
            }
        };
        self.asked_back(reply)
    }

    async fn auth_publickey_offered(&mut self, user: &str, _: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        self.asks(user, MethodKind::PublicKey);
        Ok(if self.identity.is_some() { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let Some(identity) = self.identity.clone() else { return Ok(Auth::reject()) };
        self.asks(user, MethodKind::PublicKey);
        let mut device = self.device.lock().await;
        let hash = device.best_supported_rsa_hash().await?.flatten();
        let key = PrivateKeyWithHashAlg::new(identity, hash);
        let result = device.authenticate_publickey(user, key).await?;
        drop(device);
        self.judged(result)
    }

    async fn channel_open_session(
        &mut self,
        channel: russh::Channel<ServerMsg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Error> {
        let opened = self.device.lock().await.channel_open_session().await;
        match opened {
            Ok(opened) => {
                let (exchange, speaking) = (self.exchange.clone(), Arc::clone(&self.speaking));
                let started =
                    Channel::start(opened, session.handle(), channel.id(), exchange, speaking).await;
                self.channels.insert(channel.id(), started);
                reply.accept().await;
                Ok(())
            }
            Err(Error::ChannelOpenFailure(reason)) => {
                reply.reject(reason).await;
                Ok(())
            }
            Err(error) => {
                reply.reject(ChannelOpenFailure::ConnectFailed).await;
                Err(error)
            }
        }
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.channels.remove(&channel);
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        if let Some(channel) = self.channels.get(&channel) {
            channel.end();
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Error> {
        if let Some(channel) = self.channels.get(&channel) {
            channel.say(data);
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        terminal: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        self.details.insert("terminal".to_owned(), terminal.into());
        self.details.insert("window".to_owned(), vec![columns, rows].into());
        let device = self.device(channel)?;
        device.request_pty(true, terminal, columns, rows, width, height, modes).await?;
        self.answered(channel, session).await
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.device(channel)?.window_change(columns, rows, width, height).await
    }

    /// Nobody waits for an answer to this, and old devices do not give one.
    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.device(channel)?.set_env(false, name, value).await?;
        session.channel_success(channel)
    }

    async fn signal(&mut self, channel: ChannelId, signal: Sig, _: &mut Session) -> Result<(), Error> {
        self.device(channel)?.signal(signal).await
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.story(channel, None);
        self.device(channel)?.request_shell(true).await?;
        self.answered(channel, session).await
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        self.story(channel, Some(("command", String::from_utf8_lossy(command).into_owned())));
        self.device(channel)?.exec(true, command).await?;
        self.answered(channel, session).await
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.story(channel, Some(("subsystem", name.to_owned())));
        self.device(channel)?.request_subsystem(true, name).await?;
        self.answered(channel, session).await
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
