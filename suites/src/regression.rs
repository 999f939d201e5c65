//! The regression suite: every recorded action once more, by the agent that it was recorded with.
//!
//! Each marked action of a device's transcripts is repeated twice: against a strict replay of the transcript (does the agent
//! still reach the recorded verdict, given the same answers?) and against the device that the folder describes (does the
//! description still behave as what it was made from?). The built-in agents, which word things otherwise than what was
//! recorded, meet the described device only.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use fencelab_devices::{DeviceSpec, Power};
use fencelab_transcript::{Event, Kind, Mark, Transcript};

use crate::agent::Agent;
use crate::arena::Arena;
use crate::case::{Action, Case, SWITCH};
use crate::finding::Facts;
use crate::lanes::{lock, share_out};
use crate::link::Link;
use crate::pair::Pair;
use crate::plan::{Plan, Progress, Suite};
use crate::report::{Cell, Finding, Verdict};
use crate::run::Exit;
use crate::runner;
use crate::stage::Needs;
use crate::verdict::{Breach, Class, Property};

/// The name of the check in reports and in expected findings.
pub(crate) const REGRESSION: &str = "regression";

/// One marked action of a transcript.
#[derive(Clone, Debug, PartialEq)]
struct Episode {
    /// Where it begins, for error texts.
    label: String,
    action: Action,
    plug: Option<String>,
    power: Power,
    exit: i32,
    /// The state in which it left its plug, as recorded.
    after: Option<Power>,
    /// Options that the recorded session shows.
    options: Vec<(String, String)>,
    /// The dialogue of this action alone.
    transcript: Transcript,
}

/// One repetition: which pair, of what, against what.
struct Task {
    pair: usize,
    episode: Episode,
    /// Against the described device, or else against the replayed transcript.
    described: bool,
}

