//! The real program, against real peers where they are the point. No sleeps: each test waits for what it needs.

mod bench;
mod captures;
mod command_line;
mod compare;
mod consoles;
mod emulate;
mod fabrics;
mod hunt;
mod process;
mod record;
mod sessions;
mod snmp;
mod terminal;
mod texts;
mod verdicts;
