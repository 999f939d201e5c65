//! `[[face.snmp.object]]`, checked, and the instances that each stands for.

use crate::spec::lower::plug;
use std::collections::HashMap;

use fencelab_wire::snmp::{Oid, Value};
use toml::Spanned;

use super::{kind, one_value, value};
use crate::error::{Error, suggest};
use crate::plant::{Command, Power};
use crate::spec::PlantSpec;
use crate::spec::load::Place;
use crate::spec::lower::not_empty;
use crate::spec::raw::snmp as raw;
use crate::spec::snmp::{Cell, Content, Each, Kind, Object, Of, Pattern, Row, Shows};
use crate::spec::text::WordOrNumber;

type RawObject = Spanned<raw::Object>;

/// An instance to be: where it stands and which plugs it is about.
struct Instance {
    oid: Oid,
    plugs: Vec<usize>,
}

/// The objects and all their instances.
pub(super) fn objects(
    raw: &[RawObject],
    plant: &PlantSpec,
    place: &Place<'_>,
) -> Result<(Vec<Object>, Vec<Row>), Error> {
    let mut objects: Vec<Object> = Vec::new();
    let mut rows = Vec::new();
    let mut seen: HashMap<Oid, usize> = HashMap::new();
    for (index, raw) in raw.iter().enumerate() {
        let object = object(raw.get_ref(), place)?;
        if let Some(name) = &raw.get_ref().name
            && objects.iter().any(|other| other.name == object.name)
        {
            return Err(place.error(name, format!("the object `{}` is there twice", object.name), None));
        }
        let plugs = chosen(raw.get_ref(), plant, place)?;
        for instance in instances(raw.get_ref(), &object, &plugs, plant, place)? {
            if let Some(other) = seen.insert(instance.oid.clone(), index) {
                let line = objects.get(other).map_or("this object", |other| other.name.as_str());
                let what = format!("{} is there twice; it is also of {line}", instance.oid);
                let mend = "put a placeholder into the oid, for example {plug}".to_owned();
                return Err(place.error(&raw.get_ref().oid, what, Some(mend)));
            }
            let value =
                initial(raw.get_ref(), &object, &plugs, instance.plugs.first().copied(), plant, place)?;
            rows.push(row(raw.get_ref(), &object, index, instance, value));
        }
        objects.push(object);
    }
    Ok((objects, rows))
}

fn object(raw: &raw::Object, place: &Place<'_>) -> Result<Object, Error> {
    let pattern = |text: &crate::spec::raw::Text| {
        Pattern::parse(text.get_ref().trim()).map_err(|what| place.error(text, what, None))
    };
    let oid = pattern(&raw.oid)?;
    let (kind, is_hex) = kind_of(raw, place)?;
    let shows =
        raw.shows.as_ref().map(|shows| self::shows(shows.get_ref(), kind, is_hex, place)).transpose()?;
    let orders = orders(raw, kind, is_hex, place)?;
    let accepts = raw.accepts.iter().flatten();
    let accepts: Vec<Value> = accepts.map(|at| value(at, kind, is_hex, place)).collect::<Result<_, _>>()?;
    let is_last = raw.value.as_ref().is_some_and(|at| is_last(at.get_ref(), &orders, kind));
    let mut writable = raw.writable.as_ref().is_some_and(|writable| *writable.get_ref());
    let says = [raw.shows.is_some(), raw.each.is_some(), raw.names.is_some(), raw.value.is_some()];
    match says.into_iter().filter(|says| *says).count() {
        // What was written last, as nothing else is said.
        0 if !orders.is_empty() => writable = true,
        0 => {
            let mend = "say `value`, `names`, `shows`, `each` or `orders`".to_owned();
            return Err(place.error(&raw.oid, "an object without a value", Some(mend)));
        }
        1 => writable |= is_last,
        _ => {
            let what = "`value`, `names`, `shows` and `each` exclude each other";
            return Err(place.error(&raw.oid, what, Some("keep one of them".to_owned())));
        }
    }
    let content = match (shows, &raw.each) {
        (Some(shows), _) => {
            if let (Some(at), true) = (&raw.writable, writable) {
                let mend = "say in `orders` what a written value does".to_owned();
                return Err(place.error(at, "what shows the power of a plug keeps no value", Some(mend)));
            }
            Content::Power(shows)
        }
        (None, Some(at)) => Content::Each(each(at, raw, kind, place)?),
        (None, None) => Content::Fixed,
    };
    let name = match &raw.name {
        Some(name) => not_empty(name, place)?,
        None => raw.oid.get_ref().trim().trim_start_matches('.').to_owned(),
    };
    let prefix = prefix(raw, &oid, place)?;
    let source = raw.source.as_ref().map(|text| not_empty(text, place)).transpose()?;
    Ok(Object { name, oid, prefix, kind, content, orders, accepts, writable, source })
}

