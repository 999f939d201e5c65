//! `fence_ipmilan` against a BMC in memory, in virtual time: what goes wrong between an agent and a BMC.

mod bmc;

use std::time::Duration;

use bmc::{Bmc, PASSWORD, Ran, USER, play};
use fencelab_agents::{Invocation, run};
use fencelab_link::memory::MemoryWorld;
use fencelab_wire::ipmi::{AuthType, Completion, Privilege};

/// The agents that speak to a BMC.
const NAMES: &[&str] = &[
    "fence_ipmilan",
    "fence_ipmilanplus",
    "fence_ilo3",
    "fence_ilo4",
    "fence_ilo5",
    "fence_idrac",
    "fence_imm",
];

fn healthy() -> std::rc::Rc<std::cell::RefCell<Bmc>> {
    Bmc::new(|_| ()).shared()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[track_caller]
fn expect(ran: &Ran, exit: i32, stdout: &str) {
    assert_eq!((ran.outcome.exit, ran.outcome.stdout.as_str()), (exit, stdout), "{ran:?}");
}

#[track_caller]
fn expect_failure(ran: &Ran, step: &str, seen: &str) {
    assert_eq!((ran.outcome.exit, ran.outcome.stdout.as_str()), (1, ""), "{ran:?}");
    let line = ran.outcome.stderr.lines().last().unwrap_or_default();
    assert!(line.starts_with(&format!("ERROR: Failed: {step}: ")) && line.contains(seen), "{ran:?}");
}

#[test]
fn every_name_does_every_action_over_both_interfaces() {
    for agent in NAMES {
        for interface in ["--lanplus=0", "--lanplus=1"] {
            let bmc = healthy();
            let play = |args: &[&str]| play(&bmc, agent, &[&[interface], args].concat());
            expect(&play(&["-o", "status"]), 0, "Status: ON\n");
            expect(&play(&["-o", "monitor"]), 0, "");
            expect(&play(&["-o", "list"]), 0, "N/A\n");
            expect(&play(&["-o", "on"]), 0, "Success: Already ON\n");
            expect(&play(&["-o", "off"]), 0, "Success: Powered OFF\n");
            assert!(!bmc.borrow().on);
            expect(&play(&["-o", "off"]), 0, "Success: Already OFF\n");
            expect(&play(&["-o", "status"]), 2, "Status: OFF\n");
            expect(&play(&["-o", "monitor"]), 0, "");
            expect(&play(&["-o", "on"]), 0, "Success: Powered ON\n");
            assert!(bmc.borrow().on);
            expect(&play(&["-o", "reboot"]), 0, "Success: Rebooted\n");
            expect(&play(&["-o", "reboot", "-m", "cycle"]), 0, "Success: Rebooted\n");
            assert!(bmc.borrow().on);
            assert_eq!(bmc.borrow().timeline.len(), 6);
            expect(&play(&["-o", "diag"]), 0, "Success: Diagnostic interrupt sent\n");
            expect(&play(&["-o", "validate-all"]), 0, "");
            assert_eq!(bmc.borrow().server.sessions(), 0, "each session was closed");
        }
    }
}

#[test]
fn the_default_interface_is_that_of_the_name() {
    for agent in NAMES {
        let plus = matches!(*agent, "fence_ipmilanplus" | "fence_ilo3" | "fence_ilo4" | "fence_ilo5");
        let bmc = Bmc::new(|config| (config.v15, config.v20) = (!plus, plus)).shared();
        expect(&play(&bmc, agent, &["-o", "status"]), 0, "Status: ON\n");
        let other = if plus { "--lanplus=0" } else { "--lanplus=1" };
        expect_failure(&play(&bmc, agent, &[other, "-o", "status"]), "login", "lanplus chooses");
    }
}

#[test]
fn cipher_suites_and_authentication_types() {
    for suite in ["1", "2", "3", "6", "7", "8", "15", "16", "17"] {
        expect(&play(&healthy(), "fence_ipmilan", &["-P", "-C", suite, "-o", "status"]), 0, "Status: ON\n");
    }
    for auth in ["md5", "PASSWORD"] {
        expect(&play(&healthy(), "fence_ipmilan", &["-A", auth, "-o", "status"]), 0, "Status: ON\n");
    }
    let md5 = Bmc::new(|config| config.auth_types = vec![AuthType::Md5]).shared();
    expect_failure(&play(&md5, "fence_ipmilan", &["-A", "password", "-o", "status"]), "login", "");
    let silent = Bmc::new(|config| config.answers_cipher_suites = false).shared();
    let ran = play(&silent, "fence_ipmilan", &["-P", "-o", "status"]);
    expect(&ran, 0, "Status: ON\n");
    // It is asked twice, for the answer may have been lost, and then done without.
    assert!(ran.seconds < 4.0, "two unanswered questions: {}", ran.seconds);
}

#[test]
fn a_bmc_key_must_be_the_same() {
    let keyed = Bmc::new(|config| config.kg = Some("secretkey".into())).shared();
    let args = ["-P", "-o", "status", "--hexadecimal-kg"];
    expect(&play(&keyed, "fence_ipmilan", &[&args[..], &["7365637265746b6579"]].concat()), 0, "Status: ON\n");
    expect_failure(&play(&keyed, "fence_ipmilan", &[&args[..], &["00"]].concat()), "login", "authentication");
}

#[test]
fn who_may_not_is_told_so_at_once() {
    for interface in ["--lanplus=0", "--lanplus=1"] {
        let bmc = healthy();
        let wrong_password =
            play(&bmc, "fence_ipmilan", &[interface, "-o", "status", "-p", "wrong-password"]);
        assert!(wrong_password.outcome.exit == 1 && wrong_password.seconds < 10.0, "{wrong_password:?}");
        expect_failure(
            &play(&bmc, "fence_ipmilan", &[interface, "-o", "status", "-l", "nobody"]),
            "login",
            "",
        );
        let user = Bmc::new(|config| config.privilege_limit = Privilege::User).shared();
        expect_failure(&play(&user, "fence_ipmilan", &[interface, "-o", "status"]), "login", "");
        let ran = play(&bmc, "fence_ipmilan", &[interface, "-L", "user", "-o", "off"]);
        assert_eq!(ran.outcome.exit, 1, "{ran:?}");
        assert!(bmc.borrow().on);
        expect(&play(&bmc, "fence_ipmilan", &[interface, "-L", "user", "-o", "status"]), 0, "Status: ON\n");
    }
}

#[test]
fn a_lost_datagram_is_sent_again_whichever_it_is() {
    for interface in ["--lanplus=0", "--lanplus=1"] {
        for lost in 1..=16 {
            let bmc = healthy();
            bmc.borrow_mut().lose = Some(Box::new(move |_, n| n == lost));
            let ran = play(&bmc, "fence_ipmilan", &[interface, "-o", "reboot", "--power-wait=0"]);
            expect(&ran, 0, "Success: Rebooted\n");
            assert!(ran.seconds < 4.0, "datagram {lost}: {}", ran.seconds);
        }
    }
}

#[test]
fn silence_ends_at_the_login_timeout() {
    for (args, seconds) in [
        (&[][..], 5.0),
        (&["--login-timeout=9"], 9.0),
        (&["--login-timeout=0"], 20.0),
        (&["--disable-timeout=1"], 20.0),
    ] {
        let bmc = healthy();
        bmc.borrow_mut().lose = Some(Box::new(|_, _| true));
        let ran = play(&bmc, "fence_ipmilan", &[&["-o", "status"], args].concat());
        expect_failure(&ran, "reach", "no answer from bmc:623");
        assert!((ran.seconds - seconds).abs() < 3.5 && ran.seconds >= seconds, "{args:?}: {}", ran.seconds);
    }
}

#[test]
fn a_bmc_that_refuses_datagrams_is_reported_as_such() {
    let bmc = healthy();
    bmc.borrow_mut().refuses = true;
    expect_failure(&play(&bmc, "fence_ipmilan", &["-o", "status"]), "reach", "nothing listens");
}

#[test]
fn silence_after_the_login_ends_at_the_shell_timeout() {
    let bmc = healthy();
    bmc.borrow_mut().answer = Some(Box::new(|_, request| (request.netfn.0 == 0).then_some(None)));
    let ran = play(&bmc, "fence_ipmilan", &["-P", "-o", "status"]);
    expect_failure(&ran, "command", "does not answer to Get Chassis Status");
    assert!(ran.seconds <= 9.0, "login and shell timeout together: {}", ran.seconds);
}

#[test]
fn a_full_session_table_is_waited_out() {
    let bmc = Bmc::new(|config| config.session_limit = 0).shared();
    for interface in ["--lanplus=0", "--lanplus=1"] {
        let ran = play(&bmc, "fence_ipmilan", &[interface, "-o", "status"]);
        expect_failure(&ran, "login", "");
        assert!((4.0..5.5).contains(&ran.seconds), "it is tried while time remains: {ran:?}");
    }
}

#[test]
fn a_session_that_is_forgotten_is_opened_anew() {
    for interface in ["--lanplus=0", "--lanplus=1"] {
        let bmc = healthy();
        // The BMC restarts in the middle of the reboot: silent for 4 s, and all sessions gone.
        bmc.borrow_mut().restart = Some(ms(2_500)..ms(6_500));
        let ran = play(&bmc, "fence_ipmilan", &[interface, "-o", "reboot"]);
        expect(&ran, 0, "Success: Rebooted\n");
    }
}

#[test]
fn busy_is_asked_again_and_other_codes_are_unknown() {
    let bmc = healthy();
    bmc.borrow_mut().answer = Some(Box::new(|now, request| {
        (request.command == 1 && now < ms(2_000)).then(|| Some(request.answer(Completion::NODE_BUSY, [])))
    }));
    expect(&play(&bmc, "fence_ipmilan", &["-o", "status"]), 0, "Status: ON\n");

    for (completion, data) in [
        (0xd5, &[][..]),
        (0xff, &[]),
        (0xc1, &[0x00, 0, 0]),
        (0, &[]),
        (0, &[0x00]),
        (0, &[0x00, 0]),
        (0, &[0x08, 0, 0]),
    ] {
        let bmc = healthy();
        let data = data.to_vec();
        bmc.borrow_mut().answer = Some(Box::new(move |_, request| {
            (request.command == 1).then(|| Some(request.answer(Completion(completion), data.clone())))
        }));
        for action in ["status", "monitor"] {
            expect_failure(&play(&bmc, "fence_ipmilan", &["-o", action]), "parse", "");
        }
        for action in ["off", "reboot"] {
            let ran = play(&bmc, "fence_ipmilan", &["-o", action]);
            expect_failure(&ran, "verify", "UNKNOWN");
        }
    }
}

#[test]
fn an_order_that_is_acknowledged_but_not_done_is_a_failure() {
    let deaf = |control: u8| {
        let bmc = healthy();
        bmc.borrow_mut().answer = Some(Box::new(move |_, request| {
            (request.command == 2 && request.data == [control])
                .then(|| Some(request.answer(Completion::OK, [])))
        }));
        bmc
    };
    let ran = play(&deaf(0), "fence_ipmilan", &["-o", "off"]);
    expect_failure(&ran, "verify", "the plug is ON");
    assert!((22.0..24.0).contains(&ran.seconds), "{}", ran.seconds);
    expect_failure(
        &play(&deaf(2), "fence_ipmilan", &["-o", "reboot", "-m", "cycle"]),
        "verify",
        "never seen off",
    );
    let ran = play(&deaf(1), "fence_ipmilan", &["-o", "reboot"]);
    expect(&ran, 0, "Success: Rebooted\n");
    assert!(ran.outcome.stderr.contains("does not come on again"), "{ran:?}");
}

#[test]
fn cycle_of_a_node_that_is_off_is_refused_in_words() {
    let bmc = healthy();
    bmc.borrow_mut().on = false;
    expect_failure(
        &play(&bmc, "fence_ipmilan", &["-o", "reboot", "-m", "cycle"]),
        "command",
        "which many devices do not cycle; method=onoff",
    );
}

#[test]
fn the_delay_is_before_off_and_reboot_only() {
    for (action, delayed) in
        [("off", true), ("reboot", true), ("on", false), ("status", false), ("monitor", false)]
    {
        let bmc = healthy();
        play(&bmc, "fence_ipmilan", &["-o", action, "--delay=30"]);
        let first = bmc.borrow().commands.first().map(|(at, ..)| *at).unwrap();
        assert_eq!(first >= Duration::from_secs(30), delayed, "{action}");
    }
}

#[test]
fn several_addresses_by_port_as_ip() {
    let (a, b) = (healthy(), healthy());
    let mut world = MemoryWorld::new(1);
    world.route("a", 623, a.clone());
    world.route("b", 623, b.clone());
    let args =
        ["-l", USER, "-p", PASSWORD, "--port-as-ip", "-n", "a,b", "-o", "off"].map(str::to_owned).to_vec();
    let outcome =
        run(&Invocation { program: "fence_ipmilan".to_owned(), args, ..Invocation::default() }, &mut world);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (0, "Success: Powered OFF\n"), "{outcome:?}");
    assert!(!a.borrow().on && !b.borrow().on);
    assert_eq!((a.borrow().server.sessions(), b.borrow().server.sessions()), (0, 0));
}

