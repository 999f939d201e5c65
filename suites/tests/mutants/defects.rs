//! Each defect is found by the property that it breaks.

use std::sync::Mutex;
use std::time::Instant;

use super::*;

/// Defects that the property suite does not find yet. Whoever makes it find them takes them out.
const NOT_YET: &[&str] = &[
    "overload_inverts",
    "not_one_is_off",
    "error_body_believed",
    "first_digit",
    "by_substring",
    "off_in_name",
    "name_contains",
    "plug_zero_is_one",
    "clamps_to_last",
    "list_stops",
    "bulk_boundary",
    "walk_error_is_end",
    "gives_up_when_busy",
    "argv_ignores_power_timeout",
    "service_skips_verification",
    "service_unbounded",
    "session_left_open",
    "session_left_by_failure",
    "password_in_log",
    "password_in_child",
    "community_in_debug_file",
];

/// Defects that it finds within seconds, but not in a debug build, which is ten times slower: they are tried in release.
const LATE: &[&str] = &[
    "refused_command_is_done",
    "object_unchecked",
    "text_is_off",
    "request_id_unchecked",
    "missing_is_off",
    "walk_repeats_error",
    "endless_login",
    "crash_on_text",
    "off_by_one_above_nine",
    "retry_to_next",
    "wraps_after_16",
    "several_as_range",
    "first_of_several",
    "last_verified",
    "wrong_pairing",
    "last_plug_wraps",
    "prefix_lookup",
    "argv_ignores_separator",
    "endless_close",
    "short_is_zero",
    "believes_flap",
    "next_on_error",
    "counts_polls",
    "one_behind",
    "lost_answer_is_done",
    "fault_bit_is_off",
];

/// Whether a hunt of so many seconds finds what is expected, and what it found instead.
fn hunt(defect: &Defect, seed: u64, budget: f64) -> Result<(), String> {
    let mut plan = plan(defect.speaks, &defect.program(), Suite::Properties, Duration::from_secs_f64(budget));
    (plan.seed, plan.first) = (seed, true);
    let report = run_plan(&plan, &mut |_| {});
    let findings = report.findings();
    let is_expected = |(property, class): &(fencelab_suites::Property, fencelab_suites::Class)| {
        findings.iter().any(|finding| finding.check == property.name() && finding.class == *class)
    };
    if defect.expected.iter().any(is_expected) {
        return Ok(());
    }
    let found: Vec<String> =
        findings.iter().map(|it| format!("{} {} by '{}'", it.check, it.class, it.fault)).collect();
    Err(format!("{} ({}): {found:?}", defect.name, defect.what))
}

fn next<T>(waiting: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    waiting.lock().unwrap().next()
}

/// A person may ask for more: `FENCELAB_MUTANT_BUDGET` seconds for each defect, `FENCELAB_MUTANT_SEED`, and with
/// `FENCELAB_MUTANT_ALL` also those that are not found yet. What a hunt may know is the agent and the device, and nothing of
/// the table.
#[test]
fn each_defect_is_found() {
    let budget = std::env::var("FENCELAB_MUTANT_BUDGET").ok().and_then(|text| text.parse().ok());
    let seed = from_environment("FENCELAB_MUTANT_SEED", 1);
    let all = std::env::var_os("FENCELAB_MUTANT_ALL").is_some();
    let is_late = |name: &str| cfg!(debug_assertions) && LATE.contains(&name);
    let is_tried = |defect: &&Defect| all || !(NOT_YET.contains(&defect.name) || is_late(defect.name));
    let known = MUTATIONS.iter().filter(is_tried);
    let waiting = Mutex::new(known);
    let missed = Mutex::new(Vec::new());
    let work = || {
        // Each takes the next, so that a slow one keeps nobody.
        while let Some(defect) = next(&waiting) {
            let start = Instant::now();
            let hunted = hunt(defect, seed, budget.unwrap_or(20.0));
            eprintln!("{:28} {:5.2}s {hunted:?}", defect.name, start.elapsed().as_secs_f64());
            missed.lock().unwrap().extend(hunted.err());
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(work);
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "{} were not found:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn the_table_is_whole() {
    let names: std::collections::BTreeSet<String> = MUTATIONS.iter().map(Defect::program).collect();
    assert_eq!(names.len(), MUTATIONS.len(), "each name is one defect");
    assert!(MUTATIONS.len() >= 44);
    for defect in MUTATIONS {
        let (speaks, mutant) = mutation::by_program(&defect.program()).unwrap();
        assert!(speaks == defect.speaks && mutant.is(defect.mutation), "{}", defect.name);
    }
    let known = |name: &&str| MUTATIONS.iter().any(|defect| defect.name == *name);
    assert!(NOT_YET.iter().chain(LATE).all(known), "only defects can be missed");
}
