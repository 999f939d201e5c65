//! Open Session Request and Response (IPMI 2.0 §13.17 and §13.18, tables 13-9 and 13-10).

use super::cipher_suite::{Authentication, Confidentiality, Integrity, Suite};

/// Length that an algorithm payload claims when it names an algorithm; 0 leaves the choice to the BMC.
const ALGORITHM_LENGTH: u8 = 8;

/// One eight-byte algorithm payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Algorithm {
    /// 0 authentication, 1 integrity, 2 confidentiality.
    pub kind: u8,
    /// Reserved.
    pub reserved: [u8; 2],
    /// 8, or 0 for "whatever the BMC likes".
    pub length: u8,
    /// The algorithm, in the low six bits.
    pub algorithm: u8,
    /// Reserved.
    pub reserved_after: [u8; 3],
}

impl Algorithm {
    /// A named algorithm.
    #[must_use]
    pub fn new(kind: u8, algorithm: u8) -> Self {
        Self { kind, reserved: [0; 2], length: ALGORITHM_LENGTH, algorithm, reserved_after: [0; 3] }
    }

    /// Whether the choice is left to the BMC.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.length == 0
    }

    fn parse(bytes: [u8; 8]) -> Self {
        let [kind, a, b, length, algorithm, c, d, e] = bytes;
        Self { kind, reserved: [a, b], length, algorithm, reserved_after: [c, d, e] }
    }

    fn emit(self) -> [u8; 8] {
        let ([a, b], [c, d, e]) = (self.reserved, self.reserved_after);
        [self.kind, a, b, self.length, self.algorithm, c, d, e]
    }
}

/// The three algorithm payloads in their order: authentication, integrity, confidentiality.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Algorithms(pub [Algorithm; 3]);

impl From<Suite> for Algorithms {
    fn from(suite: Suite) -> Self {
        Self([
            Algorithm::new(0, suite.authentication.into()),
            Algorithm::new(1, suite.integrity.into()),
            Algorithm::new(2, suite.confidentiality.into()),
        ])
    }
}

impl Algorithms {
    /// The suite they name, whatever is left to the BMC taken as its number says.
    #[must_use]
    pub fn suite(&self) -> Suite {
        let [authentication, integrity, confidentiality] = self.0.map(|a| a.algorithm & 0x3f);
        Suite {
            authentication: Authentication::from(authentication),
            integrity: Integrity::from(integrity),
            confidentiality: Confidentiality::from(confidentiality),
        }
    }

    fn parse(bytes: &[u8; 24]) -> Self {
        let (chunks, _) = bytes.as_chunks::<8>();
        let mut all = [Algorithm::new(0, 0); 3];
        for (to, from) in all.iter_mut().zip(chunks) {
            *to = Algorithm::parse(*from);
        }
        Self(all)
    }

    fn emit_into(&self, out: &mut Vec<u8>) {
        for algorithm in self.0 {
            out.extend_from_slice(&algorithm.emit());
        }
    }
}

/// What the remote console proposes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Ties the response to it.
    pub tag: u8,
    /// The highest level wanted, in the low four bits; 0: the highest that fits the algorithms.
    pub privilege: u8,
    /// Reserved.
    pub reserved: [u8; 2],
    /// The console's session id: what the BMC will address its packets to.
    pub console: u32,
    /// What is proposed.
    pub algorithms: Algorithms,
    /// Bytes beyond the specification's.
    pub rest: Vec<u8>,
}

impl Request {
    /// Reads a payload; `None` if it is cut short.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&[tag, privilege, r1, r2], payload) = payload.split_first_chunk()?;
        let (console, payload) = payload.split_first_chunk()?;
        let (algorithms, rest) = payload.split_first_chunk()?;
        Some(Self {
            tag,
            privilege,
            reserved: [r1, r2],
            console: u32::from_le_bytes(*console),
            algorithms: Algorithms::parse(algorithms),
            rest: rest.to_vec(),
        })
    }

    /// The payload.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let [r1, r2] = self.reserved;
        let mut out = Vec::with_capacity(32 + self.rest.len());
        out.extend_from_slice(&[self.tag, self.privilege, r1, r2]);
        out.extend_from_slice(&self.console.to_le_bytes());
        self.algorithms.emit_into(&mut out);
        out.extend_from_slice(&self.rest);
        out
    }
}

/// What the BMC takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// That of the request.
    pub tag: u8,
    /// See [`super::rmcpplus::status`].
    pub status: u8,
    /// The highest level that the algorithms allow, in the low four bits.
    pub privilege: u8,
    /// Reserved.
    pub reserved: u8,
    /// The console's session id.
    pub console: u32,
    /// The BMC's session id and the algorithms taken; absent if the status is an error.
    pub accepted: Option<(u32, Algorithms)>,
    /// Bytes beyond the specification's.
    pub rest: Vec<u8>,
}

impl Response {
    /// Reads a payload; `None` if it is cut short before the session id. ipmi_sim cuts refusals to two bytes:
    /// they are read as if zero bytes followed, see [`Response::refusal`].
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&[tag, status, privilege, reserved], payload) = payload.split_first_chunk()?;
        let (console, payload) = payload.split_first_chunk()?;
        let accepted = payload.split_first_chunk().and_then(|(bmc, payload)| {
            let (algorithms, rest) = payload.split_first_chunk()?;
            Some(((u32::from_le_bytes(*bmc), Algorithms::parse(algorithms)), rest))
        });
        let (accepted, rest) = match accepted {
            Some((accepted, rest)) => (Some(accepted), rest),
            None => (None, payload),
        };
        let console = u32::from_le_bytes(*console);
        Some(Self { tag, status, privilege, reserved, console, accepted, rest: rest.to_vec() })
    }

    /// Tag and status of a refusal, however short it is; `None` if it is none.
    #[must_use]
    pub fn refusal(payload: &[u8]) -> Option<(u8, u8)> {
        match *payload {
            [tag, status, ..] if status != 0 => Some((tag, status)),
            _ => None,
        }
    }

    /// The payload.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(36 + self.rest.len());
        out.extend_from_slice(&[self.tag, self.status, self.privilege, self.reserved]);
        out.extend_from_slice(&self.console.to_le_bytes());
        if let Some((bmc, algorithms)) = &self.accepted {
            out.extend_from_slice(&bmc.to_le_bytes());
            algorithms.emit_into(&mut out);
        }
        out.extend_from_slice(&self.rest);
        out
    }
}
