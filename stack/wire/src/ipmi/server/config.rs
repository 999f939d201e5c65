//! What a BMC allows.

use crate::ipmi::{AuthType, Privilege, Secret};
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
    /// Cipher suite ids of RMCP+ sessions, in the order in which they are listed to clients.
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
    /// Whether Get Channel Cipher Suites is answered; ipmi_sim stays silent, which costs ipmitool 14 s.
    pub answers_cipher_suites: bool,
    /// Whether the presence ping is answered.
    pub answers_ping: bool,
    /// Whether each message of an IPMI v1.5 session carries an authentication code, not only those that open
    /// it (IPMI 2.0 §6.11.4).
    pub per_message_auth: bool,
    /// Whether, as older BMCs do, Open Session refuses a privilege request of 0 ("the highest that fits").
    pub refuses_highest_privilege: bool,
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
            answers_cipher_suites: true,
            answers_ping: true,
            per_message_auth: true,
            refuses_highest_privilege: false,
        }
    }
}
