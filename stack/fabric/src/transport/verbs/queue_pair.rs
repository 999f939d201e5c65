//! Queue pairs: made, brought to work, and given orders.

use std::ptr::NonNull;
use std::sync::Arc;

use rdma_mummy_sys as ffi;
use rustix::io::Errno;

use super::address::Address;
use super::completion::Completions;
use super::device::{Domain, Port};
use super::relink::Half;
use super::{Service, failed, refused};
use crate::transport::Error;

/// How long the device waits for an acknowledgement before it sends again: 4.096 µs · 2^14 = 67 ms (InfiniBand Architecture
/// Specification 1, section 9.7.6.1.3).
const TIMEOUT: u8 = 14;
/// How often it sends again before it gives the connection up. Not seven, the most that there is: soft-RoCE takes that for without end.
const RETRIES: u8 = 6;
/// A node that has no buffers is asked again without end: it may be stopped, and go on. The sender has an end of its own.
const RETRIES_NOT_READY: u8 = 7;
/// How long a sender is asked to wait until there are buffers: code 12 is 0.64 ms.
const NOT_READY_TIMER: u8 = 12;
/// Routers on the way.
const HOPS: u8 = 64;
/// What is asked for to go with the order. Devices that do not take so much are asked for less.
const INLINE: u32 = 256;

/// How many orders there may be, and what goes with them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depths {
    pub(super) send: usize,
    pub(super) receive: usize,
}

/// A queue pair.
pub(super) struct QueuePair {
    pair: NonNull<ffi::ibv_qp>,
    /// Messages up to so many bytes go with the order.
    pub(super) inline: usize,
    service: Service,
    _domain: Arc<Domain>,
    _completions: [Arc<Completions>; 2],
}

// SAFETY: libibverbs locks what it shares: every call may be made from any thread.
unsafe impl Send for QueuePair {}

impl Drop for QueuePair {
    fn drop(&mut self) {
        // SAFETY: it was made; nothing is made of it. Its completion queues, which it holds, are still there.
        unsafe { ffi::ibv_destroy_qp(self.pair.as_ptr()) };
    }
}

impl QueuePair {
    pub(super) fn new(
        domain: &Arc<Domain>,
        service: Service,
        [sent, received]: [&Arc<Completions>; 2],
        depths: Depths,
    ) -> Result<Self, Error> {
        let entries = |depth: usize| u32::try_from(depth).unwrap_or(u32::MAX);
        for inline in [INLINE, INLINE / 2, INLINE / 4, 0] {
            // SAFETY: numbers and pointers of zeros are what "not asked for" is here.
            let mut asked: ffi::ibv_qp_init_attr = unsafe { std::mem::zeroed() };
            asked.send_cq = sent.as_ptr();
            asked.recv_cq = received.as_ptr();
            asked.qp_type = match service {
                Service::Connected => ffi::ibv_qp_type::IBV_QPT_RC,
                Service::Datagram => ffi::ibv_qp_type::IBV_QPT_UD,
            };
            asked.cap.max_send_wr = entries(depths.send);
            asked.cap.max_recv_wr = entries(depths.receive);
            asked.cap.max_send_sge = 1;
            asked.cap.max_recv_sge = 1;
            asked.cap.max_inline_data = inline;
            // SAFETY: the domain and both queues are open, and held by what is made here.
            if let Some(pair) = NonNull::new(unsafe { ffi::ibv_create_qp(domain.as_ptr(), &raw mut asked) }) {
                let inline = usize::try_from(asked.cap.max_inline_data).unwrap_or(0);
                let _completions = [Arc::clone(sent), Arc::clone(received)];
                return Ok(Self { pair, inline, service, _domain: Arc::clone(domain), _completions });
            }
        }
        Err(failed(format!("a queue pair for {} and {} messages", depths.send, depths.receive)))
    }

    pub(super) fn number(&self) -> u32 {
        // SAFETY: the queue pair is open; its number does not change.
        unsafe { self.pair.as_ref() }.qp_num
    }

    fn modify(
        &self,
        state: ffi::ibv_qp_state::Type,
        mask: &[ffi::ibv_qp_attr_mask],
        set: impl FnOnce(&mut ffi::ibv_qp_attr),
    ) -> Result<(), Error> {
        // SAFETY: numbers of zeros are numbers.
        let mut attributes: ffi::ibv_qp_attr = unsafe { std::mem::zeroed() };
        attributes.qp_state = state;
        set(&mut attributes);
        let mask = mask.iter().fold(ffi::ibv_qp_attr_mask::IBV_QP_STATE.0, |all, one| all | one.0);
        // SAFETY: the queue pair is open; the attributes live as long as the call.
        match unsafe { ffi::ibv_modify_qp(self.pair.as_ptr(), &raw mut attributes, mask as i32) } {
            0 => Ok(()),
            error => Err(refused(&format!("a queue pair to state {state}"), error)),
        }
    }

