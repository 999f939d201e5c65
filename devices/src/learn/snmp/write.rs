//! What was found, as a `device.toml` and a table of recorded objects.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fencelab_wire::snmp::{Binding, Oid, Value, walk};

use super::found::{Control, Found, Plug, Readback, Spot, Status};
use super::index::{Arc, Name};
use super::read::{Read, code};
use crate::duration;
use crate::learn::description::{self, quoted};
use crate::learn::follow::{self, Delay, Does};
use crate::learn::note::Certainty;
use crate::learn::{Named, Options, Place, RECORDED, evidence_name};
use crate::plant::Power;

/// The texts.
pub(in crate::learn) struct Written {
    pub(in crate::learn) toml: String,
    /// Without the names of files, for there are none yet.
    pub(in crate::learn) bare: String,
    pub(in crate::learn) recorded: String,
    pub(in crate::learn) entries: Vec<Binding>,
}

pub(in crate::learn) fn write(
    read: &Read,
    found: &Found,
    transcripts: &[Named],
    options: &Options,
) -> Written {
    // What the device answers is told by the described objects; the rest stays as it was first seen.
    let entries: Vec<Binding> = read
        .table
        .objects
        .iter()
        .map(|(object, seen)| Binding { object: object.clone(), value: seen.first.clone() })
        .collect();
    let writer = Writer { read, found, transcripts, options };
    Written {
        toml: writer.text(true),
        bare: writer.text(false),
        recorded: walk::to_snmprec(&entries),
        entries,
    }
}

struct Writer<'a> {
    read: &'a Read,
    found: &'a Found,
    transcripts: &'a [Named],
    options: &'a Options,
}

