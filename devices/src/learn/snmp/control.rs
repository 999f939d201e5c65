//! The object that takes orders, and what is read from it.

use std::collections::BTreeMap;

use super::columns::{self, Naming};
use super::found::{Control, Plug, Readback, Spot, Status};
use super::index::{Arc, Fit, Template};
use super::read::{Field, Read};
use crate::learn::LearnError;
use crate::learn::follow::{Does, Order};
use crate::learn::note::{Certainty, Note};
use crate::learn::story::{Place, Wish};

/// Finds the object that orders are written to, and what each value does.
pub(in crate::learn) fn control(
    read: &Read,
    naming: &Naming,
    orders: &[Order<Field>],
    status: &Status,
    notes: &mut Vec<Note>,
) -> Result<Control, LearnError> {
    let Some(base) = orders.iter().min_by_key(|order| (!order.alone, order.does != Does::Off)) else {
        return Err(no_order(read));
    };
    let mut fields: BTreeMap<String, Vec<Field>> = BTreeMap::new();
    for order in orders {
        fields.entry(order.plug.clone()).or_default().push(order.field.clone());
    }
    let pairs = columns::gather(&(base.plug.clone(), base.field.clone()), &fields);
    let fit = place(read, naming, base, &pairs, status)?;
    let spot = Spot { template: fit.template.clone(), parted: base.field.part.is_some() };
    let own = |plug: &str, field: &Field| spot.field(&naming.numbers(plug)).as_ref() == Some(field);

    let mut taken: BTreeMap<Does, Vec<(String, Place)>> = BTreeMap::new();
    let mut others: Vec<&Order<Field>> = Vec::new();
    for order in orders {
        if !own(&order.plug, &order.field) {
            others.push(order);
            continue;
        }
        let codes = taken.entry(order.does).or_default();
        if !codes.iter().any(|(code, _)| *code == order.value) {
            codes.push((order.value.clone(), order.place.clone()));
        }
    }
    toggles(&taken, &fit.template)?;
    // A reboot of one order that also stands for off is an off; what follows it was not the device's doing.
    let plain: Vec<String> = [Does::On, Does::Off]
        .iter()
        .filter_map(|does| taken.get(does))
        .flatten()
        .map(|(code, _)| code.clone())
        .collect();
    if let Some(cycle) = taken.get_mut(&Does::Cycle) {
        cycle.retain(|(code, _)| !plain.contains(code));
    }
    taken.retain(|_, codes| !codes.is_empty());

    let mut doubts = fit.doubts.clone();
    if !fit.certain && doubts.is_empty() {
        doubts.push("one plug was recorded".to_owned());
    }
    let certainty = if doubts.is_empty() { Certainty::Certain } else { Certainty::Likely };
    let control = Control {
        accepts: accepted(read, &spot, &taken),
        spot,
        orders: taken,
        value: None,
        certainty,
        doubt: doubts.join("; "),
    };
    note(&control, &others, notes);
    Ok(control)
}

fn no_order(read: &Read) -> LearnError {
    let acts = || read.story.iter().flat_map(|recording| &recording.acts);
    let moving = acts().find(|act| act.plug.is_some() && matches!(act.wish, Wish::Power(_) | Wish::Cycle));
    match moving.or(acts().find(|act| act.plug.is_some())) {
        Some(act) => {
            LearnError::NoOrder { plug: act.plug.clone().unwrap_or_default(), place: act.place.clone() }
        }
        None => LearnError::NoMarks,
    }
}

/// Where the plug stands. One plug alone says little; then the status object's index is a better witness.
fn place(
    read: &Read,
    naming: &Naming,
    base: &Order<Field>,
    pairs: &[(String, Field)],
    status: &Status,
) -> Result<Fit, LearnError> {
    // Orders that go where the status is asked for: what is known of that is known of these.
    let own =
        |(plug, field): &(String, Field)| status.spot.field(&naming.numbers(plug)).as_ref() == Some(field);
    if status.spot.template.first_place().is_some() && pairs.iter().all(own) {
        let certain = status.certainty == Certainty::Certain;
        let doubts = if certain { vec![] } else { vec![status.doubt.clone()] };
        return Ok(Fit { template: status.spot.template.clone(), certain, doubts });
    }
    if pairs.len() == 1 {
        let numbers = naming.numbers(&base.plug);
        let arcs = columns::arcs(&base.field);
        let alike = status.spot.parted == base.field.part.is_some();
        if let Some((template, exact)) = transplant(&status.spot.template, &arcs, &numbers).filter(|_| alike)
        {
            let certain = status.certainty == Certainty::Certain && status.spot.template == template;
            let doubt = if exact {
                "one plug was ordered; its place is that of the status"
            } else {
                "one plug was ordered; at the place of the status stands another number, taken to count in step with it"
            };
            let doubts = if certain { vec![] } else { vec![doubt.to_owned()] };
            return Ok(Fit { template, certain, doubts });
        }
        if status.spot.template.first_place().is_none() {
            let template = Template { arcs: arcs.into_iter().map(Arc::Fixed).collect() };
            return Ok(Fit { template, certain: false, doubts: vec![] });
        }
    }
    columns::fit(naming, pairs, &read.table).map_err(|why| LearnError::NoPlace {
        plug: base.plug.clone(),
        object: base.field.object.to_string(),
        why,
        place: base.place.clone(),
    })
}

