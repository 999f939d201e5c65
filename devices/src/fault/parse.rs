//! Reading fault expressions.

use super::{Argument, CATALOGUE, Direction, Entry, Fault, FaultKind, Group, Op, Phase, Scope};
use crate::duration;
use crate::error::suggest;

/// More faults than this in one expression are a mistake.
const FAULT_LIMIT: usize = 64;

/// What is wrong with a fault expression.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("fault expression, character {at}: {what}")]
pub struct FaultError {
    /// From 1.
    pub at: usize,
    /// What is wrong and how to mend it.
    pub what: String,
}

/// A part of the expression, with its place in it.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Part<'a> {
    fn trim(self) -> Self {
        let start = self.text.trim_start();
        let skipped = self.text.get(..self.text.len() - start.len()).unwrap_or_default().chars().count();
        Self { text: start.trim_end(), at: self.at + skipped }
    }

    fn split(self, separator: char) -> impl Iterator<Item = Part<'a>> {
        let mut at = self.at;
        self.text.split(separator).map(move |text| {
            let part = Part { text, at };
            at += text.chars().count() + 1;
            part.trim()
        })
    }

    fn split_once(self, separator: char) -> (Part<'a>, Option<Part<'a>>) {
        match self.text.split_once(separator) {
            None => (self, None),
            Some((before, after)) => {
                let at = self.at + before.chars().count() + 1;
                (Part { text: before, at: self.at }.trim(), Some(Part { text: after, at }.trim()))
            }
        }
    }

    fn error(self, what: impl Into<String>, mend: Option<String>) -> FaultError {
        let what = what.into();
        FaultError { at: self.at, what: mend.map_or_else(|| what.clone(), |mend| format!("{what}; {mend}")) }
    }
}

pub(super) fn expression(text: &str) -> Result<Vec<Fault>, FaultError> {
    let whole = Part { text, at: 1 }.trim();
    if whole.text.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<Part<'_>> = whole.split('+').collect();
    match parts.get(FAULT_LIMIT) {
        Some(part) => Err(part.error(format!("more than {FAULT_LIMIT} faults"), None)),
        None => parts.into_iter().map(fault).collect(),
    }
}

pub(super) fn one(text: &str) -> Result<Fault, FaultError> {
    let part = Part { text, at: 1 }.trim();
    match part.split('+').nth(1) {
        Some(second) => Err(second.error("one fault is wanted, not several", None)),
        None => fault(part),
    }
}

fn fault(part: Part<'_>) -> Result<Fault, FaultError> {
    let (head, scope) = part.split_once('@');
    let (name, rest) = head.split_once('(');
    let Some(entry) = CATALOGUE.iter().find(|entry| entry.name == name.text) else {
        let what = if name.text.is_empty() {
            "a fault is missing".to_owned()
        } else {
            format!("there is no fault `{}`", name.text)
        };
        return Err(name.error(what, suggest(name.text, CATALOGUE.iter().map(|entry| entry.name))));
    };
    let argument = match rest {
        None => None,
        Some(rest) => match rest.text.strip_suffix(')') {
            Some(text) => Some(Part { text, at: rest.at }.trim()),
            None => return Err(rest.error("the closing bracket is missing", None)),
        },
    };
    let kind = kind(entry, name, argument)?;
    let scope = scope.map_or(Ok(Scope::default()), |scope| self::scope(scope, entry))?;
    Ok(Fault { kind, scope })
}

