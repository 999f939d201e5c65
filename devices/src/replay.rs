//! Strict replay: a device that says what was recorded, in the recorded order, to whoever asks the same.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::Transcript;

use crate::device::Credentials;
use crate::face::{Context, Reply};

/// Where the partner did not say what was recorded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Divergence {
    /// When it came.
    pub at: Duration,
    /// The line of the transcript that was expected; `None`: the transcript was at its end.
    pub line: Option<usize>,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub came: String,
}

/// A transcript being replayed.
#[derive(Debug)]
pub(crate) struct Player {
    divergences: Vec<Divergence>,
}

impl Player {
    pub(crate) fn new(_transcript: Arc<Transcript>, _credentials: &Credentials) -> Self {
        Self { divergences: Vec::new() }
    }
    pub(crate) fn handle(
        &mut self,
        _now: Duration,
        _peer: SocketAddr,
        _datagram: &[u8],
        _context: &mut Context<'_>,
    ) -> Vec<Reply> {
        Vec::new()
    }
    pub(crate) fn divergences(&self) -> &[Divergence] {
        &self.divergences
    }
    pub(crate) fn sessions(&self) -> usize {
        0
    }
}
