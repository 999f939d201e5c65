//! `record -- COMMAND`: runs a command against the proxy and marks in the transcript what it did.

use std::io;
use std::process::{Command, ExitStatus};

use fencelab_transcript::Mark;

use crate::Proxy;

/// Words of `ipmitool … power WORD`.
const POWER_WORDS: [&str; 7] = ["status", "on", "off", "cycle", "reset", "diag", "soft"];

/// net-snmp's tools, and what they do; which plug is meant, and whether it is switched, only the device knows.
const SNMP_TOOLS: [(&str, &str); 8] = [
    ("snmpget", "get"),
    ("snmpgetnext", "get"),
    ("snmpbulkget", "get"),
    ("snmpset", "set"),
    ("snmpwalk", "walk"),
    ("snmpbulkwalk", "walk"),
    ("snmptable", "walk"),
    ("snmpstatus", "get"),
];

/// What a command line says about the action it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Intent {
    /// The action: `-o`/`--action` of a fence agent (without one, the agents' default `reboot`), the word behind `power` of
    /// ipmitool, or `get`, `set`, `walk` of net-snmp's tools.
    pub action: Option<String>,
    /// The plug: `-n`/`--plug`.
    pub plug: Option<String>,
}

impl Intent {
    /// Reads a command line: the program and its arguments.
    pub fn of(command: &[String]) -> Self {
        let Some((program, args)) = command.split_first() else { return Self::default() };
        let name = program.rsplit('/').next().unwrap_or(program);
        if name.starts_with("fence_") {
            let default = (!args.is_empty()).then(|| "reboot".to_owned());
            Self { action: option(args, 'o', "--action").or(default), plug: option(args, 'n', "--plug") }
        } else if let Some((_, action)) = SNMP_TOOLS.iter().find(|(tool, _)| *tool == name) {
            Self { action: Some((*action).to_owned()), plug: None }
        } else {
            let power = args.iter().position(|arg| arg == "power").and_then(|at| args.get(at + 1));
            Self { action: power.filter(|word| POWER_WORDS.contains(&word.as_str())).cloned(), plug: None }
        }
    }
}

/// The last value of an option: `-o V`, `-oV`, `--action V`, `--action=V`.
fn option(args: &[String], short: char, long: &str) -> Option<String> {
    let mut found = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == long || arg.strip_prefix('-').is_some_and(|rest| rest.chars().eq([short])) {
            found = args.next().cloned();
        } else if let Some(value) = arg.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value.to_owned());
        } else if let Some(value) = arg.strip_prefix('-').and_then(|rest| rest.strip_prefix(short)) {
            found = Some(value.to_owned());
        }
    }
    found
}

/// Runs a command with `{host}` and `{port}`, or `{path}`, in its arguments replaced by the proxy's, marks its
/// begin and end with action, plug and exit code, and waits for it. Its standard streams are ours.
///
/// # Errors
/// The command cannot be started.
pub fn run(command: &[String], proxy: &Proxy) -> io::Result<ExitStatus> {
    let intent = Intent::of(command);
    let command = proxy.place().filled_in(command);
    let Some((program, args)) = command.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no command is given after `--`"));
    };
    let mut child = Command::new(program);
    child.args(args);
    proxy.mark(Mark { action: intent.action.clone(), plug: intent.plug.clone(), ..Mark::new(Mark::BEGIN) });
    let status = child.status();
    proxy.settle();
    let exit = status.as_ref().ok().and_then(|status| exit_code(*status));
    proxy.mark(Mark { action: intent.action, plug: intent.plug, exit, ..Mark::new(Mark::END) });
    status.map_err(|error| io::Error::new(error.kind(), format!("cannot run {program}: {error}")))
}

/// The exit code as a shell has it: 128 and the signal if the command was killed.
pub fn exit_code(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn a_command_line_tells_action_and_plug() {
        for (line, action, plug) in [
            ("fence_ipmilan -a {host} -o off", Some("off"), None),
            ("/usr/sbin/fence_apc -ooff -n 3", Some("off"), Some("3")),
            ("fence_apc --action=status --plug=7", Some("status"), Some("7")),
            ("fence_apc --action on --plug 7 --action off", Some("off"), Some("7")),
            ("fence_ipmilan -a {host}", Some("reboot"), None),
            ("fence_ipmilan", None, None),
            ("ipmitool -I lanplus chassis power off", Some("off"), None),
            ("ipmitool -I lanplus power cycle", Some("cycle"), None),
            ("ipmitool mc info", None, None),
            ("fence_apc_snmp -a {host} -u {port} -n 7 -o on -d 1 -c x", Some("on"), Some("7")),
            ("fence_eaton_snmp --plug=1:7 --action=off", Some("off"), Some("1:7")),
            ("/usr/bin/snmpset -v1 -c x {host}:{port} 1.3.6.1 i 2", Some("set"), None),
            ("snmpget -v2c -c x {host}:{port} 1.3.6.1", Some("get"), None),
            ("snmpbulkwalk -v2c -c x {host}:{port}", Some("walk"), None),
            ("", None, None),
        ] {
            let intent = Intent::of(&words(line));
            assert_eq!((intent.action.as_deref(), intent.plug.as_deref()), (action, plug), "{line}");
        }
    }
}
