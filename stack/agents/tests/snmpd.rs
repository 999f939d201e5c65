//! The binary against net-snmp's `snmpd`, an agent that we have not written: its table is what a device would have, and
//! `snmpget` tells what the agent did to it. Where a device keeps state and order in objects of their own, snmpd does not tie
//! them together, so there the order is looked at.

use std::process::{Command, Stdio};

use fencelab_peers::{SnmpUser, Snmpd, SnmpdSetup, run};

const COMMUNITY: &str = "geheime-gemeinde";
const AUTH: &str = "geheim-und-lang";
const PRIVACY: &str = "noch-geheimer";

/// A device as snmpd serves it: an agent, a plug, its state object with the codes for on and off, its order object likewise, and
/// what else it must have.
struct Device {
    agent: &'static str,
    plug: &'static str,
    status: (&'static str, &'static str, &'static str),
    control: (&'static str, &'static str, &'static str),
    more: &'static [(&'static str, &'static str, &'static str)],
}

const SYS_OBJECT_ID: &str = "1.3.6.1.2.1.1.2.0";

const DEVICES: &[Device] = &[
    Device {
        agent: "fence_apc_snmp",
        plug: "db1",
        status: ("1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.7", "1", "2"),
        control: ("1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.7", "1", "2"),
        more: &[
            (SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.318.1.3.4.5"),
            ("1.3.6.1.4.1.318.1.1.12.3.5.1.1.2.7", "octet_str", "\"db1\""),
        ],
    },
    Device {
        agent: "fence_apc_snmp",
        plug: "2:7",
        status: ("1.3.6.1.4.1.318.1.1.6.7.1.1.5.2.1.7", "1", "2"),
        control: ("1.3.6.1.4.1.318.1.1.6.5.1.1.5.2.1.7", "1", "3"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.318.1.3.4.4")],
    },
    Device {
        agent: "fence_apc_snmp",
        plug: "7",
        status: ("1.3.6.1.4.1.318.1.1.4.4.2.1.3.7", "1", "2"),
        control: ("1.3.6.1.4.1.318.1.1.4.4.2.1.3.7", "1", "2"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.318.1.3.4.2")],
    },
    Device {
        agent: "fence_apc_snmp",
        plug: "7",
        status: ("1.3.6.1.4.1.318.1.1.4.4.2.1.3.7", "1", "2"),
        control: ("1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.7", "1", "2"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.318.1.3.4.6")],
    },
    Device {
        agent: "fence_tripplite_snmp",
        plug: "7",
        status: ("1.3.6.1.4.1.850.10.2.3.5.1.2.1.7", "2", "1"),
        control: ("1.3.6.1.4.1.850.10.2.3.5.1.4.1.7", "2", "1"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.850.1")],
    },
    Device {
        agent: "fence_tripplite_snmp",
        plug: "7",
        status: ("1.3.6.1.4.1.850.1.1.3.2.3.3.1.1.4.1.7", "2", "1"),
        control: ("1.3.6.1.4.1.850.1.1.3.2.3.3.1.1.6.1.7", "2", "1"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.850.1.1.1")],
    },
    Device {
        agent: "fence_eaton_snmp",
        plug: "7",
        status: ("1.3.6.1.4.1.534.6.6.6.1.2.2.1.3.6", "1", "0"),
        control: ("1.3.6.1.4.1.534.6.6.6.1.2.2.1.3.6", "1", "0"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.534.6.6.6")],
    },
    Device {
        agent: "fence_eaton_snmp",
        plug: "7",
        status: ("1.3.6.1.4.1.20677.2.6.3.7.0", "1", "2"),
        control: ("1.3.6.1.4.1.20677.2.6.2.8.0", "1", "2"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.20677.1")],
    },
    Device {
        agent: "fence_emerson",
        plug: "1.2.7",
        status: ("1.3.6.1.4.1.476.1.42.3.8.50.20.1.95.1.2.7", "2", "1"),
        control: ("1.3.6.1.4.1.476.1.42.3.8.50.20.1.100.1.2.7", "1", "0"),
        more: &[],
    },
    Device {
        agent: "fence_ipdu",
        plug: "7",
        status: ("1.3.6.1.4.1.2.6.223.8.2.2.1.11.7", "1", "0"),
        control: ("1.3.6.1.4.1.2.6.223.8.2.2.1.11.7", "1", "0"),
        more: &[(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.2.6.223")],
    },
    Device {
        agent: "fence_ibmblade",
        plug: "7",
        status: ("1.3.6.1.4.1.2.3.51.2.22.1.5.1.1.4.7", "1", "0"),
        control: ("1.3.6.1.4.1.2.3.51.2.22.1.6.1.1.7.7", "1", "0"),
        more: &[],
    },
    Device {
        agent: "fence_intelmodular",
        plug: "7",
        status: ("1.3.6.1.4.1.343.2.19.1.2.10.202.1.1.6.7", "2", "0"),
        control: ("1.3.6.1.4.1.343.2.19.1.2.10.202.1.1.6.7", "2", "3"),
        more: &[],
    },
    Device {
        agent: "fence_ifmib",
        plug: "Gi1/0/7",
        status: ("1.3.6.1.2.1.2.2.1.7.10107", "1", "2"),
        control: ("1.3.6.1.2.1.2.2.1.7.10107", "1", "2"),
        more: &[("1.3.6.1.2.1.2.2.1.2.10107", "octet_str", "\"Gi1/0/7\"")],
    },
    Device {
        agent: "fence_cisco_mds",
        plug: "fc2/7",
        status: ("1.3.6.1.2.1.75.1.2.2.1.1.23.6", "1", "2"),
        control: ("1.3.6.1.2.1.75.1.2.2.1.1.23.6", "1", "2"),
        more: &[],
    },
];

impl Device {
    fn start(&self) -> Snmpd {
        let user = SnmpUser { name: "lab", auth: Some(("SHA-256", AUTH)), privacy: Some(("AES", PRIVACY)) };
        let weak = SnmpUser { name: "weak", auth: Some(("MD5", AUTH)), privacy: Some(("DES", PRIVACY)) };
        let mut setup = SnmpdSetup::new().community(COMMUNITY, true).user(user).user(weak);
        setup = setup.object(self.status.0, "integer", self.status.1);
        if self.control.0 != self.status.0 {
            setup = setup.object(self.control.0, "integer", self.control.1);
        }
        for (oid, kind, value) in self.more {
            setup = setup.object(oid, kind, value);
        }
        Snmpd::start(&setup)
    }
}

/// The number that stands in an object.
fn get(snmpd: &Snmpd, oid: &str) -> String {
    let got = run(Command::new("snmpget").env("MIBS", "").args([
        "-v2c",
        "-c",
        COMMUNITY,
        "-Oqv",
        &snmpd.peer(),
        oid,
    ]));
    assert_eq!(got.code, Some(0), "{}", got.text());
    got.stdout.trim().to_owned()
}

fn set(snmpd: &Snmpd, oid: &str, value: &str) {
    let args = ["-v2c", "-c", COMMUNITY, &snmpd.peer(), oid, "i", value];
    let ran = run(Command::new("snmpset").env("MIBS", "").args(args));
    assert_eq!(ran.code, Some(0), "{}", ran.text());
}

/// Runs an agent; exit status, standard output, standard error.
fn agent(snmpd: &Snmpd, name: &str, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_fence-agents"))
        .args([name, "-a", "127.0.0.1", "-u", &snmpd.address.port().to_string(), "--power-wait=0"])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    for secret in [COMMUNITY, AUTH, PRIVACY] {
        assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}{stderr}");
    }
    (output.status.code().expect("an exit status"), stdout, stderr)
}

const LOGINS: [&[&str]; 4] = [
    &["-d", "1", "-c", COMMUNITY],
    &["-d", "2c", "-c", COMMUNITY],
    &["-d", "3", "-l", "lab", "-p", AUTH, "-P", PRIVACY, "-b", "SHA-256", "-B", "AES"],
    // What net-snmp takes where no algorithm is named.
    &["-d", "3", "-l", "weak", "-p", AUTH, "-P", PRIVACY, "-E", "authPriv"],
];

/// Status and orders; whether the state follows an order depends on the objects being one.
fn play(device: &Device) {
    let snmpd = device.start();
    let (status, control) = (device.status, device.control);
    let follows = |on: bool| {
        let codes = if on { (status.1, control.1) } else { (status.2, control.2) };
        status.0 == control.0 && codes.0 == codes.1
    };
    for login in LOGINS {
        let expect = |action: &str, exit: i32, stdout: &str| {
            let ran = agent(&snmpd, device.agent, &[login, &["-n", device.plug, "-o", action]].concat());
            assert_eq!(
                (ran.0, ran.1.as_str()),
                (exit, stdout),
                "{} {login:?} {action}: {}",
                device.agent,
                ran.2
            );
        };
        let order = |action: &str, on: bool, code: &str| {
            if follows(on) {
                expect(action, 0, &format!("Success: Powered {}\n", action.to_uppercase()));
            } else {
                // The state does not follow the order here, and an agent must not take the order for the state.
                let args = ["-n", device.plug, "-o", action, "--power-timeout=1", "--retry-on=0"];
                let (exit, stdout, stderr) = agent(&snmpd, device.agent, &[login, &args].concat());
                assert_eq!((exit, stdout.as_str()), (1, ""), "{} {login:?}: {stderr}", device.agent);
                assert!(stderr.contains("Failed: verify: "), "{stderr}");
            }
            assert_eq!(get(&snmpd, control.0), code, "{} {login:?} {action}", device.agent);
        };
        set(&snmpd, status.0, status.1);
        expect("status", 0, "Status: ON\n");
        expect("on", 0, "Success: Already ON\n");
        order("off", false, control.2);
        set(&snmpd, status.0, status.2);
        expect("status", 2, "Status: OFF\n");
        expect("off", 0, "Success: Already OFF\n");
        order("on", true, control.1);
    }
}

#[test]
fn status_and_orders_over_every_version() {
    // They mostly sleep.
    std::thread::scope(|scope| {
        for device in DEVICES {
            scope.spawn(|| play(device));
        }
    });
}

#[test]
fn lists_over_every_version() {
    let snmpd = DEVICES[0].start();
    for login in LOGINS {
        for (action, lines) in [("list", "7,db1\n"), ("list-status", "7,db1,ON\n"), ("monitor", "")] {
            let (exit, stdout, stderr) = agent(&snmpd, "fence_apc_snmp", &[login, &["-o", action]].concat());
            assert_eq!((exit, stdout.as_str()), (0, lines), "{login:?}: {stderr}");
        }
    }
}

#[test]
fn a_string_of_all_outlets_is_changed_in_one_place() {
    let states = "1.3.6.1.4.1.17420.1.2.9.1.13.0";
    let mut setup = SnmpdSetup::new()
        .community(COMMUNITY, true)
        .object(SYS_OBJECT_ID, "object_id", ".1.3.6.1.4.1.17420")
        .object(states, "octet_str", "\"1,0,1,1,1,1,1,1\"");
    for n in 1..=8 {
        setup = setup.object(
            &format!("1.3.6.1.4.1.17420.1.2.9.1.14.{n}.0"),
            "octet_str",
            &format!("\"node{n},0\""),
        );
    }
    let snmpd = Snmpd::start(&setup);
    let run = |args: &[&str]| agent(&snmpd, "fence_lindypdu", &[&["-c", COMMUNITY], args].concat());
    let ran = run(&["-n", "node4", "-o", "off"]);
    assert_eq!((ran.0, ran.1.as_str()), (0, "Success: Powered OFF\n"), "{}", ran.2);
    assert_eq!(get(&snmpd, states), "\"1,0,1,0,1,1,1,1\"");
    assert_eq!(run(&["-n", "4,8", "-o", "reboot"]).0, 0);
    assert_eq!(get(&snmpd, states), "\"1,0,1,1,1,1,1,1\"");
    assert!(run(&["-o", "list-status"]).1.starts_with("1:1,node1,ON\n1:2,node2,OFF\n"));
}

#[test]
fn who_may_not_is_told_so() {
    let snmpd = DEVICES[0].start();
    for (login, step, seen) in [
        (&["-d", "3", "-l", "nobody", "-p", AUTH, "-E", "authNoPriv"][..], "login", ""),
        (
            &["-d", "3", "-l", "lab", "-p", "wrong-wrong", "-P", PRIVACY, "-b", "SHA-256", "-B", "AES"],
            "login",
            "",
        ),
        (
            &[
                "-d",
                "3",
                "-l",
                "lab",
                "-p",
                AUTH,
                "-P",
                "wrong-wrong",
                "-b",
                "SHA-256",
                "-B",
                "AES",
                "--login-timeout=1",
                "--shell-timeout=1",
            ],
            "",
            "",
        ),
        (
            &["-d", "2c", "-c", "wrong-wrong", "--login-timeout=1", "--shell-timeout=1"],
            "reach",
            "a wrong community",
        ),
    ] {
        let (exit, stdout, stderr) =
            agent(&snmpd, "fence_apc_snmp", &[login, &["-n", "7", "-o", "off"]].concat());
        assert_eq!((exit, stdout.as_str()), (1, ""), "{login:?}: {stderr}");
        assert!(stderr.contains(&format!("Failed: {step}")) && stderr.contains(seen), "{login:?}: {stderr}");
        assert!(!stderr.contains("wrong-wrong"), "{stderr}");
    }
}
