//! The object that an agent asks for a plug's power, and its codes.

use std::collections::BTreeMap;

use fencelab_wire::snmp::Value;

use super::ShownByPlug;
use super::columns::{self, Naming};
use super::found::{Spot, Status};
use super::index::{Arc, Fit, Template};
use super::read::{Field, Read};
use crate::learn::LearnError;
use crate::learn::follow::{Follows, Order};
use crate::learn::note::{Certainty, Note};
use crate::plant::Power;

/// A field that follows a plug.
struct Follower {
    plug: String,
    field: Field,
    follows: Follows,
    /// Its codes are those that the orders have.
    like_orders: bool,
}

/// The first status object, and how the plugs are named.
pub(in crate::learn) fn primary(
    read: &Read,
    shown: &ShownByPlug,
    orders: &[Order<Field>],
    notes: &mut Vec<Note>,
) -> Result<(Naming, Status), LearnError> {
    let mut followers = followers(read, shown, orders, true);
    if followers.is_empty() {
        followers = self::followers(read, shown, orders, false);
    }
    let mut failed = None;
    for base in &followers {
        let pairs =
            columns::gather(&(base.plug.clone(), base.field.clone()), &candidates(&followers, shown, base));
        let (naming, fit) = match columns::name(&pairs, &read.table) {
            Ok(named) => named,
            Err(why) if pairs.len() == 1 => {
                let text = format!(
                    "only plug {} was recorded, and where it stands in {} is not known: {why}; \
                     the description has this plug only; record the status of a second one",
                    base.plug, base.field.object
                );
                notes.push(Note::new(Certainty::Unknown, "plugs", text).seen(base.follows.on.values()));
                (Naming::Numbers, fixed(&base.field))
            }
            Err(why) => {
                failed.get_or_insert_with(|| LearnError::NoPlace {
                    plug: base.plug.clone(),
                    object: base.field.object.to_string(),
                    why,
                    place: first(&base.follows),
                });
                continue;
            }
        };
        let status = describe(base, &followers, &pairs, &fit, shown);
        note(&status, &fit, &naming, notes);
        return Ok((naming, status));
    }
    Err(failed.unwrap_or_else(|| no_status(shown)))
}

fn fixed(field: &Field) -> Fit {
    let arcs = columns::arcs(field).into_iter().map(Arc::Fixed).collect();
    Fit { template: Template { arcs }, certain: false, doubts: Vec::new() }
}

fn first(follows: &Follows) -> crate::learn::Place {
    let places = follows.on.values().chain(follows.off.values());
    places.min().cloned().unwrap_or_else(|| crate::learn::Place { file: "".into(), line: 0 })
}

/// All fields that follow a plug; `asked`: only those that its actions asked for by name.
fn followers(read: &Read, shown: &ShownByPlug, orders: &[Order<Field>], asked: bool) -> Vec<Follower> {
    let mut followers = Vec::new();
    for (plug, fields) in shown {
        let ordered = orders.iter().any(|order| order.plug == *plug);
        for (field, values) in
            fields.iter().filter(|(field, values)| values.asked == asked && is_code(read, field))
        {
            let Some(follows) = values.follows().filter(|_| asked || is_state(read, field)) else { continue };
            let of_orders = |order: &&Order<Field>| {
                order.plug == *plug
                    && (follows.on.contains_key(&order.value) || follows.off.contains_key(&order.value))
            };
            let like_orders = ordered && orders.iter().any(|order| of_orders(&order));
            followers.push(Follower { plug: plug.clone(), field: field.clone(), follows, like_orders });
        }
    }
    // Of a list only its parts: the whole text follows every plug.
    let parted: Vec<(String, Field)> = followers
        .iter()
        .filter(|f| f.field.part.is_some())
        .map(|f| (f.plug.clone(), f.field.clone()))
        .collect();
    followers.retain(|follower| {
        let own_part =
            |(plug, field): &(String, Field)| *plug == follower.plug && field.object == follower.field.object;
        follower.field.part.is_some() || !parted.iter().any(own_part)
    });
    let ordered = |plug: &str| orders.iter().any(|order| order.plug == plug);
    followers.sort_by_key(|follower| {
        (!follower.follows.told, !ordered(&follower.plug), !follower.like_orders, first(&follower.follows))
    });
    followers
}

/// Whether a field is of a kind that can stand for a state: counters and clocks are not.
fn is_code(read: &Read, field: &Field) -> bool {
    read.table.objects.get(&field.object).is_some_and(|seen| {
        matches!(&seen.first, Value::Integer(_) | Value::Gauge32(_))
            || matches!(&seen.first, Value::OctetString(bytes) if bytes.len() <= 16 || field.part.is_some())
    })
}

/// The same, and it does not move by itself.
pub(in crate::learn) fn is_state(read: &Read, field: &Field) -> bool {
    is_code(read, field) && read.table.objects.get(&field.object).is_some_and(|seen| !seen.restless)
}

