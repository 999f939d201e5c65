//! Devices whose outlets stand in tables: everything but Lindy's.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_wire::snmp::{Oid, Value};

use super::{
    dialect::{Codes, Dialect, Dialects},
    identify::{Found, identify},
    index::{Column, Place},
    listing,
    names::{text, the_only_one},
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
    /// The plugs whose state was seen to be one that the dialect documents.
    sane: BTreeSet<String>,
}

impl Device {
    pub(crate) fn new(settings: Settings, dialects: Dialects) -> Self {
        Self {
            settings,
            dialects,
            session: None,
            found: None,
            places: BTreeMap::new(),
            sane: BTreeSet::new(),
        }
    }

    fn session(&mut self, context: &mut Context<'_>) -> Result<&mut Session, Failure> {
        Session::of(&mut self.session, context, &self.settings)
    }

    /// The dialect, which the device is asked for at most once.
    fn found(&mut self, context: &mut Context<'_>) -> Result<Found, Failure> {
        if let Some(found) = self.found {
            return Ok(found);
        }
        let dialects = self.dialects;
        let session = self.session(context)?;
        let found = identify(context, session, dialects)?;
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
        let written = dialect.notation.parse(plug, self.settings.switch);
        let written = written.map_err(|why| Failure::lasting(Step::Options, why))?;
        let place = match (written, dialect.names) {
            (Some(place), _) => place,
            (None, Some(names)) => {
                let found = self.session(context)?.walk(context, &names.oid())?;
                let places = found
                    .iter()
                    .filter(|binding| text(&binding.value).as_deref() == Some(plug))
                    .filter_map(|binding| names.place(&binding.object));
                the_only_one(plug, places.collect(), dialect.notation)?
            }
            (None, None) => {
                let hint = dialect.notation.hint();
                let seen = format!("plug {plug}: a plug of this device is {hint}");
                return Err(Failure::lasting(Step::Options, seen));
            }
        };
        self.places.insert(plug.to_owned(), place.clone());
        Ok(place)
    }

    /// The object of a plug.
    fn object(&mut self, context: &mut Context<'_>, plug: &str, column: &Column) -> Result<Oid, Failure> {
        let place = self.place(context, plug)?;
        let object = column.object(&place);
        object
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
        if self.session(context)?.first(context, &column.oid())?.is_none() {
            let name = found.dialect.name;
            let why = format!("{seen}: the device has no {} at all, so it is no {name}", column.name);
            return Ok(Failure::lasting(Step::Command, why));
        }
        let kind = if found.known { FailureKind::Absent } else { FailureKind::Lasting };
        Ok(Failure { step: Step::Command, seen: format!("{seen}: the device has no such plug"), kind })
    }

    /// Whether a plug that was switched off is really so, as far as the device tells that apart.
    fn confirm(
        &mut self,
        context: &mut Context<'_>,
        plug: &str,
        dialect: &Dialect,
    ) -> Result<PowerState, Failure> {
        let Some(confirmation) = dialect.confirmation else { return Ok(PowerState::Off) };
        let object = self.object(context, plug, &confirmation.column)?;
        Ok(match self.session(context)?.get(context, &object)? {
            Reading::Value(value) => confirmation.judge(Some(&value)),
            Reading::Missing(_) => confirmation.judge(None),
            Reading::Odd(why) => PowerState::Unknown(why),
        })
    }

    /// Whether the object that is about to be written holds what the dialect documents. Where state and order are one object,
    /// a wrong object would be read back as it was written, and so would prove everything.
    fn sane(&mut self, context: &mut Context<'_>, plug: &str, dialect: &Dialect) -> Result<(), Failure> {
        let Some(range) = dialect.range else { return Ok(()) };
        if self.sane.contains(plug) {
            return Ok(());
        }
        let column = dialect.control.column;
        let object = self.object(context, plug, &column)?;
        match self.session(context)?.get(context, &object)? {
            Reading::Value(value) if range.holds(&value) => {
                self.sane.insert(plug.to_owned());
                Ok(())
            }
            Reading::Value(value) => {
                let seen = dialect.status.read(&value);
                let why = if let PowerState::Unknown(why) = seen { why } else { object.to_string() };
                Err(Failure::lasting(
                    Step::Command,
                    format!("{why}; with this firmware the object is something else, so nothing is written"),
                ))
            }
            Reading::Missing(what) => Err(Failure::lasting(Step::Command, format!("{object}: {what}"))),
            Reading::Odd(why) => Err(Failure::passing(Step::Command, why)),
        }
    }
}

impl Fence for Device {
    fn power(&mut self, context: &mut Context<'_>, plug: &str) -> Result<PowerState, Failure> {
        let found = self.found(context)?;
        let Found { dialect, .. } = found;
        let codes = &dialect.status;
        let object = self.object(context, plug, &codes.column)?;
        let name = codes.column.name;
        match self.session(context)?.get(context, &object)? {
            Reading::Value(Value::Integer(code)) if dialect.absent.map(i64::from) == Some(code) => {
                let seen = format!("plug {plug}: the device has no such plug ({name} {object} is {code})");
                Err(Failure { step: Step::Command, seen, kind: FailureKind::Absent })
            }
            Reading::Value(value) => {
                if dialect.range.is_some_and(|range| range.holds(&value)) {
                    self.sane.insert(plug.to_owned());
                }
                match codes.read(&value) {
                    PowerState::Off => self.confirm(context, plug, dialect),
                    state => Ok(state),
                }
            }
            Reading::Odd(why) => Ok(PowerState::Unknown(why)),
            Reading::Missing(what) => {
                let seen = format!("plug {plug} ({name} {object}): {what}");
                Err(self.missing(context, found, codes, &seen)?)
            }
        }
    }

    fn set(&mut self, context: &mut Context<'_>, plug: &str, wanted: Wanted) -> Result<(), Failure> {
        let Found { dialect, .. } = self.found(context)?;
        self.sane(context, plug, dialect)?;
        let object = self.object(context, plug, &dialect.control.column)?;
        self.session(context)?.set(context, &object, dialect.control.order(wanted))
    }

    fn cycle(&mut self, _: &mut Context<'_>, _: &str) -> Result<(), Failure> {
        Err(no_such_order())
    }

    fn diag(&mut self, _: &mut Context<'_>, _: &str) -> Result<(), Failure> {
        Err(no_such_order())
    }

    fn list(&mut self, context: &mut Context<'_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let Found { dialect, .. } = self.found(context)?;
        let session = self.session(context)?;
        let outlets = listing::outlets(context, session, dialect)?;
        if outlets.is_empty() {
            let seen = format!("the device has no outlets to list, so it is no {}", dialect.name);
            return Err(Failure::lasting(Step::Parse, seen));
        }
        Ok(Some(outlets))
    }

    fn close(&mut self, _: &mut Context<'_>) {}
}

/// An order that no device of these has.
pub(crate) fn no_such_order() -> Failure {
    Failure::lasting(Step::Command, "there is no such order to this device")
}
