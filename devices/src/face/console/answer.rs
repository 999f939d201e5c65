//! What is typed becomes an answer and an order: logins, commands, pages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::line::{Line, Stage, Typed};
use super::output::Output;
use super::{Console, Reply, view};
use crate::device::RequestLog;
use crate::face::control::{self, Doing};
use crate::face::{Context, Told};
use crate::fault::{FaultKind, Op};
use crate::plant::Plant;
use crate::spec::console::{Command, Console as Spec, Empty, Input, Text, Trigger};
use crate::spec::rule::{Answer, Reset};

/// What is written in the place of a password.
pub(crate) const MASK: &str = "********";

impl Console {
    /// Something was typed.
    pub(super) fn act(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        typed: Typed,
        line: &mut Line,
        output: &mut Output,
        context: &mut Context<'_>,
    ) -> Vec<(SocketAddr, Reply)> {
        match (line.stage.clone(), typed) {
            (Stage::User, Typed::Line(user)) => self.told_user(now, user, line, output, context),
            (Stage::Password { user }, Typed::Line(password)) => {
                self.told_password(now, &user, &password, line, output, context);
            }
            (Stage::In, Typed::Key(key)) if line.rest.is_some() && !line.is_key(key, &self.spec) => {
                self.turn(key, line, output, context);
            }
            (Stage::In, typed) => return self.command(now, peer, typed, line, output, context),
            (_, Typed::Key(_)) => {}
        }
        Vec::new()
    }

    /// The first question, or none.
    pub(super) fn ask_user(&mut self, line: &mut Line, output: &mut Output, context: &mut Context<'_>) {
        let spec = Arc::clone(&self.spec);
        let Some(login) = &spec.login else { return };
        match &login.user {
            Some(text) => {
                line.stage = Stage::User;
                self.plain(Some(text), line, output, context);
            }
            None => {
                line.stage = Stage::Password { user: self.credentials.user.clone() };
                self.plain(login.password.as_ref(), line, output, context);
            }
        }
    }

    fn told_user(
        &mut self,
        now: Duration,
        user: String,
        line: &mut Line,
        output: &mut Output,
        context: &mut Context<'_>,
    ) {
        output.answers(Op::Session, Duration::ZERO);
        let user = user.trim().to_owned();
        let spec = Arc::clone(&self.spec);
        let Some(login) = &spec.login else { return };
        if user.is_empty() {
            return self.ask_user(line, output, context);
        }
        match &login.password {
            Some(text) => {
                line.stage = Stage::Password { user };
                self.plain(Some(text), line, output, context);
            }
            None => self.told_password(now, &user, &self.credentials.password.clone(), line, output, context),
        }
    }

    fn told_password(
        &mut self,
        now: Duration,
        user: &str,
        password: &str,
        line: &mut Line,
        output: &mut Output,
        context: &mut Context<'_>,
    ) {
        let spec = Arc::clone(&self.spec);
        let Some(login) = &spec.login else { return };
        output.answers(Op::Session, login.delay);
        let was_locked = now < self.locked_until;
        let right = self.is_right(now, user, password, context);
        self.count(now, right);
        self.log(
            now,
            line,
            format!("login {user}"),
            if right { "welcome" } else { "refused" },
            Vec::new(),
            context,
        );
        if right {
            line.user = Some(user.to_owned());
            return self.enter(now, line, output, context);
        }
        line.tries += 1;
        if was_locked || line.tries >= login.tries {
            self.plain(Some(&login.refused), line, output, context);
            self.plain(Some(&login.locked), line, output, context);
            line.is_over = true;
            return;
        }
        self.plain(Some(&login.refused), line, output, context);
        self.ask_user(line, output, context);
    }

    /// Whether a user with this password may come in now.
    pub(super) fn is_right(
        &mut self,
        now: Duration,
        user: &str,
        password: &str,
        context: &mut Context<'_>,
    ) -> bool {
        let Some(login) = &self.spec.login else { return true };
        let is_user = |name: &String| {
            let name = if name == "lab" { &self.credentials.user } else { name };
            name == user
        };
        let refused = |kind: &FaultKind| (*kind == FaultKind::Refuse).then_some(());
        let is_refused =
            !context.faults.is_empty() && !context.faults.acting(now, None, Op::Session, refused).is_empty();
        now >= self.locked_until
            && !is_refused
            && login.users.iter().any(is_user)
            && password == self.credentials.password
    }

    /// Wrong logins lock everybody out, where the device does so.
    pub(super) fn count(&mut self, now: Duration, right: bool) {
        let Some(login) = &self.spec.login else { return };
        self.wrong = if right { 0 } else { self.wrong.saturating_add(1) };
        if self.wrong >= login.tries && !login.lockout.is_zero() {
            self.wrong = 0;
            self.locked_until = now.saturating_add(login.lockout);
        }
    }

