//! How plugs are written, and which ones are refused before they are.

use crate::failure::{Failure, Step};

/// What a plug of a dialect looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Notation {
    /// The device has one plug, which has no name.
    Single,
    /// A number.
    Number,
    /// A name for the command line of a device: no blanks, and nothing that such a command line gives a meaning.
    Word,
    /// A name, or a path of the SM CLP (DMTF DSP0214): a number stands for an outlet.
    Outlet,
    /// A name for a shell: it is quoted where it needs to be.
    Shell,
    /// The same, within the double quotes that the field's agents write.
    Quoted,
    /// A name that is looked up in a list of the device, and never sent.
    Listed,
}

impl Notation {
    /// Takes a plug apart. `switched` plugs may have the device that they are on before a colon.
    ///
    /// # Errors
    /// When it could mean something else in a line, or is no plug of such a device.
    pub(crate) fn plug(self, given: &str, switched: bool) -> Result<Plug, Failure> {
        let (switch, name) = match given.split_once(':') {
            Some((switch, name)) if switched => (Some(switch), name),
            _ => (None, given),
        };
        let switch = switch.map(|switch| Self::Number.write(switch)).transpose()?;
        Ok(Plug { name: name.to_owned(), written: self.write(name)?, switch })
    }
}

/// A plug that an action is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Plug {
    /// What the device calls it.
    pub(crate) name: String,
    /// How that is written in a line.
    pub(crate) written: String,
    /// The one of several stacked devices that it is on, if it names one.
    pub(crate) switch: Option<String>,
}

/// How long a plug may be.
const LENGTH_MAX: usize = 255;

/// A word for a command line that is no plug, such as the name of a managed system.
pub(crate) fn word(text: &str) -> Option<String> {
    is_word(text).then(|| text.to_owned())
}

impl Notation {
    /// How a plug is written in a line.
    ///
    /// # Errors
    /// When it could mean something else there, or is no plug of such a device.
    fn write(self, plug: &str) -> Result<String, Failure> {
        let wrong = |hint: &str| Err(Failure::lasting(Step::Options, format!("plug: {hint}")));
        if plug.chars().any(char::is_control) || plug.len() > LENGTH_MAX {
            return wrong("it may hold no control characters, and at most 255 bytes");
        }
        let is_number = !plug.is_empty() && plug.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Single => Ok(String::new()),
            _ if plug.is_empty() => wrong("it is empty"),
            Self::Number if is_number => Ok(plug.to_owned()),
            Self::Number => wrong("a plug of this device is a number"),
            Self::Outlet if is_number => Ok(format!("/system1/outlet{plug}")),
            // Several devices have a plug of this name, and it is not the one that is meant.
            Self::Word | Self::Outlet if plug.eq_ignore_ascii_case("all") => wrong("it names all plugs"),
            Self::Word | Self::Outlet if is_word(plug) => Ok(plug.to_owned()),
            Self::Word | Self::Outlet => wrong(
                "a plug of this device holds letters, digits and . _ - / : @ only, and does not begin with -",
            ),
            Self::Shell | Self::Quoted if plug.starts_with('-') => wrong("it may not begin with -"),
            Self::Shell if is_word(plug) => Ok(plug.to_owned()),
            Self::Quoted if plug.chars().all(|c| c == ' ' || is_word_character(c)) => {
                Ok(format!("\"{plug}\""))
            }
            Self::Shell | Self::Quoted => Ok(format!("'{}'", plug.replace('\'', r"'\''"))),
            Self::Listed => Ok(plug.to_owned()),
        }
    }
}

/// What no command line and no shell gives a meaning to.
fn is_word(text: &str) -> bool {
    !text.starts_with('-') && !text.is_empty() && text.chars().all(is_word_character)
}

fn is_word_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".-_/:@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_out_of_a_line_is_refused() {
        for notation in
            [Notation::Number, Notation::Word, Notation::Outlet, Notation::Shell, Notation::Quoted]
        {
            for plug in ["", "1\r", "1\n2", "1\u{1b}", "-f", &"1".repeat(256)] {
                assert!(notation.write(plug).is_err(), "{notation:?} {plug:?}");
            }
        }
        for plug in ["1,2", "1 2", "*", "all;reboot", "$(x)", "a|b", "1?", "`x`", "\"", "'", "ü"] {
            assert!(Notation::Number.write(plug).is_err() && Notation::Word.write(plug).is_err(), "{plug}");
        }
        assert!(Notation::Number.write("all").is_err() && Notation::Word.write("ALL").is_err());
    }

    #[test]
    fn a_shell_gets_words_and_quotes() {
        let shell = |plug| Notation::Shell.write(plug).unwrap();
        assert_eq!(shell("vm-1.lab"), "vm-1.lab");
        assert_eq!(shell("my vm"), "'my vm'");
        assert_eq!(shell("a'; reboot; '"), r"'a'\''; reboot; '\'''");
        let quoted = |plug| Notation::Quoted.write(plug).unwrap();
        assert_eq!(quoted("my vm"), "\"my vm\"");
        assert_eq!(quoted("$(reboot)"), "'$(reboot)'");
    }

    #[test]
    fn a_plug_may_name_its_switch() {
        let plug = |given| Notation::Number.plug(given, true);
        let wanted = Plug { name: "7".into(), written: "7".into(), switch: Some("2".into()) };
        assert_eq!(plug("2:7"), Ok(wanted));
        assert!(plug("a:7").is_err() && plug("2:").is_err() && plug("2:3:4").is_err());
        assert!(Notation::Number.plug("2:7", false).is_err());
    }

    #[test]
    fn an_outlet_by_number_is_a_path() {
        assert_eq!(Notation::Outlet.write("7").unwrap(), "/system1/outlet7");
        assert_eq!(Notation::Outlet.write("/system1/outlet7").unwrap(), "/system1/outlet7");
    }
}
