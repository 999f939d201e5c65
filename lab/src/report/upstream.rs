//! A finding as a text that can be sent to the people who make the agent: Markdown, whole as it stands.

use fencelab_suites::{Action, Class, Finding, Login, Mode, Report};

use super::{agent_label, counted, marked, offence};
use crate::terminal::harmless;

/// How many lines of the dialogue a report holds: those around what is marked.
const LINES: usize = 30;

/// The text.
pub(crate) fn text(finding: &Finding, report: &Report) -> String {
    let (agent, _) = agent_label(&finding.agent);
    let note = report.devices.iter().find(|note| note.id == finding.device);
    let mut text = format!("# {}\n\n", title(finding, &agent));
    text += &format!("## What happens\n\n{}\n\n", what_happens(finding, &agent));
    text += &format!("## How to reproduce\n\n{}\n\n", how_to_reproduce(finding));
    text += &format!("## What the device said on the wire\n\n{}\n\n", wire(finding));
    text += &format!("## What the plug did\n\n{}\n\n", code(&plant(finding)));
    text += &format!("## Expected behaviour\n\n{}\n\n", expected(finding));
    text += &format!("## Versions\n\n- agent: `{}`\n", finding.agent);
    text += &format!("- device: {} (emulated", finding.device);
    text += &note.map_or(String::from(")\n"), |note| format!("; {})\n", note.provenance));
    text += &format!("- fencelab {}, finding {}\n", env!("CARGO_PKG_VERSION"), finding.id);
    text
}

fn title(finding: &Finding, agent: &str) -> String {
    let does = match finding.class {
        Class::Lie => match finding.action {
            Action::Status => "reports a state that the plug never had",
            Action::Off | Action::Reboot | Action::Disable => {
                "reports success although the plug was never off"
            }
            _ => "says what is not so",
        },
        Class::Refusal => "fails where it has to succeed",
        Class::Hang => "does not end in the promised time",
        Class::Crash => "ends outside the fence agent API",
        Class::Leak => "shows a secret where others can read it",
        Class::WrongPlug => "moves a plug that nobody asked for",
    };
    format!("{agent}: {} {does} ({})", finding.action, finding.condition)
}

fn what_happens(finding: &Finding, agent: &str) -> String {
    let mut text = format!(
        "`{agent}` was asked for `{}` of {} that was {} at the start. Seen: {}.\n\nIt shows {}; it showed in {} of {} of the same case.",
        finding.action,
        plugs(finding),
        finding.power,
        harmless(&finding.evidence).trim_end_matches('.'),
        finding.condition,
        finding.rate.0,
        counted(finding.rate.1 as usize, "run"),
    );
    let said: Vec<String> =
        [("standard output", &finding.said.stdout), ("standard error", &finding.said.stderr)]
            .into_iter()
            .filter(|(_, words)| !words.trim().is_empty())
            .map(|(name, words)| format!("{name}:\n\n{}", code(&last_lines(words))))
            .collect();
    text += &format!("\n\nThe agent ended with {}", finding.said.exit);
    text += &if said.is_empty() {
        String::from(" and said nothing.")
    } else {
        format!(". Its {}", said.join("\n\nIts "))
    };
    text
}

fn plugs(finding: &Finding) -> String {
    match finding.plugs.as_slice() {
        [] => String::from("a plug"),
        [one] => format!("plug {one}"),
        several => format!("plugs {}", several.join(" and ")),
    }
}

fn how_to_reproduce(finding: &Finding) -> String {
    let mut steps = vec![format!(
        "The device is emulated by fencelab, a fencing simulator ({}), so no hardware is needed. This command plays the case again:\n\n{}",
        finding.device,
        code(&finding.replay)
    )];
    let mut facts = Vec::new();
    facts.push(if finding.fault.is_empty() {
        String::from("The device is healthy.")
    } else {
        format!("The trouble on the wire or in the device is `{}`.", finding.fault)
    });
    if !finding.options.is_empty() {
        facts.push(format!("Options beyond address and account: `{}`.", finding.options.join(" ")));
    }
    if !finding.shape.is_empty() {
        facts.push(format!("The device differs from its description: `{}`.", finding.shape));
    }
    if let Some(impostor) = &finding.impostor {
        facts.push(format!("Another device ({impostor}) stands at the address."));
    }
    if finding.mode == Mode::Argv {
        facts.push(String::from("Options are handed over as arguments."));
    }
    if finding.service {
        facts.push(String::from(
            "The agent is run as by the fencing daemon (`PCMK_service=pacemaker-fenced`).",
        ));
    }
    match finding.login {
        Login::Right => {}
        Login::WrongPassword => facts.push(String::from("The password is wrong.")),
        Login::UnknownUser => facts.push(String::from("The device does not know the user.")),
        Login::LowPrivilege => {
            facts.push(String::from("The privilege asked for is too low for power control."))
        }
    }
    steps.push(facts.join(" "));
    steps.join("\n\n")
}

