//! The text of `--help`.

use std::fmt::Write;

use crate::{
    agent::Agent,
    options::{Kind, Opt},
};

/// Where the explanations begin.
const COLUMN: usize = 34;

/// The options of an agent, one a line.
pub(crate) fn usage(agent: &Agent) -> String {
    let mut text = format!(
        "Usage:\n  {} [options]\n  {} < FILE    one key=value a line\n\n{}\n\nOptions:\n",
        agent.name, agent.name, agent.short_description
    );
    let mut options: Vec<&Opt> = agent.options.iter().collect();
    options.sort_by_key(|option| (option.order, option.name));
    for option in options {
        let mixed = option.mixed();
        let gap = " ".repeat(COLUMN.saturating_sub(mixed.len() + 2).max(1));
        let _ = write!(text, "  {mixed}{gap}{}", option.text);
        if let Kind::Choice(choices) = option.kind {
            let _ = write!(text, " ({})", choices.join(", "));
        }
        if let Some(default) = option.default {
            let _ = write!(text, " [{default}]");
        }
        text.push('\n');
    }
    let _ = writeln!(text, "\nActions: {}", agent.actions().join(", "));
    text
}
