//! Who comes in: the questions, right and wrong answers, lock-outs and limits.

use std::sync::Arc;
use std::time::Duration;

use super::line::{Line, Stage};
use super::{Console, Talk};
use crate::face::Context;
use crate::fault::{FaultKind, Op};

impl Console {
    /// Whether a user may log in so, before a session: what SSH asks.
    pub(crate) fn admits(
        &mut self,
        now: Duration,
        user: &str,
        password: Option<&str>,
        context: &mut Context<'_>,
    ) -> bool {
        if self.asks_itself() {
            return true;
        }
        let right = self.is_right(now, user, password.unwrap_or_default(), context);
        self.count(now, right);
        right
    }

    /// The first question, or none.
    pub(super) fn ask_user(&self, talk: &mut Talk<'_, '_>) {
        let Some(login) = &self.spec.login else { return };
        match &login.user {
            Some(text) => {
                talk.line.stage = Stage::User;
                self.plain(Some(text), talk);
            }
            None => {
                talk.line.stage = Stage::Password { user: self.credentials.user.clone() };
                self.plain(login.password.as_ref(), talk);
            }
        }
    }

    pub(super) fn told_user(&mut self, user: &str, talk: &mut Talk<'_, '_>) {
        talk.output.answers(Op::Session, Duration::ZERO);
        let user = user.trim();
        let spec = Arc::clone(&self.spec);
        let Some(login) = &spec.login else { return };
        if user.is_empty() {
            return self.ask_user(talk);
        }
        match &login.password {
            Some(text) => {
                talk.line.stage = Stage::Password { user: user.to_owned() };
                self.plain(Some(text), talk);
            }
            None => self.told_password(user, &self.credentials.password.clone(), talk),
        }
    }

    pub(super) fn told_password(&mut self, user: &str, password: &str, talk: &mut Talk<'_, '_>) {
        let spec = Arc::clone(&self.spec);
        let Some(login) = &spec.login else { return };
        talk.output.answers(Op::Session, login.delay);
        let was_locked = talk.now < self.locked_until;
        let right = self.is_right(talk.now, user, password, talk.context);
        self.count(talk.now, right);
        let answer = if right { "welcome" } else { "refused" };
        self.log(format!("login {user}"), answer, Vec::new(), talk);
        if right {
            talk.line.user = Some(user.to_owned());
            return self.enter(talk);
        }
        talk.line.tries += 1;
        self.plain(Some(&login.refused), talk);
        if was_locked || talk.line.tries >= login.tries {
            self.plain(Some(&login.locked), talk);
            talk.line.is_over = true;
        } else {
            self.ask_user(talk);
        }
    }

    /// A login as a command: `login USER PASSWORD`.
    pub(super) fn login_by_command(&self, talk: &mut Talk<'_, '_>) -> bool {
        let typed = &mut talk.line.typed;
        let user = typed.get("user").cloned().unwrap_or_default();
        // What is kept may be said in a text.
        let password = typed.remove("password").unwrap_or_default();
        typed.insert("input".to_owned(), fencelab_transcript::redact::PLACEHOLDER.to_owned());
        let right = match &self.spec.login {
            Some(_) => self.is_right(talk.now, &user, &password, talk.context),
            None => user == self.credentials.user && password == self.credentials.password,
        };
        if right {
            talk.line.user = Some(user);
        } else {
            talk.line.tries += 1;
            talk.line.is_over = self.spec.login.as_ref().is_some_and(|login| talk.line.tries >= login.tries);
        }
        right
    }

    /// The login is done.
    pub(super) fn enter(&self, talk: &mut Talk<'_, '_>) {
        let others = self.lines.values().filter(|line| line.is_in()).count();
        let alone = |kind: &FaultKind| (*kind == FaultKind::OneSession && others > 0).then_some(());
        if others >= self.spec.sessions.limit || is_met(talk.now, talk.context, alone) {
            return self.turn_away(talk);
        }
        talk.line.stage = Stage::In;
        self.plain(self.spec.welcome.as_ref(), talk);
        talk.line.mode = 0;
        self.look_around(talk);
    }

    /// One too many.
    pub(super) fn turn_away(&self, talk: &mut Talk<'_, '_>) {
        self.plain(self.spec.sessions.busy.as_ref(), talk);
        talk.line.is_over = true;
    }

    /// Whether a user with this password may come in now.
    fn is_right(&self, now: Duration, user: &str, password: &str, context: &mut Context<'_>) -> bool {
        let Some(login) = &self.spec.login else { return true };
        let is_user = |name: &String| {
            let name = if name == "lab" { &self.credentials.user } else { name };
            name == user
        };
        let refused = |kind: &FaultKind| (*kind == FaultKind::Refuse).then_some(());
        now >= self.locked_until
            && !is_met(now, context, refused)
            && login.users.iter().any(is_user)
            && password == self.credentials.password
    }

    /// Wrong logins lock everybody out, where the device does so.
    fn count(&mut self, now: Duration, right: bool) {
        let Some(login) = &self.spec.login else { return };
        self.wrong = if right { 0 } else { self.wrong.saturating_add(1) };
        if self.wrong >= login.tries && !login.lockout.is_zero() {
            self.wrong = 0;
            self.locked_until = now.saturating_add(login.lockout);
        }
    }
}

impl Line {
    pub(super) fn is_in(&self) -> bool {
        self.stage == Stage::In
    }
}

/// Whether a fault of the session that `choose` looks for acts now.
pub(super) fn is_met(
    now: Duration,
    context: &mut Context<'_>,
    choose: impl FnMut(&FaultKind) -> Option<()>,
) -> bool {
    !context.faults.is_empty() && !context.faults.acting(now, None, Op::Session, choose).is_empty()
}