impl Writer<'_> {
    fn text(&self, files: bool) -> String {
        let mut text = String::new();
        let names: Vec<&str> = self.transcripts.iter().map(|named| evidence_name(&named.name)).collect();
        let _ = writeln!(text, "# Written by `fencelab learn` from {}.", names.join(", "));
        text.push_str("# What is only likely says so; what the recordings do not tell is left out.\n");
        text.push_str("format = \"1.0\"\n\n[device]\n");
        description::device(&mut text, self.transcripts, self.options, files);
        text.push_str("\n[plant]\n");
        self.plant(&mut text);
        text.push_str("\n[face.snmp]\n");
        self.access(&mut text);
        if files {
            let _ = writeln!(text, "answers = [{}]", quoted(RECORDED));
        }
        self.objects(&mut text);
        self.states(&mut text);
        text
    }

    fn plant(&self, text: &mut String) {
        let plugs = &self.found.plugs;
        if plugs.iter().any(|plug| !plug.power_told) {
            text.push_str("# Plugs whose power was never asked for start on: unknown.\n");
        }
        match counted(plugs, &self.found.name) {
            Some((name, power)) => {
                let name =
                    if name == "{plug}" { String::new() } else { format!(", name = {}", quoted(&name)) };
                let _ = writeln!(text, "plugs = {{ count = {}{name}, power = \"{power}\" }}", plugs.len());
            }
            None => {
                text.push_str("plugs = [\n");
                for plug in plugs {
                    let _ = writeln!(
                        text,
                        "    {{ name = {}, power = \"{}\" }},",
                        quoted(&plug.name),
                        plug.power
                    );
                }
                text.push_str("]\n");
            }
        }
        let mut parts = Vec::new();
        for (name, timing) in [("off", &self.found.off), ("on", &self.found.on)] {
            let _ = writeln!(text, "# {name}: {}", bounds(&timing.delay));
            parts.push(format!("{name} = \"{}\"", duration::format(timing.chosen)));
        }
        let _ = writeln!(text, "delay = {{ {} }}", parts.join(", "));
    }

    fn access(&self, text: &mut String) {
        let access = &self.read.access;
        if !access.versions.is_empty() {
            let seen = access.versions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                text,
                "# Versions that were seen: {seen}. Whether the device speaks others is not known."
            );
        }
        // A community that nothing was written with may be one that cannot write; which one it was is masked.
        let reading = access.communities.values().filter(|wrote| !**wrote).count();
        if access.communities.len() > 1 && reading > 0 {
            text.push_str(
                "# Of several communities one was only read with; it is taken for a reading one: likely.\n",
            );
            text.push_str("communities = [{ name = \"lab\", access = \"write\" }, { name = \"public\", access = \"read\" }]\n");
        }
        if !access.users.is_empty() {
            let users: Vec<String> = access
                .users
                .iter()
                .map(|(name, auth, privacy)| {
                    // The first user is the lab's own in the emulation, whatever it was called.
                    let own = access.users.first().is_some_and(|(first, ..)| first == name);
                    let name = if own { "lab" } else { name };
                    let part = |key: &str, value: &Option<String>| {
                        value
                            .as_ref()
                            .filter(|value| *value != "none")
                            .map(|value| format!(", {key} = {}", quoted(value)))
                    };
                    let parts = [part("auth", auth), part("privacy", privacy)]
                        .into_iter()
                        .flatten()
                        .collect::<String>();
                    format!("{{ name = {}{parts}, access = \"write\" }}", quoted(name))
                })
                .collect();
            let _ = writeln!(text, "users = [{}]", users.join(", "));
        }
    }

    fn objects(&self, text: &mut String) {
        let control = &self.found.control;
        for (number, status) in (1..).zip(&self.found.status) {
            let name = if number == 1 { "status".to_owned() } else { format!("status-{number}") };
            let own = (status.spot == control.spot).then_some(control);
            self.status(text, &name, status, own, number == 1);
        }
        if !self.found.status.iter().any(|status| status.spot == control.spot) {
            self.control(text, control);
        }
        self.writable(text);
    }

    fn head(
        &self,
        text: &mut String,
        name: &str,
        spot: &Spot,
        doubt: &str,
        places: &[Place],
    ) -> &'static str {
        text.push_str("\n[[face.snmp.object]]");
        if !doubt.is_empty() {
            let _ = write!(text, " # likely: {doubt}");
        }
        let object = if spot.parted {
            Arc::text_of(spot.template.arcs.split_last().map_or(&[][..], |(_, arcs)| arcs))
        } else {
            spot.template.text(self.is_plain())
        };
        let kind = self.kind(spot);
        let _ = writeln!(text, "\nname = {}\noid = {}\ntype = \"{kind}\"", quoted(name), quoted(&object));
        if spot.template.first_place().is_none()
            && let Some(plug) = self.found.plugs.first()
        {
            let _ = writeln!(text, "plugs = [{}]", quoted(&plug.name));
        }
        if let Some(place) = places.first() {
            let _ = writeln!(text, "source = {}", quoted(&place.to_string()));
        }
        kind
    }

    fn status(&self, text: &mut String, name: &str, status: &Status, control: Option<&Control>, first: bool) {
        let doubt = if status.certainty == Certainty::Certain { "" } else { status.doubt.as_str() };
        let kind = self.head(text, name, &status.spot, doubt, &status.places);
        if status.spot.parted {
            let base = self.found.plugs.first().and_then(|plug| status.spot.field(&plug.numbers));
            let separator = base.and_then(|field| self.read.separators.get(&field.object).cloned());
            let _ = writeln!(
                text,
                "each = {{ on = {}, off = {}, separator = {} }}",
                quoted(&status.on),
                quoted(&status.off),
                quoted(separator.as_deref().unwrap_or(","))
            );
            if control.is_some() {
                text.push_str("writable = true\n");
            }
            return;
        }
        let mut shows = format!("on = {}, off = {}", literal(kind, &status.on), literal(kind, &status.off));
        for (key, timing) in [("turning-on", &self.found.on), ("turning-off", &self.found.off)] {
            if let (Some(code), true) = (timing.on_the_way.as_ref().filter(|code| fits(kind, code)), first) {
                let _ = write!(shows, ", {key} = {}", literal(kind, code));
            }
        }
        let _ = writeln!(text, "shows = {{ {shows} }}");
        if let Some(control) = control {
            orders(text, kind, control);
        }
    }

    fn control(&self, text: &mut String, control: &Control) {
        let places: Vec<Place> = control.orders.values().flatten().map(|(_, place)| place.clone()).collect();
        let kind = self.head(text, "control", &control.spot, &control.doubt, &places);
        match &control.value {
            Some(Readback::Same(code)) => {
                text.push_str("# What stands there was always this: likely.\n");
                let _ = writeln!(text, "value = {}", literal(kind, code));
            }
            Some(Readback::Last) => {
                text.push_str("# What is read from it is not known; the last order stands in.\n");
            }
            None => {}
        }
        orders(text, kind, control);
    }

    /// Objects that were written and stand for no plug.
    fn writable(&self, text: &mut String) {
        let spots = || self.found.status.iter().map(|status| &status.spot).chain([&self.found.control.spot]);
        let described: BTreeSet<Oid> = (self.found.plugs.iter())
            .flat_map(|plug| spots().filter_map(|spot| Some(spot.field(&plug.numbers)?.object)))
            .collect();
        for (object, written) in &self.read.written {
            let own = described.contains(object);
            let first = self.read.table.objects.get(object).map_or(written, |seen| &seen.first);
            let kind = kind_of(first);
            let value = code(first);
            if own || kind == "hex" || value.contains(['{', '}']) {
                continue;
            }
            let _ = writeln!(
                text,
                "\n[[face.snmp.object]] # likely: it was written once, and keeps what is written\noid = {}\ntype = \"{kind}\"\nvalue = {}\nwritable = true",
                quoted(&object.to_string()),
                literal(kind, &value)
            );
        }
    }

    fn states(&self, text: &mut String) {
        let Some(status) = self.found.status.first().filter(|status| !status.spot.parted) else { return };
        let kind = self.kind(&status.spot);
        let mut states: Vec<(String, &str, &String, &Place)> = Vec::new();
        let mut known = BTreeSet::new();
        // A value of another type than the object has is no state of it: it was damaged on its way.
        for (code, power, place) in status.also.iter().filter(|(code, ..)| fits(kind, code)) {
            states.push((
                format!("{power}-{code}"),
                if *power == Power::On { "on" } else { "off" },
                code,
                place,
            ));
        }
        for (code, place) in self.found.neither.iter().filter(|(code, _)| fits(kind, code)) {
            states.push((format!("seen-{code}"), "neither", code, place));
        }
        if states.is_empty() {
            return;
        }
        let source = status.places.first().map(ToString::to_string).unwrap_or_default();
        for (name, code) in [("on", &status.on), ("off", &status.off)] {
            let _ = writeln!(
                text,
                "\n[[face.snmp.state]]\nname = \"power-{name}\"\nmeans = \"{name}\"\nseen = [{{ object = \"status\", value = {} }}]\nsource = {}",
                literal(kind, code),
                quoted(&source)
            );
        }
        for (name, means, code, place) in states {
            let name: String =
                name.chars().filter(|c| !"()@,+\"".contains(*c) && !c.is_control()).take(60).collect();
            if !known.insert(name.clone()) {
                continue;
            }
            let comment = if means == "neither" { " # seen, but what it means is unknown" } else { "" };
            let _ = writeln!(
                text,
                "\n[[face.snmp.state]]{comment}\nname = {}\nmeans = \"{means}\"\nseen = [{{ object = \"status\", value = {} }}]\nsource = {}",
                quoted(name.trim()),
                literal(kind, code),
                quoted(&place.to_string())
            );
        }
    }

    /// Whether the plugs are called by one number.
    fn is_plain(&self) -> bool {
        self.found.name.numbers.len() == 1 && self.found.name.around.iter().all(String::is_empty)
    }

    fn kind(&self, spot: &Spot) -> &'static str {
        let objects = self.found.plugs.iter().filter_map(|plug| Some(spot.field(&plug.numbers)?.object));
        let value = |object: Oid| {
            self.read.written.get(&object).or(self.read.table.objects.get(&object).map(|seen| &seen.first))
        };
        objects.filter_map(value).next().map_or("integer", kind_of)
    }
}

