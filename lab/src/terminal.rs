//! Colours, where a person looks.

use std::fmt;
use std::io::IsTerminal;

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A pen that colours, or doesn't.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    colours: bool,
}

/// What a piece of text is, from which its look follows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ink {
    /// The agent speaks.
    Agent,
    /// The device speaks.
    Device,
    /// Sessions, marks, times.
    Faint,
    /// What is right.
    Good,
    /// What is wrong.
    Bad,
    /// What is odd but known.
    Odd,
    /// What matters.
    Strong,
}

impl Pen {
    /// For standard output.
    pub(crate) fn stdout(choice: ColorChoice) -> Self {
        let wanted =
            || std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self { colours: choice == ColorChoice::Always || choice == ColorChoice::Auto && wanted() }
    }

    /// The text in that look.
    pub(crate) fn ink(self, ink: Ink, text: impl fmt::Display) -> String {
        if !self.colours {
            return text.to_string();
        }
        let code = match ink {
            Ink::Agent => "36",
            Ink::Device => "33",
            Ink::Faint => "2",
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Odd => "35",
            Ink::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Text that came from outside, made safe for a terminal: control characters are spelled out.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_cannot_paint_the_terminal() {
        assert_eq!(harmless("login: \x1b[2J\r\n"), "login: \\u{1b}[2J\\r\\n");
    }

    #[test]
    fn colours_only_where_wanted() {
        assert_eq!(Pen { colours: false }.ink(Ink::Bad, "on"), "on");
        assert_eq!(Pen { colours: true }.ink(Ink::Bad, "on"), "\x1b[1;31mon\x1b[0m");
    }
}
