//! One direction of a connection: its segments put into the order of the stream.
//!
//! Nothing is decided before the whole capture was read: a byte that was ever captured is found, and only what never was is a
//! gap. Of a byte that was captured more than once the first copy counts, as it does for most receivers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Segment;

/// One direction.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Half {
    /// The sequence number that offsets are counted from: the last one seen, and its offset.
    last: Option<(u32, i64)>,
    /// Where the stream begins, if its SYN was captured.
    begin: Option<i64>,
    /// Where it must at least have ended: behind what was sent and what was acknowledged.
    sent: i64,
    /// Where its FIN stands.
    end: Option<i64>,
    /// What was captured, by its offset; nothing overlaps.
    parts: BTreeMap<i64, Part>,
    /// Packets that say something else in a place that was captured before.
    contradictions: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Part {
    at: At,
    bytes: Vec<u8>,
}

/// When a packet was captured, and its number: two packets may have the same time.
pub(in super::super) type At = (Duration, u64);

impl Part {
    fn end(&self, offset: i64) -> i64 {
        offset.saturating_add(length(self.bytes.len()))
    }
}

/// What a side said, piece by piece.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in super::super) enum Piece {
    /// Bytes, which the receiver had at this time.
    Said(At, Vec<u8>),
    /// So many bytes were not captured.
    Missing(At, u64),
}

impl Half {
    /// The side of this half sent a segment.
    pub(super) fn sent(&mut self, at: At, segment: &Segment<'_>) {
        let Segment { seq, syn, fin, rst, payload, missing, .. } = *segment;
        // The sequence number of a reset may be anything, and what it carries is no part of the stream (RFC 9293, 3.10.7).
        if rst {
            return;
        }
        let start = self.offset(seq).saturating_add(i64::from(syn));
        self.last = Some((seq, start.saturating_sub(i64::from(syn))));
        if syn {
            self.begin = Some(start);
        }
        let end = start.saturating_add(length(payload.len())).saturating_add(length(missing));
        self.sent = self.sent.max(end);
        if fin {
            self.end = Some(end);
        }
        self.keep(start, at, payload);
    }

    /// The other side has all before this sequence number.
    pub(super) fn acknowledged(&mut self, ack: u32) {
        // Without a segment of this side there is nothing to count from.
        if self.last.is_some() {
            self.sent = self.sent.max(self.offset(ack));
        }
    }

    /// Whether a SYN with this sequence number begins another stream than this one.
    pub(super) fn is_another(&self, seq: u32) -> bool {
        match (self.begin, self.last) {
            (Some(begin), _) => self.offset(seq).saturating_add(1) != begin,
            (None, last) => last.is_some(),
        }
    }

    /// Whether its beginning was captured.
    pub(in super::super) fn has_begin(&self) -> bool {
        self.begin.is_some()
    }

    /// The packets that contradict earlier ones.
    pub(in super::super) fn contradictions(&self) -> &[u64] {
        &self.contradictions
    }

    /// What was captured of the stream, in its order, as the packets had it.
    pub(in super::super) fn captured(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.values().map(|part| part.bytes.as_slice())
    }