/// Plays the suite.
pub(crate) fn run(
    plan: &Plan,
    pairs: &[Pair],
    arena: Option<&Arena>,
    tell: &mut dyn FnMut(&Progress),
    done: (u64, u64),
) -> Vec<Cell> {
    let mut books: Vec<Mutex<Cell>> = Vec::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (at, pair) in pairs.iter().enumerate() {
        let mut cell =
            Cell::new(&pair.subject.agent.to_string(), &pair.spec.id, Suite::Regression, REGRESSION);
        match of_pair(plan, pair) {
            Ok(episodes) => {
                let queue = if pair.subject.agent.is_builtin() { &mut ours } else { &mut theirs };
                for episode in episodes {
                    queue.push(Task { pair: at, episode: episode.clone(), described: false });
                    queue.push(Task { pair: at, episode, described: true });
                }
            }
            Err(why) => cell.verdict = Verdict::NotRun(why),
        }
        books.push(Mutex::new(cell));
    }
    let doing = Mutex::new(String::new());
    let work = |task: Task| {
        let (Some(pair), Some(book)) = (pairs.get(task.pair), books.get(task.pair)) else { return };
        *lock(&doing) = format!("{} on {}", pair.subject.agent, pair.spec.id);
        let begun = Instant::now();
        let Some(finding) = repeat(plan, pair, arena, &task) else { return };
        let mut cell = lock(book);
        cell.cases += 1;
        cell.judged += 1;
        cell.took += begun.elapsed();
        cell.findings.extend(finding);
    };
    share_out(ours, theirs, runner::width(plan), &plan.stop, &work, &mut |share| {
        let (cases, findings) = books
            .iter()
            .map(lock)
            .fold(done, |sum, cell| (sum.0 + cell.cases, sum.1 + cell.findings.len() as u64));
        let doing = lock(&doing).clone();
        tell(&Progress { suite: Suite::Regression, doing, cases, findings, done: share, left: None });
    });
    books.into_iter().map(|book| book.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// The recorded actions of this agent on this device, or why there are none.
fn of_pair(plan: &Plan, pair: &Pair) -> Result<Vec<Episode>, String> {
    if pair.spec.evidence.is_empty() {
        return Err("the device has no transcripts".to_owned());
    }
    let mut speakers: BTreeSet<String> = BTreeSet::new();
    let mut all = Vec::new();
    for path in &pair.spec.evidence {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let transcript = Transcript::load(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
        let speaker = transcript.header.speaker.as_ref().map_or("nobody", |speaker| speaker.name.as_str());
        if speaker == pair.subject.agent.name() {
            all.extend(episodes(&name, &transcript, &Link::of(&pair.spec)));
        } else {
            speakers.insert(speaker.to_owned());
        }
    }
    all.retain(|episode| plan.action.is_none_or(|only| only == episode.action));
    all.retain(|episode| plan.power.is_none_or(|only| only == episode.power));
    if all.is_empty() {
        let speakers = speakers.into_iter().collect::<Vec<_>>().join(", ");
        return Err(format!("no marked action in its transcripts is of this agent; they are of {speakers}"));
    }
    Ok(all)
}

/// Repeats an action. `None`: it could not be tried; `Some(None)`: it is as recorded.
fn repeat(plan: &Plan, pair: &Pair, arena: Option<&Arena>, task: &Task) -> Option<Option<Finding>> {
    let Pair { spec, subject, .. } = pair;
    let episode = &task.episode;
    let spec = &by_way_of(spec, &episode.transcript);
    let link = Link::of(spec);
    let (what, stage_spec) = if task.described {
        ("the described device", Arc::clone(spec))
    } else {
        // Recorded was an agent that calls ipmitool, which asks many things beside. Ours asks only for power, in one session:
        // it is held to the same answers to the same questions. At a console it is held to what an agent of ours said.
        let transcript = match subject.agent.is_builtin() {
            true => link.essence(&episode.transcript)?,
            false => episode.transcript.clone(),
        };
        ("the replayed transcript", DeviceSpec::from_transcript(transcript).ok()?)
    };
    let plug = episode.plug.clone().or_else(|| stage_spec.plant.plugs.first().map(|(name, _)| name.clone()));
    let label = subject.agent.to_string();
    let mut case = Case::healthy(&spec.id, &label, episode.action, &plug.unwrap_or_default(), episode.power);
    case.seed = plan.seed;
    case.options = link.options(&subject.advert);
    case.options.extend(episode.options.iter().cloned());
    case.options.retain(|key, _| subject.advert.parameters.contains_key(key));
    case.options.extend(plan.options.clone());
    if subject.advert.parameters.contains_key(SWITCH) {
        case.name_the_switch();
    }
    let stage = runner::stage(arena, stage_spec, Arc::clone(subject), &plan.stop)?;
    let run = stage.play(&case, Needs::One, true)?.run;
    let wrong = if run.exit != Exit::Code(episode.exit) {
        let words = crate::properties::every_action::last_words(&run);
        format!("{} instead of the recorded exit {}{words}", run.exit, episode.exit)
    } else if task.described
        && episode.after.is_some()
        && run.target.at(&case.plug, run.ended) != episode.after
    {
        // Only the described device has a plant that moves.
        format!("the plug was left otherwise than recorded; {}", run.target.describe())
    } else {
        return Some(None);
    };
    let class = match run.exit {
        Exit::Code(0) => Class::Lie,
        Exit::Killed => Class::Hang,
        Exit::Signal(_) => Class::Crash,
        _ => Class::Refusal,
    };
    let evidence = format!("{} against {what}: {wrong}", episode.label);
    let breach = Breach { property: Property::EveryAction, class, evidence };
    Some(Some(finding(&subject.agent, spec, &case, &run, breach)))
}

/// The device, to be reached as in the transcript: a console over SSH where it was recorded over SSH.
fn by_way_of(spec: &Arc<DeviceSpec>, transcript: &Transcript) -> Arc<DeviceSpec> {
    let protocol = &transcript.header.link.protocol;
    match spec.faces.iter().position(|face| face.protocol() == protocol) {
        None | Some(0) => Arc::clone(spec),
        Some(at) => {
            let mut spec = DeviceSpec::clone(spec);
            spec.faces.swap(0, at);
            Arc::new(spec)
        }
    }
}

fn finding(agent: &Agent, spec: &DeviceSpec, case: &Case, run: &crate::run::Run, breach: Breach) -> Finding {
    let (suite, check) = (Suite::Regression, Some(REGRESSION));
    Facts { suite, check, spec, stood: spec, agent, case, run, breach, rate: (1, 1), unusual: Vec::new() }
        .finding()
}

/// The marked actions of a transcript whose end is known.
fn episodes(name: &str, transcript: &Transcript, link: &Link) -> Vec<Episode> {
    let mut episodes = Vec::new();
    let mut open: Option<(&Event, &Mark, usize)> = None;
    for (at, event) in transcript.events.iter().enumerate() {
        let Kind::Mark(mark) = &event.kind else { continue };
        match mark.phase.as_str() {
            Mark::BEGIN => open = Some((event, mark, at)),
            Mark::END => {
                let Some((begin, begun, from)) = open.take() else { continue };
                let events = transcript.events.get(from..=at).unwrap_or_default();
                episodes.extend(episode(name, transcript, link, (begin, begun), mark, events));
            }
            _ => {}
        }
    }
    episodes
}

fn episode(
    name: &str,
    whole: &Transcript,
    link: &Link,
    begin: (&Event, &Mark),
    end: &Mark,
    events: &[Event],
) -> Option<Episode> {
    let action: Action = begin.1.action.as_deref().or(end.action.as_deref())?.parse().ok()?;
    let plug = begin.1.plug.clone().or_else(|| end.plug.clone());
    let state = |states: &fencelab_transcript::Map| {
        let of_plug = plug.as_deref().and_then(|plug| states.get(plug)).or_else(|| states.values().next());
        match of_plug.and_then(serde_json::Value::as_str) {
            Some("on") => Some(Power::On),
            Some("off") => Some(Power::Off),
            _ => None,
        }
    };
    let since = begin.0.at;
    let mut events = events.to_vec();
    for event in &mut events {
        event.at = event.at.saturating_sub(since);
    }
    Some(Episode {
        label: format!("{name} at {:.3}s, {action}", since.as_secs_f64()),
        action,
        power: state(&begin.1.before).unwrap_or(Power::On),
        after: state(&end.after),
        exit: end.exit?,
        options: options(&events, link),
        transcript: Transcript { header: whole.header.clone(), events },
        plug,
    })
}

/// Which session the recorded agent opened, as options for the same.
fn options(events: &[Event], link: &Link) -> Vec<(String, String)> {
    let opened = events.iter().find_map(|event| match &event.kind {
        Kind::Open(details) => Some(details),
        _ => None,
    });
    opened.map(|details| link.shown(details)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = concat!(
        r#"{"transcript":"1.0","device":{"vendor":"HPE","model":"iLO 4"},"link":{"protocol":"ipmi","transport":"udp","port":623},"speaker":{"name":"fence_ilo4"}}"#,
        "\n",
        r#"{"t":0.0,"s":0,"mark":"begin","action":"status","plug":"system","before":{"system":"on"}}"#,
        "\n",
        r#"{"t":0.1,"s":1,"open":{"version":"2.0","cipher":3}}"#,
        "\n",
        r#"{"t":0.2,"s":0,"mark":"end","action":"status","plug":"system","exit":0,"after":{"system":"on"}}"#,
        "\n",
        r#"{"t":1.0,"s":0,"mark":"begin","action":"off","plug":"system","before":{"system":"on"}}"#,
        "\n",
        r#"{"t":1.1,"s":2,"open":{"version":"1.5"}}"#,
        "\n",
        r#"{"t":3.0,"s":0,"mark":"end","action":"off","plug":"system","exit":0,"after":{"system":"off"}}"#,
        "\n",
        r#"{"t":4.0,"s":0,"mark":"begin","action":"on","plug":"system"}"#,
        "\n",
    );

    #[test]
    fn each_ended_action_is_an_episode_of_its_own() {
        let transcript = Transcript::parse("two.jsonl", TWO).unwrap();
        let episodes = episodes("two.jsonl", &transcript, &Link::Ipmi(None));
        assert_eq!(episodes.len(), 2, "an action without an end has no verdict");
        let off = &episodes[1];
        assert_eq!(
            (off.action, off.power, off.exit, off.after),
            (Action::Off, Power::On, 0, Some(Power::Off))
        );
        assert_eq!(off.transcript.events.len(), 3);
        assert_eq!(
            off.transcript.events[1].at,
            std::time::Duration::from_millis(100),
            "its time begins with it"
        );
        assert_eq!(off.options, [("lanplus".to_owned(), "0".to_owned())]);
        let suite = ("cipher".to_owned(), "3".to_owned());
        assert_eq!(episodes[0].options, [("lanplus".to_owned(), "1".to_owned()), suite]);
    }
}