/// `type`, or what the rest makes likely.
fn kind_of(raw: &raw::Object, place: &Place<'_>) -> Result<(Kind, bool), Error> {
    if let Some(text) = &raw.kind {
        return kind(text, place);
    }
    let is_text = matches!(&raw.value, Some(at) if matches!(at.get_ref(), WordOrNumber::Word(_)))
        && raw.orders.is_none();
    let octets = raw.each.is_some() || raw.names.is_some() || is_text;
    Ok((if octets { Kind::Octets } else { Kind::Integer }, false))
}

/// `value = "last"`: what was written last. A text that is written to be kept is `writable`, so it may be called so.
fn is_last(written: &WordOrNumber, orders: &[(Value, Command)], kind: Kind) -> bool {
    matches!(written, WordOrNumber::Word(word) if word == "last")
        && (kind != Kind::Octets || !orders.is_empty())
}

fn shows(raw: &raw::Shows, kind: Kind, is_hex: bool, place: &Place<'_>) -> Result<Shows, Error> {
    let read = |at: &raw::Written| value(at, kind, is_hex, place);
    let shows = Shows {
        on: read(&raw.on)?,
        off: read(&raw.off)?,
        turning_on: raw.turning_on.as_ref().map(read).transpose()?,
        turning_off: raw.turning_off.as_ref().map(read).transpose()?,
    };
    if shows.on == shows.off {
        return Err(place.error(&raw.off, "on and off look the same", None));
    }
    Ok(shows)
}

fn orders(
    raw: &raw::Object,
    kind: Kind,
    is_hex: bool,
    place: &Place<'_>,
) -> Result<Vec<(Value, Command)>, Error> {
    let Some(at) = &raw.orders else { return Ok(Vec::new()) };
    let table = at.get_ref();
    let all = [
        (&table.on, Command::On),
        (&table.off, Command::Off),
        (&table.cycle, Command::Cycle),
        (&table.reset, Command::Reset),
        (&table.nmi, Command::Nmi),
        (&table.soft_off, Command::SoftOff),
    ];
    let mut orders: Vec<(Value, Command)> = Vec::new();
    for (values, command) in all {
        let Some(at) = values else { continue };
        for written in &at.get_ref().0 {
            let value = one_value(written, kind, is_hex).map_err(|what| place.error(at, what, None))?;
            if orders.iter().any(|(other, _)| *other == value) {
                return Err(place.error(at, "the same value orders two things", None));
            }
            orders.push((value, command));
        }
    }
    if orders.is_empty() {
        let mend = "for example orders = { on = 1, off = 2 }".to_owned();
        return Err(place.error(at, "orders without any", Some(mend)));
    }
    Ok(orders)
}