    /// All that was said, in its order.
    pub(in super::super) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut next = self.begin.or_else(|| self.parts.keys().next().copied());
        let mut now = At::default();
        for (&offset, part) in &self.parts {
            // A receiver has a byte when it has all before it.
            now = now.max(part.at);
            if let Some(gap) = next.and_then(|next| gap(next, offset)) {
                pieces.push(Piece::Missing(now, gap));
            }
            pieces.push(Piece::Said(now, part.bytes.clone()));
            next = Some(part.end(offset));
        }
        // An acknowledgment counts the FIN, too, which may not have been captured.
        let end = self.end.unwrap_or(self.sent);
        let unseen_fin = self.end.is_none() && next.and_then(|next| gap(next, end)) == Some(1);
        if let Some(gap) = next.and_then(|next| gap(next, end)).filter(|_| !unseen_fin) {
            pieces.push(Piece::Missing(now, gap));
        }
        pieces
    }

    /// The offset of a sequence number; they wrap, and no two that are seen one after the other are 2 GiB apart.
    fn offset(&self, seq: u32) -> i64 {
        let (last, offset) = self.last.unwrap_or((seq, 0));
        offset.saturating_add(i64::from(seq.wrapping_sub(last).cast_signed()))
    }

    /// Keeps what of these bytes is new.
    fn keep(&mut self, start: i64, at: At, bytes: &[u8]) {
        // Nothing stands before the beginning.
        let early = self.begin.and_then(|begin| gap(start, begin)).unwrap_or_default();
        let early = usize::try_from(early).unwrap_or(usize::MAX).min(bytes.len());
        let (mut next, mut rest) =
            (start.saturating_add(length(early)), bytes.get(early..).unwrap_or_default());
        while !rest.is_empty() {
            let before =
                self.parts.range(..=next).next_back().filter(|(offset, part)| part.end(**offset) > next);
            let known = before.map(|(offset, part)| {
                let known = part.bytes.get(distance(*offset, next)..).unwrap_or_default();
                (known.len(), known.iter().zip(rest).all(|(known, new)| known == new))
            });
            let taken = match known {
                Some((length, agrees)) => {
                    // One byte before the end is how some hosts ask whether the other is still there (RFC 9293, 3.8.4).
                    if !agrees && bytes.len() > 1 && self.contradictions.last() != Some(&at.1) {
                        self.contradictions.push(at.1);
                    }
                    length.min(rest.len())
                }
                None => {
                    let behind = self.parts.range(next..).next().map(|(offset, _)| distance(next, *offset));
                    let free = behind.unwrap_or(rest.len()).min(rest.len());
                    self.parts
                        .insert(next, Part { at, bytes: rest.get(..free).unwrap_or_default().to_vec() });
                    free
                }
            };
            next = next.saturating_add(length(taken));
            rest = rest.get(taken..).unwrap_or_default();
        }
    }
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn distance(from: i64, to: i64) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or_default()
}

