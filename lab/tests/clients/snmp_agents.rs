//! ClusterLabs' ten names for SNMP, each action that they have, over each version, judged by the plugs.

use std::process::Command;
use std::thread;

use fencelab_peers::{Ran, run};

use crate::pdu::{PASSWORD, Pdu};

/// One agent on one device.
struct Trial {
    agent: &'static str,
    device: &'static str,
    /// The plug as the device has it.
    plug: &'static str,
    /// The same as the agent takes it.
    option: &'static str,
    /// How the plugs begin that its lists hold.
    lists: &'static str,
    /// Fabric agents have no reboot.
    reboots: bool,
    /// Whether `list-status` works at all in version 4.12.1.
    lists_states: bool,
}

const fn power(agent: &'static str, device: &'static str, plug: &'static str) -> Trial {
    Trial { agent, device, plug, option: plug, lists: "", reboots: true, lists_states: true }
}

const fn fabric(agent: &'static str, device: &'static str, plug: &'static str) -> Trial {
    Trial { reboots: false, ..power(agent, device, plug) }
}

fn agent(trial: &Trial, pdu: &Pdu, version: &str, args: &[&str]) -> Ran {
    let mut command = Command::new(format!("/usr/sbin/{}", trial.agent));
    command.args([
        format!("--ip={}", pdu.host()),
        format!("--ipport={}", pdu.port()),
        format!("--snmp-version={version}"),
        "--power-wait=0".to_owned(),
    ]);
    if version == "3" {
        let script = format!("printf %s {PASSWORD}");
        command.args([
            "--username=lab",
            "--snmp-auth-prot=SHA",
            "--snmp-sec-level=authPriv",
            "--snmp-priv-prot=AES",
        ]);
        command.args([format!("--password-script={script}"), format!("--snmp-priv-passwd-script={script}")]);
    } else {
        command.arg(format!("--community={PASSWORD}"));
    }
    run(command.args(args))
}

/// Every action over one version.
fn over(trial: &Trial, version: &str) {
    let pdu = Pdu::start(trial.device);
    let name = format!("{} on {} over version {version}", trial.agent, trial.device);
    let before = pdu.plugs();
    assert_eq!(before.get(trial.plug), Some(&true), "{name}: {before:?}");
    let plug = format!("--plug={}", trial.option);
    let exits = |args: &[&str], expected: i32| {
        let ran = agent(trial, &pdu, version, args);
        assert_eq!(ran.code, Some(expected), "{name}: {args:?}: {ran:?}");
        ran.stdout
    };
    let only_this_is = |on: bool, doing: &str| {
        let mut expected = before.clone();
        expected.insert(trial.plug.to_owned(), on);
        assert_eq!(pdu.plugs(), expected, "{name}: {doing}");
    };
    exits(&["--action=status", &plug], 0);
    exits(&["--action=monitor"], 0);
    exits(&["--action=off", &plug], 0);
    only_this_is(false, "off");
    exits(&["--action=status", &plug], 2);
    exits(&["--action=on", &plug], 0);
    only_this_is(true, "on");
    if trial.reboots {
        exits(&["--action=reboot", &plug], 0);
        only_this_is(true, "reboot");
        assert_eq!(pdu.changes(trial.plug), "0101", "{name}");
    }
    // Each plug is in the list; what else the agent takes for one (a VLAN of a switch) is its own matter.
    let all_are_in = |list: &str| {
        for plug in before.keys().filter(|plug| plug.starts_with(trial.lists)) {
            assert!(
                list.lines().any(|line| line.split(',').next() == Some(plug)),
                "{name}: no {plug}: {list}"
            );
        }
    };
    all_are_in(&exits(&["--action=list"], 0));
    if trial.lists_states {
        all_are_in(&exits(&["--action=list-status"], 0));
    } else {
        exits(&["--action=list-status"], 1);
    }
}

fn every_action_over_every_version(trial: &Trial) {
    thread::scope(|scope| {
        for version in ["1", "2c", "3"] {
            scope.spawn(move || over(trial, version));
        }
    });
}

macro_rules! trials {
    ($($name:ident: $trial:expr;)+) => {$(
        #[test]
        fn $name() {
            every_action_over_every_version(&$trial);
        }
    )+};
}

trials! {
    apc_rack_pdu: power("fence_apc_snmp", "apc/rpdu", "24");
    apc_rack_pdu_of_firmware_6: power("fence_apc_snmp", "apc/rpdu-v6", "24");
    apc_masterswitch: power("fence_apc_snmp", "apc/masterswitch", "8");
    apc_masterswitch_plus: power("fence_apc_snmp", "apc/masterswitch-plus", "2:3");
    tripp_lite: power("fence_tripplite_snmp", "tripplite/poweralert", "24");
    tripp_lite_lx: power("fence_tripplite_snmp", "tripplite/webcardlx", "24");
    eaton_managed: power("fence_eaton_snmp", "eaton/managed-epdu", "24");
    eaton_switched: power("fence_eaton_snmp", "eaton/switched-epdu", "24");
    emerson: power("fence_emerson", "emerson/mph2", "1.2.3");
    ibm_pdu: power("fence_ipdu", "ibm/ipdu", "24");
    // Of two units in a chain it asks one at a time, the first if not told.
    lindy: Trial { option: "8", lists: "1:", ..power("fence_lindypdu", "lindy/ipower-classic-8", "1:8") };
    ibm_bladecenter: power("fence_ibmblade", "ibm/bladecenter", "14");
    intel_modular_server: power("fence_intelmodular", "intel/modular-server", "6");
    any_switch: fabric("fence_ifmib", "generic/if-mib", "GigabitEthernet0/28");
    // It looks for the plug, which nobody has to give for a list, and ends in a traceback (KeyError).
    cisco_mds: Trial { lists_states: false, ..fabric("fence_cisco_mds", "cisco/mds", "fc1/4") };
}
