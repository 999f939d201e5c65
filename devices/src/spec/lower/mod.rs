//! From `device.toml` as written to the device as meant: every value is checked, with its place.

mod console;
pub(crate) mod ipmi;
mod rule;
mod snmp;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::Transcript;
use toml::Spanned;

use super::face::ConsoleFace;
use super::load::Place;
use super::raw::{self, Text};
use super::text::{ListOr, OneOrMany, WordOrNumber, hex};
use super::{DeviceSpec, FaceSpec, PlantSpec, Provenance};
use crate::duration;
use crate::error::{Error, suggest};
use crate::plant::{Power, Timing};

/// More plugs than any rack has.
const PLUG_LIMIT: usize = 1024;

pub(super) fn device(raw: raw::File, place: &Place<'_>) -> Result<DeviceSpec, Error> {
    format_version(&raw.format, place)?;
    let provenance = raw.device.provenance.get_ref();
    if provenance.from.is_empty() {
        let mend = "name at least one document, capture or agent in `from`".to_owned();
        return Err(place.error(&raw.device.provenance, "a provenance without a source", Some(mend)));
    }
    let mut evidence = Vec::new();
    for name in &raw.device.evidence {
        transcript(name, place)?;
        evidence.push(place.folder.join(name.get_ref()));
    }
    let plant = plant(&raw.plant, place)?;
    let mut faces = Vec::new();
    let face = raw.face.get_ref();
    if let Some(ipmi) = &face.ipmi {
        faces.push(FaceSpec::Ipmi(Arc::new(ipmi::face(ipmi, &raw.device, place)?)));
    }
    if let Some(snmp) = &face.snmp {
        faces.push(FaceSpec::Snmp(Arc::new(snmp::face(snmp, &raw.device, &plant, place)?)));
    }
    if let Some(raw) = &face.console {
        let console = Arc::new(console::face(raw, &plant, place)?);
        for (carrier, port) in console::carriers(raw, place)? {
            faces.push(FaceSpec::Console(ConsoleFace { console: Arc::clone(&console), carrier, port }));
        }
    }
    if faces.is_empty() {
        let mend = "describe [face.ipmi], [face.snmp] or [face.console]".to_owned();
        return Err(place.error(&raw.face, "a device that is not spoken to", Some(mend)));
    }
    Ok(DeviceSpec {
        id: id(place),
        vendor: not_empty(&raw.device.vendor, place)?,
        model: not_empty(&raw.device.model, place)?,
        firmware: raw.device.firmware,
        agents: raw.device.agents,
        provenance: Provenance {
            kind: provenance.kind,
            software: provenance.software.clone(),
            from: provenance.from.clone(),
        },
        evidence,
        note: raw.device.note,
        options: raw.device.options,
        folder: place.folder.to_owned(),
        plant,
        faces,
    })
}

/// The last two parts of the folder's path.
fn id(place: &Place<'_>) -> String {
    let folder = std::fs::canonicalize(place.folder).unwrap_or_else(|_| place.folder.to_owned());
    let mut parts: Vec<_> =
        folder.iter().rev().take(2).map(|part| part.to_string_lossy().into_owned()).collect();
    parts.reverse();
    parts.join("/")
}

fn format_version(format: &Text, place: &Place<'_>) -> Result<(), Error> {
    let mut parts = format.get_ref().split('.').map(str::parse::<u16>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(1)), Some(Ok(0)), None) => Ok(()),
        (Some(Ok(major)), Some(Ok(minor)), None) => {
            let what = format!("format {major}.{minor} is newer than this program, which reads 1.0");
            Err(place.error(format, what, Some("take a newer fencelab".to_owned())))
        }
        _ => Err(place.error(format, "the format is no version", Some("write format = \"1.0\"".to_owned()))),
    }
}

fn not_empty(text: &Text, place: &Place<'_>) -> Result<String, Error> {
    if text.get_ref().trim().is_empty() {
        return Err(place.error(text, "an empty text", None));
    }
    Ok(text.get_ref().clone())
}

fn plant(raw: &raw::Plant, place: &Place<'_>) -> Result<PlantSpec, Error> {
    let plugs: Vec<(String, Power)> = match raw.plugs.get_ref() {
        ListOr::List(list) => {
            list.iter().map(|entry| of_entry(entry, raw, place)).collect::<Result<Vec<_>, _>>()?.concat()
        }
        ListOr::Table(range) => of_entry(range, raw, place)?,
    };
    if plugs.is_empty() || plugs.len() > PLUG_LIMIT {
        return Err(place.error(
            &raw.plugs,
            format!("{} plugs; there must be 1 to {PLUG_LIMIT}", plugs.len()),
            None,
        ));
    }
    let mut known = HashSet::new();
    for (name, _) in &plugs {
        if name.is_empty() || !known.insert(name.as_str()) {
            let mend = "give each plug a name of its own".to_owned();
            return Err(place.error(
                &raw.plugs,
                format!("the plug name `{name}` is empty or used twice"),
                Some(mend),
            ));
        }
    }
    let default = Timing::default();
    let timing = Timing {
        off: time_or(raw.delay.off.as_ref(), default.off, place)?,
        on: time_or(raw.delay.on.as_ref(), default.on, place)?,
        cycle: time_or(raw.delay.cycle.as_ref(), default.cycle, place)?,
        soft_off: time_or(raw.delay.soft_off.as_ref(), default.soft_off, place)?,
        boot: time_or(raw.boot.as_ref(), default.boot, place)?,
    };
    Ok(PlantSpec { plugs, timing })
}

