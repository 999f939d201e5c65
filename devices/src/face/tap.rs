//! The listener on a face's wire.

use fencelab_transcript::redact::Redactor;
use fencelab_transcript::scan::Scan;
use fencelab_wire::Secret;
use fencelab_wire::tap::Tap;
use fencelab_wire::{ipmi, snmp};

use super::Face;
use crate::device::Credentials;

/// Who listens on a face's wire.
#[derive(Debug)]
pub(crate) enum Listener {
    /// To datagrams.
    Datagrams(Box<dyn Tap>),
    /// To streams; `telnet`: the bytes of telnet itself are among them.
    Streams {
        /// Whether telnet's own bytes are on the wire.
        telnet: bool,
        /// What is never written down.
        redactor: Redactor,
    },
}

impl Face {
    /// A listener that knows the run's logins.
    pub(crate) fn listener(&self, credentials: &Credentials) -> Listener {
        let telnet = match self {
            Self::Console(console) => Some(console.negotiates()),
            Self::Replay(player) => player.console().map(|player| player.negotiates()),
            Self::Ipmi(_) | Self::Snmp(_) => None,
        };
        match telnet {
            Some(telnet) => {
                let scan = Scan::new().with("password", &credentials.password);
                Listener::Streams { telnet, redactor: Redactor::new(scan) }
            }
            None => Listener::Datagrams(self.tap(credentials)),
        }
    }

    fn tap(&self, credentials: &Credentials) -> Box<dyn Tap> {
        let config = match self {
            Self::Snmp(agent) => Some(agent.config()),
            Self::Replay(player) => player.snmp_config(),
            Self::Ipmi(_) | Self::Console(_) => None,
        };
        if let Some(config) = config {
            let communities = config.communities.iter().cloned().map(snmp::tap::Credential::Community);
            let users = config.users.iter().cloned().map(snmp::tap::Credential::User);
            return Box::new(snmp::tap::Tap::new(communities.chain(users).collect()));
        }
        let password = Secret::from(credentials.password.as_str());
        let kg = credentials.kg.as_deref().map(Secret::from);
        Box::new(ipmi::tap::Tap::new(vec![ipmi::tap::Credential { username: None, password, kg }]))
    }
}
