//! The agents of devices with a console: a command line or menus over telnet or SSH.
//!
//! Every one of them says a line and listens in the same way ([`terminal`]), lets itself in in the same way ([`login`]), and
//! then differs in what it says and in how it reads the answers. That is data: a [`kind::Kind`] for each agent, with a
//! [`dialect::Dialect`] that is a table of [`lines`] for most of them; only menus and some tables need code.
//!
//! What is safe is decided in few places. Nothing is understood before the device is at its prompt again. Only the
//! documented word for off, on the row of the very plug, is off ([`reading`]). A plug is checked before it is written into a
//! line, and quoted where a shell reads that line ([`plug`]). After anything odd the session is given up, so that no late
//! word is taken for an answer to a later question ([`device`]).
//!
//! The host key of a device is not checked over SSH, as the field's agents do not check it either (they say yes to
//! whatever is shown, or are told to by `ssh_options`): it is logged, so that a change can be found afterwards.

mod description;
mod device;
mod dialect;
mod families;
mod kind;
mod kinds;
mod lines;
mod login;
mod pattern;
mod plug;
mod reading;
mod serial;
mod session;
mod settings;
mod ssh_options;
mod step;
mod talk;
mod terminal;
mod text;

pub(crate) use description::{NAMES, agent};
