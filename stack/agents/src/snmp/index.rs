//! How a plug is written, which numbers that makes, and where those stand in the index of an object.

use fencelab_wire::snmp::Oid;

/// The numbers that name a plug: an outlet; a switch and an outlet; a PDU, a bank and an outlet.
pub(crate) type Place = Vec<u32>;

/// One arc of the index of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arc {
    /// The same for every plug.
    Fixed(u32),
    /// A number of the plug (counted from 0) and so much more.
    Part(usize, i32),
}

/// A column of a table, with one object for each plug.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its name in the MIB of the device.
    pub(crate) name: &'static str,
    /// The arcs before the index.
    pub(crate) base: &'static [u32],
    /// The index.
    pub(crate) index: &'static [Arc],
}

impl Column {
    /// The column itself, where a walk begins.
    pub(crate) fn oid(&self) -> Oid {
        Oid::from(self.base)
    }

    /// The object of a plug; `None` if the plug's numbers make no index.
    pub(crate) fn object(&self, place: &[u32]) -> Option<Oid> {
        let arcs = self.index.iter().map(|arc| match *arc {
            Arc::Fixed(arc) => Some(arc),
            Arc::Part(part, plus) => place.get(part)?.checked_add_signed(plus),
        });
        let arcs: Vec<u32> = arcs.collect::<Option<_>>()?;
        Some(self.oid().child(&arcs))
    }

    /// The plug of an object; `None` if the object is none of this column's.
    pub(crate) fn place(&self, object: &Oid) -> Option<Place> {
        let index = object.as_arcs().strip_prefix(self.base)?;
        if index.len() != self.index.len() {
            return None;
        }
        let mut place = Place::new();
        for (arc, &found) in self.index.iter().zip(index) {
            match *arc {
                Arc::Fixed(arc) if arc == found => {}
                Arc::Fixed(_) => return None,
                // The parts stand in their order in every table of the field.
                Arc::Part(_, plus) => place.push(found.checked_add_signed(plus.checked_neg()?)?),
            }
        }
        Some(place)
    }
}

/// How a plug is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Notation {
    /// `7`.
    Number,
    /// `7`, which may be written `1:7`: the device has one switch only, and its fellows have several.
    OneSwitch,
    /// `2:7` for outlet 7 of switch 2; `7` alone is on the switch that the options name.
    Switched,
    /// So many numbers with dots between: `1.2.7`.
    Dotted(usize),
    /// A port of a Fibre Channel switch, slot and port: `fc1/7`.
    Port,
}

impl Notation {
    /// The numbers of a plug, if it is written so; otherwise it may be a name. `switch` completes a number.
    ///
    /// # Errors
    /// What is wrong with a plug that is written so, and still means nothing.
    pub(crate) fn parse(self, plug: &str, switch: Option<u32>) -> Result<Option<Place>, String> {
        let pair = plug.split_once(':').and_then(|(switch, outlet)| Some((number(switch)?, number(outlet)?)));
        Ok(match self {
            Self::Number => number(plug).map(|outlet| vec![outlet]),
            Self::OneSwitch => match pair {
                Some((1, outlet)) => Some(vec![outlet]),
                Some((switch, _)) => {
                    return Err(format!("plug {plug}: this device has no switch {switch}, only outlets"));
                }
                None => number(plug).map(|outlet| vec![outlet]),
            },
            Self::Switched => match (pair, number(plug)) {
                (Some((switch, outlet)), _) => Some(vec![switch, outlet]),
                (None, Some(outlet)) => match switch {
                    Some(switch) => Some(vec![switch, outlet]),
                    None => {
                        return Err(format!(
                            "plug {plug}: on which switch? It is written switch:plug, or the option switch names it"
                        ));
                    }
                },
                (None, None) => None,
            },
            Self::Dotted(parts) => {
                let place: Option<Place> = plug.split('.').map(number).collect();
                place.filter(|place| place.len() == parts)
            }
            Self::Port => {
                let parts = plug
                    .get(..2)
                    .filter(|prefix| prefix.eq_ignore_ascii_case("fc"))
                    .and_then(|_| plug.get(2..)?.split_once('/'));
                parts.and_then(|(slot, port)| Some(vec![number(slot)?, number(port)?]))
            }
        })
    }

