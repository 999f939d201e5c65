//! RAKP messages 1 to 4 (IPMI 2.0 §13.20 to §13.23, tables 13-11 to 13-14) and the codes in them (§13.31).

use super::cipher_suite::Authentication;
use super::crypto::{self, Digest};
use crate::Secret;

/// RAKP message 1: the console names itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rakp1 {
    /// Ties the answer to it.
    pub tag: u8,
    /// Reserved.
    pub reserved: [u8; 3],
    /// The BMC's session id.
    pub bmc: u32,
    /// R_M.
    pub random: [u8; 16],
    /// Low four bits: the level wanted; bit 4: look the user up by name alone. It enters all codes as it stands.
    pub role: u8,
    /// Reserved.
    pub reserved_after: [u8; 2],
    /// The user's name.
    pub name: Vec<u8>,
    /// Bytes beyond the name's length.
    pub rest: Vec<u8>,
}

/// Bit 4 of the role: look the user up by name alone, not by name and level.
pub const NAME_ONLY: u8 = 0x10;

impl Rakp1 {
    /// Reads a payload; `None` if it is cut short. A name of more than 16 bytes is read as it is.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&[tag, a, b, c], payload) = payload.split_first_chunk()?;
        let (bmc, payload) = payload.split_first_chunk()?;
        let (random, payload) = payload.split_first_chunk()?;
        let (&[role, d, e, length], payload) = payload.split_first_chunk()?;
        let (name, rest) = payload.split_at_checked(length.into())?;
        Some(Self {
            tag,
            reserved: [a, b, c],
            bmc: u32::from_le_bytes(*bmc),
            random: *random,
            role,
            reserved_after: [d, e],
            name: name.to_vec(),
            rest: rest.to_vec(),
        })
    }

    /// The payload; a name of more than 255 bytes is cut.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let ([a, b, c], [d, e]) = (self.reserved, self.reserved_after);
        let mut out = Vec::with_capacity(28 + self.name.len() + self.rest.len());
        out.extend_from_slice(&[self.tag, a, b, c]);
        out.extend_from_slice(&self.bmc.to_le_bytes());
        out.extend_from_slice(&self.random);
        out.extend_from_slice(&[self.role, d, e, self.name_length()]);
        out.extend(self.name.iter().take(usize::from(u8::MAX)));
        out.extend_from_slice(&self.rest);
        out
    }

    fn name_length(&self) -> u8 {
        u8::try_from(self.name.len()).unwrap_or(u8::MAX)
    }
}

/// RAKP message 2 (the BMC's answer to 1): it proves that it knows the password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rakp2 {
    /// That of RAKP 1.
    pub tag: u8,
    /// See [`super::rmcpplus::status`].
    pub status: u8,
    /// Reserved.
    pub reserved: [u8; 2],
    /// The console's session id.
    pub console: u32,
    /// R_C and the BMC's GUID; absent in a refusal.
    pub proof: Option<([u8; 16], [u8; 16])>,
    /// The key exchange authentication code.
    pub code: Vec<u8>,
}

impl Rakp2 {
    /// Reads a payload; `None` if it is cut short before the session id.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&[tag, status, a, b], payload) = payload.split_first_chunk()?;
        let (console, payload) = payload.split_first_chunk()?;
        let proof = payload.split_first_chunk().and_then(|(random, payload)| {
            let (guid, code) = payload.split_first_chunk()?;
            Some(((*random, *guid), code))
        });
        let (proof, code) = match proof {
            Some((proof, code)) => (Some(proof), code),
            None => (None, payload),
        };
        let console = u32::from_le_bytes(*console);
        Some(Self { tag, status, reserved: [a, b], console, proof, code: code.to_vec() })
    }

    /// The payload.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let [a, b] = self.reserved;
        let mut out = Vec::with_capacity(40 + self.code.len());
        out.extend_from_slice(&[self.tag, self.status, a, b]);
        out.extend_from_slice(&self.console.to_le_bytes());
        if let Some((random, guid)) = &self.proof {
            out.extend_from_slice(random);
            out.extend_from_slice(guid);
        }
        out.extend_from_slice(&self.code);
        out
    }
}

