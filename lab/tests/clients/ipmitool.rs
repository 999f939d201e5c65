//! ipmitool over IPMI 1.5 and RMCP+, each authentication type and cipher suite, with and without `-C`.

use std::process::Command;

use fencelab_peers::{Ran, run};

use crate::bmc::{Bmc, LOGIN};

pub(crate) fn ipmitool(bmc: &Bmc, interface: &[&str], args: &[&str]) -> Ran {
    run(Command::new("ipmitool")
        .args(["-H", &bmc.host(), "-p", &bmc.port(), "-U", LOGIN.0, "-E"])
        .args(interface)
        .args(args)
        .env("IPMI_PASSWORD", LOGIN.1))
}

/// Off, on and the states between, told and true.
fn switches(interface: &[&str]) {
    let bmc = Bmc::start();
    let says = |args: &[&str], expected: &str| {
        let ran = ipmitool(&bmc, interface, args);
        assert_eq!((ran.code, ran.stdout.trim()), (Some(0), expected), "{interface:?} {args:?}: {ran:?}");
    };
    says(&["chassis", "power", "status"], "Chassis Power is on");
    says(&["chassis", "power", "off"], "Chassis Power Control: Down/Off");
    assert!(!bmc.is_on());
    says(&["chassis", "power", "status"], "Chassis Power is off");
    says(&["chassis", "power", "on"], "Chassis Power Control: Up/On");
    assert!(bmc.is_on());
    says(&["chassis", "power", "diag"], "Chassis Power Control: Diag");
    says(&["chassis", "power", "reset"], "Chassis Power Control: Reset");
    assert!(bmc.is_on());
    assert_eq!(bmc.history(), "101", "{interface:?}");
    says(&["chassis", "power", "cycle"], "Chassis Power Control: Cycle");
}

#[test]
fn lan_with_each_authentication_type() {
    for auth in ["NONE", "MD5", "PASSWORD"] {
        switches(&["-I", "lan", "-A", auth]);
    }
}

#[test]
fn lan_without_a_wish() {
    switches(&["-I", "lan"]);
}

#[test]
fn lanplus_without_authentication_integrity_or_confidentiality() {
    for suite in ["0", "1", "2"] {
        switches(&["-I", "lanplus", "-C", suite]);
    }
}

#[test]
fn lanplus_with_sha1() {
    switches(&["-I", "lanplus", "-C", "3"]);
}

#[test]
fn lanplus_with_md5() {
    for suite in ["6", "7", "8"] {
        switches(&["-I", "lanplus", "-C", suite]);
    }
}

#[test]
fn lanplus_with_sha256() {
    for suite in ["15", "16", "17"] {
        switches(&["-I", "lanplus", "-C", suite]);
    }
}

#[test]
fn lanplus_without_a_suite_asks_for_the_suites() {
    switches(&["-I", "lanplus"]);
}

/// Two-key logins: user's password and BMC key; ipmitool takes the key by environment (`-K`).
#[test]
fn a_bmc_key_is_needed_where_there_is_one() {
    let bmc = Bmc::start_with(&[("FENCELAB_KG", "fifteen-byte-kg")]);
    let status = |key: Option<&str>| {
        let mut command = Command::new("ipmitool");
        command.args([
            "-I",
            "lanplus",
            "-C",
            "17",
            "-H",
            &bmc.host(),
            "-p",
            &bmc.port(),
            "-U",
            LOGIN.0,
            "-E",
        ]);
        command.env("IPMI_PASSWORD", LOGIN.1);
        if let Some(key) = key {
            command.arg("-K").env("IPMI_KGKEY", key);
        }
        run(command.args(["chassis", "power", "status"]))
    };
    assert_eq!(status(Some("fifteen-byte-kg")).code, Some(0));
    assert_eq!(status(Some("another-key")).code, Some(1));
    assert_eq!(status(None).code, Some(1));
}

#[test]
fn the_inventory_is_answered() {
    let bmc = Bmc::start();
    for args in [
        &["mc", "info"][..],
        &["mc", "guid"],
        &["chassis", "status"],
        &["chassis", "restart_cause"],
        &["chassis", "identify", "1"],
        &["chassis", "bootdev", "pxe"],
        &["chassis", "bootparam", "get", "5"],
        &["sdr", "list"],
        &["sel", "info"],
        &["fru", "print"],
        &["sensor", "list"],
        &["channel", "info"],
        &["session", "info", "active"],
    ] {
        let ran = ipmitool(&bmc, &["-I", "lanplus", "-C", "17"], args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
    }
}

#[test]
fn an_unknown_command_is_called_invalid() {
    let bmc = Bmc::start();
    let ran = ipmitool(&bmc, &["-I", "lanplus", "-C", "3"], &["raw", "0x2e", "0x55"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("rsp=0xc1): Invalid command"), "{ran:?}");
}
