//! What the device says is done: completion queues, and the channel that wakes those who wait for them.

use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rdma_mummy_sys as ffi;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::device::Context;
use super::{failed, nonblocking};
use crate::transport::Error;

/// How many completions are fetched at once: who polls clears room for so many at each look.
const BATCH: usize = 8;
/// How many events are acknowledged at once: each acknowledgement takes a lock (ibv_get_cq_event(3)).
const ACKNOWLEDGED_AT_ONCE: u32 = 64;

/// Where completion queues wake those who wait.
pub(super) struct Channel {
    channel: NonNull<ffi::ibv_comp_channel>,
    context: Arc<Context>,
}

// SAFETY: libibverbs locks what it shares: every call may be made from any thread.
unsafe impl Send for Channel {}
// SAFETY: as above; nothing here is changed after it was made.
unsafe impl Sync for Channel {}

impl Channel {
    pub(super) fn new(context: &Arc<Context>) -> Result<Arc<Self>, Error> {
        // SAFETY: the device is open, and held by what is made here.
        let channel = NonNull::new(unsafe { ffi::ibv_create_comp_channel(context.as_ptr()) })
            .ok_or_else(|| failed("a completion channel"))?;
        let channel = Self { channel, context: Arc::clone(context) };
        nonblocking(channel.descriptor())?;
        Ok(Arc::new(channel))
    }

    /// What is readable when there is an event.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as the channel is.
        unsafe { BorrowedFd::borrow_raw(self.channel.as_ref().fd) }
    }

    /// Sleeps until there is an event, something else can be read, or `patience` is over. Answers whether there is something.
    ///
    /// # Errors
    /// The device is gone. Its descriptors would be ready for ever after: who went on waiting for them would never sleep again.
    pub(super) fn wait(&self, others: &[BorrowedFd<'_>], patience: Duration) -> Result<bool, Error> {
        let mut awaited: Vec<_> = [self.descriptor(), self.context.events()]
            .into_iter()
            .chain(others.iter().copied())
            .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN))
            .collect();
        let patience = Timespec::try_from(patience).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match poll(&mut awaited, Some(&patience)) {
            Ok(0) => return Ok(false),
            Err(Errno::INTR) => return Ok(true),
            Ok(_) => {}
            Err(error) => return Err(Error::system("poll")(error)),
        }
        let dead = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        if awaited.iter().take(2).any(|descriptor| descriptor.revents().intersects(dead)) {
            return Err(Error::NoDevice(format!("{} was taken away", self.context.name)));
        }
        if awaited.get(1).is_some_and(|device| device.revents().contains(PollFlags::IN)) {
            self.look_at_device()?;
        }
        Ok(true)
    }

    /// Reads what the device tells of itself.
    pub(super) fn look_at_device(&self) -> Result<(), Error> {
        while let Some(event) = self.context.take_event() {
            tracing::warn!(device = self.context.name, event, "the device tells of an event");
            if event == ffi::ibv_event_type::IBV_EVENT_DEVICE_FATAL as u32 {
                return Err(Error::NoDevice(format!("{} has failed", self.context.name)));
            }
        }
        Ok(())
    }

    /// Takes an event, if there is one: which queue it is of.
    fn take(&self) -> Option<*mut ffi::ibv_cq> {
        let (mut queue, mut own) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the channel does not block; both pointers are ours to be written.
        let taken = unsafe { ffi::ibv_get_cq_event(self.channel.as_ptr(), &raw mut queue, &raw mut own) };
        (taken == 0).then_some(queue)
    }

    /// Takes all events, each for its queue. A queue that is not armed has none, which saves the system a question.
    pub(super) fn take_all(&self, queues: [&Completions; 2]) {
        while queues.iter().any(|queue| queue.is_armed.load(Ordering::Relaxed)) {
            let Some(of) = self.take() else { return };
            for queue in queues.iter().filter(|queue| queue.queue.as_ptr() == of) {
                queue.was_woken();
            }
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // SAFETY: it was made, and its queues hold an `Arc` of it: none is left.
        unsafe { ffi::ibv_destroy_comp_channel(self.channel.as_ptr()) };
    }
}

/// One thing that is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    /// What came with the order.
    pub(super) ticket: u64,
    /// One of `ibv_wc_status`; 0 is success.
    pub(super) status: u32,
    /// Of what was received, the bytes.
    pub(super) bytes: usize,
    /// Of what was received, the queue pair that sent it, where it is a datagram.
    pub(super) sender: u32,
    /// Of what was received, the number that came with it.
    pub(super) immediate: Option<u32>,
}

/// A completion queue.
pub(super) struct Completions {
    queue: NonNull<ffi::ibv_cq>,
    /// Events that were taken and not acknowledged.
    unacknowledged: AtomicU32,
    is_armed: std::sync::atomic::AtomicBool,
    _channel: Arc<Channel>,
}

