//! The sliding window of session sequence numbers: each number is taken once, and only near the highest one
//! so far (IPMI 2.0 §6.12).

/// How far a number may be from the highest one so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Above.
    pub(crate) ahead: u32,
    /// Below; at most 31.
    pub(crate) behind: u32,
}

/// IPMI v1.5: a window of 16.
pub(crate) const V15: Reach = Reach { ahead: 8, behind: 7 };
/// RMCP+: a window of 32.
pub(crate) const V20: Reach = Reach { ahead: 16, behind: 15 };

/// Which numbers have come.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    highest: u32,
    /// Bit n: highest − n has come (or is from before the session).
    seen: u32,
}

impl Window {
    /// The first number to come is expected to be this one.
    pub(crate) fn starting_at(first: u32) -> Self {
        Self { highest: first.wrapping_sub(1), seen: u32::MAX }
    }

    /// Takes a number: true if it is new and near.
    pub(crate) fn take(&mut self, number: u32, reach: Reach) -> bool {
        let ahead = number.wrapping_sub(self.highest);
        if (1..=reach.ahead).contains(&ahead) {
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = number;
            return true;
        }
        let behind = self.highest.wrapping_sub(number);
        let bit = 1_u32.checked_shl(behind).unwrap_or(0);
        let new = behind <= reach.behind && self.seen & bit == 0;
        if new {
            self.seen |= bit;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::{V15, V20, Window};

    #[test]
    fn each_number_once() {
        let mut window = Window::starting_at(1);
        assert!(window.take(1, V20));
        assert!(!window.take(1, V20));
        assert!(window.take(3, V20));
        assert!(window.take(2, V20));
        assert!(!window.take(2, V20));
        assert!(!window.take(0, V20), "before the session");
    }

    #[test]
    fn the_edges_ahead() {
        for (reach, last) in [(V15, 8), (V20, 16)] {
            assert!(Window::starting_at(1).take(last, reach));
            assert!(!Window::starting_at(1).take(last + 1, reach));
        }
    }

    #[test]
    fn the_edges_behind() {
        for (reach, behind) in [(V15, 7), (V20, 15)] {
            let mut window = Window::starting_at(100);
            for step in [reach.ahead, 2 * reach.ahead, 3 * reach.ahead] {
                assert!(window.take(99 + step, reach));
            }
            let highest = 99 + 3 * reach.ahead;
            assert!(!window.take(highest - behind - 1, reach));
            assert!(window.take(highest - behind, reach));
        }
    }

    #[test]
    fn it_wraps_around() {
        let mut window = Window::starting_at(u32::MAX);
        assert!(window.take(u32::MAX, V20));
        assert!(window.take(1, V20));
        assert!(!window.take(u32::MAX, V20));
    }
}
