//! One file a verb.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod emulate;
pub(crate) mod export;
pub(crate) mod fmt;
pub(crate) mod hunt;
pub(crate) mod import;
pub(crate) mod learn;
pub(crate) mod lint;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod show;
mod suite_args;
mod suite_run;
pub(crate) mod test;

use crate::cli::Verb;
use crate::exit::{Exit, Failure};

/// Does what was asked.
pub(crate) fn run(verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Emulate(args) => emulate::run(args),
        Verb::Record(args) => record::run(args),
        Verb::Import(args) => import::run(args),
        Verb::Learn(args) => learn::run(args),
        Verb::Export(args) => export::run(args),
        Verb::Show(args) => show::run(args),
        Verb::Fmt(args) => fmt::run(args),
        Verb::Lint(args) => lint::run(args),
        Verb::Replay(args) => replay::run(args),
        Verb::Hunt(args) => hunt::run(*args),
        Verb::Test(args) => test::run(*args),
        Verb::Bench(args) => bench::run(args),
        Verb::Compare(args) => compare::run(args),
        Verb::List(args) => list::run(args),
        Verb::Completions(args) => completions::run(args),
        Verb::Man(args) => man::run(args),
    }
}
