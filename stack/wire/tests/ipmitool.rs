//! ipmitool against our BMC: it logs in with everything it knows, and prints what it prints of ipmi_sim where
//! it is refused.

mod support;

use fencelab_peers::{IpmiSim, Setup};
use fencelab_wire::Secret;
use support::bmc::{Bmc, config};
use support::peer::{Ran, ipmitool};

fn assert_prints(ran: &Ran, code: i32, line: &str) {
    assert_eq!((ran.code, ran.out.lines().any(|printed| printed == line)), (Some(code), true), "{ran:?}");
}

#[test]
fn every_suite() {
    let bmc = Bmc::start(config());
    let mut is_on = true;
    for suite in [0, 1, 2, 3, 6, 7, 8, 15, 16, 17].map(|suite| format!("-I lanplus -U admin -C {suite}")) {
        let tool = |what: &str| ipmitool(bmc.address, "secret", &suite, what);
        let state = if is_on { "on" } else { "off" };
        assert_prints(&tool("chassis power status"), 0, &format!("Chassis Power is {state}"));
        is_on = !is_on;
        let (ask, done) = if is_on { ("on", "Up/On") } else { ("off", "Down/Off") };
        let done = format!("Chassis Power Control: {done}");
        assert_prints(&tool(&format!("chassis power {ask}")), 0, &done);
        assert_eq!(bmc.sessions(), 0, "{suite}: the session is closed");
    }
}

#[test]
fn without_a_suite_it_finds_the_best() {
    let bmc = Bmc::start(config());
    let ran = ipmitool(bmc.address, "secret", "-I lanplus -U admin -v", "chassis power status");
    assert_prints(&ran, 0, "Chassis Power is on");
    assert!(ran.out.contains("Using best available cipher suite 17"), "{ran:?}");
    let listed = ipmitool(bmc.address, "secret", "-I lanplus -U admin", "channel getciphers ipmi 1");
    for id in config().cipher_suites {
        let is_row = |line: &str| line.split_whitespace().next() == Some(&id.to_string());
        assert!(listed.out.lines().any(is_row), "{id} in {listed:?}");
    }
}

#[test]
fn a_bmc_key_and_long_passwords() {
    let mut with_key = config();
    with_key.kg = Some(Secret::from("0123456789abcdefghij"));
    let bmc = Bmc::start(with_key);
    let key = "-k 0123456789abcdefghij";
    for suite in [1, 2, 3, 6, 7, 8, 15, 16, 17] {
        let login = format!("-I lanplus -U admin -C {suite} {key}");
        assert_prints(
            &ipmitool(bmc.address, "secret", &login, "chassis power status"),
            0,
            "Chassis Power is on",
        );
    }
    let without = ipmitool(bmc.address, "secret", "-I lanplus -U admin -C 3 -v", "chassis power status");
    assert_prints(&without, 1, "> RAKP 4 message has invalid integrity check value");
    let bmc = Bmc::start(config());
    for (login, password) in [
        ("-I lanplus -C 3 -U twenty", "exactly-twenty-bytes"),
        ("-I lanplus -C 17 -U sixteen", "exactly16bytes!!"),
        ("-I lan -U sixteen", "exactly16bytes!!"),
    ] {
        assert_prints(
            &ipmitool(bmc.address, password, login, "chassis power status"),
            0,
            "Chassis Power is on",
        );
    }
}

#[test]
fn every_authentication_of_ipmi_1_5() {
    for per_message_auth in [true, false] {
        let mut config = config();
        config.per_message_auth = per_message_auth;
        let bmc = Bmc::start(config);
        for auth in ["", "-A NONE", "-A MD5", "-A PASSWORD"] {
            let login = format!("-I lan -U admin {auth}");
            let status = ipmitool(bmc.address, "secret", &login, "chassis power status");
            assert_prints(&status, 0, "Chassis Power is on");
            assert_eq!(bmc.sessions(), 0);
        }
        let info = ipmitool(bmc.address, "secret", "-I lan -U admin", "session info active");
        assert!(info.out.contains("privilege level               : ADMINISTRATOR"), "{info:?}");
    }
}

