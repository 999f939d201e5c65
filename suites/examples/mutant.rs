//! The agents of the `mutants` tests as a program: what runs in a test's process in virtual time runs here in the live world.
//! The base name of `argv[0]` chooses the agent and its defect, so that a symbolic link makes one.

#[allow(dead_code, reason = "programs and tests share it, and each uses a part")]
#[path = "../tests/mutants/fixture/mod.rs"]
mod fixture;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use fencelab_agents::Invocation;
use fencelab_link::live::LiveWorld;

fn main() -> ExitCode {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let path = words.next().unwrap_or_default();
    let program = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
    let args: Vec<String> = words.collect();
    let stdin = args.is_empty().then(|| {
        let mut bytes = Vec::new();
        // What was read until an error is what there is.
        let _ = std::io::stdin().read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let env = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let call = Invocation { program: program.unwrap_or_default(), args, stdin, env };
    let outcome = fixture::run(&call, &mut LiveWorld::quiet());
    print!("{}", outcome.stdout);
    eprint!("{}", outcome.stderr);
    ExitCode::from(u8::try_from(outcome.exit).unwrap_or(u8::MAX))
}
