//! The healthy run of an agent: which questions it asks, in which order, and which of them are places worth troubling.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fnv;
use crate::run::Run;

/// A request that reached the device in a healthy run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Exchange {
    /// Counted from 1, as faults count ([`Scope::exchange`](fencelab_devices::fault::Scope)).
    pub(crate) number: u32,
    /// What was asked, without the numbers in it: all rows of a table are one kind of question.
    pub(crate) kind: String,
    /// Whether it moved, or would have moved, a plug.
    pub(crate) is_order: bool,
}

/// The places of a healthy run: of each kind of question the first, the second and the last; and of what opens sessions, which the
/// device's log does not name.
pub(crate) fn places(run: &Run) -> Vec<Exchange> {
    let mut kinds: BTreeMap<String, Vec<Exchange>> = BTreeMap::new();
    let mut next = 1;
    let mut put = |exchange: Exchange| kinds.entry(exchange.kind.clone()).or_default().push(exchange);
    for request in &run.requests {
        for number in next..request.exchange {
            put(Exchange { number, kind: "session".to_owned(), is_order: false });
        }
        next = request.exchange.saturating_add(1);
        let kind = request.request.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        put(Exchange { number: request.exchange, kind, is_order: request.effect.is_some() });
    }
    let mut places: Vec<Exchange> = Vec::new();
    for of_kind in kinds.into_values() {
        let last = of_kind.len().saturating_sub(1);
        let chosen = of_kind.into_iter().enumerate().filter(|(at, _)| *at < 2 || *at == last);
        places.extend(chosen.map(|(_, exchange)| exchange));
    }
    places.sort_by_key(|place| place.number);
    places
}

/// What a run looked like from outside, without times, numbers and names: two runs of one mark went the same way through the
/// agent, as far as anybody can see.
pub(crate) fn mark(run: &Run) -> u64 {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|letter| !letter.is_ascii_digit() && !letter.is_ascii_punctuation())
            .take(60)
            .collect()
    };
    let mut words: Vec<String> = vec![run.exit.to_string()];
    let last = |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).map(plain);
    words.extend(last(&run.stderr));
    words.extend(last(&run.stdout));
    // What was asked and answered, each once: how often an agent polls is a matter of time.
    let mut seen = std::collections::BTreeSet::new();
    words.extend(
        run.requests
            .iter()
            .map(|request| format!("{} {}", plain(&request.request), plain(&request.answer)))
            .filter(|word| seen.insert(word.clone())),
    );
    words.extend(run.target.changes.iter().map(|change| format!("{:?}{:?}", change.power, change.by)));
    fnv::of_words(words.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::Request;
    use crate::truth::Truth;

    fn run(names: &[&str]) -> Run {
        let mut run = Run::by_hand(Truth::default(), 0, Duration::from_secs(1));
        run.requests = (1..)
            .zip(names)
            .map(|(exchange, name)| Request {
                exchange,
                at: Duration::ZERO,
                request: (*name).to_owned(),
                answer: "ok 1".to_owned(),
                effect: name.starts_with("set").then(|| "off".to_owned()),
            })
            .collect();
        run
    }

    #[test]
    fn of_each_kind_the_first_the_second_and_the_last() {
        let places = places(&run(&["get 1.1", "get 1.2", "get 1.3", "set 1.9", "get 1.4"]));
        assert_eq!(places.iter().map(|place| place.number).collect::<Vec<_>>(), [1, 2, 4, 5]);
        assert_eq!(places.iter().filter(|place| place.is_order).count(), 1);
    }

    #[test]
    fn a_mark_forgets_numbers_and_repeats_and_sees_other_words() {
        let one = run(&["get 1.1", "get 1.2"]);
        assert_eq!(mark(&one), mark(&run(&["get 7.1"])));
        assert_ne!(mark(&one), mark(&run(&["walk 1.1"])));
        let mut failed = one.clone();
        failed.stderr = "cannot parse".to_owned();
        assert_ne!(mark(&one), mark(&failed));
    }
}
