//! Devices whose outlets stand in tables: everything but Lindy's.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_wire::snmp::{Binding, Oid, Value};

use super::{
    dialect::{Codes, Dialect, Dialects, Listing, SYS_OBJECT_ID, is_known, type_name},
    index::{Column, Place},
    interfaces,
    session::{Reading, Session},
    settings::Settings,
};
use crate::{
    context::Context,
    failure::{Failure, FailureKind, Step},
    fence::{Fence, Outlet, PowerState, Wanted},
};

/// A device.
pub(crate) struct Device {
    settings: Settings,
    dialects: Dialects,
    session: Option<Session>,
    found: Option<Found>,
    /// The plugs that were looked up.
    places: BTreeMap<String, Place>,
}

/// The dialect of the device.
#[derive(Clone, Copy)]
struct Found {
    dialect: &'static Dialect,
    /// Whether the device is known to speak it, or that is only tried.
    known: bool,
}

impl Device {
    pub(crate) fn new(settings: Settings, dialects: Dialects) -> Self {
        Self { settings, dialects, session: None, found: None, places: BTreeMap::new() }
    }

    fn session(&mut self, context: &mut Context<'_>) -> Result<&mut Session, Failure> {
        open(&mut self.session, context, &self.settings)
    }

    /// The dialect, which the device is asked for at most once.
    fn found(&mut self, context: &mut Context<'_>) -> Result<Found, Failure> {
        if let Some(found) = self.found {
            return Ok(found);
        }
        let found = match self.dialects {
            Dialects::One(dialect) => Found { dialect, known: true },
            Dialects::Identified { known, otherwise } => {
                let session = self.session(context)?;
                let identity = identity(context, session)?;
                let is = |dialect: &&Dialect| {
                    identity.as_ref().is_some_and(|identity| is_known(dialect.identities, identity))
                };
                let named = known.iter().find(is);
                let what = identity.as_ref().map_or_else(
                    || "the device does not tell what it is (it has no sysObjectID)".to_owned(),
                    |identity| format!("the device says that it is {identity}"),
                );
                match (named, otherwise) {
                    (Some(dialect), _) => Found { dialect, known: true },
                    (None, Some(dialect)) => {
                        context.warn(&format!(
                            "{what}, which this agent does not know; it is tried as {}",
                            dialect.name
                        ));
                        Found { dialect, known: false }
                    }
                    (None, None) => {
                        let names: Vec<&str> = known.iter().map(|dialect| dialect.name).collect();
                        return Err(unknown_device(&what, &names));
                    }
                }
            }
        };
        context.info(&format!("dialect: {}", found.dialect.name));
        self.found = Some(found);
        Ok(found)
    }

    /// The numbers of a plug: it is written so, or it is the name of exactly one.
    fn place(&mut self, context: &mut Context<'_>, plug: &str) -> Result<Place, Failure> {
        let Found { dialect, .. } = self.found(context)?;
        if let Some(place) = self.places.get(plug) {
            return Ok(place.clone());
        }
        let written = dialect
            .notation
            .parse(plug, self.settings.switch)
            .map_err(|why| Failure::lasting(Step::Options, why))?;
        let place = match (written, dialect.names) {
            (Some(place), _) => place,
            (None, Some(names)) => {
                let found = self.session(context)?.walk(context, &names.oid())?;
                let places = found
                    .iter()
                    .filter(|binding| text(&binding.value).as_deref() == Some(plug))
                    .filter_map(|binding| names.place(&binding.object));
                the_only_one(plug, places.collect(), |place| dialect.notation.show(place))?
            }
            (None, None) => {
                let hint = dialect.notation.hint();
                return Err(Failure::lasting(
                    Step::Options,
                    format!("plug {plug}: a plug of this device is {hint}"),
                ));
            }
        };
        self.places.insert(plug.to_owned(), place.clone());
        Ok(place)
    }

    /// The object of a plug.
    fn object(&mut self, context: &mut Context<'_>, plug: &str, column: &Column) -> Result<Oid, Failure> {
        let place = self.place(context, plug)?;
        column
            .object(&place)
            .ok_or_else(|| Failure::lasting(Step::Options, format!("plug {plug}: no device has such a plug")))
    }

    /// Why the object of a plug is not there. Only a device that has the table, and is known to speak of plugs in
    /// it, can say that it does not have the plug.
    fn missing(
        &mut self,
        context: &mut Context<'_>,
        found: Found,
        codes: &Codes,
        seen: &str,
    ) -> Result<Failure, Failure> {
        let column = &codes.column;
        if !self.session(context)?.has_any(context, &column.oid())? {
            let why = format!(
                "{seen}: the device has no {} at all, so it is no {}",
                column.name, found.dialect.name
            );
            return Ok(Failure::lasting(Step::Command, why));
        }
        let kind = if found.known { FailureKind::Absent } else { FailureKind::Lasting };
        Ok(Failure { step: Step::Command, seen: format!("{seen}: the device has no such plug"), kind })
    }

    /// The states of all plugs. A table that cannot be read leaves them unknown: the list is still one.
    fn states(
        &mut self,
        context: &mut Context<'_>,
        codes: &Codes,
    ) -> Result<BTreeMap<Place, Binding>, Failure> {
        let walked = self.session(context)?.walk(context, &codes.column.oid())?;
        Ok(by_place(&codes.column, walked))
    }

