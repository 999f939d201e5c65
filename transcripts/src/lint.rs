//! What is wrong with a transcript, where, and how to mend it.

mod snmp;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::scan::{Scan, join};
use crate::text::Lines;
use crate::{Body, Error, Event, Header, Kind, Mark, Version, decode, encode, json, redact};

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The field, as a path of names with points between; none for a whole line.
    pub field: Option<String>,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub mend: String,
    /// How bad it is.
    pub severity: Severity,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// It can be read, but should be mended before others rely on it.
    Warning,
    /// It is against the format, or holds a secret.
    Error,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{}:{}:{}: {severity}: ", self.file, self.line, self.column)?;
        if let Some(field) = &self.field {
            write!(f, "field `{field}` ")?;
        }
        write!(f, "{}; {}", self.what, self.mend)
    }
}

/// What to look for beside the rules of the format.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Secrets that must not be left in.
    pub scan: Scan,
    /// Do not ask for `captured`, `by`, `licence` and `provenance` (a scratch recording).
    pub scratch: bool,
}

/// All findings of a text, in the order of its lines; `name` stands for it in them.
pub fn lint(name: &str, text: &str, rules: &Rules) -> Vec<Finding> {
    bytes(name, text.as_bytes(), rules)
}

/// The same for bytes that need not be text.
pub fn bytes(name: &str, text: &[u8], rules: &Rules) -> Vec<Finding> {
    let mut lint = Lint {
        name,
        rules,
        findings: Vec::new(),
        last: None,
        sessions: HashMap::new(),
        marks: BTreeMap::new(),
    };
    let mut lines = Lines::new(name, text);
    let mut version = None;
    while let Some(next) = lines.next() {
        match next {
            Err(error) => lint.error(error),
            Ok((number, line)) => match version {
                None => version = Some(lint.header(number, &line)),
                Some(version) => lint.event(number, &line, version),
            },
        }
    }
    if version.is_none() {
        lint.error(lines.error(
            1,
            "the file has no header",
            "the first line is the header: {\"transcript\":\"1.0\",…}",
        ));
    }
    lint.unended();
    lint.findings.sort_by_key(|finding| finding.line);
    lint.findings
}

#[derive(Clone, Copy, PartialEq)]
enum Session {
    Open,
    Closed,
}

struct Lint<'a> {
    name: &'a str,
    rules: &'a Rules,
    findings: Vec<Finding>,
    last: Option<Duration>,
    sessions: HashMap<u32, Session>,
    /// Actions that have begun and not ended: (action, plug) → the lines they began on.
    marks: BTreeMap<(Option<String>, Option<String>), Vec<usize>>,
}

/// A line under the lint.
struct At<'a> {
    number: usize,
    line: &'a str,
}

