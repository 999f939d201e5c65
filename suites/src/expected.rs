//! Known weaknesses of agents, each with a reason. They are shown, never hidden, and said to be mended when they stay away.
//!
//! ```toml
//! [[finding]]
//! agent    = "fence_ipmilan"        # a name, or a pattern with *, or several with blanks between; ours are "builtin:NAME"
//! device   = "*"                    # vendor/model, or a pattern, or several
//! property = "no-leak"
//! action   = "off"                  # optional: an action, or several; any action
//! fault    = "drop"                 # optional: the fault's class, a pattern, or several; any fault
//! options  = ["method=cycle"]       # optional: options that the case was given, each a pattern
//! several  = true                   # optional: only with several plugs in one call (false: only with one)
//! seldom   = true                   # optional: a short run may miss it, so that its absence says nothing
//! reason   = "passes the password to ipmitool by -P"
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::report::{Cell, Finding, Mended, Verdict};

/// Checks that are none of the properties, but may be expected to fail too.
const OTHER_CHECKS: [&str; 2] = [crate::conformance::CREDENTIALS, crate::regression::REGRESSION];

/// The content of a file of expected findings.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    file: PathBuf,
    line: usize,
    written: Written,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    agent: String,
    device: String,
    property: String,
    action: Option<String>,
    fault: Option<String>,
    #[serde(default)]
    options: Vec<String>,
    several: Option<bool>,
    #[serde(default)]
    seldom: bool,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    finding: Vec<toml::Spanned<Written>>,
}

/// Why a file of expected findings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// It cannot be opened.
    #[error("cannot read the expected findings in {file}: {error}")]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Its content is wrong; the text points to line and column.
    #[error("{file}: {error}", file = file.display())]
    Wrong {
        /// Which file.
        file: PathBuf,
        /// What, and where.
        error: Box<toml::de::Error>,
    },
    /// An entry without a reason, or one for a property that does not exist.
    #[error("{file}:{line}: {what}", file = file.display())]
    Entry {
        /// Which file.
        file: PathBuf,
        /// The line where the entry begins.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

impl Expected {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or says something that it may not say.
    pub fn load(file: &Path) -> Result<Self, ExpectedError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ExpectedError::Unreadable { file: file.to_owned(), error })?;
        Self::parse(file, &text)
    }

    /// Reads the text of a file; `file` is for error texts.
    ///
    /// # Errors
    /// When it says something that it may not say.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ExpectedError> {
        let document: Document = toml::from_str(text)
            .map_err(|error| ExpectedError::Wrong { file: file.to_owned(), error: Box::new(error) })?;
        let entries = document.finding.into_iter().map(|spanned| {
            let line = 1 + text.get(..spanned.span().start).unwrap_or_default().matches('\n').count();
            let written = spanned.into_inner();
            let wrong = |what: String| ExpectedError::Entry { file: file.to_owned(), line, what };
            if written.reason.trim().is_empty() {
                return Err(wrong("an expected finding needs a reason".to_owned()));
            }
            if let Err(unknown) = written.property.parse::<crate::verdict::Property>()
                && !OTHER_CHECKS.contains(&written.property.as_str())
            {
                return Err(wrong(format!("{unknown}, {}", OTHER_CHECKS.join(", "))));
            }
            let mut actions = written.action.iter().flat_map(|actions| actions.split_whitespace());
            if let Some(unknown) = actions.find_map(|action| action.parse::<crate::case::Action>().err()) {
                return Err(wrong(unknown.to_string()));
            }
            Ok(Entry { file: file.to_owned(), line, written })
        });
        Ok(Expected { entries: entries.collect::<Result<_, _>>()? })
    }

    /// The reason for expecting this finding, if somebody gave one.
    pub fn reason(&self, finding: &Finding) -> Option<String> {
        self.entries.iter().find(|entry| entry.matches(finding)).map(|entry| entry.written.reason.clone())
    }

    /// The entries whose cells were run, but which met none of the findings there.
    pub fn mended(&self, cells: &[Cell]) -> Vec<Mended> {
        self.entries
            .iter()
            .filter(|entry| !entry.written.seldom)
            .filter(|entry| {
                let mut cells = cells.iter().filter(|cell| entry.covers(cell)).peekable();
                cells.peek().is_some()
                    && !cells.any(|cell| cell.findings.iter().any(|finding| entry.matches(finding)))
            })
            .map(|entry| Mended {
                agent: entry.written.agent.clone(),
                device: entry.written.device.clone(),
                check: entry.written.property.clone(),
                reason: entry.written.reason.clone(),
                place: format!("{}:{}", entry.file.display(), entry.line),
            })
            .collect()
    }
}

impl Entry {
    fn matches(&self, finding: &Finding) -> bool {
        let written = &self.written;
        let within_any = |wanted: &Option<String>, seen: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.split_whitespace().any(|wanted| like(wanted, seen)))
        };
        self.is_of(&finding.agent, &finding.device, &finding.check)
            && within_any(&written.action, finding.action.name())
            && within_any(&written.fault, &finding.fault_class)
            && written.several.is_none_or(|several| several == (finding.plugs.len() > 1))
            && written.options.iter().all(|wanted| finding.options.iter().any(|given| like(wanted, given)))
    }

    fn covers(&self, cell: &Cell) -> bool {
        !matches!(cell.verdict, Verdict::NotRun(_))
            && cell.judged > 0
            && self.is_of(&cell.agent, &cell.device, &cell.check)
    }

    fn is_of(&self, agent: &str, device: &str, check: &str) -> bool {
        // A label of an external agent is its path; the file may give the name alone.
        let base = agent.rsplit('/').next().unwrap_or(agent);
        let any = |patterns: &str, text: &str| patterns.split_whitespace().any(|pattern| like(pattern, text));
        (any(&self.written.agent, agent) || any(&self.written.agent, base))
            && any(&self.written.device, device)
            && self.written.property == check
    }
}

