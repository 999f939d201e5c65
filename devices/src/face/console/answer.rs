//! What is typed becomes an answer and an order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::redact::PLACEHOLDER;

use super::line::{Line, Stage, Typed};
use super::view::View;
use super::{Console, Reply, Talk};
use crate::device::RequestLog;
use crate::face::Told;
use crate::face::control::{self, Doing, Lie};
use crate::fault::{FaultKind, Op};
use crate::plant::{Command as Order, Plant};
use crate::spec::console::{Asked, Command, Console as Spec, Empty, Input, Mode, Text, Trigger};
use crate::spec::rule::{Answer, Reset};

/// What a pattern caught, by the names in it.
type Caught = Vec<(String, String)>;

/// What a command leads to.
struct Step {
    say: String,
    tells: Vec<Told>,
    /// The mode after it.
    go: Option<usize>,
    /// Whether the device hangs up.
    ends: bool,
    /// What the plug is told.
    orders: Option<Order>,
    doing: Doing,
    /// So late.
    delay: Duration,
    /// Whether there is an answer at all.
    shows: bool,
    resets: Option<Reset>,
}

impl Step {
    fn of(command: &Command) -> Self {
        Self {
            say: String::new(),
            tells: Vec::new(),
            go: command.go,
            ends: command.ends,
            orders: command.orders,
            doing: Doing::default(),
            delay: Duration::ZERO,
            shows: true,
            resets: None,
        }
    }

    /// It comes to nothing, and this is said.
    fn refused(command: &Command, say: String) -> Self {
        Self { say, go: None, orders: None, ..Self::of(command) }
    }
}

/// What goes wrong with one command.
struct Trouble {
    faults: Vec<FaultKind>,
    lies: Vec<Lie>,
}

