//! The transports by their names.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(feature = "verbs")]
use super::verbs;
use super::{Error, Place, Unlinked, multicast, tcp, udp};
#[cfg(feature = "verbs")]
use crate::ipoib;

/// A transport.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// UDP, a datagram to each node.
    Udp,
    /// UDP; what goes to all goes to a multicast group.
    Multicast,
    /// TCP, a connection between each two nodes.
    Tcp,
    /// Verbs: a reliable connection between each two nodes.
    Rc,
    /// Verbs: unreliable datagrams.
    Ud,
    /// UDP over the emulated IPoIB, which goes by datagrams of verbs.
    IpoibUd,
    /// UDP over the emulated IPoIB, which goes by connections of verbs.
    IpoibRc,
    /// Real corosync over knet, which turns a ring of its own.
    CorosyncKnet,
    /// Real corosync over UDP, a datagram to each node.
    CorosyncUdpu,
}

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Udp,
        Self::Multicast,
        Self::Tcp,
        Self::Rc,
        Self::Ud,
        Self::IpoibUd,
        Self::IpoibRc,
        Self::CorosyncKnet,
        Self::CorosyncUdpu,
    ];

    /// Those that our ring goes over.
    pub const OURS: [Self; 7] =
        [Self::Udp, Self::Multicast, Self::Tcp, Self::Rc, Self::Ud, Self::IpoibUd, Self::IpoibRc];

    /// As on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Multicast => "multicast",
            Self::Tcp => "tcp",
            Self::Rc => "rc",
            Self::Ud => "ud",
            Self::IpoibUd => "ipoib-ud",
            Self::IpoibRc => "ipoib-rc",
            Self::CorosyncKnet => "corosync-knet",
            Self::CorosyncUdpu => "corosync-udpu",
        }
    }

    /// Whether it needs an RDMA device.
    #[must_use]
    pub fn is_rdma(self) -> bool {
        matches!(self, Self::Rc | Self::Ud | Self::IpoibUd | Self::IpoibRc)
    }

    /// Whether it is a ring of corosync's own: nothing goes between two nodes alone, and each needs namespaces of its own.
    #[must_use]
    pub fn is_corosync(self) -> bool {
        matches!(self, Self::CorosyncKnet | Self::CorosyncUdpu)
    }

    /// The shortest token timeout that it takes.
    #[must_use]
    pub fn least_token(self) -> Duration {
        // A token is sent again after a 4.2th of the timeout, and that is 30 ms or more (totemconfig.c, MINIMUM_TIMEOUT).
        Duration::from_millis(if self.is_corosync() { 127 } else { 1 })
    }

    /// Whether it stands in for another one, on whatever device: its figures are to be labelled so. (A device may be emulated
    /// besides: [`Device::is_emulated`](crate::device::Device::is_emulated).)
    #[must_use]
    pub fn is_emulated(self) -> bool {
        matches!(self, Self::IpoibUd | Self::IpoibRc)
    }

    /// What it is, for people.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Udp => "UDP, a datagram to each node",
            Self::Multicast => "UDP, multicast to all nodes",
            Self::Tcp => "TCP, a connection between each two nodes",
            Self::Rc => "verbs, a reliable connection between each two nodes",
            Self::Ud => "verbs, unreliable datagrams",
            Self::IpoibUd => "UDP over emulated IPoIB (user space), datagram mode",
            Self::IpoibRc => "UDP over emulated IPoIB (user space), connected mode",
            Self::CorosyncKnet => "corosync's own ring over knet, by CPG",
            Self::CorosyncUdpu => "corosync's own ring over UDP unicast, by CPG",
        }
    }

    /// Opens this node's end.
    ///
    /// # Errors
    /// There is no device for it, or the system refused.
    pub fn open(self, place: &Place) -> Result<Box<dyn Unlinked>, Error> {
        match self {
            Self::Udp => udp::open(place),
            Self::Multicast => multicast::open(place),
            Self::Tcp => tcp::open(place),
            #[cfg(feature = "verbs")]
            Self::Rc => verbs::open(verbs::Service::Connected, place),
            #[cfg(feature = "verbs")]
            Self::Ud => verbs::open(verbs::Service::Datagram, place),
            #[cfg(feature = "verbs")]
            Self::IpoibUd => ipoib::udp::open(ipoib::stand_in::Carrier::Datagram, place),
            #[cfg(feature = "verbs")]
            Self::IpoibRc => ipoib::udp::open(ipoib::stand_in::Carrier::Connected, place),
            #[cfg(not(feature = "verbs"))]
            Self::Rc | Self::Ud | Self::IpoibUd | Self::IpoibRc => {
                Err(Error::NoDevice("this fencelab was built without the feature `verbs`".to_owned()))
            }
            Self::CorosyncKnet | Self::CorosyncUdpu => {
                Err(Error::Unfit(format!("{self} is a ring of its own: it carries nothing else")))
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::Unfit(format!("no transport is called `{name}`; there are {names}"))
        })
    }
}
