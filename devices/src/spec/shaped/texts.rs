//! Other names of plugs, and other texts about the device.

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use super::ranges;
use crate::shape::{Banner, Names, is_word};
use crate::spec::load::Place;
use crate::spec::raw::{self, console::Console, snmp::Object};
use crate::spec::snmp::{Of, Pattern};
use crate::spec::text::WordOrNumber;

/// How the names of objects end that describe the device, whatever the vendor.
const DESCRIBING: [&str; 6] = ["Descr", "Description", "Name", "Location", "Contact", "Label"];

/// Calls the plugs so wherever their names are texts. What is returned are the plugs' own names, if those change.
pub(super) fn name(
    raw: &mut raw::File,
    kind: Names,
    place: &Place<'_>,
) -> Result<Option<Vec<String>>, String> {
    let plugs: Vec<String> = ranges(&raw.plant, place)?.concat();
    if let Some(console) = &mut raw.face.get_mut().console {
        return name_at_console(console, kind, &plugs);
    }
    let Some(snmp) = &mut raw.face.get_mut().snmp else {
        return Err("a BMC's plug has no name that anybody reads".to_owned());
    };
    let places: Places<'_> = plugs.iter().enumerate().map(|(index, plug)| (plug.as_str(), index)).collect();
    let names = kind.of(&plugs);
    let objects = || snmp.object.iter().map(Spanned::get_ref);
    // A plug that is called by a word can only have another name if the device tells it: else nobody could know.
    let is_identity = |object: &Object| template(object).is_some_and(|pattern| is_alone(&pattern));
    let renames = kind.tell_apart() && plugs.iter().all(|plug| is_word(plug)) && objects().any(is_identity);
    let mut changed = false;
    for object in &mut snmp.object {
        let object = object.get_mut();
        let is_name = is_name(object, &plugs, &places) || (renames && is_identity(object));
        if !is_name {
            continue;
        }
        let chosen = about(object, &places).into_iter().filter_map(|index| names.get(index).cloned());
        object.names = Some(Spanned::new(object.oid.span(), chosen.collect()));
        object.value = None;
        changed = true;
    }
    if !changed {
        return Err("no object of it holds names of plugs".to_owned());
    }
    Ok(renames.then_some(names))
}

/// The same at a console: its column `name` holds names, and plugs that are called by words are so in whatever it says. The plug
/// of a machine whose commands name none has no name that anybody reads.
fn name_at_console(
    console: &mut Console,
    kind: Names,
    plugs: &[String],
) -> Result<Option<Vec<String>>, String> {
    let names = kind.of(plugs);
    let mut commands = console.mode.get_ref().iter().flat_map(|mode| &mode.command);
    let are_named = commands.any(|command| {
        command.get_ref().pattern.as_ref().is_some_and(|pattern| pattern.get_ref().contains("(?<plug>"))
    });
    let renames = are_named && kind.tell_apart() && plugs.iter().all(|plug| is_word(plug));
    let mut changed = renames;
    if let Some(column) = console.plug.get_mut("name") {
        let is_name = match column.get_ref().0.as_slice() {
            [WordOrNumber::Word(text)] => {
                let pattern = Pattern::parse(text).ok();
                pattern.is_some_and(|pattern| {
                    !pattern.is_constant() && pattern.texts().any(|text| text.contains(char::is_alphabetic))
                })
            }
            several => several.len() == plugs.len(),
        };
        if is_name {
            column.get_mut().0 = names.iter().cloned().map(WordOrNumber::Word).collect();
            changed = true;
        }
    }
    if !changed {
        return Err("its console tells no names of plugs".to_owned());
    }
    Ok(renames.then_some(names))
}

/// The places of all plugs by their names.
type Places<'a> = HashMap<&'a str, usize>;

/// The indexes of the plugs that an object is about, in the object's order.
fn about(object: &Object, places: &Places<'_>) -> Vec<usize> {
    match &object.plugs {
        Some(list) => list.iter().filter_map(|plug| places.get(plug.get_ref().as_str()).copied()).collect(),
        None => (0..places.len()).collect(),
    }
}

/// The template of a text that each plug has.
fn template(object: &Object) -> Option<Pattern> {
    let is_text = object.kind.as_ref().is_none_or(|kind| kind.get_ref() == "string");
    let is_one_a_plug = Pattern::parse(object.oid.get_ref()).is_ok_and(|oid| !oid.is_constant());
    match object.value.as_ref().map(Spanned::get_ref) {
        Some(WordOrNumber::Word(text)) if is_text && is_one_a_plug => Pattern::parse(text).ok(),
        _ => None,
    }
}

/// Whether it is the plug's name and nothing else.
fn is_alone(pattern: &Pattern) -> bool {
    pattern.names_plug() && pattern.texts().next().is_none()
}

/// Whether an object holds names: a list of them, or a template with a word in it that makes another text for each plug.
/// With a comma in it, it is a record of several things.
fn is_name(object: &Object, plugs: &[String], places: &Places<'_>) -> bool {
    if object.names.is_some() {
        return true;
    }
    let Some(pattern) = template(object) else { return false };
    let has = |wanted: fn(char) -> bool| pattern.texts().any(|text| text.contains(wanted));
    if pattern.is_constant() || !has(char::is_alphabetic) || has(|c| c == ',') {
        return false;
    }
    let mut known = HashSet::new();
    about(object, places).into_iter().all(|index| {
        let plug = plugs.get(index).map_or("", String::as_str);
        let text = pattern.expand(Of { plug, place: index + 1, count: plugs.len() });
        text.is_ok_and(|text| known.insert(text))
    })
}

/// Describes the device so wherever a text does.
pub(super) fn describe(raw: &mut raw::File, kind: Banner) -> Result<(), String> {
    if let Some(console) = &mut raw.face.get_mut().console {
        let Some(text) = console.welcome.as_mut() else {
            return Err("its console has no banner".to_owned());
        };
        // Texts of a console end their lines with a line feed; and what comes behind stands on a line of its own, if it did.
        let words = text.get_ref().trim_end_matches('\n');
        let end = text.get_ref().split_at(words.len()).1;
        let more = kind.of(words).replace("\r\n", "\n");
        *text.get_mut() = more + end;
        return Ok(());
    }
    let Some(snmp) = &mut raw.face.get_mut().snmp else {
        return Err("a BMC has no texts that anybody reads".to_owned());
    };
    let mut changed = false;
    for object in &mut snmp.object {
        let object = object.get_mut();
        if !is_describing(object) {
            continue;
        }
        if let Some(WordOrNumber::Word(text)) = object.value.as_mut().map(Spanned::get_mut) {
            *text = kind.of(text);
            changed = true;
        }
    }
    if changed { Ok(()) } else { Err("no object of it describes the device".to_owned()) }
}

/// Whether an object is one fixed text whose name says that it describes the device.
fn is_describing(object: &Object) -> bool {
    let is_text = object.kind.as_ref().is_none_or(|kind| kind.get_ref() == "string");
    let is_one = Pattern::parse(object.oid.get_ref()).is_ok_and(|oid| oid.is_constant());
    let name = object.name.as_ref().map_or("", |name| name.get_ref());
    is_text && is_one && object.plugs.is_none() && DESCRIBING.iter().any(|end| name.ends_with(end))
}
