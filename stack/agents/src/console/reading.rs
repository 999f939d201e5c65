//! How the power states are read out of an answer, as data.

use super::{
    pattern::{has, line_with, whole},
    plug::Plug,
    text::one_line,
};
use crate::{
    failure::{Failure, FailureKind, Step},
    fence::{Outlet, PowerState},
};

/// The words of a device for the two states. Case does not matter; any other word is neither.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) on: &'static [&'static str],
    pub(crate) off: &'static [&'static str],
}

/// The words that most devices use.
pub(crate) const ON_OFF: Words = Words { on: &["on"], off: &["off"] };

impl Words {
    /// The state that a word stands for.
    pub(crate) fn read(self, word: &str) -> PowerState {
        let word = word.trim();
        let is_one_of = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        match (is_one_of(self.on), is_one_of(self.off)) {
            (true, false) => PowerState::On,
            (false, true) => PowerState::Off,
            _ => PowerState::Unknown(format!(
                "the device says {:?}, which is neither on nor off",
                one_line(word)
            )),
        }
    }
}

/// What a state is read from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Judge {
    /// The group `state` of a row, a word of the device.
    Words(Words),
    /// The group `state` of a row, in a way that words do not tell.
    Code(fn(&str) -> PowerState),
}

/// The rows of an answer that tell states.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// A whole row, without the blanks around it, with the group `state`, and where the row says which plug it is about
    /// `plug`. It may have `name`, an alias; `id`, what the device calls the plug in orders; and `same`, which must be the
    /// plug once more.
    pub(crate) row: &'static str,
    /// The line above the first row, in tables that may hold something like a row before it. Without that line there is no
    /// table.
    pub(crate) below: Option<&'static str>,
    /// Lines that say which plug the whole answer is about, with the group `plug`, such as its name and its number: one of them
    /// must be the plug.
    pub(crate) about: Option<&'static str>,
    /// Whether an answer without such a line is none.
    pub(crate) names_itself: bool,
    /// Whether the plug may be given by the group `id` or `name`, too.
    pub(crate) by_name: bool,
    pub(crate) judge: Judge,
}

impl Rows {
    /// Rows that are known by their pattern alone.
    pub(crate) const fn new(row: &'static str, words: Words) -> Self {
        Self {
            row,
            below: None,
            about: None,
            names_itself: false,
            by_name: false,
            judge: Judge::Words(words),
        }
    }

    /// Rows that stand below this line.
    pub(crate) const fn below(self, line: &'static str) -> Self {
        Self { below: Some(line), ..self }
    }

    /// Other lines tell which plug the answer is about, on devices that say so.
    pub(crate) const fn about(self, line: &'static str) -> Self {
        Self { about: Some(line), ..self }
    }

    /// Other lines tell which plug the answer is about, always.
    pub(crate) const fn names_itself(self, line: &'static str) -> Self {
        Self { about: Some(line), names_itself: true, ..self }
    }

    /// The plug may be given by its other names.
    pub(crate) const fn by_name(self) -> Self {
        Self { by_name: true, ..self }
    }

    /// Words do not tell the state.
    pub(crate) const fn judged(self, judge: fn(&str) -> PowerState) -> Self {
        Self { judge: Judge::Code(judge), ..self }
    }

    fn judge(&self, state: &str) -> PowerState {
        match self.judge {
            Judge::Words(words) => words.read(state),
            Judge::Code(judge) => judge(state),
        }
    }

    /// The rows of an answer.
    pub(crate) fn read(&self, answer: &str) -> Table {
        let row = whole(self.row);
        let mut begun = self.below.is_none();
        let mut rows = Vec::new();
        for line in answer.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if !begun {
                begun = self.below.is_some_and(|below| has(below, line));
                continue;
            }
            let Some(found) = row.captures(line) else { continue };
            let group = |name: &str| found.name(name).map(|found| found.as_str().trim().to_owned());
            let mut state = match group("state") {
                Some(word) => self.judge(&word),
                None => not_asked(),
            };
            let plug = group("plug");
            if let (Some(same), Some(plug)) = (group("same"), &plug)
                && same != *plug
            {
                state = PowerState::Unknown(format!(
                    "the row {:?} gives two numbers, so what it is about is not sure",
                    one_line(line)
                ));
            }
            rows.push(Row { plug, name: group("name").unwrap_or_default(), id: group("id"), state });
        }
        Table { rows, whole: begun, by_name: self.by_name }
    }

    /// What an answer says of one plug; with its row, if there is one.
    pub(crate) fn find(&self, answer: &str, plug: &Plug) -> Result<Row, Failure> {
        if let Some(about) = self.about {
            let about = whole(about);
            let named =
                |line: &str| Some(about.captures(line.trim())?.name("plug")?.as_str().trim().to_owned());
            let named: Vec<String> = answer.lines().filter_map(named).collect();
            let is_it = |named: &String| *named == plug.name || *named == plug.written;
            match named.first() {
                Some(other) if !named.iter().any(is_it) => {
                    let why = format!(
                        "asked for plug {}, the device answers about {:?}",
                        plug.name,
                        one_line(other)
                    );
                    return Ok(Row::unknown(why));
                }
                None if self.names_itself && !self.read(answer).rows.is_empty() => {
                    return Ok(Row::unknown("the answer does not say what it is about".to_owned()));
                }
                _ => {}
            }
        }
        self.read(answer).find(answer, &plug.name)
    }
}

