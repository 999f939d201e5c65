//! Runs a plan, tells a person what came of it, and writes the reports: the second half of `test` and of `hunt`.

use fencelab_suites::{Plan, run_plan};

use super::suite_args::{ReportArgs, SearchArgs, missing};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::progress::Bar;
use crate::report::{self, Outcome};
use crate::signals;
use crate::terminal::Pen;

/// Plays the plan. The exit code says whether all holds.
pub(crate) fn play(
    verb: &'static str,
    plan: &Plan,
    search: &SearchArgs,
    reports: &ReportArgs,
) -> Result<Exit, Failure> {
    let started = jiff::Timestamp::now();
    let missing = missing(plan);
    signals::ask_to_stop(plan.stop.clone())?;
    let bar = Bar::new();
    let report = run_plan(plan, &mut |progress| bar.show(progress));
    bar.end();
    let outcome = Outcome {
        verb,
        report,
        missing,
        shard: plan.shard,
        started: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        command: command_line(),
    };
    tell(&outcome, search, reports)?;
    write(&outcome, reports)?;
    Ok(if outcome.report.holds() { Exit::Success } else { Exit::Findings })
}

/// What was typed. No secret can be in it: no option takes one.
pub(crate) fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./:=@,+".contains(c));
        if plain { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    });
    format!("fencelab {}", words.collect::<Vec<_>>().join(" "))
}

fn tell(outcome: &Outcome, search: &SearchArgs, reports: &ReportArgs) -> Result<(), Failure> {
    let pen = Pen::stdout(reports.color);
    let saved = report::findings::save_all(outcome, &search.findings)?;
    let mut text = report::table::render(outcome, pen);
    text += &report::causes::render(outcome, &saved, pen);
    text += &report::findings::known(&outcome.report.findings(), pen);
    if outcome.found() > 0 {
        text += &format!("\n{}", report::table::sum(outcome, pen));
    }
    output::to_stdout(text.as_bytes())
}

fn write(outcome: &Outcome, reports: &ReportArgs) -> Result<(), Failure> {
    if let Some(path) = &reports.json {
        output::to_file(path, report::json::render(outcome).as_bytes())?;
    }
    if let Some(path) = &reports.junit {
        output::to_file(path, report::junit::render(outcome)?.as_bytes())?;
    }
    if let Some(path) = &reports.html {
        output::to_file(path, report::html::render(outcome).as_bytes())?;
    }
    Ok(())
}
