//! Texts with a type/length byte, as SDRs and FRU areas carry them (IPMI 2.0, §43.15; FRU 1.3, §13).

use super::layout::{Field, Malformed, Reader};

/// How a text is coded: bits 7:6 of its type/length byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `00`: Unicode in an SDR, binary or unspecified in a FRU area.
    Raw,
    /// `01`: BCD plus space, dash and period.
    BcdPlus,
    /// `10`: six bits a character, packed, from space on.
    SixBit,
    /// `11`: eight bits, ASCII and Latin-1.
    Latin1,
}

/// A text with its type/length byte. If the record ends too early, `bytes` is shorter than the length says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedText {
    /// Bits 7:6: [`Coding`]; bits 5:0: length in bytes (in an SDR bits 4:0, bit 5 reserved).
    pub type_length: u8,
    /// The text as it stands.
    pub bytes: Vec<u8>,
}

impl TypedText {
    /// The type/length byte that ends the fields of a FRU area.
    pub const END: u8 = 0xc1;

    /// A text in Latin-1: at most 31 bytes of it, which fit everywhere; other characters become `?`.
    ///
    /// A single character is padded with a space: its type/length byte would be the mark [`Self::END`].
    pub fn latin1(text: &str) -> Self {
        let mut bytes: Vec<u8> = text.chars().take(31).map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
        if bytes.len() == 1 {
            bytes.push(b' ');
        }
        Self { type_length: 0xc0 | bytes.len() as u8, bytes }
    }

    /// How it is coded.
    pub fn coding(&self) -> Coding {
        match self.type_length >> 6 {
            0 => Coding::Raw,
            1 => Coding::BcdPlus,
            2 => Coding::SixBit,
            _ => Coding::Latin1,
        }
    }

    /// The text for a person; raw bytes as hexadecimal digits.
    pub fn text(&self) -> String {
        match self.coding() {
            Coding::Raw => crate::hex::hex(&self.bytes),
            Coding::BcdPlus => {
                self.bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]).map(bcd_plus).collect()
            }
            Coding::SixBit => six_bit(&self.bytes),
            Coding::Latin1 => self.bytes.iter().map(|byte| char::from(*byte)).collect(),
        }
    }
}

fn bcd_plus(digit: u8) -> char {
    match digit {
        0..=9 => char::from(b'0' + digit),
        10 => ' ',
        11 => '-',
        12 => '.',
        13 => ':',
        14 => ',',
        _ => '_',
    }
}

/// Three bytes hold four characters, the first in the low bits of the first byte.
fn six_bit(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let packed = chunk.iter().rev().fold(0_u32, |packed, byte| packed << 8 | u32::from(*byte));
        for place in 0..chunk.len() * 8 / 6 {
            let code = packed >> (6 * place) & 0x3f;
            text.push(char::from(b' ' + code as u8));
        }
    }
    text
}

impl Field for TypedText {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let type_length = reader.u8()?;
        let length = usize::from(type_length & 0x3f).min(reader.left());
        Ok(Self { type_length, bytes: reader.bytes(length)?.to_vec() })
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.type_length);
        out.extend(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::TypedText;

    #[test]
    fn each_coding_reads_as_the_standard_says() {
        // FRU 1.3, §13.3: "IPMI" packs as 29 DC A6.
        let packed = TypedText { type_length: 0x83, bytes: vec![0x29, 0xdc, 0xa6] };
        assert_eq!(packed.text(), "IPMI");
        assert_eq!(TypedText { type_length: 0x42, bytes: vec![0x12, 0xbc] }.text(), "12-.");
        assert_eq!(TypedText { type_length: 0x02, bytes: vec![0x12, 0xbc] }.text(), "12bc");
        assert_eq!(TypedText::latin1("Fan 1").text(), "Fan 1");
    }

    #[test]
    fn a_single_character_is_never_mistaken_for_the_end() {
        assert_ne!(TypedText::latin1("A").type_length, TypedText::END);
    }
}