    /// From now on buffers may be posted.
    pub(super) fn initialise(&self, port: &Port, key: u32) -> Result<(), Error> {
        use ffi::ibv_qp_attr_mask as Mask;
        let own = match self.service {
            Service::Connected => Mask::IBV_QP_ACCESS_FLAGS,
            Service::Datagram => Mask::IBV_QP_QKEY,
        };
        self.modify(
            ffi::ibv_qp_state::IBV_QPS_INIT,
            &[Mask::IBV_QP_PKEY_INDEX, Mask::IBV_QP_PORT, own],
            |attributes| {
                attributes.port_num = port.number;
                attributes.qkey = key;
            },
        )
    }

    /// From now on messages are taken: those of one queue pair of the peer, or of anybody who has the key.
    pub(super) fn receive_from(&self, port: &Port, peer: Option<(&Address, Half)>) -> Result<(), Error> {
        use ffi::ibv_qp_attr_mask as Mask;
        let Some((peer, half)) = peer else {
            return self.modify(ffi::ibv_qp_state::IBV_QPS_RTR, &[], |_| {});
        };
        self.modify(
            ffi::ibv_qp_state::IBV_QPS_RTR,
            &[
                Mask::IBV_QP_AV,
                Mask::IBV_QP_PATH_MTU,
                Mask::IBV_QP_DEST_QPN,
                Mask::IBV_QP_RQ_PSN,
                Mask::IBV_QP_MAX_DEST_RD_ATOMIC,
                Mask::IBV_QP_MIN_RNR_TIMER,
            ],
            |attributes| {
                attributes.ah_attr = way(port, peer);
                attributes.path_mtu = mtu_code(port.mtu.min(peer.mtu));
                attributes.dest_qp_num = half.queue;
                attributes.rq_psn = half.packet;
                attributes.max_dest_rd_atomic = 1;
                attributes.min_rnr_timer = NOT_READY_TIMER;
            },
        )
    }

    /// From now on messages may be sent.
    pub(super) fn send_from(&self, packet: u32) -> Result<(), Error> {
        use ffi::ibv_qp_attr_mask as Mask;
        let connected = [
            Mask::IBV_QP_SQ_PSN,
            Mask::IBV_QP_TIMEOUT,
            Mask::IBV_QP_RETRY_CNT,
            Mask::IBV_QP_RNR_RETRY,
            Mask::IBV_QP_MAX_QP_RD_ATOMIC,
        ];
        let mask = match self.service {
            Service::Connected => &connected[..],
            Service::Datagram => &connected[..1],
        };
        self.modify(ffi::ibv_qp_state::IBV_QPS_RTS, mask, |attributes| {
            attributes.sq_psn = packet;
            attributes.timeout = TIMEOUT;
            attributes.retry_cnt = RETRIES;
            attributes.rnr_retry = RETRIES_NOT_READY;
            attributes.max_rd_atomic = 1;
        })
    }

    /// Gives the device a buffer to fill.
    pub(super) fn post_buffer(&self, ticket: u64, mut element: ffi::ibv_sge) -> Result<(), Error> {
        let mut order = ffi::ibv_recv_wr {
            wr_id: ticket,
            next: std::ptr::null_mut(),
            sg_list: &raw mut element,
            num_sge: 1,
        };
        let mut bad = std::ptr::null_mut();
        // SAFETY: the order lives as long as the call, which copies it; the memory it names is registered.
        match unsafe { ffi::ibv_post_recv(self.pair.as_ptr(), &raw mut order, &raw mut bad) } {
            0 => Ok(()),
            error => Err(refused("a buffer to receive", error)),
        }
    }

    /// Gives the device messages to send, in one call. Answers how many it took, and why no more.
    pub(super) fn post_messages<'a>(
        &self,
        messages: impl Iterator<Item = Message<'a>>,
    ) -> (usize, Result<(), Errno>) {
        let mut orders: Vec<_> = messages.map(|message| (message.element, message.order())).collect();
        let mut next = std::ptr::null_mut();
        // From the last to the first, each before the one that was just chained. The list does not grow, and so stays where it is.
        for (element, order) in orders.iter_mut().rev() {
            (order.sg_list, order.next) = (element, next);
            next = order;
        }
        if next.is_null() {
            return (0, Ok(()));
        }
        let mut bad = std::ptr::null_mut();
        // SAFETY: the orders live as long as the call, which copies them, and with them what is inline; the memory that they name is
        // registered.
        match unsafe { ffi::ibv_post_send(self.pair.as_ptr(), next, &raw mut bad) } {
            0 => (orders.len(), Ok(())),
            error => {
                let taken = orders.iter().position(|(_, order)| std::ptr::eq(order, bad)).unwrap_or(0);
                (taken, Err(Errno::from_raw_os_error(error.abs())))
            }
        }
    }

    /// Takes all orders and buffers from the device; nothing is told of them.
    pub(super) fn reset(&self) -> Result<(), Error> {
        self.modify(ffi::ibv_qp_state::IBV_QPS_RESET, &[], |_| {})
    }
}

