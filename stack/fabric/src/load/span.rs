//! The time that counts, of a load that runs before and after it.

/// From when on it counts and until when, and what was marked at the beginning.
#[derive(Debug)]
pub(crate) struct Span<T> {
    bounds: Option<(u64, u64)>,
    begun: Option<(u64, T)>,
    is_over: bool,
}

impl<T: Copy> Span<T> {
    pub(crate) fn new() -> Self {
        Self { bounds: None, begun: None, is_over: false }
    }

    /// Whether it is known when it begins.
    pub(crate) fn is_set(&self) -> bool {
        self.bounds.is_some()
    }

    /// It begins and ends then, in nanoseconds of this machine's clock.
    pub(crate) fn set(&mut self, from: u64, to: u64) {
        self.bounds = Some((from, to));
    }

    /// Whether what happens now counts.
    pub(crate) fn counts(&self) -> bool {
        self.begun.is_some() && !self.is_over
    }

    /// Begins and ends it. Answers, once, when it ends: when it began and what was marked then.
    pub(crate) fn step(&mut self, now: u64, mark: impl FnOnce() -> T) -> Option<(u64, T)> {
        let (from, to) = self.bounds.filter(|_| !self.is_over)?;
        if self.begun.is_none() && now >= from {
            self.begun = Some((now, mark()));
        }
        let begun = self.begun.filter(|_| now >= to)?;
        self.is_over = true;
        Some(begun)
    }

    /// When it has to be looked at next: its beginning, then its end.
    #[cfg(feature = "corosync")]
    pub(crate) fn next(&self) -> Option<u64> {
        let (from, to) = self.bounds.filter(|_| !self.is_over)?;
        Some(if self.begun.is_none() { from } else { to })
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn it_begins_and_ends_once() {
        let mut span = Span::new();
        assert_eq!(span.step(5, || 1), None);
        span.set(10, 20);
        assert_eq!(span.step(9, || 2), None);
        assert!(!span.counts());
        assert_eq!(span.step(11, || 3), None);
        assert!(span.counts());
        assert_eq!(span.step(19, || 4), None);
        assert_eq!(span.step(21, || 5), Some((11, 3)));
        assert!(!span.counts());
        assert_eq!(span.step(22, || 6), None);
    }
}
