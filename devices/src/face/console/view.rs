//! What a text of the console says of the plugs: the truth, or what rules and faults make of it.

use crate::face::Told;
use crate::face::control::{self, Lie};
use crate::plant::{Plant, Power};
use crate::spec::console::{self, PlugView, Tells, Text};
use crate::spec::rule::Meaning;

use super::Console;
use super::line::Line;

/// Everything that a text is made of.
pub(super) struct View<'a> {
    pub(super) console: &'a Console,
    pub(super) line: &'a Line,
    pub(super) plant: &'a Plant,
    pub(super) lies: &'a [Lie],
    /// The state that a rule shows, of the chosen plug.
    pub(super) state: Option<usize>,
}

impl View<'_> {
    /// The text, and what it tells of which plug.
    pub(super) fn make(&self, text: &Text) -> (String, Vec<Told>) {
        let Text::Made { tells, .. } = text else {
            return (if let Text::Plain(text) = text { text.clone() } else { String::new() }, Vec::new());
        };
        let spec = &self.console.spec;
        let count = self.plant.plugs().len();
        let of = |index: usize| self.plug(index, count);
        // A text that is about none needs none: some devices have a thousand.
        let plugs: Vec<PlugView> = match tells {
            Tells::All => (0..count).filter_map(of).collect(),
            Tells::Nothing | Tells::Chosen => Vec::new(),
        };
        let chosen = self.line.plug.or((count == 1).then_some(0));
        let plug = chosen.and_then(of);
        let mut typed = self.line.typed.clone();
        if let Some(user) = &self.line.user {
            typed.insert("user".to_owned(), user.clone());
        }
        let told = |plug: &PlugView| Told { plug: plug.id.clone(), power: power_of(&plug.power) };
        let told: Vec<Told> = match tells {
            Tells::All => plugs.iter().map(told).collect(),
            Tells::Chosen => plug.iter().map(told).collect(),
            Tells::Nothing => Vec::new(),
        };
        let view = console::View { plugs, plug, typed, device: self.console.device.clone() };
        match spec.texts.make(text, &view) {
            Ok(text) => (text, told),
            Err(error) => {
                tracing::warn!(%error, "a text of a console cannot be made");
                (format!("{error}\n"), Vec::new())
            }
        }
    }

    /// What this plug looks like; `None`: it is not there.
    fn plug(&self, index: usize, count: usize) -> Option<PlugView> {
        let spec = &self.console.spec;
        let plug = self.plant.plugs().get(index)?;
        let mut shows = spec.words.of(plug.power(), plug.is_turning()).to_owned();
        let mut power = Some(plug.power());
        let chosen = self.line.plug.is_none_or(|chosen| chosen == index);
        if let Some(state) = self.state.filter(|_| chosen) {
            (shows, power) = self.state(state)?;
        }
        for lie in self.lies {
            match lie {
                Lie::Absent => return None,
                Lie::Stale(at) => {
                    let before = self.plant.power_at(plug.name(), *at)?;
                    (shows, power) = (spec.words.of(before, false).to_owned(), Some(before));
                }
                Lie::Others => {
                    let others = control::others_power(self.plant, index)?;
                    (shows, power) = (spec.words.of(others, false).to_owned(), Some(others));
                }
                Lie::State(name) => {
                    let state = spec.states.iter().position(|look| look.state.name == *name)?;
                    (shows, power) = self.state(state)?;
                }
                Lie::Unknown => {
                    let state = spec.states.iter().position(|look| look.state.means == Meaning::Neither);
                    (shows, power) = match state {
                        Some(state) => self.state(state)?,
                        None => ("Unknown".to_owned(), None),
                    };
                }
                Lie::Number(number) => {
                    let text = number.to_string();
                    let is_it = |look: &console::Look| look.seen.iter().any(|seen| seen.shows == text);
                    let documented = spec.states.iter().position(is_it).and_then(|state| self.state(state));
                    (shows, power) = documented.unwrap_or_else(|| (text.clone(), spec.words.meaning(&text)));
                }
                Lie::Empty => (shows, power) = (String::new(), None),
            }
        }
        let columns = spec
            .columns_of
            .iter()
            .map(|(name, column)| (name.clone(), column.of(index, plug.name(), count)))
            .collect();
        let power = power.map_or("unknown", |power| if power == Power::On { "on" } else { "off" }).to_owned();
        Some(PlugView { id: plug.name().to_owned(), place: index + 1, shows, power, columns })
    }

    fn state(&self, index: usize) -> Option<(String, Option<Power>)> {
        let look = self.console.spec.states.get(index)?;
        let power = match look.state.means {
            Meaning::On => Some(Power::On),
            Meaning::Off => Some(Power::Off),
            Meaning::Neither => None,
        };
        Some((look.seen.first().map(|seen| seen.shows.clone()).unwrap_or_default(), power))
    }
}

fn power_of(word: &str) -> Option<Power> {
    match word {
        "on" => Some(Power::On),
        "off" => Some(Power::Off),
        _ => None,
    }
}