fn each(at: &Spanned<raw::Each>, raw: &raw::Object, kind: Kind, place: &Place<'_>) -> Result<Each, Error> {
    let each = at.get_ref();
    let separator = each.separator.clone().unwrap_or_else(|| ",".to_owned());
    if kind != Kind::Octets || raw.orders.is_some() || raw.accepts.is_some() {
        let what = "`each` is for a type = \"string\" without `orders` and `accepts`";
        return Err(place.error(at, what, Some("writable = true lets it be written".to_owned())));
    }
    let whole = |word: &str| word.is_empty() || (!separator.is_empty() && word.contains(&separator));
    if each.on == each.off || whole(&each.on) || whole(&each.off) {
        return Err(place.error(at, "the elements of `each` cannot be told apart", None));
    }
    // Without a separator elements are told apart by their length.
    if separator.is_empty() && each.on.len() != each.off.len() {
        return Err(place.error(at, "without a separator both elements need the same length", None));
    }
    Ok(Each { on: each.on.clone(), off: each.off.clone(), separator })
}

/// What all instances stand under: the identifier up to its first placeholder; a scalar's without its 0.
fn prefix(raw: &raw::Object, pattern: &Pattern, place: &Place<'_>) -> Result<Oid, Error> {
    let before = pattern.before();
    let text = if pattern.is_constant() {
        before.strip_suffix(".0").unwrap_or(before)
    } else {
        match before.rsplit_once('.') {
            Some((whole, _)) => whole,
            None => "",
        }
    };
    text.parse().map_err(|error| place.error(&raw.oid, format!("{error}"), None))
}

/// The indexes of the plugs that the object is about, in the device's order.
fn chosen(raw: &raw::Object, plant: &PlantSpec, place: &Place<'_>) -> Result<Vec<usize>, Error> {
    let Some(names) = &raw.plugs else { return Ok((0..plant.plugs.len()).collect()) };
    names.iter().map(|name| plug(name, name.get_ref(), plant, place)).collect()
}

fn instances(
    raw: &raw::Object,
    object: &Object,
    plugs: &[usize],
    plant: &PlantSpec,
    place: &Place<'_>,
) -> Result<Vec<Instance>, Error> {
    let read = |text: &str| -> Result<Oid, Error> {
        text.parse().map_err(|error| place.error(&raw.oid, format!("{error}"), None))
    };
    let is_each = matches!(object.content, Content::Each(_));
    if object.oid.is_constant() {
        let oid = read(object.oid.before())?;
        let about_power = object.tells_power() || object.moves_power();
        if about_power && !is_each && plugs.len() != 1 {
            let mend = "put {plug} into the oid, or name one plug: plugs = [\"1\"]".to_owned();
            let what = format!("one instance for the power of {} plugs", plugs.len());
            return Err(place.error(&raw.oid, what, Some(mend)));
        }
        let plugs = if about_power || raw.plugs.is_some() { plugs.to_vec() } else { Vec::new() };
        return Ok(vec![Instance { oid, plugs }]);
    }
    let mut instances: Vec<Instance> = Vec::new();
    let mut known: HashMap<Oid, usize> = HashMap::new();
    for index in plugs {
        let Some(of) = of(*index, plugs, plant) else { continue };
        let text = object.oid.expand(of).map_err(|what| place.error(&raw.oid, what, None))?;
        let oid = read(&text)?;
        match known.get(&oid).and_then(|other| instances.get_mut(*other)) {
            // Several plugs in one string: those with the same identifier stand together.
            Some(other) if is_each => other.plugs.push(*index),
            Some(_) => {
                let mend = "use placeholders that tell the plugs apart".to_owned();
                return Err(place.error(&raw.oid, format!("two plugs have {oid}"), Some(mend)));
            }
            None => {
                known.insert(oid.clone(), instances.len());
                instances.push(Instance { oid, plugs: vec![*index] });
            }
        }
    }
    Ok(instances)
}

/// The plug at an index, as templates see it.
fn of<'a>(index: usize, chosen: &[usize], plant: &'a PlantSpec) -> Option<Of<'a>> {
    let (plug, _) = plant.plugs.get(index)?;
    Some(Of { plug, place: index + 1, count: chosen.len() })
}

