//! Verbs: RDMA devices by way of libibverbs, which is opened at run time. Messages are sent and received; nothing is written to
//! another node's memory.
//!
//! - [`device`]: a device, its port, a protection domain
//! - [`buffers`] and [`slots`]: registered memory, and which piece of it is free
//! - [`completion`]: what is done, and sleeping until something is
//! - [`queue_pair`]: orders to a device
//! - [`address`]: what nodes tell each other; [`linking`]: how they get together
//! - [`relink`]: how a connection that was lost is made anew; [`calls`]: where nodes hear each other for that
//! - [`node`]: the transport
//!
//! What is made of another thing holds it by an `Arc`, so that things are destroyed in the only order that libibverbs allows.

#![allow(unsafe_code, reason = "libibverbs is a library in C; each block says why it is sound")]

mod address;
mod buffers;
mod calls;
mod completion;
mod device;
mod grh;
mod hardware_counters;
mod linking;
mod node;
mod queue_pair;
mod relink;
mod slots;

use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::Error;

pub(super) use linking::open;
pub(crate) use linking::{Opened, open_end};
pub(crate) use node::Verbs;

/// What a queue pair gives.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Service {
    /// A reliable connection to one other node.
    #[serde(rename = "rc")]
    Connected,
    /// Datagrams to any.
    #[serde(rename = "ud")]
    Datagram,
}

/// A call that answers with nothing and sets `errno` failed.
fn failed(what: impl Into<String>) -> Error {
    Error::system(what)(std::io::Error::last_os_error())
}

/// A call that answers with an error's number failed.
fn refused(what: &str, error: i32) -> Error {
    Error::system(what)(std::io::Error::from_raw_os_error(error.abs()))
}

/// Has a descriptor say that nothing is there instead of waiting.
fn nonblocking(descriptor: BorrowedFd<'_>) -> Result<(), Error> {
    rustix::fs::fcntl_getfl(descriptor)
        .and_then(|flags| rustix::fs::fcntl_setfl(descriptor, flags | OFlags::NONBLOCK))
        .map_err(Error::system("a descriptor of the device"))
}
