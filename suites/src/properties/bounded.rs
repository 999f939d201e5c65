//! `bounded`: the agent ends within the time its options promise.

use std::time::Duration;

use crate::case::Case;
use crate::promise::Timing;
use crate::run::{Exit, Run};
use crate::verdict::{Class, Judgement, Property};

/// How long one question may take where the options lift the limits: each exchange has a bound of its own even then.
const UNANSWERED: Duration = Duration::from_secs(120);

/// The agent ended, by itself, within [`Timing::promise`], and with an exit code of the contract.
pub fn check(case: &Case, timing: &Timing, run: &Run) -> Judgement {
    let broken = |class, evidence: String| Judgement::broken(Property::Bounded, class, evidence);
    let took = run.took().as_secs_f64();
    match &run.exit {
        Exit::NotStarted(_) => return Judgement::Moot("the agent could not be started"),
        Exit::Signal(signal) => {
            return broken(Class::Crash, format!("ended by signal {signal} after {took:.1}s"));
        }
        Exit::Killed if timing.promise(case.action).is_some() => {
            return broken(Class::Hang, format!("{} still ran after {took:.1}s and was killed", case.action));
        }
        // The contract knows 0, 1 and, for status, 2. Another code tells the caller nothing it could act on.
        Exit::Code(0..=2) | Exit::Killed => {}
        Exit::Code(code) => {
            return broken(Class::Crash, format!("exit {code} is not a code of the contract"));
        }
    }
    let Some(promise) = timing.promise(case.action) else {
        // The caller's limit rules then; but whoever has asked nothing for so long waits for an answer without any limit.
        let silent = run.ended.saturating_sub(run.requests.last().map_or(run.started, |request| request.at));
        if silent > UNANSWERED {
            let waited = silent.as_secs();
            return broken(
                Class::Hang,
                format!("{} asked nothing for {waited}s and still waited", case.action),
            );
        }
        return Judgement::Moot("the options lift the limit");
    };
    if run.took() <= promise {
        return Judgement::Holds;
    }
    let promised = promise.as_secs_f64();
    broken(Class::Hang, format!("{} took {took:.1}s, while its options promise {promised:.1}s", case.action))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fencelab_devices::Power;

    use super::*;
    use crate::case::Action;
    use crate::truth::Truth;

    fn judge(run: &Run) -> Judgement {
        let case = Case::healthy("v/m", "a", Action::Status, "1", Power::On);
        check(&case, &Timing::of(&case, &BTreeMap::new(), crate::promise::Effort::default()), run)
    }

    fn run(ended: Duration) -> Run {
        Run::by_hand(Truth::default(), 1, ended)
    }

    fn class(judgement: Judgement) -> Option<Class> {
        judgement.breach().map(|breach| breach.class)
    }

    #[test]
    fn at_the_promise_is_in_time_and_a_moment_later_is_a_hang() {
        let case = Case::healthy("v/m", "a", Action::Status, "1", Power::On);
        let promise = Timing::of(&case, &BTreeMap::new(), crate::promise::Effort::default())
            .promise(Action::Status)
            .unwrap();
        assert_eq!(judge(&run(promise)), Judgement::Holds);
        assert_eq!(class(judge(&run(promise + Duration::from_nanos(1)))), Some(Class::Hang));
    }

    #[test]
    fn without_limits_a_question_still_has_one() {
        let mut case = Case::healthy("v/m", "a", Action::Status, "1", Power::On);
        case.as_service = true;
        let timing = Timing::of(&case, &BTreeMap::new(), crate::promise::Effort::default());
        let asked = |ended| {
            let request = crate::run::Request {
                exchange: 1,
                at: Duration::from_secs(5),
                request: "status".to_owned(),
                answer: "ok".to_owned(),
                effect: None,
            };
            Run { requests: vec![request], ..run(ended) }
        };
        let bound = Duration::from_secs(5) + UNANSWERED;
        assert!(matches!(check(&case, &timing, &asked(bound)), Judgement::Moot(_)));
        let late = asked(bound + Duration::from_nanos(1));
        assert_eq!(class(check(&case, &timing, &late)), Some(Class::Hang));
    }

    #[test]
    fn killed_hangs_and_signals_crash() {
        let mut run = run(Duration::from_secs(1));
        run.exit = Exit::Killed;
        assert_eq!(class(judge(&run)), Some(Class::Hang));
        run.exit = Exit::Signal(11);
        assert_eq!(class(judge(&run)), Some(Class::Crash));
        run.exit = Exit::Code(101);
        assert_eq!(class(judge(&run)), Some(Class::Crash));
        run.exit = Exit::Code(2);
        assert_eq!(judge(&run), Judgement::Holds);
    }
}
