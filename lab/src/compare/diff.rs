//! Which findings of two reports are the same, and what became of each.

use std::collections::{BTreeMap, BTreeSet};

use fencelab_suites::Class;

use super::read::{ReadCell, ReadFinding, ReadReport};

/// What became of a finding.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Status {
    /// Only the new report has it.
    New,
    /// Both have it, and something about it changed.
    Changed,
    /// Only the old report has it, although its cell was run again.
    Mended,
    /// Only the old report has it, and nobody tried again.
    NotTried,
    /// Both have it.
    Same,
}

impl Status {
    /// All, the ones that matter most first.
    pub(crate) const ALL: [Status; 5] =
        [Status::New, Status::Changed, Status::Mended, Status::NotTried, Status::Same];

    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Changed => "changed",
            Status::Mended => "mended",
            Status::NotTried => "not tried again",
            Status::Same => "the same",
        }
    }
}

/// A finding of either report, or of both.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) status: Status,
    /// The new report's finding, or the old one's where it has none.
    pub(crate) finding: ReadFinding,
    /// What is to be said besides, in words.
    pub(crate) what: String,
    /// Whether it makes the new state worse than the old one.
    pub(crate) worse: bool,
}

/// The whole comparison.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// Every finding, those that matter most first.
    pub(crate) entries: Vec<Entry>,
}

impl Comparison {
    /// How many findings have this status.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.entries.iter().filter(|entry| entry.status == status).count()
    }

    /// Whether nothing became worse.
    pub(crate) fn holds(&self) -> bool {
        !self.entries.iter().any(|entry| entry.worse)
    }
}

/// What makes two findings the same: agent, device, property, class, condition.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    place: Place,
    class: String,
    condition: String,
}

/// Where a finding is: agent, device, property.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Place {
    agent: String,
    device: String,
    property: String,
}

/// Which differences between the two reports are of no account.
struct Lens {
    /// Each report is about one agent: two versions under two names.
    any_agent: bool,
    /// Each report is about one device: two firmwares of it.
    any_device: bool,
    /// One of them is too old to know conditions.
    any_condition: bool,
}

/// An agent goes by its name, not by its path, so that two versions of a package at different places are one agent.
fn base_name(agent: &str) -> &str {
    agent.rsplit('/').next().unwrap_or(agent)
}

impl Lens {
    fn of(old: &ReadReport, new: &ReadReport) -> Self {
        let one = |report: &ReadReport, of: fn(&ReadCell) -> &str| {
            report.table.iter().map(of).collect::<BTreeSet<_>>().len() == 1
        };
        let old_form =
            |report: &ReadReport| report.findings.iter().any(|finding| finding.condition.is_none());
        let agent: fn(&ReadCell) -> &str = |cell| base_name(&cell.agent);
        let device: fn(&ReadCell) -> &str = |cell| &cell.device;
        Self {
            any_agent: one(old, agent) && one(new, agent),
            any_device: one(old, device) && one(new, device),
            any_condition: old_form(old) || old_form(new),
        }
    }

    fn agent(&self, agent: &str) -> String {
        if self.any_agent { String::new() } else { base_name(agent).to_owned() }
    }

    fn device(&self, device: &str) -> String {
        if self.any_device { String::new() } else { device.to_owned() }
    }

    fn key(&self, finding: &ReadFinding) -> Key {
        let condition = if self.any_condition { None } else { finding.condition.clone() };
        Key {
            place: Place {
                agent: self.agent(&finding.agent),
                device: self.device(&finding.device),
                property: finding.property.clone(),
            },
            class: finding.class.clone(),
            condition: condition.unwrap_or_default(),
        }
    }

    /// Whether the cell of a finding was run. A finding of another suite than the property suite has its cell under the name of
    /// an action, so any cell of that suite speaks for it.
    fn was_run(&self, report: &ReadReport, finding: &ReadFinding) -> bool {
        let key = self.key(finding);
        let suite = finding.suite();
        report.table.iter().any(|cell| {
            cell.was_run()
                && self.agent(&cell.agent) == key.place.agent
                && self.device(&cell.device) == key.place.device
                && cell.suite == suite
                && (suite != "properties" || cell.check == finding.property)
        })
    }

    /// The replay without what differs anyhow: the agent's path, and the device.
    fn essence(&self, finding: &ReadFinding) -> Vec<String> {
        let mut words: Vec<&str> = finding.replay.split(' ').collect();
        if let Some(at) = words.iter().position(|word| *word == "--agent") {
            words.drain(at..(at + 2).min(words.len()));
        }
        words.into_iter().filter(|word| *word != finding.device).map(str::to_owned).collect()
    }
}

/// The findings of each kind, the first of each: they are in the order of the report, the simplest first.
fn by_key<'a>(lens: &Lens, report: &'a ReadReport) -> BTreeMap<Key, &'a ReadFinding> {
    let mut all = BTreeMap::new();
    for finding in &report.findings {
        all.entry(lens.key(finding)).or_insert(finding);
    }
    all
}

