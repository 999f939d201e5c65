//! Who may ask: versions, communities, users, the engine.

use fencelab_wire::snmp::Version;
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, UnknownName};
use toml::Spanned;

use super::subtrees;
use crate::error::Error;
use crate::spec::load::Place;
use crate::spec::lower::{bytes, not_empty, word};
use crate::spec::raw::{Text, snmp as raw};
use crate::spec::snmp::{Access, Community, User};

/// A name that the wire knows.
fn named<T>(text: &Text, place: &Place<'_>) -> Result<T, Error>
where
    T: std::str::FromStr<Err = UnknownName>,
{
    text.get_ref().parse().map_err(|error| place.error(text, format!("{error}"), None))
}

pub(super) fn versions(raw: Option<&[Text]>, place: &Place<'_>) -> Result<Vec<Version>, Error> {
    let words = [("1", Version::V1), ("2c", Version::V2c), ("3", Version::V3)];
    match raw {
        None => Ok(words.map(|(_, version)| version).to_vec()),
        Some(texts) => texts.iter().map(|text| word(text, &words, place)).collect(),
    }
}

pub(super) fn communities(
    raw: Option<&[raw::Community]>,
    place: &Place<'_>,
) -> Result<Vec<Community>, Error> {
    let Some(raw) = raw else {
        let access = Access { write: true, ..Access::default() };
        return Ok(vec![Community { name: "lab".to_owned(), access }]);
    };
    let mut communities: Vec<Community> = Vec::new();
    for community in raw {
        let name = not_empty(&community.name, place)?;
        if communities.iter().any(|other| other.name == name) {
            return Err(place.error(&community.name, format!("the community `{name}` is there twice"), None));
        }
        // What a stranger may do without the lab's password: by default only read.
        let write = access(community.access.as_ref(), name == "lab", place)?;
        let access = view(write, community.view.as_deref(), &community.hides, place)?;
        communities.push(Community { name, access });
    }
    Ok(communities)
}

pub(super) fn users(raw: Option<&[raw::User]>, place: &Place<'_>) -> Result<Vec<User>, Error> {
    let Some(raw) = raw else {
        return Ok(vec![User {
            name: "lab".to_owned(),
            auth: Some(AuthProtocol::Sha1),
            privacy: Some(PrivProtocol::Aes128),
            level: Level::NoAuthNoPriv,
            access: Access { write: true, ..Access::default() },
        }]);
    };
    let mut users: Vec<User> = Vec::new();
    for user in raw {
        let name = not_empty(&user.name, place)?;
        if name.len() > 32 {
            return Err(place.error(&user.name, "a user name of SNMPv3 has at most 32 bytes", None));
        }
        if users.iter().any(|other| other.name == name) {
            return Err(place.error(&user.name, format!("the user `{name}` is there twice"), None));
        }
        let auth: Option<AuthProtocol> = user.auth.as_ref().map(|text| named(text, place)).transpose()?;
        let privacy: Option<PrivProtocol> =
            user.privacy.as_ref().map(|text| named(text, place)).transpose()?;
        if let (Some(text), None) = (&user.privacy, auth) {
            let mend = "name an `auth` protocol, too".to_owned();
            return Err(place.error(text, "privacy without authentication", Some(mend)));
        }
        let most = match (auth, privacy) {
            (None, _) => Level::NoAuthNoPriv,
            (Some(_), None) => Level::AuthNoPriv,
            (Some(_), Some(_)) => Level::AuthPriv,
        };
        let level: Level = user.level.as_ref().map_or(Ok(Level::NoAuthNoPriv), |text| named(text, place))?;
        if let (Some(text), true) = (&user.level, level > most) {
            let mend = "give the user `auth` and `privacy` for it".to_owned();
            return Err(place.error(text, "a level that the user cannot have", Some(mend)));
        }
        let write = access(user.access.as_ref(), true, place)?;
        let access = view(write, user.view.as_deref(), &user.hides, place)?;
        users.push(User { name, auth, privacy, level, access });
    }
    Ok(users)
}

fn access(text: Option<&Text>, default: bool, place: &Place<'_>) -> Result<bool, Error> {
    text.map_or(Ok(default), |text| word(text, &[("read", false), ("write", true)], place))
}

fn view(write: bool, view: Option<&[Text]>, hides: &[Text], place: &Place<'_>) -> Result<Access, Error> {
    Ok(Access {
        write,
        view: view.map_or(Ok(Vec::new()), |view| subtrees(view, place))?,
        hides: subtrees(hides, place)?,
    })
}

pub(super) fn engine_id(text: &Text, place: &Place<'_>) -> Result<Vec<u8>, Error> {
    let id = bytes(text, place)?;
    if (5..=32).contains(&id.len()) {
        return Ok(id);
    }
    Err(place.error(text, format!("an engine id has 5 to 32 bytes, this one {}", id.len()), None))
}

/// RFC 3412 §6.3: at least 484 bytes.
pub(super) fn max_size(raw: Option<&Spanned<u32>>, place: &Place<'_>) -> Result<usize, Error> {
    match raw {
        None => Ok(1472),
        Some(size) if (484..=65_507).contains(size.get_ref()) => {
            Ok(usize::try_from(*size.get_ref()).unwrap_or(1472))
        }
        Some(size) => Err(place.error(size, "a message has 484 to 65507 bytes", None)),
    }
}
