//! Lindy PDUs, which keep the state of all outlets of a switch in one string, `1,1,0,…`: to order one outlet is to write them
//! all. So what is written is what was read but for one element, and afterwards the others are looked at too.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_wire::snmp::{Oid, Value};

use super::{
    device::no_such_order,
    dialect::{is_known, type_name},
    identify::{identity, unknown_device},
    index::{Arc, Column, Notation, Place},
    names::{text, the_only_one},
    session::{Reading, Session},
    settings::Settings,
};
use crate::{
    context::Context,
    failure::{Failure, FailureKind, Step},
    fence::{Fence, Outlet, PowerState, Wanted},
};

const IDENTITIES: &[&[u32]] = &[&[1, 3, 6, 1, 4, 1, 17_420]];
const NAME: &str = "Lindy PDU";

/// Everything about the switches.
const SWITCHES: &[u32] = &[1, 3, 6, 1, 4, 1, 17_420, 1, 2, 9];

/// The states of the outlets of a switch.
const STATES: Column = Column {
    name: "outlet states",
    base: SWITCHES,
    index: &[Arc::Part(0, 0), Arc::Fixed(13), Arc::Fixed(0)],
};

/// The names of the outlets: the first of several fields with commas between.
const NAMES: Column = Column {
    name: "outlet name",
    base: SWITCHES,
    index: &[Arc::Part(0, 0), Arc::Fixed(14), Arc::Part(1, 0), Arc::Fixed(0)],
};

/// How many switches are attached, and their numbers, with commas between.
const ATTACHED: &[u32] = &[1, 3, 6, 1, 4, 1, 17_420, 1, 2, 5, 0];

/// No such PDU has more outlets: a string of more elements is something else.
const OUTLETS_MAX: usize = 1024;

/// A PDU.
pub(crate) struct Lindy {
    settings: Settings,
    session: Option<Session>,
    identified: bool,
    places: BTreeMap<String, Place>,
    /// How many outlets each switch has, as its names and its string have agreed.
    counts: BTreeMap<u32, usize>,
    /// What was ordered in this run. The string may show an order late, and writing back what it shows meanwhile would
    /// undo the order.
    ordered: BTreeMap<Place, bool>,
}

