//! Who speaks to whom.

use std::net::{IpAddr, Ipv6Addr};

use fencelab_wire::infiniband::{Grh, Lrh, MULTICAST_LID, PERMISSIVE_LID, is_multicast};

/// An end of a session.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum End {
    /// All ports that speak to a multicast group.
    All,
    /// A port by its local identifier, or a group.
    Lid(u16),
    /// A port by its global identifier, or a group.
    Gid([u8; 16]),
    /// A port by its IP address, or a group.
    Ip(IpAddr),
}

/// Who sent a packet, and who it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) from: End,
    pub(super) to: End,
    /// Whether `to` is a multicast group.
    pub(super) is_group: bool,
    /// The sender's two identifiers, if the packet has both.
    pub(super) sender: Option<(u16, [u8; 16])>,
}

impl Ends {
    /// In the fabric ports are known by their local identifiers, groups by their global ones if the packet has them.
    pub(super) fn of_fabric(lrh: &Lrh, grh: Option<&Grh>) -> Self {
        let group = grh.map(|grh| grh.dgid).filter(is_multicast);
        let multicast_lid = (MULTICAST_LID..PERMISSIVE_LID).contains(&lrh.dlid);
        Self {
            from: End::Lid(lrh.slid),
            to: group.map_or(End::Lid(lrh.dlid), End::Gid),
            is_group: group.is_some() || multicast_lid,
            sender: grh.map(|grh| (lrh.slid, grh.sgid)),
        }
    }

    pub(super) fn of_gids(grh: &Grh) -> Self {
        let is_group = is_multicast(&grh.dgid);
        Self { from: End::Gid(grh.sgid), to: End::Gid(grh.dgid), is_group, sender: None }
    }

    pub(super) fn of_ips(from: IpAddr, to: IpAddr) -> Self {
        Self { from: End::Ip(from), to: End::Ip(to), is_group: to.is_multicast(), sender: None }
    }
}

/// A global identifier as it is written.
pub(super) fn gid(gid: [u8; 16]) -> String {
    let ip = Ipv6Addr::from(gid);
    ip.to_ipv4_mapped().map_or_else(|| ip.to_string(), |ip| format!("::ffff:{ip}"))
}
