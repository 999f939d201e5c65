//! Links that carry a stream of bytes: TCP, telnet, SSH, a serial line.

use std::{path::PathBuf, time::Duration};

use fencelab_wire::{Secret, serial::Line};

use crate::LinkError;

/// How a stream is opened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Way {
    /// TCP: the bytes as they are.
    Tcp,
    /// Telnet over TCP (RFC 854). The link negotiates, and escapes; its user sees text only.
    Telnet,
    /// A terminal session over SSH (RFC 4254 §6). The link authenticates; its user sees what a terminal would show.
    Ssh(SshLogin),
    /// A serial line of this machine. The target's host is the path of the line; its port means nothing.
    Serial(Line),
    /// A serial line behind a port server, which is asked to set it so (RFC 2217).
    PortServer(Line),
}

impl Way {
    /// Whether it ends at a serial line: nothing is said there to whoever comes, and nobody is logged out by going.
    #[must_use]
    pub fn is_line(&self) -> bool {
        matches!(self, Self::Serial(_) | Self::PortServer(_))
    }
}

/// Who logs in over SSH, and to what. A password is given whenever the device asks for one, by whichever method.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SshLogin {
    /// The user.
    pub user: String,
    /// The password; with an identity, the passphrase of that.
    pub password: Option<Secret>,
    /// The file of a private key. With one, no password is offered.
    pub identity: Option<PathBuf>,
    /// What to run instead of the user's shell.
    pub command: Option<String>,
}

/// What came of listening.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Heard {
    /// Some bytes, at least one. How the device's words are cut into these means nothing.
    Bytes(Vec<u8>),
    /// Nothing, until the time was up.
    Silence,
    /// The device has hung up. Nothing more will come.
    End,
}

/// A stream to one target. Dropping it hangs up.
pub trait Stream {
    /// Time since the start of the run: the clock of the [`World`](crate::World) that made this link.
    fn now(&self) -> Duration;

    /// Sends all these bytes. That the device has hung up shows at the next [`receive`](Self::receive), not here.
    ///
    /// # Errors
    /// When the link itself fails, or takes no bytes for a long time.
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError>;

    /// Waits until bytes are there, the device hangs up, or `until` has come on the clock of the
    /// [`World`](crate::World). With an `until` that is past, what has come already is still given.
    ///
    /// # Errors
    /// When the link fails in another way than by being closed.
    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError>;
}

impl Stream for Box<dyn Stream> {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        (**self).send(bytes)
    }

    fn receive(&mut self, until: Duration) -> Result<Heard, LinkError> {
        (**self).receive(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let login = SshLogin { user: "u".to_owned(), password: Some("calvin".into()), ..SshLogin::default() };
        let text = format!("{:?}", Way::Ssh(login));
        assert!(!text.contains("calvin") && text.contains("***"), "{text}");
    }
}
