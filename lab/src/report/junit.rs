//! The report for CI systems: one suite for each device and suite, one case for each agent and check.

use fencelab_suites::{Cell, Finding, Verdict};
use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::Outcome;
use crate::exit::{Exit, Failure, OrExit};

/// The XML. An expected finding is a skipped case that tells its reason: shown, and no failure.
pub(crate) fn render(outcome: &Outcome) -> Result<String, Failure> {
    let mut junit = JunitReport::new(format!("fencelab {}", outcome.verb));
    junit.set_time(outcome.report.took);
    let mut suites: Vec<TestSuite> = Vec::new();
    for cell in &outcome.report.cells {
        let name = format!("{} {}", cell.device, cell.suite);
        let at = suites.iter().position(|suite| suite.name.as_str() == name).unwrap_or_else(|| {
            let mut suite = TestSuite::new(name.as_str());
            let note = outcome.report.devices.iter().find(|note| note.id == cell.device);
            if let Some(note) = note {
                suite.add_property(("provenance", note.provenance.as_str()));
            }
            suite.add_property(("seed", outcome.report.seed.to_string().as_str()));
            suites.push(suite);
            suites.len() - 1
        });
        if let Some(suite) = suites.get_mut(at) {
            suite.add_test_case(case(cell));
        }
    }
    if !outcome.report.troubles.is_empty() {
        let mut suite = TestSuite::new("troubles");
        for trouble in &outcome.report.troubles {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(trouble.as_str());
            suite.add_test_case(TestCase::new("could not be tested", status));
        }
        suites.push(suite);
    }
    junit.add_test_suites(suites);
    junit.to_string().or_exit(Exit::System)
}

fn case(cell: &Cell) -> TestCase {
    let told: Vec<String> = cell.findings.iter().map(tell).collect();
    let status = match &cell.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let first = cell.findings.iter().find(|finding| finding.expected.is_none());
            status.set_type(first.map_or("failure", |finding| finding.class.name()));
            let message = first.map_or_else(
                || String::from("failed"),
                |finding| format!("{} [cause {}]", finding.evidence, causes(cell)),
            );
            status.set_message(message);
            status.set_description(told.join("\n\n"));
            status
        }
        Verdict::Expected => {
            let mut status = TestCaseStatus::skipped();
            let reasons: Vec<&str> =
                cell.findings.iter().filter_map(|finding| finding.expected.as_deref()).collect();
            status.set_message(format!("expected: {}", reasons.join("; ")));
            status.set_description(told.join("\n\n"));
            status
        }
        Verdict::NotRun(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not run: {why}"));
            status
        }
    };
    let mut case = TestCase::new(cell.check.as_str(), status);
    case.set_classname(cell.agent.as_str()).set_time(cell.took);
    case
}

/// The causes of a cell's findings, each once.
fn causes(cell: &Cell) -> String {
    let findings = cell.findings.iter().filter(|finding| finding.expected.is_none());
    let ids: std::collections::BTreeSet<&str> = findings.map(|finding| finding.cause.as_str()).collect();
    ids.into_iter().collect::<Vec<_>>().join(", ")
}

/// A finding in words.
fn tell(finding: &Finding) -> String {
    let fault = if finding.fault.is_empty() { "none" } else { &finding.fault };
    format!(
        "{}: {}\nfinding {} of cause {}, {}\nfault: {fault}\ncase: {} of a plug that is {}\nplant: {}\nagent: {}\nagain: {}\n\n{}",
        finding.check,
        finding.evidence,
        finding.id,
        finding.cause,
        finding.condition,
        finding.action,
        finding.power,
        finding.timeline,
        finding.said.exit,
        finding.replay,
        super::marked::lines(finding).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n"),
    )
}
