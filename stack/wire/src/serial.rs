//! How a serial line is set, in the words of people: `9600`, `9600,8N1`, `115200,7E1,rtscts`.

use std::{fmt, str::FromStr, time::Duration};

/// The settings of a serial line. They are written as the speed, then the frame, then the flow control; what is left out is as
/// in [`default`](Self::default).
///
/// ```
/// use fencelab_wire::serial::{Flow, Line};
/// let line: Line = "115200,8N1,rtscts".parse()?;
/// assert_eq!((line.speed, line.flow), (115_200, Flow::RtsCts));
/// assert_eq!("19200".parse::<Line>()?.to_string(), "19200,8N1");
/// # Ok::<(), fencelab_wire::serial::LineError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Line {
    /// Bits a second, at least 1.
    pub speed: u32,
    /// Data bits of a byte, 5 to 8.
    pub data_bits: u8,
    /// The parity bit.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    pub stop_bits: u8,
    /// Who says when the other must wait.
    pub flow: Flow,
}

/// The parity bit of a byte.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Parity {
    /// None is sent.
    #[default]
    None,
    /// The ones of byte and parity are odd in number.
    Odd,
    /// They are even.
    Even,
}

/// How the receiver holds the sender up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Flow {
    /// Not at all.
    #[default]
    None,
    /// By the characters XOFF and XON.
    XonXoff,
    /// By the wires RTS and CTS.
    RtsCts,
}

/// What is wrong with written settings.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no setting of a serial line; write a speed, as in 9600, or 9600,8N1, or 9600,8N1,rtscts")]
pub struct LineError(String);

impl Default for Line {
    /// 9600 bits a second, 8 data bits, no parity, 1 stop bit, no flow control: what consoles have from their makers.
    fn default() -> Self {
        Self { speed: 9600, data_bits: 8, parity: Parity::None, stop_bits: 1, flow: Flow::None }
    }
}

impl Line {
    /// The bits of a byte on the wire: start, data, parity, stop.
    #[must_use]
    pub fn bits_per_byte(&self) -> u32 {
        1 + u32::from(self.data_bits) + u32::from(self.parity != Parity::None) + u32::from(self.stop_bits)
    }

    /// How long so many bytes take.
    #[must_use]
    pub fn time_of(&self, bytes: usize) -> Duration {
        let bits = (bytes as u64).saturating_mul(u64::from(self.bits_per_byte()));
        Duration::from_nanos(bits.saturating_mul(1_000_000_000) / u64::from(self.speed.max(1)))
    }

    /// Whether a byte that one end sends is the same byte at an end that is set so.
    #[must_use]
    pub fn understands(&self, other: &Self) -> bool {
        (self.speed, self.data_bits, self.parity) == (other.speed, other.data_bits, other.parity)
    }
}

impl FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || LineError(text.to_owned());
        let mut parts = text.split(',').map(str::trim);
        let speed = parts.next().and_then(|speed| speed.parse().ok()).filter(|speed| *speed > 0);
        let mut line = Self { speed: speed.ok_or_else(wrong)?, ..Self::default() };
        let mut part = parts.next();
        if let Some((data_bits, parity, stop_bits)) = part.and_then(frame) {
            line = Self { data_bits, parity, stop_bits, ..line };
            part = parts.next();
        }
        line.flow = match part {
            None | Some("none") => Flow::None,
            Some("xonxoff") => Flow::XonXoff,
            Some("rtscts") => Flow::RtsCts,
            Some(_) => return Err(wrong()),
        };
        if parts.next().is_some() { Err(wrong()) } else { Ok(line) }
    }
}

/// `8N1`: data bits, parity, stop bits.
fn frame(text: &str) -> Option<(u8, Parity, u8)> {
    let &[data, parity, stop] = text.as_bytes() else { return None };
    let data_bits = (b'5'..=b'8').contains(&data).then(|| data - b'0')?;
    let stop_bits = (b'1'..=b'2').contains(&stop).then(|| stop - b'0')?;
    let parity = match parity.to_ascii_uppercase() {
        b'N' => Parity::None,
        b'O' => Parity::Odd,
        b'E' => Parity::Even,
        _ => return None,
    };
    Some((data_bits, parity, stop_bits))
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Odd => 'O',
            Parity::Even => 'E',
        };
        write!(f, "{},{}{parity}{}", self.speed, self.data_bits, self.stop_bits)?;
        f.write_str(match self.flow {
            Flow::None => "",
            Flow::XonXoff => ",xonxoff",
            Flow::RtsCts => ",rtscts",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_again() {
        let parities = [Parity::None, Parity::Odd, Parity::Even];
        let flows = [Flow::None, Flow::XonXoff, Flow::RtsCts];
        for (parity, flow) in parities.into_iter().flat_map(|parity| flows.map(|flow| (parity, flow))) {
            for (data_bits, stop_bits) in [(5, 1), (7, 2), (8, 1)] {
                let line = Line { speed: 1200, data_bits, parity, stop_bits, flow };
                assert_eq!(line.to_string().parse(), Ok(line));
            }
        }
        assert_eq!("9600".parse(), Ok(Line::default()));
        assert_eq!("9600,xonxoff".parse(), Ok(Line { flow: Flow::XonXoff, ..Line::default() }));
        assert_eq!("9600, 7e1".parse::<Line>().map(|line| line.to_string()).as_deref(), Ok("9600,7E1"));
    }

    #[test]
    fn what_is_none_is_refused_with_an_example() {
        for text in
            ["", "fast", "0", "-1", "9600,9N1", "9600,8X1", "9600,8N3", "9600,8N1,fast", "9600,8N1,rtscts,x"]
        {
            let error = text.parse::<Line>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}`")) && error.contains("9600,8N1"), "{error}");
        }
    }

    #[test]
    fn ten_bits_a_byte() {
        assert_eq!(Line::default().time_of(960), Duration::from_secs(1));
        let line: Line = "300,8E2".parse().unwrap();
        assert_eq!(line.time_of(25), Duration::from_secs(1));
    }
}
