//! Makes a finding of a case that broke a property: evidence, timeline, dialogue, and the command that shows it again.

use std::time::Duration;

use fencelab_devices::DeviceSpec;
use fencelab_devices::fault::Fault;
use fencelab_transcript::redact::Redactor;
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{DeviceIdentity, Event, Header, LinkInfo, Mark, Transcript};

use crate::agent::Agent;
use crate::case::{Case, Login, Mode};
use crate::condition::condition;
use crate::fnv;
use crate::link::Link;
use crate::plan::Suite;
use crate::report::{Finding, Said, Told};
use crate::run::Run;
use crate::truth::Truth;
use crate::verdict::Breach;

/// What is kept of the agent's own words in a report.
const WORDS_LIMIT: usize = 4096;

/// The classes of the faults in a case, for expected findings: `drop+flap`, or `none`.
pub(crate) fn fault_class(faults: &[Fault]) -> String {
    let mut names: Vec<&str> = faults.iter().map(|fault| fault.kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "none".to_owned() } else { names.join("+") }
}

/// Eight hexadecimal digits of these words, the same in every build and run.
fn id(words: &[&str]) -> String {
    let hash = fnv::of_words(words.iter().copied());
    format!("{:08x}", hash & u64::from(u32::MAX))
}

/// What is known when a finding is written down.
pub(crate) struct Facts<'a> {
    pub(crate) suite: Suite,
    /// The name of the check where it is none of the properties.
    pub(crate) check: Option<&'static str>,
    /// The device that was meant.
    pub(crate) spec: &'a DeviceSpec,
    /// The one that stood there.
    pub(crate) stood: &'a DeviceSpec,
    pub(crate) agent: &'a Agent,
    pub(crate) case: &'a Case,
    /// The run that the evidence is from.
    pub(crate) run: &'a Run,
    pub(crate) breach: Breach,
    pub(crate) rate: (u32, u32),
    /// Options that a replay must give.
    pub(crate) unusual: Vec<(String, String)>,
}

impl Facts<'_> {
    /// The finding.
    pub(crate) fn finding(self) -> Finding {
        let replay = self.replay();
        let transcript = transcript(self.stood, self.agent, self.case, self.run);
        let dialogue = transcript
            .as_ref()
            .map(|transcript| transcript.canonical().lines().skip(1).map(str::to_owned).collect());
        let secret = &self.run.secret;
        let check = self.check.unwrap_or_else(|| self.breach.property.name()).to_owned();
        let condition = condition(self.case, self.stood);
        let told = self.run.claims.iter().map(|claim| Told {
            at: claim.at.saturating_sub(self.run.started),
            plug: claim.plug.clone(),
            power: claim.power,
        });
        Finding {
            id: id(&[
                self.agent.name(),
                &self.spec.id,
                &check,
                self.breach.class.name(),
                self.case.action.name(),
                &condition,
            ]),
            cause: String::new(),
            shape: self.case.shape.clone(),
            impostor: self.case.impostor.clone(),
            mode: self.case.mode,
            service: self.case.as_service,
            login: self.case.login,
            told: told.collect(),
            condition,
            agent: self.agent.to_string(),
            device: self.spec.id.clone(),
            check,
            action: self.case.action,
            plugs: self.case.plugs().cloned().collect(),
            power: self.case.power.to_string(),
            class: self.breach.class,
            fault: self.case.fault_expression(),
            fault_class: fault_class(&self.case.faults),
            options: self.unusual.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            seed: self.case.seed,
            rate: self.rate,
            evidence: veil(&self.breach.evidence, secret),
            replay,
            timeline: self.run.target.describe(),
            truth: self.run.target.clone(),
            span: (self.run.started, self.run.ended),
            neighbour: (!self.run.neighbour.changes.is_empty()).then(|| self.run.neighbour.describe()),
            said: Said {
                exit: self.run.exit.to_string(),
                stdout: tail(&veil(&self.run.stdout, secret)),
                stderr: tail(&veil(&self.run.stderr, secret)),
            },
            dialogue: dialogue.unwrap_or_default(),
            transcript,
            expected: None,
        }
    }

    /// One line for a shell.
    fn replay(&self) -> String {
        let case = self.case;
        let mut words = vec!["fencelab".to_owned(), "test".to_owned(), quoted(&self.spec.id)];
        words.extend(["--agent".to_owned(), quoted(&self.agent.argument())]);
        words.extend(["--suite".to_owned(), self.suite.to_string()]);
        if self.suite == Suite::Properties {
            words.extend(["--property".to_owned(), self.breach.property.to_string()]);
        }
        words.extend(["--action".to_owned(), case.action.to_string()]);
        words.extend(["--power".to_owned(), case.power.to_string()]);
        // A device of one plug leaves no choice.
        if self.spec.plant.plugs.len() > 1 && !case.action.is_offline() {
            let plugs: Vec<&str> = case.plugs().map(String::as_str).collect();
            words.extend(["--plug".to_owned(), quoted(&plugs.join(","))]);
        }
        words.extend(["--seed".to_owned(), case.seed.to_string()]);
        for (key, value) in &self.unusual {
            words.extend(["--option".to_owned(), quoted(&format!("{key}={value}"))]);
        }
        if !case.shape.is_empty() {
            words.extend(["--shape".to_owned(), quoted(&case.shape)]);
        }
        if case.by_name {
            words.push("--by-name".to_owned());
        }
        if let Some(impostor) = &case.impostor {
            words.extend(["--impostor".to_owned(), quoted(impostor)]);
        }
        if self.suite == Suite::Properties {
            if case.mode == Mode::Argv {
                words.push("--argv".to_owned());
            }
            if case.as_service {
                words.push("--service".to_owned());
            }
            if let Some(login) = case.login.word() {
                words.extend(["--login".to_owned(), login.to_owned()]);
            }
            words.extend(["--fault".to_owned(), format!("'{}'", case.fault_expression())]);
        }
        words.join(" ")
    }
}