#[test]
fn argv_and_stdin_are_the_same_run() {
    for action in ["status", "off", "reboot", "monitor"] {
        let argv = healthy();
        let by_argv = play(&argv, "fence_ilo4", &["-o", action]);
        let stdin = healthy();
        let mut world = MemoryWorld::new(42);
        world.route("bmc", 623, stdin.clone());
        let text = format!(
            "action={action}\nip=bmc\nusername={USER}\npasswd={PASSWORD}\nport=node-1\nnodename=node-1\n"
        );
        let invocation =
            Invocation { program: "fence_ilo4".to_owned(), stdin: Some(text), ..Invocation::default() };
        let outcome = run(&invocation, &mut world);
        assert_eq!(outcome, by_argv.outcome);
        assert_eq!(argv.borrow().commands, stdin.borrow().commands, "to the microsecond");
    }
}

#[test]
fn the_password_may_come_from_a_script() {
    let bmc = healthy();
    let mut world = MemoryWorld::new(1);
    world.route("bmc", 623, bmc);
    world.script("get-password", format!("{PASSWORD}\n"));
    let args =
        ["-a", "bmc", "-l", USER, "-S", "get-password", "-o", "status", "-v"].map(str::to_owned).to_vec();
    let outcome =
        run(&Invocation { program: "fence_ilo4".to_owned(), args, ..Invocation::default() }, &mut world);
    assert_eq!(outcome.exit, 0, "{outcome:?}");
    assert!(!format!("{outcome:?}").contains(PASSWORD));
}

#[test]
fn a_run_is_decided_by_its_inputs() {
    let once = || {
        let bmc = healthy();
        let ran = bmc::play_at(&bmc, "fence_ilo5", &["-o", "reboot", "-v"], 7);
        let commands = bmc.borrow().commands.clone();
        (ran.outcome, commands)
    };
    assert_eq!(once(), once());
}