/// The plugs of one entry: one by its name, or a range.
pub(super) fn of_entry(
    entry: &raw::Plug,
    raw: &raw::Plant,
    place: &Place<'_>,
) -> Result<Vec<(String, Power)>, Error> {
    let power = entry.power.unwrap_or(Power::On);
    match (entry.count, &entry.name) {
        (Some(count), name) => {
            let pattern = name.as_deref().unwrap_or("{plug}");
            let from = entry.from.unwrap_or(1);
            let numbers = (0..u32::from(count)).map(|number| from.saturating_add(number).to_string());
            Ok(numbers.map(|number| (pattern.replace("{plug}", &number), power)).collect())
        }
        (None, Some(name)) if entry.from.is_none() => Ok(vec![(name.clone(), power)]),
        (None, _) => {
            let mend = "write { name = \"1\" } or { count = 8 }".to_owned();
            Err(place.error(&raw.plugs, "an entry without `name` or `count`", Some(mend)))
        }
    }
}

fn time(text: &Text, place: &Place<'_>) -> Result<Duration, Error> {
    duration::parse(text.get_ref()).map_err(|what| place.error(text, what, None))
}

fn time_or(text: Option<&Text>, default: Duration, place: &Place<'_>) -> Result<Duration, Error> {
    text.map_or(Ok(default), |text| time(text, place))
}

fn bytes(text: &Text, place: &Place<'_>) -> Result<Vec<u8>, Error> {
    let mend = || Some("write hexadecimal bytes, for example \"21 10 00\"".to_owned());
    let bytes = hex(text.get_ref()).map_err(|what| place.error(text, what, mend()))?;
    // An IPMI message over LAN carries less than 256 bytes of data, an engine id 32.
    if bytes.len() > 255 {
        return Err(place.error(text, format!("{} bytes are too many; the limit is 255", bytes.len()), None));
    }
    Ok(bytes)
}

fn bytes_or_none(text: Option<&Text>, place: &Place<'_>) -> Result<Vec<u8>, Error> {
    text.map_or(Ok(Vec::new()), |text| bytes(text, place))
}

/// The plug of this name.
fn plug<T>(at: &Spanned<T>, name: &str, plant: &PlantSpec, place: &Place<'_>) -> Result<usize, Error> {
    plant.plugs.iter().position(|(known, _)| known == name).ok_or_else(|| {
        let mend = suggest(name, plant.plugs.iter().map(|(known, _)| known.as_str()));
        place.error(at, format!("there is no plug `{name}`"), mend)
    })
}

/// The plugs that a rule is about; none: any.
fn plugs(
    names: Option<&Spanned<OneOrMany<WordOrNumber>>>,
    plant: &PlantSpec,
    place: &Place<'_>,
) -> Result<Vec<usize>, Error> {
    let Some(at) = names else { return Ok(Vec::new()) };
    let name = |name: &WordOrNumber| match name {
        WordOrNumber::Word(name) => name.clone(),
        WordOrNumber::Number(number) => number.to_string(),
    };
    at.get_ref().0.iter().map(|written| plug(at, &name(written), plant, place)).collect()
}

/// One of a few words.
fn word<T: Copy>(text: &Text, words: &[(&str, T)], place: &Place<'_>) -> Result<T, Error> {
    match words.iter().find(|(name, _)| name == text.get_ref()) {
        Some((_, value)) => Ok(*value),
        None => {
            let mend = suggest(text.get_ref(), words.iter().map(|(name, _)| *name));
            Err(place.error(text, format!("unknown word `{}`", text.get_ref()), mend))
        }
    }
}

/// A file of the device's own folder, by its name.
fn file_here(name: &Text, endings: &[&str], place: &Place<'_>) -> Result<PathBuf, Error> {
    if name.get_ref().contains(['/', '\\']) {
        return Err(place.error(
            name,
            "a file of another folder",
            Some("transcripts and walks stand beside the device.toml".to_owned()),
        ));
    }
    let path = place.folder.join(name.get_ref());
    if !path.is_file() {
        let here: Vec<String> = std::fs::read_dir(place.folder)
            .map(|entries| {
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
            })
            .unwrap_or_default();
        let there = here
            .iter()
            .map(String::as_str)
            .filter(|name| endings.iter().any(|ending| name.ends_with(ending)));
        return Err(place.error(
            name,
            format!("there is no file `{}` here", name.get_ref()),
            suggest(name.get_ref(), there),
        ));
    }
    Ok(path)
}

fn transcript(name: &Text, place: &Place<'_>) -> Result<Transcript, Error> {
    Transcript::load(&file_here(name, &[".jsonl"], place)?)
        .map_err(|error| place.error(name, format!("`{}` does not parse: {error}", name.get_ref()), None))
}
