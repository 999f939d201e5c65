//! The actions against a scripted device, in virtual time.

use std::collections::{BTreeMap, VecDeque};

use fencelab_link::memory::MemoryWorld;

use super::*;
use crate::{
    agent::Agent,
    log::Log,
    options::{Values, parse_argv},
    timing::Timing,
};

/// A device with plugs that obey, late or never, and that can be told what to answer next.
#[derive(Default)]
struct Fake {
    on: BTreeMap<String, bool>,
    /// What is to come true, and when.
    coming: Vec<(Duration, String, bool)>,
    relay: Duration,
    deaf_to: Option<Wanted>,
    /// Answers to `power`, before the truth is told.
    answers: VecDeque<Result<PowerState, Failure>>,
    /// Answers to `set` and `cycle`; a failure does nothing to the plug.
    orders: VecDeque<Failure>,
    off_phase: Duration,
    /// How long an unanswered order is waited for.
    patience: Duration,
    said: Vec<String>,
}

impl Fake {
    fn with(plugs: &[(&str, bool)]) -> Self {
        Self {
            on: plugs.iter().map(|(plug, on)| ((*plug).to_owned(), *on)).collect(),
            off_phase: Duration::from_secs(2),
            ..Self::default()
        }
    }

    fn settle(&mut self, now: Duration) {
        let (due, later) = self.coming.drain(..).partition(|(at, ..)| *at <= now);
        self.coming = later;
        let due: Vec<(Duration, String, bool)> = due;
        for (_, plug, on) in due {
            self.on.insert(plug, on);
        }
    }
}

impl Fence for Fake {
    fn power(&mut self, context: &mut Context<'_>, plug: &str) -> Result<PowerState, Failure> {
        self.settle(context.now());
        self.said.push(format!("power {plug}"));
        if let Some(answer) = self.answers.pop_front() {
            return answer;
        }
        match self.on.get(plug) {
            Some(true) => Ok(PowerState::On),
            Some(false) => Ok(PowerState::Off),
            None => Err(Failure {
                kind: FailureKind::Absent,
                ..Failure::lasting(Step::Command, format!("there is no plug {plug}"))
            }),
        }
    }

    fn set(&mut self, context: &mut Context<'_>, plug: &str, wanted: Wanted) -> Result<(), Failure> {
        self.said.push(format!("{} {plug}", wanted.word()));
        if let Some(failure) = self.orders.pop_front() {
            context.sleep_until(context.until(self.patience));
            return Err(failure);
        }
        if self.deaf_to != Some(wanted) {
            self.coming.push((context.now() + self.relay, plug.to_owned(), wanted == Wanted::On));
        }
        Ok(())
    }

    fn cycle(&mut self, context: &mut Context<'_>, plug: &str) -> Result<(), Failure> {
        self.said.push(format!("cycle {plug}"));
        if let Some(failure) = self.orders.pop_front() {
            return Err(failure);
        }
        if self.deaf_to.is_none() {
            self.coming.push((context.now() + self.relay, plug.to_owned(), false));
            self.coming.push((context.now() + self.relay + self.off_phase, plug.to_owned(), true));
        }
        Ok(())
    }

    fn diag(&mut self, _: &mut Context<'_>, plug: &str) -> Result<(), Failure> {
        self.said.push(format!("diag {plug}"));
        self.orders.pop_front().map_or(Ok(()), Err)
    }

    fn list(&mut self, _: &mut Context<'_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let outlet = |(plug, on): (&String, &bool)| {
            let state = if *on { PowerState::On } else { PowerState::Off };
            Outlet { plug: plug.clone(), alias: format!("node-{plug}"), state }
        };
        Ok(Some(self.on.iter().map(outlet).collect()))
    }

    fn close(&mut self, _: &mut Context<'_>) {}
}

struct Ran {
    done: Result<Done, Failure>,
    seconds: f64,
    stderr: String,
}

