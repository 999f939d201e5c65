//! The binary against OpenIPMI's `ipmi_sim`, a BMC that we have not written: each action, over both kinds of sessions,
//! with options on the command line and on standard input.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use fencelab_agents::names;
use fencelab_peers::{IpmiSim, Power, Setup};

const USER: &str = IpmiSim::LOGIN.0;
const PASSWORD: &str = "geheim-und-lang";

fn sim() -> IpmiSim {
    IpmiSim::start(Setup { power: Power::Script, password: PASSWORD, ..Setup::default() })
}

/// How the options are handed over.
#[derive(Clone, Copy, Debug)]
enum By {
    Argv,
    Stdin,
}

/// Runs an agent; `options` are stdin keys and values, flags with the value 1.
fn agent(sim: &IpmiSim, name: &str, by: By, options: &[(&str, &str)]) -> (i32, String, String) {
    let port = sim.address.port().to_string();
    let common = [
        ("ip", "127.0.0.1"),
        ("ipport", port.as_str()),
        ("username", USER),
        ("password", PASSWORD),
        ("power_wait", "0"),
    ];
    let options: Vec<(&str, &str)> = common.iter().chain(options).copied().collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fence-agents"));
    command.arg(name).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output: Output = match by {
        By::Argv => {
            for (key, value) in &options {
                command.arg(format!("--{}={value}", key.replace('_', "-")));
            }
            command.stdin(Stdio::null()).output().expect("runs")
        }
        By::Stdin => {
            let mut child = command.stdin(Stdio::piped()).spawn().expect("runs");
            let text: String = options.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
            child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("read");
            child.wait_with_output().expect("ends")
        }
    };
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).expect("UTF-8"), String::from_utf8(output.stderr).expect("UTF-8"));
    assert!(!stdout.contains(PASSWORD) && !stderr.contains(PASSWORD), "{stdout}{stderr}");
    (output.status.code().expect("an exit status"), stdout, stderr)
}

#[test]
fn every_action_over_both_interfaces_and_both_inputs() {
    let sim = sim();
    for lanplus in ["0", "1"] {
        for by in [By::Argv, By::Stdin] {
            let run = |options: &[(&str, &str)]| {
                agent(&sim, "fence_ipmilan", by, &[&[("lanplus", lanplus)], options].concat())
            };
            let expect = |action: &str, exit: i32, stdout: &str| {
                let ran = run(&[("action", action)]);
                assert_eq!(
                    (ran.0, ran.1.as_str()),
                    (exit, stdout),
                    "{action} {by:?} lanplus={lanplus}: {ran:?}"
                );
            };
            let _ = sim.orders();
            expect("status", 0, "Status: ON\n");
            expect("monitor", 0, "");
            expect("list", 0, "N/A\n");
            expect("on", 0, "Success: Already ON\n");
            assert!(sim.orders().is_empty(), "nothing was moved");
            expect("off", 0, "Success: Powered OFF\n");
            assert!(!sim.is_on());
            expect("status", 2, "Status: OFF\n");
            expect("off", 0, "Success: Already OFF\n");
            expect("on", 0, "Success: Powered ON\n");
            assert!(sim.is_on());
            assert_eq!(sim.orders(), ["0", "1"]);
            expect("reboot", 0, "Success: Rebooted\n");
            assert!(sim.is_on());
            assert_eq!(sim.orders(), ["0", "1"]);

            // The simulator's power cycle takes the power away; its way back is the simulator's own affair.
            let ran = run(&[("action", "reboot"), ("method", "cycle"), ("power_timeout", "1")]);
            assert_eq!((ran.0, ran.1.as_str()), (0, "Success: Rebooted\n"), "{ran:?}");
            assert_eq!(sim.orders().first().map(String::as_str), Some("0"));
            expect("on", 0, if sim.is_on() { "Success: Already ON\n" } else { "Success: Powered ON\n" });

            // It knows no diagnostic interrupt, and what it says instead must be told.
            let (exit, stdout, stderr) = run(&[("action", "diag")]);
            assert_eq!((exit, stdout.as_str()), (1, ""));
            assert!(
                stderr.contains("command: the bmc refuses a diagnostic interrupt: 0xcc (invalid data field"),
                "{stderr}"
            );
        }
    }
}

#[test]
fn every_name() {
    let sim = sim();
    let bmcs: Vec<_> = names().iter().filter(|agent| agent.description.contains("IPMI")).collect();
    assert_eq!(bmcs.len(), 7);
    for name in bmcs {
        let ran = agent(&sim, name.name, By::Argv, &[("action", "status")]);
        assert_eq!((ran.0, ran.1.as_str()), (0, "Status: ON\n"), "{}: {ran:?}", name.name);
    }
}

#[test]
fn cipher_suites_and_authentication_types() {
    let sim = sim();
    for suite in ["0", "1", "2", "3"] {
        let ran = agent(&sim, "fence_ipmilanplus", By::Argv, &[("action", "status"), ("cipher", suite)]);
        assert_eq!((ran.0, ran.1.as_str()), (0, "Status: ON\n"), "{suite}: {ran:?}");
    }
    for auth in ["none", "md5", "password"] {
        let ran = agent(&sim, "fence_ipmilan", By::Argv, &[("action", "status"), ("auth", auth)]);
        assert_eq!((ran.0, ran.1.as_str()), (0, "Status: ON\n"), "{auth}: {ran:?}");
    }
}

#[test]
fn who_may_not_is_told_so() {
    let sim = sim();
    let wrong = [("action", "off"), ("password", "falsch"), ("login_timeout", "2")];
    for (name, seen) in [("fence_ipmilan", "login"), ("fence_ipmilanplus", "login")] {
        let (exit, stdout, stderr) = agent(&sim, name, By::Argv, &wrong);
        assert_eq!((exit, stdout.as_str()), (1, ""), "{stderr}");
        assert!(stderr.contains(seen), "{name}: {stderr}");
        assert!(!stderr.contains("falsch"), "{stderr}");
        let (exit, _, stderr) = agent(
            &sim,
            name,
            By::Argv,
            &[("action", "off"), ("username", "niemand"), ("login_timeout", "2")],
        );
        assert!(exit == 1 && stderr.contains("login"), "{name}: {stderr}");
    }
    assert!(sim.is_on());
}

#[test]
fn a_bmc_that_is_not_there() {
    let sim = sim();
    let port = sim.address.port();
    drop(sim);
    let mut command = Command::new(env!("CARGO_BIN_EXE_fence-agents"));
    command
        .args(["fence_ipmilan", "-o", "status", "-a", "127.0.0.1", "--login-timeout=1", "-u"])
        .arg(port.to_string());
    let output = command.stdin(Stdio::null()).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("Failed: reach: ") && stderr.contains("nothing listens"), "{stderr}");
}