/// The status's places, counted from the end, in another object; and whether what stands there is what would stand in the
/// status. If not, it must at least be a few off: a command that is counted from another start.
fn transplant(status: &Template, arcs: &[u32], numbers: &[u32]) -> Option<(Template, bool)> {
    const FEW: i64 = 2;
    let shift = i64::try_from(arcs.len()).ok()? - i64::try_from(status.arcs.len()).ok()?;
    let mut template = Template { arcs: arcs.iter().copied().map(Arc::Fixed).collect() };
    let (mut moved, mut exact) = (false, true);
    for (at, arc) in status.arcs.iter().enumerate() {
        let Arc::Number { k, offset } = *arc else { continue };
        let at = usize::try_from(i64::try_from(at).ok()? + shift).ok()?;
        let found = i64::from(*arcs.get(at)?) - i64::from(*numbers.get(k)?);
        if (found - offset).abs() > FEW {
            return None;
        }
        exact &= found == offset;
        *template.arcs.get_mut(at)? = Arc::Number { k, offset: found };
        moved = true;
    }
    (moved && template.instance(numbers).as_deref() == Some(arcs)).then_some((template, exact))
}

fn toggles(taken: &BTreeMap<Does, Vec<(String, Place)>>, template: &Template) -> Result<(), LearnError> {
    for (off, off_place) in taken.get(&Does::Off).into_iter().flatten() {
        for (on, on_place) in taken.get(&Does::On).into_iter().flatten() {
            if on == off {
                return Err(LearnError::Toggles {
                    request: format!("{} = {on}", template.text(false)),
                    off: off_place.clone(),
                    on: on_place.clone(),
                });
            }
        }
    }
    Ok(())
}

/// As many numbers as a name may have.
const NUMBERS_MAX: usize = 16;

/// Values that were taken outside of the actions that say what they do.
fn accepted(read: &Read, spot: &Spot, taken: &BTreeMap<Does, Vec<(String, Place)>>) -> Vec<(String, Place)> {
    let mut accepts: Vec<(String, Place)> = Vec::new();
    let writes =
        read.story.iter().flat_map(|recording| &recording.exchanges).filter(|exchange| exchange.accepted);
    for exchange in writes {
        for (field, value) in &exchange.wrote {
            let here = field.part.is_some() == spot.parted
                && spot.template.read(&columns::arcs(field), NUMBERS_MAX).is_some();
            let known = taken.values().flatten().chain(&accepts).any(|(code, _)| code == value);
            if here && !known {
                accepts.push((value.clone(), exchange.place.clone()));
            }
        }
    }
    accepts
}

fn note(control: &Control, others: &[&Order<Field>], notes: &mut Vec<Note>) {
    let object = control.spot.template.text(false);
    for (does, codes) in &control.orders {
        for (code, place) in codes {
            let mut text = format!("writing {code} to {object} is the order {}", does.name());
            if !control.doubt.is_empty() {
                text.push_str(": ");
                text.push_str(&control.doubt);
            }
            notes.push(Note::new(control.certainty, "orders", text).seen([place]));
        }
    }
    for does in [Does::Off, Does::On] {
        if !control.orders.contains_key(&does) {
            let text =
                format!("no {does} was recorded, so the device takes none; record one", does = does.name());
            notes.push(Note::new(Certainty::Unknown, "orders", text));
        }
    }
    for (code, place) in &control.accepts {
        let text = format!("{object} took {code}; what that does is not known");
        notes.push(Note::new(Certainty::Unknown, "orders", text).seen([place]));
    }
    for order in others {
        let text = format!(
            "{} of plug {} also wrote {} to {}; what that is for is not known",
            order.does.name(),
            order.plug,
            order.value,
            order.field.object
        );
        notes.push(Note::new(Certainty::Unknown, "orders", text).seen([&order.place]));
    }
}

/// Orders have a place, but none that a description could have.
pub(in crate::learn) fn no_place(control: &Control, why: String) -> LearnError {
    let place = control.orders.values().flatten().map(|(_, place)| place.clone()).next();
    LearnError::NoPlace {
        plug: "N".to_owned(),
        object: control.spot.template.text(false),
        why,
        place: place.unwrap_or_else(|| Place { file: "".into(), line: 0 }),
    }
}

/// What is read from the object that takes orders, where it does not report power.
pub(in crate::learn) fn readback(
    read: &Read,
    status: &[Status],
    plugs: &[Plug],
    control: &mut Control,
    notes: &mut Vec<Note>,
) {
    if status.iter().any(|status| status.spot == control.spot) || control.spot.parted {
        return;
    }
    let seen: Vec<_> = plugs
        .iter()
        .filter_map(|plug| read.table.objects.get(&control.spot.field(&plug.numbers)?.object))
        .collect();
    let object = control.spot.template.text(false);
    let codes: std::collections::BTreeSet<String> =
        seen.iter().map(|seen| super::read::code(&seen.first)).collect();
    let places = || seen.iter().map(|seen| &seen.place);
    match codes.iter().collect::<Vec<_>>().as_slice() {
        [] => {
            let text = format!("what is read from {object} is not known; the last order written is answered");
            control.value = Some(Readback::Last);
            notes.push(Note::new(Certainty::Unknown, "read-back", text));
        }
        [code] if !seen.iter().any(|seen| seen.changed) => {
            control.value = Some(Readback::Same((*code).clone()));
            let text = format!("{object} always shows {code}");
            notes.push(Note::new(Certainty::Likely, "read-back", text).seen(places()));
        }
        _ => {
            control.value = Some(Readback::Last);
            let text =
                format!("{object} does not follow the power; it is taken to show what was written last");
            notes.push(Note::new(Certainty::Likely, "read-back", text).seen(places()));
        }
    }
}
