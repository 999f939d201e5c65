//! ClusterLabs' seven names for IPMI, each action that they have, judged by the plug.

use std::process::Command;

use fencelab_peers::{Ran, run};

use crate::bmc::{Bmc, LOGIN};

const NAMES: &[&str] = &[
    "fence_ipmilan",
    "fence_ipmilanplus",
    "fence_ilo3",
    "fence_ilo4",
    "fence_ilo5",
    "fence_idrac",
    "fence_imm",
];

fn agent(name: &str, bmc: &Bmc, args: &[&str]) -> Ran {
    let script = format!("--password-script=printf %s {}", LOGIN.1);
    run(Command::new(format!("/usr/sbin/{name}"))
        .args([
            format!("--ip={}", bmc.host()),
            format!("--ipport={}", bmc.port()),
            format!("--username={}", LOGIN.0),
            script,
            "--power-wait=0".to_owned(),
        ])
        .args(args))
}

#[test]
fn every_name_does_every_action() {
    for name in NAMES {
        let bmc = Bmc::start();
        let exits = |args: &[&str], expected: i32| {
            let ran = agent(name, &bmc, args);
            assert_eq!(ran.code, Some(expected), "{name} {args:?}: {ran:?}");
        };
        exits(&["--action=status"], 0);
        exits(&["--action=monitor"], 0);
        exits(&["--action=off"], 0);
        assert!(!bmc.is_on(), "{name}");
        exits(&["--action=status"], 2);
        exits(&["--action=monitor"], 0);
        exits(&["--action=on"], 0);
        assert!(bmc.is_on(), "{name}");
        exits(&["--action=reboot", "--method=onoff"], 0);
        assert_eq!(bmc.history(), "10101", "{name}");
        exits(&["--action=diag"], 0);
        exits(&["--action=reboot", "--method=cycle"], 0);
        exits(&["--action=list"], 0);
        let requests = bmc.requests();
        assert!(requests.contains("chassis-control"), "{name}: {requests}");
    }
}

#[test]
fn both_versions_of_the_protocol_serve_the_plain_name() {
    for args in [
        &["--lanplus", "--cipher=3"][..],
        &["--lanplus", "--cipher=17"],
        &["--lanplus"],
        &["--auth=md5"],
        &["--auth=password"],
    ] {
        let bmc = Bmc::start();
        let ran = agent("fence_ipmilan", &bmc, &[args, &["--action=off"]].concat());
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        assert!(!bmc.is_on(), "{args:?}");
    }
}

#[test]
fn the_bmc_key_is_given_in_hexadecimal() {
    let bmc = Bmc::start_with(&[("FENCELAB_KG", "bmc-key")]);
    let key: String = "bmc-key".bytes().map(|byte| format!("{byte:02x}")).collect();
    let status = |key: &str| {
        agent("fence_ipmilan", &bmc, &["--lanplus", "--cipher=3", "--action=status", "--hexadecimal-kg", key])
    };
    assert_eq!(status(&key).code, Some(0));
    assert_eq!(status("00").code, Some(1));
}

#[test]
fn a_reboot_of_a_node_that_is_off_ends_with_it_on() {
    let bmc = Bmc::start();
    bmc.set("off");
    let ran = agent("fence_ipmilan", &bmc, &["--lanplus", "--action=reboot"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(bmc.is_on());
}
