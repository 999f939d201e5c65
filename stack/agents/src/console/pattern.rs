//! Regular expressions, those of the dialects and those of users.

use std::{cell::RefCell, collections::HashMap};

use regex::{Regex, RegexBuilder};

/// So large may a compiled expression be: a user's one must not take the memory of a node that is to be fenced.
const SIZE_MAX: usize = 1 << 20;

thread_local! {
    /// What was compiled already. Only patterns of dialects are kept, of which there is a fixed number.
    static COMPILED: RefCell<HashMap<(&'static str, bool), Regex>> = RefCell::new(HashMap::new());
    /// Endings that were compiled already; they may hold names of users and plugs.
    static ENDINGS: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

/// So many endings are kept.
const ENDINGS_MAX: usize = 256;

/// Compiles a pattern of a dialect.
pub(crate) fn regex(pattern: &'static str) -> Regex {
    compiled(pattern, false)
}

/// Compiles a pattern of a dialect that is to match a whole line.
pub(crate) fn whole(pattern: &'static str) -> Regex {
    compiled(pattern, true)
}

fn compiled(pattern: &'static str, whole: bool) -> Regex {
    COMPILED.with_borrow_mut(|known| {
        let regex = known.entry((pattern, whole)).or_insert_with(|| {
            let regex = if whole { compile(&format!("^(?:{pattern})$")) } else { compile(pattern) };
            // The tests of each dialect use its patterns, so one that is broken does not get far.
            debug_assert!(regex.is_ok(), "{regex:?}");
            regex.unwrap_or_else(|_| never())
        });
        regex.clone()
    })
}

/// Whether a text has the pattern of a dialect somewhere.
pub(crate) fn has(pattern: &'static str, text: &str) -> bool {
    regex(pattern).is_match(text)
}

/// The first line that has the pattern of a dialect.
pub(crate) fn line_with<'t>(pattern: &'static str, text: &'t str) -> Option<&'t str> {
    let regex = regex(pattern);
    text.lines().find(|line| regex.is_match(line))
}

/// An expression at the end of a text; blanks may follow.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    regex: Regex,
    pub(crate) proof: Proof,
}

/// What shows that an ending is one, and no text within an answer that looks so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Proof {
    /// It tells enough by itself: hardly anything else looks so.
    Telling,
    /// It is a prompt: a device that stands at one shows it again behind an empty line.
    Repetition,
    /// Nothing more comes.
    Silence,
}

impl Ending {
    /// The ending that a user wrote as a regular expression of Python.
    ///
    /// # Errors
    /// When it is none, in words.
    pub(crate) fn of_user(pattern: &str) -> Result<Self, String> {
        let pattern = from_python(pattern);
        let regex = compile(&format!("(?:{pattern})[ ]*\\z"))
            .map_err(|_| "it is no regular expression that is understood here".to_owned())?;
        if regex.is_match("") {
            return Err("it matches nothing at all".to_owned());
        }
        Ok(Self { regex, proof: Proof::Repetition })
    }

    /// The usual prompt of a dialect.
    pub(crate) fn prompt(pattern: &str) -> Self {
        let known = ENDINGS.with_borrow(|endings| endings.get(pattern).cloned());
        let regex = known.unwrap_or_else(|| {
            let regex = compile(&format!("(?:{pattern})[ ]*\\z"));
            debug_assert!(regex.is_ok(), "{regex:?}");
            let regex = regex.unwrap_or_else(|_| never());
            ENDINGS.with_borrow_mut(|endings| {
                if endings.len() < ENDINGS_MAX {
                    endings.insert(pattern.to_owned(), regex.clone());
                }
            });
            regex
        });
        Self { regex, proof: Proof::Repetition }
    }

    /// What a dialect expects in one place, and what looks like nothing else.
    pub(crate) fn telling(pattern: &str) -> Self {
        Self { proof: Proof::Telling, ..Self::prompt(pattern) }
    }

    /// What a device may ask or say, and is no prompt.
    pub(crate) fn settled(pattern: &str) -> Self {
        Self { proof: Proof::Silence, ..Self::prompt(pattern) }
    }

    /// Where it begins, if the text ends so.
    pub(crate) fn start(&self, text: &str) -> Option<usize> {
        self.regex.find(text).map(|found| found.start())
    }
}

/// An expression that matches nothing.
fn never() -> Regex {
    static NEVER: std::sync::LazyLock<Regex> = std::sync::LazyLock::new(|| {
        #[expect(clippy::unwrap_used, reason = "a constant, which a test compiles")]
        Regex::new("[^\\s\\S]").unwrap()
    });
    NEVER.clone()
}

/// A dot matches the end of a line too, as with the agents of the field.
fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).dot_matches_new_line(true).size_limit(SIZE_MAX).build()
}

/// Where Python means something else than we do: an escaped angle bracket is a bracket, `\Z` is the end.
fn from_python(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(bracket @ ('<' | '>')) => out.push(bracket),
            Some('Z') => out.push_str("\\z"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_the_field_are_understood() {
        for (pattern, text) in [
            ("\n>", "menu\n> "),
            (r"sc\>\ ", "sc> "),
            (r"\[admin\]# ", "[admin]# "),
            (r"DRAC\/MC:", "DRAC/MC:"),
            (r"]\$", "[root@h]$ "),
            (r"\ $", "prompt "),
            (r".*\[My PDU\] #", "[My PDU] # "),
            ("]", "host]"),
        ] {
            assert!(Ending::of_user(pattern).unwrap().start(text).is_some(), "{pattern}");
        }
    }

    #[test]
    fn the_end_is_the_end() {
        let ending = Ending::prompt("apc>");
        assert_eq!(ending.start("1: x: On\napc> "), Some(9));
        assert_eq!(ending.start("apc> more"), None);
        assert_eq!(ending.start("apc>\n"), None);
    }

    #[test]
    fn what_is_no_prompt_is_said_before_any_contact() {
        for pattern in ["(", "", "a*", "x{1000}{1000}{1000}", "(?<!a)b"] {
            assert!(Ending::of_user(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn never_matches_nothing() {
        assert!(!never().is_match("") && !never().is_match("x"));
    }
}
