//! One option, as data.

/// What values an option takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Present or not on the command line, a boolean on stdin.
    Flag,
    /// Any text.
    Text,
    /// A whole number, not negative.
    Integer,
    /// A whole number of seconds, not negative.
    Seconds,
    /// One of these; case does not matter.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// The type in the metadata.
    pub(crate) fn metadata(self) -> &'static str {
        match self {
            Self::Flag => "boolean",
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Seconds => "second",
            Self::Choice(_) => "select",
        }
    }
}

/// An option. `Copy`, so that an agent takes it from the table and changes what differs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opt {
    /// The name in metadata and on stdin.
    pub(crate) name: &'static str,
    /// The older name, still taken.
    pub(crate) older: Option<&'static str>,
    /// A name that stdin takes too, but the metadata does not speak of.
    alias: Option<&'static str>,
    /// The short option.
    pub(crate) short: Option<char>,
    /// What values it takes.
    pub(crate) kind: Kind,
    /// The value if none is given.
    pub(crate) default: Option<&'static str>,
    /// Whether the metadata marks it as required.
    pub(crate) required: bool,
    /// Whether its value must never be shown.
    pub(crate) secret: bool,
    /// What the usage text calls its value.
    pub(crate) value: &'static str,
    /// Its place in metadata and usage: lower comes first, then by name.
    pub(crate) order: u16,
    /// What it is for.
    pub(crate) text: &'static str,
}

impl Opt {
    /// An option of an agent's own, among the first in the metadata.
    pub(crate) const fn new(name: &'static str, kind: Kind, text: &'static str) -> Self {
        let value = match kind {
            Kind::Seconds => "seconds",
            Kind::Integer => "number",
            _ => "value",
        };
        Self {
            name,
            older: None,
            alias: None,
            short: None,
            kind,
            default: None,
            required: false,
            secret: false,
            value,
            order: 1,
            text,
        }
    }

    pub(crate) const fn older(self, older: &'static str) -> Self {
        Self { older: Some(older), ..self }
    }

    pub(crate) const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    pub(crate) const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    pub(crate) const fn value(self, value: &'static str) -> Self {
        Self { value, ..self }
    }

    pub(crate) const fn order(self, order: u16) -> Self {
        Self { order, ..self }
    }

    pub(crate) const fn text(self, text: &'static str) -> Self {
        Self { text, ..self }
    }

    /// The long option without its leading dashes.
    pub(crate) fn long_name(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Whether the command line gives it a value.
    pub(crate) fn takes_value(&self) -> bool {
        self.kind != Kind::Flag
    }

    /// Whether `key` on stdin means this option: its name or its older name, with `_` or `-`.
    pub(crate) fn answers_to(&self, key: &str) -> bool {
        let same = |name: &str| {
            name.len() == key.len()
                && name
                    .bytes()
                    .zip(key.bytes())
                    .all(|(a, b)| a == b || (matches!(a, b'_' | b'-') && matches!(b, b'_' | b'-')))
        };
        same(self.name) || self.older.is_some_and(same) || self.alias.is_some_and(same)
    }

    /// How the usage text and the metadata show it: `-a, --ip=[address]`.
    pub(crate) fn mixed(&self) -> String {
        let short = self.short.map(|short| format!("-{short}, ")).unwrap_or_default();
        let value = if self.takes_value() { format!("=[{}]", self.value) } else { String::new() };
        format!("{short}--{}{value}", self.long_name())
    }
}
