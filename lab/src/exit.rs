//! What the program's exit code tells. The table for people is `docs/exit-codes.md`; a test compares the two.

use std::fmt;

/// How a run of `fencelab` ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// All that was asked for was done, and holds.
    Success,
    /// The question was answered with "no": a finding, a divergence, a lint error, an unformatted file.
    Findings,
    /// The command line can't be understood.
    Usage,
    /// A file or folder that was named can't be read, or is not what it should be.
    Input,
    /// It would be unsafe: overwriting a file, saving a secret, listening beyond loopback.
    Refused,
    /// A socket can't be opened, or a device can't be reached.
    Network,
    /// The command behind `--` can't be started, or was ended by a signal.
    Command,
    /// A file can't be written, or the system refused something else.
    System,
}

impl Exit {
    /// Every way to end, by its code.
    #[cfg(test)]
    const ALL: [Exit; 8] = [
        Exit::Success,
        Exit::Findings,
        Exit::Usage,
        Exit::Input,
        Exit::Refused,
        Exit::Network,
        Exit::Command,
        Exit::System,
    ];

    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Input => 3,
            Exit::Refused => 4,
            Exit::Network => 5,
            Exit::Command => 6,
            Exit::System => 7,
        }
    }

    /// The name in the table.
    #[cfg(test)]
    const fn name(self) -> &'static str {
        match self {
            Exit::Success => "success",
            Exit::Findings => "findings",
            Exit::Usage => "usage",
            Exit::Input => "input",
            Exit::Refused => "refused",
            Exit::Network => "network",
            Exit::Command => "command",
            Exit::System => "system",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// An error together with the exit code that it earns.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    /// A failure told in words: what, where, how to mend.
    pub(crate) fn new(exit: Exit, words: impl fmt::Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{words}") }
    }
}

/// Says which exit code an error earns.
pub(crate) trait OrExit<T> {
    /// The same result; an error of it ends the program with `exit`.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_table_is_this_one() {
        let page = include_str!("../../docs/exit-codes.md");
        let rows: Vec<(u8, &str)> = page
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
                Some((cells.next()?.parse().ok()?, cells.next()?.trim_matches('`')))
            })
            .collect();
        assert_eq!(rows, Exit::ALL.map(|exit| (exit.code(), exit.name())));
    }
}
