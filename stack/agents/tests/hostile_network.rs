//! Datagrams lost, doubled, cut and garbled at random: the agent may fail, but it must not lie, and must end in time.

mod bmc;
mod fate;

use bmc::{Bmc, play};
use fate::{Fate, fate, suffer};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]
    #[test]
    fn no_lie_and_no_delay(
        fates in prop::collection::vec(fate(), 0..60),
        on in any::<bool>(),
        lanplus in any::<bool>(),
        deaf in any::<bool>(),
        action in prop::sample::select(&["status", "off", "reboot", "cycle"][..]),
        seed in any::<u64>(),
    ) {
        let bmc = Bmc::new(|_| ()).shared();
        bmc.borrow_mut().on = on;
        let mut coming = fates.into_iter();
        bmc.borrow_mut().tamper = Some(Box::new(move |_, bytes| suffer(coming.next().unwrap_or(Fate::Passes), bytes)));
        if deaf {
            // Acknowledged, and not done.
            bmc.borrow_mut().answer = Some(Box::new(|_, request| {
                (request.command == 2).then(|| Some(request.answer(fencelab_wire::ipmi::Completion::OK, [])))
            }));
        }
        let (name, args) = if action == "cycle" { ("reboot", &["-m", "cycle"][..]) } else { (action, &[][..]) };
        let interface = if lanplus { "--lanplus=1" } else { "--lanplus=0" };
        let ran = bmc::play_at(&bmc, "fence_ipmilan", &[&["-o", name, interface], args].concat(), seed);
        let exit = ran.outcome.exit;
        let bmc = bmc.borrow();
        let was_off = !on || bmc.timeline.iter().any(|(_, on)| !on);
        let was_on = on || bmc.timeline.iter().any(|(_, on)| *on);
        match action {
            "status" => {
                prop_assert!(exit != 2 || was_off, "{ran:?}");
                prop_assert!(exit != 0 || was_on, "{ran:?}");
                prop_assert!(ran.seconds <= 5.0 + 3.0 + 1.0, "{ran:?}");
            }
            "off" => {
                prop_assert!(exit != 0 || was_off && !bmc.on, "{ran:?}");
                prop_assert!(ran.seconds <= 8.5 + 2.0 + 8.5 + 20.0 + 2.0, "{ran:?}");
            }
            _ => prop_assert!(exit != 0 || was_off, "{ran:?}"),
        }
    }
}

#[test]
fn after_the_storm_a_retry_succeeds() {
    for interface in ["--lanplus=0", "--lanplus=1"] {
        let bmc = Bmc::new(|_| ()).shared();
        let mut count = 0;
        bmc.borrow_mut().tamper = Some(Box::new(move |from_bmc, bytes| {
            count += 1;
            suffer(if from_bmc { Fate::Garbled(count, 0x55) } else { Fate::Passes }, bytes)
        }));
        let first = play(&bmc, "fence_ipmilan", &[interface, "-o", "off"]);
        assert_eq!(first.outcome.exit, 1, "{first:?}");
        bmc.borrow_mut().tamper = None;
        // A new agent has a clock of its own that starts at 0; what the BMC still holds is from before.
        bmc.borrow_mut().server.forget_sessions();
        let second = play(&bmc, "fence_ipmilan", &[interface, "-o", "off"]);
        assert_eq!(second.outcome.exit, 0, "{second:?}");
        assert!(!bmc.borrow().on);
    }
}
