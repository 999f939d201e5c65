//! The devices of the tests: what each kind calls its outlets. Written down from the field's documents, apart from the table of
//! the agents, so that a slip there shows.

use fencelab_wire::snmp::{Oid, Value};

use super::{Plug, Unit};

/// A kind of device, with an agent that speaks to it.
pub(crate) struct Kind {
    pub(crate) agent: &'static str,
    pub(crate) make: fn() -> Unit,
    /// A plug, and its name if it can be called by that.
    pub(crate) plug: &'static str,
    pub(crate) name: Option<&'static str>,
    /// What `list` prints for that plug.
    pub(crate) listed: &'static str,
    pub(crate) fabric: bool,
}

const fn kind(
    agent: &'static str,
    make: fn() -> Unit,
    plug: &'static str,
    name: Option<&'static str>,
    listed: &'static str,
) -> Kind {
    Kind { agent, make, plug, name, listed, fabric: false }
}

pub(crate) const KINDS: &[Kind] = &[
    kind("fence_apc_snmp", rack_pdu, "7", Some("Outlet 7"), "7,Outlet 7"),
    kind("fence_apc_snmp", unknown_pdu_of_apc, "7", Some("Outlet 7"), "7,Outlet 7"),
    kind("fence_apc_snmp", master_switch, "7", Some("Outlet 7"), "7,Outlet 7"),
    kind("fence_apc_snmp", master_switch_plus, "2:3", Some("db 2:3"), "2:3,db 2:3"),
    kind("fence_apc_snmp", master_switch_plus_mib, "3:8", Some("db 3:8"), "3:8,db 3:8"),
    kind("fence_apc_snmp", firmware_6, "7", Some("Outlet 7"), "7,Outlet 7"),
    kind("fence_tripplite_snmp", tripp_lite, "7", Some("Outlet 7"), "7,Outlet 7"),
    kind("fence_tripplite_snmp", tripp_lite_lx, "24", Some("Outlet 24"), "24,Outlet 24"),
    kind("fence_eaton_snmp", eaton_managed, "1", None, "1,1"),
    kind("fence_eaton_snmp", eaton_switched, "7", None, "7,7"),
    kind("fence_emerson", emerson, "1.2.7", Some("rack 1.2.7"), "1.2.7,rack 1.2.7"),
    kind("fence_ipdu", ipdu, "7", Some("Outlet 7"), "7,Outlet 7"),
    kind("fence_ipdu", ipdu_of_lenovo, "7", Some("Outlet 7"), "7,Outlet 7"),
    kind("fence_lindypdu", lindy, "7", Some("node7"), "1:7,node7"),
    kind("fence_ibmblade", blade_center, "14", None, "14,"),
    kind("fence_intelmodular", intel, "6", None, "6,"),
    Kind { fabric: true, ..kind("fence_ifmib", if_mib, "10107", Some("Gi1/0/7"), "Gi1/0/7,to node 7") },
    Kind { fabric: true, ..kind("fence_cisco_mds", cisco_mds, "fc1/7", None, "fc1/7,to node 7") },
];