/// Runs `action` on the fake's plugs with further command line options.
fn play(fake: &mut Fake, action: Action, args: &[&str]) -> Ran {
    let agent = Agent::named("fence_ipmilan").unwrap();
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let (mut values, _): (Values, _) = parse_argv(&agent.options, &args).unwrap();
    values.fill(&agent.options);
    let job = Job {
        action,
        plugs: values.text("plug").map_or_else(
            || fake.on.keys().cloned().collect(),
            |plugs| plugs.split(',').map(str::to_owned).collect(),
        ),
        cycle: values.text("method") == Some("cycle"),
        missing_as_off: values.text("target") == Some("missing_as_off"),
        many_plugs: true,
        separator: ",".to_owned(),
    };
    let mut world = MemoryWorld::new(0);
    world.set_patience(Duration::from_secs(600));
    let mut stream = |_: &str| ();
    let mut context = Context::new(&mut world, Log::new(&mut stream), Timing::new(&values, &BTreeMap::new()));
    let done = drive(&job, fake, &mut context);
    let seconds = context.now().as_secs_f64();
    Ran { done, seconds, stderr: context.into_log().into_stderr() }
}

fn said(text: &str) -> Result<Done, Failure> {
    Ok(Done::say(text))
}

fn silence() -> Failure {
    Failure::passing(Step::Command, "no answer")
}

#[test]
fn status_is_told_in_words_and_exit() {
    assert_eq!(play(&mut Fake::with(&[("1", true)]), Action::Status, &[]).done, said("Status: ON"));
    let off = Done { exit: 2, ..Done::say("Status: OFF") };
    assert_eq!(play(&mut Fake::with(&[("1", false)]), Action::Status, &[]).done, Ok(off));
    let mut fake = Fake::with(&[("1", false)]);
    fake.answers.push_back(Ok(PowerState::Unknown("garbled".to_owned())));
    assert_eq!(play(&mut fake, Action::Status, &[]).done, Err(Failure::lasting(Step::Parse, "garbled")));
}

#[test]
fn several_plugs_are_off_only_if_each_is() {
    let ran = play(&mut Fake::with(&[("1", false), ("2", true), ("3", false)]), Action::Status, &[]);
    assert_eq!(ran.done, said("Status: ON"));
    let mut fake = Fake::with(&[("1", false), ("2", false)]);
    assert_eq!(play(&mut fake, Action::Status, &[]).done.unwrap().exit, 2);
    fake.answers.extend([Ok(PowerState::Off), Ok(PowerState::Unknown("?".to_owned()))]);
    assert!(play(&mut fake, Action::Status, &[]).done.is_err());
}

#[test]
fn what_is_there_already_is_not_moved() {
    let mut fake = Fake::with(&[("1", false)]);
    assert_eq!(play(&mut fake, Action::Off, &[]).done, said("Success: Already OFF"));
    assert_eq!(fake.said, ["power 1"]);
    let mut fake = Fake::with(&[("1", true)]);
    assert_eq!(play(&mut fake, Action::On, &[]).done, said("Success: Already ON"));
    assert_eq!(fake.said, ["power 1"]);
}

#[test]
fn only_the_plug_that_is_not_there_is_ordered() {
    let mut fake = Fake::with(&[("1", false), ("2", true)]);
    assert_eq!(play(&mut fake, Action::Off, &[]).done, said("Success: Powered OFF"));
    assert_eq!(fake.said, ["power 1", "power 2", "OFF 2", "power 1", "power 2"]);
}

/// What two plugs answer, round by round: on?
fn rounds(rounds: &[(bool, bool)]) -> VecDeque<Result<PowerState, Failure>> {
    let state = |on: bool| Ok(if on { PowerState::On } else { PowerState::Off });
    rounds.iter().flat_map(|(one, two)| [state(*one), state(*two)]).collect()
}

#[test]
fn several_plugs_succeed_only_together() {
    // Plug 1 goes off at the first look after the order, plug 2 never.
    let mut fake = Fake::with(&[("1", true)]);
    fake.answers = rounds(&[&[(true, true)][..], &[(false, true); 100]].concat());
    let failure = play(&mut fake, Action::Off, &["-n", "1,2"]).done.unwrap_err();
    assert!(failure.seen.contains("plug 2 is ON") && !failure.seen.contains("plug 1"), "{failure}");
}

#[test]
fn several_plugs_are_there_only_if_one_round_says_so_of_all() {
    // The order to plug 2 brings plug 1 back for a while: each has been off, but not both.
    let mut fake = Fake::with(&[]);
    fake.answers = rounds(&[(true, true), (false, true), (true, false), (false, false)]);
    assert_eq!(play(&mut fake, Action::Off, &["-n", "1,2"]).done, said("Success: Powered OFF"));
    assert!(fake.answers.is_empty(), "it was content too early");
}

