//! A conversation with a device that has let the user in.

use super::{
    pattern::Ending,
    plug::Plug,
    reading::Refusals,
    settings::Settings,
    step::Say,
    terminal::{Answer, Expected, Pager, Repeats, Terminal},
    text::one_line,
};
use crate::{
    context::Context,
    failure::{Failure, Step},
};

/// A device and the outside.
pub(crate) struct Talk<'t, 'c> {
    pub(crate) terminal: &'t mut Terminal,
    pub(crate) context: &'t mut Context<'c>,
    pub(crate) settings: &'t Settings,
    /// What the device showed from the connection to its first prompt.
    pub(crate) opening: &'t str,
}

impl Talk<'_, '_> {
    /// Says one thing, and hears the answer to it.
    pub(crate) fn say(
        &mut self,
        say: &Say,
        plug: &Plug,
        refusals: &Refusals,
        pagers: &[Pager],
    ) -> Result<Answer, Failure> {
        let mut line = self.fill(say.line, plug);
        let expected_first =
            say.until.map(|pattern| Ending::telling(&pattern.replace("{plug}", &regex::escape(&plug.name))));
        let mut otherwise = say.otherwise;
        loop {
            let endings: Vec<Ending> = expected_first.iter().chain(&self.terminal.prompts).cloned().collect();
            let repeats = match (say.bare || say.slow, say.new_prompt) {
                (true, _) => Repeats::Never,
                (false, true) => Repeats::Any,
                (false, false) => Repeats::Known,
            };
            let expected = Expected { endings: &endings, pagers, repeats };
            let answer = self.exchange(&line, say.bare, say.slow, &expected)?;
            // A prompt came where something else was expected.
            if expected_first.is_some() && answer.ending > 0 {
                if let Some(next) = otherwise.take() {
                    line = self.fill(next, plug);
                    continue;
                }
                refusals.check(&answer.text, &plug.name, &line)?;
                let seen = format!(
                    "the device answers {:?} to {:?}, and prompts",
                    one_line(&answer.text),
                    one_line(&line)
                );
                return Err(Failure::lasting(Step::Command, seen));
            }
            if !say.may_fail {
                refusals.check(&answer.text, &plug.name, &line)?;
            }
            if say.new_prompt {
                self.terminal.know_prompt(&answer);
                // A prompt of our own making is the only one from now on.
                if let Some(own) = &expected_first {
                    self.terminal.prompts = vec![own.clone()];
                }
            }
            return Ok(answer);
        }
    }

    /// Says several things, one after the other; the answer to the last one.
    pub(crate) fn say_all(
        &mut self,
        says: &[Say],
        plug: &Plug,
        refusals: &Refusals,
        pagers: &[Pager],
    ) -> Result<Answer, Failure> {
        let mut last = Answer::default();
        for say in says {
            last = self.say(say, plug, refusals, pagers)?;
        }
        Ok(last)
    }

    /// Says a line, or a key, and hears what comes of it.
    pub(crate) fn exchange(
        &mut self,
        line: &str,
        bare: bool,
        slow: bool,
        expected: &Expected<'_>,
    ) -> Result<Answer, Failure> {
        let timing = self.context.timing;
        let until = self.context.until(if slow { timing.order() } else { timing.shell() });
        self.context.debug(&format!("{} is told {:?}", self.terminal.target, one_line(line)));
        let answer = if bare {
            self.terminal.say_raw(line)?;
            self.terminal.listen(self.context, None, expected, until)?
        } else {
            self.terminal.ask(self.context, line, expected, until)?
        };
        self.context.debug(&format!("it says {:?}, and {:?}", one_line(&answer.text), answer.end));
        Ok(answer)
    }

    /// Says a line of a menu's or a dialect's own making, and hears until the prompt.
    pub(crate) fn line(&mut self, line: &str) -> Result<String, Failure> {
        let endings = self.terminal.prompts.clone();
        let expected = Expected { endings: &endings, pagers: &[], repeats: Repeats::Known };
        Ok(self.exchange(line, false, false, &expected)?.text)
    }

    /// A line as it is sent.
    pub(crate) fn fill(&self, line: &str, plug: &Plug) -> String {
        let settings = self.settings;
        line.replace("{managed}", &settings.managed)
            .replace("{sudo}", &settings.sudo)
            .replace("{program}", &settings.program)
            .replace("{plug}", &plug.written)
    }
}
