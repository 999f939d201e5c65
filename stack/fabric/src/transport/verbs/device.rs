//! The device and its protection domain.

use std::ffi::CStr;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::Arc;

use rdma_mummy_sys as ffi;

use super::address::Gid;
use super::nonblocking;
use crate::transport::{Error, Place};

/// What to do without a device.
const WITHOUT: &str = "libibverbs finds none. It takes the packages of rdma-core with their providers and, where there is \
                       no hardware, soft-RoCE: `rdma link add rxe0 type rxe netdev eth0`";
/// Of `ibv_query_gid_ex`: RoCE version 2, which is in UDP.
const ROCE_V2: u32 = 2;
/// Of `ibv_port_attr::link_layer`.
const ETHERNET: u8 = 2;

/// The port that is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port {
    pub(super) number: u8,
    pub(super) gid: Gid,
    pub(super) gid_index: u8,
    pub(super) lid: u16,
    pub(super) mtu: u32,
    /// Routed by GID; else by LID.
    pub(super) is_ethernet: bool,
}

/// An open device.
pub(super) struct Context {
    context: NonNull<ffi::ibv_context>,
    pub(super) name: String,
}

// SAFETY: libibverbs locks what it shares: every call may be made from any thread.
unsafe impl Send for Context {}
// SAFETY: as above; nothing here is changed after it was opened.
unsafe impl Sync for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it was opened, and whatever was made of it holds an `Arc` of it: nothing is left.
        unsafe { ffi::ibv_close_device(self.context.as_ptr()) };
    }
}

/// The list of devices, freed in the end.
struct List {
    devices: NonNull<*mut ffi::ibv_device>,
    count: usize,
}

impl List {
    fn read() -> Option<Self> {
        let mut count = 0;
        // SAFETY: the count is ours to be written; NULL comes where there is no library.
        let devices = NonNull::new(unsafe { ffi::ibv_get_device_list(&raw mut count) })?;
        Some(Self { devices, count: usize::try_from(count).unwrap_or(0) })
    }

    fn open(&self, index: usize) -> Option<Context> {
        debug_assert!(index < self.count);
        // SAFETY: the list has `count` devices.
        let device = unsafe { *self.devices.as_ptr().add(index) };
        // SAFETY: the device is of a list that is not freed yet; its name is a string that lives as long.
        let name = unsafe { CStr::from_ptr(ffi::ibv_get_device_name(device)) }.to_string_lossy().into_owned();
        // SAFETY: as above. An open device outlives the list (ibv_get_device_list(3)).
        let context = NonNull::new(unsafe { ffi::ibv_open_device(device) })?;
        Some(Context { context, name })
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: it was got and is freed once.
        unsafe { ffi::ibv_free_device_list(self.devices.as_ptr()) };
    }
}

/// The device and port of a place: by name, or the first whose port has the place's address; where the link is InfiniBand, which
/// has no addresses of IP, the first port that is up.
pub(super) fn open(place: &Place) -> Result<(Arc<Context>, Port), Error> {
    let without = || Error::NoDevice(WITHOUT.to_owned());
    let list = List::read().filter(|list| list.count > 0).ok_or_else(without)?;
    let mut seen = Vec::new();
    for context in (0..list.count).filter_map(|index| list.open(index)) {
        if place.device.as_ref().is_none_or(|name| *name == context.name) {
            match context.port(place.ip) {
                Ok(port) => {
                    nonblocking(context.events())?;
                    return Ok((Arc::new(context), port));
                }
                Err(why) => seen.push(format!("{}: {why}", context.name)),
            }
        } else {
            seen.push(format!("{}: not asked for", context.name));
        }
    }
    let wanted = place.device.as_ref().map_or_else(String::new, |name| format!("`{name}` "));
    Err(Error::NoDevice(format!("{wanted}does not reach {}: {}", place.ip, seen.join("; "))))
}

impl Context {
    pub(super) fn as_ptr(&self) -> *mut ffi::ibv_context {
        self.context.as_ptr()
    }

    /// Where the device tells of what happens to it. It closes with the device.
    pub(super) fn events(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as the device is.
        unsafe { BorrowedFd::borrow_raw((*self.as_ptr()).async_fd) }
    }