/// What is known of a delay.
fn bounds(delay: &Delay) -> String {
    let bound = |(time, place): &(std::time::Duration, Place)| format!("{} ({place})", follow::words(*time));
    match (&delay.after, &delay.within) {
        (None, None) => "unknown, nothing was looked at after an order".to_owned(),
        (None, Some(within)) => format!("likely at once, at most {}", bound(within)),
        (Some(after), None) => format!("unknown, more than {}", bound(after)),
        (Some(after), Some(within)) if delay.chosen().is_none() => {
            format!("unknown, it varies: once more than {}, once at most {}", bound(after), bound(within))
        }
        (Some(after), Some(within)) => format!("more than {}, at most {}", bound(after), bound(within)),
    }
}

/// The name template and power of plugs that are counted from 1 and all alike.
fn counted(plugs: &[Plug], name: &Name) -> Option<(String, Power)> {
    let power = plugs.first()?.power;
    // The last number counts; those before it must be the same in all.
    let (_, fixed) = name.numbers.split_last()?;
    for (plug, number) in plugs.iter().zip(1..) {
        let wanted: Vec<u32> = fixed.iter().copied().chain([number]).collect();
        if plug.numbers != wanted || plug.power != power || plug.name != name.with(&wanted) {
            return None;
        }
    }
    let mut text = name.around.first().cloned()?;
    for (k, around) in name.around.iter().enumerate().skip(1) {
        if k == name.numbers.len() {
            text.push_str("{plug}");
        } else {
            let _ = write!(text, "{}", name.numbers.get(k - 1)?);
        }
        text.push_str(around);
    }
    (!name.around.iter().any(|around| around.contains(['{', '}']))).then_some((text, power))
}