#[test]
fn power_timeout_is_seconds_on_the_clock() {
    // At the limit it is still a success, and a step beyond it is a failure.
    for (relay_ms, reached) in [(22_000, true), (22_001, false)] {
        let mut fake = Fake { relay: Duration::from_millis(relay_ms), ..Fake::with(&[("1", true)]) };
        let ran = play(
            &mut fake,
            Action::Off,
            &["--power-wait=2", "--power-timeout=20", "--stonith-status-sleep=7"],
        );
        assert_eq!(ran.done.is_ok(), reached, "{relay_ms}");
        assert!((ran.seconds - 22.0).abs() < 0.01, "{}", ran.seconds);
    }
}

#[test]
fn off_that_is_acknowledged_but_not_done_fails() {
    let mut fake = Fake { deaf_to: Some(Wanted::Off), ..Fake::with(&[("1", true)]) };
    let failure = play(&mut fake, Action::Off, &[]).done.unwrap_err();
    assert_eq!(failure.step, Step::Verify);
    assert!(failure.seen.contains("plug 1 is ON"), "{failure}");
    let failure = play(&mut fake, Action::Reboot, &[]).done.unwrap_err();
    assert_eq!(failure.step, Step::Verify);
    assert!(
        !fake.said.iter().any(|said| said.starts_with("ON")),
        "nothing is switched on before off is verified"
    );
}

#[test]
fn unknown_is_never_off() {
    let mut fake = Fake::with(&[("1", true)]);
    fake.answers.extend(std::iter::repeat_n(Ok(PowerState::Unknown("?".to_owned())), 100));
    assert!(play(&mut fake, Action::Off, &[]).done.is_err());
    assert!(fake.said.contains(&"OFF 1".to_owned()), "but it is ordered off all the same");
}

#[test]
fn hiccups_on_the_way_do_not_matter() {
    let mut fake = Fake::with(&[("1", true)]);
    fake.orders.push_back(silence());
    fake.answers.extend([Ok(PowerState::On), Err(silence()), Ok(PowerState::Unknown("?".to_owned()))]);
    assert_eq!(play(&mut fake, Action::Off, &[]).done, said("Success: Powered OFF"));
    assert_eq!(
        fake.said.iter().filter(|said| *said == "OFF 1").count(),
        2,
        "an unanswered order is given again"
    );
}

#[test]
fn an_order_given_again_ends_in_time_too() {
    let mut fake = Fake::with(&[("1", true)]);
    fake.orders.extend(std::iter::repeat_n(silence(), 100));
    fake.patience = Duration::from_secs(8);
    let ran = play(&mut fake, Action::Off, &["--power-wait=0"]);
    assert!(ran.done.is_err());
    // The first order may last as long as its exchange; from then on the power timeout rules.
    assert!(ran.seconds <= 8.0 + 20.0 + 1.0, "{}", ran.seconds);
}

#[test]
fn a_refusal_ends_the_wait() {
    let mut fake = Fake::with(&[("1", true)]);
    fake.orders.push_back(Failure::lasting(Step::Command, "insufficient privilege"));
    let ran = play(&mut fake, Action::Off, &["--power-wait=0"]);
    let failure = ran.done.unwrap_err();
    assert_eq!(
        (failure.step, failure.seen.as_str()),
        (Step::Command, "insufficient privilege; plug 1 is ON")
    );
    assert!(ran.seconds < 1.0);
}

#[test]
fn on_is_tried_again_as_often_as_asked() {
    for (args, orders) in [(&[][..], 2), (&["--retry-on=0"], 1), (&["--retry-on=3"], 4)] {
        let mut fake = Fake { deaf_to: Some(Wanted::On), ..Fake::with(&[("1", false)]) };
        assert!(play(&mut fake, Action::On, args).done.is_err());
        assert_eq!(fake.said.iter().filter(|said| *said == "ON 1").count(), orders, "{args:?}");
    }
}

