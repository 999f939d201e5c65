//! What a test run found, for a person at a terminal, for CI, and as a page.

mod card;
pub(crate) mod causes;
pub(crate) mod compare;
pub(crate) mod fabric;
pub(crate) mod findings;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod junit;
mod marked;
mod offence;
mod page;
#[cfg(test)]
mod sample;
mod style;
pub(crate) mod table;
mod timeline;
mod upstream;

use fencelab_suites::{Cause, Cell, Finding, Property, Report, Suite, Verdict};

/// A report, with what only the program knows of the run.
pub(crate) struct Outcome {
    /// The verb that was played: `test` or `hunt`.
    pub(crate) verb: &'static str,
    /// Which part of the work it was, of how many.
    pub(crate) shard: (u32, u32),
    /// What the suites found.
    pub(crate) report: Report,
    /// Agents of the field that speak to the devices, but are not on this machine.
    pub(crate) missing: Vec<String>,
    /// The wall clock at the start, RFC 3339.
    pub(crate) started: String,
    /// The command line, as it can be typed again.
    pub(crate) command: String,
}

/// One column of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Column {
    /// A suite whose checks are shown together.
    Suite(Suite),
    /// A property of the property suite.
    Property(Property),
}

/// One square of the table, made of one or more cells of the report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Square {
    /// Cells that were run.
    pub(crate) run: usize,
    /// Judgements and cases of those cells.
    pub(crate) judged: u64,
    /// Findings that nobody expected.
    pub(crate) found: usize,
    /// Findings that somebody expected.
    pub(crate) known: usize,
}

/// One row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) agent: &'a str,
    pub(crate) device: &'a str,
    pub(crate) squares: Vec<Square>,
}

impl Column {
    fn of(cell: &Cell) -> Option<Self> {
        match cell.suite {
            Suite::Properties => cell.check.parse().ok().map(Column::Property),
            suite => Some(Column::Suite(suite)),
        }
    }

    /// The title.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::Suite(suite) => suite.name(),
            Column::Property(property) => property.name(),
        }
    }

    /// What a pass means, in one sentence.
    pub(crate) fn says(self) -> &'static str {
        match self {
            Column::Suite(Suite::Regression) => "recorded dialogues give the recorded result again",
            Column::Suite(_) => "each advertised action works on a healthy device, by stdin and by arguments",
            Column::Property(property) => property.says(),
        }
    }
}

impl Outcome {
    /// The columns in which something was run, in their fixed order.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let all = [Column::Suite(Suite::Regression), Column::Suite(Suite::Conformance)]
            .into_iter()
            .chain(Property::ALL.map(Column::Property));
        all.filter(|column| self.report.cells.iter().any(|cell| Column::of(cell) == Some(*column))).collect()
    }

    /// The rows: devices in the order of the report, agents in theirs.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let columns = self.columns();
        let mut rows: Vec<Row<'_>> = Vec::new();
        for cell in &self.report.cells {
            let at = rows.iter().position(|row| row.agent == cell.agent && row.device == cell.device);
            let at = at.unwrap_or_else(|| {
                let squares = vec![Square::default(); columns.len()];
                rows.push(Row { agent: &cell.agent, device: &cell.device, squares });
                rows.len() - 1
            });
            let column = Column::of(cell).and_then(|column| columns.iter().position(|each| *each == column));
            let square = column.and_then(|column| rows.get_mut(at)?.squares.get_mut(column));
            if let Some(square) = square {
                square.add(cell);
            }
        }
        let place = |device: &str| self.report.devices.iter().position(|note| note.id == device);
        rows.sort_by_key(|row| place(row.device));
        rows
    }

    /// Why a square says nothing.
    pub(crate) fn why_not(&self, row: &Row<'_>, column: Column) -> &str {
        let of_square = |cell: &&Cell| {
            cell.agent == row.agent && cell.device == row.device && Column::of(cell) == Some(column)
        };
        let reason = self.report.cells.iter().filter(of_square).find_map(|cell| match &cell.verdict {
            Verdict::NotRun(why) => Some(why.as_str()),
            _ => None,
        });
        reason.unwrap_or("never at stake")
    }

    /// Every cause with its findings, the simplest first.
    pub(crate) fn causes(&self) -> impl Iterator<Item = (&Cause, Vec<&Finding>)> {
        let findings = self.report.findings();
        self.report.causes.iter().map(move |cause| {
            let place = |finding: &&Finding| cause.findings.iter().position(|id| *id == finding.id);
            let mut own: Vec<&Finding> =
                findings.iter().filter(|finding| finding.cause == cause.id).copied().collect();
            own.sort_by_key(|finding| (finding.expected.is_some(), place(finding)));
            (cause, own)
        })
    }

    /// The causes that nobody expected, with those of their findings that nobody expected.
    pub(crate) fn unexpected(&self) -> impl Iterator<Item = (&Cause, Vec<&Finding>)> {
        self.causes().filter_map(|(cause, mut findings)| {
            findings.retain(|finding| finding.expected.is_none());
            (!findings.is_empty()).then_some((cause, findings))
        })
    }

    /// How many findings nobody expected.
    pub(crate) fn found(&self) -> usize {
        self.report.findings().iter().filter(|finding| finding.expected.is_none()).count()
    }

    /// How many findings somebody expected.
    pub(crate) fn known(&self) -> usize {
        self.report.findings().len() - self.found()
    }
}

impl Square {
    fn add(&mut self, cell: &Cell) {
        if matches!(cell.verdict, Verdict::NotRun(_)) {
            return;
        }
        self.run += 1;
        self.judged += cell.judged.max(cell.cases);
        let known = cell.findings.iter().filter(|finding| finding.expected.is_some()).count();
        self.known += known;
        self.found += cell.findings.len() - known;
        if cell.verdict == Verdict::Fail && cell.findings.is_empty() {
            // A failure without a finding must not look like a pass.
            self.found += 1;
        }
    }
}

/// An agent's label without what every label has: `fence_ilo4`, and whose it is.
pub(crate) fn agent_label(agent: &str) -> (String, &'static str) {
    match agent.strip_prefix("builtin:") {
        Some(name) => (name.to_owned(), "built-in"),
        None => (agent.rsplit('/').next().unwrap_or(agent).to_owned(), "external"),
    }
}

/// `1 finding`, `2 findings`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
