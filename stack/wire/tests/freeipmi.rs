//! FreeIPMI's programs against our BMC.

mod support;

use fencelab_peers::{IpmiSim, Setup};
use fencelab_wire::Secret;
use support::bmc::{Bmc, config};
use support::peer::{Ran, freeipmi};

const SUITES: [u8; 12] = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17];

fn assert_prints(ran: &Ran, code: i32, what: &str) {
    assert_eq!((ran.code, ran.out.contains(what)), (Some(code), true), "{what}: {ran:?}");
}

#[test]
fn every_suite_with_and_without_workaround() {
    let bmc = Bmc::start(config());
    for suite in SUITES {
        for workaround in ["", "-W opensesspriv"] {
            let login = format!("-D LAN_2_0 -I {suite} -u admin -p secret -l admin {workaround}");
            let chassis = freeipmi("ipmi-chassis", bmc.address, &format!("{login} --get-chassis-status"));
            assert_prints(&chassis, 0, "System Power                        : on");
            assert_eq!(bmc.sessions(), 0, "{login}");
        }
    }
}

#[test]
fn ipmipower_moves_the_power() {
    let bmc = Bmc::start(config());
    for login in ["-D LAN_2_0 -I 3", "-D LAN_2_0 -I 17", "-D LAN_2_0 -I 3 -W opensesspriv", "-D LAN"] {
        for (ask, said) in [("--off", "ok"), ("--stat", "off"), ("--on", "ok"), ("--stat", "on")] {
            let ran =
                freeipmi("ipmipower", bmc.address, &format!("{login} -u admin -p secret -l admin {ask}"));
            assert_prints(&ran, 0, &format!(": {said}"));
        }
    }
}

#[test]
fn bmc_info_reads_the_bmc() {
    let bmc = Bmc::start(config());
    for login in [
        "-D LAN_2_0 -I 3",
        "-D LAN_2_0 -I 17",
        "-D LAN -a MD5",
        "-D LAN -a STRAIGHT_PASSWORD_KEY",
        "-D LAN -a NONE",
    ] {
        let ran = freeipmi("bmc-info", bmc.address, &format!("{login} -u admin -p secret -l admin"));
        assert!(ran.out.contains("Firmware Revision     : 2.78"), "{login}: {ran:?}");
        assert!(ran.out.contains("efcdab89-6745-23a1-efcd-ab89674523a1"), "{login}: {ran:?}");
    }
}

#[test]
fn a_bmc_key() {
    let mut config = config();
    config.kg = Some(Secret::from("0123456789abcdefghij"));
    let bmc = Bmc::start(config);
    for suite in SUITES.into_iter().filter(|suite| *suite != 0) {
        let login = format!("-D LAN_2_0 -I {suite} -u admin -p secret -l admin --get-chassis-status");
        let key = format!("{login} -k 0123456789abcdefghij");
        assert_prints(
            &freeipmi("ipmi-chassis", bmc.address, &key),
            0,
            "System Power                        : on",
        );
        assert_prints(&freeipmi("ipmi-chassis", bmc.address, &login), 1, "k_g invalid");
    }
}

/// A BMC that echoes the level 0 of Open Session, as ipmi_sim does, needs the workaround.
#[test]
fn a_bmc_that_needs_the_workaround() {
    let mut config = config();
    config.echoes_open_session_privilege = true;
    let bmc = Bmc::start(config);
    let login = "-D LAN_2_0 -I 3 -u admin -p secret -l admin --get-chassis-status";
    let said = "privilege level cannot be obtained for this user";
    assert_prints(&freeipmi("ipmi-chassis", bmc.address, login), 1, said);
    let login = format!("{login} -W opensesspriv");
    assert_prints(
        &freeipmi("ipmi-chassis", bmc.address, &login),
        0,
        "System Power                        : on",
    );
}

/// The messages at each refusal are those that ipmi_sim gets.
#[test]
fn refusals_as_of_ipmi_sim() {
    let (bmc, sim) = (Bmc::start(config()), IpmiSim::start(Setup::default()));
    for interface in ["-D LAN_2_0 -I 3 -W opensesspriv", "-D LAN"] {
        for (user, password, level) in [
            ("admin", "wrong", "admin"),
            ("nobody", "wrong", "admin"),
            ("gone", "gonepw", "admin"),
            ("oper", "operpw", "admin"),
            ("guest", "secret", "user"),
        ] {
            // ipmi_sim lets anybody be administrator in RMCP+.
            if interface.contains("2_0") && user == "oper" {
                let args = format!("{interface} -u oper -p operpw -l admin --get-chassis-status");
                let said = "privilege level cannot be obtained for this user";
                assert_prints(&freeipmi("ipmi-chassis", bmc.address, &args), 1, said);
                continue;
            }
            let args = format!("{interface} -u {user} -p {password} -l {level} --get-chassis-status");
            let [ours, theirs] = [bmc.address, sim.address].map(|address| {
                let ran = freeipmi("ipmi-chassis", address, &args);
                (ran.code, ran.out.lines().filter(|line| line.starts_with("ipmi-")).collect::<String>())
            });
            assert_eq!(ours, theirs, "{args}");
        }
    }
}

#[test]
fn a_full_table() {
    let mut config = config();
    config.session_limit = 0;
    let bmc = Bmc::start(config);
    for interface in ["-D LAN_2_0 -I 3", "-D LAN"] {
        let args = format!("{interface} -u admin -p secret -l admin --get-chassis-status");
        assert_prints(&freeipmi("ipmi-chassis", bmc.address, &args), 1, "BMC busy");
    }
}
