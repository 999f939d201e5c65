//! `segmentation`: the verdict does not depend on how the bytes are cut.

use fencelab_devices::fault::FaultKind;

use super::every_action;
use crate::case::Case;
use crate::run::{Exit, Run};
use crate::verdict::{Class, Judgement, Property};

/// Whether all that is unusual about a case is that the bytes come in pieces.
pub(crate) fn is_cut_only(case: &Case) -> bool {
    !case.faults.is_empty() && case.faults.iter().all(|fault| matches!(fault.kind, FaultKind::Split(_)))
}

/// A run over a byte stream that came in pieces, with nothing else wrong: the agent does what it does when each turn comes as a
/// whole, which is what the contract says.
///
/// Datagrams are not cut by any network that delivers them, so for a device that is spoken to by datagrams this property
/// says nothing; reports say "not run" and why.
pub fn check(case: &Case, cut: &Run) -> Judgement {
    let Err(what) = every_action::works(case, cut) else { return Judgement::Holds };
    let class = match cut.exit {
        Exit::Killed => Class::Hang,
        Exit::Signal(_) => Class::Crash,
        Exit::Code(0) => Class::Lie,
        Exit::Code(_) | Exit::NotStarted(_) => Class::Refusal,
    };
    let evidence = format!("{} of a healthy device whose answers come in pieces: {what}", case.action);
    Judgement::broken(Property::Segmentation, class, evidence)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fencelab_devices::{Fault, Power};

    use super::*;
    use crate::case::Action;
    use crate::truth::{Mover, Truth};

    #[test]
    fn cuts_change_nothing() {
        let s = Duration::from_secs;
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        assert!(!is_cut_only(&case));
        case.faults = Fault::parse_all("split(3)@from-device + split(9)").unwrap();
        assert!(is_cut_only(&case));
        let on = Truth::new([("1".to_owned(), Power::On)]);
        let off = on.clone().then(s(1), "1", Power::Off, Mover::Command);
        assert_eq!(check(&case, &Run::by_hand(off, 0, s(2))), Judgement::Holds);
        let class = |exit| check(&case, &Run::by_hand(on.clone(), exit, s(2))).breach().unwrap().class;
        assert_eq!(class(1), Class::Refusal);
        assert_eq!(class(0), Class::Lie);
        case.faults.extend(Fault::parse_all("drop").unwrap());
        assert!(!is_cut_only(&case));
    }
}