/// What stands in a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row {
    pub(crate) plug: Option<String>,
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) state: PowerState,
}

impl Row {
    fn unknown(why: String) -> Self {
        Self { plug: None, name: String::new(), id: None, state: PowerState::Unknown(why) }
    }
}

/// The rows of an answer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// Whether its beginning was seen.
    pub(crate) whole: bool,
    pub(crate) by_name: bool,
}

impl Table {
    /// The row of a plug. A plug that has two is not known, and only a table with other rows in it can say that it has none.
    pub(crate) fn find(&self, answer: &str, plug: &str) -> Result<Row, Failure> {
        let by =
            |is: &dyn Fn(&Row) -> bool| self.rows.iter().filter(|row| is(row)).cloned().collect::<Vec<Row>>();
        let mut found = by(&|row| row.plug.as_deref().is_none_or(|own| own == plug));
        if found.is_empty() && self.by_name {
            found = by(&|row| row.id.as_deref() == Some(plug));
        }
        if found.is_empty() && self.by_name {
            found = by(&|row| row.name == plug);
        }
        match found.as_slice() {
            [row] => Ok(row.clone()),
            [] if self.whole && !self.rows.is_empty() => {
                Err(absent(plug, "the device lists other plugs, and not this one"))
            }
            [] => Ok(Row::unknown(match answer.lines().map(one_line).find(|line| !line.is_empty()) {
                Some(line) => format!("nothing in the answer tells the state; it begins with {line:?}"),
                None => "the answer is empty".to_owned(),
            })),
            several => Ok(Row::unknown(format!("{} rows of the answer tell a state of it", several.len()))),
        }
    }

    /// The rows as a list of plugs.
    pub(crate) fn outlets(self) -> Vec<Outlet> {
        let outlet = |row: Row| Some(Outlet { plug: row.plug?, alias: row.name, state: row.state });
        self.rows.into_iter().filter_map(outlet).collect()
    }
}

/// A state that nobody has asked for.
pub(crate) fn not_asked() -> PowerState {
    PowerState::Unknown("the device was not asked for it".to_owned())
}

/// The device does not know the plug.
pub(crate) fn absent(plug: &str, seen: &str) -> Failure {
    Failure { step: Step::Command, seen: format!("plug {plug}: {seen}"), kind: FailureKind::Absent }
}

/// How a device refuses what it was told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refusals {
    /// A line that refuses.
    pub(crate) line: Option<&'static str>,
    /// A line that says that there is no such plug.
    pub(crate) absent: Option<&'static str>,
    /// A line without which an order was not taken.
    pub(crate) taken: Option<&'static str>,
}

impl Refusals {
    /// Devices that are known to refuse with such a line.
    pub(crate) const fn line(line: &'static str) -> Self {
        Self { line: Some(line), absent: None, taken: None }
    }

    /// A line that says that there is no such plug.
    pub(crate) const fn absent(self, line: &'static str) -> Self {
        Self { absent: Some(line), ..self }
    }

    /// A line that each order that was taken is answered with.
    pub(crate) const fn taken(self, line: &'static str) -> Self {
        Self { taken: Some(line), ..self }
    }

    /// Whether an answer refuses what was said.
    pub(crate) fn check(&self, answer: &str, plug: &str, said: &str) -> Result<(), Failure> {
        if let Some(line) = self.absent.and_then(|absent| line_with(absent, answer)) {
            return Err(absent(plug, &format!("the device answers {:?}", one_line(line))));
        }
        if let Some(line) = self.line.and_then(|refused| line_with(refused, answer)) {
            let seen = format!("the device answers {:?} to {:?}", one_line(line), one_line(said));
            return Err(Failure::lasting(Step::Command, seen));
        }
        Ok(())
    }

