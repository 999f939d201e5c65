//! The loads: ping-pong, streams, and the ring.

mod pingpong;
mod ring;
mod span;
mod standing;
mod stream;

use std::sync::atomic::{AtomicBool, Ordering};

pub use pingpong::{PingPong, PingPongResult, Role};
pub use ring::{Flaws, Offer, RingEvent, RingLoad, RingResult, Said};
pub use standing::Standing;
pub use stream::{Stream, StreamResult};

pub(crate) use {pingpong::ping_pong, ring::turn, stream::stream};
#[cfg(feature = "corosync")]
pub(crate) use {
    ring::{Source, seconds},
    span::Span,
};

/// What others may want of a load that is running.
#[derive(Debug, Default)]
pub struct Wishes {
    stop: AtomicBool,
    cut: AtomicBool,
}

impl Wishes {
    /// Ends it.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Cuts the node off from all others, or heals that.
    pub fn cut(&self, is_cut: bool) {
        self.cut.store(is_cut, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}