    /// A plug as it is written.
    pub(crate) fn show(self, place: &[u32]) -> String {
        let numbers: Vec<String> = place.iter().map(u32::to_string).collect();
        match self {
            Self::Number | Self::OneSwitch | Self::Dotted(_) => numbers.join("."),
            Self::Switched => numbers.join(":"),
            Self::Port => format!("fc{}", numbers.join("/")),
        }
    }

    /// What a plug looks like, for an error text.
    pub(crate) fn hint(self) -> String {
        match self {
            Self::Number | Self::OneSwitch => "a number".to_owned(),
            Self::Switched => "a number, or switch:number".to_owned(),
            Self::Dotted(parts) => format!("{parts} numbers with dots between"),
            Self::Port => "fcSLOT/PORT".to_owned(),
        }
    }
}

/// A number of plain digits.
pub(crate) fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: Column =
        Column { name: "x", base: &[1, 3, 9], index: &[Arc::Part(0, 21), Arc::Fixed(1), Arc::Part(1, -1)] };

    #[test]
    fn an_index_and_back() {
        let object = MIDDLE.object(&[1, 3]).unwrap();
        assert_eq!(object.as_arcs(), [1, 3, 9, 22, 1, 2]);
        assert_eq!(MIDDLE.place(&object), Some(vec![1, 3]));
        assert_eq!(MIDDLE.object(&[1, 0]), None, "there is no port before the first");
        assert_eq!(MIDDLE.object(&[u32::MAX, 1]), None);
        assert_eq!(MIDDLE.object(&[1]), None);
        for other in [
            &[1, 3, 9, 22, 2, 2][..],
            &[1, 3, 9, 22, 1],
            &[1, 3, 9, 22, 1, 2, 0],
            &[1, 3, 8, 22, 1, 2],
            &[1, 3, 9, 20, 1, 2],
        ] {
            assert_eq!(MIDDLE.place(&Oid::from(other)), None, "{other:?}");
        }
    }

    #[test]
    fn how_plugs_are_written() {
        let parse = |notation: Notation, plug: &str| notation.parse(plug, Some(4));
        assert_eq!(parse(Notation::Number, "007"), Ok(Some(vec![7])));
        assert_eq!(parse(Notation::Number, "1:7"), Ok(None), "an interface may be called so");
        assert_eq!(parse(Notation::OneSwitch, "7"), Ok(Some(vec![7])));
        assert_eq!(parse(Notation::OneSwitch, "1:7"), Ok(Some(vec![7])));
        assert!(parse(Notation::OneSwitch, "2:7").is_err(), "not outlet 7 of whatever there is");
        assert_eq!(parse(Notation::Switched, "2:7"), Ok(Some(vec![2, 7])));
        assert_eq!(parse(Notation::Switched, "7"), Ok(Some(vec![4, 7])));
        assert!(Notation::Switched.parse("7", None).is_err());
        assert_eq!(parse(Notation::Dotted(3), "1.2.3"), Ok(Some(vec![1, 2, 3])));
        assert_eq!(parse(Notation::Port, "FC10/1"), Ok(Some(vec![10, 1])));
        for (notation, plug) in [
            (Notation::Number, "+7"),
            (Notation::Number, ""),
            (Notation::Number, "99999999999"),
            (Notation::Switched, "rack:db1"),
            (Notation::Switched, ":"),
            (Notation::Dotted(3), "1.2"),
            (Notation::Dotted(3), "1.2.3.4"),
            (Notation::Dotted(3), "1..3"),
            (Notation::Port, "fc1/2/3"),
            (Notation::Port, "fc1"),
            (Notation::Port, "é1/1"),
            (Notation::Port, "f"),
        ] {
            assert_eq!(parse(notation, plug), Ok(None), "{notation:?} {plug}");
        }
        for (notation, plug) in [
            (Notation::Number, "7"),
            (Notation::Switched, "2:7"),
            (Notation::Dotted(3), "1.2.7"),
            (Notation::Port, "fc1/7"),
        ] {
            assert_eq!(notation.show(&parse(notation, plug).unwrap().unwrap()), plug);
        }
    }
}
