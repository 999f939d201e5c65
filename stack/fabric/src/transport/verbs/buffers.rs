//! Memory that the device may read and write: pieces of one length.

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;

use rdma_mummy_sys as ffi;

use super::device::Domain;
use crate::transport::Error;

/// Pieces begin at a cache line.
const LINE: usize = 64;
/// Registering pins whole pages.
const PAGE: usize = 4096;

/// Registered memory.
///
/// The device has its own view of it: no reference into it lives longer than a call here, and the caller sees to it that a piece
/// is touched only while no order of the device names it.
pub(super) struct Memory {
    base: NonNull<u8>,
    layout: Layout,
    region: NonNull<ffi::ibv_mr>,
    step: usize,
    _domain: Arc<Domain>,
}

// SAFETY: the memory is this value's alone, and libibverbs may be called from any thread.
unsafe impl Send for Memory {}

impl Memory {
    pub(super) fn new(domain: &Arc<Domain>, slots: usize, bytes: usize) -> Result<Self, Error> {
        let step = bytes.max(1).next_multiple_of(LINE);
        let layout = step
            .checked_mul(slots.max(1))
            .and_then(|bytes| Layout::from_size_align(bytes, PAGE).ok())
            .ok_or_else(|| Error::Unfit(format!("{slots} buffers of {bytes} bytes: too many")))?;
        // SAFETY: the layout is not empty.
        let base = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
            .ok_or_else(|| Error::system("buffers")(std::io::Error::from(std::io::ErrorKind::OutOfMemory)))?;
        let access = ffi::ibv_access_flags::IBV_ACCESS_LOCAL_WRITE.0;
        // SAFETY: the memory is allocated with this length, and freed only after the region is gone.
        let region =
            unsafe { ffi::ibv_reg_mr(domain.as_ptr(), base.as_ptr().cast(), layout.size(), access as _) };
        let Some(region) = NonNull::new(region) else {
            let failed = super::failed(format!(
                "registering {} bytes (where memory is short, see `ulimit -l`)",
                layout.size()
            ));
            // SAFETY: allocated above with this layout.
            unsafe { std::alloc::dealloc(base.as_ptr(), layout) };
            return Err(failed);
        };
        Ok(Self { base, layout, region, step, _domain: Arc::clone(domain) })
    }

    /// The first bytes of a piece, for an order.
    pub(super) fn element(&self, slot: usize, bytes: usize) -> ffi::ibv_sge {
        let start = self.start(slot, bytes);
        // SAFETY: the region is registered; its key does not change.
        let lkey = unsafe { self.region.as_ref() }.lkey;
        ffi::ibv_sge { addr: start as u64, length: u32::try_from(bytes).unwrap_or(u32::MAX), lkey }
    }

    /// Writes a message to the beginning of a piece that no order names.
    pub(super) fn write(&mut self, slot: usize, message: &[u8]) {
        let start = self.start(slot, message.len());
        // SAFETY: `start` has seen to it that so many bytes are there; ours they are, since no order names them.
        unsafe { start.copy_from_nonoverlapping(message.as_ptr(), message.len()) };
    }

    /// Reads from a piece that the device has filled and not been given again: what fits into the buffer, which is told.
    pub(super) fn read(&self, slot: usize, skip: usize, bytes: usize, buffer: &mut [u8]) -> usize {
        let start = self.start(slot, skip + bytes);
        let bytes = bytes.min(buffer.len());
        // SAFETY: `start` has seen to it that so many bytes are there; the device is done with them.
        unsafe { start.add(skip).copy_to_nonoverlapping(buffer.as_mut_ptr(), bytes) };
        bytes
    }

    /// A piece, after a look whether the memory has it.
    fn start(&self, slot: usize, bytes: usize) -> *mut u8 {
        let at = slot * self.step;
        assert!(
            bytes <= self.step && at + self.step <= self.layout.size(),
            "piece {slot} has no {bytes} bytes"
        );
        // SAFETY: within the memory, as was just seen.
        unsafe { self.base.as_ptr().add(at) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: registered once, deregistered once. Orders that still name the region fail from now on.
        if unsafe { ffi::ibv_dereg_mr(self.region.as_ptr()) } == 0 {
            // SAFETY: allocated with this layout; the device cannot reach it any more. Otherwise it is better lost.
            unsafe { std::alloc::dealloc(self.base.as_ptr(), self.layout) };
        }
    }
}
