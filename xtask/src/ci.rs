//! The steps of `cargo xtask ci`, in the order in which they fail fastest.

use anyhow::bail;

use crate::step::{cargo, run, workspace_root};
use crate::{peers, tools};

type Step = (&'static str, fn(&str) -> anyhow::Result<()>);

/// What is built and tested.
const FEATURES: [&str; 2] = ["--features", "fencelab/verbs,fencelab/corosync"];

const STEPS: &[Step] = &[
    ("fmt", |name| run(name, cargo().args(["fmt", "--all", "--check"]))),
    ("peers", |_| peers::install()),
    ("clippy", |name| {
        run(
            name,
            cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        )
    }),
    // The workspace builds without a C library, as was seen above; what needs one is looked at on its own, and tested with the rest.
    ("c-libraries", |name| {
        peers::install_for_verbs()?;
        peers::install_for_corosync()?;
        let clippy =
            "clippy -p fencelab-fabric --features verbs,corosync --all-targets --locked -- -D warnings";
        run(name, cargo().args(clippy.split(' ')))
    }),
    ("deny", |name| {
        // Advisories live in a database on the network and change without a commit: not a gate.
        run(name, tools::command(&tools::DENY)?.args(["check", "bans", "licenses", "sources"]))
    }),
    ("docs", |name| {
        run(
            name,
            cargo().args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
        )
    }),
    ("programs", |name| {
        // Tests of one crate start the programs of another, which cargo builds only when asked. With the tests, for what
        // those depend on would make cargo build all of it a second time.
        let build = ["build", "--workspace", "--bins", "--tests", "--locked"];
        run(name, cargo().args(build).args(FEATURES))
    }),
    ("doctests", |name| run(name, cargo().args(["test", "--workspace", "--doc", "--locked"]))),
    ("tests", |name| {
        let nextest = ["nextest", "run", "--workspace", "--locked"];
        let mut command = tools::command(&tools::NEXTEST)?;
        // Real corosync is measured beside its own bench.
        command.args(nextest).args(FEATURES).env("FENCELAB_CPGBENCH", peers::cpgbench()?);
        command.env("SNMPCONFPATH", workspace_root().join("xtask/net-snmp"));
        run(name, &mut command)
    }),
];

/// Runs every step, or those whose name contains `only`.
///
/// # Errors
/// At the first step that fails, or when `only` names none.
pub(crate) fn run_steps(only: Option<&str>) -> anyhow::Result<()> {
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|(name, _)| only.is_none_or(|word| name.contains(word))).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("no step is called {:?}; there are {}", only.unwrap_or_default(), names.join(", "));
    }
    for (name, step) in chosen {
        step(name)?;
    }
    Ok(())
}
