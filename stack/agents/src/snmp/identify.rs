//! Which dialect a device speaks.

use fencelab_wire::snmp::{Oid, Value};

use super::{
    dialect::{Dialect, Dialects, SYS_OBJECT_ID, Sign, is_known, type_name},
    names::text,
    session::{Reading, Session},
};
use crate::{
    context::Context,
    failure::{Failure, Step},
};

/// The dialect of a device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) dialect: &'static Dialect,
    /// Whether the device is known to speak it, or that is only tried.
    pub(crate) known: bool,
}

/// Asks the device what it is.
pub(crate) fn identify(
    context: &mut Context<'_>,
    session: &mut Session,
    dialects: Dialects,
) -> Result<Found, Failure> {
    let (known, otherwise) = match dialects {
        Dialects::One(dialect) => return Ok(Found { dialect, known: true }),
        Dialects::Identified { known, otherwise } => (known, otherwise),
    };
    let identity = identity(context, session)?;
    for dialect in known {
        let is = identity.as_ref().is_some_and(|identity| is_known(dialect.identities, identity));
        if is && has(context, session, dialect)? {
            return Ok(Found { dialect, known: true });
        }
    }
    let what = say(identity.as_ref());
    for dialect in otherwise {
        if has(context, session, dialect)? {
            let name = dialect.name;
            context.warn(&format!("{what}, which this agent does not know; it is tried as {name}"));
            return Ok(Found { dialect, known: false });
        }
    }
    let mut names: Vec<&str> = known.iter().map(|dialect| dialect.name).collect();
    names.dedup();
    Err(unknown_device(identity.as_ref(), &names))
}

/// Whether a device shows the sign of a dialect.
fn has(context: &mut Context<'_>, session: &mut Session, dialect: &Dialect) -> Result<bool, Failure> {
    match dialect.sign {
        Sign::Identity => Ok(true),
        Sign::Index => {
            let column = dialect.status.column;
            let first = session.first(context, &column.oid())?;
            Ok(first.is_some_and(|object| column.place(&object).is_some()))
        }
        Sign::Firmware { version, words, column } => {
            let told = match session.get(context, &Oid::from(version))? {
                Reading::Value(value) => text(&value),
                Reading::Missing(_) => None,
                Reading::Odd(why) => return Err(Failure::passing(Step::Parse, why)),
            };
            let named = told.is_some_and(|told| words.iter().any(|word| told.contains(word)));
            Ok(named || session.first(context, &Oid::from(column))?.is_some())
        }
    }
}

/// What the device says that it is; `None` when it says nothing of the kind.
pub(crate) fn identity(context: &mut Context<'_>, session: &mut Session) -> Result<Option<Oid>, Failure> {
    match session.get(context, &Oid::from(SYS_OBJECT_ID))? {
        Reading::Value(Value::ObjectId(identity)) => Ok(Some(identity)),
        Reading::Missing(_) => Ok(None),
        Reading::Value(other) => {
            Err(Failure::passing(Step::Parse, format!("sysObjectID is {}", type_name(&other))))
        }
        Reading::Odd(why) => Err(Failure::passing(Step::Parse, why)),
    }
}

/// A device that an agent must not touch.
pub(crate) fn unknown_device(identity: Option<&Oid>, known: &[&str]) -> Failure {
    Failure::lasting(Step::Parse, format!("{}; this agent knows {}", say(identity), known.join(", ")))
}

fn say(identity: Option<&Oid>) -> String {
    identity.map_or_else(
        || "the device does not tell what it is (it has no sysObjectID)".to_owned(),
        |identity| format!("the device says that it is {identity}"),
    )
}
