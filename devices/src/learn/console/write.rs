//! What was found, as a `device.toml`.

use std::fmt::Write as _;

use super::found::{Command, Found, Mode, PLUG, Table};
use super::read::Read;
use super::shape::{Fill, Line, Part, Piece};
use crate::learn::description::{self, list, quoted};
use crate::learn::follow::{self, Delay, Does};
use crate::learn::{Named, Options, evidence_name};
use crate::{duration, plant::Power};

/// The text. `files`: the transcripts are named as evidence.
pub(super) fn write(
    read: &Read,
    found: &Found,
    transcripts: &[Named],
    options: &Options,
    files: bool,
) -> String {
    let writer = Writer { found };
    let mut text = String::new();
    let names: Vec<&str> = transcripts.iter().map(|named| evidence_name(&named.name)).collect();
    let _ = writeln!(text, "# Written by `fencelab learn` from {}.", names.join(", "));
    text.push_str("# What nobody typed in the recordings is no command here; what is only likely says so.\n");
    text.push_str("format = \"1.0\"\n\n[device]\n");
    description::device(&mut text, transcripts, options, files);
    text.push_str("\n[plant]\n");
    writer.plant(&mut text);
    writer.face(&mut text, read);
    for (index, mode) in found.modes.iter().enumerate() {
        writer.mode(&mut text, index, mode);
    }
    text
}

struct Writer<'a> {
    found: &'a Found,
}

impl Writer<'_> {
    fn plant(&self, text: &mut String) {
        text.push_str("plugs = [\n");
        for (plug, power) in &self.found.plugs {
            let _ = writeln!(text, "    {{ name = {}, power = \"{power}\" }},", quoted(plug));
        }
        text.push_str("]\n");
        let mut parts = Vec::new();
        for (name, delay) in [("off", &self.found.off), ("on", &self.found.on)] {
            let chosen = delay.chosen().unwrap_or_default();
            let _ = writeln!(text, "# {name}: {}", bounds(delay));
            parts.push(format!("{name} = \"{}\"", duration::format(chosen)));
        }
        let _ = writeln!(text, "delay = {{ {} }}", parts.join(", "));
    }

    fn face(&self, text: &mut String, read: &Read) {
        let found = self.found;
        let carriers: Vec<&str> = read.carriers.iter().map(|carrier| carrier.name()).collect();
        let _ = writeln!(text, "\n[face.console]\nover = [{}]", list(carriers));
        if read.manner.eol != "\r\n" {
            let _ = writeln!(text, "eol = {}", quoted(read.manner.eol));
        }
        let _ = writeln!(text, "echo = {}", read.manner.echo);
        let (on, off) = &found.words;
        let mut words = format!("on = {}, off = {}", quoted(on), quoted(off));
        for (key, word) in ["turning-off", "turning-on"].into_iter().zip(&found.turning) {
            if let Some(word) = word {
                let _ = write!(words, ", {key} = {}", quoted(word));
            }
        }
        let _ = writeln!(text, "words = {{ {words} }}");
        if let Some(login) = found.login.as_ref().filter(|login| !login.greeting.is_empty()) {
            let _ = writeln!(text, "greeting = {}", quoted(&literal(&login.greeting)));
        }
        let welcome = self.say(&found.welcome, "plug");
        if !welcome.is_empty() {
            let _ = writeln!(text, "welcome = {}", block(&welcome));
        }
        if let Some(login) = &found.login {
            text.push_str("\n[face.console.login]\n");
            if let Some(user) = &login.user {
                let _ = writeln!(text, "user = {}", quoted(&literal(user)));
            }
            let _ = writeln!(text, "password = {}", quoted(&literal(&login.password)));
            if !login.mask.is_empty() {
                let _ = writeln!(text, "mask = {}", quoted(&login.mask));
            }
            // The lab's own user comes in as well as whoever was recorded.
            let names = login.names.iter().map(String::as_str).filter(|name| *name != "lab");
            let names: Vec<&str> = std::iter::once("lab").chain(names).collect();
            let _ = writeln!(text, "users = [{}]", list(names));
            let asks = read
                .visits
                .iter()
                .any(|visit| visit.carrier == crate::Carrier::Ssh && !visit.login.is_empty());
            if asks {
                text.push_str("asks-over-ssh = true\n");
            }
        }
        if !found.tables.is_empty() {
            text.push_str(
                "\n# The rows of lists: what stands before and behind the power.\n[face.console.plug]\n",
            );
            for (index, table) in found.tables.iter().enumerate() {
                for (name, texts) in [("before", &table.before), ("behind", &table.behind)] {
                    let texts = list(texts.iter().map(|text| text.trim_end_matches('\n')));
                    let _ = writeln!(text, "{name}{} = [{texts}]", index + 1);
                }
            }
        }
    }

    fn mode(&self, text: &mut String, index: usize, mode: &Mode) {
        let prompt: String = mode.prompt.iter().map(|piece| self.piece(piece, "plug")).collect();
        let _ = writeln!(text, "\n[[face.console.mode]]\nname = {}", quoted(&name(index)));
        let _ = writeln!(text, "prompt = {}", quoted(&prompt));
        if mode.commands.iter().any(|command| command.pattern.is_empty()) {
            text.push_str("empty = \"command\"\n");
        }
        for command in &mode.commands {
            self.command(text, command);
        }
    }

    fn command(&self, text: &mut String, command: &Command) {
        text.push_str("\n[[face.console.mode.command]]\n");
        match key(&command.pattern) {
            Some(key) => {
                let _ = writeln!(text, "key = {}", quoted(&key));
            }
            None => {
                let _ = writeln!(text, "match = {}", quoted(&self.pattern(&command.pattern)));
            }
        }
        let say = self.say(&command.say, "plug");
        if !say.is_empty() {
            let _ = writeln!(text, "say = {}", block(&say));
        }
        if let Some(orders) = command.orders {
            let name = match orders {
                Does::Off => "off",
                Does::On => "on",
                Does::Cycle => "cycle",
            };
            let _ = writeln!(text, "orders = \"{name}\"");
        }
        if let Some(go) = command.go {
            let _ = writeln!(text, "go = {}", quoted(&name(go)));
        }
        if command.ends {
            text.push_str("ends = true\n");
        }
        let _ = writeln!(text, "source = {}", quoted(&command.place.to_string()));
    }

    /// The regular expression for what was typed.
    fn pattern(&self, pattern: &str) -> String {
        let number = |(plug, _): &(String, Power)| plug.bytes().all(|byte| byte.is_ascii_digit());
        let group = if self.found.plugs.iter().all(number) { "(?<plug>\\d+)" } else { "(?<plug>\\S+)" };
        let mut text = String::new();
        for (index, part) in pattern.split(PLUG).enumerate() {
            if index == 1 {
                text.push_str(group);
            } else if index > 1 {
                text.push_str(if group.contains("\\d") { "\\d+" } else { "\\S+" });
            }
            text.push_str(&regex::escape(part));
        }
        // Blanks around a line are no part of it.
        text.trim().to_owned()
    }

    fn say(&self, parts: &[Part], plug: &str) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Line(line) => text.push_str(&self.line(line, plug)),
                Part::Row(table) => text.push_str(&self.row(*table, plug)),
                Part::Rows(table) => {
                    let part =
                        self.found.tables.get(*table).map(|table| table.plugs.clone()).unwrap_or_default();
                    let all = part == (0..self.found.plugs.len());
                    let row = self.row(*table, "p");
                    text.push_str("{% for p in plugs %}\n");
                    if all {
                        text.push_str(&row);
                    } else {
                        let here = format!("loop.index > {} and loop.index <= {}", part.start, part.end);
                        let _ = write!(text, "{{% if {here} %}}\n{row}{{% endif %}}\n");
                    }
                    text.push_str("{% endfor %}\n");
                }
            }
        }
        text
    }

    fn row(&self, index: usize, plug: &str) -> String {
        let Some(Table { behind, on, off, .. }) = self.found.tables.get(index) else { return String::new() };
        let number = index + 1;
        let end = if behind.iter().all(|text| text.is_empty() || text.ends_with('\n')) { "\n" } else { "" };
        let shows = self.power(on, off, plug);
        format!("{{{{ {plug}.before{number} }}}}{shows}{{{{ {plug}.behind{number} }}}}{end}")
    }

    fn line(&self, line: &Line, plug: &str) -> String {
        line.iter().map(|piece| self.piece(piece, plug)).collect()
    }

    fn piece(&self, piece: &Piece, plug: &str) -> String {
        match piece {
            Piece::Text(text) => literal(text),
            Piece::Plug(fill) => format!("{{{{ {plug}.id{} }}}}", filled(*fill)),
            Piece::Power { on, off } => self.power(on, off, plug),
        }
    }

    /// The power in the console's words, or in others.
    fn power(&self, on: &str, off: &str, plug: &str) -> String {
        let words = (self.found.words.0.as_str(), self.found.words.1.as_str());
        let width = on.len();
        for fill in [Fill::No, Fill::Left(width), Fill::Right(width)] {
            if fill.apply(words.0) == on && fill.apply(words.1) == off {
                return format!("{{{{ {plug}.shows{} }}}}", filled(fill));
            }
        }
        let quoted = |text: &str| {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
        };
        format!("{{{{ {} if {plug}.power == \"on\" else {} }}}}", quoted(on), quoted(off))
    }
}

