//! Texts of a console: templates over the plugs, in the language of Jinja.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, UndefinedBehavior, Value};

use crate::spec::snmp::{Of, Pattern};

/// So much work may a text be: a table of a thousand plugs needs a fifth of it.
const FUEL: u64 = 500_000;

/// A text: as it stands, or a template by its number among those of its console.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Text {
    /// It is the same for ever.
    Plain(String),
    /// It is made anew each time.
    Made {
        /// The template's name.
        name: String,
        /// Of which plugs it tells the power.
        tells: Tells,
    },
}

/// Of which plugs a text tells the power.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tells {
    /// Of none.
    Nothing,
    /// Of the chosen one.
    Chosen,
    /// Of all.
    All,
}

impl Text {
    /// Whether it tells of the power of plugs.
    #[must_use]
    pub fn tells(&self) -> bool {
        matches!(self, Self::Made { tells: Tells::Chosen | Tells::All, .. })
    }
}

/// The templates of a console.
#[derive(Clone, Debug)]
pub struct Texts {
    environment: Arc<Environment<'static>>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct TextError {
    /// In the words of the template engine.
    pub what: String,
    /// The line within the text, from 1.
    pub line: Option<usize>,
}

/// What a plug looks like in a text.
#[derive(Clone, Debug)]
pub struct PlugView {
    /// Its name in the plant.
    pub id: String,
    /// Its place, from 1.
    pub place: usize,
    /// The word for its power.
    pub shows: String,
    /// `on` or `off`, as the device believes.
    pub power: String,
    /// Further columns.
    pub columns: BTreeMap<String, String>,
}

impl PlugView {
    fn value(&self) -> Value {
        let own = [
            ("id", Value::from(self.id.as_str())),
            ("place", Value::from(self.place)),
            ("shows", Value::from(self.shows.as_str())),
            ("power", Value::from(self.power.as_str())),
        ];
        let columns = self.columns.iter().map(|(name, text)| (name.as_str(), Value::from(text.as_str())));
        table(columns.chain(own))
    }
}

/// A value with names in it.
fn table<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> Value {
    Value::from(entries.map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<String, Value>>())
}

/// What a text is made of.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Every plug that the device has.
    pub plugs: Vec<PlugView>,
    /// The chosen one.
    pub plug: Option<PlugView>,
    /// What was typed, by the names of the patterns.
    pub typed: BTreeMap<String, String>,
    /// Vendor, model, firmware.
    pub device: BTreeMap<&'static str, String>,
}

/// Names that a text may use besides what was typed.
pub(crate) const NAMES: [&str; 6] = ["plugs", "plug", "input", "user", "device", "loop"];

/// Collects templates.
#[derive(Debug)]
pub(crate) struct Builder {
    environment: Environment<'static>,
    count: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let mut environment = Environment::new();
        // Tags on lines of their own leave nothing behind. The delimiters are the usual ones, so that nothing can be wrong.
        if let Ok(syntax) =
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
        {
            environment.set_syntax(syntax);
        }
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(FUEL));
        environment.add_filter("left", left);
        environment.add_filter("right", right);
        environment.add_filter("centre", centre);
        environment.add_filter("cut", cut);
        Self { environment, count: 0 }
    }

    /// Reads a text. `known` are the names that it may use.
    pub(crate) fn text(&mut self, source: &str, known: &dyn Fn(&str) -> bool) -> Result<Text, TextError> {
        if !source.contains("{{") && !source.contains("{%") && !source.contains("{#") {
            return Ok(Text::Plain(source.to_owned()));
        }
        self.count += 1;
        let name = self.count.to_string();
        self.environment
            .add_template_owned(name.clone(), source.to_owned())
            .map_err(|error| TextError::of(&error))?;
        let template = self.environment.get_template(&name).map_err(|error| TextError::of(&error))?;
        let mut used: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        used.sort();
        if let Some(unknown) = used.iter().find(|name| !known(name)) {
            return Err(TextError { what: format!("there is no `{unknown}` in texts"), line: None });
        }
        let is_about_power = source.contains("shows") || source.contains(".power");
        let tells = match used.iter().any(|name| name == "plugs") {
            true => Tells::All,
            false if is_about_power => Tells::Chosen,
            false => Tells::Nothing,
        };
        Ok(Text::Made { name, tells })
    }

    pub(crate) fn build(self) -> Texts {
        Texts { environment: Arc::new(self.environment) }
    }
}

