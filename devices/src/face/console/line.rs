//! One line to a console: who is at it, what was typed, where it is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::end::StreamEnd;
use super::output::Output;
use crate::spec::console::{Console, Enter, Input, Pager, Trigger};

/// A longer line than this is cut.
const LINE_LIMIT: usize = 1024;

/// A session, or an attempt at one.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) stage: Stage,
    pub(super) user: Option<String>,
    /// Wrong logins.
    pub(super) tries: u32,
    /// The line so far.
    buffer: Vec<u8>,
    /// A CR was the last: a LF or NUL behind it says nothing more.
    after_cr: bool,
    pub(super) mode: usize,
    /// What patterns caught, newest first.
    pub(super) typed: BTreeMap<String, String>,
    /// The chosen plug.
    pub(super) plug: Option<usize>,
    /// The rest of a long text, with its pager.
    pub(super) rest: Option<Rest>,
    pub(super) end: StreamEnd,
    /// Where the cursor stands.
    pub(super) column: usize,
    /// Until when the device is still speaking.
    pub(super) free_at: Duration,
    /// When something last came.
    pub(super) heard: Duration,
    /// Nothing came yet.
    pub(super) is_fresh: bool,
    /// The session ends after what is said now.
    pub(super) is_over: bool,
}

/// The rest of a text that is shown in pages.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub(super) lines: Vec<String>,
    pub(super) pager: Pager,
}

/// How far the login is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    User,
    Password { user: String },
    In,
}

/// What was typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Typed {
    /// A line, without its end.
    Line(String),
    /// A key that needs no enter.
    Key(u8),
}

impl Line {
    pub(super) fn new(number: u32, now: Duration, negotiates: bool) -> Self {
        Self {
            number,
            stage: Stage::User,
            user: None,
            tries: 0,
            buffer: Vec::new(),
            after_cr: false,
            mode: 0,
            typed: BTreeMap::new(),
            plug: None,
            rest: None,
            end: StreamEnd::new(negotiates),
            column: 0,
            free_at: now,
            heard: now,
            is_fresh: true,
            is_over: false,
        }
    }

    /// Whether single keys count now.
    pub(super) fn takes_keys(&self, console: &Console) -> bool {
        self.rest.is_some() || console.mode(self.mode).is_some_and(|mode| mode.input == Input::Key)
    }

    /// A byte is typed. It is echoed, as far as things are; a whole line or a key is given back.
    pub(super) fn typed(&mut self, byte: u8, console: &Console, output: &mut Output) -> Option<Typed> {
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        let is_end = match (console.enter, byte) {
            (Enter::Any, b'\n' | 0) if after_cr => return None,
            (Enter::Any | Enter::Each, b'\r' | b'\n') | (Enter::Cr, b'\r') | (Enter::Lf, b'\n') => true,
            (Enter::Each, 0) if after_cr => return None,
            (Enter::Cr, b'\n' | 0) | (Enter::Lf, b'\r') => return None,
            _ => false,
        };
        if self.is_in() && self.takes_keys(console) {
            return Some(Typed::Key(if is_end { b'\r' } else { byte }));
        }
        if is_end {
            let line = std::mem::take(&mut self.buffer);
            if console.echo {
                output.say("\n", self, console);
            }
            return Some(Typed::Line(String::from_utf8_lossy(&line).into_owned()));
        }
        if self.is_in() && self.is_key(byte, console) {
            self.buffer.clear();
            return Some(Typed::Key(byte));
        }
        self.edit(byte, console, output);
        None
    }

    /// Whether a command of the mode wants this control character.
    pub(super) fn is_key(&self, byte: u8, console: &Console) -> bool {
        let mode = console.mode(self.mode);
        mode.is_some_and(|mode| {
            mode.commands.iter().any(|command| matches!(command.on, Trigger::Key(key) if key == byte))
        })
    }

    fn edit(&mut self, byte: u8, console: &Console, output: &mut Output) {
        let secret = matches!(self.stage, Stage::Password { .. });
        match byte {
            // Backspace and delete.
            8 | 127 => {
                if self.buffer.pop().is_some() && console.echo && !secret {
                    output.raw(self.end.encode(b"\x08 \x08"));
                    self.column = self.column.saturating_sub(1);
                }
            }
            // Ctrl-C and Ctrl-U begin the line anew.
            3 | 21 => self.buffer.clear(),
            // Other control characters are no text.
            0..=31 => {}
            _ => {
                if self.buffer.len() >= LINE_LIMIT {
                    return;
                }
                self.buffer.push(byte);
                if !console.echo {
                    return;
                }
                match (&console.login, secret) {
                    (Some(login), true) => output.say(&login.mask.clone(), self, console),
                    _ => output.echo(byte, self, console),
                }
            }
        }
    }
}