#[test]
fn reboot_verifies_off_and_then_does_its_best_to_switch_on() {
    let mut fake = Fake::with(&[("1", true)]);
    assert_eq!(play(&mut fake, Action::Reboot, &[]).done, said("Success: Rebooted"));
    assert_eq!(fake.said, ["power 1", "OFF 1", "power 1", "ON 1", "power 1"]);

    let mut fake = Fake::with(&[("1", false)]);
    assert_eq!(play(&mut fake, Action::Reboot, &[]).done, said("Success: Rebooted"));
    assert_eq!(fake.said, ["power 1", "power 1", "ON 1", "power 1"], "what is found off is looked at twice");

    let mut fake = Fake { deaf_to: Some(Wanted::On), ..Fake::with(&[("1", true)]) };
    let ran = play(&mut fake, Action::Reboot, &[]);
    assert_eq!(ran.done, said("Success: Rebooted"));
    assert!(ran.stderr.contains("does not come on again"), "{}", ran.stderr);
}

#[test]
fn a_reboot_ends_even_where_timeouts_are_lifted_if_only_on_fails() {
    let mut fake = Fake { deaf_to: Some(Wanted::On), ..Fake::with(&[("1", true)]) };
    let ran = play(&mut fake, Action::Reboot, &["--disable-timeout=1", "--power-wait=0"]);
    assert_eq!(ran.done, said("Success: Rebooted"));
    assert!(ran.seconds < 21.0, "{}", ran.seconds);
}

#[test]
fn a_lifted_timeout_waits_until_the_caller_loses_patience() {
    let mut fake = Fake { deaf_to: Some(Wanted::Off), ..Fake::with(&[("1", true)]) };
    let ran = play(&mut fake, Action::Off, &["--power-timeout=0"]);
    assert!(ran.done.is_err());
    assert!((600.0..602.0).contains(&ran.seconds), "{}", ran.seconds);
}

#[test]
fn cycle_must_be_seen() {
    let mut fake = Fake::with(&[("1", true)]);
    assert_eq!(play(&mut fake, Action::Reboot, &["-m", "cycle"]).done, said("Success: Rebooted"));

    let mut fake =
        Fake { off_phase: CYCLE_SLEEP, relay: Duration::from_secs(1), ..Fake::with(&[("1", true)]) };
    assert!(
        play(&mut fake, Action::Reboot, &["-m", "cycle"]).done.is_ok(),
        "an off phase as long as the time between two looks is seen"
    );

    let mut fake = Fake { deaf_to: Some(Wanted::Off), ..Fake::with(&[("1", true)]) };
    let failure = play(&mut fake, Action::Reboot, &["-m", "cycle"]).done.unwrap_err();
    assert_eq!(failure.step, Step::Verify);
    assert!(failure.seen.contains("never seen off"), "{failure}");
}

#[test]
fn cycle_of_what_is_off_says_so() {
    let mut fake = Fake::with(&[("1", false)]);
    fake.orders.push_back(Failure::lasting(Step::Command, "not in present state"));
    let failure = play(&mut fake, Action::Reboot, &["-m", "cycle"]).done.unwrap_err();
    assert!(failure.seen.contains("plug 1 is off") && failure.seen.contains("method=onoff"), "{failure}");
}

#[test]
fn missing_as_off_is_only_for_those_who_ask() {
    let mut fake = Fake::with(&[("1", true)]);
    assert!(play(&mut fake, Action::Off, &["-n", "9"]).done.is_err());
    let ran = play(&mut fake, Action::Off, &["-n", "9", "--target=missing_as_off"]);
    assert_eq!(ran.done, said("Success: Already OFF"));
    assert!(ran.stderr.contains("WARNING"), "{}", ran.stderr);
}

#[test]
fn lists() {
    let mut fake = Fake::with(&[("1", true), ("2", false)]);
    assert_eq!(play(&mut fake, Action::List, &[]).done.unwrap().stdout, "1,node-1\n2,node-2\n");
    assert_eq!(play(&mut fake, Action::ListStatus, &[]).done.unwrap().stdout, "1,node-1,ON\n2,node-2,OFF\n");
    assert_eq!(play(&mut fake, Action::Monitor, &[]).done, Ok(Done::default()));
}

#[test]
fn diag_is_sent_to_each_plug() {
    let mut fake = Fake::with(&[("1", true), ("2", true)]);
    assert_eq!(play(&mut fake, Action::Diag, &[]).done, said("Success: Diagnostic interrupt sent"));
    assert_eq!(fake.said, ["diag 1", "diag 2"]);
}
