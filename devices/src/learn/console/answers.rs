//! What was said to each thing that was typed.

use std::collections::BTreeMap;

use super::found::{Powers, Table};
use super::read::{Read, split};
use super::shape::{self, Instance, Part, Piece};
use super::steps::{Steps, Typed};
use super::tables;
use crate::learn::note::{Certainty, Note};
use crate::learn::story::Place;
use crate::plant::Power;

/// All answers.
pub(super) struct Answers<'a> {
    pub(super) all: Vec<Answer<'a>>,
    welcome: Vec<(Powers, &'a str)>,
    welcome_parts: Vec<Part>,
    tables: Vec<Table>,
    /// The plugs of all tables, with their power when they were first listed.
    listed: Vec<(String, Power)>,
    plugs: Vec<String>,
    single: bool,
}

/// The answer to one thing that was typed at one prompt.
pub(super) struct Answer<'a> {
    pub(super) first: &'a Typed<'a>,
    said: Vec<(&'a Typed<'a>, Powers)>,
    pub(super) parts: Vec<Part>,
    /// Where it was answered in a way that the parts do not explain.
    pub(super) unexplained: Option<Place>,
}

impl<'a> Answer<'a> {
    fn text(typed: &Typed<'a>) -> &'a str {
        if typed.step.ends { &typed.step.said } else { typed.step.text() }
    }

    fn instances(&self) -> Vec<Instance<'_>> {
        self.said
            .iter()
            .map(|(typed, powers)| Instance::new(typed.plug.as_deref(), powers, Self::text(typed)))
            .collect()
    }

    /// Nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.said.iter().all(|(typed, _)| Self::text(typed).is_empty())
    }
}

impl<'a> Answers<'a> {
    pub(super) fn of(read: &'a Read, steps: &'a Steps<'a>, powers: &dyn Fn(usize, usize) -> Powers) -> Self {
        let mut places: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut all: Vec<Answer<'a>> = Vec::new();
        for typed in &steps.typed {
            let known = powers(typed.file, typed.step.place.line);
            let next = all.len();
            let place = *places.entry((typed.at, typed.pattern.as_str())).or_insert(next);
            match all.get_mut(place) {
                Some(answer) => answer.said.push((typed, known)),
                None => all.push(Answer {
                    first: typed,
                    said: vec![(typed, known)],
                    parts: Vec::new(),
                    unexplained: None,
                }),
            }
        }
        for answer in &mut all {
            let instances = answer.instances();
            let (parts, wrong) = explain(&instances, steps.single);
            let place =
                wrong.and_then(|wrong| answer.said.get(wrong)).map(|(typed, _)| typed.step.place.clone());
            (answer.parts, answer.unexplained) = (parts, place);
        }
        let welcome = read.visits.iter().map(|visit| {
            let text = visit.login.last().map_or(split(&visit.greeting).0, |step| step.text());
            (powers(visit.file, visit.opened.line), text)
        });
        let mut answers = Self {
            all,
            welcome: welcome.collect(),
            welcome_parts: Vec::new(),
            tables: Vec::new(),
            listed: Vec::new(),
            plugs: steps.plugs.clone(),
            single: steps.single,
        };
        let own = answers.single.then(|| answers.plugs.first().cloned()).flatten();
        let instances: Vec<Instance<'_>> = answers
            .welcome
            .iter()
            .map(|(powers, text)| Instance::new(own.as_deref(), powers, text))
            .collect();
        answers.welcome_parts = explain(&instances, steps.single).0;
        answers
    }

    /// The words for on and off: what is said of a plug, else what stands in a list.
    pub(super) fn words(&self) -> Option<(String, String)> {
        let pieces = self.all.iter().flat_map(|answer| &answer.parts).filter_map(|part| match part {
            Part::Line(line) => Some(line),
            Part::Rows(_) | Part::Row(_) => None,
        });
        let own = pieces.flatten().find_map(|piece| match piece {
            Piece::Power { on, off } => word(on, off),
            _ => None,
        });
        own.or_else(|| {
            let mut listed =
                self.all.iter().flat_map(|answer| tables::find(&answer.instances(), &self.plugs, None));
            listed.find_map(|rows| word(&rows.on, &rows.off))
        })
    }

