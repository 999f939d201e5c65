//! One option on one side, by the Q method (RFC 1143): no answer to an answer, and at most one request on its way, so
//! that two ends cannot talk in circles.

/// Where an option stands on one side. The RFC's queue is `opposite`: as soon as the answer is there, the opposite is
/// asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum State {
    /// Off.
    #[default]
    No,
    /// On.
    Yes,
    /// We said that it shall end, and wait for the answer.
    WantNo { opposite: bool },
    /// We said that it shall begin, and wait for the answer.
    WantYes { opposite: bool },
}

/// What is to be said: `true` is WILL or DO, `false` WONT or DONT.
type Say = Option<bool>;

impl State {
    /// The peer said yes (`on`: WILL for its side, DO for ours) or no, and we would agree to a yes.
    pub(super) fn hear(&mut self, on: bool, agrees: bool) -> Say {
        let (next, say) = match (*self, on) {
            (Self::No, true) if agrees => (Self::Yes, Some(true)),
            (Self::No, true) => (Self::No, Some(false)),
            (Self::Yes, false) => (Self::No, Some(false)),
            // Of a peer that answers no with yes the RFC says: an error, taken as the answer.
            (Self::WantNo { opposite: false }, _) => (Self::No, None),
            (Self::WantNo { opposite: true }, true) => (Self::Yes, None),
            (Self::WantNo { opposite: true }, false) => (Self::WantYes { opposite: false }, Some(true)),
            (Self::WantYes { opposite: false }, true) => (Self::Yes, None),
            (Self::WantYes { opposite: true }, true) => (Self::WantNo { opposite: false }, Some(false)),
            (Self::WantYes { .. }, false) => (Self::No, None),
            (same @ Self::No, false) | (same @ Self::Yes, true) => (same, None),
        };
        *self = next;
        say
    }

    /// We want it on or off from now on.
    pub(super) fn want(&mut self, on: bool) -> Say {
        let (next, say) = match (*self, on) {
            (Self::No, true) => (Self::WantYes { opposite: false }, Some(true)),
            (Self::Yes, false) => (Self::WantNo { opposite: false }, Some(false)),
            (Self::WantNo { .. }, on) => (Self::WantNo { opposite: on }, None),
            (Self::WantYes { .. }, on) => (Self::WantYes { opposite: !on }, None),
            (same @ Self::No, false) | (same @ Self::Yes, true) => (same, None),
        };
        *self = next;
        say
    }
}

#[cfg(test)]
mod tests {
    use super::State::{self, No, WantNo, WantYes, Yes};

    const NO: State = WantNo { opposite: false };
    const NO_YES: State = WantNo { opposite: true };
    const YES: State = WantYes { opposite: false };
    const YES_NO: State = WantYes { opposite: true };

    /// RFC 1143, section 7, line by line.
    #[test]
    fn the_table_of_the_rfc() {
        for (before, on, agrees, after, say) in [
            (No, true, true, Yes, Some(true)),
            (No, true, false, No, Some(false)),
            (Yes, true, true, Yes, None),
            (Yes, true, false, Yes, None),
            (NO, true, true, No, None),
            (NO_YES, true, true, Yes, None),
            (YES, true, false, Yes, None),
            (YES_NO, true, true, NO, Some(false)),
            (No, false, true, No, None),
            (Yes, false, true, No, Some(false)),
            (NO, false, true, No, None),
            (NO_YES, false, true, YES, Some(true)),
            (YES, false, true, No, None),
            (YES_NO, false, true, No, None),
        ] {
            let mut state = before;
            assert_eq!((state.hear(on, agrees), state), (say, after), "{before:?} hears {on}");
        }
        for (before, on, after, say) in [
            (No, true, YES, Some(true)),
            (Yes, true, Yes, None),
            (NO, true, NO_YES, None),
            (NO_YES, true, NO_YES, None),
            (YES, true, YES, None),
            (YES_NO, true, YES, None),
            (No, false, No, None),
            (Yes, false, NO, Some(false)),
            (NO, false, NO, None),
            (NO_YES, false, NO, None),
            (YES, false, YES_NO, None),
            (YES_NO, false, YES_NO, None),
        ] {
            let mut state = before;
            assert_eq!((state.want(on), state), (say, after), "{before:?} is to be {on}");
        }
    }
}
