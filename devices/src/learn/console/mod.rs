//! Consoles: prompts and login, what may be typed, which words follow a plug, which line moves it.

mod answers;
mod found;
mod proof;
mod read;
mod shape;
mod steps;
mod tables;
mod timing;
mod write;

use std::collections::BTreeMap;

use self::answers::Answers;
use self::found::{Command, Does, Found, Login, Mode, PLUG, Powers};
use self::read::Read;
use self::shape::{Fill, Piece};
use self::steps::Steps;
use super::note::{Certainty, Note};
use super::story::Wish;
use super::truth::Truth;
use super::{LearnError, Learned, Named, Options};
use crate::plant::Power;

/// Learns from transcripts that are all of consoles.
pub(super) fn learn(transcripts: &[Named], options: &Options) -> Result<Learned, LearnError> {
    let read = read::read(transcripts)?;
    // A prompt tells where one is; if that does not explain what was said, the screen above it may: the proof decides.
    let plain = draft(&read, false, transcripts, options);
    if plain.as_ref().is_ok_and(|draft| draft.proof.differences.is_empty()) {
        return plain;
    }
    match (plain, draft(&read, true, transcripts, options)) {
        (Ok(plain), Ok(screens)) => {
            let better = screens.proof.differences.len() < plain.proof.differences.len();
            Ok(if better { screens } else { plain })
        }
        (plain, Err(_)) => plain,
        (Err(_), screens) => screens,
    }
}

/// A draft, with its proof.
fn draft(
    read: &Read,
    screens: bool,
    transcripts: &[Named],
    options: &Options,
) -> Result<Learned, LearnError> {
    let steps = steps::steps(read, screens)?;
    let mut found = find(read, &steps)?;
    let text = |files: bool| write::write(read, &found, transcripts, options, files);
    let spec = proof::spec(&text(false))?;
    let proof = proof::prove(&spec, read, &found.starts);
    let toml = text(true);
    let mut notes = std::mem::take(&mut found.notes);
    notes.sort_by_key(|note| note.certainty);
    Ok(Learned { toml, recorded: None, notes, proof, spec })
}

fn find(read: &Read, steps: &Steps<'_>) -> Result<Found, LearnError> {
    let mut notes = Vec::new();
    check(read, steps)?;
    let story = timing::story(read, steps);
    // What was true while each step was answered.
    let truths: Vec<BTreeMap<&String, Truth>> = story
        .iter()
        .map(|recording| steps.plugs.iter().map(|plug| (plug, Truth::of(recording, plug))).collect())
        .collect();
    let powers = |file: usize, line: usize| -> Powers {
        let truths = truths.get(file).into_iter().flatten();
        truths.filter_map(|(plug, truth)| Some(((*plug).clone(), truth.at(line)?.0))).collect()
    };
    let begins = read.acts.iter().map(|acts| acts.first().map_or(0, |act| act.begin));
    let starts = begins.enumerate().map(|(file, line)| powers(file, line)).collect();
    let mut answers = Answers::of(read, steps, &powers);
    let words = answers.words().ok_or_else(|| no_status(steps))?;
    answers.tables(&words, &mut notes);
    let plugs = answers.plugs(steps, &mut notes);
    let login = login(read, &mut notes);
    let welcome = answers.welcome();
    let modes = modes(steps, &answers, &mut notes);
    let [(off, turning_off), (on, turning_on)] =
        [Power::Off, Power::On].map(|power| timing::delay(story.clone(), steps, &answers, power, &mut notes));
    note_orders(steps, &mut notes);
    notes.push(
        Note::new(Certainty::Certain, "status", format!("`{}` is on, `{}` is off", words.0, words.1))
            .seen(answers.witnesses()),
    );
    if !steps.single && steps.plugs.len() == 1 {
        let text =
            "one plug was recorded; that the others are typed as it is, is likely; record a second one";
        notes.push(Note::new(Certainty::Likely, "plugs", text));
    }
    let tables = answers.into_tables();
    let turning = [turning_off, turning_on];
    Ok(Found { plugs, starts, words, turning, login, welcome, tables, modes, off, on, notes })
}

/// Refuses recordings that cannot teach anything.
fn check(read: &Read, steps: &Steps<'_>) -> Result<(), LearnError> {
    let acts = || read.acts.iter().flatten().filter(|act| act.wish != Wish::Other);
    let Some(first) = acts().next() else { return Err(LearnError::NoMarks) };
    let looked = |exit| acts().any(|act| act.wish == Wish::Look && act.exit == Some(exit));
    if !acts().any(super::story::Act::done) && !looked(2) {
        return Err(LearnError::NothingDone { place: first.place.clone() });
    }
    if steps.typed.iter().all(|typed| typed.orders.is_none()) {
        let act = acts().find(|act| matches!(act.wish, Wish::Power(_) | Wish::Cycle)).unwrap_or(first);
        let plug = act.plug.clone().or(steps.plugs.first().cloned()).unwrap_or_default();
        return Err(LearnError::NoOrder { plug, place: act.place.clone() });
    }
    Ok(())
}