    /// Finds the lists of plugs.
    pub(super) fn tables(&mut self, words: &(String, String), notes: &mut Vec<Note>) {
        if self.single {
            return;
        }
        let mut found: Vec<(Option<usize>, tables::Rows)> = Vec::new();
        let welcome: Vec<Instance<'_>> =
            self.welcome.iter().map(|(powers, text)| Instance::new(None, powers, text)).collect();
        let rows = tables::find(&welcome, &self.plugs, Some(words));
        found.extend(rows.into_iter().map(|rows| (None, rows)));
        for (index, answer) in self.all.iter().enumerate() {
            if !answer.first.pattern.contains(super::found::PLUG) {
                let rows = tables::find(&answer.instances(), &self.plugs, Some(words));
                found.extend(rows.into_iter().map(|rows| (Some(index), rows)));
            }
        }
        // Pages of a long list follow each other.
        for row in found.iter().flat_map(|(_, rows)| &rows.rows) {
            if !self.listed.iter().any(|(name, _)| *name == row.name) {
                self.listed.push((row.name.clone(), row.power));
            }
        }
        // The last rows first, so that the lines before them keep their places.
        found.sort_by_key(|(index, rows)| (*index, std::cmp::Reverse(rows.first)));
        for (index, rows) in &found {
            let Some(table) = self.table(rows) else { continue };
            let known = self.tables.iter().position(|known| *known == table);
            let table = known.unwrap_or_else(|| {
                self.tables.push(table);
                self.tables.len() - 1
            });
            let last = rows.first + rows.rows.len();
            let parts = match index {
                Some(index) => self.all.get_mut(*index).map(|answer| &mut answer.parts),
                None => Some(&mut self.welcome_parts),
            };
            if let Some(parts) = parts.filter(|parts| parts.len() >= last) {
                parts.splice(rows.first..last, [Part::Rows(table)]);
            }
            if let Some(answer) = index.and_then(|index| self.all.get_mut(index)) {
                answer.unexplained = None;
                let text = format!("`{}` lists {} plugs", answer.first.step.typed, rows.rows.len());
                notes.push(Note::new(Certainty::Certain, "plugs", text).seen([&answer.first.step.place]));
            }
        }
        self.rows();
    }

    /// The rows as a table of the device's plugs; `None`: they stand in another order.
    fn table(&self, rows: &tables::Rows) -> Option<Table> {
        let first = rows.rows.first()?;
        let from = self.listed.iter().position(|(name, _)| *name == first.name)?;
        let plugs = from..from + rows.rows.len();
        let names = self.listed.get(plugs.clone())?.iter().map(|(name, _)| name);
        if !names.eq(rows.rows.iter().map(|row| &row.name)) {
            return None;
        }
        let column = |text: fn(&tables::Row) -> &String| {
            let texts = rows.rows.iter().map(text).cloned();
            let blank = std::iter::repeat_n(String::new(), from);
            blank.chain(texts).chain(std::iter::repeat(String::new())).take(self.listed.len()).collect()
        };
        Some(Table {
            before: column(|row| &row.before),
            behind: column(|row| &row.behind),
            plugs,
            on: rows.on.clone(),
            off: rows.off.clone(),
        })
    }

    /// A line about one plug that is the plug's row of a list is written as that.
    fn rows(&mut self) {
        let names: Vec<&String> = self.listed.iter().map(|(name, _)| name).collect();
        for answer in &mut self.all {
            let lines: Vec<(Option<usize>, Option<Power>, Vec<&str>)> = answer
                .said
                .iter()
                .map(|(typed, powers)| {
                    let plug = typed.plug.as_ref();
                    let place = plug.and_then(|plug| names.iter().position(|name| *name == plug));
                    let power = plug.and_then(|plug| powers.get(plug)).copied();
                    (place, power, Answer::text(typed).split_inclusive('\n').collect())
                })
                .collect();
            for (index, part) in answer.parts.iter_mut().enumerate() {
                let Part::Line(line) = part else { continue };
                let power = line.iter().any(|piece| matches!(piece, Piece::Power { .. }));
                let is_row = |table: &Table| {
                    lines.iter().all(|(place, power, lines)| match (place, power, lines.get(index)) {
                        (Some(place), Some(power), Some(line)) => {
                            table.plugs.contains(place) && table.row(*place, *power) == **line
                        }
                        (Some(_), None, Some(_)) => true,
                        _ => false,
                    })
                };
                if let Some(table) = self.tables.iter().position(is_row).filter(|_| power) {
                    *part = Part::Row(table);
                }
            }
        }
    }

