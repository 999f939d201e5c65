//! The first line of a script: by which interpreter, and with which flags, the kernel would start it.

use std::io::Read;
use std::path::Path;

/// As much as the kernel reads of a first line.
const LINE_LIMIT: u64 = 256;

/// What a Python script is started with: the interpreter and at most one argument, as the kernel splits them.
/// `None` where it is no Python script.
pub(super) fn python(path: &Path) -> Option<Vec<String>> {
    let mut head = Vec::new();
    std::fs::File::open(path).ok()?.take(LINE_LIMIT).read_to_end(&mut head).ok()?;
    let end = head.iter().position(|byte| *byte == b'\n')?;
    parse(std::str::from_utf8(head.get(..end)?).ok()?)
}

fn parse(line: &str) -> Option<Vec<String>> {
    let blank = |letter: char| matches!(letter, ' ' | '\t');
    let command = line.strip_prefix("#!")?.trim_matches(blank);
    let words = match command.split_once(blank) {
        Some((interpreter, argument)) => {
            vec![interpreter.to_owned(), argument.trim_start_matches(blank).to_owned()]
        }
        None => vec![command.to_owned()],
    };
    let named = |word: &str| Path::new(word).file_name().and_then(|name| name.to_str()).map(str::to_owned);
    // `env` is told the interpreter in its argument.
    let is_python = match named(words.first()?)?.as_str() {
        "env" => words.get(1)?.split(blank).filter_map(named).any(|word| word.starts_with("python")),
        interpreter => interpreter.starts_with("python"),
    };
    is_python.then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_as_the_kernel_does() {
        let words = |line: &str| parse(line).map(|words| words.join("|"));
        assert_eq!(words("#!/usr/bin/python3 -tt").as_deref(), Some("/usr/bin/python3|-tt"));
        assert_eq!(words("#! /usr/bin/python3.11 \t -t -E ").as_deref(), Some("/usr/bin/python3.11|-t -E"));
        assert_eq!(words("#!/usr/bin/env python3").as_deref(), Some("/usr/bin/env|python3"));
        assert_eq!(words("#!/usr/bin/env -S python3 -tt").as_deref(), Some("/usr/bin/env|-S python3 -tt"));
        for other in ["#!/bin/sh", "#!/usr/bin/env", "#!/usr/bin/env sh", "#!", "import sys", "\u{7f}ELF"] {
            assert_eq!(words(other), None, "{other}");
        }
    }
}
