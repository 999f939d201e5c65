//! Options on standard input: one `key=value` a line.

use super::{
    Kind, Opt, Values,
    suggest::{is_printable_key, suggest},
    values::boolean,
};
use crate::failure::{Failure, Step};

/// Keys that callers send to every agent, wanted or not.
const IGNORED: &[&str] = &["nodename"];

/// Reads the options; the second part is what to warn of. No warning repeats a value: it may be a secret.
///
/// # Errors
/// When no action is named, but something is that is not known: that may be a misspelt action, and the default one
/// would power a node off.
pub(crate) fn parse_stdin(options: &[Opt], text: &str) -> Result<(Values, Vec<String>), Failure> {
    let mut values = Values::default();
    let mut warnings = Vec::new();
    let mut unknown = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let key = key.trim();
        let Some(option) = options.iter().find(|option| option.answers_to(key)) else {
            if !IGNORED.contains(&key) {
                let message = unknown_key(options, number + 1, key);
                warnings.push(format!("{message}; it is ignored"));
                unknown.get_or_insert(message);
            }
            continue;
        };
        let value = unquote(value);
        if option.kind == Kind::Flag {
            match boolean(value) {
                Some(on) => values.set(option, if on { "1" } else { "0" }),
                None => warnings.push(format!(
                    "line {}: {} is neither yes nor no; it is ignored",
                    number + 1,
                    option.name
                )),
            }
        } else {
            values.set(option, value);
        }
    }
    match unknown {
        Some(unknown) if values.text("action").is_none() => {
            let seen =
                format!("{unknown}, and no action is given; the default action is not taken on a guess");
            Err(Failure::lasting(Step::Options, seen))
        }
        _ => Ok((values, warnings)),
    }
}

fn unknown_key(options: &[Opt], line: usize, key: &str) -> String {
    if !is_printable_key(key) {
        return format!("line {line}: not an option");
    }
    match suggest(options, key) {
        Some(near) => format!("line {line}: unknown option {key:?}, did you mean {near:?}?"),
        None => format!("line {line}: unknown option {key:?}"),
    }
}

/// Strips one pair of surrounding double quotes.
fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Agent;

    fn parse(text: &str) -> Result<(Values, Vec<String>), Failure> {
        parse_stdin(&Agent::named("fence_ipmilan").unwrap().options, text)
    }

    fn value(text: &str, name: &str) -> Option<String> {
        parse(text).unwrap().0.text(name).map(str::to_owned)
    }

    #[test]
    fn lines_comments_and_quotes() {
        let text = "\n# comment\n  action=off  \nip=\"10.0.0.1\"\npasswd=\" a=b \"\nlogin=x\nusername=y\n";
        let (values, warnings) = parse(text).unwrap();
        assert_eq!(values.text("action"), Some("off"));
        assert_eq!(values.text("ip"), Some("10.0.0.1"));
        assert_eq!(values.text("password"), Some(" a=b "));
        assert_eq!(values.text("username"), Some("y"), "the last one wins, whatever it is called");
        assert!(warnings.is_empty());
    }

    #[test]
    fn only_one_pair_of_quotes_goes() {
        assert_eq!(value("password=\"\"a\"\"", "password").as_deref(), Some("\"a\""));
        assert_eq!(value("password=\"", "password").as_deref(), Some("\""));
        assert_eq!(value("password=", "password").as_deref(), Some(""));
    }

    #[test]
    fn keys_may_have_dashes_and_option_means_action() {
        assert_eq!(value("power-wait=3", "power_wait").as_deref(), Some("3"));
        assert_eq!(value("debug-file=x", "debug_file").as_deref(), Some("x"));
        assert_eq!(value("option=status", "action").as_deref(), Some("status"));
    }

    #[test]
    fn booleans_can_be_switched_off() {
        for (text, wanted) in [
            ("1", "1"),
            ("Yes", "1"),
            ("ON", "1"),
            ("true", "1"),
            ("0", "0"),
            ("no", "0"),
            ("off", "0"),
            ("FALSE", "0"),
        ] {
            assert_eq!(value(&format!("lanplus={text}"), "lanplus").as_deref(), Some(wanted), "{text}");
        }
        let (values, warnings) = parse("lanplus=maybe").unwrap();
        assert_eq!(values.text("lanplus"), None);
        assert_eq!(warnings, ["line 1: lanplus is neither yes nor no; it is ignored"]);
    }

    #[test]
    fn unknown_keys_are_warned_about_without_their_value() {
        let (_, warnings) = parse("action=status\nshell_timeuot=s3cret\nnodename=n\nhunter2\n").unwrap();
        let wanted = [
            "line 2: unknown option \"shell_timeuot\", did you mean \"shell_timeout\"?; it is ignored",
            "line 4: not an option; it is ignored",
        ];
        assert_eq!(warnings, wanted);
    }

    #[test]
    fn a_misspelt_action_does_not_fence() {
        let error = parse("acton=status\nip=1\n").err().unwrap();
        assert!(error.seen.contains("did you mean \"action\""), "{error}");
        assert!(parse("ip=1\nnodename=n\n").is_ok(), "the default action, as everything is known");
    }
}
