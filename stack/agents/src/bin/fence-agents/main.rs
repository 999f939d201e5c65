//! All fence agents in one program. Called by an agent's name (a link or a copy), it is that agent; as `fence-agents` it
//! lists, installs and runs them.

use std::{
    env,
    io::{IsTerminal, Read, Write, stderr, stdin, stdout},
    path::Path,
    process::ExitCode,
};

use fencelab_agents::{Invocation, Outcome, names, run_streaming};
use fencelab_link::live::LiveWorld;

mod install;
mod syslog;

const USAGE: &str = "\
Usage:
  fence-agents NAME [option...]        run an agent; without options they are read from standard input
  fence-agents list                    the names, with what each is for
  fence-agents install [--force] DIR   make a link to this program in DIR for each name
A link to (or a copy of) this program with an agent's name is that agent.
";

fn main() -> ExitCode {
    let mut args = env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let path = args.next().unwrap_or_default();
    let called =
        Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let args: Vec<String> = args.collect();
    if is_agent(&called) {
        return agent(called, args);
    }
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["list"] => {
            let width = names().iter().map(|agent| agent.name.len()).max().unwrap_or(0);
            let lines: String = names()
                .iter()
                .map(|agent| format!("{:width$}  {}\n", agent.name, agent.description))
                .collect();
            print(&lines)
        }
        ["install", directory] if !directory.starts_with('-') => install(directory, false),
        ["install", "--force", directory] | ["install", directory, "--force"] => install(directory, true),
        ["-h" | "--help" | "help"] => print(USAGE),
        ["-V" | "--version"] => print(concat!("fence-agents ", env!("CARGO_PKG_VERSION"), "\n")),
        [name, rest @ ..] if is_agent(name) => {
            agent((*name).to_owned(), rest.iter().map(|&arg| arg.to_owned()).collect())
        }
        [name, ..] if !matches!(*name, "install" | "list") => {
            fail(&format!("no agent is called {name:?}; `fence-agents list` shows the names"))
        }
        _ => fail(&format!("not understood\n{USAGE}")),
    }
}

fn is_agent(name: &str) -> bool {
    names().iter().any(|agent| agent.name == name)
}

/// Runs one agent in the live world.
fn agent(program: String, args: Vec<String>) -> ExitCode {
    let input = match args.is_empty().then(read_stdin).transpose() {
        Ok(input) => input,
        Err(why) => return fail(&why),
    };
    let env = env::var_os("PCMK_service")
        .map(|value| ("PCMK_service".to_owned(), value.to_string_lossy().into_owned()));
    let mut syslog = syslog::Syslog::new(&program);
    let invocation = Invocation { program, args, stdin: input, env: env.into_iter().collect() };
    let mut world = LiveWorld::new(move |level, line| syslog.write(level, line));
    // Nothing can be done about a caller that does not listen to standard error.
    let Outcome { exit, stdout, .. } =
        run_streaming(&invocation, &mut world, &mut |line| drop(stderr().write_all(line.as_bytes())));
    let printed = print(&stdout);
    match u8::try_from(exit) {
        // The exit status is the verdict; it counts even if nobody reads the words to it.
        Ok(exit) => ExitCode::from(exit),
        Err(_) => printed,
    }
}

/// Options on standard input. A terminal is told so, as a person may wonder why nothing happens.
fn read_stdin() -> Result<String, String> {
    if stdin().is_terminal() {
        let _ = writeln!(
            stderr(),
            "reading options from standard input, one key=value a line, until end of file; -h shows them"
        );
    }
    let mut bytes = Vec::new();
    stdin().read_to_end(&mut bytes).map_err(|error| format!("standard input: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn install(directory: &str, force: bool) -> ExitCode {
    match install::install(Path::new(directory), force) {
        Ok(report) => print(&report),
        Err(error) => fail(&error.to_string()),
    }
}

fn print(text: &str) -> ExitCode {
    let mut out = stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(text: &str) -> ExitCode {
    let _ = writeln!(stderr(), "fence-agents: {text}");
    ExitCode::FAILURE
}