// SAFETY: libibverbs locks what it shares: every call may be made from any thread.
unsafe impl Send for Completions {}
// SAFETY: as above; what is changed here is atomic.
unsafe impl Sync for Completions {}

impl Completions {
    pub(super) fn new(channel: &Arc<Channel>, entries: usize) -> Result<Arc<Self>, Error> {
        let entries_most =
            i32::try_from(entries).map_err(|_| Error::Unfit(format!("{entries} completions")))?;
        // SAFETY: device and channel are open, and held by what is made here; no pointer of ours goes with it.
        let queue = unsafe {
            ffi::ibv_create_cq(
                channel.context.as_ptr(),
                entries_most,
                std::ptr::null_mut(),
                channel.channel.as_ptr(),
                0,
            )
        };
        let queue = NonNull::new(queue).ok_or_else(|| failed(format!("a queue of {entries} completions")))?;
        let (unacknowledged, is_armed) = Default::default();
        Ok(Arc::new(Self { queue, unacknowledged, is_armed, _channel: Arc::clone(channel) }))
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::ibv_cq {
        self.queue.as_ptr()
    }

    /// Hands on what is done, as long as there is something or the batch is full.
    pub(super) fn poll(&self, mut take: impl FnMut(Done)) -> Result<usize, Error> {
        // SAFETY: numbers of zeros are numbers.
        let mut entries: [ffi::ibv_wc; BATCH] = unsafe { std::mem::zeroed() };
        // SAFETY: the array has as many entries as are asked for.
        let count = unsafe { ffi::ibv_poll_cq(self.as_ptr(), BATCH as i32, entries.as_mut_ptr()) };
        let count = usize::try_from(count)
            .map_err(|_| Error::system("a completion queue")(std::io::Error::other("it is broken")))?;
        for entry in entries.iter().take(count) {
            let with_immediate = entry.wc_flags & ffi::ibv_wc_flags::IBV_WC_WITH_IMM.0 != 0;
            // SAFETY: both sides of the union are a number of 32 bits.
            let immediate = u32::from_be(unsafe { entry.imm_data_invalidated_rkey_union.imm_data });
            take(Done {
                ticket: entry.wr_id,
                status: entry.status,
                bytes: usize::try_from(entry.byte_len).unwrap_or(0),
                sender: entry.src_qp,
                immediate: with_immediate.then_some(immediate),
            });
        }
        Ok(count)
    }

    /// Has the next completion wake. What came before does not: the caller looks once more after this, and then sleeps.
    ///
    /// Answers whether it was not so already.
    pub(super) fn arm(&self) -> Result<bool, Error> {
        if self.is_armed.swap(true, Ordering::Relaxed) {
            return Ok(false);
        }
        // SAFETY: the queue is open.
        match unsafe { ffi::ibv_req_notify_cq(self.as_ptr(), 0) } {
            0 => Ok(true),
            error => Err(super::refused("to be woken", error)),
        }
    }

    fn was_woken(&self) {
        self.is_armed.store(false, Ordering::Relaxed);
        if self.unacknowledged.fetch_add(1, Ordering::Relaxed) + 1 >= ACKNOWLEDGED_AT_ONCE {
            self.acknowledge();
        }
    }

    fn acknowledge(&self) {
        let events = self.unacknowledged.swap(0, Ordering::Relaxed);
        if events > 0 {
            // SAFETY: so many events were taken and not acknowledged.
            unsafe { ffi::ibv_ack_cq_events(self.as_ptr(), events) };
        }
    }
}

impl Drop for Completions {
    /// Destroying waits until every event is acknowledged.
    fn drop(&mut self) {
        self.acknowledge();
        // SAFETY: it was made, and its queue pairs hold an `Arc` of it: none is left.
        unsafe { ffi::ibv_destroy_cq(self.as_ptr()) };
    }
}

/// What a completion says that failed (ibv_poll_cq(3)).
pub(super) fn meaning(status: u32) -> &'static str {
    use ffi::ibv_wc_status as of;
    match status {
        of::IBV_WC_RETRY_EXC_ERR => "it does not answer",
        of::IBV_WC_RNR_RETRY_EXC_ERR => "it has no buffers",
        of::IBV_WC_WR_FLUSH_ERR => "its queue pair is in error",
        of::IBV_WC_LOC_LEN_ERR | of::IBV_WC_REM_INV_REQ_ERR => "a message was too long",
        of::IBV_WC_REM_OP_ERR | of::IBV_WC_REM_ACCESS_ERR => "it failed",
        of::IBV_WC_LOC_PROT_ERR | of::IBV_WC_LOC_QP_OP_ERR => "an order was wrong",
        _ => "the device refused",
    }
}