fn wire(finding: &Finding) -> String {
    let lines = marked::lines(finding);
    if lines.is_empty() {
        return String::from("Nothing was said on the wire.");
    }
    let told: Vec<String> = finding
        .told
        .iter()
        .filter(|told| marked::matters(finding, told))
        .map(|told| {
            let truth = if marked::is_untrue(finding, told) { ", which was not so" } else { "" };
            format!("- at {:.3} s it {}{truth}", told.at.as_secs_f64(), marked::says(told))
        })
        .collect();
    let mut text = match told.as_slice() {
        [] => String::from("The device told nothing of the plug's power."),
        told => told.iter().take(LINES).cloned().collect::<Vec<_>>().join("\n"),
    };
    let around = lines.iter().position(marked::Marked::is_marked).unwrap_or(lines.len());
    let start = around.saturating_sub(LINES * 2 / 3).min(lines.len().saturating_sub(LINES));
    let mut dialogue = Vec::new();
    for line in lines.iter().skip(start).take(LINES) {
        let note = line.note.as_ref().map(|note| format!("   <- {note}")).unwrap_or_default();
        dialogue.push(format!("{} {}{note}", if line.is_marked() { ">" } else { " " }, line.text));
        if let Some(bytes) = line.offence.as_ref().and_then(|offence| offence.bytes.as_ref()) {
            let (before, mark, after) = offence::cut(&bytes.hex, &bytes.mark);
            dialogue.push(format!("                       {}: {before}[{mark}]{after}", bytes.of));
        }
    }
    text += &format!("\n\n{}", code(&dialogue.join("\n")));
    text
}

fn plant(finding: &Finding) -> String {
    let next = finding.neighbour.as_ref().map(|next| format!("\nthe device at the next address: {next}"));
    let start: Vec<String> = finding
        .plugs
        .iter()
        .filter_map(|plug| Some(format!("plug {plug} was {} at the start", finding.truth.initial.get(plug)?)))
        .collect();
    format!(
        "{}\n{}{}\nthe agent ran from {:.3} s to {:.3} s",
        start.join(", "),
        finding.timeline,
        next.unwrap_or_default(),
        finding.span.0.as_secs_f64(),
        finding.span.1.as_secs_f64()
    )
}

/// What the fence agent API asks for in such a case.
fn expected(finding: &Finding) -> String {
    let words = match (finding.class, finding.action) {
        (Class::Lie, Action::Off | Action::Reboot | Action::Disable) => {
            "The fence agent API lets `off` and `reboot` exit with 0 only if the plug is known to have been off. An answer that \
             does not say so, an error, or silence is no such knowledge: the agent has to go on asking until its timeout and then \
             exit with 1. A cluster takes the 0 as leave to start the node's services elsewhere, which destroys data if the node \
             still runs."
        }
        (Class::Lie, Action::Status) => {
            "The fence agent API has three answers for `status`: 0 for on, 2 for off, 1 if it is not known. Where the device does \
             not say on or off, the agent has to exit with 1."
        }
        (Class::Lie, _) => {
            "What the agent says has to be what the device says; if it does not know, it has to exit with 1."
        }
        (Class::Refusal, _) => {
            "The action is one that the agent's metadata advertises, and the device could have done it: the agent has to exit \
             with 0 (for `status`, with the state)."
        }
        (Class::Hang, _) => {
            "The agent has to end within what its timeouts (`login_timeout`, `shell_timeout`, `power_timeout`, `power_wait`, \
             `retry_on`) add up to."
        }
        (Class::Crash, _) => {
            "The fence agent API knows the exit codes 0, 1 and, for `status`, 2. The agent has to report trouble by 1, and must \
             not be ended by an exception or a signal."
        }
        (Class::Leak, _) => {
            "A password or community must not be written to output or logs, nor passed to another program as an argument, where \
             each user of the machine can read it. The environment, standard input, or a file with narrow permissions will do."
        }
        (Class::WrongPlug, _) => "Only the plug that was asked for may change.",
    };
    words.to_owned()
}

/// The end of what the agent said; the whole is in the transcript's report.
fn last_lines(words: &str) -> String {
    let lines: Vec<String> = words.trim_end().lines().map(harmless).collect();
    lines.iter().skip(lines.len().saturating_sub(10)).cloned().collect::<Vec<_>>().join("\n")
}

/// A block of code that its own text cannot end.
fn code(text: &str) -> String {
    let mut fence = String::from("```");
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_text_is_whole() {
        let text = text(&sample::finding(8), &sample::report());
        for part in [
            "# fence_mine: off reports success although the plug was never off (where the device tells what is not so)",
            "fencelab test acme/pdu --agent /opt/fence_mine",
            "- at 0.002 s it says that plug 3 is off, which was not so",
            "[02 01 02]",
            "plug 3 was on at the start",
            "- agent: `/opt/fence_mine`",
        ] {
            assert!(text.contains(part), "{part:?} is missing: {text}");
        }
    }

    #[test]
    fn a_block_of_code_is_not_ended_by_its_text() {
        assert_eq!(code("a"), "```\na\n```");
        assert_eq!(code("```\nb"), "````\n```\nb\n````");
    }
}