fn oid(text: &str) -> Oid {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// `N` in the pattern is the outlet.
fn at(pattern: &str, n: u32) -> Oid {
    oid(&pattern.replace('N', &n.to_string()))
}

const SYS_OBJECT_ID: &str = "1.3.6.1.2.1.1.2.0";
const ENTERPRISES: &str = "1.3.6.1.4.1";

fn device(identity: &str) -> Unit {
    let mut unit = Unit::new();
    if !identity.is_empty() {
        unit.fixed.insert(oid(SYS_OBJECT_ID), Value::ObjectId(oid(&format!("{ENTERPRISES}.{identity}"))));
    }
    // Something before and behind every table, so that a walk must know its end.
    unit.fixed.insert(oid("1.3.6.1.2.1.1.5.0"), Value::text("lab"));
    unit.fixed.insert(oid("1.3.6.1.6.3.10.2.1.4.0"), Value::Integer(1472));
    unit
}

/// Tables under the enterprises: the patterns of status, control and names, with their codes (on, off).
fn table(
    identity: &str,
    outlets: std::ops::RangeInclusive<u32>,
    status: (&str, i64, i64),
    control: (&str, i64, i64),
    names: Option<&str>,
) -> Unit {
    let mut unit = device(identity);
    let full = |pattern: &str, n| at(&format!("{ENTERPRISES}.{pattern}"), n);
    for n in outlets {
        unit.plugs.push(Plug {
            name: n.to_string(),
            status: full(status.0, n),
            shows: (status.1, status.2),
            control: full(control.0, n),
            orders: (control.1, control.2),
            oper: None,
            on: true,
        });
        if let Some(names) = names {
            unit.fixed.insert(full(names, n), Value::text(&format!("Outlet {n}")));
        }
    }
    unit
}

pub(crate) fn rack_pdu() -> Unit {
    let (status, command) = ("318.1.1.12.3.5.1.1.4.N", "318.1.1.12.3.3.1.1.4.N");
    table("318.1.3.4.5", 1..=24, (status, 1, 2), (command, 1, 2), Some("318.1.1.12.3.5.1.1.2.N"))
}

fn master_switch() -> Unit {
    master_switch_of("318.1.3.4.2")
}

/// Younger than the agents; like every APC PDU it has the objects of the oldest.
pub(crate) fn unknown_pdu_of_apc() -> Unit {
    master_switch_of("318.1.3.4.77")
}

fn master_switch_of(identity: &str) -> Unit {
    let control = "318.1.1.4.4.2.1.3.N";
    table(identity, 1..=8, (control, 1, 2), (control, 1, 2), Some("318.1.1.4.4.2.1.4.N"))
}

fn firmware_6() -> Unit {
    let (status, command) = ("318.1.1.4.4.2.1.3.N", "318.1.1.12.3.3.1.1.4.N");
    table("318.1.3.4.6", 1..=24, (status, 1, 2), (command, 1, 2), Some("318.1.1.4.4.2.1.4.N"))
}

pub(crate) fn master_switch_plus() -> Unit {
    switches(".1")
}

/// The same as the MIB has it.
fn master_switch_plus_mib() -> Unit {
    switches("")
}

/// `middle` stands between switch and outlet in the index.
fn switches(middle: &str) -> Unit {
    let mut unit = device("318.1.3.4.4");
    for switch in 1..=3_u32 {
        for outlet in 1..=8_u32 {
            let full = |base: &str| oid(&format!("{ENTERPRISES}.{base}.{switch}{middle}.{outlet}"));
            unit.plugs.push(Plug {
                name: format!("{switch}:{outlet}"),
                status: full("318.1.1.6.7.1.1.5"),
                shows: (1, 2),
                control: full("318.1.1.6.5.1.1.5"),
                orders: (1, 3),
                oper: None,
                on: true,
            });
            unit.fixed.insert(full("318.1.1.6.7.1.1.4"), Value::text(&format!("db {switch}:{outlet}")));
        }
    }
    unit
}

fn tripp_lite() -> Unit {
    let (status, control) = ("850.10.2.3.5.1.2.1.N", "850.10.2.3.5.1.4.1.N");
    table("850.1", 1..=8, (status, 2, 1), (control, 2, 1), Some("850.10.2.3.5.1.5.1.N"))
}

fn tripp_lite_lx() -> Unit {
    let (status, control) = ("850.1.1.3.2.3.3.1.1.4.1.N", "850.1.1.3.2.3.3.1.1.6.1.N");
    table("850.1.1.1", 1..=24, (status, 2, 1), (control, 2, 1), Some("850.1.1.3.2.3.3.1.1.2.1.N"))
}

fn eaton_managed() -> Unit {
    let control = "534.6.6.6.1.2.2.1.3.N";
    let mut unit = table("534.6.6.6", 0..=23, (control, 1, 0), (control, 1, 0), None);
    for (n, plug) in (0_u32..).zip(&mut unit.plugs) {
        plug.name = (n + 1).to_string();
        unit.fixed.insert(at(&format!("{ENTERPRISES}.534.6.6.6.1.2.2.1.1.N"), n), Value::Integer(n.into()));
    }
    unit
}

pub(crate) fn eaton_switched() -> Unit {
    let mut unit = table("20677.1", 1..=8, ("20677.2.6.3.N.0", 1, 2), ("20677.2.6.2.N.0", 1, 2), None);
    for (n, plug) in (1_u32..).zip(&mut unit.plugs) {
        plug.control = at(&format!("{ENTERPRISES}.20677.2.6.2.N.0"), n + 1);
    }
    // The control of all outlets at once: nobody may touch it.
    unit.fixed.insert(oid(&format!("{ENTERPRISES}.20677.2.6.2.1.0")), Value::Integer(0));
    // An outlet that is not there.
    unit.fixed.insert(oid(&format!("{ENTERPRISES}.20677.2.6.3.9.0")), Value::Integer(0));
    unit
}

fn emerson() -> Unit {
    let mut unit = device("476.1.42");
    for bank in 1..=3_u32 {
        for outlet in 1..=8_u32 {
            let name = format!("1.{bank}.{outlet}");
            let full = |column: u32| oid(&format!("{ENTERPRISES}.476.1.42.3.8.50.20.1.{column}.{name}"));
            unit.fixed.insert(full(10), Value::text(&format!("rack {name}")));
            unit.plugs.push(Plug {
                status: full(95),
                shows: (2, 1),
                control: full(100),
                orders: (1, 0),
                oper: None,
                on: true,
                name,
            });
        }
    }
    unit
}

pub(crate) const IPDU_VERSION: &str = "1.3.6.1.4.1.2.6.223.7.3.0";
pub(crate) const IPDU_COLUMNS: &str = "1.3.6.1.4.1.2.6.223.8.2.2.1";

fn ipdu() -> Unit {
    let control = "2.6.223.8.2.2.1.11.N";
    let mut unit = table("2.6.223", 1..=24, (control, 1, 0), (control, 1, 0), Some("2.6.223.8.2.2.1.2.N"));
    unit.fixed.insert(oid(IPDU_VERSION), Value::text("OPDP_sIBM_v01.3_8"));
    unit
}

/// Lenovo's has a writable threshold where the others have the state.
pub(crate) fn ipdu_of_lenovo() -> Unit {
    let control = "2.6.223.8.2.2.1.13.N";
    let mut unit = table("2.6.223", 1..=24, (control, 1, 0), (control, 1, 0), Some("2.6.223.8.2.2.1.2.N"));
    unit.fixed.insert(oid(IPDU_VERSION), Value::text("OPDP_sLEN_v01.3_4"));
    for n in 1..=24 {
        unit.fixed.insert(at(&format!("{IPDU_COLUMNS}.11.N"), n), Value::Integer(6_000));
        unit.fixed.insert(at(&format!("{IPDU_COLUMNS}.15.N"), n), Value::Gauge32(96));
    }
    unit.writable.push(oid(&format!("{IPDU_COLUMNS}.11")));
    unit
}

fn blade_center() -> Unit {
    table("2.3.51.2", 1..=14, ("2.3.51.2.22.1.5.1.1.4.N", 1, 0), ("2.3.51.2.22.1.6.1.1.7.N", 1, 0), None)
}

fn intel() -> Unit {
    let led = "343.2.19.1.2.10.202.1.1.6.N";
    table("343.2.19", 1..=6, (led, 2, 0), (led, 2, 3), None)
}

pub(crate) fn if_mib() -> Unit {
    let mut unit = device("9.1.1208");
    for n in 1..=24_u32 {
        let index = 10_100 + n;
        let admin = at("1.3.6.1.2.1.2.2.1.7.N", index);
        unit.fixed.insert(at("1.3.6.1.2.1.2.2.1.2.N", index), Value::text(&format!("Gi1/0/{n}")));
        unit.fixed.insert(at("1.3.6.1.2.1.31.1.1.1.18.N", index), Value::text(&format!("to node {n}")));
        unit.plugs.push(Plug {
            name: format!("Gi1/0/{n}"),
            status: admin.clone(),
            shows: (1, 2),
            control: admin,
            orders: (1, 2),
            oper: Some(at("1.3.6.1.2.1.2.2.1.8.N", index)),
            on: true,
        });
    }
    unit
}

pub(crate) fn cisco_mds() -> Unit {
    let mut unit = device("9.12.3.1.3.442");
    for port in 1..=24_u32 {
        let index = 16_777_216 + port * 4096;
        let admin = oid(&format!("1.3.6.1.2.1.75.1.2.2.1.1.22.{}", port - 1));
        unit.fixed.insert(at("1.3.6.1.2.1.2.2.1.2.N", index), Value::text(&format!("fc1/{port}")));
        unit.fixed.insert(at("1.3.6.1.2.1.31.1.1.1.18.N", index), Value::text(&format!("to node {port}")));
        unit.plugs.push(Plug {
            name: format!("fc1/{port}"),
            status: admin.clone(),
            shows: (1, 2),
            control: admin,
            orders: (1, 2),
            oper: Some(oid(&format!("1.3.6.1.2.1.75.1.2.2.1.2.22.{}", port - 1))),
            on: true,
        });
    }
    unit.fixed.insert(at("1.3.6.1.2.1.2.2.1.2.N", 83_886_080), Value::text("mgmt0"));
    unit
}

/// All outlets in one string.
pub(crate) const LINDY_STRING: &str = "1.3.6.1.4.1.17420.1.2.9.1.13.0";

pub(crate) fn lindy() -> Unit {
    let mut unit = device("17420");
    unit.string = Some(oid(LINDY_STRING));
    unit.fixed.insert(oid("1.3.6.1.4.1.17420.1.2.5.0"), Value::text("1,1"));
    for n in 1..=24_u32 {
        let nowhere = Oid::default();
        unit.plugs.push(Plug {
            name: format!("1:{n}"),
            status: nowhere.clone(),
            shows: (1, 0),
            control: nowhere,
            orders: (1, 0),
            oper: None,
            on: true,
        });
        unit.fixed.insert(at("1.3.6.1.4.1.17420.1.2.9.1.14.N.0", n), Value::text(&format!("node{n},0,0")));
    }
    unit
}