/// The messages at each refusal are those that ipmi_sim gets.
#[test]
fn refusals_as_of_ipmi_sim() {
    let (bmc, sim) = (Bmc::start(config()), IpmiSim::start(Setup::default()));
    let logins = [
        ("admin", "wrong", "ADMINISTRATOR"),
        ("nobody", "wrong", "ADMINISTRATOR"),
        ("gone", "gonepw", "ADMINISTRATOR"),
        ("oper", "operpw", "ADMINISTRATOR"),
        ("oper", "operpw", "OPERATOR"),
        ("guest", "secret", "USER"),
    ];
    for interface in ["-I lan -A MD5", "-I lan -A PASSWORD", "-I lanplus -C 3"] {
        for (user, password, level) in logins {
            // ipmi_sim lets anybody be administrator in RMCP+; see `a_level_too_high`.
            if interface.contains("lanplus") && (user, level) == ("oper", "ADMINISTRATOR") {
                continue;
            }
            let login = format!("{interface} -U {user} -L {level}");
            let said = [bmc.address, sim.address].map(|address| {
                let ran = ipmitool(address, password, &login, "session info all");
                let about_session = |line: &&str| line.contains("rror") || line.contains("nvalid");
                (ran.code, ran.out.lines().filter(about_session).map(str::to_owned).collect::<Vec<_>>())
            });
            let [ours, theirs] = said;
            assert_eq!(ours, theirs, "{login}");
        }
    }
    let mut old = config();
    old.cipher_suites = vec![0, 1, 2, 3];
    let old = Bmc::start(old);
    let [ours, theirs] = [old.address, sim.address]
        .map(|address| ipmitool(address, "secret", "-I lanplus -U admin -C 17", "chassis power status").out);
    assert_eq!(ours, theirs);
    assert!(ours.contains("invalid authentication algorithm"), "{ours}");
}

/// Where ipmi_sim is laxer than the specification (IPMI 2.0 §13.20), the specification counts.
#[test]
fn a_level_too_high() {
    let bmc = Bmc::start(config());
    let ran = ipmitool(bmc.address, "operpw", "-I lanplus -C 3 -U oper -v", "chassis power status");
    let line = "RAKP 2 message indicates an error : unauthorized role requested";
    assert_prints(&ran, 1, line);
    let ran = ipmitool(bmc.address, "secret", "-I lanplus -C 3 -U guest -L USER", "chassis power off");
    let line = "Set Chassis Power Control to Down/Off failed: Insufficient privilege level";
    assert_prints(&ran, 1, line);
}

#[test]
fn a_full_table() {
    let mut config = config();
    config.session_limit = 0;
    let bmc = Bmc::start(config);
    let ran = ipmitool(bmc.address, "secret", "-I lanplus -C 3 -U admin", "chassis power status");
    assert_prints(&ran, 1, "Error in open session response message : insufficient resources for session");
    let ran = ipmitool(bmc.address, "secret", "-I lan -U admin", "chassis power status");
    // As ipmi_sim says it: before Activate Session, which would say "no session slot available".
    assert_prints(&ran, 1, "Get Session Challenge command failed: Out of space");
}

/// A BMC that is silent about its cipher suites costs ipmitool its timeouts, and it goes on with suite 3.
#[test]
fn a_bmc_without_a_list_of_suites() {
    let mut config = config();
    config.answers_cipher_suites = false;
    let bmc = Bmc::start(config);
    let ran = ipmitool(bmc.address, "secret", "-I lanplus -U admin -v", "chassis power status");
    assert_prints(&ran, 0, "Chassis Power is on");
    assert!(ran.out.contains("Unable to Get Channel Cipher Suites"), "{ran:?}");
}
