//! The options of the fence agent contract: the table, the two ways to give them, and the checks.

mod argv;
mod option;
mod stdin;
mod suggest;
mod table;
mod validate;
mod values;

pub(crate) use argv::parse_argv;
pub(crate) use option::{Kind, Opt};
pub(crate) use stdin::parse_stdin;
pub(crate) use table::{ALWAYS, IP, LOGIN, PORT_AS_IP, SNMP, SSH, SUDO, standard};
pub(crate) use validate::{Needs, validate};
pub(crate) use values::{Values, boolean};
