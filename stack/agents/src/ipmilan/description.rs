//! Names, texts and options.

use super::{device::Device, settings::Settings};
use crate::{
    agent::{Abilities, Agent},
    invocation::AgentName,
    options::{ALWAYS, IP, Kind, LOGIN, Needs, Opt, PORT_AS_IP, SUDO, standard},
};

/// The names, the program's own first.
pub(crate) const NAMES: &[AgentName] = &[
    AgentName { name: "fence_ipmilan", description: "Fence agent for BMCs that speak IPMI over LAN" },
    AgentName {
        name: "fence_ipmilanplus",
        description: "Fence agent for BMCs that speak IPMI 2.0 over LAN (RMCP+)",
    },
    AgentName { name: "fence_ilo3", description: "Fence agent for HP iLO 3, by IPMI" },
    AgentName { name: "fence_ilo4", description: "Fence agent for HPE iLO 4, by IPMI" },
    AgentName { name: "fence_ilo5", description: "Fence agent for HPE iLO 5, by IPMI" },
    AgentName { name: "fence_idrac", description: "Fence agent for Dell iDRAC, by IPMI" },
    AgentName { name: "fence_imm", description: "Fence agent for IBM and Lenovo IMM, by IPMI" },
];

const LONG: &str = "Fences a server through its baseboard management controller (BMC), which switches the power of the \
server. IPMI 1.5 and IPMI 2.0 (RMCP+) over LAN are spoken natively; ipmitool is not needed. A server counts as off only \
when its BMC says so in a complete answer. With method=cycle the server must be seen off on its way; if its off phase is \
too short to be seen, use method=onoff.";

const AUTH_TYPES: &[&str] = &["md5", "password", "none"];
const PRIVILEGES: &[&str] = &["callback", "user", "operator", "administrator"];

const OWN: &[Opt] = &[
    Opt::new(
        "auth",
        Kind::Choice(AUTH_TYPES),
        "Authentication of IPMI 1.5 sessions; the strongest that the BMC offers if not given",
    )
    .short('A')
    .value("type"),
    Opt::new(
        "cipher",
        Kind::Text,
        "Cipher suite of IPMI 2.0 sessions (0 to 17); the best that the BMC offers if not given",
    )
    .short('C')
    .value("id"),
    Opt::new("hexadecimal_kg", Kind::Text, "BMC key (Kg) of IPMI 2.0 sessions, in hexadecimal digits")
        .value("key")
        .secret(),
    Opt::new("lanplus", Kind::Flag, "Open IPMI 2.0 (RMCP+) sessions, which are safer than those of IPMI 1.5")
        .short('P'),
    Opt::new("privlvl", Kind::Choice(PRIVILEGES), "Privilege level of the session")
        .short('L')
        .default("administrator")
        .value("level"),
    Opt::new(
        "target",
        Kind::Text,
        "Address behind the BMC; bridging is not supported, so only the BMC itself (0x20) is taken",
    )
    .value("address"),
    Opt::new("ipmitool_path", Kind::Text, "Accepted for compatibility; ipmitool is not used")
        .default("/usr/bin/ipmitool")
        .value("path")
        .order(200),
    Opt::new(
        "ipmitool_timeout",
        Kind::Text,
        "Accepted for compatibility; login_timeout and shell_timeout rule",
    )
    .default("2")
    .value("seconds")
    .order(201),
];

/// The agent of this name, if it is one of ours.
pub(crate) fn agent(name: &str) -> Option<Agent> {
    let own = NAMES.iter().find(|own| own.name == name)?;
    let lanplus = matches!(own.name, "fence_ipmilanplus" | "fence_ilo3" | "fence_ilo4" | "fence_ilo5");
    let power_wait = if own.name == "fence_ilo3" { "4" } else { "2" };
    let groups = ALWAYS.iter().chain(IP).chain(LOGIN).chain(PORT_AS_IP).chain(SUDO).chain(&[
        "method",
        "inet4_only",
        "inet6_only",
    ]);
    let adapt = |option: Opt| match option.name {
        "ipport" => option.default("623"),
        "power_wait" => option.default(power_wait),
        "plug" => option.value("ip").text("Name or address of the fence device, together with port_as_ip"),
        "lanplus" => option.default(if lanplus { "1" } else { "0" }),
        _ => option,
    };
    Some(Agent {
        name: own.name,
        short_description: own.description,
        long_description: LONG,
        vendor_url: "",
        other_names: NAMES.iter().filter(|other| other.name != name).copied().collect(),
        options: groups.filter_map(|name| standard(name)).chain(OWN.iter().copied()).map(adapt).collect(),
        needs: Needs { username: false, password: false, plug: false },
        abilities: Abilities { diag: true, ..Abilities::default() },
        check: Box::new(Settings::check),
        build: Box::new(|values| Ok(Box::new(Device::new(Settings::new(values)?)))),
    })
}
