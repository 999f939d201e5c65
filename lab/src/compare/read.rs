//! Reads a JSON report back, as far as a comparison needs it. Fields that are unknown here are left alone, so that a report of
//! a newer fencelab can be compared, too.

use std::path::Path;

use anyhow::anyhow;
use serde::Deserialize;

use crate::exit::{Exit, Failure, OrExit};
use crate::output;

/// A report.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ReadReport {
    /// The version of its shape.
    format: String,
    /// Who wrote it.
    #[serde(default)]
    pub(crate) by: String,
    /// When its run began.
    #[serde(default)]
    pub(crate) started: String,
    /// How it was made.
    #[serde(default)]
    pub(crate) command: String,
    /// What was found.
    pub(crate) findings: Vec<ReadFinding>,
    /// What was tried.
    pub(crate) table: Vec<ReadCell>,
}

/// A finding of a report.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ReadFinding {
    pub(crate) agent: String,
    pub(crate) device: String,
    pub(crate) property: String,
    pub(crate) class: String,
    /// Reports before 1.1 have none.
    pub(crate) condition: Option<String>,
    pub(crate) action: String,
    pub(crate) rate: f64,
    #[serde(default)]
    pub(crate) fault: String,
    #[serde(default)]
    pub(crate) evidence: String,
    pub(crate) replay: String,
    pub(crate) expected: Option<String>,
}

/// A square of a report's table.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ReadCell {
    pub(crate) agent: String,
    pub(crate) device: String,
    pub(crate) suite: String,
    pub(crate) check: String,
    pub(crate) result: String,
}

impl ReadReport {
    /// Reads a file.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        Self::parse(&output::read(path)?, &path.display().to_string())
    }

    /// Reads the bytes of a file of that name.
    fn parse(bytes: &[u8], name: &str) -> Result<Self, Failure> {
        let report: Self = serde_json::from_slice(bytes)
            .map_err(|error| {
                let (line, column, words) = (error.line(), error.column(), error.to_string());
                let words = words.split(" at line ").next().unwrap_or_default();
                anyhow!("{name}:{line}:{column}: {words}; give a report that `--json` of `test` or `hunt` has written")
            })
            .or_exit(Exit::Input)?;
        if report.format.split('.').next() != Some("1") {
            let words = format!(
                "{name} is a report of format {}, and this fencelab reads 1.x; compare it with the fencelab that wrote it ({})",
                report.format, report.by
            );
            return Err(Failure::new(Exit::Input, words));
        }
        Ok(report)
    }
}

impl ReadFinding {
    /// The suite that its replay names.
    pub(crate) fn suite(&self) -> &str {
        let mut words = self.replay.split(' ').skip_while(|word| *word != "--suite");
        words.nth(1).unwrap_or("properties")
    }
}

impl ReadCell {
    /// Whether anything was tried.
    pub(crate) fn was_run(&self) -> bool {
        self.result != "not-run"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        ReadReport::parse(text.as_bytes(), "r.json").unwrap_err().error.to_string()
    }

    #[test]
    fn what_is_no_report_is_told_with_its_place() {
        assert!(error("{\n  \"format\": }").starts_with("r.json:2:13: expected value; give"));
        assert!(error(r#"{"format": "1.0", "findings": []}"#).contains("missing field `table`"));
        assert!(error(r#"{"format": "2.0", "findings": [], "table": []}"#).contains("format 2.0"));
    }

    #[test]
    fn what_is_unknown_is_left_alone() {
        let text = r#"{"format": "1.9", "findings": [], "table": [], "moon": "full"}"#;
        assert!(ReadReport::parse(text.as_bytes(), "r.json").is_ok());
    }
}
