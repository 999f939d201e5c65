//! A prompt is made sure of by an empty line: quicker than waiting for silence, and never where it would be an answer.

use std::time::Duration;

use fencelab_link::World;

use crate::{
    shells::{DEVICES, Device},
    unit::Bench,
};

fn device(title: &str) -> &'static Device {
    DEVICES.iter().find(|device| device.title == title).expect("a device")
}

fn status(bench: &mut Bench) -> (i32, String) {
    let outcome = bench.run("action=status");
    (outcome.exit, outcome.stdout)
}

/// How often the device was told nothing but the end of a line.
fn empty_lines(bench: &Bench) -> usize {
    bench.unit.borrow().told.iter().filter(|line| line.is_empty()).count()
}

#[test]
fn nobody_waits_for_silence_behind_a_prompt_that_is_repeated() {
    for title in ["RSA II", "iLO", "APC, command line"] {
        let mut bench = device(title).bench();
        assert_eq!(status(&mut bench).0, 0, "{title}");
        assert!(bench.world.now() < Duration::from_millis(400), "{title}: {:?}", bench.world.now());
        assert_eq!(bench.unit.borrow().told.first().map(String::as_str), Some(""), "{title}");
    }
}

#[test]
fn the_foot_of_a_screen_needs_no_repetition() {
    let mut bench = device("APC, menus of firmware 2").bench();
    assert_eq!(status(&mut bench).0, 0);
    // The one that turns the page.
    assert_eq!(empty_lines(&bench), 1, "{:?}", bench.unit.borrow().told);
}

#[test]
fn an_empty_line_is_no_answer_in_a_menu_nor_to_a_question_nor_during_an_order() {
    for device in DEVICES {
        let is_menu = matches!(device.agent, "fence_hds_cb" | "fence_rsb");
        let mut bench = device.bench();
        bench.run("action=off\npower_timeout=5");
        let told = bench.unit.borrow().told.clone();
        let orders = told.iter().zip(told.iter().skip(1)).filter(|(line, next)| {
            let order = ["off", "stop", "down", "destroy", "disable"].iter().any(|word| line.contains(word));
            order && next.is_empty()
        });
        if is_menu {
            // The key that is asked for, and the end of a line whose key has chosen already.
            let wanted = told.iter().zip(told.iter().skip(1));
            let wanted =
                wanted.filter(|(line, next)| !["yes", "Y", "0"].contains(&line.as_str()) && next.is_empty());
            assert_eq!(wanted.count(), 0, "{}: {told:?}", device.title);
        } else if !device.title.starts_with("APC, m") {
            assert_eq!(orders.count(), 0, "{}: {told:?}", device.title);
        }
    }
}

#[test]
fn a_repetition_that_comes_late_is_no_answer() {
    for on in [true, false] {
        let mut bench = device("RSA II").bench();
        let mut unit = bench.unit.borrow_mut();
        unit.plugs.all.iter_mut().for_each(|plug| plug.on = on);
        unit.echo = false;
        unit.latency = Duration::from_millis(700);
        unit.thinks = Duration::from_millis(1_500);
        drop(unit);
        assert_eq!(status(&mut bench).0, if on { 0 } else { 2 });
        assert_eq!(bench.unit.borrow().connections, 1);
    }
}