fn no_status(steps: &Steps<'_>) -> LearnError {
    let why = "no line of an answer differs with it, or its answers differ in more than that".to_owned();
    LearnError::NoStatus { plug: steps.plugs.first().cloned().unwrap_or_default(), why }
}

/// The login: what was asked, and by whom.
fn login(read: &Read, notes: &mut Vec<Note>) -> Option<Login> {
    let asked: Vec<_> = read.visits.iter().filter(|visit| !visit.login.is_empty()).collect();
    let Some(first) = asked.first() else {
        let over_ssh = read.visits.iter().all(|visit| visit.carrier == crate::Carrier::Ssh);
        let text = if over_ssh {
            "SSH asked who it is; what the device itself would ask is not known"
        } else {
            "nobody was asked who it is"
        };
        notes.push(Note::new(Certainty::Unknown, "login", text));
        let (greeting, user) = (String::new(), Some("login: ".to_owned()));
        let password = "Password: ".to_owned();
        return over_ssh.then(|| Login { greeting, user, password, mask: String::new(), names: Vec::new() });
    };
    let (greeting, question) = read::split(&first.greeting);
    let mask = first.login.last().and_then(|step| step.mask).map(String::from).unwrap_or_default();
    let (user, password) = match first.login.iter().rev().nth(1) {
        Some(name) => (Some(question.to_owned()), name.said.clone()),
        None => (None, question.to_owned()),
    };
    let mut names: Vec<String> = asked
        .iter()
        .filter_map(|visit| visit.login.iter().rev().nth(1))
        .map(|step| step.typed.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    let places = asked.iter().filter_map(|visit| visit.login.first()).map(|step| &step.place);
    let text = "the device asks who it is; what it says to a wrong password is not known";
    notes.push(Note::new(Certainty::Certain, "login", text).seen(places));
    Some(Login { greeting: greeting.to_owned(), user, password, mask, names })
}

/// The prompts with what was typed at each, in the order of its first appearance.
fn modes(steps: &Steps<'_>, answers: &Answers<'_>, notes: &mut Vec<Note>) -> Vec<Mode> {
    let mut modes: Vec<Mode> = steps
        .prompts
        .iter()
        .map(|prompt| {
            let parts = prompt.text.split(PLUG).map(|part| Piece::Text(part.to_owned()));
            let mut line = Vec::new();
            for (index, part) in parts.enumerate() {
                if index > 0 {
                    line.push(Piece::Plug(Fill::No));
                }
                line.push(part);
            }
            Mode { prompt: line, commands: Vec::new() }
        })
        .collect();
    for answer in &answers.all {
        let typed = answer.first;
        // The usual thing: an empty line gets the prompt again.
        if typed.pattern.is_empty()
            && answer.is_empty()
            && typed.next == Some(typed.at)
            && typed.orders.is_none()
        {
            continue;
        }
        let go = typed.next.filter(|next| *next != typed.at);
        let same = |other: &&steps::Typed<'_>| (other.at, &other.pattern) == (typed.at, &typed.pattern);
        let others: Vec<_> =
            steps.typed.iter().filter(same).filter(|other| other.next != typed.next).collect();
        if let Some(other) = others.first() {
            let text = format!(
                "`{}` did not always lead to the same prompt; the first is described",
                typed.step.typed
            );
            notes.push(
                Note::new(Certainty::Unknown, "prompts", text).seen([&typed.step.place, &other.step.place]),
            );
        }
        let orders = steps.typed.iter().filter(same).find_map(|typed| typed.orders);
        let command = Command {
            pattern: typed.pattern.clone(),
            say: answer.parts.clone(),
            orders,
            go,
            ends: typed.step.ends,
            place: typed.step.place.clone(),
        };
        if let Some(mode) = modes.get_mut(typed.at) {
            mode.commands.push(command);
        }
        if let Some(place) = &answer.unexplained {
            let text = format!(
                "what is answered to `{}` differs for another reason than the power; it stands as it was first said",
                typed.step.typed
            );
            notes.push(Note::new(Certainty::Unknown, "answers", text).seen([&typed.step.place, place]));
        }
    }
    modes
}

fn note_orders(steps: &Steps<'_>, notes: &mut Vec<Note>) {
    for does in [Does::Off, Does::On, Does::Cycle] {
        let orders: Vec<_> = steps.typed.iter().filter(|typed| typed.orders == Some(does)).collect();
        match (orders.first(), does) {
            (Some(order), _) => {
                let at = steps.prompts.get(order.at).map_or("", |prompt| prompt.text.as_str());
                let text = format!("`{}` at `{}` is the order {}", order.step.typed, at.trim(), does.name());
                let places = orders.iter().map(|order| &order.step.place);
                notes.push(Note::new(Certainty::Certain, "orders", text).seen(places));
            }
            (None, Does::Cycle) => {}
            (None, _) => {
                let text = format!("no {} was recorded, so the device takes none; record one", does.name());
                notes.push(Note::new(Certainty::Unknown, "orders", text));
            }
        }
    }
}
