//! IP over InfiniBand: the host's real interfaces ([`host`]), and a stand-in for places that have verbs and no such interface.
//!
//! The kernel makes IPoIB interfaces on ports whose link is InfiniBand only, never on RoCE or iWARP. The stand-in (`stand_in`,
//! feature `verbs`) is a TUN interface whose packets go over our own verbs transport, each behind the header of RFC 4391. It has the
//! MTUs of the real one and its direction (IP costs more than verbs), and nothing of its speed: what is measured with it is emulated.

pub mod header;
pub mod host;
#[cfg(feature = "verbs")]
pub mod stand_in;
#[cfg(feature = "verbs")]
mod tun;
#[cfg(feature = "verbs")]
pub(crate) mod udp;