impl Trouble {
    /// The error in the place of an answer, or before it.
    fn error(&self, with_body: bool) -> Option<&str> {
        self.faults.iter().find_map(|fault| match fault {
            FaultKind::Error(name) if !with_body => Some(name.as_str()),
            FaultKind::ErrorWithBody(name) if with_body => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Console {
    /// Something was typed. What is said to others by it.
    pub(super) fn act(&mut self, typed: Typed, talk: &mut Talk<'_, '_>) -> Vec<(SocketAddr, Reply)> {
        match (talk.line.stage.clone(), typed) {
            (Stage::User, Typed::Line(user)) => self.told_user(&user, talk),
            (Stage::Password { user }, Typed::Line(password)) => self.told_password(&user, &password, talk),
            (Stage::In, Typed::Key(key))
                if talk.line.rest.is_some() && !talk.line.is_key(key, &self.spec) =>
            {
                self.turn(key, talk);
            }
            (Stage::In, typed) => return self.command(&typed, talk),
            (_, Typed::Key(_)) => {}
        }
        Vec::new()
    }

    /// The text of the mode, and its prompt.
    pub(super) fn look_around(&self, talk: &mut Talk<'_, '_>) {
        let Some(mode) = self.spec.mode(talk.line.mode) else { return };
        let text = self.text_of(mode.text.as_ref(), talk.line, talk.context.plant);
        if talk.output.show(&text, mode.pager.as_ref(), talk.line, &self.spec) {
            self.prompt(talk);
        }
    }

    fn prompt(&self, talk: &mut Talk<'_, '_>) {
        self.plain(self.spec.mode(talk.line.mode).map(|mode| &mode.prompt), talk);
    }

    /// A key at the end of a page.
    fn turn(&self, key: u8, talk: &mut Talk<'_, '_>) {
        let Some(rest) = talk.line.rest.take() else { return };
        talk.output.say(&rest.pager.erase, talk.line, &self.spec);
        if rest.pager.quit == Some(key) || talk.output.page(rest, talk.line, &self.spec) {
            self.prompt(talk);
        }
    }

    /// What is asked by what was typed.
    pub(super) fn op(&self, line: &Line, typed: &Typed) -> Op {
        let mode = self.spec.mode(line.mode);
        mode.and_then(|mode| find(mode, typed)).map_or(Op::Other, |(command, _)| self.op_of(command))
    }

    fn op_of(&self, command: &Command) -> Op {
        let leads_to = command.go.and_then(|mode| self.spec.mode(mode)).and_then(|mode| mode.text.as_ref());
        match command.orders {
            Some(order) => Op::Command(order),
            None if command.login || command.ends => Op::Session,
            None if command.say.iter().chain(leads_to).any(Text::tells) => Op::Status,
            None => Op::Other,
        }
    }

    fn command(&mut self, typed: &Typed, talk: &mut Talk<'_, '_>) -> Vec<(SocketAddr, Reply)> {
        let spec = Arc::clone(&self.spec);
        let Some(mode) = spec.mode(talk.line.mode) else { return Vec::new() };
        // What was still to be shown is no longer wanted.
        talk.line.rest = None;
        let said = match typed {
            Typed::Line(text) => text.trim().to_owned(),
            Typed::Key(key) => key_name(*key),
        };
        talk.line.typed.insert("input".to_owned(), said.clone());
        match (find(mode, typed), typed) {
            (Some((command, caught)), _) => return self.serve(&spec, command, caught, said, talk),
            (None, Typed::Line(_)) if said.is_empty() && mode.empty == Empty::Text => self.look_around(talk),
            (None, Typed::Line(_)) if said.is_empty() && mode.empty == Empty::Prompt => self.prompt(talk),
            // In a mode of keys, other keys do nothing.
            (None, Typed::Key(_)) => {}
            (None, Typed::Line(_)) => {
                self.log(said, RequestLog::UNKNOWN, Vec::new(), talk);
                self.plain(Some(&mode.unknown), talk);
                self.prompt(talk);
            }
        }
        Vec::new()
    }

    fn serve(
        &mut self,
        spec: &Spec,
        command: &Command,
        caught: Caught,
        said: String,
        talk: &mut Talk<'_, '_>,
    ) -> Vec<(SocketAddr, Reply)> {
        let op = self.op_of(command);
        // A login in one line holds a password, which may be wrong, and a secret elsewhere.
        let said = if command.login {
            let passwords = caught.iter().filter(|(name, _)| name == "password");
            talk.context.secrets.extend(passwords.map(|(_, password)| password.clone()));
            command.name.clone()
        } else {
            said
        };
        let mut effect = Vec::new();
        let ending = control::ending(talk.now, op, talk.context, &mut effect);
        let others = self.forget(talk.now, ending.reset, talk.peer);
        talk.line.is_over |= ending.reset.is_some();
        if ending.at_once {
            self.log(said, "nothing", effect, talk);
            return others;
        }
        let trouble = Trouble {
            faults: control::answer_faults(self.carrier.name(), talk.now, op, talk.context, &mut effect),
            lies: control::lies(talk.now, op, talk.context, &mut effect),
        };
        let step = self.step(spec, command, caught, &trouble, &mut effect, talk);
        talk.output.answers(op, step.delay);
        if let Some(order) = step.orders {
            let all = 0..talk.context.plant.plugs().len();
            let plugs = if command.all { all.collect() } else { Vec::from_iter(chosen(talk)) };
            for plug in plugs {
                self.rules.acknowledged(talk.now, op, plug);
                control::act(talk.now, plug, order, step.doing, talk.context, &mut effect, op);
            }
        }
        let resets = step.resets;
        let answer = match (ending.unanswered || !step.shows, command.ends) {
            (true, _) => "nothing",
            (false, true) => RequestLog::GOODBYE,
            (false, false) => "ok",
        };
        if answer != "nothing" {
            self.show(spec, step, &trouble, talk);
        }
        self.log(said, answer, effect, talk);
        talk.line.is_over |= resets == Some(Reset::Sessions);
        others
    }

    /// What comes of a command, before anything of it is done or said.
    fn step(
        &mut self,
        spec: &Spec,
        command: &Command,
        caught: Caught,
        trouble: &Trouble,
        effect: &mut Vec<String>,
        talk: &mut Talk<'_, '_>,
    ) -> Step {
        let named = caught.iter().find(|(name, _)| name == "plug").map(|(_, plug)| plug.clone());
        talk.line.typed.extend(caught);
        let index = named.map(|name| self.index_of(&name, talk.context.plant));
        if let Some(Some(index)) = index {
            talk.line.plug = Some(index);
        }
        let plug = chosen(talk);
        let lacks_it = index == Some(None)
            || (plug.is_some() && trouble.lies.iter().any(|lie| matches!(lie, Lie::Absent)));
        let refused = |text: Option<&Text>, talk: &Talk<'_, '_>| {
            Step::refused(command, self.text_of(text, talk.line, talk.context.plant))
        };
        if command.login && !self.login_by_command(talk) {
            return Step { ends: talk.line.is_over, ..refused(command.refused.as_ref(), talk) };
        }
        if lacks_it {
            return refused(Some(&command.absent), talk);
        }
        if let Some(name) = trouble.error(false) {
            return refused(spec.error(name), talk);
        }
        self.compose(spec, command, plug, trouble, effect, talk)
    }

    /// The answer that the rules and the plant give, and what faults make of it.
    fn compose(
        &mut self,
        spec: &Spec,
        command: &Command,
        plug: Option<usize>,
        trouble: &Trouble,
        effect: &mut Vec<String>,
        talk: &mut Talk<'_, '_>,
    ) -> Step {
        let mut step = Step { delay: command.delay, ..Step::of(command) };
        let matches = |asked: &Asked| {
            asked.command.as_ref().is_none_or(|name| *name == command.name)
                && (asked.plugs.is_empty() || plug.is_some_and(|plug| asked.plugs.contains(&plug)))
        };
        let (mut state, mut text) = (None, command.say.as_ref());
        if let Some(rule) = self.rules.find(talk.now, &spec.rules, plug, talk.context.plant, matches) {
            effect.push(format!("rule at line {}", rule.line));
            step.doing = Doing::of(Some(rule));
            step.resets = rule.resets;
            match &rule.answer {
                Answer::Silence => (step.shows, step.orders) = (false, None),
                Answer::Say(say) => {
                    state = say.state;
                    step.delay = step.delay.saturating_add(say.delay);
                    text = say.fields.text.as_ref().or(text);
                    if let Some(name) = &say.fields.error {
                        text = spec.error(name);
                        (step.go, step.orders) = (None, None);
                    }
                }
            }
            step.orders = rule.moves.or(step.orders);
        }
        let asked = talk.line.plug;
        let count = talk.context.plant.plugs().len().max(1);
        let is_of_other = trouble.faults.contains(&FaultKind::OtherObject);
        let other = plug.filter(|_| is_of_other).map(|plug| (plug + 1) % count);
        talk.line.plug = other.or(asked);
        if let Some(text) = text {
            let plant = &*talk.context.plant;
            (step.say, step.tells) =
                View { console: self, line: talk.line, plant, lies: &trouble.lies, state }.make(text);
            if let (Some(plug), Some(other)) = (plug, other)
                && !self.tells_apart(text, [plug, other], talk)
            {
                // Nobody who hears it can know that it is not about the plug that was asked for.
                let name = talk.context.plant.plugs().get(plug).map_or("", |plug| plug.name());
                step.tells.iter_mut().for_each(|told| name.clone_into(&mut told.plug));
            }
        }
        talk.line.plug = asked;
        if let Some(name) = trouble.error(true) {
            let error = self.text_of(spec.error(name), talk.line, talk.context.plant);
            step.say.insert_str(0, &error);
            (step.go, step.orders) = (None, None);
        }
        step
    }

    /// Whether a text says which of these plugs it is about: it differs, although both look the same.
    fn tells_apart(&self, text: &Text, plugs: [usize; 2], talk: &mut Talk<'_, '_>) -> bool {
        let plant = &*talk.context.plant;
        let [one, other] = plugs.map(|plug| {
            talk.line.plug = Some(plug);
            View { console: self, line: talk.line, plant, lies: &[Lie::Number(0)], state: None }.make(text).0
        });
        one != other
    }

    /// Says what a step leads to.
    fn show(&self, spec: &Spec, mut step: Step, trouble: &Trouble, talk: &mut Talk<'_, '_>) {
        if let Some(mode) = step.go {
            talk.line.mode = mode;
            if let Some(text) = spec.mode(mode).and_then(|mode| mode.text.as_ref()) {
                let plant = &*talk.context.plant;
                let view = View { console: self, line: talk.line, plant, lies: &trouble.lies, state: None };
                let (text, tells) = view.make(text);
                step.say.push_str(&text);
                step.tells.extend(tells);
            }
        }
        if trouble.lies.iter().any(|lie| matches!(lie, Lie::Empty)) {
            step.say.clear();
            step.tells.clear();
        }
        for fault in &trouble.faults {
            match fault {
                FaultKind::Short(length) if step.say.chars().count() > usize::from(*length) => {
                    step.say = step.say.chars().take(usize::from(*length)).collect();
                    step.tells.clear();
                }
                FaultKind::Longer(length) => {
                    step.say.extend(std::iter::repeat_n('x', usize::from(*length)));
                    step.say.push('\n');
                }
                _ => {}
            }
        }
        let pager = spec.mode(talk.line.mode).and_then(|mode| mode.pager.as_ref());
        let whole = talk.output.show(&step.say, pager, talk.line, spec);
        talk.output.tells(step.tells);
        talk.line.is_over |= step.ends;
        if whole && !talk.line.is_over {
            self.prompt(talk);
        }
    }

    fn text_of(&self, text: Option<&Text>, line: &Line, plant: &Plant) -> String {
        text.map_or_else(String::new, |text| self.make(text, line, plant))
    }

    /// The plug that is called so: by its name, or by what a column says of it alone.
    fn index_of(&self, name: &str, plant: &Plant) -> Option<usize> {
        if let Some(index) = plant.index(name) {
            return Some(index);
        }
        let plugs = plant.plugs();
        let is_called = |(index, plug): &(usize, &crate::plant::Plug)| {
            let columns = &self.spec.columns_of;
            columns.iter().any(|(_, column)| column.of(*index, plug.name(), plugs.len()) == name)
        };
        let mut called = plugs.iter().enumerate().filter(is_called).map(|(index, _)| index);
        called.next().filter(|_| called.next().is_none())
    }

    pub(super) fn log(&self, request: String, answer: &str, effect: Vec<String>, talk: &mut Talk<'_, '_>) {
        let password = &self.credentials.password;
        let request = if password.is_empty() { request } else { request.replace(password, PLACEHOLDER) };
        let context = &mut *talk.context;
        let number = context.log.next_number();
        context.log.push(RequestLog {
            exchange: context.faults.exchange(),
            number,
            at: talk.now,
            face: context.face,
            session: talk.line.number,
            request,
            answer: answer.to_owned(),
            effect: if effect.is_empty() { None } else { Some(effect.join("; ")) },
        });
    }
}

/// The plug that a command is about: the chosen one, or the only one.
fn chosen(talk: &Talk<'_, '_>) -> Option<usize> {
    talk.line.plug.or((talk.context.plant.plugs().len() == 1).then_some(0))
}

/// The command of a mode that this is, with what its pattern catches.
fn find<'a>(mode: &'a Mode, typed: &Typed) -> Option<(&'a Command, Caught)> {
    let text = match typed {
        Typed::Line(text) => text.clone(),
        Typed::Key(key) => char::from(*key).to_string(),
    };
    mode.commands.iter().find_map(|command| match &command.on {
        Trigger::Key(wanted) => {
            matches!(typed, Typed::Key(key) if key == wanted).then(|| (command, Vec::new()))
        }
        Trigger::Line(_) if matches!(typed, Typed::Key(_)) && mode.input == Input::Line => None,
        Trigger::Line(pattern) => {
            let caught = pattern.captures(&text)?;
            let names = pattern.capture_names().flatten();
            let caught = names
                .filter_map(|name| Some((name.to_owned(), caught.name(name)?.as_str().to_owned())))
                .collect();
            Some((command, caught))
        }
    })
}

/// A key as it is written in `device.toml`.
fn key_name(key: u8) -> String {
    match key {
        0..=31 | 127 => format!("^{}", char::from(key ^ 0x40)),
        key => char::from(key).to_string(),
    }
}
