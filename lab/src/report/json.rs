//! The report for programs.

use fencelab_suites::{Cause, Finding, Verdict};
use serde_json::{Value, json};

use super::Outcome;

/// The version of this shape (docs/report.md): the first number changes when a field changes its meaning or goes away, the
/// second when one is added.
pub(crate) const FORMAT: &str = "1.1";

/// The whole report. `findings` is the part that most readers want.
pub(crate) fn render(outcome: &Outcome) -> String {
    let report = &outcome.report;
    let cells: Vec<Value> = report
        .cells
        .iter()
        .map(|cell| {
            let (result, reason) = match &cell.verdict {
                Verdict::Pass => ("pass", None),
                Verdict::Fail => ("fail", None),
                Verdict::Expected => ("expected", None),
                Verdict::NotRun(why) => ("not-run", Some(why)),
            };
            json!({
                "agent": cell.agent, "device": cell.device, "suite": cell.suite.name(), "check": cell.check,
                "result": result, "reason": reason, "cases": cell.cases, "judged": cell.judged,
                "deceived": cell.deceived, "findings": cell.findings.len(), "seconds": cell.took.as_secs_f64(),
            })
        })
        .collect();
    let devices: Vec<Value> =
        report.devices.iter().map(|note| json!({"id": note.id, "provenance": note.provenance})).collect();
    let mended: Vec<Value> = report
        .mended
        .iter()
        .map(|it| json!({"agent": it.agent, "device": it.device, "property": it.check, "reason": it.reason, "place": it.place}))
        .collect();
    let (shard, shards) = outcome.shard;
    let causes: Vec<Value> = report.causes.iter().map(cause).collect();
    let whole = json!({
        "format": FORMAT,
        "by": format!("fencelab {}", env!("CARGO_PKG_VERSION")),
        "command": outcome.command,
        "started": outcome.started,
        "holds": report.holds(),
        "seed": report.seed,
        "budget": report.budget.as_secs_f64(),
        "seconds": report.took.as_secs_f64(),
        "cases": report.cases(),
        "shard": {"part": shard, "of": shards},
        "causes": causes,
        "findings": report.findings().into_iter().map(finding).collect::<Vec<_>>(),
        "table": cells,
        "devices": devices,
        "mended": mended,
        "troubles": report.troubles,
        "agents-not-found": outcome.missing,
    });
    format!("{whole:#}\n")
}

fn cause(cause: &Cause) -> Value {
    json!({
        "id": cause.id,
        "class": cause.class.name(),
        "condition": cause.condition,
        "properties": cause.properties,
        "agents": cause.agents,
        "devices": cause.devices,
        "findings": cause.findings,
        "expected": cause.expected,
    })
}

fn finding(finding: &Finding) -> Value {
    let told: Vec<Value> = finding
        .told
        .iter()
        .map(|told| json!({"at": told.at.as_secs_f64(), "plug": told.plug, "power": told.power}))
        .collect();
    let changes: Vec<Value> = finding
        .truth
        .changes
        .iter()
        .map(|change| json!({"at": change.at.as_secs_f64(), "plug": change.plug, "power": change.power, "by": change.by}))
        .collect();
    json!({
        "id": finding.id,
        "cause": finding.cause,
        "condition": finding.condition,
        "agent": finding.agent,
        "device": finding.device,
        "action": finding.action.name(),
        "plugs": finding.plugs,
        "power": finding.power,
        "property": finding.check,
        "class": finding.class.name(),
        "rate": f64::from(finding.rate.0) / f64::from(finding.rate.1.max(1)),
        "runs": {"broken": finding.rate.0, "of": finding.rate.1},
        "fault": finding.fault,
        "fault-class": finding.fault_class,
        "options": finding.options,
        "shape": finding.shape,
        "impostor": finding.impostor,
        "mode": finding.mode,
        "service": finding.service,
        "login": finding.login,
        "seed": finding.seed,
        "evidence": finding.evidence,
        "replay": finding.replay,
        "expected": finding.expected,
        "agent-said": {"exit": finding.said.exit, "stdout": finding.said.stdout, "stderr": finding.said.stderr},
        "told": told,
        "timeline": finding.timeline,
        "truth": {
            "initial": finding.truth.initial, "changes": changes,
            "started": finding.span.0.as_secs_f64(), "ended": finding.span.1.as_secs_f64(),
        },
        "neighbour": finding.neighbour,
        "dialogue": super::marked::lines(finding).into_iter().map(|line| line.text).collect::<Vec<_>>(),
    })
}