    /// The login is done.
    pub(super) fn enter(
        &mut self,
        _: Duration,
        line: &mut Line,
        output: &mut Output,
        context: &mut Context<'_>,
    ) {
        let spec = Arc::clone(&self.spec);
        let others = self.lines.values().filter(|line| line.is_in()).count();
        let alone = |kind: &FaultKind| (*kind == FaultKind::OneSession && others > 0).then_some(());
        let is_refused = !context.faults.is_empty()
            && !context.faults.acting(line.heard, None, Op::Session, alone).is_empty();
        if others >= spec.sessions.limit || is_refused {
            return self.turn_away(&spec, line, output, context);
        }
        line.stage = Stage::In;
        self.plain(spec.welcome.as_ref(), line, output, context);
        line.mode = 0;
        let whole = match spec.mode(0).and_then(|mode| mode.text.as_ref().map(|text| (mode, text))) {
            Some((mode, text)) => {
                let text = self.make(text, line, context.plant);
                output.show(&text, mode.pager.as_ref(), line, &spec)
            }
            None => true,
        };
        if whole {
            self.prompt(line, output, context.plant);
        }
    }

    fn prompt(&self, line: &mut Line, output: &mut Output, plant: &Plant) {
        let Some(mode) = self.spec.mode(line.mode) else { return };
        let prompt = self.make(&mode.prompt, line, plant);
        output.say(&prompt, line, &self.spec);
    }

    /// A key at the end of a page.
    fn turn(&mut self, key: u8, line: &mut Line, output: &mut Output, context: &mut Context<'_>) {
        let spec = Arc::clone(&self.spec);
        let Some(rest) = line.rest.take() else { return };
        output.say(&rest.pager.erase, line, &spec);
        if rest.pager.quit == Some(key) || output.page(rest, line, &spec) {
            self.prompt(line, output, context.plant);
        }
    }