    /// Plugs by number, with names where the device keeps some.
    fn numbered(&mut self, context: &mut Context<'_>, dialect: &Dialect) -> Result<Vec<Outlet>, Failure> {
        let names = match dialect.names {
            Some(column) => {
                let walked = self.session(context)?.walk(context, &column.oid())?;
                by_place(&column, walked)
            }
            None => BTreeMap::new(),
        };
        let states = self.states(context, &dialect.status)?;
        let places: BTreeSet<&Place> = names.keys().chain(states.keys()).collect();
        let mut outlets = Vec::new();
        for place in places {
            let plug = dialect.notation.show(place);
            let status = states.get(place).map(|binding| &binding.value);
            let alias = match dialect.listing {
                Listing::Numbered { absent: Some(absent) }
                    if status == Some(&Value::Integer(i64::from(absent))) =>
                {
                    continue;
                }
                Listing::Numbered { .. } => plug.clone(),
                _ => names.get(place).and_then(|binding| text(&binding.value)).unwrap_or_default(),
            };
            outlets.push(Outlet { plug, alias, state: state(&dialect.status, status) });
        }
        Ok(outlets)
    }

    /// Interfaces by description.
    fn interfaces(&mut self, context: &mut Context<'_>, dialect: &Dialect) -> Result<Vec<Outlet>, Failure> {
        let session = self.session(context)?;
        let interfaces = interfaces::walk(context, session)?;
        let states = self.states(context, &dialect.status)?;
        let outlets = interfaces.iter().filter_map(|interface| {
            let (plug, place) = match dialect.listing {
                Listing::Ports => {
                    let place = dialect.notation.parse(&interface.description, None).ok().flatten()?;
                    (interface.description.clone(), place)
                }
                _ => (interfaces::plug(interface, &interfaces), vec![interface.index]),
            };
            let status = states.get(&place).map(|binding| &binding.value);
            Some(Outlet { plug, alias: interface.alias.clone(), state: state(&dialect.status, status) })
        });
        Ok(outlets.collect())
    }
}

impl Fence for Device {
    fn power(&mut self, context: &mut Context<'_>, plug: &str) -> Result<PowerState, Failure> {
        let found = self.found(context)?;
        let codes = &found.dialect.status;
        let object = self.object(context, plug, &codes.column)?;
        match self.session(context)?.get(context, &object)? {
            Reading::Value(value) => Ok(codes.read(&value)),
            Reading::Odd(why) => Ok(PowerState::Unknown(why)),
            Reading::Missing(what) => {
                let seen = format!("plug {plug} ({} {object}): {what}", codes.column.name);
                Err(self.missing(context, found, codes, &seen)?)
            }
        }
    }

    fn set(&mut self, context: &mut Context<'_>, plug: &str, wanted: Wanted) -> Result<(), Failure> {
        let Found { dialect, .. } = self.found(context)?;
        let object = self.object(context, plug, &dialect.control.column)?;
        self.session(context)?.set(context, &object, dialect.control.order(wanted))
    }

    fn cycle(&mut self, _: &mut Context<'_>, _: &str) -> Result<(), Failure> {
        Err(no_such_order())
    }

    fn diag(&mut self, _: &mut Context<'_>, _: &str) -> Result<(), Failure> {
        Err(no_such_order())
    }

    fn list(&mut self, context: &mut Context<'_>) -> Result<Option<Vec<Outlet>>, Failure> {
        let Found { dialect, .. } = self.found(context)?;
        let outlets = match dialect.listing {
            Listing::Named | Listing::Numbered { .. } => self.numbered(context, dialect)?,
            Listing::Interfaces | Listing::Ports => self.interfaces(context, dialect)?,
        };
        if outlets.is_empty() {
            let seen = format!("the device has no outlets to list, so it is no {}", dialect.name);
            return Err(Failure::lasting(Step::Parse, seen));
        }
        Ok(Some(outlets))
    }

    fn close(&mut self, _: &mut Context<'_>) {}
}

/// The session, opened at the first need.
pub(crate) fn open<'s>(
    session: &'s mut Option<Session>,
    context: &mut Context<'_>,
    settings: &Settings,
) -> Result<&'s mut Session, Failure> {
    Ok(match session {
        Some(session) => session,
        None => session.insert(Session::open(context, settings)?),
    })
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

/// A device that this agent must not touch.
pub(crate) fn unknown_device(what: &str, names: &[&str]) -> Failure {
    Failure::lasting(Step::Parse, format!("{what}; this agent knows {}", names.join(", ")))
}

/// An order that no device of these has.
pub(crate) fn no_such_order() -> Failure {
    Failure::lasting(Step::Command, "there is no such order to this device")
}

/// The one place that has a name.
pub(crate) fn the_only_one(
    plug: &str,
    places: Vec<Place>,
    show: impl Fn(&[u32]) -> String,
) -> Result<Place, Failure> {
    match places.as_slice() {
        [place] => Ok(place.clone()),
        [] => Err(Failure::lasting(Step::Command, format!("no plug of the device is called {plug}"))),
        several => {
            let several: Vec<String> = several.iter().map(|place| show(place)).collect();
            let seen = format!(
                "{plug} is the name of {} plugs ({}); give the number",
                several.len(),
                several.join(", ")
            );
            Err(Failure::lasting(Step::Command, seen))
        }
    }
}

/// A name as people write it: without the padding of some devices.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::OctetString(bytes) => Some(
            String::from_utf8_lossy(bytes).trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned(),
        ),
        _ => None,
    }
}

fn by_place(column: &Column, walked: Vec<Binding>) -> BTreeMap<Place, Binding> {
    walked.into_iter().filter_map(|binding| Some((column.place(&binding.object)?, binding))).collect()
}

fn state(codes: &Codes, value: Option<&Value>) -> PowerState {
    value.map_or_else(
        || PowerState::Unknown(format!("the device does not tell its {}", codes.column.name)),
        |value| codes.read(value),
    )
}
