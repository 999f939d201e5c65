//! Puts findings together that have one cause: however many cases, actions and devices show it, and in every agent that shares
//! the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::agent::Agent;
use crate::pair::Pair;
use crate::report::{Cause, Cell, Finding};
use crate::verdict::Class;

/// What findings of one cause have in common: the kind of wrong, the condition, the protocol, and the code.
type Key = (Class, String, String, usize);

/// Gives each finding the name of its cause, and returns the causes, the gravest first.
pub(crate) fn name(cells: &mut [Cell], pairs: &[Pair]) -> Vec<Cause> {
    let kin = Kin::of(pairs);
    let protocol = |device: &str| {
        let pair = pairs.iter().find(|pair| pair.spec.id == device);
        pair.and_then(|pair| pair.spec.faces.first()).map_or("", |face| face.protocol())
    };
    let mut groups: BTreeMap<Key, Vec<&mut Finding>> = BTreeMap::new();
    for finding in cells.iter_mut().flat_map(|cell| &mut cell.findings) {
        let key = (
            finding.class,
            finding.condition.clone(),
            protocol(&finding.device).to_owned(),
            kin.number(&finding.agent),
        );
        groups.entry(key).or_default().push(finding);
    }
    let mut causes = Vec::new();
    for (number, ((class, condition, _, _), mut findings)) in (1..).zip(groups) {
        let id = format!("C{number}");
        findings.sort_by_key(|finding| (finding.fault.len() + finding.options.len(), finding.id.clone()));
        let distinct = |of: &dyn Fn(&Finding) -> String| {
            let set: BTreeSet<String> = findings.iter().map(|finding| of(finding)).collect();
            set.into_iter().collect::<Vec<_>>()
        };
        causes.push(Cause {
            class,
            condition,
            properties: distinct(&|finding| finding.check.clone()),
            agents: distinct(&|finding| finding.agent.clone()),
            devices: distinct(&|finding| finding.device.clone()),
            findings: findings.iter().map(|finding| finding.id.clone()).collect(),
            expected: findings.iter().all(|finding| finding.expected.is_some()),
            id: id.clone(),
        });
        for finding in findings {
            finding.cause.clone_from(&id);
        }
    }
    causes
}

/// Which agents share code.
struct Kin(BTreeMap<String, usize>);

impl Kin {
    fn of(pairs: &[Pair]) -> Self {
        let mut families: Vec<BTreeSet<PathBuf>> = Vec::new();
        let mut numbers = BTreeMap::new();
        for pair in pairs {
            let label = pair.subject.agent.to_string();
            if numbers.contains_key(&label) {
                continue;
            }
            let sources = match &pair.subject.agent {
                // Ours are one program.
                Agent::Builtin(_) => BTreeSet::from([PathBuf::from("builtin")]),
                Agent::External(path) => sources(path),
            };
            let same = families.iter().position(|family| !family.is_disjoint(&sources));
            let number = same.unwrap_or_else(|| {
                families.push(BTreeSet::new());
                families.len() - 1
            });
            if let Some(family) = families.get_mut(number) {
                family.extend(sources);
            }
            numbers.insert(label, number);
        }
        Kin(numbers)
    }

    fn number(&self, label: &str) -> usize {
        self.0.get(label).copied().unwrap_or(usize::MAX)
    }
}

/// The file of an agent and the libraries of its own package that it imports: modules of Python that stand in a folder which the
/// script itself adds to its path, and files that a shell script reads in.
fn sources(path: &Path) -> BTreeSet<PathBuf> {
    let own = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let text =
        std::fs::read(&own).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let mut folders: Vec<PathBuf> = own.parent().map(Path::to_owned).into_iter().collect();
    let quoted = |line: &str| line.split(['"', '\'']).nth(1).map(PathBuf::from);
    folders.extend(text.lines().filter(|line| line.contains("sys.path.")).filter_map(quoted));
    let mut sources = BTreeSet::from([own.clone()]);
    for line in text.lines().map(str::trim) {
        let named = match line.split_once(' ') {
            Some(("import" | "from", rest)) => {
                rest.split([' ', ',', '.']).next().map(|module| format!("{module}.py"))
            }
            Some(("." | "source", rest)) => {
                rest.rsplit('/').next().map(|file| file.trim_matches('"').to_owned())
            }
            _ => None,
        };
        let found = named
            .and_then(|file| folders.iter().map(|folder| folder.join(&file)).find(|file| file.is_file()));
        sources.extend(found);
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_of_kin_with_whoever_imports_the_same_library() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let library = file("common.py", "");
        let shell = file("common.sh", "");
        let add = format!("sys.path.append(\"{}\")", folder.path().display());
        let one = sources(&file("one", &format!("import sys\n{add}\nfrom common import *\n")));
        let two = sources(&file("two", "import common, os\n"));
        let other = sources(&file("three", "import os\n"));
        assert!(one.contains(&library.canonicalize().unwrap()) || one.contains(&library));
        assert!(!one.is_disjoint(&two) && one.is_disjoint(&other));
        assert!(sources(&file("four", ". \"${0%/*}/common.sh\"\n")).contains(&shell));
    }
}
