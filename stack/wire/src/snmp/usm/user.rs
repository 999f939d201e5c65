//! A user and the user's passphrases.

use super::key::password_to_key;
use super::{AuthProtocol, Level, LocalKeys, PrivProtocol};
use crate::Secret;
use std::sync::{Arc, OnceLock};

/// A user of the user-based security model. Clones are one user: the slow step from passphrase to key is taken once for
/// all of them, when it is first needed.
#[derive(Clone, Debug)]
pub struct User(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    auth: Option<(AuthProtocol, Secret)>,
    privacy: Option<(PrivProtocol, Secret)>,
    auth_ku: OnceLock<Secret>,
    privacy_ku: OnceLock<Secret>,
}

impl User {
    /// A user with these protocols and passphrases. Without authentication there is no privacy, since it takes its keys
    /// from the authentication protocol's hash: then `privacy` is ignored. RFC 3414 §11.2 wants passphrases of 8
    /// characters at least; shorter ones are taken here, but net-snmp refuses them.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        auth: Option<(AuthProtocol, Secret)>,
        privacy: Option<(PrivProtocol, Secret)>,
    ) -> Self {
        let privacy = privacy.filter(|_| auth.is_some());
        let (auth_ku, privacy_ku) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Inner { name: name.into(), auth, privacy, auth_ku, privacy_ku }))
    }

    /// msgUserName.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The authentication protocol.
    #[must_use]
    pub fn auth(&self) -> Option<AuthProtocol> {
        self.0.auth.as_ref().map(|(protocol, _)| *protocol)
    }

    /// The privacy protocol.
    #[must_use]
    pub fn privacy(&self) -> Option<PrivProtocol> {
        self.0.privacy.as_ref().map(|(protocol, _)| *protocol)
    }

    /// The highest level the user can speak at.
    #[must_use]
    pub fn level(&self) -> Level {
        match (self.auth(), self.privacy()) {
            (None, _) => Level::NoAuthNoPriv,
            (Some(_), None) => Level::AuthNoPriv,
            (Some(_), Some(_)) => Level::AuthPriv,
        }
    }

    /// The passphrases, to be kept out of what is written down.
    pub fn passphrases(&self) -> impl Iterator<Item = &Secret> {
        let auth = self.0.auth.iter().map(|(_, secret)| secret);
        auth.chain(self.0.privacy.iter().map(|(_, secret)| secret))
    }

    /// The keys for one engine. The first call for a user takes milliseconds.
    #[must_use]
    pub fn localize(&self, engine_id: &[u8]) -> LocalKeys {
        LocalKeys::new(self, engine_id)
    }

    pub(super) fn auth_key(&self) -> Option<(AuthProtocol, &Secret)> {
        let (protocol, passphrase) = self.0.auth.as_ref()?;
        Some((*protocol, self.0.auth_ku.get_or_init(|| password_to_key(*protocol, passphrase.expose()))))
    }

    pub(super) fn privacy_key(&self) -> Option<(AuthProtocol, PrivProtocol, &Secret)> {
        let (auth, auth_passphrase) = self.0.auth.as_ref()?;
        let (protocol, passphrase) = self.0.privacy.as_ref()?;
        let ku = if passphrase == auth_passphrase {
            self.auth_key()?.1
        } else {
            self.0.privacy_ku.get_or_init(|| password_to_key(*auth, passphrase.expose()))
        };
        Some((*auth, *protocol, ku))
    }
}