/// What each other plug could have in the place of the base: its own followers, else what its actions asked for.
fn candidates(followers: &[Follower], shown: &ShownByPlug, base: &Follower) -> BTreeMap<String, Vec<Field>> {
    let own = |plug: &String| -> Vec<Field> {
        followers
            .iter()
            .filter(|follower| follower.plug == *plug)
            .map(|follower| follower.field.clone())
            .collect()
    };
    let codes = |value: &String| base.follows.on.contains_key(value) || base.follows.off.contains_key(value);
    shown
        .iter()
        .map(|(plug, fields)| {
            let mut candidates = own(plug);
            if candidates.is_empty() && base.field.part.is_none() {
                let asked = fields.iter().filter(|(field, values)| {
                    field.part.is_none()
                        && values.asked
                        && (values.on.keys().any(codes) || values.off.keys().any(codes))
                });
                candidates.extend(asked.map(|(field, _)| field.clone()));
            }
            (plug.clone(), candidates)
        })
        .collect()
}

/// The codes, over all plugs.
fn describe(
    base: &Follower,
    followers: &[Follower],
    pairs: &[(String, Field)],
    fit: &Fit,
    shown: &ShownByPlug,
) -> Status {
    let of_pairs = || {
        followers.iter().filter(|follower| pairs.contains(&(follower.plug.clone(), follower.field.clone())))
    };
    let most = |which: fn(&Follows) -> &BTreeMap<String, crate::learn::Place>| {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        of_pairs()
            .flat_map(|follower| which(&follower.follows).keys())
            .for_each(|code| *counts.entry(code).or_default() += 1);
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(code, _)| code.clone()).unwrap_or_default()
    };
    let (on, off) = (most(|follows| &follows.on), most(|follows| &follows.off));
    let mut also: Vec<(String, Power, crate::learn::Place)> = Vec::new();
    let mut places = Vec::new();
    for follower in of_pairs() {
        for (codes, power, main) in
            [(&follower.follows.on, Power::On, &on), (&follower.follows.off, Power::Off, &off)]
        {
            for (code, place) in codes {
                places.push(place.clone());
                if code != main && !also.iter().any(|(other, ..)| other == code) {
                    also.push((code.clone(), power, place.clone()));
                }
            }
        }
    }
    let told = base.follows.told;
    let mut doubts: Vec<String> = fit.doubts.clone();
    if !told {
        doubts.push(
            "one of the two powers is only presumed: an agent that sends an order found the other power"
                .to_owned(),
        );
    }
    for (plug, field) in pairs {
        let Some(values) = shown.get(plug).and_then(|fields| fields.get(field)) else { continue };
        if values.on.contains_key(&off) || values.off.contains_key(&on) {
            doubts.push(format!("plug {plug} was once told to be the other way round"));
        }
    }
    places.sort();
    Status {
        spot: Spot { template: fit.template.clone(), parted: base.field.part.is_some() },
        on,
        off,
        also,
        certainty: if fit.certain && doubts.is_empty() { Certainty::Certain } else { Certainty::Likely },
        doubt: if doubts.is_empty() && !fit.certain {
            "one plug was recorded".to_owned()
        } else {
            doubts.join("; ")
        },
        places,
        only: fit.template.first_place().is_none().then(|| base.plug.clone()),
    }
}

fn note(status: &Status, fit: &Fit, naming: &Naming, notes: &mut Vec<Note>) {
    let what = if status.spot.parted { "a part of the text in " } else { "" };
    let mut text = format!(
        "{what}{} shows {} while on and {} while off",
        fit.template.text(false),
        status.on,
        status.off
    );
    if !status.doubt.is_empty() {
        text.push_str(": ");
        text.push_str(&status.doubt);
    }
    notes.push(Note::new(status.certainty, "status", text).seen(&status.places));
    for (code, power, place) in &status.also {
        let text = format!("it also showed {code} while {power}; what tells the two apart is not known");
        notes.push(Note::new(Certainty::Unknown, "status", text).seen([place]));
    }
    if let Naming::Index(map) = naming {
        let names: Vec<String> =
            map.keys().map(|plug| format!("{plug:?} is {}", naming.canonical(plug))).collect();
        let text = format!(
            "the names of the plugs follow no arithmetic, so they are called by their index: {}",
            names.join(", ")
        );
        notes.push(Note::new(Certainty::Certain, "plugs", text));
    }
}

/// Says what of the plug with the most to tell was read.
fn no_status(shown: &ShownByPlug) -> LearnError {
    let told = |on: bool| {
        shown.iter().map(move |(plug, fields)| {
            let count = fields
                .values()
                .filter(|values| !(if on { &values.on } else { &values.off }).is_empty())
                .count();
            (count, plug.clone())
        })
    };
    let (on, plug) = told(true).max().unwrap_or_default();
    let (off, other) = told(false).max().unwrap_or_default();
    let why = match (on, off) {
        (0, 0) => "nothing was read while its power was known".to_owned(),
        (_, 0) => "nothing was read while it was off".to_owned(),
        (0, _) => "nothing was read while it was on".to_owned(),
        (on, off) if plug == other => {
            format!("{on} objects were read while it was on and {off} while off; none of them shows it")
        }
        _ => "no plug was read both on and off".to_owned(),
    };
    LearnError::NoStatus { plug: if on == 0 { other } else { plug }, why }
}
