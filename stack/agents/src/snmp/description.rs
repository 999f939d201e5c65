//! Names, texts and options.

use super::{
    device::Device,
    dialect::Dialects,
    kinds::{APC, BLADE_CENTER, CISCO_MDS, EATON, EMERSON, IF_MIB, IPDU, MODULAR_SERVER},
    lindy::Lindy,
    settings::Settings,
};
use crate::{
    agent::{Abilities, Agent},
    fence::Fence,
    invocation::AgentName,
    options::{ALWAYS, IP, LOGIN, Needs, Opt, SNMP, standard},
};

/// Every name.
pub(crate) const NAMES: &[AgentName] = &[
    APC_SNMP[0],
    APC_SNMP[1],
    EATON_SNMP[0],
    EMERSON_NAMES[0],
    IPDU_NAMES[0],
    LINDY_NAMES[0],
    IBMBLADE[0],
    INTELMODULAR[0],
    IFMIB[0],
    CISCO_MDS_NAMES[0],
];

const APC_SNMP: &[AgentName] = &[
    AgentName { name: "fence_apc_snmp", description: "Fence agent for PDUs of APC and Tripp Lite, by SNMP" },
    AgentName {
        name: "fence_tripplite_snmp",
        description: "Fence agent for PDUs of Tripp Lite and APC, by SNMP",
    },
];
const EATON_SNMP: &[AgentName] =
    &[AgentName { name: "fence_eaton_snmp", description: "Fence agent for ePDUs of Eaton, by SNMP" }];
const EMERSON_NAMES: &[AgentName] = &[AgentName {
    name: "fence_emerson",
    description: "Fence agent for rack PDUs of Emerson (Liebert), by SNMP",
}];
const IPDU_NAMES: &[AgentName] =
    &[AgentName { name: "fence_ipdu", description: "Fence agent for iPDUs of IBM, by SNMP" }];
const LINDY_NAMES: &[AgentName] =
    &[AgentName { name: "fence_lindypdu", description: "Fence agent for PDUs of Lindy, by SNMP" }];
const IBMBLADE: &[AgentName] = &[AgentName {
    name: "fence_ibmblade",
    description: "Fence agent for blades in an IBM BladeCenter, by SNMP",
}];
const INTELMODULAR: &[AgentName] = &[AgentName {
    name: "fence_intelmodular",
    description: "Fence agent for blades in an Intel Modular Server, by SNMP",
}];
const IFMIB: &[AgentName] = &[AgentName {
    name: "fence_ifmib",
    description: "Fence agent for the ports of any switch with IF-MIB, by SNMP",
}];
const CISCO_MDS_NAMES: &[AgentName] = &[AgentName {
    name: "fence_cisco_mds",
    description: "Fence agent for the Fibre Channel ports of Cisco MDS switches, by SNMP",
}];

/// What an agent speaks to.
#[derive(Clone, Copy)]
enum Kind {
    /// Devices whose outlets stand in tables.
    Tables(Dialects),
    /// Devices with a string.
    Lindy,
}

/// What differs from agent to agent.
struct Family {
    names: &'static [AgentName],
    long: &'static str,
    vendor_url: &'static str,
    version: Option<&'static str>,
    community: Option<&'static str>,
    power_wait: &'static str,
    /// Whether the option `switch` is there.
    switch: bool,
    fabric: bool,
    kind: Kind,
}