impl Lint<'_> {
    fn find(
        &mut self,
        at: &At<'_>,
        field: &str,
        severity: Severity,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let path: Vec<&str> = field.split('.').filter(|name| !name.is_empty()).collect();
        self.findings.push(Finding {
            file: self.name.into(),
            line: at.number,
            column: json::column(at.line, json::locate(at.line, &path)),
            field: (!path.is_empty()).then(|| field.into()),
            what: what.into(),
            mend: mend.into(),
            severity,
        });
    }

    fn error(&mut self, error: Error) {
        let (line, column) = error.place().map_or((1, 1), |place| (place.line, place.column));
        let field = error.field().map(String::from);
        let (what, mend) = match error {
            Error::Line { what, mend, .. } => (what, mend),
            other => (other.to_string(), "see there".into()),
        };
        self.findings.push(Finding {
            file: self.name.into(),
            line,
            column,
            field,
            what,
            mend,
            severity: Severity::Error,
        });
    }

    fn header(&mut self, number: usize, line: &str) -> Version {
        let at = At { number, line };
        let header = match decode::header_line(self.name, number, line) {
            Ok(header) => header,
            Err(error) => {
                self.error(error);
                return Version::CURRENT;
            }
        };
        if !self.rules.scratch {
            self.wanted(&at, &header);
        }
        if header.captured.as_deref().is_some_and(|time| !is_rfc3339(time)) {
            self.find(
                &at,
                "captured",
                Severity::Error,
                "is not a time",
                "write RFC 3339, such as 2026-11-22T13:10:04Z",
            );
        }
        for leak in self.rules.scan.header(&header) {
            self.find(
                &at,
                &leak.field,
                Severity::Error,
                format!("holds the secret `{}`", leak.secret),
                "replace it by ********",
            );
        }
        self.canonical(&at, header.version, &encode::header(&header));
        header.version
    }

    fn wanted(&mut self, at: &At<'_>, header: &Header) {
        for (field, there, mend) in [
            (
                "captured",
                header.captured.is_some(),
                "add the time of the start, such as 2026-11-22T13:10:04Z",
            ),
            ("by", header.by.is_some(), "add the program that recorded it, with its version"),
            ("licence", header.licence.is_some(), "add an SPDX expression, such as CC0-1.0"),
            ("provenance", header.provenance.is_some(), "say from what the recording was made"),
        ] {
            if !there {
                self.find(at, field, Severity::Warning, "is missing", mend);
            }
        }
    }

    fn event(&mut self, number: usize, line: &str, version: Version) {
        let at = At { number, line };
        let event = match decode::event_line(self.name, number, line, version) {
            Ok(event) => event,
            Err(error) => return self.error(error),
        };
        if self.last.is_some_and(|last| event.at < last) {
            self.find(&at, "t", Severity::Error, "goes back in time", "order the events by their time");
        }
        self.last = self.last.max(Some(event.at));
        self.session(&at, &event);
        match &event.kind {
            Kind::Mark(mark) => self.mark(&at, mark),
            Kind::Open(details) => {
                details.iter().for_each(|(name, value)| self.named(&at, &join("open", name), value))
            }
            Kind::Say { body: Body::Object { protocol, value }, .. } => self.body(&at, protocol, value),
            _ => {}
        }
        event.extra.iter().for_each(|(name, value)| self.named(&at, name, value));
        for leak in self.rules.scan.event(&event) {
            let what = format!("holds the secret `{}`", leak.secret);
            self.find(
                &at,
                &leak.field,
                Severity::Error,
                what,
                "redact it: ******** for characters, xx for a byte",
            );
        }
        self.canonical(&at, version, &encode::event(&event));
    }

    fn session(&mut self, at: &At<'_>, event: &Event) {
        let number = event.session;
        let state = self.sessions.get(&number).copied();
        let (what, mend) = match (&event.kind, state) {
            (Kind::Mark(_) | Kind::Other, _) => return,
            (Kind::Open(_) | Kind::Close(_), _) if number == 0 => (
                format!("is 0, which is outside any session and is never {}", "opened or closed"),
                "number sessions from 1".to_owned(),
            ),
            (_, _) if number == 0 => return,
            (Kind::Open(_), None) => {
                self.sessions.insert(number, Session::Open);
                return;
            }
            (Kind::Open(_), Some(_)) => {
                (format!("is {number}, which was opened before"), "number each session once".to_owned())
            }
            (_, Some(Session::Closed)) => (
                format!("is {number}, which is closed already"),
                "move `close` behind it, or number a new session".to_owned(),
            ),
            (Kind::Say { body, .. }, None) if sets_up(body) => return,
            (kind, None) => {
                if matches!(kind, Kind::Close(_)) {
                    self.sessions.insert(number, Session::Closed);
                }
                (
                    format!("is {number}, which was never opened"),
                    format!("put {{\"t\":…,\"s\":{number},\"open\":{{}}}} before it, or write 0"),
                )
            }
            (kind, Some(Session::Open)) => {
                if matches!(kind, Kind::Close(_)) {
                    self.sessions.insert(number, Session::Closed);
                }
                return;
            }
        };
        self.find(at, "s", Severity::Error, what, mend);
    }

    fn mark(&mut self, at: &At<'_>, mark: &Mark) {
        let key = (mark.action.clone(), mark.plug.clone());
        match mark.phase.as_str() {
            Mark::BEGIN => self.marks.entry(key).or_default().push(at.number),
            Mark::END => {
                if self.marks.get_mut(&key).and_then(Vec::pop).is_none() {
                    let mend = "add the mark `begin` of the same action and plug before it";
                    self.find(at, "mark", Severity::Error, "ends what has not begun", mend);
                }
            }
            Mark::NOTE => {}
            other => {
                let what = format!("is {other:?}, which no reader knows");
                self.find(at, "mark", Severity::Warning, what, "write \"begin\", \"end\" or \"note\"");
            }
        }
        for (field, states) in [("before", &mark.before), ("after", &mark.after)] {
            for (plug, state) in states {
                if !matches!(state.as_str(), Some("on" | "off" | "unknown")) {
                    let what = format!("is {state}, not a state of power");
                    self.find(
                        at,
                        &join(field, plug),
                        Severity::Error,
                        what,
                        "write \"on\", \"off\" or \"unknown\"",
                    );
                }
            }
        }
    }

    fn body(&mut self, at: &At<'_>, protocol: &str, value: &Value) {
        if let Some(range) = redact::secret_range(protocol, value) {
            let data =
                value.get("data").and_then(Value::as_str).and_then(|data| data.parse::<crate::Bytes>().ok());
            if data.is_some_and(|mut data| data.mask(range.clone())) {
                let what = format!(
                    "holds an authentication code or password in bytes {} to {}",
                    range.start,
                    range.end - 1
                );
                self.find(
                    at,
                    &join(protocol, "data"),
                    Severity::Error,
                    what,
                    "write xx for each of these bytes",
                );
            }
        }
        if let ("ipmi" | "rmcp+" | "asf", Some(Value::String(data))) = (protocol, value.get("data"))
            && let Err(why) = data.parse::<crate::Bytes>()
        {
            let mend = "write two hex digits a byte, and `xx` for a redacted one";
            self.find(at, &join(protocol, "data"), Severity::Error, why.to_string(), mend);
        }
        if protocol == "snmp" {
            for (field, what, mend) in snmp::faults(value) {
                self.find(at, &field, Severity::Error, what, mend);
            }
        }
        self.named(at, protocol, value);
    }

    /// Fields whose name says that they hold a secret.
    fn named(&mut self, at: &At<'_>, field: &str, value: &Value) {
        let name = field.rsplit('.').next().unwrap_or(field);
        match value {
            Value::String(text) if redact::is_secret_name(name) && !redact::is_masked(text) => {
                self.find(at, field, Severity::Error, "holds a secret by its name", "replace it by ********");
            }
            Value::Object(map) => {
                map.iter().for_each(|(name, value)| self.named(at, &join(field, name), value))
            }
            Value::Array(list) => list.iter().for_each(|value| self.named(at, field, value)),
            _ => {}
        }
    }

    fn canonical(&mut self, at: &At<'_>, version: Version, canonical: &str) {
        if version.is_writable() && at.line != canonical {
            let offset = at.line.bytes().zip(canonical.bytes()).take_while(|(a, b)| a == b).count();
            self.find(
                at,
                "",
                Severity::Warning,
                "the line is not in canonical form",
                "run `fencelab fmt` on the file",
            );
            if let Some(finding) = self.findings.last_mut() {
                finding.column = json::column(at.line, offset);
            }
        }
    }

    fn unended(&mut self) {
        let left: Vec<usize> = self.marks.values().flatten().copied().collect();
        for line in left {
            self.findings.push(Finding {
                file: self.name.into(),
                line,
                column: 1,
                field: Some("mark".into()),
                what: "begins what never ends".into(),
                mend: "add the mark `end`; was the recording cut short?".into(),
                severity: Severity::Warning,
            });
        }
    }
}

/// Whether a message sets a session up, and so may come before its `open`.
fn sets_up(body: &Body) -> bool {
    let Body::Object { protocol, value } = body else { return false };
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let is_text = |name: &str, text: &str| value.get(name).and_then(Value::as_str) == Some(text);
    let is_empty = |name: &str| value.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty);
    // Activate Session and its answer; the discovery of an engine of SNMPv3.
    protocol == "rmcp+"
        || protocol == "snmp" && (is_text("pdu", "report") || is_text("pdu", "get") && is_empty("vars"))
        || protocol == "ipmi" && matches!(number("netfn"), Some(6 | 7)) && number("cmd") == Some(0x3a)
}

/// `2026-11-22T13:10:04Z`, with a fraction or an offset if need be.
fn is_rfc3339(time: &str) -> bool {
    let shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(t, s)| if s == b'0' { t.is_ascii_digit() } else { t == s })
    };
    let Some((start, mut rest)) = time.split_at_checked(19) else { return false };
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return false;
        }
        rest = fraction.get(digits..).unwrap_or_default();
    }
    shape(start, "0000-00-00T00:00:00") && (rest == "Z" || shape(rest, "+00:00") || shape(rest, "-00:00"))
}
