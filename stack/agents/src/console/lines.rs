//! Dialects of lines: everything about them is data.

use super::{
    dialect::{Dialect, no_such_order},
    pattern::Ending,
    plug::{self, Notation, Plug},
    reading::{Refusals, Row, Rows},
    step::Say,
    talk::Talk,
    terminal::Pager,
};
use crate::{
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

/// A question: what is said, how the answer to the last of it is read, and how the device gets back to its prompt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) ask: &'static [Say],
    pub(crate) rows: Rows,
    pub(crate) back: &'static [Say],
}

impl Question {
    pub(crate) const fn new(ask: &'static [Say], rows: Rows) -> Self {
        Self { ask, rows, back: &[] }
    }

    pub(crate) const fn back(self, back: &'static [Say]) -> Self {
        Self { back, ..self }
    }
}

/// A dialect of lines.
pub(crate) struct Lines {
    pub(crate) start: &'static [Say],
    pub(crate) power: Question,
    /// `None` for a device that lists nothing.
    pub(crate) list: Option<Question>,
    pub(crate) on: &'static [Say],
    pub(crate) off: &'static [Say],
    pub(crate) cycle: Option<&'static [Say]>,
    pub(crate) refusals: Refusals,
    /// Questions on the way, and what is said to them.
    pub(crate) pagers: &'static [(&'static str, &'static str)],
    /// Whether orders name the plug by the `id` of its row.
    pub(crate) orders_by_id: bool,
    /// How the plugs of its list are written.
    pub(crate) notation: Notation,
    pub(crate) quit: &'static [&'static str],
}

impl Lines {
    /// A device with one question for the state, and one order each for on and off.
    pub(crate) const fn new(
        power: Question,
        on: &'static [Say],
        off: &'static [Say],
        quit: &'static [&'static str],
    ) -> Self {
        Self {
            start: &[],
            power,
            list: None,
            on,
            off,
            cycle: None,
            refusals: Refusals { line: None, absent: None, taken: None },
            pagers: &[],
            orders_by_id: false,
            notation: Notation::Word,
            quit,
        }
    }

    /// The question for the state has the states of all plugs in its answer.
    pub(crate) const fn lists_all(self) -> Self {
        Self { list: Some(self.power), ..self }
    }

    /// Another question is answered with a list of plugs.
    pub(crate) const fn lists(self, list: Question) -> Self {
        Self { list: Some(list), ..self }
    }

    /// What is said first.
    pub(crate) const fn starts(self, start: &'static [Say]) -> Self {
        Self { start, ..self }
    }

    /// How it cycles.
    pub(crate) const fn cycles(self, cycle: &'static [Say]) -> Self {
        Self { cycle: Some(cycle), ..self }
    }

    /// How it refuses.
    pub(crate) const fn refuses(self, refusals: Refusals) -> Self {
        Self { refusals, ..self }
    }

    /// What it asks on the way.
    pub(crate) const fn pages(self, pagers: &'static [(&'static str, &'static str)]) -> Self {
        Self { pagers, ..self }
    }

    /// Orders name the plug by the `id` of its row.
    pub(crate) const fn orders_by_id(self) -> Self {
        Self { orders_by_id: true, ..self }
    }

    /// How the plugs of its list are written.
    pub(crate) const fn writes(self, notation: Notation) -> Self {
        Self { notation, ..self }
    }

    fn pagers(&self) -> Vec<Pager> {
        self.pagers.iter().map(|(pattern, say)| Pager { ending: Ending::telling(pattern), say }).collect()
    }

    /// Asks, and gets back to the prompt. Names in rows may be any words, so only an answer without rows may be a refusal.
    fn ask(&self, talk: &mut Talk<'_, '_>, question: &Question, plug: &Plug) -> Result<String, Failure> {
        let pagers = self.pagers();
        let Some((last, way)) = question.ask.split_last() else { return Ok(String::new()) };
        talk.say_all(way, plug, &self.refusals, &pagers)?;
        let answer = talk.say(&last.may_fail(), plug, &self.refusals, &pagers)?;
        if question.rows.read(&answer.text).rows.is_empty() {
            self.refusals.check(&answer.text, &plug.name, &talk.fill(last.line, plug))?;
        }
        talk.say_all(question.back, plug, &self.refusals, &pagers)?;
        Ok(answer.text)
    }

    /// Asks for the state of each.
    pub(crate) fn ask_each(&self, talk: &mut Talk<'_, '_>, outlets: &mut [Outlet]) -> Result<(), Failure> {
        for outlet in outlets {
            // What could not be written is not asked for.
            if let Ok(plug) = self.notation.plug(&outlet.plug, false) {
                outlet.state = self.power(talk, &plug)?;
            }
        }
        Ok(())
    }

    fn row(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<Row, Failure> {
        let answer = self.ask(talk, &self.power, plug)?;
        self.power.rows.find(&answer, plug)
    }

    fn order(&self, talk: &mut Talk<'_, '_>, says: &[Say], plug: &Plug) -> Result<(), Failure> {
        let mut plug = plug.clone();
        if self.orders_by_id {
            let row = self.row(talk, &plug)?;
            let id = row.id.or(row.plug).and_then(|id| plug::word(&id));
            plug.written = id.ok_or_else(|| {
                Failure::passing(
                    Step::Command,
                    format!("plug {}: the device does not tell its number", plug.name),
                )
            })?;
        }
        let pagers = self.pagers();
        for say in says {
            let answer = talk.say(say, &plug, &self.refusals, &pagers)?;
            // Only the order itself is confirmed, not the way to it nor back.
            if say.slow && say.until.is_none() {
                self.refusals.check_order(&answer.text, &plug.name, &talk.fill(say.line, &plug))?;
            }
        }
        Ok(())
    }
}

impl Dialect for Lines {
    fn start(&self, talk: &mut Talk<'_, '_>) -> Result<(), Failure> {
        talk.say_all(self.start, &Plug::default(), &self.refusals, &self.pagers())?;
        Ok(())
    }

    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        Ok(self.row(talk, plug)?.state)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        let says = match wanted {
            Wanted::On => self.on,
            Wanted::Off => self.off,
        };
        self.order(talk, says, plug)
    }

    fn cycle(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<(), Failure> {
        self.order(talk, self.cycle.ok_or_else(no_such_order)?, plug)
    }

    fn list(&self, talk: &mut Talk<'_, '_>, states: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let Some(list) = &self.list else { return Ok(None) };
        let answer = self.ask(talk, list, &Plug::default())?;
        let mut outlets = list.rows.read(&answer).outlets();
        if states && !list.rows.row.contains("<state>") {
            self.ask_each(talk, &mut outlets)?;
        }
        Ok(Some(outlets))
    }

    fn quit(&self) -> &'static [&'static str] {
        self.quit
    }
}
