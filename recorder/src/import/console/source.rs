//! A file as it was read, and places in it.

use std::time::Duration;

/// What stands in a file.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// What stands in it.
    pub bytes: &'a [u8],
}

impl Source<'_> {
    /// `name:line:column` of a byte, the column in bytes.
    pub(super) fn place(&self, offset: usize) -> String {
        let before = self.bytes.get(..offset).unwrap_or(self.bytes);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        format!("{}:{line}:{column}", self.name)
    }
}

/// The lines of a file, each with the offset at which it begins and without its line feed.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    bytes.split_inclusive(|byte| *byte == b'\n').scan(0, |next, line| {
        let at = *next;
        *next += line.len();
        Some((at, line.strip_suffix(b"\n").unwrap_or(line)))
    })
}

/// The longest time that a transcript can hold; anything longer in a file is damage.
const SECONDS_MAX: f64 = 1e9;

/// A time in seconds, if it is one that can be.
pub(super) fn seconds(number: f64) -> Option<Duration> {
    (number < SECONDS_MAX).then(|| Duration::try_from_secs_f64(number).ok())?
}

/// Two times together, if that can be.
pub(super) fn later(now: Duration, by: Duration) -> Option<Duration> {
    now.checked_add(by).filter(|sum| sum.as_secs_f64() < SECONDS_MAX)
}

/// Where these bytes begin in others.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Where these bytes begin for the last time in others.
pub(super) fn rfind(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).rposition(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one() {
        let source = Source { name: "f", bytes: b"ab\ncd\n" };
        for (offset, place) in
            [(0, "f:1:1"), (1, "f:1:2"), (3, "f:2:1"), (5, "f:2:3"), (6, "f:3:1"), (99, "f:3:1")]
        {
            assert_eq!(source.place(offset), place);
        }
        assert_eq!(lines(b"ab\n\ncd").collect::<Vec<_>>(), [(0, &b"ab"[..]), (3, b""), (4, b"cd")]);
    }

    #[test]
    fn a_time_that_cannot_be_is_none() {
        assert_eq!(seconds(1.5), Some(Duration::from_millis(1500)));
        for wrong in [-0.1, f64::NAN, f64::INFINITY, 1e9, 1e300] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
        assert_eq!(later(Duration::from_secs(999_999_999), Duration::from_secs(2)), None);
    }
}
