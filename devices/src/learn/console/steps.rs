//! What was typed, taken together: at which prompt, about which plug, and which of it are orders.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Does, PLUG};
use super::read::{Read, Step, split};
use super::shape;
use crate::learn::LearnError;
use crate::learn::story::{Act, Wish};
use crate::plant::Power;

/// A step of some visit.
#[derive(Debug)]
pub(super) struct Typed<'a> {
    pub(super) file: usize,
    /// It is the first one of its visit.
    first: bool,
    pub(super) step: &'a Step,
    /// The prompts at which it was typed and that came then, by their index.
    pub(super) at: usize,
    pub(super) next: Option<usize>,
    /// What was typed, with the plug taken out.
    pub(super) pattern: String,
    /// The plug that it is about: named in it, or in a line before it.
    pub(super) plug: Option<String>,
    pub(super) orders: Option<Does>,
}

/// All steps.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    /// The first is the one behind the login.
    pub(super) prompts: Vec<Prompt>,
    pub(super) typed: Vec<Typed<'a>>,
    /// There is one plug, which nobody names.
    pub(super) single: bool,
    /// Plugs that marks name.
    pub(super) plugs: Vec<String>,
}

/// A prompt, with the plug taken out, and the screen above it where that matters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Prompt {
    screen: Option<String>,
    pub(super) text: String,
}

/// What a plug is called where it has no name.
pub(super) const UNNAMED: &str = "system";

/// Takes all together. `screens`: where the device is, is told by the first line of what it last said, too, as in menus.
pub(super) fn steps(read: &Read, screens: bool) -> Result<Steps<'_>, LearnError> {
    let mut plugs: Vec<String> = Vec::new();
    for plug in read.acts.iter().flatten().filter_map(|act| act.plug.as_ref()) {
        if !plugs.contains(plug) {
            plugs.push(plug.clone());
        }
    }
    let all = || read.visits.iter().flat_map(|visit| visit.steps.iter().map(move |step| (visit.file, step)));
    let names = |(file, step): &(usize, &Step)| {
        let plug = act(read, *file, step).and_then(|act| act.plug.as_deref());
        plug.is_some_and(|plug| shape::has(&step.typed, plug))
    };
    let single = plugs.is_empty() || (plugs.len() == 1 && !all().any(|step| names(&step)));
    if plugs.is_empty() {
        plugs.push(UNNAMED.to_owned());
    }
    let mut steps = Steps { prompts: Vec::new(), typed: Vec::new(), single, plugs };
    steps.walk(read, screens);
    steps.name();
    orders(read, &mut steps)?;
    Ok(steps)
}

/// The action in which a step was typed.
pub(super) fn act<'a>(read: &'a Read, file: usize, step: &Step) -> Option<&'a Act> {
    read.acts.get(file)?.get(step.act?)
}

/// Texts that were typed or said, where, and about which plugs: what was the same for two of them names none.
#[derive(Default)]
struct General(BTreeMap<(usize, String), BTreeSet<Option<String>>>);

impl General {
    fn note(&mut self, at: usize, text: &str, plug: Option<&str>) {
        self.0.entry((at, text.to_owned())).or_default().insert(plug.map(str::to_owned));
    }

    fn pattern(&self, at: usize, text: &str, plug: Option<&str>) -> String {
        let alone = self.0.get(&(at, text.to_owned())).is_none_or(|plugs| plugs.len() < 2);
        plug.filter(|_| alone).map_or_else(|| text.to_owned(), |plug| shape::pattern(text, plug))
    }
}

impl<'a> Steps<'a> {
    /// Goes from prompt to prompt.
    fn walk(&mut self, read: &'a Read, screens: bool) {
        let all =
            || read.visits.iter().flat_map(|visit| visit.steps.iter().map(move |step| (visit.file, step)));
        let plug = |file: usize, step: &Step| act(read, file, step).and_then(|act| act.plug.clone());
        let mut general = General::default();
        for (file, step) in all() {
            let plug = plug(file, step);
            general.note(0, step.prompt(), plug.as_deref());
            general.note(0, &title(step.text()).unwrap_or_default(), plug.as_deref());
        }
        for visit in &read.visits {
            let (text, prompt) = visit.login.last().map_or(split(&visit.greeting), |step| split(&step.said));
            let mut screen = title(text).filter(|_| screens);
            let mut at = self.prompt(screen.clone(), prompt.to_owned());
            for step in &visit.steps {
                let own = plug(visit.file, step).filter(|_| !self.single);
                let next = (!step.ends).then(|| {
                    let new = title(step.text()).filter(|_| screens);
                    // Where nothing is said the screen is still there.
                    screen = new.map(|title| general.pattern(0, &title, own.as_deref())).or(screen.take());
                    self.prompt(screen.clone(), general.pattern(0, step.prompt(), own.as_deref()))
                });
                let pattern = step.typed.clone();
                self.typed.push(Typed {
                    file: visit.file,
                    first: visit.steps.first().is_some_and(|first| std::ptr::eq(first, step)),
                    step,
                    at,
                    next,
                    pattern,
                    plug: own,
                    orders: None,
                });
                at = next.unwrap_or(0);
            }
        }
    }

