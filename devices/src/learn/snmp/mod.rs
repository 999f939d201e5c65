//! SNMP: which objects command, which report, and where a plug stands in them.

mod columns;
mod control;
mod found;
mod index;
mod mirror;
mod parts;
mod plugs;
mod proof;
mod read;
mod status;
mod table;
mod timing;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use fencelab_wire::snmp::Oid;

use self::found::{Found, Plug, Spot};
use self::index::Name;
use self::read::{Field, Read};
use super::follow::{self, Shown};
use super::note::{Certainty, Note};
use super::story::{Act, Wish};
use super::{LearnError, Learned, Named, Options};
use crate::plant::Power;

/// Learns from transcripts that are all of SNMP.
pub(super) fn learn(transcripts: &[Named], options: &Options) -> Result<Learned, LearnError> {
    let read = read::read(transcripts)?;
    let mut found = find(&read)?;
    let written = write::write(&read, &found, transcripts, options);
    let spec = proof::spec(&written)?;
    let proof = proof::prove(&spec, &found, &read, transcripts);
    let mut notes = std::mem::take(&mut found.notes);
    notes.sort_by_key(|note| note.certainty);
    Ok(Learned { toml: written.toml, recorded: Some(written.recorded), notes, proof, spec })
}

/// What was shown of each plug: its name in the recordings → field → values.
pub(in crate::learn) type ShownByPlug = BTreeMap<String, BTreeMap<Field, Shown>>;

fn find(read: &Read) -> Result<Found, LearnError> {
    let shown = marked(read)?;
    let orders = follow::orders(&read.story);
    let mut notes = Vec::new();
    let (naming, status) = status::primary(read, &shown, &orders, &mut notes)?;
    let mut control = control::control(read, &naming, &orders, &status, &mut notes)?;
    let (mut plugs, mut neither) = plugs::plugs(read, &naming, &status, &shown, &mut notes);
    plugs::powers(read, &status, &mut plugs, &mut notes);
    let [off, on] = [Power::Off, Power::On]
        .map(|power| timing::timing(read, &naming, &status, &control, power, &mut neither, &mut notes));
    let mut taken = objects(&status.spot, &plugs);
    let orders = objects(&control.spot, &plugs);
    if control.spot != status.spot && (!taken.is_disjoint(&orders) || control.spot.parted) {
        let what = status.spot.template.text(false);
        return Err(control::no_place(
            &control,
            format!("it crosses {what}, where the status of the plugs stands"),
        ));
    }
    if orders.len() < plugs.len() && !control.spot.parted {
        return Err(control::no_place(&control, "several plugs would share it".to_owned()));
    }
    let mut all = Vec::new();
    for mirror in mirror::mirrors(read, &naming, &shown, &status, &control, &plugs, &mut notes) {
        let own = objects(&mirror.spot, &plugs);
        // One object cannot be of two plugs.
        if taken.is_disjoint(&own) && (mirror.spot == control.spot || orders.is_disjoint(&own)) {
            taken.extend(own);
            all.push(mirror);
        }
    }
    all.insert(0, status);
    control::readback(read, &all, &plugs, &mut control, &mut notes);
    mirror::unexplained(&shown, &all, &control, &plugs, read, &mut notes);
    general(read, &mut notes);
    let name = Name::of(plugs.first().map_or("", |plug| plug.name.as_str()));
    Ok(Found { name, plugs, status: all, control, off, on, neither, notes })
}

/// The objects of all plugs.
fn objects(spot: &Spot, plugs: &[Plug]) -> BTreeSet<Oid> {
    plugs.iter().filter_map(|plug| Some(spot.field(&plug.numbers)?.object)).collect()
}

/// What was shown of every plug that a marked action is about.
fn marked(read: &Read) -> Result<ShownByPlug, LearnError> {
    let acts =
        || read.story.iter().flat_map(|recording| &recording.acts).filter(|act| act.wish != Wish::Other);
    let plugs: BTreeSet<&String> = acts()
        .flat_map(|act| act.plug.iter().chain(act.before.iter().chain(&act.after).map(|(plug, _)| plug)))
        .collect();
    let Some(first) = acts().find(|act| act.plug.is_some()) else { return Err(LearnError::NoMarks) };
    let known =
        |act: &Act| act.done() || (act.wish == Wish::Look && act.exit == Some(2)) || !act.after.is_empty();
    if !acts().any(known) {
        return Err(LearnError::NothingDone { place: first.place.clone() });
    }
    Ok(plugs.into_iter().map(|plug| (plug.clone(), follow::shown(&read.story, plug))).collect())
}

/// What was seen of the device as a whole.
fn general(read: &Read, notes: &mut Vec<Note>) {
    let access = &read.access;
    if !access.versions.is_empty() {
        let versions = access.versions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let text = format!(
            "versions {versions} were seen; whether the device speaks others is not known, it does here"
        );
        notes.push(Note::new(Certainty::Unknown, "access", text));
    }
    if !access.contexts.is_empty() {
        let contexts = access.contexts.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let text = format!("it was asked in the contexts {contexts}; here it answers in any");
        notes.push(Note::new(Certainty::Unknown, "access", text));
    }
    for (object, value, error, place) in read.refused.iter().take(8) {
        let text = format!("{object} refused {value}: {error}; why is not known");
        notes.push(Note::new(Certainty::Unknown, "orders", text).seen([place]));
    }
}
