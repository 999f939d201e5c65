//! The agents: names, texts, and what their options default to.

use super::{
    kind::Kind,
    kinds::{
        ALOM, APC, BLADE_CENTER, BROCADE, CDU, CYBERPOWER, DRAC, DRAC5, EATON_SSH, HDS, HP_BLADE,
        ILO_MOONSHOT, ILO_MP, ILO_SSH, LDOM, LPAR, NETIO, RARITAN, RARITAN_PX3, RSA, RSB, SANBOX2, VBOX,
        VIRSH, WTI,
    },
};
use crate::{
    invocation::AgentName,
    options::{Kind as Values, Opt, SUDO},
};

/// An agent, or several names of one.
pub(crate) struct Family {
    pub(crate) names: &'static [AgentName],
    pub(crate) long: &'static str,
    pub(crate) vendor_url: &'static str,
    pub(crate) kind: &'static Kind,
    /// The option for the prompt is there.
    pub(crate) prompt_option: bool,
    /// The default of the option for SSH.
    pub(crate) ssh_default: Option<&'static str>,
    pub(crate) fabric: bool,
    pub(crate) cycles: bool,
    pub(crate) needs_login: bool,
    pub(crate) login_timeout: &'static str,
    pub(crate) shell_timeout: &'static str,
    pub(crate) power_wait: &'static str,
    /// More of the standard options.
    pub(crate) more: &'static [&'static str],
    /// Options of its own.
    pub(crate) own: &'static [Opt],
}

/// What most have in common.
const fn family(
    names: &'static [AgentName],
    vendor_url: &'static str,
    kind: &'static Kind,
    long: &'static str,
) -> Family {
    Family {
        names,
        long,
        vendor_url,
        kind,
        prompt_option: true,
        ssh_default: None,
        fabric: false,
        cycles: false,
        needs_login: true,
        login_timeout: "5",
        shell_timeout: "3",
        power_wait: "0",
        more: &[],
        own: &[],
    }
}

const fn name(name: &'static str, description: &'static str) -> AgentName {
    AgentName { name, description }
}

const ILO_SSH_NAMES: &[AgentName] = &[
    name("fence_ilo_ssh", "Fence agent for HP iLO, by SSH or telnet"),
    name("fence_ilo3_ssh", "Fence agent for HP iLO 3, by SSH or telnet"),
    name("fence_ilo4_ssh", "Fence agent for HPE iLO 4, by SSH or telnet"),
    name("fence_ilo5_ssh", "Fence agent for HPE iLO 5, by SSH or telnet"),
];

const DRAC_VERSION: &[Opt] = &[Opt::new(
    "drac_version",
    Values::Choice(&["DRAC CMC", "DRAC MC", "DRAC 5"]),
    "Which device it is; found out at the login if not given",
)
.short('d')
.value("version")];

const HMC: &[Opt] = &[
    Opt::new("managed", Values::Text, "Name of the managed system").short('s').required().value("id"),
    Opt::new("hmc_version", Values::Choice(&["3", "4", "ivm"]), "Version of the HMC, or ivm")
        .short('H')
        .default("4")
        .value("version"),
];

const VIRTUAL_BOX: &[Opt] = &[
    Opt::new("host_os", Values::Choice(&["linux", "macos", "windows"]), "Operating system of the host")
        .default("linux")
        .value("os")
        .order(200),
    Opt::new("vboxmanage_path", Values::Text, "Where VBoxManage is on the host")
        .default("VBoxManage")
        .value("path")
        .order(200),
];

