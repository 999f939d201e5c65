//! Without a defect no suite may have anything to say.

use super::*;

#[test]
fn every_action_works_on_healthy_devices() {
    for speaks in [Speaks::Ipmi, Speaks::Snmp] {
        assert_clean(&plan(speaks, &mutation::sound(speaks), Suite::Conformance, Duration::ZERO));
    }
}

/// `FENCELAB_MUTANT_BUDGET` seconds for each seed, from `FENCELAB_MUTANT_SEED` on; short unless somebody asks.
#[test]
fn no_property_is_broken() {
    let budget = std::env::var("FENCELAB_MUTANT_BUDGET").ok().and_then(|text| text.parse().ok());
    let first = from_environment("FENCELAB_MUTANT_SEED", 1);
    for seed in first..first + 2 {
        for speaks in [Speaks::Ipmi, Speaks::Snmp] {
            let budget = Duration::from_secs_f64(budget.unwrap_or(0.5));
            let mut plan = plan(speaks, &mutation::sound(speaks), Suite::Properties, budget);
            plan.seed = seed;
            assert_clean(&plan);
        }
    }
}
