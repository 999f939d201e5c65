//! What a BMC allows.

use crate::Secret;
use crate::ipmi::cipher_suite::Suite;
use crate::ipmi::{AuthType, Privilege};
use std::time::Duration;

/// A user of the BMC. User ids are positions in the list, from 1.
#[derive(Clone, Debug)]
pub struct User {
    /// At most 16 bytes; an empty name is the anonymous user (IPMI 2.0 §6.9.1).
    pub name: String,
    /// At most 16 bytes count in IPMI v1.5, 20 in RMCP+.
    pub password: Secret,
    /// The highest level this user may ask for.
    pub privilege: Privilege,
    /// A disabled user is unknown to everybody.
    pub enabled: bool,
}

/// What a BMC allows; shared by all BMCs that are configured alike.
#[derive(Clone, Debug)]
pub struct Config {
    /// The users.
    pub users: Vec<User>,
    /// The BMC's key (two-key logins); `None`: the user's password stands in for it (IPMI 2.0 §13.33).
    pub kg: Option<Secret>,
    /// The system's GUID as RAKP 2 carries it.
    pub guid: [u8; 16],
    /// Whether IPMI v1.5 sessions are taken.
    pub v15: bool,
    /// Whether RMCP+ sessions are taken.
    pub v20: bool,
    /// Authentication types of IPMI v1.5 sessions.
    pub auth_types: Vec<AuthType>,
    /// Cipher suite ids of RMCP+ sessions, in the order in which they are listed to clients; those that cannot
    /// be spoken here (xRC4, unknown ids) are left out.
    pub cipher_suites: Vec<u8>,
    /// The highest level that anybody gets over this channel.
    pub privilege_limit: Privilege,
    /// Active sessions at a time, of both kinds together.
    pub session_limit: usize,
    /// Half-open sessions at a time; one more pushes out the oldest.
    pub half_open_limit: usize,
    /// An active session ends after this long without a valid message (IPMI 2.0 §6.12.15: 60 s).
    pub idle: Duration,
    /// A half-open session ends after this long.
    pub half_open_idle: Duration,
    /// The LAN channel's number, 1 to 11; clients mostly say 0xE, "this one".
    pub channel: u8,
    /// Whether Get Channel Cipher Suites is answered. Some BMCs stay silent, which costs ipmitool 14 s a call
    /// without `-C`.
    pub answers_cipher_suites: bool,
    /// Whether the presence ping is answered.
    pub answers_ping: bool,
    /// Whether each message of an IPMI v1.5 session carries an authentication code, not only those that open
    /// it (IPMI 2.0 §6.11.4).
    pub per_message_auth: bool,
    /// Whether, as older BMCs do, the answer to an Open Session that asks for level 0 ("the highest that fits")
    /// says level 0, too. FreeIPMI takes that for a refusal unless told `opensesspriv`; ipmi_sim does so.
    pub echoes_open_session_privilege: bool,
}

impl Default for Config {
    /// A BMC of both versions without users: suites 3 and 17 and the weaker ones beside them, MD5 and
    /// password, 4 sessions, 60 s.
    fn default() -> Self {
        Self {
            users: Vec::new(),
            kg: None,
            guid: [0; 16],
            v15: true,
            v20: true,
            auth_types: vec![AuthType::Md5, AuthType::Password],
            cipher_suites: vec![1, 2, 3, 6, 7, 8, 15, 16, 17],
            privilege_limit: Privilege::Administrator,
            session_limit: 4,
            half_open_limit: 4,
            idle: Duration::from_secs(60),
            half_open_idle: Duration::from_secs(30),
            channel: 1,
            answers_cipher_suites: true,
            answers_ping: true,
            per_message_auth: true,
            echoes_open_session_privilege: false,
        }
    }
}

impl Config {
    /// The enabled user of this name, with the position in the list.
    pub(crate) fn user(&self, name: &[u8]) -> Option<(usize, &User)> {
        self.users.iter().enumerate().find(|(_, user)| user.enabled && user.name.as_bytes() == name)
    }

    /// The enabled user of this name whose limit is this level, or else reaches it, or else any of this name:
    /// the lookup by name and level, which allows one name to stand for several users (IPMI 2.0 table 13-11).
    pub(crate) fn user_at(&self, name: &[u8], level: Privilege) -> Option<(usize, &User)> {
        let named =
            || self.users.iter().enumerate().filter(|(_, user)| user.enabled && user.name.as_bytes() == name);
        named()
            .find(|(_, user)| user.privilege == level)
            .or_else(|| named().find(|(_, user)| user.privilege >= level))
            .or_else(|| named().next())
    }

    /// The cipher suites that can be spoken, with their ids.
    pub(crate) fn suites(&self) -> impl Iterator<Item = (u8, Suite)> {
        let known = self.cipher_suites.iter().filter_map(|id| Some((*id, Suite::from_id(*id)?)));
        known.filter(|(_, suite)| suite.is_supported())
    }

    /// The bits of the authentication types (IPMI 2.0 §22.13).
    pub(crate) fn auth_bits(&self) -> u8 {
        self.auth_types.iter().fold(0, |bits, auth| bits | auth.capability_bit())
    }
}
