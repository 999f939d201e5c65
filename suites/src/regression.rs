//! The regression suite: every recorded action once more, by the agent that it was recorded with.
//!
//! Each marked action of a device's transcripts is repeated twice: against a strict replay of the transcript (does the agent
//! still reach the recorded verdict, given the same answers?) and against the device that the folder describes (does the
//! description still behave as what it was made from?). The built-in agents, which word things otherwise than what was
//! recorded, meet the described device only.

use std::sync::Arc;
use std::time::Instant;

use fencelab_devices::{DeviceSpec, Power};
use fencelab_transcript::{Event, Kind, Mark, Transcript};

use crate::agent::Agent;
use crate::arena::Arena;
use crate::case::{Action, Case};
use crate::draw::link_options;
use crate::finding::Facts;
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

/// Plays the suite.
pub(crate) fn run(
    plan: &Plan,
    pairs: &[Pair],
    arena: Option<&Arena>,
    tell: &mut dyn FnMut(&Progress),
    done: (u64, u64),
) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        let (cases, findings) =
            cells.iter().fold(done, |sum, cell| (sum.0 + cell.cases, sum.1 + cell.findings.len() as u64));
        let doing = format!("{} on {}", pair.subject.agent, pair.spec.id);
        let share = at as f64 / pairs.len().max(1) as f64;
        tell(&Progress { suite: Suite::Regression, doing, cases, findings, done: share, left: None });
        cells.push(cell(plan, pair, arena));
    }
    cells
}

fn cell(plan: &Plan, pair: &Pair, arena: Option<&Arena>) -> Cell {
    let (spec, subject) = (&pair.spec, &pair.subject);
    let begun = Instant::now();
    let mut cell = Cell::new(&subject.agent.to_string(), &spec.id, Suite::Regression, REGRESSION);
    let not_run = |why: &str| Verdict::NotRun(why.to_owned());
    if spec.evidence.is_empty() {
        cell.verdict = not_run("the device has no transcripts");
        return cell;
    }
    let mut foreign = None;
    for path in &spec.evidence {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let transcript = match Transcript::load(path) {
            Ok(transcript) => transcript,
            Err(error) => {
                cell.verdict = not_run(&format!("{name} cannot be read: {error}"));
                return cell;
            }
        };
        let speaker = transcript.header.speaker.as_ref().map_or("nobody", |speaker| speaker.name.as_str());
        if speaker != subject.agent.name() {
            foreign = Some(speaker.to_owned());
            continue;
        }
        for episode in episodes(&name, &transcript) {
            if plan.action.is_some_and(|only| only != episode.action) {
                continue;
            }
            repeat(plan, pair, arena, &episode, &mut cell);
        }
    }
    if cell.judged == 0 && cell.findings.is_empty() {
        cell.verdict = not_run(&match foreign {
            Some(speaker) => format!("its transcripts are not of this agent but of {speaker}"),
            None => "its transcripts have no marked action".to_owned(),
        });
    }
    cell.took = begun.elapsed();
    cell
}

fn repeat(plan: &Plan, pair: &Pair, arena: Option<&Arena>, episode: &Episode, cell: &mut Cell) {
    let (spec, subject) = (&pair.spec, &pair.subject);
    // A strict replay judges the program that was recorded. Ours asks for the same action in other words.
    let strict = !subject.agent.is_builtin();
    let replay = strict.then(|| DeviceSpec::from_transcript(episode.transcript.clone()).ok()).flatten();
    let stages = [("the replayed transcript", replay), ("the described device", Some(Arc::clone(spec)))];
    for (what, stage_spec) in stages {
        let Some(stage_spec) = stage_spec else { continue };
        let plug =
            episode.plug.clone().or_else(|| stage_spec.plant.plugs.first().map(|(name, _)| name.clone()));
        let mut case = Case::healthy(
            &spec.id,
            &subject.agent.to_string(),
            episode.action,
            &plug.unwrap_or_default(),
            episode.power,
        );
        case.seed = plan.seed;
        case.options = link_options(spec);
        case.options.extend(episode.options.iter().cloned());
        case.options.retain(|key, _| subject.advert.parameters.contains_key(key));
        case.options.extend(plan.options.clone());
        let Some(stage) = runner::stage(arena, Arc::clone(&stage_spec), Arc::clone(subject)) else {
            continue;
        };
        let Some(played) = stage.play(&case, Needs::One, true) else { continue };
        cell.cases += 1;
        cell.judged += 1;
        let run = played.run;
        let is_replay = !Arc::ptr_eq(&stage_spec, spec);
        let wrong = if run.exit != Exit::Code(episode.exit) {
            let words = crate::properties::every_action::last_words(&run);
            Some(format!("{} instead of the recorded exit {}{words}", run.exit, episode.exit))
        } else if !is_replay
            && episode.after.is_some()
            && run.target.at(&case.plug, run.ended) != episode.after
        {
            // Only the described device has a plant that moves.
            Some(format!("the plug was left otherwise than recorded; {}", run.target.describe()))
        } else {
            None
        };
        let Some(wrong) = wrong else { continue };
        let class = match run.exit {
            Exit::Code(0) => Class::Lie,
            Exit::Killed => Class::Hang,
            Exit::Signal(_) => Class::Crash,
            _ => Class::Refusal,
        };
        let evidence = format!("{} against {what}: {wrong}", episode.label);
        let breach = Breach { property: Property::EveryAction, class, evidence };
        cell.findings.push(finding(&subject.agent, spec, &case, &run, breach));
    }
}

fn finding(agent: &Agent, spec: &DeviceSpec, case: &Case, run: &crate::run::Run, breach: Breach) -> Finding {
    let (suite, check) = (Suite::Regression, Some(REGRESSION));
    Facts { suite, check, spec, agent, case, run, breach, rate: (1, 1), unusual: Vec::new() }.finding()
}

/// The marked actions of a transcript whose end is known.
fn episodes(name: &str, transcript: &Transcript) -> Vec<Episode> {
    let mut episodes = Vec::new();
    let mut open: Option<(&Event, &Mark, usize)> = None;
    for (at, event) in transcript.events.iter().enumerate() {
        let Kind::Mark(mark) = &event.kind else { continue };
        match mark.phase.as_str() {
            Mark::BEGIN => open = Some((event, mark, at)),
            Mark::END => {
                let Some((begin, begun, from)) = open.take() else { continue };
                let events = transcript.events.get(from..=at).unwrap_or_default();
                episodes.extend(episode(name, transcript, (begin, begun), mark, events));
            }
            _ => {}
        }
    }
    episodes
}

fn episode(
    name: &str,
    whole: &Transcript,
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
        options: options(&events),
        transcript: Transcript { header: whole.header.clone(), events },
        plug,
    })
}

/// Which session the recorded agent opened, as options for the same: IPMI 1.5 or 2.0, and the cipher suite.
fn options(events: &[Event]) -> Vec<(String, String)> {
    let opened = events.iter().find_map(|event| match &event.kind {
        Kind::Open(details) => Some(details),
        _ => None,
    });
    let Some(details) = opened else { return Vec::new() };
    let mut options = Vec::new();
    if let Some(version) = details.get("version").and_then(serde_json::Value::as_str) {
        options.push(("lanplus".to_owned(), if version.starts_with('2') { "1" } else { "0" }.to_owned()));
    }
    if let Some(cipher) = details.get("cipher").and_then(serde_json::Value::as_u64) {
        options.push(("cipher".to_owned(), cipher.to_string()));
    }
    options
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
        let episodes = episodes("two.jsonl", &transcript);
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
