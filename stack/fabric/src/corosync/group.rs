//! A closed process group of corosync's (cpg_overview(3)).

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rust_corosync::cpg::{self, Address, Guarantee, Handle, Model1Data, Model1Flags, ModelData, Reason};
use rust_corosync::{CsError, DispatchFlags, NodeId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use crate::measure;
use crate::transport::Error;

use super::message::{self, Flaw, Header};

/// The load's.
const NAME: &str = "fencelab";
/// So many are taken at once, so that who listens comes to speak, too.
const AT_ONCE: usize = 64;

/// What came.
#[derive(Debug)]
pub(super) enum Heard {
    Message {
        /// corosync's number of the sender.
        from: u32,
        at: u64,
        bytes: usize,
        header: Result<Header, Flaw>,
    },
    Members {
        at: u64,
        /// corosync's numbers.
        members: Vec<u32>,
        /// Whether nothing more has happened than that a node wanted no more of it.
        is_leave: bool,
    },
}

thread_local! {
    // The library's callbacks are functions without a place of their own. They run in the thread that dispatches.
    static HEARD: RefCell<Vec<Heard>> = const { RefCell::new(Vec::new()) };
}

fn deliver(_: &Handle, _: String, from: NodeId, _: u32, message: &[u8], _: usize) {
    let header = message::read(message);
    let heard = Heard::Message { from: from.into(), at: measure::now(), bytes: message.len(), header };
    HEARD.with_borrow_mut(|all| all.push(heard));
}

fn change(_: &Handle, _: &str, members: Vec<Address>, left: Vec<Address>, joined: Vec<Address>) {
    let members = members.iter().map(|address| address.nodeid.into()).collect();
    let is_leave = joined.is_empty() && left.iter().all(|address| matches!(address.reason, Reason::Leave));
    HEARD.with_borrow_mut(|all| all.push(Heard::Members { at: measure::now(), members, is_leave }));
}

/// A member of the group.
pub(super) struct Group {
    handle: Handle,
    events: OwnedFd,
}

impl Group {
    /// Joins, where corosync is ready; `None`: it is not yet.
    ///
    /// # Errors
    /// It refuses, or the kernel does.
    pub(super) fn join() -> Result<Option<Self>, Error> {
        HEARD.with_borrow_mut(Vec::clear);
        let model = ModelData::ModelV1(Model1Data {
            flags: Model1Flags::None,
            deliver_fn: Some(deliver),
            confchg_fn: Some(change),
            totem_confchg_fn: None,
        });
        // Until it listens there is nobody to connect to, and in the beginning it puts everyone off.
        let Ok(handle) = cpg::initialize(&model, 0) else { return Ok(None) };
        match cpg::join(&handle, NAME) {
            Ok(()) => {}
            Err(CsError::CsErrTryAgain) => return Ok(None),
            Err(error) => return Err(failed("join", error)),
        }
        let raw = cpg::fd_get(&handle).map_err(|error| failed("fd_get", error))?;
        // The library gives the bare number of its socket; a copy made through the process can be owned, and so be waited for.
        let own = pidfd_open(getpid(), PidfdFlags::empty())
            .and_then(|process| pidfd_getfd(process, raw, PidfdGetfdFlags::empty()));
        let events = own.map_err(Error::system("the socket of CPG (pidfd_getfd(2), Linux 5.6)"))?;
        Ok(Some(Self { handle, events }))
    }

    /// Hears nothing from now on. Answers whether corosync took it: if not, it is to be told again.
    ///
    /// # Errors
    /// corosync failed.
    pub(super) fn leave(&self) -> Result<bool, Error> {
        match cpg::leave(&self.handle, NAME) {
            Ok(()) => Ok(true),
            // So it answers as long as the join before is not heard by all.
            Err(CsError::CsErrTryAgain | CsError::CsErrBusy) => Ok(false),
            Err(error) => Err(failed("leave", error)),
        }
    }

    /// Says something to all, in the order in which all hear it (agreed). Answers whether corosync took it: if not, it has enough to do.
    ///
    /// # Errors
    /// corosync failed.
    pub(super) fn say(&self, message: &[u8]) -> Result<bool, Error> {
        match cpg::mcast_joined(&self.handle, Guarantee::TypeAgreed, message) {
            Ok(()) => Ok(true),
            Err(CsError::CsErrTryAgain) => Ok(false),
            Err(error) => Err(failed("mcast_joined", error)),
        }
    }

    /// What has come, some of it at a time.
    ///
    /// # Errors
    /// corosync failed.
    pub(super) fn hear(&self) -> Result<Vec<Heard>, Error> {
        for taken in 1..=AT_ONCE {
            match cpg::dispatch(&self.handle, DispatchFlags::OneNonblocking) {
                Ok(()) => {}
                Err(CsError::CsErrTryAgain) => break,
                Err(error) => return Err(failed("dispatch", error)),
            }
            if HEARD.with_borrow(Vec::len) < taken {
                break;
            }
        }
        Ok(HEARD.with_borrow_mut(std::mem::take))
    }

    /// Waits until something comes, for so long at most.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn wait(&self, patience: Duration) -> Result<(), Error> {
        let patience = Timespec::try_from(patience).ok();
        match poll(&mut [PollFd::new(&self.events, PollFlags::IN)], patience.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(Error::system("poll")(error)),
        }
    }
}

fn failed(what: &str, error: CsError) -> Error {
    Error::Unfit(format!("corosync's CPG, {what}: {error}"))
}
