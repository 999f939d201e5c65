//! `[face.ipmi]`, checked.

use std::sync::Arc;
use std::time::Duration;

use fencelab_wire::ipmi::sdr::Repository;
use toml::Spanned;

use super::rule::{self, Dialect};
use super::{bytes, bytes_or_none, time_or, transcript, word};
use crate::error::{Error, suggest};
use crate::face::ipmi::inventory;
use crate::face::recorded::Recorded;
use crate::spec::commands::{CommandId, command_by_name, command_names};
use crate::spec::ipmi::{Appearance, Asked, DeviceId, Fields, IpmiFace, Matched, Privilege, User};
use crate::spec::load::Place;
use crate::spec::raw::{Device, Text, ipmi as raw};
use crate::spec::rule::{Answer, Look, Meaning, State};
use crate::spec::text::{OneOrMany, WordOr, WordOrNumber};

pub(super) fn face(raw: &raw::Ipmi, device: &Device, place: &Place<'_>) -> Result<IpmiFace, Error> {
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
    let mut states = rule::states(&raw.state, |seen| appearance(seen, place), place)?;
    if states.is_empty() {
        states = default_states();
    }
    let rules =
        raw.rule.iter().map(|raw| rule::rule(&Ipmi, raw, &states, place)).collect::<Result<_, _>>()?;
    let mut recorded = Recorded::default();
    for name in &raw.answers {
        recorded.add(&transcript(name, place)?).map_err(|what| place.error(name, what, None))?;
    }
    let firmware = device.firmware.as_deref().unwrap_or_default();
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
        cipher_suites: raw.cipher_suites.clone().unwrap_or_else(|| vec![1, 2, 3, 6, 7, 8, 15, 16, 17]),
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
        fru: inventory::fru(device.vendor.get_ref(), device.model.get_ref(), firmware),
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

fn appearance(raw: &raw::Seen, place: &Place<'_>) -> Result<Appearance, Error> {
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
    Ok(Appearance { command: command(&raw.command, place)?, completion: raw.completion, mask, data })
}

/// Rules in IPMI's words.
struct Ipmi;

impl Dialect for Ipmi {
    type On = raw::On;
    type Answer = raw::Answer;
    type Match = Asked;
    type Fields = Fields;

    const ANSWER: &'static str = "{ completion = … }";

    fn matching(&self, at: &Spanned<raw::On>, place: &Place<'_>) -> Result<Asked, Error> {
        let raw = at.get_ref();
        let what = match &raw.command {
            None => Matched::Datagram,
            Some(at) => match at.get_ref() {
                WordOr::Word(word) if word == "open-session" => Matched::OpenSession,
                _ => Matched::Command(command(at, place)?),
            },
        };
        let values = values(raw.value.as_ref(), what, place)?;
        let data = bytes_or_none(raw.data.as_ref(), place)?;
        if let (Some(text), false) = (&raw.data, matches!(what, Matched::Command(_))) {
            return Err(place.error(text, "`data` needs a `command`", None));
        }
        Ok(Asked { what, values, data })
    }

    fn common(answer: &raw::Answer) -> (Option<&Text>, Option<&Text>) {
        (answer.state.as_ref(), answer.delay.as_ref())
    }

    fn fields(&self, answer: &raw::Answer, _: &Asked, place: &Place<'_>) -> Result<Fields, Error> {
        let data = answer.data.as_ref().map(|text| bytes(text, place)).transpose()?;
        Ok(Fields { completion: answer.completion, data })
    }

    fn check(
        &self,
        on: &Spanned<raw::On>,
        asked: &Asked,
        answer: &Answer<Fields>,
        place: &Place<'_>,
    ) -> Result<(), Error> {
        if asked.what == Matched::Datagram && *answer != Answer::Silence {
            let mend = "name a `command`, or answer with \"silence\"".to_owned();
            return Err(place.error(on, "a rule for every datagram can only be silent", Some(mend)));
        }
        if asked.what == Matched::OpenSession {
            let refuses = match answer {
                Answer::Silence => true,
                Answer::Say(say) => say.fields.completion.is_some_and(|code| code != 0),
            };
            if !refuses {
                let mend = "answer = { completion = 0x01 } is \"insufficient resources to create a session\"";
                let what = "a rule for open-session refuses it or is silent";
                return Err(place.error(on, what, Some(mend.to_owned())));
            }
        }
        if let Matched::Command(id) = asked.what
            && id.is_session_layer()
        {
            let plain = match answer {
                Answer::Silence => true,
                Answer::Say(say) => say.state.is_none() && say.fields == Fields::default(),
            };
            if !plain || !asked.data.is_empty() {
                let mend = "answer with \"silence\" or { delay = … }, or write a rule for \"open-session\""
                    .to_owned();
                let what = "what the session layer answers cannot be changed";
                return Err(place.error(on, what, Some(mend)));
            }
        }
        Ok(())
    }
}

/// The numbers of Chassis Control (IPMI 2.0 table 28-4).
fn values(
    raw: Option<&Spanned<OneOrMany<WordOrNumber>>>,
    what: Matched,
    place: &Place<'_>,
) -> Result<Vec<u8>, Error> {
    let Some(at) = raw else { return Ok(Vec::new()) };
    if what != Matched::Command(CommandId::CHASSIS_CONTROL) {
        let mend = "use `data` for other commands".to_owned();
        return Err(place.error(at, "`value` is for command = \"chassis-control\"", Some(mend)));
    }
    const WORDS: [(&str, u8); 7] =
        [("off", 0), ("on", 1), ("cycle", 2), ("reset", 3), ("nmi", 4), ("diag", 4), ("soft-off", 5)];
    let mut values = Vec::new();
    for value in &at.get_ref().0 {
        values.push(match value {
            WordOrNumber::Number(number) => {
                u8::try_from(*number).map_err(|_| place.error(at, format!("{number} is no byte"), None))?
            }
            WordOrNumber::Word(word) => match WORDS.iter().find(|(name, _)| name == word) {
                Some((_, value)) => *value,
                None => {
                    let mend = suggest(word, WORDS.iter().map(|(name, _)| *name));
                    return Err(place.error(at, format!("unknown value `{word}`"), mend));
                }
            },
        });
    }
    if values.is_empty() {
        return Err(place.error(
            at,
            "an empty list of values",
            Some("leave `value` out for any value".to_owned()),
        ));
    }
    Ok(values)
}

/// The two states of the specification (IPMI 2.0 table 28-3 and table 20-7).
pub(crate) fn default_states() -> Vec<Look<Appearance>> {
    let state = |name: &str, means, bit, acpi| Look {
        state: State {
            name: name.to_owned(),
            means,
            source: "IPMI 2.0, table 28-3, byte 2 bit 0; table 20-7".to_owned(),
        },
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
    };
    vec![state("power-on", Meaning::On, 1, 0x00), state("power-off", Meaning::Off, 0, 0x05)]
}