/// Compares.
pub(crate) fn compare(old: &ReadReport, new: &ReadReport) -> Comparison {
    let lens = Lens::of(old, new);
    let (mut before, after) = (by_key(&lens, old), by_key(&lens, new));
    let mut entries = Vec::new();
    let mut fresh = Vec::new();
    for (key, finding) in after {
        match before.remove(&key) {
            Some(earlier) => entries.push(lasting(&lens, earlier, finding)),
            None => fresh.push((key, finding)),
        }
    }
    for (key, finding) in fresh {
        // The same trouble may show as another kind of wrong.
        let kin = before.keys().find(|old| old.place == key.place && old.condition == key.condition).cloned();
        entries.push(match kin.and_then(|kin| before.remove(&kin)) {
            Some(earlier) => lasting(&lens, earlier, finding),
            None => {
                let tried = lens.was_run(old, finding);
                let what = if tried { "" } else { "it was not tried before" };
                let worse = finding.expected.is_none();
                Entry { status: Status::New, finding: finding.clone(), what: what.to_owned(), worse }
            }
        });
    }
    entries.extend(before.into_values().map(|finding| {
        let status = if lens.was_run(new, finding) { Status::Mended } else { Status::NotTried };
        Entry { status, finding: finding.clone(), what: String::new(), worse: false }
    }));
    entries.sort_by(|a, b| {
        let order = |entry: &Entry| {
            let Key { place, condition, .. } = lens.key(&entry.finding);
            (entry.status, gravity(&entry.finding.class), place, condition)
        };
        order(a).cmp(&order(b))
    });
    Comparison { entries }
}

/// A finding that both have.
fn lasting(lens: &Lens, earlier: &ReadFinding, finding: &ReadFinding) -> Entry {
    let mut what = Vec::new();
    if earlier.class != finding.class {
        what.push(format!("it was a {}", earlier.class));
    }
    if (earlier.rate - finding.rate).abs() > 0.001 {
        what.push(format!("it was seen in {:.0} % of the runs", earlier.rate * 100.0));
    }
    if lens.essence(earlier) != lens.essence(finding) {
        what.push(if earlier.fault == finding.fault {
            String::from("another case shows it")
        } else {
            let fault = if earlier.fault.is_empty() { "no fault" } else { &earlier.fault };
            format!("{fault} had shown it")
        });
    }
    let status = if what.is_empty() { Status::Same } else { Status::Changed };
    let worse = gravity(&finding.class) < gravity(&earlier.class) && finding.expected.is_none();
    Entry { status, finding: finding.clone(), what: what.join("; "), worse }
}

/// The gravest first, in the order of the reports' causes; a class of tomorrow comes last.
fn gravity(class: &str) -> usize {
    Class::ALL.iter().position(|each| each.name() == class).unwrap_or(Class::ALL.len())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn finding(agent: &str, device: &str, class: &str, condition: &str) -> Value {
        json!({"agent": agent, "device": device, "property": "no-false-off", "class": class, "condition": condition,
            "action": "off", "rate": 1.0, "fault": "drop", "expected": null,
            "replay": format!("fencelab test {device} --agent {agent} --suite properties --fault 'drop'")})
    }

    fn report(findings: &[Value], cells: &[(&str, &str, &str)]) -> ReadReport {
        let table: Vec<Value> = cells
            .iter()
            .map(|(agent, device, result)| {
                json!({"agent": agent, "device": device, "suite": "properties", "check": "no-false-off", "result": result})
            })
            .collect();
        serde_json::from_value(json!({"format": "1.1", "findings": findings, "table": table})).unwrap()
    }

    fn statuses(old: &ReadReport, new: &ReadReport) -> Vec<&'static str> {
        compare(old, new).entries.iter().map(|entry| entry.status.name()).collect()
    }

    const TWO: [(&str, &str, &str); 2] = [("/a/one", "v/m", "fail"), ("/a/two", "v/m", "fail")];

    #[test]
    fn a_path_makes_no_difference_and_a_name_does() {
        let old = report(&[finding("/a/one", "v/m", "lie", "c")], &TWO);
        let same = report(
            &[finding("/b/one", "v/m", "lie", "c")],
            &[("/b/one", "v/m", "fail"), ("/b/two", "v/m", "pass")],
        );
        assert_eq!(statuses(&old, &same), ["the same"]);
        let other = report(&[finding("/a/two", "v/m", "lie", "c")], &TWO);
        assert_eq!(statuses(&old, &other), ["new", "mended"]);
        assert!(!compare(&old, &other).holds() && compare(&old, &same).holds());
    }

    #[test]
    fn two_names_of_the_only_agent_and_of_the_only_device_are_one() {
        let old = report(&[finding("v1", "v/m1", "lie", "c")], &[("v1", "v/m1", "fail")]);
        let new = report(&[finding("v2", "v/m2", "lie", "c")], &[("v2", "v/m2", "fail")]);
        assert_eq!(statuses(&old, &new), ["the same"]);
    }

    #[test]
    fn only_what_was_tried_again_is_mended() {
        let old = report(&[finding("/a/one", "v/m", "lie", "c")], &TWO);
        let run = report(&[], &[("/a/one", "v/m", "pass"), ("/a/two", "v/m", "pass")]);
        let not = report(&[], &[("/a/one", "v/m", "not-run"), ("/a/two", "v/m", "pass")]);
        assert_eq!(statuses(&old, &run), ["mended"]);
        assert_eq!(statuses(&old, &not), ["not tried again"]);
    }

    #[test]
    fn a_graver_class_is_a_change_for_the_worse() {
        let lie = report(&[finding("one", "v/m", "lie", "c")], &TWO);
        let refusal = report(&[finding("one", "v/m", "refusal", "c")], &TWO);
        assert_eq!(statuses(&refusal, &lie), ["changed"]);
        assert!(!compare(&refusal, &lie).holds() && compare(&lie, &refusal).holds());
        let elsewhere = report(&[finding("one", "v/m", "lie", "d")], &TWO);
        assert_eq!(statuses(&lie, &elsewhere), ["new", "mended"]);
    }

    #[test]
    fn a_finding_that_is_expected_makes_nothing_worse() {
        let mut known = finding("one", "v/m", "lie", "c");
        known["expected"] = json!("it lies by trade");
        let comparison = compare(&report(&[], &TWO), &report(&[known], &TWO));
        assert!(comparison.count(Status::New) == 1 && comparison.holds());
    }
}
