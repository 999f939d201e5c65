//! Shapes: what differs from site to site in devices of one model. How many plugs there are, how people called them, what
//! the describing texts say. A shape changes a description before anything is made of it, so templates follow by themselves.
//!
//! ```text
//! plugs=100
//! plugs=10,names=long
//! ```
//! The empty shape is the device as described. See [`Description`] for how one is applied.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, suggest};
use crate::spec::Description;

/// What is unlike the description. Absent parts are as described.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Shape {
    /// So many plugs, over all banks.
    pub plugs: Option<u16>,
    /// Names of the plugs.
    pub names: Option<Names>,
    /// Texts that describe the device as a whole.
    pub banner: Option<Banner>,
}

impl Shape {
    /// Counts of plugs worth trying: about the borders of one, two and three digits.
    pub const COUNTS: [u16; 7] = [2, 9, 10, 16, 24, 100, 1000];

    /// Those with one part each that mean something for the device in a folder: they load, and differ from what is described.
    ///
    /// # Errors
    /// The device does not load as it is described.
    pub fn catalogue(folder: &Path) -> Result<Vec<Self>, Error> {
        let variants = Description::read(folder)?.variants()?;
        Ok(variants.into_iter().map(|(shape, _)| shape).collect())
    }

    /// Every shape with one part that is worth trying on some device.
    pub fn all() -> impl Iterator<Item = Self> {
        let plugs = Self::COUNTS.into_iter().map(|count| Self { plugs: Some(count), ..Self::default() });
        let names = Names::ALL.into_iter().map(|names| Self { names: Some(names), ..Self::default() });
        let banners = Banner::ALL.into_iter().map(|banner| Self { banner: Some(banner), ..Self::default() });
        plugs.chain(names).chain(banners)
    }

    /// Whether it is the device as described.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.plugs.map(|count| format!("plugs={count}")),
            self.names.map(|names| format!("names={}", names.name())),
            self.banner.map(|banner| format!("banner={}", banner.name())),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

/// What is wrong with a written shape, and how to mend it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("shape `{part}`: {what}")]
pub struct ShapeError {
    /// The part that is wrong.
    pub part: String,
    /// What is wrong and how to mend it.
    pub what: String,
}

impl FromStr for Shape {
    type Err = ShapeError;

    fn from_str(text: &str) -> Result<Self, ShapeError> {
        let mut shape = Self::default();
        if text.trim().is_empty() {
            return Ok(shape);
        }
        for part in text.split(',').map(str::trim) {
            let wrong = |what: String| ShapeError { part: part.to_owned(), what };
            let (key, value) = part
                .split_once('=')
                .map(|(key, value)| (key.trim(), value.trim()))
                .ok_or_else(|| wrong("write for example `plugs=100`".to_owned()))?;
            let twice = match key {
                "plugs" => {
                    let count = value.parse().ok().filter(|count| *count > 0);
                    let count = count.ok_or_else(|| wrong("a count of plugs is 1 to 65535".to_owned()))?;
                    shape.plugs.replace(count).is_some()
                }
                "names" => {
                    let all = Names::ALL.map(|names| (names.name(), names));
                    shape.names.replace(word(value, &all).map_err(wrong)?).is_some()
                }
                "banner" => {
                    let all = Banner::ALL.map(|banner| (banner.name(), banner));
                    shape.banner.replace(word(value, &all).map_err(wrong)?).is_some()
                }
                other => {
                    let mend = suggest(other, ["plugs", "names", "banner"]).unwrap_or_default();
                    return Err(wrong(format!("there is no `{other}`; {mend}")));
                }
            };
            if twice {
                return Err(wrong(format!("`{key}` is said twice")));
            }
        }
        Ok(shape)
    }
}

fn word<T: Copy>(value: &str, all: &[(&'static str, T)]) -> Result<T, String> {
    all.iter().find(|(name, _)| *name == value).map(|(_, kind)| *kind).ok_or_else(|| {
        let mend = suggest(value, all.iter().map(|(name, _)| *name)).unwrap_or_default();
        format!("there is no kind `{value}`; {mend}")
    })
}

/// How the plugs are called.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Names {
    /// Many begin with others, or hold them: `node11`, `node111`, `node1`, `node10`.
    Nested,
    /// 200 characters, unlike only in the last ones.
    Long,
    /// UTF-8 beyond ASCII.
    NonAscii,
    /// With blanks, commas and quotes inside.
    Blank,
    /// All plugs have one name.
    Same,
    /// No plug has one.
    Empty,
    /// What looks like a state: `off`, `Power is off`, `on-3`.
    OnOff,
    /// Each is the number of the next plug.
    Numbers,
}

impl Names {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Nested,
        Self::Long,
        Self::NonAscii,
        Self::Blank,
        Self::Same,
        Self::Empty,
        Self::OnOff,
        Self::Numbers,
    ];

    /// The word in a shape.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nested => "nested",
            Self::Long => "long",
            Self::NonAscii => "non-ascii",
            Self::Blank => "blank",
            Self::Same => "same",
            Self::Empty => "empty",
            Self::OnOff => "on-off",
            Self::Numbers => "numbers",
        }
    }

    /// Whether no two plugs are called the same, so that a name can be the plug's identity.
    #[must_use]
    pub fn tell_apart(self) -> bool {
        !matches!(self, Self::Same | Self::Empty)
    }

    /// The names for plugs that are described as called so, in the device's order.
    pub(crate) fn of(self, plugs: &[String]) -> Vec<String> {
        let next = |index: usize| plugs.get((index + 1) % plugs.len().max(1));
        let one = |index: usize| {
            let place = index + 1;
            match self {
                Self::Nested => nested(index),
                Self::Long => format!("{place:n>200}"),
                Self::NonAscii => format!("{}{place}", cycled(&["Knoten-ä", "nœud-é", "узел-"], index)),
                Self::Blank => format!("rack {place}, \"node {place}\" 'left'"),
                Self::Same => "server".to_owned(),
                Self::Empty => String::new(),
                Self::OnOff => {
                    let word = cycled(&["off", "on", "Power is off", "Power is on"], index);
                    if index < 4 { word.to_owned() } else { format!("{word}-{place}") }
                }
                Self::Numbers => match next(index) {
                    // Where plugs have no numbers, their places are what people count.
                    Some(name) if is_word(name) => ((index + 1) % plugs.len() + 1).to_string(),
                    Some(name) => name.clone(),
                    None => place.to_string(),
                },
            }
        };
        (0..plugs.len()).map(one).collect()
    }
}