const FAMILIES: &[Family] = &[
    Family {
        names: APC_SNMP,
        long: "Fences a node through its outlet on a PDU of APC or Tripp Lite. The plug is the outlet's number or name; on \
a MasterSwitch plus switch:outlet. A device that is not known is tried as an APC MasterSwitch, whose objects every APC PDU \
has.",
        vendor_url: "http://www.apc.com",
        version: Some("1"),
        community: Some("private"),
        power_wait: "0",
        switch: false,
        fabric: false,
        kind: Kind::Tables(APC),
    },
    Family {
        names: EATON_SNMP,
        long: "Fences a node through its outlet on an Eaton ePDU, managed or switched. The plug is the outlet's number, from \
1.",
        vendor_url: "http://powerquality.eaton.com",
        version: Some("1"),
        community: Some("private"),
        power_wait: "2",
        switch: false,
        fabric: false,
        kind: Kind::Tables(EATON),
    },
    Family {
        names: EMERSON_NAMES,
        long: "Fences a node through its receptacle on an Emerson (Liebert) MPX or MPH2 rack PDU. The plug is \
PDU.BANK.RECEPTACLE, such as 1.2.7, or the label of a receptacle.",
        vendor_url: "http://www.emersonnetworkpower.com",
        version: None,
        community: None,
        power_wait: "5",
        switch: false,
        fabric: false,
        kind: Kind::Tables(EMERSON),
    },
    Family {
        names: IPDU_NAMES,
        long: "Fences a node through its outlet on an IBM iPDU. The plug is the outlet's number or name.",
        vendor_url: "http://www.ibm.com",
        version: Some("3"),
        community: Some("private"),
        power_wait: "0",
        switch: false,
        fabric: false,
        kind: Kind::Tables(IPDU),
    },
    Family {
        names: LINDY_NAMES,
        long: "Fences a node through its outlet on a Lindy PDU. The plug is the outlet's number or name, or switch:outlet. \
These devices take the states of all outlets of a switch at once, so two nodes should not be fenced through one of them at \
the same moment.",
        vendor_url: "http://www.lindy.co.uk",
        version: Some("1"),
        community: Some("public"),
        power_wait: "0",
        switch: true,
        fabric: false,
        kind: Kind::Lindy,
    },
    Family {
        names: IBMBLADE,
        long: "Fences a blade in an IBM BladeCenter through the management module. The plug is the number of the bay.",
        vendor_url: "http://www.ibm.com",
        version: Some("1"),
        community: None,
        power_wait: "0",
        switch: false,
        fabric: false,
        kind: Kind::Tables(BLADE_CENTER),
    },
    Family {
        names: INTELMODULAR,
        long: "Fences a blade in an Intel Modular Server (MFSYS25, MFSYS35). The plug is the number of the bay. Firmware 2.7 \
and later takes orders by SNMP version 3 only.",
        vendor_url: "http://www.intel.com",
        version: None,
        community: None,
        power_wait: "0",
        switch: false,
        fabric: false,
        kind: Kind::Tables(MODULAR_SERVER),
    },
    Family {
        names: IFMIB,
        long: "Cuts a node off from a network by setting a port of a switch down (ifAdminStatus of IF-MIB, RFC 2863). The plug \
is the port's number (ifIndex) or description (ifDescr).",
        vendor_url: "http://www.ietf.org/wg/concluded/ifmib.html",
        version: Some("2c"),
        community: None,
        power_wait: "0",
        switch: false,
        fabric: true,
        kind: Kind::Tables(IF_MIB),
    },
    Family {
        names: CISCO_MDS_NAMES,
        long: "Cuts a node off from its storage by taking a Fibre Channel port of a Cisco MDS 9000 switch offline. The plug is \
fcSLOT/PORT, such as fc1/7.",
        vendor_url: "http://www.cisco.com",
        version: None,
        community: None,
        power_wait: "0",
        switch: false,
        fabric: true,
        kind: Kind::Tables(CISCO_MDS),
    },
];

/// What these agents have beyond those of the field.
const MORE: &[&str] = &["inet4_only", "inet6_only", "missing_as_off", "separator"];

/// The agent of this name, if it is one of ours.
pub(crate) fn agent(name: &str) -> Option<Agent> {
    let (family, own) = FAMILIES
        .iter()
        .find_map(|family| Some((family, family.names.iter().find(|own| own.name == name)?)))?;
    let groups = ALWAYS.iter().chain(IP).chain(LOGIN).chain(SNMP).chain(MORE).copied();
    let groups = groups.chain(["plug"]).chain(family.switch.then_some("switch"));
    let adapt = |option: Opt| match option.name {
        "action" if family.fabric => option.default("off"),
        "ip" | "plug" => option.required(),
        "ipport" => option.default("161"),
        "power_wait" => option.default(family.power_wait),
        "snmp_version" => family.version.map_or(option, |version| option.default(version)),
        "community" => family.community.map_or(option, |community| option.default(community)),
        "switch" => option.default("1"),
        _ => option,
    };
    let kind = family.kind;
    Some(Agent {
        name: own.name,
        short_description: own.description,
        long_description: family.long,
        vendor_url: family.vendor_url,
        other_names: family.names.iter().filter(|other| other.name != name).copied().collect(),
        options: groups.filter_map(standard).map(adapt).collect(),
        needs: Needs { username: false, password: false, plug: true },
        abilities: Abilities { fabric: family.fabric, many_plugs: true, ..Abilities::default() },
        check: Box::new(Settings::check),
        build: Box::new(move |values| {
            let settings = Settings::new(values);
            Ok(match kind {
                Kind::Tables(dialects) => Box::new(Device::new(settings, dialects)) as Box<dyn Fence>,
                Kind::Lindy => Box::new(Lindy::new(settings)),
            })
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_listed() {
        let names: Vec<&str> = NAMES.iter().map(|agent| agent.name).collect();
        let of_families: Vec<&str> =
            FAMILIES.iter().flat_map(|family| family.names).map(|agent| agent.name).collect();
        assert_eq!(names, of_families);
    }
}