/// RAKP messages 3 and 4 share one shape: tag, status, the receiver's session id, a code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rakp34 {
    /// Ties 4 to 3.
    pub tag: u8,
    /// See [`super::rmcpplus::status`].
    pub status: u8,
    /// Reserved.
    pub reserved: [u8; 2],
    /// The receiver's session id: in RAKP 3 the BMC's, in RAKP 4 the console's.
    pub id: u32,
    /// RAKP 3: key exchange authentication code; RAKP 4: integrity check value. Absent in a refusal.
    pub code: Vec<u8>,
}

impl Rakp34 {
    /// Reads a payload; `None` if it is cut short before the session id.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&[tag, status, a, b], payload) = payload.split_first_chunk()?;
        let (id, code) = payload.split_first_chunk()?;
        Some(Self { tag, status, reserved: [a, b], id: u32::from_le_bytes(*id), code: code.to_vec() })
    }

    /// The payload.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let [a, b] = self.reserved;
        let mut out = Vec::with_capacity(8 + self.code.len());
        out.extend_from_slice(&[self.tag, self.status, a, b]);
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.code);
        out
    }
}

/// What both ends know after RAKP 2, and all codes are made of.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// RAKP-none or one of the HMACs.
    pub algorithm: Authentication,
    /// SID_M: the console's session id.
    pub console: u32,
    /// SID_C: the BMC's.
    pub bmc: u32,
    /// R_M.
    pub console_random: [u8; 16],
    /// R_C.
    pub bmc_random: [u8; 16],
    /// GUID_C.
    pub guid: [u8; 16],
    /// Role_M, the whole byte.
    pub role: u8,
    /// UName_M.
    pub name: Vec<u8>,
}

impl Exchange {
    fn name_length(&self) -> [u8; 1] {
        [u8::try_from(self.name.len()).unwrap_or(u8::MAX)]
    }

    /// The code of RAKP 2: HMAC by K_uid over SID_M, SID_C, R_M, R_C, GUID_C, Role_M, ULength_M, UName_M.
    #[must_use]
    pub fn rakp2(&self, password: &Secret) -> Option<Digest> {
        crypto::hmac(
            self.algorithm,
            &password.padded::<20>(),
            &[
                &self.console.to_le_bytes(),
                &self.bmc.to_le_bytes(),
                &self.console_random,
                &self.bmc_random,
                &self.guid,
                &[self.role],
                &self.name_length(),
                &self.name,
            ],
        )
    }

    /// The code of RAKP 3: HMAC by K_uid over R_C, SID_M, Role_M, ULength_M, UName_M.
    #[must_use]
    pub fn rakp3(&self, password: &Secret) -> Option<Digest> {
        crypto::hmac(
            self.algorithm,
            &password.padded::<20>(),
            &[&self.bmc_random, &self.console.to_le_bytes(), &[self.role], &self.name_length(), &self.name],
        )
    }

    /// The session integrity key: HMAC by K_g, or by K_uid where there is none, over R_M, R_C, Role_M,
    /// ULength_M, UName_M.
    #[must_use]
    pub fn sik(&self, password: &Secret, kg: Option<&Secret>) -> Option<Digest> {
        let key = kg.filter(|kg| !kg.is_empty()).unwrap_or(password).padded::<20>();
        crypto::hmac(
            self.algorithm,
            &key,
            &[&self.console_random, &self.bmc_random, &[self.role], &self.name_length(), &self.name],
        )
    }

    /// The integrity check value of RAKP 4: HMAC by the session integrity key over R_M, SID_C, GUID_C, cut.
    #[must_use]
    pub fn rakp4(&self, sik: &[u8]) -> Option<Digest> {
        crypto::check_value(self.algorithm, sik, &[&self.console_random, &self.bmc.to_le_bytes(), &self.guid])
    }
}
