//! However the bytes of a device are cut, the verdict is the same; and whatever they are, off is said only of what is off.

use std::time::Duration;

use proptest::prelude::*;

use fencelab_link::World;

use crate::{shells::DEVICES, unit::Bench};

/// How long the device pauses at a cut. Short of the agents' patience, and beyond any settling time.
const PAUSES: [Duration; 2] = [Duration::from_millis(30), Duration::from_millis(1_200)];

fn status(bench: &mut Bench) -> (i32, String) {
    let outcome = bench.run("action=status\nlogin_timeout=30");
    (outcome.exit, outcome.stdout)
}

#[test]
fn a_cut_anywhere_changes_no_verdict() {
    for device in DEVICES {
        for on in [true, false] {
            let bench = |cut| {
                let bench = device.bench();
                let mut unit = bench.unit.borrow_mut();
                unit.plugs.all.iter_mut().for_each(|plug| plug.on = (plug.name == device.name()) == on);
                unit.cut = cut;
                drop(unit);
                bench
            };
            let mut whole = bench(None);
            let verdict = status(&mut whole);
            assert_eq!(verdict.0, if on { 0 } else { 2 }, "{}", device.title);
            let length = whole.unit.borrow().said;
            for pause in PAUSES {
                for at in 1..length {
                    assert_eq!(
                        status(&mut bench(Some((at, pause)))),
                        verdict,
                        "{}: {at} {pause:?}",
                        device.title
                    );
                }
            }
        }
    }
}

#[test]
fn a_device_that_says_nothing_more_is_never_off() {
    for device in DEVICES {
        let bench = |cut| {
            let bench = device.bench();
            bench.unit.borrow_mut().cut = cut;
            bench
        };
        let mut whole = bench(None);
        status(&mut whole);
        let length = whole.unit.borrow().said;
        for at in 1..length {
            let mut bench = bench(Some((at, Duration::from_secs(100_000))));
            let (exit, _) = status(&mut bench);
            assert_ne!(exit, 2, "{} {at}", device.title);
            assert!(bench.orders().is_empty());
        }
    }
}

/// A device of the repertoire, which says this to its question for the state.
fn says(title: &str, answer: &'static [u8]) -> (i32, String) {
    let device = DEVICES.iter().find(|device| device.title == title).expect("a device");
    let mut bench = device.bench();
    bench.unit.borrow_mut().echo = false;
    bench.unit.borrow_mut().instead =
        Some(Box::new(move |line, _| (line == "power state").then(|| answer.to_vec())));
    status(&mut bench)
}

#[test]
fn what_came_before_the_echo_is_no_answer() {
    let (on, off) = ((0, "Status: ON\n".to_owned()), (2, "Status: OFF\n".to_owned()));
    let late = b"\r\nPower: Off\r\nsystem-x> power state\r\nPower: On\r\nsystem-x> ";
    assert_eq!(says("RSA II", late), on);
    assert_eq!(says("RSA II", b"power state\r\nPower: Off\r\nsystem-x> "), off);
    // Colours, a bell, a cursor that goes back, an echo that is folded.
    assert_eq!(says("RSA II", b"power \r\nstate\r\n\x1b[1mPower:\x07 Ofg\x08f\x1b[0m\r\nsystem-x> "), off);
}

#[test]
fn what_is_no_documented_answer_is_unknown() {
    for answer in [
        &b"power state\r\nPower: Off or so\r\nsystem-x> "[..],
        b"power state\r\nPower: Off\xff\r\nsystem-x> ",
        b"power state\r\nPower: Off\r\nPower: On\r\nsystem-x> ",
        b"power state\r\nPower: Off\r\nPower: Off\r\nsystem-x> ",
        b"power state\r\nnot Power: Off\r\nsystem-x> ",
        b"power state\r\nPower: Offsystem-x> ",
        b"power state\r\nPower: Off\r\n",
        b"power state\r\nsystem-x> ",
        b"system-x> ",
        b"",
    ] {
        assert_eq!(says("RSA II", answer).0, 1, "{:?}", String::from_utf8_lossy(answer));
    }
}

#[test]
fn a_device_that_never_stops_is_given_up() {
    let device = DEVICES.iter().find(|device| device.title == "APC, command line").expect("a device");
    for endless in [&b"Press <ENTER> to continue..."[..], &[b'x'; 3_000_000]] {
        let mut bench = device.bench();
        bench.unit.borrow_mut().instead = Some(Box::new(|_, _| Some(endless.to_vec())));
        assert_eq!(status(&mut bench).0, 1);
        assert!(bench.world.now() < Duration::from_secs(120));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bytes instead of an answer, with and without the prompt behind them.
    #[test]
    fn whatever_is_said_is_never_off_by_chance(bytes: Vec<u8>, keep in any::<bool>(), device in 0..DEVICES.len()) {
        let device = &DEVICES[device];
        let mut bench = device.bench();
        bench.unit.borrow_mut().instead = Some(Box::new(move |_, usual| {
            let mut said = bytes.clone();
            if keep {
                said.extend(b"\r\n");
                said.extend(usual.lines().last().unwrap_or_default().bytes());
            }
            Some(said)
        }));
        prop_assert_ne!(status(&mut bench).0, 2);
    }

    /// One byte of the whole dialogue is damaged.
    #[test]
    fn a_damaged_byte_moves_no_other_plug(at in 0usize..2_000, bits in 1u8.., device in 0..DEVICES.len()) {
        let device = &DEVICES[device];
        let mut bench = device.bench();
        let mut seen = 0;
        bench.unit.borrow_mut().instead = Some(Box::new(move |_, usual| {
            let mut said = usual.into_bytes();
            let length = said.len();
            if (seen..seen + length).contains(&at) {
                said[at - seen] ^= bits;
            }
            seen += length;
            Some(said)
        }));
        let outcome = bench.run("action=off\npower_timeout=5");
        prop_assert!(outcome.exit != 0 || !bench.is_on(device.name()), "{:?}", outcome);
        prop_assert!(bench.orders().iter().all(|(plug, _)| plug == device.name()));
    }
}