/// All of them, by name.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        ssh_default: Some("1"),
        ..family(
            &[name("fence_alom", "Fence agent for Sun ALOM, by SSH")],
            "http://www.sun.com",
            &ALOM,
            "Fences a server through its Sun Advanced Lights Out Manager. The server counts as off when its domain is in standby.",
        )
    },
    Family {
        more: &["switch"],
        ..family(
            &[name("fence_apc", "Fence agent for PDUs of APC, by telnet or SSH")],
            "http://www.apc.com",
            &APC,
            "Fences a node through its outlet on an APC MasterSwitch, MasterSwitch plus or rack PDU, by the menus of older firmware and by the command line of newer. The plug is the outlet's number, or switch:outlet. An outlet counts as off only when the device lists it so and has no order for it outstanding.",
        )
    },
    Family {
        power_wait: "10",
        ..family(
            &[name("fence_bladecenter", "Fence agent for blades in an IBM BladeCenter, by telnet or SSH")],
            "http://www.ibm.com",
            &BLADE_CENTER,
            "Fences a blade in an IBM BladeCenter through the management module. The plug is the number of the bay.",
        )
    },
    Family {
        fabric: true,
        ..family(
            &[name("fence_brocade", "Fence agent for the ports of Brocade switches, by telnet or SSH")],
            "http://www.brocade.com",
            &BROCADE,
            "Cuts a node off from its storage by disabling a port of a Brocade Fibre Channel switch for good. The plug is the port's number. On a switch with slots, whose ports have two numbers, nothing is done.",
        )
    },
    Family {
        prompt_option: false,
        more: &["switch"],
        ..family(
            &[name("fence_cdu", "Fence agent for Sentry Switched CDUs of Server Technology, by telnet")],
            "http://www.servertech.com",
            &CDU,
            "Fences a node through its outlet on a Sentry Switched CDU. The plug is the outlet's name or identifier, such as .A1; what stands before a colon in it, and the option switch, mean nothing to these devices.",
        )
    },
    family(
        &[name("fence_cyberpower_ssh", "Fence agent for PDUs of CyberPower, by SSH")],
        "http://www.cyberpower.com",
        &CYBERPOWER,
        "Fences a node through its outlet on a CyberPower switched PDU. The plug is the outlet's number.",
    ),
    family(
        &[name("fence_drac", "Fence agent for Dell DRAC IV, by telnet")],
        "http://www.dell.com",
        &DRAC,
        "Fences a server through its Dell Remote Access Controller IV, whose telnet must be switched on.",
    ),
    Family {
        own: DRAC_VERSION,
        ..family(
            &[name("fence_drac5", "Fence agent for Dell DRAC 5, CMC and DRAC/MC, by telnet or SSH")],
            "http://www.dell.com",
            &DRAC5,
            "Fences a server through its Dell DRAC 5, or a module through the CMC or DRAC/MC of its chassis. The plug is the name of the module, such as server-1; a DRAC 5 has no use for one.",
        )
    },
    family(
        &[name("fence_eaton_ssh", "Fence agent for ePDUs G3 of Eaton, by SSH")],
        "https://www.eaton.com/",
        &EATON_SSH,
        "Fences a node through its outlet on an Eaton ePDU G3. The plug is the outlet's number, from 1.",
    ),
    Family {
        power_wait: "5",
        ..family(
            &[name("fence_hds_cb", "Fence agent for Hitachi Compute Blade, by telnet or SSH")],
            "http://www.hds.com",
            &HDS,
            "Fences a partition of a Hitachi Compute Blade through the system console of its management module. The plug is the number of the partition.",
        )
    },
    Family {
        login_timeout: "10",
        ..family(
            &[name("fence_hpblade", "Fence agent for HP BladeSystem and Superdome X, by telnet or SSH")],
            "http://www.hp.com",
            &HP_BLADE,
            "Fences a blade of an HP BladeSystem, or a partition of an Integrity Superdome X, through the Onboard Administrator. The plug is the number of the bay or the partition.",
        )
    },
    Family {
        cycles: true,
        power_wait: "5",
        ..family(
            ILO_SSH_NAMES,
            "http://www.hp.com",
            &ILO_SSH,
            "Fences a server through its iLO, by the SM CLP over SSH or telnet. The server counts as off only when its EnabledState is disabled; any other state than enabled is unknown. With method=cycle the server must be seen off on its way.",
        )
    },
    Family {
        power_wait: "5",
        ..family(
            &[name("fence_ilo_mp", "Fence agent for HP Integrity iLO MP, by SSH or telnet")],
            "http://www.hp.com",
            &ILO_MP,
            "Fences a server through the management processor of an HP Integrity server, by the SM CLP. The server counts as off only when its EnabledState is disabled.",
        )
    },
    Family {
        ssh_default: Some("1"),
        ..family(
            &[name("fence_ilo_moonshot", "Fence agent for nodes of HP Moonshot, by SSH")],
            "http://www.hp.com",
            &ILO_MOONSHOT,
            "Fences a node of an HP Moonshot chassis through the chassis manager. The plug is the identifier of the node, such as c1n1.",
        )
    },
    Family {
        ssh_default: Some("1"),
        ..family(
            &[name("fence_ldom", "Fence agent for logical domains of SPARC servers, by SSH")],
            "http://www.sun.com",
            &LDOM,
            "Fences a logical domain (LDom) by the command ldm on the control domain of its server. The plug is the name of the domain. The option command_prompt is the prompt of the shell after the login, a space at its end if not given.",
        )
    },
    Family {
        ssh_default: Some("1"),
        login_timeout: "15",
        own: HMC,
        ..family(
            &[name("fence_lpar", "Fence agent for logical partitions of IBM Power servers, by SSH")],
            "http://www.ibm.com",
            &LPAR,
            "Fences a logical partition of an IBM Power server through its HMC or IVM. The plug is the name of the partition. It counts as off only when it is Not Activated.",
        )
    },
    Family {
        prompt_option: false,
        ..family(
            &[name("fence_netio", "Fence agent for Koukaam NETIO-230, by its own protocol")],
            "http://www.koukaam.se/",
            &NETIO,
            "Fences a node through its outlet on a Koukaam NETIO-230. The plug is the number of the outlet, 1 to 4.",
        )
    },
    Family {
        prompt_option: false,
        ..family(
            &[name("fence_raritan", "Fence agent for Raritan Dominion PX, by telnet")],
            "http://www.raritan.com/",
            &RARITAN,
            "Fences a node through its outlet on a Raritan Dominion PX of the first series, by the SM CLP. The plug is the outlet's number, or its path, such as /system1/outlet1.",
        )
    },
    Family {
        shell_timeout: "8",
        ..family(
            &[name("fence_raritan_px3", "Fence agent for Raritan PX2 and PX3, by telnet or SSH")],
            "http://www.raritan.com/",
            &RARITAN_PX3,
            "Fences a node through its outlet, or a group of outlets, on a Raritan PX2 or PX3. The plug is the outlet's number or name, or the name of the group.",
        )
    },
    Family {
        login_timeout: "10",
        ..family(
            &[name("fence_rsa", "Fence agent for IBM RSA II, by telnet or SSH")],
            "http://www.ibm.com",
            &RSA,
            "Fences a server through its IBM Remote Supervisor Adapter II.",
        )
    },
    family(
        &[name("fence_rsb", "Fence agent for Fujitsu-Siemens RSB, by telnet or SSH")],
        "http://www.fujitsu.com",
        &RSB,
        "Fences a server through its Fujitsu-Siemens Remote Service Board.",
    ),
    Family {
        fabric: true,
        ..family(
            &[name("fence_sanbox2", "Fence agent for the ports of QLogic SANbox2 switches, by telnet")],
            "http://www.qlogic.com",
            &SANBOX2,
            "Cuts a node off from its storage by taking a port of a QLogic SANbox2 Fibre Channel switch offline. The plug is the port's number. The switch gives its admin session to one user at a time.",
        )
    },
    Family {
        ssh_default: Some("1"),
        more: SUDO,
        own: VIRTUAL_BOX,
        ..family(
            &[name("fence_vbox", "Fence agent for virtual machines of VirtualBox, by SSH")],
            "https://www.virtualbox.org/",
            &VBOX,
            "Fences a virtual machine by VBoxManage on its host. The plug is the name or the UUID of the machine. The user on the host must be in the group vboxusers. Hosts with Windows are not supported.",
        )
    },
    Family {
        ssh_default: Some("1"),
        more: SUDO,
        ..family(
            &[name("fence_virsh", "Fence agent for virtual machines of libvirt, by SSH")],
            "http://libvirt.org",
            &VIRSH,
            "Fences a virtual machine by virsh on its host. The plug is the name or the UUID of the machine. It counts as off only when it is shut off; one that has crashed does not.",
        )
    },
    Family {
        needs_login: false,
        login_timeout: "10",
        ..family(
            &[name("fence_wti", "Fence agent for network power switches of WTI, by telnet or SSH")],
            "http://www.wti.com",
            &WTI,
            "Fences a node through its plug, or a group of plugs, on a WTI network power switch. The plug is the name in the column PLUG of the status screen, or the name of the group. User name and password are given if the device asks for them.",
        )
    },
];