fn row(raw: &raw::Object, object: &Object, index: usize, instance: Instance, value: Value) -> Row {
    let Instance { oid, plugs } = instance;
    let below = oid.below(&object.prefix).unwrap_or_default();
    let suffix: String = below.iter().map(|arc| format!(".{arc}")).collect();
    let label = if raw.name.is_some() { format!("{}{suffix}", object.name) } else { oid.to_string() };
    let cell = Cell::Described { object: index, plugs: plugs.into(), label: label.into() };
    Row { oid, value, cell }
}

/// What stands there at first.
fn initial(
    raw: &raw::Object,
    object: &Object,
    chosen: &[usize],
    plug: Option<usize>,
    plant: &PlantSpec,
    place: &Place<'_>,
) -> Result<Value, Error> {
    let (_, is_hex) = kind_of(raw, place)?;
    if let Some(at) = &raw.names {
        let names = at.get_ref();
        let which = plug.and_then(|index| chosen.iter().position(|other| *other == index));
        return match which.and_then(|which| names.get(which)) {
            Some(name) if names.len() == chosen.len() => Ok(Value::text(name)),
            _ => {
                let what = format!("{} names for {} plugs", names.len(), chosen.len());
                Err(place.error(at, what, Some("one name a plug, and {plug} in the oid".to_owned())))
            }
        };
    }
    match &raw.value {
        Some(at) if !is_last(at.get_ref(), &object.orders, object.kind) => {
            let expanded = |pattern: Result<Pattern, String>, of: Of<'_>| {
                let text = pattern.and_then(|pattern| pattern.expand(of));
                text.map(WordOrNumber::Word).map_err(|what| place.error(at, what, None))
            };
            let written = match (at.get_ref(), plug.and_then(|index| of(index, chosen, plant))) {
                (WordOrNumber::Word(text), Some(of)) => expanded(Pattern::parse(text), of)?,
                // A text about no plug stays as it is, brackets and all, unless it counts the plugs.
                (WordOrNumber::Word(text), None) => match Pattern::parse(text) {
                    Ok(pattern) if pattern.counts() => {
                        expanded(Ok(pattern), Of { plug: "", place: 0, count: chosen.len() })?
                    }
                    _ => WordOrNumber::Word(text.clone()),
                },
                (WordOrNumber::Number(number), _) => WordOrNumber::Number(*number),
            };
            one_value(&written, object.kind, is_hex).map_err(|what| {
                let mend = "the value must be of the object's `type`".to_owned();
                place.error(at, what, Some(mend))
            })
        }
        _ => {
            // Before anything was written: as if the present power had been ordered.
            let power = plug.and_then(|index| plant.plugs.get(index)).map_or(Power::On, |(_, power)| *power);
            let wanted = if power == Power::On { Command::On } else { Command::Off };
            let order = object.orders.iter().find(|(_, command)| *command == wanted);
            Ok(order.map_or_else(|| empty(object.kind), |(value, _)| value.clone()))
        }
    }
}

fn empty(kind: Kind) -> Value {
    match kind {
        Kind::Integer => Value::Integer(0),
        Kind::Octets => Value::OctetString(Vec::new()),
        Kind::ObjectId => Value::ObjectId(Oid::from([0, 0])),
        Kind::IpAddress => Value::IpAddress([0; 4]),
        Kind::Counter => Value::Counter32(0),
        Kind::Gauge => Value::Gauge32(0),
        Kind::Ticks => Value::TimeTicks(0),
        Kind::Opaque => Value::Opaque(Vec::new()),
        Kind::Counter64 => Value::Counter64(0),
    }
}

/// The object of this name.
pub(super) fn by_name(
    text: &crate::spec::raw::Text,
    objects: &[Object],
    place: &Place<'_>,
) -> Result<usize, Error> {
    objects.iter().position(|object| object.name == *text.get_ref()).ok_or_else(|| {
        let mend = suggest(text.get_ref(), objects.iter().map(|object| object.name.as_str()));
        place.error(text, format!("there is no object `{}`", text.get_ref()), mend)
    })
}
