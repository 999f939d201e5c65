//! Names and options.

use super::{
    device::Device,
    families::{FAMILIES, Family},
    kind::Links,
    plug::Notation,
    settings::Settings,
};
use crate::{
    agent::{Abilities, Agent},
    invocation::AgentName,
    options::{ALWAYS, IP, LOGIN, Needs, Opt, PORT_AS_IP, SSH, standard},
};

/// So many names are there.
const COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].names.len();
        family += 1;
    }
    count
};

/// Every name.
pub(crate) const NAMES: &[AgentName] = &{
    let mut names = [FAMILIES[0].names[0]; COUNT];
    let (mut at, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut own = 0;
        while own < FAMILIES[family].names.len() {
            names[at] = FAMILIES[family].names[own];
            (at, own) = (at + 1, own + 1);
        }
        family += 1;
    }
    names
};

/// The standard options of a family.
fn options(family: &Family) -> Vec<Opt> {
    let kind = family.kind;
    let single = kind.notation == Notation::Single;
    let mut names = [ALWAYS, IP, LOGIN, &["inet4_only", "inet6_only"][..]].concat();
    names.extend(if single { PORT_AS_IP } else { &["missing_as_off", "plug", "separator"] });
    names.extend(family.prompt_option.then_some("command_prompt"));
    names.extend(family.cycles.then_some("method"));
    names.extend(if kind.links == Links::Telnet { &[] } else { SSH });
    names.extend((kind.links != Links::Ssh).then_some("telnet_path"));
    names.extend(family.more);
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(standard).collect()
}

/// A standard option as a family has it.
fn adapt(family: &Family, option: Opt) -> Opt {
    let kind = family.kind;
    let default = |default: Option<&'static str>| default.map_or(option, |default| option.default(default));
    match option.name {
        "action" if family.fabric => option.default("off"),
        "ip" if kind.notation != Notation::Single => option.required(),
        "ipport" => default(kind.telnet_port),
        "username" if family.needs_login => option.required(),
        "plug" if kind.notation == Notation::Single => {
            option.value("ip").text("Name or address of the fence device, together with port_as_ip")
        }
        "plug" => option.required(),
        "command_prompt" => default(kind.prompt_text),
        "ssh" => default(family.ssh_default),
        "ssh_options" => default(kind.ssh_options).text(
            "Options of an SSH client, of which the command at their end is run; the others mean nothing here",
        ),
        "login_timeout" => option.default(family.login_timeout),
        "shell_timeout" => option.default(family.shell_timeout),
        "power_wait" => option.default(family.power_wait),
        "use_sudo" => option.text("Call the program on the host by sudo, without a password"),
        "sudo_path" => option.text("Where sudo is on the host"),
        _ => option,
    }
}

/// The agent of this name, if it is one of ours.
pub(crate) fn agent(name: &str) -> Option<Agent> {
    let (family, own) = FAMILIES
        .iter()
        .find_map(|family| Some((family, family.names.iter().find(|own| own.name == name)?)))?;
    let kind = family.kind;
    let many_plugs = kind.notation != Notation::Single;
    let standard = options(family).into_iter().map(|option| adapt(family, option));
    Some(Agent {
        name: own.name,
        short_description: own.description,
        long_description: family.long,
        vendor_url: family.vendor_url,
        other_names: other_names(family, own.name),
        options: standard.chain(family.own.iter().copied()).collect(),
        needs: Needs {
            username: family.needs_login,
            password: family.needs_login,
            plug: many_plugs && !kind.optional_plug,
        },
        abilities: Abilities { fabric: family.fabric, many_plugs, ..Abilities::default() },
        check: Box::new(|values| Settings::check(kind, values)),
        build: Box::new(|values| Ok(Box::new(Device::new(kind, Settings::new(kind, values)?)))),
    })
}

/// The names of the same program, as the metadata lists them.
fn other_names(family: &Family, name: &str) -> Vec<AgentName> {
    family.names.iter().filter(|other| other.name != name).copied().collect()
}