impl Lindy {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            session: None,
            identified: false,
            places: BTreeMap::new(),
            counts: BTreeMap::new(),
            ordered: BTreeMap::new(),
        }
    }

    /// The session, with a device that is what this agent is for.
    fn session(&mut self, context: &mut Context<'_>) -> Result<&mut Session, Failure> {
        let session = Session::of(&mut self.session, context, &self.settings)?;
        if !self.identified {
            match identity(context, session)? {
                Some(identity) if is_known(IDENTITIES, &identity) => self.identified = true,
                other => return Err(unknown_device(other.as_ref(), &[NAME])),
            }
        }
        Ok(session)
    }

    /// Switch and outlet of a plug.
    fn place(&mut self, context: &mut Context<'_>, plug: &str) -> Result<Place, Failure> {
        if let Some(place) = self.places.get(plug) {
            return Ok(place.clone());
        }
        let written = Notation::Switched.parse(plug, self.settings.switch);
        let place = match written.map_err(|why| Failure::lasting(Step::Options, why))? {
            Some(place) => place,
            None => {
                let walked = self.session(context)?.walk(context, &Oid::from(SWITCHES))?;
                let places = walked.iter().filter_map(|binding| {
                    let place = NAMES.place(&binding.object)?;
                    (first_field(&binding.value)? == plug).then_some(place)
                });
                the_only_one(plug, places.collect(), Notation::Switched)?
            }
        };
        self.places.insert(plug.to_owned(), place.clone());
        Ok(place)
    }

    /// The states of all outlets of a switch, or why they are not known.
    fn read(&mut self, context: &mut Context<'_>, switch: u32) -> Result<Result<Vec<bool>, String>, Failure> {
        let Some(object) = STATES.object(&[switch]) else {
            return Err(Failure::lasting(Step::Options, format!("there is no switch {switch}")));
        };
        let session = self.session(context)?;
        let states = match session.get(context, &object)? {
            Reading::Value(value) => elements(&value),
            Reading::Odd(why) => Err(why),
            Reading::Missing(what) => {
                let seen = format!("the device has no switch {switch} ({object}: {what})");
                return Err(Failure::lasting(Step::Command, seen));
            }
        };
        Ok(states.and_then(|states| match self.counts.get(&switch) {
            Some(&count) if count != states.len() => Err(format!(
                "the string of switch {switch} has {} elements now, and had {count} before",
                states.len()
            )),
            _ => Ok(states),
        }))
    }

    /// The states before an order, which must be whole: what is missing in the string would be lost by writing it back.
    fn read_to_write(&mut self, context: &mut Context<'_>, switch: u32) -> Result<Vec<bool>, Failure> {
        let states = self.read(context, switch)?.map_err(|why| Failure::passing(Step::Parse, why))?;
        match self.lacks(context, switch, states.len())? {
            Some(what) => Err(Failure::lasting(Step::Parse, format!("{what}; nothing is written"))),
            None => Ok(states),
        }
    }

    /// What a string with so many elements lacks: it must have one for each outlet that the device names.
    fn lacks(
        &mut self,
        context: &mut Context<'_>,
        switch: u32,
        count: usize,
    ) -> Result<Option<String>, Failure> {
        if self.counts.contains_key(&switch) {
            return Ok(None);
        }
        let names = self.names(context, switch)?;
        let most = names.keys().next_back().copied().unwrap_or(0);
        if names.len() > count || usize::try_from(most).unwrap_or(usize::MAX) > count {
            return Ok(Some(format!(
                "the string of switch {switch} has {count} elements, but the device names {} outlets, up to {most}",
                names.len()
            )));
        }
        self.counts.insert(switch, count);
        Ok(None)
    }

    /// The names of the outlets of a switch.
    fn names(&mut self, context: &mut Context<'_>, switch: u32) -> Result<BTreeMap<u32, String>, Failure> {
        let base = Oid::from(SWITCHES).child(&[switch, 14]);
        let walked = self.session(context)?.walk(context, &base)?;
        let name = |binding: &fencelab_wire::snmp::Binding| {
            Some((*NAMES.place(&binding.object)?.get(1)?, first_field(&binding.value)?))
        };
        Ok(walked.iter().filter_map(name).collect())
    }

    /// The switches to list: the one that the options name, or all that the device has.
    fn switches(&mut self, context: &mut Context<'_>) -> Result<Vec<u32>, Failure> {
        if let Some(switch) = self.settings.switch {
            return Ok(vec![switch]);
        }
        let attached = match self.session(context)?.get(context, &Oid::from(ATTACHED))? {
            Reading::Value(value) => text(&value),
            Reading::Missing(_) | Reading::Odd(_) => None,
        };
        let switches = attached.and_then(|text| {
            let fields: Option<Vec<u32>> = text.split(',').map(|field| field.trim().parse().ok()).collect();
            fields
        });
        match switches.as_deref() {
            Some([_, switches @ ..]) if !switches.is_empty() => Ok(switches.to_vec()),
            _ => {
                let seen = "the device does not tell which switches it has; the option switch names one";
                Err(Failure::lasting(Step::Parse, seen))
            }
        }
    }

    /// What else changed between two looks, but for what was ordered in this run.
    fn changed(&self, switch: u32, before: &[bool], after: &[bool]) -> Vec<String> {
        let outlets = (1_u32..).zip(before.iter().zip(after));
        outlets
            .filter(|(outlet, (before, after))| {
                before != after && !self.ordered.contains_key(&vec![switch, *outlet])
            })
            .map(|(outlet, _)| Notation::Switched.show(&[switch, outlet]))
            .collect()
    }
}

impl Fence for Lindy {
    fn power(&mut self, context: &mut Context<'_>, plug: &str) -> Result<PowerState, Failure> {
        let place = self.place(context, plug)?;
        let (switch, outlet) = split(&place);
        let states = match self.read(context, switch)? {
            Ok(states) => states,
            Err(why) => return Ok(PowerState::Unknown(why)),
        };
        // A string that was cut may end within an element.
        let is_last = usize::try_from(outlet) == Ok(states.len());
        if is_last && let Some(what) = self.lacks(context, switch, states.len())? {
            return Ok(PowerState::Unknown(what));
        }
        match at(outlet).and_then(|at| states.get(at)) {
            Some(true) => Ok(PowerState::On),
            Some(false) => Ok(PowerState::Off),
            None => {
                let seen = out_of_range(plug, switch, states.len());
                Err(Failure { step: Step::Command, seen, kind: FailureKind::Absent })
            }
        }
    }