/// Whether `text` fits a pattern in which `*` stands for any characters.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Action;
    use crate::plan::Suite;
    use crate::report::Said;
    use crate::verdict::Class;

    fn finding(agent: &str, check: &str, fault: &str) -> Finding {
        Finding {
            id: String::new(),
            cause: String::new(),
            shape: String::new(),
            impostor: None,
            mode: crate::case::Mode::Stdin,
            service: false,
            login: crate::case::Login::Right,
            condition: String::new(),
            told: Vec::new(),
            agent: agent.to_owned(),
            device: "hpe/ilo4".to_owned(),
            check: check.to_owned(),
            action: Action::Off,
            plugs: vec!["1".to_owned()],
            power: "on".to_owned(),
            class: Class::Hang,
            fault: fault.to_owned(),
            fault_class: fault.to_owned(),
            options: Vec::new(),
            seed: 1,
            rate: (1, 1),
            evidence: String::new(),
            replay: String::new(),
            timeline: String::new(),
            truth: crate::truth::Truth::default(),
            span: (std::time::Duration::ZERO, std::time::Duration::ZERO),
            neighbour: None,
            said: Said::default(),
            dialogue: Vec::new(),
            transcript: None,
            expected: None,
        }
    }

    fn expected(text: &str) -> Result<Expected, String> {
        Expected::parse(Path::new("known.toml"), text).map_err(|error| error.to_string())
    }

    const ONE: &str = "[[finding]]\nagent = \"fence_i*\"\ndevice = \"hpe/*\"\nproperty = \"bounded\"\nfault = \"drop\"\nreason = \"waits\"\n";

    #[test]
    fn a_finding_is_expected_only_where_everything_fits() {
        let expected = expected(ONE).unwrap();
        assert_eq!(
            expected.reason(&finding("/usr/sbin/fence_ilo4", "bounded", "drop")).as_deref(),
            Some("waits")
        );
        assert_eq!(expected.reason(&finding("/usr/sbin/fence_ilo4", "bounded", "delay")), None);
        assert_eq!(expected.reason(&finding("/usr/sbin/fence_ilo4", "heals", "drop")), None);
        assert_eq!(
            expected.reason(&finding("builtin:fence_ilo4", "bounded", "drop")),
            None,
            "ours is not excused by name"
        );
    }

    #[test]
    fn several_words_are_alternatives() {
        let text = ONE
            .replace("fence_i*", "fence_apc fence_i*")
            .replace("hpe/*", "dell/* hpe/*")
            .replace("\"drop\"", "\"delay drop*\"\naction = \"on off\"");
        let expected = expected(&text).unwrap();
        assert!(expected.reason(&finding("/usr/sbin/fence_ilo4", "bounded", "drop+flap")).is_some());
        assert!(expected.reason(&finding("/usr/sbin/fence_ilo4", "bounded", "flap")).is_none());
    }

    #[test]
    fn what_stays_away_is_mended_and_what_was_not_run_is_not() {
        let expected = expected(ONE).unwrap();
        let mut cell = Cell::new("/usr/sbin/fence_ilo4", "hpe/ilo4", Suite::Properties, "bounded");
        assert!(expected.mended(&[cell.clone()]).is_empty(), "nothing was judged");
        cell.judged = 1;
        assert_eq!(expected.mended(&[cell.clone()])[0].place, "known.toml:1");
        cell.findings.push(finding("/usr/sbin/fence_ilo4", "bounded", "drop"));
        assert!(expected.mended(&[cell]).is_empty());
    }

    #[test]
    fn options_must_be_those_of_the_case_and_what_is_seldom_is_never_mended() {
        let text = ONE.replace("reason", "options = [\"method=*\"]\nseldom = true\nreason");
        let expected = expected(&text).unwrap();
        let mut cycled = finding("/usr/sbin/fence_ilo4", "bounded", "drop");
        assert_eq!(expected.reason(&cycled), None);
        cycled.options = vec!["power_wait=1".to_owned(), "method=cycle".to_owned()];
        assert_eq!(expected.reason(&cycled).as_deref(), Some("waits"));
        let mut cell = Cell::new("/usr/sbin/fence_ilo4", "hpe/ilo4", Suite::Properties, "bounded");
        cell.judged = 1;
        assert!(expected.mended(&[cell]).is_empty());
    }

    #[test]
    fn what_is_only_wrong_with_several_plugs_is_not_excused_with_one() {
        let expected = expected(&ONE.replace("reason", "several = true\nreason")).unwrap();
        let mut finding = finding("/usr/sbin/fence_ilo4", "bounded", "drop");
        assert_eq!(expected.reason(&finding), None);
        finding.plugs.push("2".to_owned());
        assert_eq!(expected.reason(&finding).as_deref(), Some("waits"));
    }

    #[test]
    fn errors_point_to_the_line() {
        assert!(expected("[[finding]]\nagent = 1\n").unwrap_err().contains("line 2"));
        let no_reason = ONE.replace("waits", " ");
        assert_eq!(expected(&no_reason).unwrap_err(), "known.toml:1: an expected finding needs a reason");
        let typo = ONE.replace("bounded", "bound");
        assert!(expected(&typo).unwrap_err().contains("no property is called `bound`"));
    }

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "a-b-c", true),
            ("abc", "abcd", false),
            ("a*d", "abc", false),
            ("", "a", false),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }
}
