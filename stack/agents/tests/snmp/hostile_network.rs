//! Datagrams lost, doubled, cut and garbled at random: the SNMP agents may fail, but must not lie, must touch no other plug, and
//! must end in time.

use crate::fate::{Fate, fate, suffer};
use crate::unit::{kinds::KINDS, play_at};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]
    #[test]
    fn no_lie_and_no_delay(
        fates in prop::collection::vec(fate(), 0..60),
        on in any::<bool>(),
        version in prop::sample::select(&["1", "2c", "1", "2c", "1", "2c", "3"][..]),
        deaf in any::<bool>(),
        action in prop::sample::select(&["status", "off", "on", "list-status"][..]),
        kind in prop::sample::select((0..KINDS.len()).collect::<Vec<_>>()),
        by_name in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let kind = &KINDS[kind];
        let own = kind.listed.split(',').next().unwrap_or_default().to_owned();
        let unit = (kind.make)().shared();
        unit.borrow_mut().plug(&own).on = on;
        unit.borrow_mut().deaf = deaf;
        let mut coming = fates.into_iter();
        unit.borrow_mut().tamper = Some(Box::new(move |_, bytes| suffer(coming.next().unwrap_or(Fate::Passes), bytes)));
        let plug = kind.name.filter(|_| by_name).unwrap_or(kind.plug);
        let args = ["-n", plug, "-o", action, "--power-wait=0"];
        let ran = play_at(&unit, kind.agent, version, &args, seed);
        let exit = ran.outcome.exit;
        let now_on = unit.borrow_mut().plug(&own).on;
        let unit = unit.borrow();
        for (_, moved, _) in &unit.timeline {
            // v1 and v2c have no checksum of their own; a garbled request may name another outlet, and a garbled
            // string may hold another state. UDP's checksum keeps that from real ones.
            prop_assert!(version != "3" || *moved == own, "{moved}: {ran:?}");
        }
        if version == "3" {
            match action {
                "status" => {
                    prop_assert!(exit != 2 || !on, "{ran:?}");
                    prop_assert!(exit != 0 || on, "{ran:?}");
                }
                "off" => prop_assert!(exit != 0 || !now_on, "{ran:?}"),
                "on" => prop_assert!(exit != 0 || now_on, "{ran:?}"),
                _ => {}
            }
        }
        // Four questions of five seconds; what did come took a moment each.
        let most = if action == "list-status" || by_name { 3.0 * 38.5 + 17.0 } else { 20.5 };
        let most = most + if matches!(action, "off" | "on") { 120.0 } else { 0.0 };
        prop_assert!(ran.seconds <= most, "{ran:?}");
    }

    #[test]
    fn what_is_lost_or_doubled_never_makes_a_lie(
        fates in prop::collection::vec(prop::sample::select(&[Fate::Passes, Fate::Passes, Fate::Lost, Fate::Doubled, Fate::Cut(20)][..]), 0..60),
        on in any::<bool>(),
        version in prop::sample::select(&["1", "2c"][..]),
        deaf in any::<bool>(),
        action in prop::sample::select(&["status", "off", "on"][..]),
        kind in prop::sample::select((0..KINDS.len()).collect::<Vec<_>>()),
        seed in any::<u64>(),
    ) {
        let kind = &KINDS[kind];
        let own = kind.listed.split(',').next().unwrap_or_default().to_owned();
        let unit = (kind.make)().shared();
        unit.borrow_mut().plug(&own).on = on;
        unit.borrow_mut().deaf = deaf;
        let mut coming = fates.into_iter();
        unit.borrow_mut().tamper = Some(Box::new(move |_, bytes| suffer(coming.next().unwrap_or(Fate::Passes), bytes)));
        let ran = play_at(&unit, kind.agent, version, &["-n", kind.plug, "-o", action, "--power-wait=0"], seed);
        let exit = ran.outcome.exit;
        let now_on = unit.borrow_mut().plug(&own).on;
        prop_assert!(unit.borrow().timeline.iter().all(|(_, moved, _)| *moved == own), "{ran:?}");
        match action {
            "status" => {
                prop_assert!(exit != 2 || !on, "{ran:?}");
                prop_assert!(exit != 0 || on, "{ran:?}");
            }
            "off" => prop_assert!(exit != 0 || !now_on, "{ran:?}"),
            _ => prop_assert!(exit != 0 || now_on, "{ran:?}"),
        }
    }
}

#[test]
fn after_the_storm_a_retry_succeeds() {
    for version in ["1", "2c", "3"] {
        for kind in KINDS {
            let unit = (kind.make)().shared();
            unit.borrow_mut().tamper = Some(Box::new(|from_device, bytes| {
                suffer(if from_device { Fate::Cut(30) } else { Fate::Passes }, bytes)
            }));
            let args = ["-n", kind.plug, "-o", "off", "--power-wait=0"];
            let first = play_at(&unit, kind.agent, version, &args, 1);
            assert_eq!(first.outcome.exit, 1, "{first:?}");
            unit.borrow_mut().tamper = None;
            let second = play_at(&unit, kind.agent, version, &args, 2);
            assert_eq!(second.outcome.exit, 0, "{second:?}");
            assert_eq!(unit.borrow().off().len(), 1);
        }
    }
}