/// Whether a plug is called by a word, not by its number.
pub(crate) fn is_word(plug: &str) -> bool {
    plug.contains(char::is_alphabetic)
}

fn cycled(words: &[&'static str], index: usize) -> &'static str {
    index.checked_rem(words.len()).and_then(|index| words.get(index)).copied().unwrap_or_default()
}

/// Eight names that hold one another, and for every eight plugs more the same ones behind another word.
fn nested(index: usize) -> String {
    // Longer ones stand before and behind those that they hold: whoever takes the first that fits errs, and the last, too.
    let end = cycled(&["11", "111", "1", "1111", "10", "100", "101", "110"], index);
    match index / 8 {
        0 => format!("node{end}"),
        rack => format!("rack{rack}-node{end}"),
    }
}

/// How the device describes itself. The described text stays in front: some agents know their device by it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Banner {
    /// 1,000 characters.
    Long,
    /// Ends of lines inside.
    Lines,
    /// UTF-8 beyond ASCII.
    NonAscii,
    /// Words such as "off", "error", and "=".
    Off,
}

impl Banner {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Long, Self::Lines, Self::NonAscii, Self::Off];

    /// The word in a shape.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Lines => "lines",
            Self::NonAscii => "non-ascii",
            Self::Off => "off",
        }
    }

    /// The text in place of a described one.
    pub(crate) fn of(self, text: &str) -> String {
        match self {
            Self::Long => {
                let length = text.chars().count();
                let more = " and more of it".chars().cycle().take(1000_usize.saturating_sub(length));
                text.chars().take(1000).chain(more).collect()
            }
            Self::Lines => format!("{text}\r\nsecond line\nthird line\r\n"),
            Self::NonAscii => format!("{text} – Gerät in Köln, 配电盘"),
            Self::Off => format!("{text} status = off; error=1: \"power is off\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_as_many_and_tell_apart() {
        for plugs in [1, 2, 9, 24, 1000] {
            let numbers: Vec<String> = (1..=plugs).map(|number| number.to_string()).collect();
            for kind in Names::ALL {
                let mut names = kind.of(&numbers);
                assert_eq!(names.len(), plugs);
                names.sort();
                names.dedup();
                assert_eq!(names.len(), if kind.tell_apart() { plugs } else { 1 }, "{}", kind.name());
            }
        }
        let names = |kind: Names, plugs: &[&str]| {
            kind.of(&plugs.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names(Names::Nested, &["1", "2", "3"]), ["node11", "node111", "node1"]);
        assert_eq!(names(Names::Numbers, &["1", "2", "3"]), ["2", "3", "1"]);
        assert_eq!(names(Names::Numbers, &["eth0/1", "eth0/2"]), ["2", "1"]);
        assert_eq!(names(Names::Long, &["1"])[0].chars().count(), 200);
        assert!(Names::Long.of(&vec![String::new(); 1000]).iter().all(|name| name.chars().count() == 200));
        assert_eq!(Banner::Long.of("sysDescr").chars().count(), 1000);
        assert_eq!(Banner::Long.of(&"ä".repeat(2000)).chars().count(), 1000);
    }

    #[test]
    fn errors_say_what_and_how_to_mend() {
        for (text, part) in [
            ("plugs", "write for example `plugs=100`"),
            ("plugs=0", "1 to 65535"),
            ("plugs=many", "1 to 65535"),
            ("names=nestled", "did you mean `nested`?"),
            ("plug=3", "did you mean `plugs`?"),
            ("plugs=3,plugs=4", "said twice"),
            ("banner=loud", "there is no kind `loud`"),
            ("plugs=3,", "write for example"),
        ] {
            let error = text.parse::<Shape>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert_eq!("".parse(), Ok(Shape::default()));
        assert_eq!(" plugs = 10 , names=long".parse::<Shape>().unwrap().to_string(), "plugs=10,names=long");
    }

    proptest! {
        #[test]
        fn written_is_read_back(
            plugs in proptest::option::of(1u16..),
            names in proptest::option::of(0..Names::ALL.len()),
            banner in proptest::option::of(0..Banner::ALL.len()),
        ) {
            let shape = Shape { plugs, names: names.map(|at| Names::ALL[at]), banner: banner.map(|at| Banner::ALL[at]) };
            prop_assert_eq!(shape.to_string().parse(), Ok(shape));
        }

        #[test]
        fn any_text_is_survived(text in "[a-z=,0-9 -]{0,40}|.*") { let _ = text.parse::<Shape>(); }
    }
}