    /// Whether an order was taken.
    pub(crate) fn check_order(&self, answer: &str, plug: &str, said: &str) -> Result<(), Failure> {
        self.check(answer, plug, said)?;
        match self.taken {
            Some(taken) if line_with(taken, answer).is_none() => {
                let seen = format!("the device does not confirm {:?}", one_line(said));
                Err(Failure::passing(Step::Command, seen))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plug(name: &str) -> Plug {
        Plug { name: name.to_owned(), written: format!("/system1/outlet{name}"), switch: None }
    }

    const ROWS: Rows = Rows::new(r"(?P<plug>\d+): (?P<name>.*): (?P<state>\S+)", ON_OFF);
    const ANSWER: &str =
        "\nE000: Success\n 1: web: On\n 11: db: Off\n 12: odd: Wait\n 13: a: On\n 13: b: Off\n";

    fn state(plug: &str) -> PowerState {
        ROWS.find(ANSWER, &self::plug(plug)).unwrap().state
    }

    #[test]
    fn only_the_word_for_off_is_off_and_only_of_the_very_plug() {
        assert_eq!(state("1"), PowerState::On);
        assert_eq!(state("11"), PowerState::Off);
        assert!(matches!(state("12"), PowerState::Unknown(_)));
        assert!(matches!(state("13"), PowerState::Unknown(_)), "two rows");
        assert_eq!(ROWS.find(ANSWER, &plug("2")).unwrap_err().kind, FailureKind::Absent);
        assert_eq!(ROWS.find(ANSWER, &plug("web")).unwrap_err().kind, FailureKind::Absent, "not by name");
        assert_eq!(ROWS.by_name().find(ANSWER, &plug("db")).unwrap().state, PowerState::Off);
        for nothing in ["", "\n", "1: web: Off or so", "x 1: web: Off", "E102: Parameter Error"] {
            assert!(
                matches!(ROWS.find(nothing, &plug("1")).unwrap().state, PowerState::Unknown(_)),
                "{nothing:?}"
            );
        }
    }

    #[test]
    fn a_table_begins_where_it_begins() {
        let rows = Rows::new(r"(?P<plug>\S+)\s+(?P<state>\S+)", ON_OFF).below("^NAME +STATE$");
        let answer = "b off\nNAME STATE\na on\n";
        assert_eq!(rows.find(answer, &plug("a")).unwrap().state, PowerState::On);
        assert_eq!(rows.find(answer, &plug("b")).unwrap_err().kind, FailureKind::Absent);
        assert!(matches!(rows.find("a off", &plug("a")).unwrap().state, PowerState::Unknown(_)), "no table");
        assert!(
            matches!(rows.find("NAME STATE\n", &plug("a")).unwrap().state, PowerState::Unknown(_)),
            "an empty table"
        );
    }

    #[test]
    fn an_answer_about_another_plug_is_none() {
        let rows = Rows::new(r"Power: (?P<state>\S+)", ON_OFF).about(r"Blade #(?P<plug>\d+) Status.*");
        assert_eq!(rows.find("Blade #3 Status\nPower: Off", &plug("3")).unwrap().state, PowerState::Off);
        assert!(matches!(
            rows.find("Blade #3 Status\nPower: Off", &plug("13")).unwrap().state,
            PowerState::Unknown(_)
        ));
        assert_eq!(rows.find("Power: Off", &plug("3")).unwrap().state, PowerState::Off, "it does not say");
        let named = Rows::new(r"State: (?P<state>\S+)", ON_OFF).names_itself(r"(?:Name|UUID): (?P<plug>.*)");
        assert_eq!(named.find("Name: a\nUUID: 3\nState: off", &plug("3")).unwrap().state, PowerState::Off);
        for other in ["State: off", "Name: a\nUUID: 4\nState: off"] {
            assert!(
                matches!(named.find(other, &plug("3")).unwrap().state, PowerState::Unknown(_)),
                "{other}"
            );
        }
        let path = Rows::new(r"is (?P<state>\S+)", ON_OFF).about(r"(?P<plug>/system1/outlet\d+)");
        assert_eq!(path.find("/system1/outlet3\nis off", &plug("3")).unwrap().state, PowerState::Off);
        let same = Rows::new(r"(?P<plug>\d+) (?P<same>\d+) (?P<state>\S+)", ON_OFF);
        assert_eq!(same.find("4 4 off", &plug("4")).unwrap().state, PowerState::Off);
        assert!(matches!(same.find("4 5 off", &plug("4")).unwrap().state, PowerState::Unknown(_)));
    }

    #[test]
    fn refusals() {
        let refusals = Refusals::line("^E1").absent("no such").taken("^E000");
        assert!(refusals.check_order("E000: Success", "1", "x").is_ok());
        assert!(refusals.check_order("", "1", "x").unwrap_err().is_passing());
        assert!(!refusals.check("\nE102: Parameter Error", "1", "x").unwrap_err().is_passing());
        assert_eq!(refusals.check("no such plug", "1", "x").unwrap_err().kind, FailureKind::Absent);
    }
}