    /// Takes the plug out of what was typed, and remembers it for what is typed afterwards.
    fn name(&mut self) {
        let mut general = General::default();
        for typed in &self.typed {
            general.note(typed.at, &typed.step.typed, typed.plug.as_deref());
        }
        let mut chosen: Option<String> = None;
        for typed in &mut self.typed {
            if typed.first {
                chosen = None;
            }
            typed.pattern = general.pattern(typed.at, &typed.step.typed, typed.plug.as_deref());
            if typed.pattern.contains(PLUG) {
                chosen.clone_from(&typed.plug);
            }
            typed.plug = if self.single { self.plugs.first().cloned() } else { chosen.clone() };
        }
    }

    fn prompt(&mut self, screen: Option<String>, text: String) -> usize {
        let prompt = Prompt { screen, text };
        let known = self.prompts.iter().position(|known| *known == prompt);
        known.unwrap_or_else(|| {
            self.prompts.push(prompt);
            self.prompts.len() - 1
        })
    }
}

/// The words of the first line that has any; rules around them are as long as the words leave room for.
fn title(text: &str) -> Option<String> {
    let words = |line: &str| {
        let words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(words).find(|words| !words.is_empty())
}

/// Where something was typed, and what.
type Key = (usize, String);

/// Finds the orders: what is typed to move a plug, and never to look; an off is what is never typed to switch on. If what follows
/// is never typed to look either (a question is answered), the last of it is the order, but for empty lines.
fn orders(read: &Read, steps: &mut Steps<'_>) -> Result<(), LearnError> {
    let wish = |typed: &Typed<'_>| act(read, typed.file, typed.step).map(|act| (act.wish, act.done()));
    let mut sets: [BTreeSet<Key>; 4] = Default::default();
    let [looks, offs, ons, cycles] = &mut sets;
    for typed in &steps.typed {
        let key = (typed.at, typed.pattern.clone());
        match wish(typed) {
            Some((Wish::Power(Power::Off), true)) => offs.insert(key),
            Some((Wish::Power(Power::On), true)) => ons.insert(key),
            Some((Wish::Cycle, true)) => cycles.insert(key),
            Some((Wish::Look | Wish::Other, _)) | None => looks.insert(key),
            Some(_) => false,
        };
    }
    // What leads where a look leads, too, only goes there from another place.
    let leads = |typed: &&Typed<'_>| looks.contains(&(typed.at, typed.pattern.clone()));
    let ways: BTreeSet<(&str, Option<usize>)> =
        steps.typed.iter().filter(leads).map(|typed| (typed.pattern.as_str(), typed.next)).collect();
    let others: Vec<Key> = steps
        .typed
        .iter()
        .filter(|typed| ways.contains(&(typed.pattern.as_str(), typed.next)))
        .map(|typed| (typed.at, typed.pattern.clone()))
        .collect();
    looks.extend(others);
    for set in [&mut *offs, &mut *ons, &mut *cycles] {
        set.retain(|key| !looks.contains(key));
    }
    let toggle = !offs.is_empty() && offs == ons;
    if toggle {
        return Err(toggles(read, steps, offs));
    }
    let mut index = 0;
    while index < steps.typed.len() {
        let Some(typed) = steps.typed.get(index) else { break };
        let key = (typed.at, typed.pattern.clone());
        let does = match wish(typed) {
            Some((Wish::Power(Power::Off), true)) if offs.contains(&key) && !ons.contains(&key) => Does::Off,
            Some((Wish::Power(Power::On), true)) if ons.contains(&key) && !offs.contains(&key) => Does::On,
            Some((Wish::Cycle, true)) if cycles.contains(&key) => {
                match (offs.contains(&key), ons.contains(&key)) {
                    (true, false) => Does::Off,
                    (false, true) => Does::On,
                    _ => Does::Cycle,
                }
            }
            _ => {
                index += 1;
                continue;
            }
        };
        let (file, act) = (typed.file, typed.step.act);
        let goes_on = |at: usize| {
            steps.typed.get(at).is_some_and(|typed| {
                let key = (typed.at, typed.pattern.clone());
                // The other half of a reboot is an order of its own.
                let other = does != Does::Cycle && offs.contains(&key) != ons.contains(&key);
                typed.file == file && typed.step.act == act && !looks.contains(&key) && !other
            })
        };
        let mut order = index;
        while goes_on(index + 1) {
            index += 1;
            // An empty line only goes on.
            if steps.typed.get(index).is_some_and(|typed| !typed.step.typed.is_empty()) {
                order = index;
            }
        }
        if let Some(typed) = steps.typed.get_mut(order) {
            typed.orders = Some(does);
        }
        index += 1;
    }
    Ok(())
}

fn toggles(read: &Read, steps: &Steps<'_>, both: &BTreeSet<Key>) -> LearnError {
    let of = |power: Power| {
        let typed = steps.typed.iter().find(|typed| {
            both.contains(&(typed.at, typed.pattern.clone()))
                && act(read, typed.file, typed.step).is_some_and(|act| act.wish == Wish::Power(power))
        });
        typed.map(|typed| (typed.step.place.clone(), typed.step.typed.clone()))
    };
    match (of(Power::Off), of(Power::On)) {
        (Some((off, request)), Some((on, _))) => LearnError::Toggles { request, off, on },
        _ => LearnError::NoMarks,
    }
}
