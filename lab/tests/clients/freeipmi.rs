//! FreeIPMI's ipmipower, ipmi-chassis and bmc-info, with and without their workarounds.

use std::process::Command;

use fencelab_peers::{Ran, run};

use crate::bmc::{Bmc, LOGIN};

/// IPMI 1.5, then RMCP+ with suites of each kind; each with and without the workaround that `ipmi_sim` needs.
const INTERFACES: &[&[&str]] = &[
    &["-D", "LAN"],
    &["-D", "LAN_2_0", "-I", "3"],
    &["-D", "LAN_2_0", "-I", "17"],
    &["-D", "LAN_2_0", "-I", "8"],
    &["-D", "LAN_2_0", "-I", "3", "-W", "opensesspriv"],
    &["-D", "LAN_2_0", "-I", "17", "-W", "opensesspriv"],
    &["-D", "LAN", "-W", "authcap"],
];

fn freeipmi(program: &str, bmc: &Bmc, interface: &[&str], args: &[&str]) -> Ran {
    // FreeIPMI takes a password from argv or a configuration file only; this is no secret of anybody.
    run(Command::new(program)
        .args(["-h", &format!("{}:{}", bmc.host(), bmc.port()), "-u", LOGIN.0, "-p", LOGIN.1, "-l", "ADMIN"])
        .args(interface)
        .args(args))
}

#[test]
fn ipmipower_switches() {
    for interface in INTERFACES {
        let bmc = Bmc::start();
        let says = |args: &[&str], expected: &str| {
            let ran = freeipmi("ipmipower", &bmc, interface, args);
            let said = ran.stdout.trim().rsplit(": ").next().unwrap_or_default().to_owned();
            assert_eq!((ran.code, said.as_str()), (Some(0), expected), "{interface:?} {args:?}: {ran:?}");
        };
        says(&["--stat"], "on");
        says(&["--off"], "ok");
        assert!(!bmc.is_on());
        says(&["--stat"], "off");
        says(&["--on"], "ok");
        assert!(bmc.is_on());
        says(&["--pulse"], "ok");
        says(&["--reset"], "ok");
        says(&["--cycle"], "ok");
        assert!(bmc.history().starts_with("101"), "{interface:?}");
    }
}

#[test]
fn ipmi_chassis_reads_and_controls() {
    for interface in INTERFACES {
        let bmc = Bmc::start();
        let status = freeipmi("ipmi-chassis", &bmc, interface, &["--get-chassis-status"]);
        assert_eq!(status.code, Some(0), "{interface:?}: {status:?}");
        assert!(status.stdout.contains("System Power                        : on"), "{status:?}");
        let off = freeipmi("ipmi-chassis", &bmc, interface, &["--chassis-control", "POWER-DOWN"]);
        assert_eq!(off.code, Some(0), "{interface:?}: {off:?}");
        assert!(!bmc.is_on());
    }
}

#[test]
fn bmc_info_reads_who_it_is() {
    for interface in INTERFACES {
        let bmc = Bmc::start();
        let ran = freeipmi("bmc-info", &bmc, interface, &[]);
        assert_eq!(ran.code, Some(0), "{interface:?}: {ran:?}");
        assert!(ran.stdout.contains("IPMI Version"), "{ran:?}");
    }
}
