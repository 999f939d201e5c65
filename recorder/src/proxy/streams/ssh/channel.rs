//! One channel: its two halves are on either side of the proxy.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use fencelab_transcript::{Map, Side};
use fencelab_wire::Secret;
use russh::client::Msg;
use russh::server::Handle;
use russh::{ChannelId, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use super::super::line::{Exchange, Line};

/// A channel, as the client has it.
pub(super) struct Channel {
    /// To ask the device for something in it.
    pub(super) device: Arc<ChannelWriteHalf<Msg>>,
    /// Whether it was granted.
    pub(super) answers: UnboundedReceiver<bool>,
    up: UnboundedSender<Up>,
    story: Arc<Story>,
}

/// What goes to the device.
enum Up {
    Bytes(Vec<u8>),
    Eof,
}

/// What is told of the channel: nothing before a shell or a command runs in it.
pub(super) struct Story {
    exchange: Exchange,
    state: Mutex<State>,
    ended_by: OnceLock<Side>,
}

enum State {
    Silent,
    /// A shell or a command was asked for.
    Asked(Map, Vec<Secret>),
    Open(Line),
    Over,
}

impl Channel {
    /// Carries what is said in it from now on.
    pub(super) async fn start(
        channel: russh::Channel<Msg>,
        client: Handle,
        id: ChannelId,
        exchange: Exchange,
        speaking: Arc<RwLock<()>>,
    ) -> Self {
        let (from_device, to_device) = channel.split();
        let device = Arc::new(to_device);
        let (answer, answers) = unbounded_channel();
        let (up, ups) = unbounded_channel();
        let (down, downs) = unbounded_channel();
        let state = Mutex::new(State::Silent);
        let story = Arc::new(Story { exchange, state, ended_by: OnceLock::new() });
        let guard = speaking.read_owned().await;
        tokio::spawn(carry_up(ups, Arc::clone(&device)));
        tokio::spawn(hear(from_device, answer, down, Arc::clone(&story)));
        tokio::spawn(carry_down(downs, client, id, guard));
        Self { device, answers, up, story }
    }

    /// A shell or a command is about to be asked for.
    pub(super) fn ask(&self, details: Map, secrets: Vec<Secret>) {
        let mut state = self.story.state();
        if matches!(*state, State::Silent) {
            *state = State::Asked(details, secrets);
        }
    }

    /// The client says something.
    pub(super) fn say(&self, bytes: &[u8]) {
        self.story.says(Side::Agent, bytes);
        // Where the device has gone nobody needs it.
        let _ = self.up.send(Up::Bytes(bytes.to_vec()));
    }

    /// The client has said all.
    pub(super) fn end(&self) {
        let _ = self.up.send(Up::Eof);
    }
}

impl Drop for Channel {
    /// The client has closed it, or has gone; the device learns it when the queue is empty.
    fn drop(&mut self) {
        let _ = self.story.ended_by.set(Side::Agent);
    }
}

impl Story {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn says(&self, side: Side, bytes: &[u8]) {
        self.begin();
        if let State::Open(line) = &*self.state() {
            line.says(side, bytes);
        }
    }

    /// What was asked for runs.
    fn begin(&self) {
        let mut state = self.state();
        *state = match std::mem::replace(&mut *state, State::Over) {
            State::Asked(details, secrets) => {
                let line = self.exchange.open(details);
                secrets.into_iter().for_each(|secret| line.knows(secret));
                State::Open(line)
            }
            other => other,
        };
    }

    /// What was asked for does not run.
    fn refuse(&self) {
        let mut state = self.state();
        *state = match std::mem::replace(&mut *state, State::Silent) {
            State::Asked(details, _) => {
                self.exchange.refuse(details, "the device refuses it".to_owned());
                State::Silent
            }
            other => other,
        };
    }

    fn close(&self, more: Map) {
        if let State::Open(line) = std::mem::replace(&mut *self.state(), State::Over) {
            line.close(self.ended_by.get().copied().unwrap_or(Side::Device), more);
        }
    }
}

async fn carry_up(mut ups: UnboundedReceiver<Up>, device: Arc<ChannelWriteHalf<Msg>>) {
    while let Some(up) = ups.recv().await {
        let carried = match up {
            Up::Bytes(bytes) => device.data_bytes(bytes).await,
            Up::Eof => device.eof().await,
        };
        if carried.is_err() {
            return;
        }
    }
    let _ = device.close().await;
}

/// Hears all that the device says in the channel. It never waits for the client: an answer must not stand behind words that
/// the client's session takes only when it has the answer.
async fn hear(
    mut device: ChannelReadHalf,
    answer: UnboundedSender<bool>,
    down: UnboundedSender<ChannelMsg>,
    story: Arc<Story>,
) {
    let mut more = Map::new();
    while let Some(message) = device.wait().await {
        match &message {
            ChannelMsg::Success => {
                story.begin();
                // Where the client has gone nobody needs it.
                let _ = answer.send(true);
            }
            ChannelMsg::Failure => {
                story.refuse();
                let _ = answer.send(false);
            }
            ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. } => {
                story.says(Side::Device, data);
            }
            ChannelMsg::ExitStatus { exit_status } => {
                more.insert("status".to_owned(), (*exit_status).into());
            }
            ChannelMsg::ExitSignal { signal_name, .. } => {
                more.insert("signal".to_owned(), format!("{signal_name:?}").into());
            }
            ChannelMsg::Eof | ChannelMsg::Close => {
                let _ = story.ended_by.set(Side::Device);
            }
            _ => {}
        }
        let _ = down.send(message);
    }
    story.close(more);
}

/// Passes on to the client what the device says, up to the end of the channel.
async fn carry_down(
    mut downs: UnboundedReceiver<ChannelMsg>,
    client: Handle,
    id: ChannelId,
    _speaking: OwnedRwLockReadGuard<()>,
) {
    while let Some(message) = downs.recv().await {
        let is_taken = match message {
            ChannelMsg::Data { data } => client.data(id, data).await.is_ok(),
            ChannelMsg::ExtendedData { data, ext } => client.extended_data(id, ext, data).await.is_ok(),
            ChannelMsg::Eof => client.eof(id).await.is_ok(),
            ChannelMsg::ExitStatus { exit_status } => {
                client.exit_status_request(id, exit_status).await.is_ok()
            }
            ChannelMsg::ExitSignal { signal_name, core_dumped, error_message, lang_tag } => {
                let told =
                    client.exit_signal_request(id, signal_name, core_dumped, error_message, lang_tag).await;
                told.is_ok()
            }
            _ => true,
        };
        if !is_taken {
            return;
        }
    }
    let _ = client.close(id).await;
}