    /// Takes what the device told, if it did: one of `ibv_event_type`.
    pub(super) fn take_event(&self) -> Option<u32> {
        let mut event = std::mem::MaybeUninit::<ffi::ibv_async_event>::uninit();
        // SAFETY: the descriptor does not block; the event is ours to be written.
        if unsafe { ffi::ibv_get_async_event(self.as_ptr(), event.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: it was written. Its kind is read as a number: a newer kernel may tell of kinds that the enum does not have.
        let kind = unsafe { (&raw const (*event.as_ptr()).event_type).cast::<u32>().read() };
        // SAFETY: it was got, and is acknowledged once.
        unsafe { ffi::ibv_ack_async_event(event.as_mut_ptr()) };
        Some(kind)
    }

    /// The first port that has the address; or, of InfiniBand, that is up.
    fn port(&self, ip: IpAddr) -> Result<Port, String> {
        let ports = self.attributes().map_or(1, |attributes| attributes.phys_port_cnt);
        let mut why = "no port is up".to_owned();
        for number in 1..=ports {
            let Some(attributes) = self.port_attributes(number) else { continue };
            if attributes.state != ffi::ibv_port_state::IBV_PORT_ACTIVE {
                continue;
            }
            let is_ethernet = attributes.link_layer == ETHERNET;
            let found = if is_ethernet {
                self.gid_of(number, attributes.gid_tbl_len, ip)
            } else {
                self.gid(number, 0)
            };
            let Some((gid_index, gid)) = found else {
                why = format!("no GID of port {number} is {ip} with RoCE version 2");
                continue;
            };
            let mtu = 128 << attributes.active_mtu.clamp(1, 5);
            return Ok(Port { number, gid, gid_index, lid: attributes.lid, mtu, is_ethernet });
        }
        Err(why)
    }

    pub(super) fn attributes(&self) -> Option<ffi::ibv_device_attr> {
        let mut attributes = std::mem::MaybeUninit::zeroed();
        // SAFETY: the device is open; the structure is ours to be written, and numbers of zeros are numbers.
        unsafe {
            (ffi::ibv_query_device(self.as_ptr(), attributes.as_mut_ptr()) == 0)
                .then(|| attributes.assume_init())
        }
    }

    fn port_attributes(&self, number: u8) -> Option<ffi::ibv_port_attr> {
        let mut attributes = std::mem::MaybeUninit::zeroed();
        // SAFETY: the device is open; the structure is ours to be written, and numbers of zeros are numbers.
        unsafe {
            (ffi::ibv_query_port(self.as_ptr(), number, attributes.as_mut_ptr()) == 0)
                .then(|| attributes.assume_init())
        }
    }

    fn gid_of(&self, port: u8, count: i32, ip: IpAddr) -> Option<(u8, Gid)> {
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        (0..count).filter_map(|index| self.entry(port, index)).find_map(|entry| {
            let (index, gid, kind) = entry;
            (gid.is_of(ip) && kind == ROCE_V2).then_some((index, gid))
        })
    }

    fn gid(&self, port: u8, index: u8) -> Option<(u8, Gid)> {
        self.entry(port, index).map(|(index, gid, _)| (index, gid))
    }

    /// A line of the port's table of GIDs, with its kind.
    fn entry(&self, port: u8, index: u8) -> Option<(u8, Gid, u32)> {
        let mut entry = std::mem::MaybeUninit::<ffi::ibv_gid_entry>::zeroed();
        // SAFETY: the device is open; the structure is ours to be written, and numbers of zeros are numbers.
        let entry = unsafe {
            let failed = ffi::ibv_query_gid_ex(
                self.as_ptr(),
                u32::from(port),
                u32::from(index),
                entry.as_mut_ptr(),
                0,
            );
            (failed == 0).then(|| entry.assume_init())
        }?;
        // SAFETY: both sides of the union are sixteen bytes.
        Some((index, Gid(unsafe { entry.gid.raw }), entry.gid_type))
    }
}

/// A protection domain: what is made in it may be used together.
pub(super) struct Domain {
    domain: NonNull<ffi::ibv_pd>,
    pub(super) context: Arc<Context>,
}

// SAFETY: libibverbs locks what it shares: every call may be made from any thread.
unsafe impl Send for Domain {}
// SAFETY: as above; nothing here is changed after it was made.
unsafe impl Sync for Domain {}

impl Domain {
    pub(super) fn new(context: &Arc<Context>) -> Result<Arc<Self>, Error> {
        // SAFETY: the device is open, and held by what is made here.
        let domain = NonNull::new(unsafe { ffi::ibv_alloc_pd(context.as_ptr()) })
            .ok_or_else(|| super::failed("a protection domain"))?;
        Ok(Arc::new(Self { domain, context: Arc::clone(context) }))
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::ibv_pd {
        self.domain.as_ptr()
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        // SAFETY: it was made, and what was made in it holds an `Arc` of it: nothing is left.
        unsafe { ffi::ibv_dealloc_pd(self.domain.as_ptr()) };
    }
}