fn kind(entry: &Entry, name: Part<'_>, argument: Option<Part<'_>>) -> Result<FaultKind, FaultError> {
    let wanted = match entry.argument {
        Argument::None => {
            return match argument {
                Some(part) => Err(part.error(format!("`{}` takes no argument", entry.name), None)),
                None => Ok(entry.with(0, std::time::Duration::ZERO, "", Phase::During)),
            };
        }
        Argument::Time { .. } => "a duration, for example `(2s)`",
        Argument::Bytes { .. } => "a number of bytes, for example `(8)`",
        Argument::Number { .. } => "a number, for example `(1)`",
        Argument::Value(_) => "a number, for example `(3)`",
        Argument::OneOf(_) => "one of its words, for example `(gen-err)`",
        Argument::State => "the name of a state of the device, for example `(power-on)`",
        Argument::PhaseAndTime { .. } => {
            "before, during or after, and a duration, for example `(during,20s)`"
        }
    };
    let Some(argument) = argument.filter(|argument| !argument.text.is_empty()) else {
        return Err(name.error(format!("`{}` needs {wanted}", entry.name), None));
    };
    let time = |part: Part<'_>| duration::parse(part.text).map_err(|what| part.error(what, None));
    let zero = std::time::Duration::ZERO;
    match entry.argument {
        Argument::Bytes { .. } => match argument.text.parse() {
            Ok(bytes) => Ok(entry.with(u16::into(bytes), zero, "", Phase::During)),
            Err(_) => Err(argument.error(format!("`{}` is not 0 to 65535", argument.text), None)),
        },
        Argument::Value(_) => match argument.text.parse() {
            Ok(number) => Ok(entry.with(number, zero, "", Phase::During)),
            Err(_) => Err(argument.error(format!("`{}` is no number of 64 bits", argument.text), None)),
        },
        Argument::Number { min, max } => match argument.text.parse() {
            Ok(number) if (min..=max).contains(&number) => {
                Ok(entry.with(number.into(), zero, "", Phase::During))
            }
            _ => Err(argument.error(format!("`{}` is not {min} to {max}", argument.text), None)),
        },
        Argument::OneOf(_) if !entry.all_words().contains(&argument.text) => {
            let mend = suggest(argument.text, entry.all_words());
            Err(argument.error(format!("`{}` takes no `{}`", entry.name, argument.text), mend))
        }
        Argument::OneOf(_) => Ok(entry.with(0, zero, argument.text, Phase::During)),
        Argument::State
            if argument.text.contains(['(', ')', ',', '"']) || argument.text.contains(char::is_control) =>
        {
            Err(argument.error(format!("`{}` is no name of a state", argument.text), None))
        }
        Argument::State => Ok(entry.with(0, zero, argument.text, Phase::During)),
        Argument::PhaseAndTime { .. } => {
            let (word, rest) = argument.split_once(',');
            let Some(phase) = Phase::ALL.into_iter().find(|phase| phase.name() == word.text) else {
                return Err(word.error(format!("`{}` needs {wanted}", entry.name), None));
            };
            match rest {
                Some(rest) => Ok(entry.with(0, time(rest)?, "", phase)),
                None => Err(word.error(format!("`{}` needs {wanted}", entry.name), None)),
            }
        }
        Argument::Time { .. } | Argument::None => Ok(entry.with(0, time(argument)?, "", Phase::During)),
    }
}

fn scope(part: Part<'_>, entry: &Entry) -> Result<Scope, FaultError> {
    let mut scope = Scope::default();
    for word in part.split(',') {
        let (name, value) = word.split_once('=');
        let twice = |set: bool| {
            if set { Err(word.error(format!("`{}` is said twice", word.text), None)) } else { Ok(()) }
        };
        match value {
            Some(value) => match name.text {
                "exchange" => {
                    twice(scope.exchange.is_some())?;
                    scope.exchange = Some(count(value)?);
                }
                "nth" => {
                    twice(scope.nth.is_some())?;
                    scope.nth = Some(count(value)?);
                }
                "first" => {
                    twice(scope.first.is_some())?;
                    scope.first = Some(count(value)?);
                }
                "for" => {
                    twice(scope.window.is_some())?;
                    scope.window = Some(duration::parse(value.text).map_err(|what| value.error(what, None))?);
                }
                other => {
                    let mend = suggest(other, ["exchange", "nth", "first", "for"]);
                    return Err(name.error(format!("unknown scope `{other}`"), mend));
                }
            },
            None => {
                if let Some(direction) =
                    Direction::ALL.into_iter().find(|direction| direction.name() == name.text)
                {
                    twice(scope.direction.is_some())?;
                    if entry.group != Group::Network {
                        return Err(name.error(
                            format!("`{}` has no direction", entry.name),
                            Some("leave it out".to_owned()),
                        ));
                    }
                    scope.direction = Some(direction);
                } else if let Some(op) = Op::ALL.into_iter().find(|op| op.name() == name.text) {
                    twice(scope.on.is_some())?;
                    scope.on = Some(op);
                } else {
                    let words = Direction::ALL
                        .map(Direction::name)
                        .into_iter()
                        .chain(Op::ALL.map(Op::name))
                        .chain(["exchange=", "nth=", "first=", "for="]);
                    return Err(
                        name.error(format!("unknown scope `{}`", name.text), suggest(name.text, words))
                    );
                }
            }
        }
    }
    Ok(scope)
}

