//! The contents of a FRU inventory device (*IPMI Platform Management FRU Information Storage Definition*,
//! v1.0 rev 1.3): a common header, and areas that say what the chassis, the board and the product are.

use super::layout::{Field, Malformed, Reader};
use super::typed_text::TypedText;

/// Zero minus the sum of the bytes: with it, they add up to zero (§8 and on).
pub fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte))
}

/// Which area of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Chassis info (§10): type; part number, serial number.
    Chassis,
    /// Board info (§11): language, date; manufacturer, product, serial number, part number, file id.
    Board,
    /// Product info (§12): language; manufacturer, name, part number, version, serial number, asset tag, file id.
    Product,
}

impl Kind {
    /// All, in the order in which the common header points to them.
    pub const ALL: [Self; 3] = [Self::Chassis, Self::Board, Self::Product];

    /// Bytes between the area's length and its first text: chassis type, or language and (board) date.
    fn lead_length(self) -> usize {
        match self {
            Self::Chassis | Self::Product => 1,
            Self::Board => 4,
        }
    }

    /// What the texts are called, in their order; more of them are the maker's own.
    pub fn field_names(self) -> &'static [&'static str] {
        match self {
            Self::Chassis => &["part number", "serial number"],
            Self::Board => &["manufacturer", "product name", "serial number", "part number", "FRU file id"],
            Self::Product => &[
                "manufacturer",
                "product name",
                "part number",
                "version",
                "serial number",
                "asset tag",
                "FRU file id",
            ],
        }
    }
}

/// An area of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Bits 3:0: format, 1.
    pub version: u8,
    /// Its length in units of 8 bytes, checksum included.
    pub length: u8,
    /// Chassis type, or language and (of a board) minutes since 1996-01-01, three bytes, low one first.
    pub lead: Vec<u8>,
    /// The texts.
    pub texts: Vec<TypedText>,
    /// What follows the last text as it stands: the end mark, filling, the checksum.
    pub tail: Vec<u8>,
}

impl Area {
    /// An area with these texts: filled up to 8 bytes and with its checksum.
    ///
    /// `lead` is cut or filled with zeros to the length that the kind has; texts that no longer fit into the
    /// longest area (2040 bytes) are left out.
    pub fn new(kind: Kind, lead: &[u8], texts: Vec<TypedText>) -> Self {
        let mut lead = lead.to_vec();
        lead.resize(kind.lead_length(), 0);
        let mut size = 2 + lead.len() + 2; // the end mark and the checksum
        let texts: Vec<_> = texts
            .into_iter()
            .take_while(|text| {
                size += 1 + text.bytes.len();
                size <= 255 * 8
            })
            .collect();
        let used = 2 + lead.len() + 2 + texts.iter().map(|text| 1 + text.bytes.len()).sum::<usize>();
        let length = used.div_ceil(8);
        let mut area = Self { version: 1, length: length as u8, lead, texts, tail: vec![TypedText::END] };
        area.tail.resize(1 + length * 8 - used, 0);
        let sum = checksum(&area.emit());
        area.tail.push(sum);
        area
    }

    /// Reads an area; `data` may go on behind it.
    ///
    /// # Errors
    /// Shorter than its own length says, or than its lead. A wrong checksum is no error: see [`Area::is_sound`].
    pub fn parse(kind: Kind, data: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new("FRU area", data);
        let [version, length] = outer.clone().array()?;
        let mut reader = Reader::new("FRU area", outer.bytes(usize::from(length) * 8)?);
        reader.array::<2>()?;
        let lead = reader.bytes(kind.lead_length())?.to_vec();
        let mut texts = Vec::new();
        let tail = loop {
            let mut ahead = reader.clone();
            // Without an end mark (which real devices forget) the last byte is still the checksum.
            match TypedText::read(&mut ahead) {
                Ok(text) if text.type_length != TypedText::END && ahead.left() > 0 && is_whole(&text) => {
                    texts.push(text)
                }
                _ => break reader.rest().to_vec(),
            }
            reader = ahead;
        };
        Ok(Self { version, length, lead, texts, tail })
    }

    /// The bytes of the area.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.version, self.length];
        out.extend(&self.lead);
        for text in &self.texts {
            text.write(&mut out);
        }
        out.extend(&self.tail);
        out
    }

    /// Whether the checksum is right.
    pub fn is_sound(&self) -> bool {
        checksum(&self.emit()) == 0
    }
}

fn is_whole(text: &TypedText) -> bool {
    text.bytes.len() == usize::from(text.type_length & 0x3f)
}

/// A whole image: the common header (§8) and what it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The image as it stands; what the areas below do not cover survives here.
    image: Vec<u8>,
    areas: Vec<(Kind, usize, Area)>,
}

