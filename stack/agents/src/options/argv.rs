//! Options on the command line, as GNU getopt reads them.

use super::{Kind, Opt, Values, suggest::is_printable_key, suggest::suggest, values::boolean};
use crate::failure::{Failure, Step};

/// Reads the options; the second part is what to warn of. No message repeats a value: it may be a secret.
///
/// # Errors
/// An unknown or ambiguous option, a value that is missing or not wanted.
pub(crate) fn parse_argv(options: &[Opt], args: &[String]) -> Result<(Values, Vec<String>), Failure> {
    let mut values = Values::default();
    let mut unused = 0;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            unused += rest.len();
            break;
        }
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let option = find_long(options, name)?;
            let value =
                if option.takes_value() { value.or_else(|| rest.next().map(String::as_str)) } else { value };
            take(&mut values, option, value, || format!("--{}", option.long_name()))?;
        } else if let Some(cluster) = arg.strip_prefix('-').filter(|cluster| !cluster.is_empty()) {
            for (at, letter) in cluster.char_indices() {
                let option = find_short(options, letter)?;
                let name = || format!("-{letter}");
                if !option.takes_value() {
                    take(&mut values, option, None, name)?;
                    continue;
                }
                // The rest of the cluster is the value; if there is none, the next argument is.
                let tail = cluster.get(at + letter.len_utf8()..).filter(|tail| !tail.is_empty());
                take(&mut values, option, tail.or_else(|| rest.next().map(String::as_str)), name)?;
                break;
            }
        } else {
            unused += 1;
        }
    }
    let warnings =
        if unused > 0 { vec![format!("{unused} unused arguments on the command line")] } else { Vec::new() };
    Ok((values, warnings))
}

fn take(
    values: &mut Values,
    option: &Opt,
    value: Option<&str>,
    name: impl Fn() -> String,
) -> Result<(), Failure> {
    match (option.kind, value) {
        (Kind::Flag, None) => {
            values.verbose_count += u32::from(option.name == "verbose");
            values.set(option, "1");
        }
        // Beyond getopt: a flag with a boolean, so that a default can be switched off here as on stdin.
        (Kind::Flag, Some(value)) => match boolean(value) {
            Some(on) => values.set(option, if on { "1" } else { "0" }),
            None => return Err(failure(format!("{} takes no value, or yes or no", name()))),
        },
        (_, Some(value)) => values.set(option, value),
        (_, None) => return Err(failure(format!("{} needs a value", name()))),
    }
    Ok(())
}

fn find_short(options: &[Opt], letter: char) -> Result<&Opt, Failure> {
    let found = options.iter().find(|option| option.short == Some(letter));
    found.ok_or_else(|| {
        failure(if letter.is_ascii_alphanumeric() {
            format!("unknown option -{letter}")
        } else {
            "unknown option".to_owned()
        })
    })
}

/// The option of this long name, or of the only one that begins so.
fn find_long<'a>(options: &'a [Opt], name: &str) -> Result<&'a Opt, Failure> {
    let name = name.replace('_', "-");
    if let Some(exact) = options.iter().find(|option| option.long_name().replace('_', "-") == name) {
        return Ok(exact);
    }
    let begins: Vec<&Opt> = options.iter().filter(|option| option.long_name().starts_with(&name)).collect();
    match begins.as_slice() {
        [only] if !name.is_empty() => Ok(only),
        [] if !is_printable_key(&name) => Err(failure("unknown option".to_owned())),
        [] => Err(failure(match suggest(options, &name) {
            Some(near) => format!("unknown option --{name}, did you mean --{}?", near.replace('_', "-")),
            None => format!("unknown option --{name}"),
        })),
        several => {
            let names: Vec<String> =
                several.iter().map(|option| format!("--{}", option.long_name())).collect();
            Err(failure(format!("option --{name} is not unique: {}", names.join(", "))))
        }
    }
}

fn failure(seen: String) -> Failure {
    Failure::lasting(Step::Options, seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Agent;

    fn parse(args: &[&str]) -> Result<(Values, Vec<String>), Failure> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        parse_argv(&Agent::named("fence_ipmilan").unwrap().options, &args)
    }

    fn value(args: &[&str], name: &str) -> Option<String> {
        parse(args).unwrap().0.text(name).map(str::to_owned)
    }

    #[test]
    fn short_and_long_forms() {
        for args in [&["-a", "h"][..], &["-ah"], &["--ip=h"], &["--ip", "h"], &["-va", "h"], &["-vah"]] {
            assert_eq!(value(args, "ip").as_deref(), Some("h"), "{args:?}");
        }
        assert_eq!(value(&["-ostatus"], "action").as_deref(), Some("status"));
        assert_eq!(value(&["--password="], "password").as_deref(), Some(""));
        assert_eq!(
            value(&["-p", "-x"], "password").as_deref(),
            Some("-x"),
            "what follows is the value, dash or not"
        );
        assert_eq!(value(&["--login-tim=3"], "login_timeout").as_deref(), Some("3"));
        assert_eq!(value(&["--login_timeout=3"], "login_timeout").as_deref(), Some("3"));
        assert_eq!(value(&["-C", "17"], "cipher").as_deref(), Some("17"));
        assert_eq!(value(&["--hexadecimal-kg", "00"], "hexadecimal_kg").as_deref(), Some("00"));
    }

    #[test]
    fn verbose_counts() {
        assert_eq!(parse(&["-vv", "--verbose"]).unwrap().0.verbose_count, 3);
    }

    #[test]
    fn flags_take_a_boolean() {
        assert_eq!(value(&["--lanplus=0"], "lanplus").as_deref(), Some("0"));
        assert_eq!(parse(&["--lanplus=x"]).err().unwrap().seen, "--lanplus takes no value, or yes or no");
    }

    #[test]
    fn what_is_wrong_is_said_without_values() {
        let seen = |args: &[&str]| parse(args).err().unwrap().seen;
        assert_eq!(seen(&["--nosuch=s3cret"]), "unknown option --nosuch");
        assert_eq!(seen(&["--pasword=s3cret"]), "unknown option --pasword, did you mean --password?");
        assert_eq!(seen(&["--power=1"]), "option --power is not unique: --power-timeout, --power-wait");
        assert_eq!(seen(&["-Z"]), "unknown option -Z");
        assert_eq!(seen(&["-a"]), "-a needs a value");
        assert!(seen(&["--=x"]).contains("not unique"));
    }

    #[test]
    fn positional_arguments_are_counted_only() {
        let (values, warnings) = parse(&["s3cret", "-o", "status", "--", "-a", "h"]).unwrap();
        assert_eq!(warnings, ["3 unused arguments on the command line"]);
        assert_eq!(values.text("ip"), None);
    }
}