    /// The command that this is, with what its pattern catches.
    fn find<'a>(
        &self,
        spec: &'a Spec,
        line: &Line,
        typed: &Typed,
    ) -> Option<(&'a Command, Vec<(String, String)>)> {
        let mode = spec.mode(line.mode)?;
        let key_text;
        let text = match typed {
            Typed::Line(text) => text.as_str(),
            Typed::Key(key) => {
                key_text = char::from(*key).to_string();
                key_text.as_str()
            }
        };
        mode.commands.iter().find_map(|command| match &command.on {
            Trigger::Key(wanted) => {
                matches!(typed, Typed::Key(key) if key == wanted).then(|| (command, Vec::new()))
            }
            Trigger::Line(_) if matches!(typed, Typed::Key(_)) && mode.input == Input::Line => None,
            Trigger::Line(pattern) => {
                let caught = pattern.captures(text)?;
                let names = pattern.capture_names().flatten();
                let caught = names
                    .filter_map(|name| Some((name.to_owned(), caught.name(name)?.as_str().to_owned())))
                    .collect();
                Some((command, caught))
            }
        })
    }

    /// What is asked by what was typed.
    pub(super) fn op(&self, line: &Line, typed: &Typed) -> Op {
        self.find(&self.spec, line, typed).map_or(Op::Other, |(command, _)| self.op_of(command))
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

    fn command(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        typed: Typed,
        line: &mut Line,
        output: &mut Output,
        context: &mut Context<'_>,
    ) -> Vec<(SocketAddr, Reply)> {
        let spec = Arc::clone(&self.spec);
        let Some(mode) = spec.mode(line.mode) else { return Vec::new() };
        // What was still to be shown is no longer wanted.
        line.rest = None;
        let said = match &typed {
            Typed::Line(text) => text.trim().to_owned(),
            Typed::Key(key) => key_name(*key),
        };
        line.typed.insert("input".to_owned(), said.clone());
        let found = self.find(&spec, line, &typed);
        let is_empty = matches!(&typed, Typed::Line(text) if text.trim().is_empty());
        let (command, caught) = match found {
            Some(found) => found,
            None if is_empty && mode.empty != Empty::Command => {
                if mode.empty == Empty::Text
                    && let Some(text) = &mode.text
                {
                    let text = self.make(text, line, context.plant);
                    if !output.show(&text, mode.pager.as_ref(), line, &spec) {
                        return Vec::new();
                    }
                }
                self.prompt(line, output, context.plant);
                return Vec::new();
            }
            // In a mode of keys, other keys do nothing.
            None if matches!(typed, Typed::Key(_)) => return Vec::new(),
            None => {
                self.log(now, line, said, RequestLog::UNKNOWN, Vec::new(), context);
                self.plain(Some(&mode.unknown), line, output, context);
                self.prompt(line, output, context.plant);
                return Vec::new();
            }
        };
        self.serve(now, peer, &spec, command, caught, said, line, output, context)
    }

    #[expect(clippy::too_many_arguments, reason = "these are the parts of one command, used once")]
    fn serve(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        spec: &Spec,
        command: &Command,
        caught: Vec<(String, String)>,
        said: String,
        line: &mut Line,
        output: &mut Output,
        context: &mut Context<'_>,
    ) -> Vec<(SocketAddr, Reply)> {
        let op = self.op_of(command);
        let mut effect = Vec::new();
        let ending = control::ending(now, op, context, &mut effect);
        let others = self.forget(now, ending.reset, peer);
        if ending.reset.is_some() {
            line.is_over = true;
        }
        if ending.at_once {
            self.log(now, line, said, "nothing", effect, context);
            return others;
        }
        let named = caught.iter().find(|(name, _)| name == "plug").map(|(_, plug)| plug.clone());
        let is_login = command.login;
        let said = if is_login { command.name.clone() } else { said };
        line.typed.extend(caught);
        let mut step =
            Step { say: String::new(), tells: Vec::new(), go: command.go, ends: command.ends, shows: true };
        let mut rule = None;
        let mut is_absent = false;
        if let Some(name) = &named {
            match self.index_of(name, context.plant) {
                Some(index) => line.plug = Some(index),
                None => is_absent = true,
            }
        }
        let faults = control::answer_faults(self.carrier.name(), now, op, context, &mut effect);
        let error = faults.iter().find_map(|fault| match fault {
            FaultKind::Error(name) => Some((name, false)),
            FaultKind::ErrorWithBody(name) => Some((name, true)),
            _ => None,
        });
        let plug = line.plug.or((context.plant.plugs().len() == 1).then_some(0));
        let lies = control::lies(now, op, context, &mut effect);
        let is_gone =
            lies.iter().any(|lie| matches!(lie, control::Lie::Absent)) && (named.is_some() || plug.is_some());
        let mut doing = Doing::default();
        let mut orders = command.orders;
        if is_login && !self.login_by_command(now, line, context) {
            step.say = self.text_of(command.refused.as_ref(), line, context.plant);
            (step.go, step.ends, orders) = (None, line.is_over, None);
        } else if is_absent || is_gone {
            step.say = self.text_of(Some(&command.absent), line, context.plant);
            (step.go, orders) = (None, None);
        } else if let Some((name, false)) = error {
            step.say = self.text_of(spec.error(name), line, context.plant);
            (step.go, orders) = (None, None);
        } else {
            let matches = |asked: &crate::spec::console::Asked| {
                asked.command.as_ref().is_none_or(|name| *name == command.name)
                    && (asked.plugs.is_empty() || plug.is_some_and(|plug| asked.plugs.contains(&plug)))
            };
            rule = self.rules.find(now, &spec.rules, plug, context.plant, matches);
            doing = Doing::of(rule);
            let mut state = None;
            let mut text = command.say.as_ref();
            let mut delay = command.delay;
            if let Some(rule) = rule {
                effect.push(format!("rule at line {}", rule.line));
                match &rule.answer {
                    Answer::Silence => {
                        step.shows = false;
                        orders = None;
                    }
                    Answer::Say(say) => {
                        state = say.state;
                        delay = delay.saturating_add(say.delay);
                        text = say.fields.text.as_ref().or(text);
                        if let Some(name) = &say.fields.error {
                            text = spec.error(name);
                            (step.go, orders) = (None, None);
                        }
                    }
                }
                orders = rule.moves.or(orders);
            }
            if !delay.is_zero() {
                output.answers(op, delay);
            }
            let chosen = line.plug;
            if faults.contains(&FaultKind::OtherObject) {
                let count = context.plant.plugs().len();
                line.plug = plug.map(|plug| (plug + 1) % count.max(1));
            }
            let made = text.map(|text| {
                view::View { console: self, line, plant: context.plant, lies: &lies, state }.make(text)
            });
            line.plug = chosen;
            if let Some((say, tells)) = made {
                step.say = say;
                step.tells = tells;
            }
            if let Some((name, true)) = error {
                let refusal = self.text_of(spec.error(name), line, context.plant);
                step.say = format!("{refusal}{}", step.say);
                (step.go, orders) = (None, None);
            }
        }
        output.answers(op, Duration::ZERO);
        if let Some(order) = orders {
            self.order(now, spec, command, order, plug, doing, context, &mut effect, op);
        }
        let is_unanswered = ending.unanswered || !step.shows;
        if !is_unanswered {
            self.show(spec, command, step, &lies, &faults, line, output, context.plant);
        }
        let answer = match (is_unanswered, command.ends) {
            (true, _) => "nothing",
            (false, true) => RequestLog::GOODBYE,
            (false, false) => "ok",
        };
        self.log(now, line, said, answer, effect, context);
        if let Some(Reset::Sessions) = rule.and_then(|rule| rule.resets) {
            line.is_over = true;
        }
        others
    }

    /// Says what a step leads to.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of one answer, used once")]
    fn show(
        &mut self,
        spec: &Spec,
        _: &Command,
        mut step: Step,
        lies: &[control::Lie],
        faults: &[FaultKind],
        line: &mut Line,
        output: &mut Output,
        plant: &Plant,
    ) {
        if let Some(mode) = step.go {
            line.mode = mode;
            let text = spec.mode(mode).and_then(|mode| mode.text.as_ref());
            let made =
                text.map(|text| view::View { console: self, line, plant, lies, state: None }.make(text));
            if let Some((text, tells)) = made {
                step.say.push_str(&text);
                step.tells.extend(tells);
            }
        }
        if lies.iter().any(|lie| matches!(lie, control::Lie::Empty)) {
            step.say.clear();
            step.tells.clear();
        }
        for fault in faults {
            match fault {
                FaultKind::Short(length) => {
                    let whole = step.say.chars().count();
                    if whole > usize::from(*length) {
                        step.say = step.say.chars().take(usize::from(*length)).collect();
                        step.tells.clear();
                    }
                }
                FaultKind::Longer(length) => {
                    step.say.extend(std::iter::repeat_n('x', usize::from(*length)));
                    step.say.push('\n');
                }
                _ => {}
            }
        }
        let pager = spec.mode(line.mode).and_then(|mode| mode.pager.as_ref());
        let whole = output.show(&step.say, pager, line, spec);
        output.tells(step.tells);
        if step.ends || line.is_over {
            line.is_over = true;
        } else if whole {
            self.prompt(line, output, plant);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the parts of one order, used once")]
    fn order(
        &mut self,
        now: Duration,
        _: &Spec,
        command: &Command,
        order: crate::plant::Command,
        plug: Option<usize>,
        doing: Doing,
        context: &mut Context<'_>,
        effect: &mut Vec<String>,
        op: Op,
    ) {
        let plugs: Vec<usize> =
            if command.all { (0..context.plant.plugs().len()).collect() } else { plug.into_iter().collect() };
        for plug in plugs {
            self.rules.acknowledged(now, op, plug);
            control::act(now, plug, order, doing, context, effect, op);
        }
    }

    /// A login as a command: `login USER PASSWORD`.
    fn login_by_command(&mut self, now: Duration, line: &mut Line, context: &mut Context<'_>) -> bool {
        let typed = |name: &str| line.typed.get(name).cloned().unwrap_or_default();
        let (user, password) = (typed("user"), typed("password"));
        line.typed.remove("password");
        line.typed.insert("input".to_owned(), MASK.to_owned());
        let right = match &self.spec.login {
            Some(_) => self.is_right(now, &user, &password, context),
            None => user == self.credentials.user && password == self.credentials.password,
        };
        if right {
            line.user = Some(user);
        } else {
            line.tries += 1;
            line.is_over = self.spec.login.as_ref().is_some_and(|login| line.tries >= login.tries);
        }
        right
    }

    fn text_of(&self, text: Option<&Text>, line: &Line, plant: &Plant) -> String {
        text.map_or_else(String::new, |text| self.make(text, line, plant))
    }

    /// The plug that is called so: by its name, or by what a column says of it alone.
    fn index_of(&self, name: &str, plant: &Plant) -> Option<usize> {
        let plugs = plant.plugs();
        if let Some(index) = plant.index(name) {
            return Some(index);
        }
        let count = plugs.len();
        let is_called = |index: usize| {
            let plug = plugs.get(index).map_or("", |plug| plug.name());
            self.spec.columns_of.iter().any(|(_, column)| column.of(index, plug, count) == name)
        };
        let mut called = (0..count).filter(|index| is_called(*index));
        called.next().filter(|_| called.next().is_none())
    }

    fn log(
        &self,
        now: Duration,
        line: &Line,
        request: String,
        answer: &str,
        effect: Vec<String>,
        context: &mut Context<'_>,
    ) {
        let request = request.replace(&self.credentials.password, MASK);
        let number = context.log.next_number();
        context.log.push(RequestLog {
            exchange: context.faults.exchange(),
            number,
            at: now,
            face: context.face,
            session: line.number,
            request,
            answer: answer.to_owned(),
            effect: if effect.is_empty() { None } else { Some(effect.join("; ")) },
        });
    }
}

/// What a command leads to.
struct Step {
    say: String,
    tells: Vec<Told>,
    go: Option<usize>,
    ends: bool,
    /// Whether there is an answer at all.
    shows: bool,
}

/// A key as it is written in `device.toml`.
fn key_name(key: u8) -> String {
    match key {
        0..=31 | 127 => format!("^{}", char::from(key ^ 0x40)),
        key => char::from(key).to_string(),
    }
}