fn orders(text: &mut String, kind: &str, control: &Control) {
    let mut parts = Vec::new();
    for does in [Does::On, Does::Off, Does::Cycle] {
        let Some(codes) = control.orders.get(&does) else { continue };
        let codes: Vec<String> = codes.iter().map(|(code, _)| literal(kind, code)).collect();
        let codes = match codes.as_slice() {
            [code] => code.clone(),
            codes => format!("[{}]", codes.join(", ")),
        };
        parts.push(format!("{} = {codes}", does.name()));
    }
    for does in [Does::On, Does::Off] {
        if !control.orders.contains_key(&does) {
            let _ = writeln!(text, "# No {} was recorded.", does.name());
        }
    }
    let _ = writeln!(text, "orders = {{ {} }}", parts.join(", "));
    if !control.accepts.is_empty() {
        let taken = control.accepts.iter().filter(|(code, _)| fits(kind, code));
        let codes: Vec<String> = taken.map(|(code, _)| literal(kind, code)).collect();
        let _ = writeln!(text, "# Taken, but what they do is unknown.\naccepts = [{}]", codes.join(", "));
    }
}

/// The word for a value's type.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "integer",
        Value::OctetString(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => "string",
            _ => "hex",
        },
        Value::ObjectId(_) => "oid",
        Value::IpAddress(_) => "ip",
        Value::Counter32(_) => "counter",
        Value::Gauge32(_) => "gauge",
        Value::TimeTicks(_) => "ticks",
        Value::Counter64(_) => "counter64",
        _ => "hex",
    }
}

/// Whether a value can stand in an object of this type.
fn fits(kind: &str, code: &str) -> bool {
    match kind {
        "integer" => code.parse::<i64>().is_ok(),
        "counter" | "gauge" | "ticks" | "counter64" => code.parse::<u64>().is_ok(),
        "oid" => code.parse::<Oid>().is_ok(),
        "ip" => code.parse::<std::net::Ipv4Addr>().is_ok(),
        _ => true,
    }
}

fn literal(kind: &str, code: &str) -> String {
    match kind {
        "integer" | "counter" | "gauge" | "ticks" | "counter64" if code.parse::<i64>().is_ok() => {
            code.to_owned()
        }
        _ => quoted(code),
    }
}