    fn set(&mut self, context: &mut Context<'_>, plug: &str, wanted: Wanted) -> Result<(), Failure> {
        let place = self.place(context, plug)?;
        let (switch, outlet) = split(&place);
        let before = self.read_to_write(context, switch)?;
        let (Some(object), Some(_)) = (STATES.object(&[switch]), at(outlet).and_then(|at| before.get(at)))
        else {
            return Err(Failure::lasting(Step::Command, out_of_range(plug, switch, before.len())));
        };
        self.ordered.insert(place, wanted == Wanted::On);
        let written = (1..)
            .zip(&before)
            .map(|(outlet, &on)| self.ordered.get(&vec![switch, outlet]).copied().unwrap_or(on))
            .map(|on| if on { "1" } else { "0" });
        let string = written.collect::<Vec<_>>().join(",");
        self.session(context)?.set(context, &object, Value::text(&string))?;
        let after = self.read(context, switch)?.map_err(|why| Failure::passing(Step::Verify, why))?;
        let changed = self.changed(switch, &before, &after);
        if !changed.is_empty() {
            // Whoever fences from another place at the same moment looks like this too, so it is no failure of this order.
            context.error(&format!(
                "while plug {plug} was ordered, other plugs changed: {}",
                changed.join(", ")
            ));
        }
        Ok(())
    }

    fn cycle(&mut self, _: &mut Context<'_>, _: &str) -> Result<(), Failure> {
        Err(no_such_order())
    }

    fn diag(&mut self, _: &mut Context<'_>, _: &str) -> Result<(), Failure> {
        Err(no_such_order())
    }

    fn list(&mut self, context: &mut Context<'_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let mut outlets = Vec::new();
        for switch in self.switches(context)? {
            let names = self.names(context, switch)?;
            let states = self.read(context, switch)?;
            let told = states.as_ref().map_or(&[][..], Vec::as_slice);
            let all: BTreeSet<u32> =
                (1..).zip(told).map(|(outlet, _)| outlet).chain(names.keys().copied()).collect();
            for outlet in all {
                let state = match &states {
                    Ok(states) => match at(outlet).and_then(|at| states.get(at)) {
                        Some(true) => PowerState::On,
                        Some(false) => PowerState::Off,
                        None => PowerState::Unknown("the string has no element for it".to_owned()),
                    },
                    Err(why) => PowerState::Unknown(why.clone()),
                };
                let alias = names.get(&outlet).cloned().unwrap_or_default();
                outlets.push(Outlet { plug: Notation::Switched.show(&[switch, outlet]), alias, state });
            }
        }
        if outlets.is_empty() {
            return Err(Failure::lasting(Step::Parse, "the device has no outlets to list"));
        }
        Ok(Some(outlets))
    }

    fn close(&mut self, _: &mut Context<'_>) {}
}

/// Switch and outlet; a place of this agent has both.
fn split(place: &[u32]) -> (u32, u32) {
    (place.first().copied().unwrap_or(0), place.get(1).copied().unwrap_or(0))
}

fn out_of_range(plug: &str, switch: u32, count: usize) -> String {
    format!("plug {plug}: switch {switch} has {count} outlets")
}

/// Where an outlet stands in the string.
fn at(outlet: u32) -> Option<usize> {
    usize::try_from(outlet.checked_sub(1)?).ok()
}

fn first_field(value: &Value) -> Option<String> {
    text(value)?.split(',').next().map(|field| field.trim().to_owned())
}

/// The states that a string tells: `0` or `1`, with commas between. Anything else tells nothing.
fn elements(value: &Value) -> Result<Vec<bool>, String> {
    let Value::OctetString(bytes) = value else {
        return Err(format!("the states of the outlets are {}, not a string", type_name(value)));
    };
    let element = |field: &[u8]| match field {
        b"0" => Some(false),
        b"1" => Some(true),
        _ => None,
    };
    let states: Option<Vec<bool>> = bytes.split(|byte| *byte == b',').map(element).collect();
    states.filter(|states| states.len() <= OUTLETS_MAX).ok_or_else(|| {
        format!(
            "the states of the outlets are {:?}, not zeros and ones with commas between",
            String::from_utf8_lossy(bytes.get(..OUTLETS_MAX).unwrap_or(bytes))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zeros_and_ones_are_states() {
        assert_eq!(elements(&Value::text("1,1,0")), Ok(vec![true, true, false]));
        assert_eq!(elements(&Value::text("0")), Ok(vec![false]));
        let long = vec!["0"; OUTLETS_MAX + 1].join(",");
        for text in ["", ",", "1,", "1,,0", "1,2,0", "1 ,0", "1,0\n", "on,off", "10", "0,0,-1", long.as_str()]
        {
            assert!(elements(&Value::text(text)).is_err(), "{text:?}");
        }
        assert!(elements(&Value::text(long.strip_suffix(",0").unwrap())).is_ok());
        assert!(elements(&Value::Integer(0)).is_err());
    }
}
