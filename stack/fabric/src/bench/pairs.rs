//! Ping-pong and streams between two nodes.

use std::time::Duration;

use super::Plan;
use super::report::{Load, Run};
use super::team::Team;
use crate::crew::Crew;
use crate::load::{PingPong, PingPongResult, Role, Stream, StreamResult};
use crate::order::{Answer, Order};
use crate::transport::Error;

/// Longer than any run takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long what is under way may still take after the sender has ended.
const SETTLING: Duration = Duration::from_millis(200);

/// All runs, each transport once before any has its second, so that what changes on the machine meanwhile meets all alike.
pub(super) fn measure(team: &mut Team<'_, '_, '_>) -> Result<(), Error> {
    let plan = team.plan;
    for _ in 0..plan.settings.repeat {
        for (kind, waiting) in plan.transports().filter(|(kind, _)| !kind.is_corosync()) {
            for bytes in plan.settings.sizes.iter().copied() {
                let run = team.attempt(kind, waiting, &format!("ping-pong of {bytes} bytes"), |team| {
                    // Anew for each size: a transport has as many buffers as there is room for, and short messages need many.
                    let fits = team.link(kind, waiting, bytes)?;
                    fits.then(|| ping_pong(plan, &mut team.crew, bytes)).transpose()
                })?;
                let Some(Some(run)) = run else { continue };
                team.report.tested(kind, waiting).add(Load::PingPong, bytes, None, run);
                let doing = format!("stream of {bytes} bytes");
                let run = team.attempt(kind, waiting, &doing, |team| stream(plan, &mut team.crew, bytes))?;
                let Some(run) = run else { continue };
                team.report.tested(kind, waiting).add(Load::Stream, bytes, None, run);
            }
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn ping_pong(plan: &Plan, crew: &mut Crew, bytes: usize) -> Result<Run, Error> {
    let load = PingPong {
        role: Role::Answers,
        peer: 0,
        bytes,
        iterations: plan.settings.iterations,
        warm_up: plan.settings.warm_up,
    };
    let result = |answer| match answer {
        Answer::PingPong(result) => Some(*result),
        _ => None,
    };
    crew.order(1, &Order::PingPong(load))?;
    crew.order(0, &Order::PingPong(PingPong { role: Role::Asks, peer: 1, ..load }))?;
    let asks: PingPongResult = crew.answer(0, PATIENCE, result)?;
    // Its last messages may be lost, so that it would wait for ever.
    crew.order(1, &Order::Stop)?;
    let answers = crew.answer(1, PATIENCE, result)?;
    let mut run = Run::default();
    run.put_quantiles("latency", asks.latency.quantiles());
    let messages = load.iterations as f64 * 2.0;
    run.put("messages_per_s", messages / asks.seconds);
    run.put("asks_cpu_us", asks.usage.cpu() * 1e6 / messages);
    run.put("answers_cpu_us", answers.usage.cpu() * 1e6 / messages);
    run.put("switches", (asks.usage.waits + answers.usage.waits) as f64 / messages);
    run.put("lost", asks.lost as f64);
    run.put_counters(&[asks.counters, answers.counters]);
    Ok(run)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn stream(plan: &Plan, crew: &mut Crew, bytes: usize) -> Result<Run, Error> {
    let load = Stream { role: Role::Answers, peer: 0, bytes, seconds: plan.settings.seconds };
    let result = |answer| match answer {
        Answer::Stream(result) => Some(*result),
        _ => None,
    };
    crew.order(1, &Order::Stream(load))?;
    crew.order(0, &Order::Stream(Stream { role: Role::Asks, peer: 1, ..load }))?;
    let asks: StreamResult = crew.answer(0, PATIENCE, result)?;
    // What is under way is waited for; nobody knows whether all of it comes.
    let _ = crew.next(SETTLING)?;
    crew.order(1, &Order::Stop)?;
    let answers: StreamResult = crew.answer(1, PATIENCE, result)?;
    let mut run = Run::default();
    let gigabytes = |result: &StreamResult| result.bytes as f64 / 1e9;
    run.put("sent_per_s", asks.messages as f64 / asks.seconds);
    run.put("messages_per_s", answers.messages as f64 / answers.seconds);
    run.put("megabytes_per_s", answers.bytes as f64 / 1e6 / answers.seconds);
    run.put("asks_cpu_us", asks.usage.cpu() * 1e6 / asks.messages as f64);
    run.put("answers_cpu_us", answers.usage.cpu() * 1e6 / answers.messages as f64);
    run.put("asks_s_per_gb", asks.usage.cpu() / gigabytes(&asks));
    run.put("answers_s_per_gb", answers.usage.cpu() / gigabytes(&answers));
    // The first is not counted among those received.
    run.put("lost", asks.messages.saturating_sub(answers.messages + 1) as f64);
    run.put_counters(&[asks.counters, answers.counters]);
    Ok(run)
}