/// How many bytes lie between two offsets, if the second is behind the first.
fn gap(from: i64, to: i64) -> Option<u64> {
    u64::try_from(to.saturating_sub(from)).ok().filter(|gap| *gap > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(time: u64) -> Duration {
        Duration::from_secs(time)
    }

    fn said(time: u64, text: &str) -> Piece {
        Piece::Said((seconds(time), time + 1), text.as_bytes().to_vec())
    }

    /// A stream of segments (sequence number, text), one a second.
    fn heard(syn: Option<u32>, segments: &[(u32, &str)]) -> Half {
        let mut half = Half::default();
        if let Some(seq) = syn {
            half.sent((seconds(0), 1), &Segment { seq, syn: true, ..Segment::default() });
        }
        for (time, (seq, text)) in (1..).zip(segments) {
            half.sent(
                (seconds(time), time + 1),
                &Segment { seq: *seq, payload: text.as_bytes(), ..Segment::default() },
            );
        }
        half
    }

    #[test]
    fn segments_are_put_in_order_and_each_byte_counts_once() {
        let half = heard(Some(9), &[(10, "ab"), (14, "ef"), (10, "ab"), (12, "cdef"), (13, "d")]);
        assert_eq!(half.pieces(), [said(1, "ab"), said(4, "cd"), said(4, "ef")]);
        assert_eq!(half.contradictions(), [0_u64; 0]);
        // The sender puts two segments into one when it sends them again: the first copies count, with their times.
        let half = heard(Some(9), &[(10, "ab"), (12, "cd"), (10, "abcdef")]);
        assert_eq!(half.pieces(), [said(1, "ab"), said(2, "cd"), said(3, "ef")]);
    }

    #[test]
    fn a_second_copy_that_says_something_else_is_told() {
        let half = heard(Some(9), &[(10, "abcd"), (11, "XY"), (13, "z")]);
        assert_eq!((half.pieces(), half.contradictions()), (vec![said(1, "abcd")], &[3_u64][..]));
    }

    #[test]
    fn what_was_never_captured_is_a_gap() {
        let half = heard(Some(9), &[(12, "c"), (15, "fg")]);
        let gap = |time, bytes| Piece::Missing((seconds(time), time + 1), bytes);
        assert_eq!(half.pieces(), [gap(1, 2), said(1, "c"), gap(2, 2), said(2, "fg")]);
        // What comes before the first segment of a capture that began late is not known to be anything.
        let mut half = heard(None, &[(12, "c"), (15, "fg")]);
        assert_eq!(half.pieces(), [said(1, "c"), gap(2, 2), said(2, "fg")]);
        half.acknowledged(18);
        assert_eq!(half.pieces().len(), 3, "one more may be a FIN that was not captured");
        half.acknowledged(20);
        assert_eq!(half.pieces().last(), Some(&gap(2, 3)));
        half.sent((seconds(7), 9), &Segment { seq: 20, fin: true, ..Segment::default() });
        half.acknowledged(21);
        assert_eq!(half.pieces().last(), Some(&gap(2, 3)), "the FIN is no byte");
    }

    #[test]
    fn what_the_capture_cut_off_is_a_gap() {
        let mut half = heard(Some(9), &[]);
        half.sent((seconds(1), 2), &Segment { seq: 10, payload: b"ab", missing: 3, ..Segment::default() });
        assert_eq!(half.pieces(), [said(1, "ab"), Piece::Missing((seconds(1), 2), 3)]);
        half.sent((seconds(2), 3), &Segment { seq: 12, payload: b"cde", ..Segment::default() });
        assert_eq!(half.pieces(), [said(1, "ab"), said(2, "cde")], "sent again");
    }

    #[test]
    fn sequence_numbers_wrap_and_a_reset_tells_nothing() {
        let mut half = heard(Some(u32::MAX - 1), &[(u32::MAX, "ab"), (1, "cd")]);
        half.sent((seconds(5), 5), &Segment { seq: 1 << 31, rst: true, ..Segment::default() });
        assert_eq!(half.pieces(), [said(1, "ab"), said(2, "cd")]);
        assert!(half.is_another(7) && !half.is_another(u32::MAX - 1));
    }

    proptest! {
        /// However a stream is cut, doubled, overlapped and shuffled, and wherever its numbers begin.
        #[test]
        fn any_order_gives_the_stream(
            stream in proptest::collection::vec(any::<u8>(), 1..60),
            isn in any::<u32>(),
            cuts in proptest::collection::vec((0_usize..60, 1_usize..20), 0..30),
            order in any::<u64>(),
        ) {
            let mut segments: Vec<(usize, usize)> = (0..stream.len()).step_by(7).map(|at| (at, at + 7)).collect();
            segments.extend(cuts.iter().map(|(at, length)| (*at, at + length)));
            segments.sort_by_key(|(at, end)| (*at as u64 + 1).wrapping_mul(order | 1).rotate_left(*end as u32));
            let mut half = Half::default();
            half.sent((Duration::ZERO, 0), &Segment { seq: isn, syn: true, ..Segment::default() });
            for (time, (at, end)) in (0..).zip(segments) {
                let (at, end) = (at.min(stream.len()), end.min(stream.len()));
                let seq = isn.wrapping_add(1).wrapping_add(at as u32);
                half.sent((seconds(time), time), &Segment { seq, payload: &stream[at..end], ..Segment::default() });
            }
            let mut last = At::default();
            let mut all = Vec::new();
            for piece in half.pieces() {
                let Piece::Said(at, bytes) = piece else { panic!("a gap") };
                prop_assert!(at >= last);
                last = at;
                all.extend(bytes);
            }
            prop_assert_eq!(all, stream);
        }

        #[test]
        fn no_segments_panic(segments in proptest::collection::vec(
            (any::<u32>(), any::<[bool; 3]>(), proptest::collection::vec(any::<u8>(), 0..5), 0_usize..9, any::<u32>()),
            0..40,
        )) {
            let mut half = Half::default();
            for (number, (seq, [syn, fin, rst], payload, missing, ack)) in (0..).zip(&segments) {
                let (seq, payload, missing) = (*seq, payload.as_slice(), *missing);
                half.sent((seconds(number), number), &Segment { seq, syn: *syn, fin: *fin, rst: *rst, payload, missing, ack: None });
                half.acknowledged(*ack);
            }
            half.pieces();
        }
    }
}