impl Inventory {
    /// An image with these areas, one behind the other.
    ///
    /// An area that would begin beyond 2040 bytes is left out: the header cannot point to it.
    pub fn new(areas: Vec<(Kind, Area)>) -> Self {
        let mut header = [1_u8, 0, 0, 0, 0, 0, 0, 0];
        let mut image = header.to_vec();
        let mut placed = Vec::new();
        for (kind, area) in areas {
            let start = image.len();
            let (Ok(offset), Some(pointer)) = (u8::try_from(start / 8), header.get_mut(pointer(kind))) else {
                continue;
            };
            *pointer = offset;
            image.extend(area.emit());
            image.resize(image.len().next_multiple_of(8), 0);
            placed.push((kind, start, area));
        }
        let sum = checksum(&header);
        if let Some(last) = header.last_mut() {
            *last = sum;
        }
        image.splice(..8, header);
        Self { image, areas: placed }
    }

    /// Reads an image. An area that cannot be read stays in the image and is left out of [`Inventory::area`].
    ///
    /// # Errors
    /// Shorter than the common header.
    pub fn parse(image: &[u8]) -> Result<Self, Malformed> {
        let header: [u8; 8] = Reader::new("FRU common header", image).array()?;
        let areas = Kind::ALL
            .into_iter()
            .filter_map(|kind| {
                let offset = usize::from(*header.get(pointer(kind))?) * 8;
                let data = image.get(offset..).filter(|_| offset != 0)?;
                Some((kind, offset, Area::parse(kind, data).ok()?))
            })
            .collect();
        Ok(Self { image: image.to_vec(), areas })
    }

    /// The bytes of the image.
    pub fn emit(&self) -> Vec<u8> {
        let mut image = self.image.clone();
        for (_, start, area) in &self.areas {
            for (place, byte) in image.iter_mut().skip(*start).zip(area.emit()) {
                *place = byte;
            }
        }
        image
    }

    /// The area of this kind, if there is one.
    pub fn area(&self, kind: Kind) -> Option<&Area> {
        self.areas.iter().find(|(of, ..)| *of == kind).map(|(.., area)| area)
    }

    /// Whether the checksums of the common header and of all areas are right.
    pub fn is_sound(&self) -> bool {
        self.image.first_chunk::<8>().is_some_and(|header| checksum(header) == 0)
            && self.areas.iter().all(|(.., area)| area.is_sound())
    }
}

/// Where the common header holds the offset of this area.
fn pointer(kind: Kind) -> usize {
    match kind {
        Kind::Chassis => 2,
        Kind::Board => 3,
        Kind::Product => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Inventory, Kind};
    use crate::ipmi::typed_text::TypedText;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_image_is_written_again_as_it_was(header in any::<[u8; 8]>(), image in prop::collection::vec(any::<u8>(), 0..300)) {
            // Offsets that may fall into the image, so that areas are found at all.
            let mut bytes = header.map(|offset| offset % 32).to_vec();
            bytes.extend(image);
            prop_assert_eq!(Inventory::parse(&bytes).map(|image| image.emit()), Ok(bytes));
        }
    }

    fn server() -> Inventory {
        let texts = |texts: &[&str]| texts.iter().map(|text| TypedText::latin1(text)).collect();
        Inventory::new(vec![
            (Kind::Chassis, Area::new(Kind::Chassis, &[0x17], texts(&["CH-1", "0001"]))),
            (Kind::Board, Area::new(Kind::Board, &[0, 1, 2, 3], texts(&["Lab", "Board", "42", "PN", ""]))),
            (
                Kind::Product,
                Area::new(Kind::Product, &[0], texts(&["Lab", "Server", "P", "1.0", "S", "", ""])),
            ),
        ])
    }

    #[test]
    fn what_is_built_reads_back_with_right_checksums() -> Result<(), crate::ipmi::layout::Malformed> {
        let built = server();
        let read = Inventory::parse(&built.emit())?;
        assert!(read.is_sound());
        assert_eq!(read.emit(), built.emit());
        let product =
            read.area(Kind::Product).map(|area| area.texts.iter().map(TypedText::text).collect::<Vec<_>>());
        assert_eq!(product, Some(["Lab", "Server", "P ", "1.0", "S ", "", ""].map(String::from).to_vec()));
        Ok(())
    }

    #[test]
    fn a_changed_byte_is_unsound() -> Result<(), crate::ipmi::layout::Malformed> {
        let mut image = server().emit();
        let board = 8 + 16 + 6;
        image[board] ^= 1;
        assert!(!Inventory::parse(&image)?.is_sound());
        Ok(())
    }
}
