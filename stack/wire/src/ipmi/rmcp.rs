//! The RMCP header: the first four bytes of each datagram (IPMI 2.0 §13.1.3, table 13-3; ASF 2.0 §3.2.2).

/// The only version there is.
pub const VERSION: u8 = 0x06;
/// The sequence number that asks for no RMCP acknowledge; IPMI always uses it.
pub const NO_ACK: u8 = 0xff;
/// Class of ASF messages.
pub const CLASS_ASF: u8 = 0x06;
/// Class of IPMI messages.
pub const CLASS_IPMI: u8 = 0x07;
/// Bytes of the header.
pub const LENGTH: usize = 4;
/// The header of every IPMI datagram.
pub const IPMI: [u8; LENGTH] = [VERSION, 0, NO_ACK, CLASS_IPMI];
/// The header of every ASF datagram that wants no acknowledge.
pub const ASF: [u8; LENGTH] = [VERSION, 0, NO_ACK, CLASS_ASF];

/// The header as it came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rmcp {
    /// 6 in all known uses.
    pub version: u8,
    /// 0.
    pub reserved: u8,
    /// RMCP's own sequence number; [`NO_ACK`] in IPMI.
    pub sequence: u8,
    /// Bit 7: this is an acknowledge; the low five bits: [`CLASS_ASF`], [`CLASS_IPMI`] …
    pub class: u8,
}

impl Rmcp {
    /// Splits the header off; `None` if there are fewer than four bytes.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<(Self, &[u8])> {
        let (&[version, reserved, sequence, class], rest) = datagram.split_first_chunk()?;
        Some((Self { version, reserved, sequence, class }, rest))
    }

    /// The four bytes.
    #[must_use]
    pub fn emit(self) -> [u8; LENGTH] {
        [self.version, self.reserved, self.sequence, self.class]
    }

    /// An RMCP message that is not an acknowledge.
    #[must_use]
    pub fn is_plain(self, class: u8) -> bool {
        self.version == VERSION && self.class == class
    }
}

/// What follows the header of an IPMI datagram; `None` for any other datagram.
#[must_use]
pub fn ipmi(datagram: &[u8]) -> Option<&[u8]> {
    Rmcp::parse(datagram).filter(|(header, _)| header.is_plain(CLASS_IPMI)).map(|(_, rest)| rest)
}