/// The run as a transcript of its own, with marks: `None` unless it was recorded.
pub(crate) fn transcript(spec: &DeviceSpec, agent: &Agent, case: &Case, run: &Run) -> Option<Transcript> {
    if !run.recorded {
        return None;
    }
    let (face, link) = (spec.faces.get(Link::face(spec, &case.options))?, Link::of(spec));
    let mut device = DeviceIdentity::new(spec.vendor.clone(), spec.model.clone());
    device.firmware = spec.firmware.clone();
    let port = face.default_port();
    let mut header = Header::new(device, LinkInfo::new(face.protocol(), face.transport(), Some(port)));
    header.speaker = Some(agent.speaker());
    header.by = Some(format!("fencelab test {}", env!("CARGO_PKG_VERSION")));
    header.provenance = Some("emulated".to_owned());

    let action = case.action.name();
    let plugs: Vec<&str> = case.plugs().map(String::as_str).collect();
    let plug = Some(plugs.join(","));
    let mut begin = Mark::begin(action, plug.clone());
    begin.before = states(&run.target, run.started);
    let code = match run.exit {
        crate::run::Exit::Code(code) => Some(code),
        _ => None,
    };
    let mut end = Mark::end(action, plug, code);
    end.after = states(&run.target, run.ended);
    let mut begin = Event::mark(Duration::ZERO, 0, begin);
    if !case.faults.is_empty() {
        begin = begin.with("fault", case.fault_expression());
    }
    let since = |at: Duration| at.saturating_sub(run.started);
    let mut events = vec![begin];
    events.extend(run.dialogue.iter().cloned().map(|mut event| {
        event.at = since(event.at);
        event
    }));
    events.push(Event::mark(since(run.ended), 0, end));
    // Datagrams that left the device after the agent had ended stand behind the end.
    events.sort_by_key(|event| event.at);
    let redactor = Redactor::new(Scan::new().with("password", &run.secret));
    let mut touched: Vec<String> = events.iter_mut().flat_map(|event| redactor.redact(event)).collect();
    touched.extend(link.redacted().iter().map(|part| (*part).to_owned()));
    touched.sort_unstable();
    touched.dedup();
    header.redacted = touched;
    Some(Transcript { header, events })
}

fn states(truth: &Truth, at: Duration) -> fencelab_transcript::Map {
    let state = |plug: &String| Some((plug.clone(), truth.at(plug, at)?.to_string().into()));
    truth.initial.keys().filter_map(state).collect()
}

/// A text without the secret.
fn veil(text: &str, secret: &str) -> String {
    if secret.is_empty() { text.to_owned() } else { text.replace(secret, "********") }
}

fn tail(text: &str) -> String {
    let mut from = text.len().saturating_sub(WORDS_LIMIT);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..).unwrap_or_default().to_owned()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What was unusual about how the agent was called, in words for evidence.
pub(crate) fn circumstances(case: &Case) -> &'static str {
    match (case.login, case.mode, case.as_service) {
        (Login::WrongPassword, ..) => " with a wrong password",
        (Login::UnknownUser, ..) => " as an unknown user",
        (Login::LowPrivilege, ..) => " with too low a privilege",
        (Login::Right, Mode::Argv, _) => " by argv",
        (Login::Right, Mode::Stdin, true) => " under pacemaker-fenced",
        (Login::Right, Mode::Stdin, false) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_a_shell() {
        assert_eq!(quoted("hpe/ilo4"), "hpe/ilo4");
        assert_eq!(quoted("two words"), "'two words'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn classes_of_faults() {
        let faults = Fault::parse_all("flap(2s) + drop@status + drop@session").unwrap();
        assert_eq!(fault_class(&faults), "drop+flap");
        assert_eq!(fault_class(&[]), "none");
    }

    #[test]
    fn words_are_veiled_and_cut_at_characters() {
        assert_eq!(veil("a secret b", "secret"), "a ******** b");
        assert_eq!(veil("text", ""), "text");
        assert!(tail(&"ä".repeat(WORDS_LIMIT)).len() <= WORDS_LIMIT);
    }
}
