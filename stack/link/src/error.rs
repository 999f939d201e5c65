//! What can go wrong on the way to a device.

use crate::Target;

/// A failure of the link itself; what the device says is never an error here.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The host answers, and says that nothing listens on the port.
    #[error("{target} refuses: nothing listens on that port")]
    Refused {
        /// Whom we spoke to.
        target: Target,
    },
    /// There is no way to the host.
    #[error("{target} is unreachable: {why}")]
    Unreachable {
        /// Whom we spoke to.
        target: Target,
        /// What the system says.
        why: String,
    },
    /// The host name means nothing, or has no address of the wanted family.
    #[error("cannot resolve {target}: {why}")]
    Name {
        /// Whom we looked for.
        target: Target,
        /// What the resolver says.
        why: String,
    },
    /// The host is there, and does not let the user in.
    #[error("{target} does not let the user in: {why}")]
    Denied {
        /// Whom we spoke to.
        target: Target,
        /// What it said, or which methods it wants.
        why: String,
    },
    /// Another program has it.
    #[error("{target} is busy: {why}")]
    Busy {
        /// Whom we wanted to speak to.
        target: Target,
        /// Who has it, as far as that is known.
        why: String,
    },
    /// This world has no such link.
    #[error("{target}: {why}")]
    Unsupported {
        /// Whom we wanted to speak to.
        target: Target,
        /// What is missing.
        why: String,
    },
    /// Any other failure of a socket.
    #[error("{target}: {why}")]
    Io {
        /// Whom we spoke to.
        target: Target,
        /// What the system says.
        why: String,
    },
    /// A script (of a password, for example) did not run or gave nothing. The command is not repeated: it may hold secrets.
    #[error("script: {why}")]
    Script {
        /// What happened.
        why: String,
    },
    /// A file could not be written.
    #[error("file {path}: {why}")]
    File {
        /// The path as given.
        path: String,
        /// What the system says.
        why: String,
    },
}
