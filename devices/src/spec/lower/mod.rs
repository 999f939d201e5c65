//! From `device.toml` as written to the device as meant: every value is checked, with its place.

mod rule;

use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::Transcript;
use fencelab_wire::ipmi::sdr::Repository;
use toml::Spanned;

use super::commands::{CommandId, command_by_name, command_names};
use super::ipmi::{Appearance, DeviceId, IpmiFace, Meaning, Privilege, State, User};
use super::load::Place;
use super::raw::{self, Text};
use super::text::{ListOr, WordOr, hex};
use super::{DeviceSpec, FaceSpec, PlantSpec, Provenance};
use crate::duration;
use crate::error::{Error, suggest};
use crate::face::ipmi::inventory;
use crate::face::recorded::Recorded;
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
    let mut face = ipmi(raw.face.ipmi, place)?;
    let firmware = raw.device.firmware.as_deref().unwrap_or_default();
    face.fru = inventory::fru(raw.device.vendor.get_ref(), raw.device.model.get_ref(), firmware);
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
        folder: place.folder.to_owned(),
        plant,
        faces: vec![FaceSpec::Ipmi(Arc::new(face))],
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
            list.iter().map(|plug| (plug.name.clone(), plug.power.unwrap_or(Power::On))).collect()
        }
        ListOr::Table(range) => {
            let pattern = range.name.as_deref().unwrap_or("{plug}");
            let power = range.power.unwrap_or(Power::On);
            (1..=range.count).map(|number| (pattern.replace("{plug}", &number.to_string()), power)).collect()
        }
    };
    if plugs.is_empty() || plugs.len() > PLUG_LIMIT {
        return Err(place.error(
            &raw.plugs,
            format!("{} plugs; there must be 1 to {PLUG_LIMIT}", plugs.len()),
            None,
        ));
    }
    for (index, (name, _)) in plugs.iter().enumerate() {
        if name.is_empty() || plugs.iter().skip(index + 1).any(|other| other.0 == *name) {
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

fn time(text: &Text, place: &Place<'_>) -> Result<Duration, Error> {
    duration::parse(text.get_ref()).map_err(|what| place.error(text, what, None))
}

fn time_or(text: Option<&Text>, default: Duration, place: &Place<'_>) -> Result<Duration, Error> {
    text.map_or(Ok(default), |text| time(text, place))
}

fn bytes(text: &Text, place: &Place<'_>) -> Result<Vec<u8>, Error> {
    let mend = || Some("write hexadecimal bytes, for example \"21 10 00\"".to_owned());
    let bytes = hex(text.get_ref()).map_err(|what| place.error(text, what, mend()))?;
    // An IPMI message over LAN carries less than 256 bytes of data.
    if bytes.len() > 255 {
        return Err(place.error(text, format!("{} bytes are too many; the limit is 255", bytes.len()), None));
    }
    Ok(bytes)
}

fn bytes_or_none(text: Option<&Text>, place: &Place<'_>) -> Result<Vec<u8>, Error> {
    text.map_or(Ok(Vec::new()), |text| bytes(text, place))
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

fn privilege(text: &Text, place: &Place<'_>) -> Result<Privilege, Error> {
    let words = [
        ("callback", Privilege::Callback),
        ("user", Privilege::User),
        ("operator", Privilege::Operator),
        ("administrator", Privilege::Administrator),
        ("oem", Privilege::Oem),
    ];
    word(text, &words, place)
}

fn transcript(name: &Text, place: &Place<'_>) -> Result<Transcript, Error> {
    if name.get_ref().contains(['/', '\\']) {
        return Err(place.error(
            name,
            "a transcript of another folder",
            Some("transcripts stand beside the device.toml".to_owned()),
        ));
    }
    let path = place.folder.join(name.get_ref());
    if !path.is_file() {
        let here: Vec<String> = std::fs::read_dir(place.folder)
            .map(|entries| {
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
            })
            .unwrap_or_default();
        let there = here.iter().map(String::as_str).filter(|name| name.ends_with(".jsonl"));
        return Err(place.error(
            name,
            format!("there is no file `{}` here", name.get_ref()),
            suggest(name.get_ref(), there),
        ));
    }
    Transcript::load(&path)
        .map_err(|error| place.error(name, format!("`{}` does not parse: {error}", name.get_ref()), None))
}

fn ipmi(raw: raw::Ipmi, place: &Place<'_>) -> Result<IpmiFace, Error> {
    let (mut v15, mut v20) = (raw.versions.is_none(), raw.versions.is_none());
    for version in raw.versions.iter().flatten() {
        if word(version, &[("1.5", false), ("2.0", true)], place)? {
            v20 = true;
        } else {
            v15 = true;
        }
    }
    let kinds = [("none", 0), ("md2", 1), ("md5", 2), ("password", 4), ("oem", 5)];
    let auth_types = match &raw.auth_types {
        Some(types) => types.iter().map(|kind| word(kind, &kinds, place)).collect::<Result<_, _>>()?,
        None => vec![2, 4],
    };
    let mut states = Vec::new();
    for state in &raw.state {
        let state_ = self::state(state, place)?;
        if states.iter().any(|other: &State| other.name == state_.name) {
            return Err(place.error(
                &state.name,
                format!("the state `{}` is there twice", state_.name),
                None,
            ));
        }
        states.push(state_);
    }
    if states.is_empty() {
        states = default_states();
    }
    let rules = raw.rule.iter().map(|rule| rule::rule(rule, &states, place)).collect::<Result<_, _>>()?;
    let mut recorded = Recorded::default();
    for name in &raw.answers {
        recorded.add(&transcript(name, place)?).map_err(|what| place.error(name, what, None))?;
    }
    let chassis_status = chassis_status(raw.chassis_status.as_ref(), place)?;
    let limit = raw.sessions.limit.as_ref();
    if let Some(limit) = limit.filter(|limit| *limit.get_ref() == 0) {
        return Err(place.error(
            limit,
            "a session limit of 0",
            Some("at least one session must be possible".to_owned()),
        ));
    }
    Ok(IpmiFace {
        v15,
        v20,
        auth_types,
        cipher_suites: raw.cipher_suites.unwrap_or_else(|| vec![1, 2, 3, 6, 7, 8, 15, 16, 17]),
        answers_cipher_suites: raw.answers_cipher_suites.unwrap_or(true),
        answers_ping: raw.answers_ping.unwrap_or(true),
        per_message_auth: raw.per_message_auth.unwrap_or(true),
        echoes_open_session_privilege: raw.echoes_open_session_privilege.unwrap_or(false),
        users: users(&raw.users, place)?,
        privilege_limit: raw
            .privilege_limit
            .as_ref()
            .map_or(Ok(Privilege::Administrator), |text| privilege(text, place))?,
        session_limit: limit.map_or(4, |limit| usize::from(*limit.get_ref())),
        idle: time_or(raw.sessions.idle.as_ref(), Duration::from_secs(60), place)?,
        guid: raw.guid.as_ref().map(|text| guid(text, place)).transpose()?,
        device_id: device_id(&raw.device_id, place)?,
        oem: oem(&raw.oem, place)?,
        chassis_status,
        states,
        rules,
        fru: Vec::new(),
        sdr: Repository::new(inventory::sdr()),
        recorded: Arc::new(recorded),
    })
}

fn users(raw: &[raw::User], place: &Place<'_>) -> Result<Vec<User>, Error> {
    let mut users = Vec::new();
    for user in raw {
        if user.name.get_ref().len() > 16 {
            return Err(place.error(&user.name, "a user name of IPMI has at most 16 bytes", None));
        }
        let privilege =
            user.privilege.as_ref().map_or(Ok(Privilege::Administrator), |text| privilege(text, place))?;
        users.push(User {
            name: user.name.get_ref().clone(),
            privilege,
            enabled: user.enabled.unwrap_or(true),
        });
    }
    if !users.iter().any(|user| user.name == "lab") {
        users.push(User { name: "lab".to_owned(), privilege: Privilege::Administrator, enabled: true });
    }
    Ok(users)
}

fn guid(text: &Text, place: &Place<'_>) -> Result<[u8; 16], Error> {
    let bytes = bytes(text, place)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| place.error(text, format!("a GUID has 16 bytes, this one {length}"), None))
}

fn oem(raw: &raw::Oem, place: &Place<'_>) -> Result<(u32, u8), Error> {
    if let Some(id) = raw.id.as_ref().filter(|id| *id.get_ref() > 0xff_ffff) {
        return Err(place.error(id, "an OEM id has 3 bytes", None));
    }
    Ok((raw.id.as_ref().map_or(0, |id| *id.get_ref()), raw.aux.unwrap_or(0)))
}

fn device_id(raw: &raw::DeviceId, place: &Place<'_>) -> Result<DeviceId, Error> {
    let aux = bytes_or_none(raw.aux.as_ref(), place)?;
    if let (Some(text), false) = (&raw.aux, aux.is_empty() || aux.len() == 4) {
        return Err(place.error(text, "the auxiliary firmware revision has 4 bytes", None));
    }
    if let Some(id) = raw.manufacturer.as_ref().filter(|id| *id.get_ref() > 0xff_ffff) {
        return Err(place.error(id, "a manufacturer id has 3 bytes", None));
    }
    Ok(DeviceId {
        id: raw.id.unwrap_or(0x20),
        revision: raw.revision.unwrap_or(1),
        firmware: raw.firmware.as_ref().map_or(Ok((1, 0)), |text| version(text, 127, 99, place))?,
        ipmi: raw.ipmi.as_ref().map_or(Ok((2, 0)), |text| version(text, 15, 15, place))?,
        additional: raw.additional.unwrap_or(0xbf),
        manufacturer: raw.manufacturer.as_ref().map_or(0, |id| *id.get_ref()),
        product: raw.product.unwrap_or(0),
        aux,
    })
}

fn version(text: &Text, major_limit: u8, minor_limit: u8, place: &Place<'_>) -> Result<(u8, u8), Error> {
    let parts =
        text.get_ref().split_once('.').map(|(major, minor)| (major.parse::<u8>(), minor.parse::<u8>()));
    match parts {
        Some((Ok(major), Ok(minor))) if major <= major_limit && minor <= minor_limit => Ok((major, minor)),
        _ => Err(place.error(
            text,
            format!("`{}` is no version here", text.get_ref()),
            Some("write for example \"2.78\"".to_owned()),
        )),
    }
}

fn chassis_status(text: Option<&Text>, place: &Place<'_>) -> Result<Vec<u8>, Error> {
    let Some(text) = text else { return Ok(vec![0x21, 0x10, 0x40]) };
    let status = bytes(text, place)?;
    if (3..=4).contains(&status.len()) {
        return Ok(status);
    }
    Err(place.error(text, format!("{} bytes; the chassis status has 3 or 4", status.len()), None))
}

fn command(at: &Spanned<WordOr<raw::Numbers>>, place: &Place<'_>) -> Result<CommandId, Error> {
    match at.get_ref() {
        WordOr::Word(name) => command_by_name(name).ok_or_else(|| {
            place.error(at, format!("there is no command `{name}`"), suggest(name, command_names()))
        }),
        WordOr::Table(numbers) if numbers.netfn % 2 == 0 && numbers.netfn < 64 => {
            Ok(CommandId { netfn: numbers.netfn, cmd: numbers.cmd })
        }
        WordOr::Table(_) => Err(place.error(at, "a request's network function is even and below 0x40", None)),
    }
}

fn state(raw: &raw::State, place: &Place<'_>) -> Result<State, Error> {
    let name = raw.name.get_ref();
    if name.is_empty()
        || name.trim() != name
        || name.len() > 64
        || name.contains(['(', ')', '@', ',', '+', '"'])
        || name.contains(char::is_control)
    {
        let mend = "a name of 1 to 64 characters without ( ) @ , + \" is wanted".to_owned();
        return Err(place.error(&raw.name, format!("`{name}` is no name for a state"), Some(mend)));
    }
    let mut seen = Vec::new();
    for raw in &raw.seen {
        let mask = raw.mask.as_ref().map(|mask| bytes(mask, place)).transpose()?;
        let data = bytes_or_none(raw.data.as_ref(), place)?;
        if let (Some(text), Some(mask)) = (&raw.mask, &mask)
            && (mask.len() != data.len() || raw.completion.is_some())
        {
            return Err(place.error(text, "`mask` needs `data` of its own length and no `completion`", None));
        }
        if raw.completion.is_none() && raw.data.is_none() {
            return Err(place.error(&raw.command, "an appearance needs `completion` or `data`", None));
        }
        seen.push(Appearance {
            command: command(&raw.command, place)?,
            completion: raw.completion,
            mask,
            data,
        });
    }
    Ok(State { name: name.clone(), means: raw.means, seen, source: not_empty(&raw.source, place)? })
}

/// The two states of the specification (IPMI 2.0 table 28-3 and table 20-7).
pub(crate) fn default_states() -> Vec<State> {
    let state = |name: &str, means, bit, acpi| State {
        name: name.to_owned(),
        means,
        seen: vec![
            Appearance {
                command: CommandId::CHASSIS_STATUS,
                completion: None,
                mask: Some(vec![1]),
                data: vec![bit],
            },
            Appearance {
                command: CommandId::ACPI_POWER_STATE,
                completion: None,
                mask: None,
                data: vec![acpi, 0],
            },
        ],
        source: "IPMI 2.0, table 28-3, byte 2 bit 0; table 20-7".to_owned(),
    };
    vec![state("power-on", Meaning::On, 1, 0x00), state("power-off", Meaning::Off, 0, 0x05)]
}
