//! The options that were given.

use std::collections::BTreeMap;

use fencelab_wire::Secret;

use super::Opt;

/// Values by the name of the option. It has no `Debug`: some are secret.
#[derive(Clone, Default)]
pub(crate) struct Values {
    given: BTreeMap<&'static str, String>,
    /// How often `verbose` was given on the command line.
    pub(crate) verbose_count: u32,
}

impl Values {
    /// Sets a value; the last one wins.
    pub(crate) fn set(&mut self, option: &Opt, value: impl Into<String>) {
        self.given.insert(option.name, value.into());
    }

    /// Fills in the defaults.
    pub(crate) fn fill(&mut self, options: &[Opt]) {
        for option in options {
            if let Some(default) = option.default {
                self.given.entry(option.name).or_insert_with(|| default.to_owned());
            }
        }
    }

    /// The text, if it was given (or has a default); it may be empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// The text, if it was given and is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A flag. Every writer stores `1` or `0` ([`boolean`]).
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("1")
    }

    /// A number that `validate` has seen; 0 if there is none.
    pub(crate) fn number(&self, name: &str) -> u32 {
        self.text(name).and_then(whole_number).unwrap_or(0)
    }

    /// A secret.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret::from)
    }

    /// Replaces a value after the fact: its canonical form, or the output of a script.
    pub(crate) fn replace(&mut self, name: &'static str, value: String) {
        self.given.insert(name, value);
    }

    /// The secrets among the values, to be kept out of the log.
    pub(crate) fn secrets<'a>(&'a self, options: &'a [Opt]) -> impl Iterator<Item = &'a str> {
        options.iter().filter(|option| option.secret).filter_map(|option| self.text(option.name))
    }
}

/// A boolean as stdin has it.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "on" | "true" => Some(true),
        "0" | "no" | "off" | "false" => Some(false),
        _ => None,
    }
}

/// A whole number that is not negative.
pub(crate) fn whole_number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}
