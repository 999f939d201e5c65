//! Every agent does on its device what its metadata says, and nothing else.

use crate::shells::DEVICES;

#[test]
fn every_action_works() {
    for device in DEVICES {
        let mut bench = device.bench();
        let (title, name) = (device.title, device.name());
        let on_off =
            |on: bool| (if on { 0 } else { 2 }, format!("Status: {}\n", if on { "ON" } else { "OFF" }));
        assert_eq!(bench.exit("status"), on_off(true), "{title}");
        assert_eq!(bench.exit("monitor").0, 0, "{title}");
        assert_eq!(bench.exit("on"), (0, "Success: Already ON\n".to_owned()), "{title}");
        assert!(bench.orders().is_empty(), "{title}: nothing was moved");

        assert_eq!(bench.exit("off"), (0, "Success: Powered OFF\n".to_owned()), "{title}");
        assert!(!bench.is_on(name), "{title}");
        assert!(bench.orders().iter().all(|order| *order == (name.to_owned(), false)), "{title}");
        assert_eq!(bench.exit("status"), on_off(false), "{title}");
        assert_eq!(bench.exit("off"), (0, "Success: Already OFF\n".to_owned()), "{title}");

        assert_eq!(bench.exit("on"), (0, "Success: Powered ON\n".to_owned()), "{title}");
        assert!(bench.is_on(name), "{title}");
        bench.orders();
        let is_fabric = ["fence_brocade", "fence_sanbox2"].contains(&device.agent);
        if !is_fabric {
            assert_eq!(bench.exit("reboot"), (0, "Success: Rebooted\n".to_owned()), "{title}");
            let orders = bench.orders();
            assert!(orders.iter().all(|(plug, _)| plug == name), "{title}: {orders:?}");
            assert_eq!((orders[0].1, orders[orders.len() - 1].1), (false, true), "{title}");
        }
        if let Some(list) = device.list {
            assert_eq!(bench.exit("list"), (0, list.to_owned()), "{title}");
        }
        assert!(bench.orders().is_empty(), "{title}: looking moves nothing");
    }
}

#[test]
fn a_list_tells_the_states() {
    for device in DEVICES.iter().filter(|device| device.list.is_some_and(|list| list != "N/A\n")) {
        let mut bench = device.bench();
        let name = device.name();
        bench.unit.borrow_mut().plugs.all.iter_mut().for_each(|plug| plug.on = plug.name != name);
        let list = bench.exit("list-status").1;
        let off: Vec<&str> = list.lines().filter(|line| line.ends_with(",OFF")).collect();
        let others = list.lines().filter(|line| line.ends_with(",ON")).count();
        // WTI has a group of the first plug, too.
        let groups = usize::from(device.agent == "fence_wti");
        assert_eq!((off.len(), others), (1 + groups, device.plugs.len() - 1), "{}: {list}", device.title);
    }
}

#[test]
fn a_plug_that_is_not_there_is_neither_on_nor_off() {
    for device in DEVICES.iter().filter(|device| !device.plug.is_empty() && device.agent != "fence_netio") {
        let mut bench = device.bench();
        let plug = device.missing();
        for action in ["status", "off", "on", "reboot"] {
            let outcome = bench.run(&format!("plug={plug}\naction={action}\npower_timeout=2"));
            assert_eq!((outcome.exit, outcome.stdout.as_str()), (1, ""), "{} {action}", device.title);
        }
        assert!(bench.orders().is_empty(), "{}", device.title);
    }
}

#[test]
fn a_deaf_device_is_no_success() {
    for device in DEVICES {
        let mut bench = device.bench();
        bench.unit.borrow_mut().plugs.deaf = true;
        let outcome = bench.run("action=off\npower_timeout=3");
        assert_eq!(outcome.exit, 1, "{}: {outcome:?}", device.title);
        assert!(outcome.stderr.contains("Failed: verify"), "{}: {}", device.title, outcome.stderr);
    }
}

#[test]
fn a_wrong_password_is_told_from_silence() {
    for device in DEVICES.iter().filter(|device| device.prompts.is_some() || device.agent == "fence_netio") {
        let mut bench = device.bench();
        let outcome = bench.run("action=off\npassword=wrong");
        assert_eq!(outcome.exit, 1, "{}", device.title);
        assert!(outcome.stderr.contains("Failed: login"), "{}: {}", device.title, outcome.stderr);
        assert!(bench.orders().is_empty());
    }
}

#[test]
fn a_session_that_is_lost_is_opened_anew() {
    for device in DEVICES {
        for lines in 1..6 {
            let mut bench = device.bench();
            bench.unit.borrow_mut().hangs_up_after = Some(lines);
            let outcome = bench.run("action=off");
            // A device that hangs up before it has told a state once is a failure; later there is a second chance.
            assert!(
                outcome.exit == 0 || bench.unit.borrow().connections == 1,
                "{}: {outcome:?}",
                device.title
            );
            assert!(outcome.exit != 0 || !bench.is_on(device.name()), "{}", device.title);
        }
    }
}

#[test]
fn a_device_that_repeats_nothing_is_understood_too() {
    for device in DEVICES {
        let mut bench = device.bench();
        bench.unit.borrow_mut().echo = false;
        for (action, exit) in [("status", 0), ("off", 0), ("status", 2), ("on", 0)] {
            assert_eq!(bench.exit(action).0, exit, "{} {action}", device.title);
        }
    }
}