    /// All plugs with their power at the start.
    pub(super) fn plugs(&self, steps: &Steps<'_>, notes: &mut Vec<Note>) -> Vec<(String, Power)> {
        let start = |plug: &String| {
            let said = self.all.iter().flat_map(|answer| &answer.said);
            let earliest = said
                .filter(|(_, powers)| powers.contains_key(plug))
                .min_by_key(|(typed, _)| (typed.file, typed.step.place.line));
            earliest.and_then(|(_, powers)| powers.get(plug)).copied()
        };
        if self.listed.is_empty() {
            if !steps.single {
                let text = "which other plugs there are is not known; record a list";
                notes.push(Note::new(Certainty::Unknown, "plugs", text));
            }
            return steps.plugs.iter().map(|plug| (plug.clone(), start(plug).unwrap_or(Power::On))).collect();
        }
        self.listed.iter().map(|(plug, power)| (plug.clone(), start(plug).unwrap_or(*power))).collect()
    }

    /// What the answer to a step shows of a plug: on, off, or another word.
    pub(super) fn shows(&self, typed: &Typed<'_>, plug: &str) -> Option<String> {
        let same =
            |answer: &&Answer<'_>| (answer.first.at, &answer.first.pattern) == (typed.at, &typed.pattern);
        let answer = self.all.iter().find(same)?;
        let text = if typed.step.ends { typed.step.said.as_str() } else { typed.step.text() };
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let place = self.listed.iter().position(|(name, _)| name == plug);
        let own = typed.plug.as_deref() == Some(plug);
        let mut at = 0;
        for part in &answer.parts {
            let told = match part {
                Part::Line(line) if own => lines.get(at).and_then(|said| shape::shown(line, plug, said)),
                Part::Row(table) if own => {
                    let table = self.tables.get(*table)?;
                    lines
                        .get(at)
                        .and_then(|said| Some(told(table.shown(place?, said)?, &table.on, &table.off)))
                }
                Part::Rows(table) => {
                    let table = self.tables.get(*table)?;
                    let row = place.filter(|place| table.plugs.contains(place));
                    let said = row.and_then(|row| lines.get(at + row - table.plugs.start));
                    at += table.plugs.len() - 1;
                    row.zip(said)
                        .and_then(|(row, said)| Some(told(table.shown(row, said)?, &table.on, &table.off)))
                }
                Part::Line(_) | Part::Row(_) => None,
            };
            at += 1;
            if told.is_some() {
                return told;
            }
        }
        None
    }

    /// Lines that tell the power.
    pub(super) fn witnesses(&self) -> impl Iterator<Item = &Place> {
        let tells = |part: &Part| match part {
            Part::Line(line) => line.iter().any(|piece| matches!(piece, Piece::Power { .. })),
            Part::Rows(_) | Part::Row(_) => true,
        };
        self.all
            .iter()
            .filter(move |answer| answer.parts.iter().any(tells))
            .map(|answer| &answer.first.step.place)
    }

    pub(super) fn welcome(&self) -> Vec<Part> {
        self.welcome_parts.clone()
    }

    pub(super) fn into_tables(self) -> Vec<Table> {
        self.tables
    }
}

/// On, off, or what else stands in their place.
pub(super) fn told(shown: &str, on: &str, off: &str) -> String {
    match shown.trim() {
        shown if shown == on.trim() => "on",
        shown if shown == off.trim() => "off",
        shown => shown,
    }
    .to_owned()
}

/// Two texts that tell the power, without the blanks around them.
fn word(on: &str, off: &str) -> Option<(String, String)> {
    let (on, off) = (on.trim(), off.trim());
    (!on.is_empty() && !off.is_empty() && on != off).then(|| (on.to_owned(), off.to_owned()))
}

/// The lines of an answer, and which instance they do not explain.
fn explain(instances: &[Instance<'_>], single: bool) -> (Vec<Part>, Option<usize>) {
    let split: Vec<Vec<&str>> =
        instances.iter().map(|instance| instance.text.split_inclusive('\n').collect()).collect();
    let Some(count) = split.first().map(Vec::len) else { return (Vec::new(), None) };
    let mut wrong = split.iter().position(|lines| lines.len() != count);
    let parts = (0..count).map(|index| {
        let alike = instances.iter().zip(&split).filter(|(_, lines)| lines.len() == count);
        let lines: Vec<(Instance<'_>, &str)> = alike
            .filter_map(|(instance, lines)| {
                Some((Instance { unnamed: single, ..instance.clone() }, *lines.get(index)?))
            })
            .collect();
        let (line, explained) = shape::line(&lines);
        if !explained {
            let first = lines.first().map(|(_, line)| line);
            let differs = split.iter().position(|lines| lines.get(index) != first);
            wrong = wrong.or(differs);
        }
        Part::Line(line)
    });
    (parts.collect(), wrong)
}
