//! What a console says at one time: text becomes bytes with the device's ends of lines, in pages, at its pace.

use std::time::Duration;

use super::line::{Line, Rest};
use crate::face::{Reply, Told};
use crate::fault::Op;
use crate::spec::console::{Console, Pager};

/// How often a slow line says something.
const BEAT: Duration = Duration::from_millis(50);
/// So much it says at once at least, however long that takes: what waits is bounded in pieces.
const BEAT_MIN: u128 = 8;

/// What is said, in the order in which it is.
#[derive(Debug)]
pub(super) struct Output {
    pieces: Vec<Piece>,
    op: Op,
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    /// So long after what is before it.
    delay: Duration,
    op: Op,
    tells: Vec<Told>,
}

impl Output {
    pub(super) fn new(op: Op) -> Self {
        Self { pieces: Vec::new(), op }
    }

    /// From now on it is an answer to this, and comes so late.
    pub(super) fn answers(&mut self, op: Op, delay: Duration) {
        self.op = op;
        if delay.is_zero() {
            if let Some(last) = self.pieces.last_mut() {
                last.op = op;
            }
            return;
        }
        self.pieces.push(Piece { bytes: Vec::new(), delay, op, tells: Vec::new() });
    }

    fn last(&mut self) -> Option<&mut Piece> {
        if self.pieces.is_empty() {
            self.pieces.push(Piece {
                bytes: Vec::new(),
                delay: Duration::ZERO,
                op: self.op,
                tells: Vec::new(),
            });
        }
        self.pieces.last_mut()
    }

    /// Bytes of the wire.
    pub(super) fn raw(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty()
            && let Some(last) = self.last()
        {
            last.bytes.extend(bytes);
        }
    }

    /// What the text before tells of plugs.
    pub(super) fn tells(&mut self, tells: Vec<Told>) {
        if let Some(last) = self.last() {
            last.tells.extend(tells);
        }
    }

    /// A typed byte is said back.
    pub(super) fn echo(&mut self, byte: u8, line: &mut Line, console: &Console) {
        let mut bytes = Vec::new();
        // The second and later bytes of a character take no room.
        if byte & 0xc0 != 0x80 {
            wrap(&mut bytes, line, console);
            line.column += 1;
        }
        bytes.push(byte);
        let bytes = line.end.encode(&bytes);
        self.raw(bytes);
    }

    /// A text, whole.
    pub(super) fn say(&mut self, text: &str, line: &mut Line, console: &Console) {
        let mut bytes = Vec::new();
        for c in text.chars() {
            match c {
                '\n' => {
                    bytes.extend_from_slice(console.eol.as_bytes());
                    line.column = 0;
                }
                '\r' => {
                    bytes.push(b'\r');
                    line.column = 0;
                }
                c => {
                    wrap(&mut bytes, line, console);
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    line.column += 1;
                }
            }
        }
        let bytes = line.end.encode(&bytes);
        self.raw(bytes);
    }

    /// A text in pages. Whether all of it was said.
    pub(super) fn show(
        &mut self,
        text: &str,
        pager: Option<&Pager>,
        line: &mut Line,
        console: &Console,
    ) -> bool {
        let Some(pager) = pager else {
            self.say(text, line, console);
            return true;
        };
        let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        self.page(Rest { lines, pager: pager.clone() }, line, console)
    }

    /// The next page. Whether it was the last one.
    pub(super) fn page(&mut self, mut rest: Rest, line: &mut Line, console: &Console) -> bool {
        if rest.lines.len() <= rest.pager.lines {
            self.say(&rest.lines.concat(), line, console);
            return true;
        }
        let later = rest.lines.split_off(rest.pager.lines);
        self.say(&rest.lines.concat(), line, console);
        self.say(&rest.pager.prompt, line, console);
        line.rest = Some(Rest { lines: later, pager: rest.pager });
        false
    }

    /// As it leaves the device, where a byte takes so long: a piece is there when all of it is.
    pub(super) fn replies(self, line: &mut Line, byte_time: Duration, now: Duration) -> Vec<Reply> {
        let mut replies = Vec::new();
        let mut at = line.free_at.max(now);
        for piece in self.pieces {
            at = at.saturating_add(piece.delay);
            let size = beat(byte_time);
            let count = piece.bytes.chunks(size).count();
            for (index, bytes) in piece.bytes.chunks(size).enumerate() {
                at = at
                    .saturating_add(byte_time.saturating_mul(u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
                // What a text tells is told when all of it is said.
                let tells = if index + 1 == count { piece.tells.clone() } else { Vec::new() };
                replies.push(Reply {
                    bytes: bytes.to_vec(),
                    delay: at.saturating_sub(now),
                    op: piece.op,
                    tells,
                });
            }
        }
        if line.is_over {
            replies.push(Reply { delay: at.saturating_sub(now), ..Reply::end(self.op) });
        }
        line.free_at = at;
        replies
    }
}

/// So many bytes a beat.
fn beat(byte_time: Duration) -> usize {
    let count = BEAT.as_nanos().checked_div(byte_time.as_nanos());
    count.map_or(usize::MAX, |count| usize::try_from(count.max(BEAT_MIN)).unwrap_or(usize::MAX))
}

fn wrap(bytes: &mut Vec<u8>, line: &mut Line, console: &Console) {
    if console.columns.is_some_and(|columns| line.column >= usize::from(columns)) {
        bytes.extend_from_slice(console.eol.as_bytes());
        line.column = 0;
    }
}