fn count(value: Part<'_>) -> Result<u32, FaultError> {
    match value.text.parse() {
        Ok(0) => Err(value.error("a count begins at 1", None)),
        Ok(count) => Ok(count),
        Err(_) => Err(value.error(format!("`{}` is no count", value.text), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn every_kind_is_in_the_catalogue_and_reads_back() {
        for entry in CATALOGUE {
            for protocol in ["ipmi", "snmp"].into_iter().filter(|protocol| entry.is_for(protocol)) {
                let kind = entry.example(protocol, "power-on");
                assert_eq!(kind.name(), entry.name);
                assert_eq!(kind.entry().name, entry.name);
                let fault = Fault::new(kind).exchange(7);
                assert_eq!(fault.to_string().parse(), Ok(fault));
            }
        }
    }

    #[test]
    fn errors_say_where_and_how_to_mend() {
        for (text, at, part) in [
            ("dorp", 1, "did you mean `drop`?"),
            ("drop + delay", 8, "`delay` needs a duration"),
            ("drop + delay(2)", 14, "write for example `2s`"),
            ("drop@too-device", 6, "did you mean `to-device`?"),
            ("drop@status,first=0", 19, "a count begins at 1"),
            ("cut(70000)", 5, "not 0 to 65535"),
            ("drop(1)", 6, "takes no argument"),
            ("drop +", 7, "a fault is missing"),
            ("delay(1s", 7, "closing bracket"),
            ("bmc-reset(20s)", 11, "before, during or after"),
            ("not-done@from-device", 10, "has no direction"),
            ("drop@first=1,first=2", 14, "said twice"),
            ("error(gen-er)", 7, "did you mean `gen-err`?"),
            ("error-with-body(node-bsy)", 17, "did you mean `node-busy`?"),
            ("error-with-body(no-such-object)", 17, "takes no `no-such-object`"),
            ("value(x)", 7, "no number of 64 bits"),
            ("value", 1, "for example `(3)`"),
            ("short(-1)", 7, "not 0 to 65535"),
            ("empty(1)", 7, "takes no argument"),
            ("drop@exchange=0", 15, "a count begins at 1"),
            ("drop@exchage=2", 6, "did you mean `exchange`?"),
            ("malformed(0)", 11, "not 1 to 16"),
        ] {
            let error = Fault::parse_all(text).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert_eq!(error.at, at, "{text}: {error}");
        }
        assert_eq!(Fault::parse_all("  "), Ok(Vec::new()));
        assert!("drop + drop".parse::<Fault>().unwrap_err().what.contains("not several"));
    }

    fn any_fault() -> impl Strategy<Value = Fault> {
        let scope = (
            proptest::option::of(0..2usize),
            proptest::option::of(0..Op::ALL.len()),
            proptest::option::of(1u32..),
            proptest::option::of(1u32..),
            proptest::option::of(1u32..),
            proptest::option::of(0u64..10_000_000_000),
        );
        (
            0..CATALOGUE.len(),
            any::<i64>(),
            0u64..10_000_000_000,
            "[a-zA-Z0-9 .:/-]{0,10}[a-z]",
            0..3usize,
            scope,
        )
            .prop_map(
                |(kind, number, time, state, phase, (direction, op, exchange, nth, first, window))| {
                    let entry = &CATALOGUE[kind];
                    let words = entry.all_words();
                    let counted = words.get(usize::from(number as u8) % words.len().max(1)).copied();
                    let number = match entry.argument {
                        Argument::Number { min, max } => number.rem_euclid(i64::from(max)) + i64::from(min),
                        _ => number,
                    };
                    let word = counted.unwrap_or(state.trim());
                    let kind = entry.with(number, Duration::from_nanos(time), word, Phase::ALL[phase]);
                    let direction = direction
                        .map(|index| Direction::ALL[index])
                        .filter(|_| entry.group == Group::Network);
                    let scope = Scope {
                        direction,
                        on: op.map(|index| Op::ALL[index]),
                        exchange,
                        nth,
                        first,
                        window: window.map(Duration::from_nanos),
                    };
                    Fault { kind, scope }
                },
            )
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".*") { let _ = Fault::parse_all(&text); }

        #[test]
        fn any_near_expression_is_survived(text in "[a-z0-9()@,=+ -]*") { let _ = Fault::parse_all(&text); }

        #[test]
        fn written_is_read_back(faults in proptest::collection::vec(any_fault(), 0..5)) {
            let text = Fault::display_all(&faults);
            prop_assert_eq!(Fault::parse_all(&text), Ok(faults), "{}", text);
        }
    }
}
