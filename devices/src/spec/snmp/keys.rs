//! Users with their keys: a passphrase is stretched over a megabyte (RFC 3414 §A.2), which ten thousand devices do once.

use std::sync::{Mutex, PoisonError};

use fencelab_wire::Secret;
use fencelab_wire::snmp::usm;

use super::User;
use crate::device::Credentials;

/// The users of a face, by the credentials of the run.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<Vec<(Credentials, Vec<usm::User>)>>);

impl Keys {
    /// The users under these credentials; a copy shares the keys.
    pub(crate) fn users(&self, users: &[User], credentials: &Credentials) -> Vec<usm::User> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, users)) = kept.iter().find(|(known, _)| known == credentials) {
            return users.clone();
        }
        let secret = || Secret::from(credentials.password.as_str());
        let made: Vec<usm::User> = users
            .iter()
            .map(|user| {
                let name = if user.name == "lab" { &credentials.user } else { &user.name };
                usm::User::new(
                    name.as_str(),
                    user.auth.map(|protocol| (protocol, secret())),
                    user.privacy.map(|protocol| (protocol, secret())),
                )
            })
            .collect();
        // A run has one set of credentials; a test may have a few.
        if kept.len() < 16 {
            kept.push((credentials.clone(), made.clone()));
        }
        made
    }
}
