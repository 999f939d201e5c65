//! Identifiers and values with places for a plug: `1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.{plug}`, `{1+21}.{2-1}`.

/// Text with placeholders: `{plug}` the plug's name, `{n}` its place from 1, `{1}`, `{2}` … the first, second … number in its
/// name, `{count}` how many plugs there are; each with `+k` or `-k`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Text(String),
    /// What, and what is added to it.
    Plug(What, i64),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Name,
    Place,
    /// From 1.
    Number(usize),
    Count,
}

/// The plug that a text is made for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Of<'a> {
    /// Its name.
    pub plug: &'a str,
    /// Its place among all plugs of the device, from 1.
    pub place: usize,
    /// How many plugs the object is about.
    pub count: usize,
}

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// A bracket without its partner, or an unknown placeholder.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (inside, after) = after.split_once('}').ok_or("a `{` without its `}`")?;
            parts.push(placeholder(inside)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// Whether it is the same for every plug.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The text before the first placeholder.
    #[must_use]
    pub fn before(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// Whether it is about the device as a whole: it counts the plugs, and names none.
    #[must_use]
    pub fn counts(&self) -> bool {
        let is_of_device = |part: &Part| matches!(part, Part::Text(_) | Part::Plug(What::Count, _));
        !self.is_constant() && self.parts.iter().all(is_of_device)
    }

    /// The text between the placeholders.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Plug(..) => None,
        })
    }

    /// Whether the plug's name stands in it as it is.
    #[must_use]
    pub fn names_plug(&self) -> bool {
        self.parts.contains(&Part::Plug(What::Name, 0))
    }

    /// The text for a plug.
    ///
    /// # Errors
    /// The name has no such number.
    pub fn expand(&self, of: Of<'_>) -> Result<String, String> {
        let Of { plug, place, count } = of;
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Plug(What::Name, 0) => text.push_str(plug),
                Part::Plug(what, add) => {
                    let number = match what {
                        What::Name => plug.parse().ok(),
                        What::Place => i64::try_from(place).ok(),
                        What::Count => i64::try_from(count).ok(),
                        What::Number(index) => numbers(plug).nth(index.saturating_sub(1)),
                    };
                    let sum = number.and_then(|number: i64| number.checked_add(*add)).filter(|sum| *sum >= 0);
                    let sum = sum.ok_or_else(|| match what {
                        What::Name => format!("the plug `{plug}` is no number to count with"),
                        What::Place => format!("the place of plug `{plug}` is below 0 then"),
                        What::Count => format!("with {count} plugs that is below 0"),
                        What::Number(index) => format!("the plug `{plug}` has no number {index} that fits"),
                    })?;
                    text.push_str(&sum.to_string());
                }
            }
        }
        Ok(text)
    }
}

/// The numbers in a name, in order.
fn numbers(name: &str) -> impl Iterator<Item = i64> + '_ {
    name.split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .filter_map(|part| part.parse().ok())
}

fn placeholder(inside: &str) -> Result<Part, String> {
    let unknown = || {
        format!("there is no placeholder `{{{inside}}}`; write {{plug}}, {{n}}, {{1}}, {{count}} or {{n-1}}")
    };
    let (word, add) = match inside.find(['+', '-']) {
        Some(at) => {
            let (word, sum) = inside.split_at(at);
            (word, sum.parse::<i32>().map_err(|_| unknown())?)
        }
        None => (inside, 0),
    };
    let what = match word.trim() {
        "plug" => What::Name,
        "n" => What::Place,
        "count" => What::Count,
        number => match number.parse() {
            Ok(index) if (1..=16).contains(&index) => What::Number(index),
            _ => return Err(unknown()),
        },
    };
    Ok(Part::Plug(what, i64::from(add)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        let expand = |pattern: &str, plug: &str, place| {
            Pattern::parse(pattern).and_then(|p| p.expand(Of { plug, place, count: 24 }))
        };
        assert_eq!(expand("1.4.{plug}", "3", 3), Ok("1.4.3".to_owned()));
        assert_eq!(expand("1.{1+21}.{2-1}", "fc1/3", 3), Ok("1.22.2".to_owned()));
        assert_eq!(expand("2.{n-1}.0", "a", 1), Ok("2.0.0".to_owned()));
        assert_eq!(expand("95.{plug}", "1.1.5", 5), Ok("95.1.1.5".to_owned()));
        assert_eq!(expand("{plug+1}", "7", 1), Ok("8".to_owned()));
        assert_eq!(expand("{count} of {count+4}", "a", 1), Ok("24 of 28".to_owned()));
        assert!(expand("{count-25}", "a", 1).is_err());
        assert!(Pattern::parse("{count+1}").unwrap().counts());
        assert!(!Pattern::parse("{count}.{n}").unwrap().counts());
        assert!(!Pattern::parse("24").unwrap().counts());
        assert!(expand("{plug+1}", "a", 1).is_err());
        assert!(expand("{2}", "a1", 1).is_err());
        assert!(expand("{n-2}", "a1", 1).is_err());
        for wrong in ["{", "{bank}", "{0}", "{n*2}", "{n+}"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
