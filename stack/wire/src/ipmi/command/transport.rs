//! Transport commands (IPMI 2.0, §23; network function 0Ch): the parameters of LAN channels.

use std::fmt;

use crate::hex::hex;
use crate::ipmi::layout::layout;

layout! {
    /// Set LAN Configuration Parameters, request (§23.1).
    pub struct SetLanParameter {
        /// Bits 3:0: the channel; Eh is the one that the request came on.
        pub channel: u8,
        /// Which parameter (table 23-4).
        pub parameter: u8,
        /// Its new value as it stands.
        pub value: Vec<u8>,
    }
}

layout! {
    /// Get LAN Configuration Parameters, request (§23.2).
    pub struct GetLanParameter {
        /// Bit 7: only the revision is asked for; bits 3:0: the channel.
        pub channel: u8,
        /// Which parameter (table 23-4).
        pub parameter: u8,
        /// Which set of it; 0 if it has none.
        pub set: u8,
        /// Which block of the set; 0 if it has none.
        pub block: u8,
    }
}

layout! {
    /// Get LAN Configuration Parameters, answer (§23.2).
    pub struct LanParameter {
        /// 11h: the present revision, and the oldest it is compatible with.
        pub revision: u8,
        /// Its value as it stands.
        pub value: Vec<u8>,
    }
}

/// The name of a LAN parameter (table 23-4).
fn parameter_name(parameter: u8) -> String {
    match parameter {
        0 => "set in progress",
        1 => "authentication type support",
        2 => "authentication type enables",
        3 => "IP address",
        4 => "IP address source",
        5 => "MAC address",
        6 => "subnet mask",
        7 => "IPv4 header parameters",
        12 => "default gateway address",
        13 => "default gateway MAC address",
        16 => "community string",
        20 => "802.1q VLAN id",
        22 => "cipher suite entry count",
        23 => "cipher suite entries",
        24 => "cipher suite privilege levels",
        other => return format!("parameter {other}"),
    }
    .to_owned()
}

impl fmt::Display for SetLanParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = parameter_name(self.parameter);
        match self.parameter {
            // The community string is a secret (a transcript redacts it; a printout must not undo that).
            16 => write!(f, "channel {}, {name}", self.channel & 0x0f),
            _ => write!(f, "channel {}, {name} = {}", self.channel & 0x0f, hex(&self.value)),
        }
    }
}

impl fmt::Display for GetLanParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channel {}, {}", self.channel & 0x0f, parameter_name(self.parameter))
    }
}

impl fmt::Display for LanParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.value))
    }
}
