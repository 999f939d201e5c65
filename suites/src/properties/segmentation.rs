//! `segmentation`: the verdict does not depend on how the bytes are cut.

use crate::case::Case;
use crate::run::Run;
use crate::verdict::{Class, Judgement, Property};

/// Two runs of one case over a byte stream, once in whole turns and once cut into pieces: the same exit and the same end.
///
/// Datagrams are not cut by any network that delivers them, so for a device that is spoken to by datagrams this property
/// says nothing; reports say "not run" and why.
pub fn check(case: &Case, whole: &Run, cut: &Run) -> Judgement {
    let end = |run: &Run| case.plugs().map(|plug| run.target.at(plug, run.ended)).collect::<Vec<_>>();
    if whole.exit == cut.exit && end(whole) == end(cut) {
        return Judgement::Holds;
    }
    let class = if cut.exit.is_success() && !whole.exit.is_success() { Class::Lie } else { Class::Refusal };
    let evidence = format!(
        "{}: {} in whole turns, {} when cut; {} and {}",
        case.action,
        whole.exit,
        cut.exit,
        whole.target.describe(),
        cut.target.describe()
    );
    Judgement::broken(Property::Segmentation, class, evidence)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fencelab_devices::Power;

    use super::*;
    use crate::case::Action;
    use crate::truth::{Mover, Truth};

    #[test]
    fn cuts_change_neither_exit_nor_end() {
        let s = Duration::from_secs;
        let case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        let on = Truth::new([("1".to_owned(), Power::On)]);
        let off = on.clone().then(s(1), "1", Power::Off, Mover::Command);
        let good = Run::by_hand(off, 0, s(2));
        assert_eq!(check(&case, &good, &good), Judgement::Holds);
        let refused = check(&case, &good, &Run::by_hand(on.clone(), 1, s(2))).breach().unwrap();
        assert_eq!(refused.class, Class::Refusal);
        let lied =
            check(&case, &Run::by_hand(on.clone(), 1, s(2)), &Run::by_hand(on, 0, s(2))).breach().unwrap();
        assert_eq!(lied.class, Class::Lie);
    }
}