impl TextError {
    fn of(error: &Error) -> Self {
        let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Self { what, line: error.line() }
    }
}

impl Texts {
    /// The text, with `\n` at the end of its lines.
    ///
    /// # Errors
    /// What the template engine says.
    pub fn make(&self, text: &Text, view: &View) -> Result<String, TextError> {
        let name = match text {
            Text::Plain(text) => return Ok(text.clone()),
            Text::Made { name, .. } => name,
        };
        let template = self.environment.get_template(name).map_err(|error| TextError::of(&error))?;
        let mut names: BTreeMap<&str, Value> = BTreeMap::new();
        for (name, typed) in &view.typed {
            names.insert(name, Value::from(typed.as_str()));
        }
        names.insert("plugs", view.plugs.iter().map(PlugView::value).collect());
        if let Some(plug) = &view.plug {
            names.insert("plug", plug.value());
        }
        names.insert(
            "device",
            table(view.device.iter().map(|(key, text)| (*key, Value::from(text.as_str())))),
        );
        template.render(table(names.into_iter())).map_err(|error| TextError::of(&error))
    }
}

/// Filled up with blanks to so many characters, on the right.
fn left(text: String, width: usize) -> String {
    format!("{text:<width$}", width = width.min(LONGEST))
}

/// Filled up with blanks to so many characters, on the left.
fn right(text: String, width: usize) -> String {
    format!("{text:>width$}", width = width.min(LONGEST))
}

/// Filled up with blanks to so many characters, on both sides.
fn centre(text: String, width: usize) -> String {
    format!("{text:^width$}", width = width.min(LONGEST))
}

/// The first so many characters.
fn cut(text: String, width: usize) -> String {
    text.chars().take(width).collect()
}

/// Wider than any terminal.
const LONGEST: usize = 1000;

/// What is written of a plug besides its power.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Column {
    /// The same pattern for each.
    Pattern(Pattern),
    /// One a plug.
    List(Vec<String>),
}

impl Column {
    /// What is written of the plug at this index.
    #[must_use]
    pub fn of(&self, index: usize, plug: &str, count: usize) -> String {
        match self {
            Self::Pattern(pattern) => {
                pattern.expand(Of { plug, place: index + 1, count }).unwrap_or_default()
            }
            Self::List(list) => list.get(index).cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(source: &str, plugs: usize) -> String {
        let mut builder = Builder::new();
        let text = builder.text(source, &|name| NAMES.contains(&name)).unwrap();
        let plug = |place: usize| PlugView {
            id: place.to_string(),
            place,
            shows: "On".to_owned(),
            power: "on".to_owned(),
            columns: BTreeMap::from([("name".to_owned(), format!("Outlet {place}"))]),
        };
        let view = View { plugs: (1..=plugs).map(plug).collect(), plug: Some(plug(3)), ..View::default() };
        builder.build().make(&text, &view).unwrap()
    }

    #[test]
    fn tables_are_made_of_plugs() {
        assert_eq!(made("{{ plug.name|left(10) }}|", 0), "Outlet 3  |");
        assert_eq!(
            made(
                "a\n{% for p in plugs %}\n{{ p.place|right(2) }}: {{ p.name }}: {{ p.shows }}\n{% endfor %}\nb\n",
                2
            ),
            "a\n 1: Outlet 1: On\n 2: Outlet 2: On\nb\n"
        );
    }
}