/// What is to be sent, from registered memory.
pub(super) struct Message<'a> {
    /// What comes back when it is done.
    pub(super) ticket: u64,
    pub(super) element: ffi::ibv_sge,
    /// Whether it is copied with the order.
    pub(super) inline: bool,
    /// Whether the device says when it is done.
    pub(super) reports: bool,
    pub(super) datagram: Option<Datagram<'a>>,
}

impl Message<'_> {
    /// The order, without its pointers.
    fn order(&self) -> ffi::ibv_send_wr {
        use ffi::ibv_send_flags as Flags;
        // An element of no bytes would be one of 2^31 to some devices: an empty message has none.
        let is_empty = self.element.length == 0;
        // SAFETY: numbers and pointers of zeros are what "not asked for" is here.
        let mut order: ffi::ibv_send_wr = unsafe { std::mem::zeroed() };
        order.wr_id = self.ticket;
        order.num_sge = i32::from(!is_empty);
        order.opcode = ffi::ibv_wr_opcode::IBV_WR_SEND;
        let inline = if self.inline && !is_empty { Flags::IBV_SEND_INLINE.0 } else { 0 };
        order.send_flags = inline | if self.reports { Flags::IBV_SEND_SIGNALED.0 } else { 0 };
        if let Some(datagram) = self.datagram {
            order.opcode = ffi::ibv_wr_opcode::IBV_WR_SEND_WITH_IMM;
            order.imm_data_invalidated_rkey_union.imm_data = datagram.sender.to_be();
            order.wr.ud = ffi::ud_t {
                ah: datagram.way.handle.as_ptr(),
                remote_qpn: datagram.way.queue,
                remote_qkey: datagram.key,
            };
        }
        order
    }
}

/// Where a datagram goes.
#[derive(Clone, Copy)]
pub(super) struct Datagram<'a> {
    pub(super) way: &'a Way,
    pub(super) key: u32,
    /// The number that goes with it: who sent it.
    pub(super) sender: u32,
}

/// The way to a peer's queue pair for datagrams.
pub(super) struct Way {
    handle: NonNull<ffi::ibv_ah>,
    pub(super) queue: u32,
    _domain: Arc<Domain>,
}

// SAFETY: libibverbs locks what it shares: every call may be made from any thread.
unsafe impl Send for Way {}

impl Way {
    pub(super) fn new(domain: &Arc<Domain>, port: &Port, peer: &Address, queue: u32) -> Result<Self, Error> {
        let mut attributes = way(port, peer);
        // SAFETY: the domain is open, and held by what is made here; the attributes live as long as the call.
        let handle = NonNull::new(unsafe { ffi::ibv_create_ah(domain.as_ptr(), &raw mut attributes) })
            .ok_or_else(|| failed(format!("a way to {}", String::from(peer.gid))))?;
        Ok(Self { handle, queue, _domain: Arc::clone(domain) })
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        // SAFETY: it was made, and is destroyed once. The queue pair whose orders name it is destroyed before.
        unsafe { ffi::ibv_destroy_ah(self.handle.as_ptr()) };
    }
}

/// The way to a peer: by its GID where the link is Ethernet, by its LID where it is InfiniBand, within one subnet.
fn way(port: &Port, peer: &Address) -> ffi::ibv_ah_attr {
    // SAFETY: numbers of zeros are numbers.
    let mut way: ffi::ibv_ah_attr = unsafe { std::mem::zeroed() };
    way.port_num = port.number;
    way.dlid = peer.lid;
    if port.is_ethernet {
        way.is_global = 1;
        way.grh.dgid = ffi::ibv_gid { raw: peer.gid.0 };
        way.grh.sgid_index = port.gid_index;
        way.grh.hop_limit = HOPS;
    }
    way
}

/// As `ibv_mtu` counts them: 1 is 256 bytes, 5 is 4096.
fn mtu_code(bytes: u32) -> ffi::ibv_mtu::Type {
    bytes.max(256).ilog2().clamp(8, 12) - 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mtus_have_codes() {
        assert_eq!([256, 512, 1024, 2048, 4096].map(mtu_code), [1, 2, 3, 4, 5]);
    }
}
