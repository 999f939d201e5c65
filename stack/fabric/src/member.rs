//! A node's part in a ring: ours, over a transport, or an engine of others, which turns a ring of its own.

#[cfg(feature = "corosync")]
use crate::corosync;
use crate::load::{self, RingEvent, RingLoad, Standing, Wishes};
use crate::transport::{Error, Guarantees, Kind, Limits, NodeId, Place, Transport, Unlinked};

/// Before the others are known.
pub(crate) enum Opened {
    Ours(Box<dyn Unlinked>),
    #[cfg(feature = "corosync")]
    Corosync(corosync::Site),
}

impl Opened {
    /// Opens this node's part.
    ///
    /// # Errors
    /// What it needs is not here, or the system refused.
    pub(crate) fn open(kind: Kind, place: &Place) -> Result<Self, Error> {
        if !kind.is_corosync() {
            return kind.open(place).map(Self::Ours);
        }
        #[cfg(feature = "corosync")]
        return corosync::Site::open(kind, place).map(Self::Corosync);
        #[cfg(not(feature = "corosync"))]
        Err(Error::NoDevice("this fencelab was built without the feature `corosync`".to_owned()))
    }

    /// Where the others find it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Ours(unlinked) => unlinked.address().to_owned(),
            #[cfg(feature = "corosync")]
            Self::Corosync(site) => site.address().to_owned(),
        }
    }

    /// Links it with the others.
    ///
    /// # Errors
    /// An address is none, or a node cannot be reached.
    pub(crate) fn link(self, own: NodeId, addresses: &[String]) -> Result<Member, Error> {
        match self {
            Self::Ours(unlinked) => unlinked.link(own, addresses).map(Member::Ours),
            #[cfg(feature = "corosync")]
            Self::Corosync(site) => site.link(addresses).map(Member::Corosync),
        }
    }
}

/// Once the others are known.
pub(crate) enum Member {
    Ours(Box<dyn Transport>),
    #[cfg(feature = "corosync")]
    Corosync(corosync::Ring),
}

impl Member {
    /// What a message may be, and what becomes of it.
    pub(crate) fn nature(&self) -> (Limits, Guarantees) {
        match self {
            Self::Ours(transport) => (transport.limits(), transport.guarantees()),
            #[cfg(feature = "corosync")]
            Self::Corosync(ring) => ring.nature(),
        }
    }

    /// What carries messages between two nodes.
    ///
    /// # Errors
    /// It is a ring and nothing else.
    #[cfg_attr(not(feature = "corosync"), expect(clippy::unnecessary_wraps, reason = "corosync is none"))]
    pub(crate) fn transport(&mut self) -> Result<&mut dyn Transport, Error> {
        match self {
            Self::Ours(transport) => Ok(transport.as_mut()),
            #[cfg(feature = "corosync")]
            Self::Corosync(_) => {
                Err(Error::Unfit("corosync carries nothing between two nodes alone".to_owned()))
            }
        }
    }

    /// Turns until it is stopped. Answers how the node stood then; an engine of others does not tell.
    ///
    /// # Errors
    /// The transport or the engine failed.
    pub(crate) fn turn(
        &mut self,
        load: &RingLoad,
        wishes: &Wishes,
        tell: &mut dyn FnMut(RingEvent),
    ) -> Result<Option<Standing>, Error> {
        match self {
            Self::Ours(transport) => load::turn(transport.as_mut(), load, wishes, tell).map(Some),
            #[cfg(feature = "corosync")]
            Self::Corosync(ring) => ring.turn(load, wishes, tell).map(|()| None),
        }
    }
}
