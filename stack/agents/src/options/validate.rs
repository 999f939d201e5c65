//! The checks that need no device.

use super::{
    Kind, Opt, Values,
    values::{boolean, whole_number},
};
use crate::action::Action;

/// What an agent insists on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// A user name.
    pub(crate) username: bool,
    /// A password, a password script, or a key.
    pub(crate) password: bool,
    /// A plug, for every action that moves or asks one.
    pub(crate) plug: bool,
}

/// Checks the values, and brings choices and numbers into their canonical form. What is wrong is said without the
/// value, which may be a secret in the wrong place.
pub(crate) fn validate(options: &[Opt], needs: Needs, action: Action, values: &mut Values) -> Vec<String> {
    let mut wrong = Vec::new();
    let has = |name: &str| options.iter().any(|option| option.name == name);

    if needs.username && values.filled("username").is_none() {
        wrong.push("a user name is needed (username, -l)".to_owned());
    }
    if has("ip") && values.filled("ip").is_none() {
        wrong.push("the address of the fence device is needed (ip, -a)".to_owned());
    }
    let identified = ["password", "password_script"].iter().any(|name| values.text(name).is_some())
        || values.filled("identity_file").is_some();
    if needs.password && !identified {
        let key = if has("identity_file") { ", or an identity file (identity_file, -k)" } else { "" };
        wrong.push(format!(
            "a password (password, -p) or password script (password_script, -S){key} is needed"
        ));
    }
    if needs.plug && action.needs_plug() && values.filled("plug").is_none() {
        wrong.push("a plug is needed (plug, -n)".to_owned());
    }
    if values.filled("identity_file").is_some() && !values.flag("ssh") {
        wrong.push("an identity file is for SSH (ssh, -x)".to_owned());
    }
    if values.flag("inet4_only") && values.flag("inet6_only") {
        wrong.push("inet4_only and inet6_only exclude each other".to_owned());
    }
    for option in options {
        let Some(text) = values.text(option.name) else { continue };
        let long = option.long_name();
        match option.kind {
            Kind::Choice(choices) => match choices.iter().find(|choice| choice.eq_ignore_ascii_case(text)) {
                Some(choice) => values.replace(option.name, (*choice).to_owned()),
                None => wrong.push(format!("--{long} must be one of {}", choices.join(", "))),
            },
            Kind::Seconds if whole_number(text).is_none() => {
                wrong.push(format!("--{long} must be a time in whole seconds"));
            }
            // A bad verbose level is no reason not to fence: it is warned about elsewhere.
            Kind::Integer if option.name != "verbose_level" && whole_number(text).is_none() => {
                wrong.push(format!("--{long} must be a whole number"));
            }
            _ => {}
        }
    }
    if let Some(port) = values.text("ipport").and_then(whole_number)
        && !(1..=65_535).contains(&port)
    {
        wrong.push("--ipport must be a port from 1 to 65535".to_owned());
    }
    if values.text("disable_timeout").is_some_and(|text| boolean(text).is_none()) {
        wrong.push("--disable-timeout must be true or false".to_owned());
    }
    if values.text("plug_separator").is_some_and(str::is_empty) {
        wrong.push("--plug-separator must not be empty".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{agent::Agent, options::parse_argv};

    fn check(args: &[&str]) -> (Vec<String>, Values) {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let agent = Agent::named("fence_ipmilan").unwrap();
        let (mut values, _) = parse_argv(&agent.options, &args).unwrap();
        values.fill(&agent.options);
        let wrong = validate(&agent.options, agent.needs, Action::Status, &mut values);
        (wrong, values)
    }

    #[test]
    fn choices_are_case_insensitive() {
        let (wrong, values) = check(&["-a", "h", "-L", "Operator", "-m", "CYCLE"]);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!((values.text("privlvl"), values.text("method")), (Some("operator"), Some("cycle")));
    }

    #[test]
    fn each_wrong_value_is_named_and_none_is_shown() {
        let (wrong, _) = check(&[
            "-L",
            "s3cret",
            "--delay=s3cret",
            "-u",
            "70000",
            "--retry-on=-1",
            "--disable-timeout=s3cret",
        ]);
        let wanted = [
            "the address of the fence device is needed (ip, -a)",
            "--privlvl must be one of callback, user, operator, administrator",
            "--delay must be a time in whole seconds",
            "--retry-on must be a whole number",
            "--ipport must be a port from 1 to 65535",
            "--disable-timeout must be true or false",
        ];
        for text in wanted {
            assert!(wrong.iter().any(|line| line == text), "{text} in {wrong:?}");
        }
        assert_eq!(wrong.len(), wanted.len(), "{wrong:?}");
    }

    #[test]
    fn needs_are_needs() {
        let agent = Agent::named("fence_ipmilan").unwrap();
        let needs = Needs { username: true, password: true, plug: true };
        let mut values = Values::default();
        values.replace("ip", "h".to_owned());
        values.fill(&agent.options);
        assert_eq!(validate(&agent.options, needs, Action::Off, &mut values.clone()).len(), 3);
        assert_eq!(
            validate(&agent.options, needs, Action::Monitor, &mut values).len(),
            2,
            "monitor needs no plug"
        );
    }
}
