//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::verb::{
    bench, compare, completions, emulate, export, fmt, hunt, import, learn, lint, list, man, record, replay,
    show, test,
};

/// Record a fencing device once, then test every fence agent against it for ever.
///
/// Passwords come by environment or file, never by argument. FENCELAB_LOG sets what is logged to
/// standard error (for example "debug" or "fencelab_recorder=trace").
#[derive(Debug, Parser)]
#[command(name = "fencelab", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 holds, 1 findings, 2 usage, 3 input, 4 refused, 5 network, 6 command, 7 system."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Emulate devices of the corpus, or of folders, on real sockets.
    Emulate(emulate::EmulateArgs),
    /// Record the dialogue between any client and a real device.
    Record(record::RecordArgs),
    /// Make a transcript of somebody else's capture.
    Import(import::ImportArgs),
    /// Make a device folder of recordings: what switches its plugs, what reports, and how long it takes.
    Learn(learn::LearnArgs),
    /// Write a transcript in a format of other tools.
    Export(export::ExportArgs),
    /// Print a transcript as a readable dialogue.
    Show(show::ShowArgs),
    /// Bring transcripts into their canonical form.
    Fmt(fmt::FmtArgs),
    /// Say what is wrong with transcripts and device folders, where, and how to mend it.
    Lint(lint::LintArgs),
    /// Play one transcript: as a strict device, or what a cluster said over other transports.
    Replay(replay::ReplayArgs),
    /// Hunt for lies of fence agents: search faults and odd states for those in which an agent breaks its word.
    Hunt(Box<hunt::HuntArgs>),
    /// Test fence agents against emulated devices, and judge them by what the plugs really did: all suites, a short search.
    Test(Box<test::TestArgs>),
    /// Measure what a cluster interconnect gives a cluster: RDMA against IP.
    Bench(bench::BenchArgs),
    /// Compare the JSON reports of two runs: what is new, what is mended.
    Compare(compare::CompareArgs),
    /// List the devices of the corpus, the agents that can be tested, and the faults there are.
    List(list::ListArgs),
    /// Print the completions of a shell.
    Completions(completions::CompletionsArgs),
    /// Write the man pages into a folder.
    Man(man::ManArgs),
}

/// Where the devices are.
#[derive(Args, Clone, Debug)]
pub(crate) struct CorpusArgs {
    /// The folder that holds a folder for each vendor, and in it one for each model.
    ///
    /// Without it: ./transcripts/corpus, else the corpus of fencelab's own source.
    #[arg(long, value_name = "DIR", env = "FENCELAB_CORPUS")]
    pub(crate) corpus: Option<PathBuf>,
}

/// Where a result goes.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// The file to write. Without it: standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Logs to standard error what FENCELAB_LOG asks for; nothing by default.
pub(crate) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("FENCELAB_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_option_takes_a_password() {
        let mut command = Cli::command();
        command.build();
        for verb in command.get_subcommands() {
            for argument in verb.get_arguments().filter_map(|argument| argument.get_long()) {
                assert!(!argument.contains("password") && !argument.contains("secret"), "{argument}");
            }
        }
    }
}
