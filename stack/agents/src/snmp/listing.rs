//! All plugs of a device, with their names and states.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_wire::snmp::{Oid, Value};

use super::{
    dialect::{Dialect, Listing},
    index::{Column, Place},
    interfaces,
    names::text,
    session::Session,
};
use crate::{
    context::Context,
    failure::Failure,
    fence::{Outlet, PowerState},
};

/// The plugs, in the order of their numbers.
pub(crate) fn outlets(
    context: &mut Context<'_>,
    session: &mut Session,
    dialect: &Dialect,
) -> Result<Vec<Outlet>, Failure> {
    match dialect.listing {
        Listing::Named | Listing::Numbered => numbered(context, session, dialect),
        Listing::Interfaces | Listing::Ports => by_interface(context, session, dialect),
    }
}

/// Plugs by number. What only one of the tables speaks of is listed too: a table that ends early leaves no plug out.
fn numbered(
    context: &mut Context<'_>,
    session: &mut Session,
    dialect: &Dialect,
) -> Result<Vec<Outlet>, Failure> {
    let names = match &dialect.names {
        Some(column) => values(context, session, column)?,
        None => BTreeMap::new(),
    };
    let states = States::walk(context, session, dialect)?;
    let places: BTreeSet<&Place> = names.keys().chain(states.status.keys()).collect();
    let outlets = places.into_iter().filter_map(|place| {
        if states.is_absent(place) {
            return None;
        }
        let plug = dialect.notation.show(place);
        let alias = match dialect.listing {
            Listing::Numbered => plug.clone(),
            _ => names.get(place).and_then(text).unwrap_or_default(),
        };
        Some(Outlet { plug, alias, state: states.of(place) })
    });
    Ok(outlets.collect())
}

/// Interfaces by what they are called.
fn by_interface(
    context: &mut Context<'_>,
    session: &mut Session,
    dialect: &Dialect,
) -> Result<Vec<Outlet>, Failure> {
    let interfaces = interfaces::walk(context, session)?;
    let states = States::walk(context, session, dialect)?;
    let outlets = interfaces.iter().filter_map(|interface| {
        let (plug, place) = match dialect.listing {
            Listing::Ports => {
                let place = dialect.notation.parse(&interface.description, None).ok().flatten()?;
                (interface.description.clone(), place)
            }
            _ => (interfaces::plug(interface, &interfaces), vec![interface.index]),
        };
        Some(Outlet { plug, alias: interface.alias.clone(), state: states.of(&place) })
    });
    Ok(outlets.collect())
}

/// The states of all plugs.
struct States<'d> {
    dialect: &'d Dialect,
    status: BTreeMap<Place, Value>,
    confirmation: BTreeMap<Place, Value>,
}

impl<'d> States<'d> {
    fn walk(context: &mut Context<'_>, session: &mut Session, dialect: &'d Dialect) -> Result<Self, Failure> {
        let status = values(context, session, &dialect.status.column)?;
        let confirmation = match &dialect.confirmation {
            Some(confirmation) => values(context, session, &confirmation.column)?,
            None => BTreeMap::new(),
        };
        Ok(Self { dialect, status, confirmation })
    }

    fn is_absent(&self, place: &Place) -> bool {
        let absent = self.dialect.absent.map(|code| Value::Integer(code.into()));
        absent.is_some() && self.status.get(place) == absent.as_ref()
    }

    fn of(&self, place: &Place) -> PowerState {
        let codes = &self.dialect.status;
        let Some(value) = self.status.get(place) else {
            return PowerState::Unknown(format!("the device does not tell its {}", codes.column.name));
        };
        match (codes.read(value), &self.dialect.confirmation) {
            (PowerState::Off, Some(confirmation)) => confirmation.judge(self.confirmation.get(place)),
            (state, _) => state,
        }
    }
}

/// The values of a column by plug.
fn values(
    context: &mut Context<'_>,
    session: &mut Session,
    column: &Column,
) -> Result<BTreeMap<Place, Value>, Failure> {
    let base: Oid = column.oid();
    let walked = session.walk(context, &base)?;
    let values =
        walked.into_iter().filter_map(|binding| Some((column.place(&binding.object)?, binding.value)));
    Ok(values.collect())
}