fn filled(fill: Fill) -> String {
    match fill {
        Fill::No => String::new(),
        Fill::Left(width) => format!("|left({width})"),
        Fill::Right(width) => format!("|right({width})"),
    }
}

fn name(mode: usize) -> String {
    if mode == 0 { "top".to_owned() } else { format!("mode-{}", mode + 1) }
}

/// A control character as a description has it.
fn key(pattern: &str) -> Option<String> {
    let mut chars = pattern.chars();
    let c = chars.next().filter(|c| c.is_ascii_control() && *c != PLUG)?;
    if chars.next().is_some() {
        return None;
    }
    u8::try_from(c).ok().map(|byte| format!("^{}", char::from(byte ^ 0x40)))
}

/// A text in which nothing is a template.
fn literal(text: &str) -> String {
    let mut literal = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '{' && chars.peek().is_some_and(|next| matches!(next, '{' | '%' | '#')) {
            literal.push_str("{{ \"{\" }}");
        } else {
            literal.push(c);
        }
    }
    literal
}

/// A text of several lines as a person writes it.
fn block(text: &str) -> String {
    let plain = |c: char| c == '\n' || !c.is_control();
    if text.matches('\n').count() < 2 || !text.chars().all(plain) {
        return quoted(text);
    }
    let text = text.replace('\\', "\\\\").replace("\"\"\"", "\"\"\\\"");
    let text = if text.ends_with('"') { format!("{}\\\"", text.trim_end_matches('"')) } else { text };
    format!("\"\"\"\n{text}\"\"\"")
}

fn bounds(delay: &Delay) -> String {
    match (&delay.after, &delay.within) {
        (Some((low, _)), Some((high, _))) => {
            format!("longer than {} and at most {}", follow::words(*low), follow::words(*high))
        }
        (None, Some((high, _))) => format!("at most {}: likely", follow::words(*high)),
        (Some((low, _)), None) => format!("longer than {}: likely", follow::words(*low)),
        (None, None) => "not seen".to_owned(),
    }
}
