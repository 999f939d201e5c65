//! `parity`: options on the command line and on standard input give the same run.

use crate::case::Case;
use crate::run::Run;
use crate::truth::Truth;
use crate::verdict::{Class, Judgement, Property};

/// Two runs of one case, by argv and by stdin: the same exit, the same words on standard output, the same requests to the
/// device and the same moves of its plugs. Times may differ; and who is spoken to over a stream may be hung up on before the last
/// word is heard.
pub fn check(case: &Case, is_stream: bool, argv: &Run, stdin: &Run) -> Judgement {
    let differs = if argv.exit != stdin.exit {
        Some(format!("argv: {}, stdin: {}", argv.exit, stdin.exit))
    } else if argv.stdout != stdin.stdout {
        Some("standard output differs".to_owned())
    } else if moves(&argv.target) != moves(&stdin.target) || moves(&argv.neighbour) != moves(&stdin.neighbour)
    {
        Some(format!("argv: {}; stdin: {}", argv.target.describe(), stdin.target.describe()))
    } else {
        first_difference(is_stream, argv, stdin)
    };
    match differs {
        None => Judgement::Holds,
        Some(what) => {
            let evidence = format!("{} by argv and by stdin are not the same run: {what}", case.action);
            Judgement::broken(Property::Parity, Class::Refusal, evidence)
        }
    }
}

fn moves(truth: &Truth) -> Vec<(&str, fencelab_devices::Power)> {
    truth.changes.iter().map(|change| (change.plug.as_str(), change.power)).collect()
}

/// What a console notes beside the last words of an agent.
const GOODBYES: [&str; 2] = [fencelab_devices::RequestLog::GOODBYE, fencelab_devices::RequestLog::UNKNOWN];

/// The first request in which the dialogues differ. Repeated questions count once: how often an agent polls depends on time.
fn first_difference(is_stream: bool, argv: &Run, stdin: &Run) -> Option<String> {
    let names = |run: &Run| {
        // Whoever says goodbye may be gone before it is heard.
        let mut requests = run.requests.as_slice();
        while let [rest @ .., last] = requests
            && GOODBYES.contains(&last.answer.as_str())
        {
            requests = rest;
        }
        let mut names: Vec<String> = requests.iter().map(|request| request.request.clone()).collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    };
    let (left, right) = (names(argv), names(stdin));
    let is_last_word = |run: &Run| run.requests.last().is_some_and(|last| last.effect.is_none());
    let is_all_but_it = |less: &[String], more: &[String], run: &Run| {
        is_stream && is_last_word(run) && more.split_last().is_some_and(|(_, rest)| rest == less)
    };
    if left == right || is_all_but_it(&left, &right, stdin) || is_all_but_it(&right, &left, argv) {
        return None;
    }
    let at = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let word = |names: &[String]| names.get(at).cloned().unwrap_or_else(|| "nothing more".to_owned());
    Some(format!("argv asked {}, stdin asked {}", word(&left), word(&right)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fencelab_devices::Power;

    use super::*;
    use crate::case::Action;
    use crate::run::Request;
    use crate::truth::Mover;

    fn run(exit: i32) -> Run {
        let truth = Truth::new([("1".to_owned(), Power::On)]);
        Run::by_hand(truth, exit, Duration::from_secs(1))
    }

    fn case() -> Case {
        Case::healthy("v/m", "a", Action::Off, "1", Power::On)
    }

    fn asked(run: &mut Run, names: &[&str]) {
        let at = Duration::ZERO;
        let request = |name: &&str| Request {
            exchange: 1,
            at,
            request: (*name).to_owned(),
            answer: "ok".to_owned(),
            effect: None,
        };
        run.requests = names.iter().map(request).collect();
    }

    #[test]
    fn the_same_run_twice() {
        assert_eq!(check(&case(), false, &run(0), &run(0)), Judgement::Holds);
    }

    #[test]
    fn each_difference_is_seen() {
        assert!(check(&case(), false, &run(0), &run(1)).breach().unwrap().evidence.contains("exit 1"));
        let mut said = run(0);
        said.stdout = "Success".to_owned();
        assert!(check(&case(), false, &said, &run(0)).breach().is_some());
        let mut moved = run(0);
        moved.target = moved.target.then(Duration::ZERO, "1", Power::Off, Mover::Command);
        assert!(check(&case(), false, &moved, &run(0)).breach().is_some());
    }

    #[test]
    fn a_different_question_is_seen_and_one_more_poll_is_not() {
        let (mut argv, mut stdin) = (run(0), run(0));
        asked(&mut argv, &["status", "off", "status"]);
        asked(&mut stdin, &["status", "off", "status", "status"]);
        assert_eq!(check(&case(), false, &argv, &stdin), Judgement::Holds);
        asked(&mut stdin, &["status", "cycle"]);
        assert!(check(&case(), false, &argv, &stdin).breach().unwrap().evidence.contains("cycle"));
    }

    #[test]
    fn the_last_word_to_a_console_may_not_be_heard() {
        let (mut argv, mut stdin) = (run(0), run(0));
        asked(&mut argv, &["status", "off", "quit"]);
        asked(&mut stdin, &["status", "off"]);
        assert_eq!(check(&case(), true, &argv, &stdin), Judgement::Holds);
        assert!(check(&case(), false, &argv, &stdin).breach().is_some());
        argv.requests.last_mut().unwrap().effect = Some("off of plug 1".to_owned());
        assert!(check(&case(), true, &argv, &stdin).breach().is_some(), "an order is no goodbye");
        asked(&mut argv, &["status", "off", "help", "quit"]);
        assert!(check(&case(), true, &argv, &stdin).breach().is_some(), "more than one word");
    }
}
