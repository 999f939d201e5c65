//! What an agent says of itself: the actions and parameters in its metadata.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::case::Action;

/// One parameter of an agent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parameter {
    /// `boolean`, `string`, `second`, `integer` or `select`.
    pub kind: String,
    /// The default, if it has one.
    pub default: Option<String>,
    /// The long option, without dashes.
    pub long: Option<String>,
    /// The values that a `select` allows; empty for other kinds.
    pub choices: Vec<String>,
    /// Whether a newer name exists.
    pub deprecated: bool,
}

/// An agent's metadata, as far as the suites need it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Advert {
    /// The agent's own name.
    pub name: String,
    /// The advertised actions that the contract knows, each once, in the order of the document.
    pub actions: Vec<Action>,
    /// Advertised actions that the contract does not know.
    pub unknown_actions: Vec<String>,
    /// Whether `on` is to be called when a node joins (`automatic`), or by the node itself (`on_target`): unfencing.
    pub unfences: bool,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
}

/// Why metadata could not be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MetadataError {
    /// It is not well-formed XML.
    #[error("the metadata is not well-formed XML: {0}")]
    Xml(String),
    /// The root is another element.
    #[error("the metadata's root is <{0}>, and must be <resource-agent>")]
    Root(String),
    /// Something the contract requires is missing.
    #[error("the metadata has no {0}")]
    Missing(&'static str),
}

impl Advert {
    /// Reads the metadata that an agent printed.
    ///
    /// # Errors
    /// When it is not well-formed, is not a fence agent's, or names neither parameters nor actions.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        let mut reader = Reader::from_str(text.trim_start());
        let mut advert = Advert::default();
        let mut path: Vec<String> = Vec::new();
        let mut parameter: Option<(String, Parameter)> = None;
        let mut rooted = false;
        loop {
            let event = reader.read_event().map_err(|error| MetadataError::Xml(error.to_string()))?;
            match event {
                Event::Start(ref element) | Event::Empty(ref element) => {
                    let name = local(element);
                    if path.is_empty() {
                        if rooted || name != "resource-agent" {
                            return Err(MetadataError::Root(name));
                        }
                        rooted = true;
                    }
                    advert.open(&name, element, &mut parameter)?;
                    if matches!(event, Event::Start(_)) {
                        path.push(name);
                    }
                }
                Event::End(_) => {
                    let closed = path.pop();
                    if closed.as_deref() == Some("parameter") {
                        advert.parameters.extend(parameter.take());
                    }
                }
                Event::Text(text) if path.is_empty() && !text.iter().all(u8::is_ascii_whitespace) => {
                    return Err(MetadataError::Xml("text outside of the root element".to_owned()));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if let Some(open) = path.last() {
            return Err(MetadataError::Xml(format!("<{open}> is not closed")));
        }
        if !rooted {
            return Err(MetadataError::Missing("element"));
        }
        if advert.parameters.is_empty() {
            return Err(MetadataError::Missing("parameter"));
        }
        if advert.actions.is_empty() {
            return Err(MetadataError::Missing("action"));
        }
        Ok(advert)
    }

    fn open(
        &mut self,
        name: &str,
        element: &BytesStart<'_>,
        parameter: &mut Option<(String, Parameter)>,
    ) -> Result<(), MetadataError> {
        let attributes = attributes(element)?;
        let get = |key: &str| attributes.get(key).cloned();
        match name {
            "resource-agent" => self.name = get("name").ok_or(MetadataError::Missing("agent name"))?,
            "parameter" => {
                let key = get("name").ok_or(MetadataError::Missing("parameter name"))?;
                let deprecated = get("deprecated").is_some_and(|value| value == "1");
                *parameter = Some((key, Parameter { deprecated, ..Parameter::default() }));
            }
            "getopt" => {
                if let Some((_, parameter)) = parameter {
                    let mixed = get("mixed").unwrap_or_default();
                    let long = mixed
                        .split("--")
                        .nth(1)
                        .map(|rest| rest.split(['=', ' ', ',']).next().unwrap_or(rest));
                    parameter.long = long.map(str::to_owned);
                }
            }
            "content" => {
                if let Some((_, parameter)) = parameter {
                    parameter.kind = get("type").unwrap_or_default();
                    parameter.default = get("default");
                }
            }
            "option" => {
                if let Some((_, parameter)) = parameter {
                    parameter.choices.extend(get("value"));
                }
            }
            "action" => {
                let word = get("name").ok_or(MetadataError::Missing("action name"))?;
                let is_set = |key: &str| attributes.get(key).is_some_and(|value| value == "1");
                self.unfences |= word == "on" && (is_set("automatic") || is_set("on_target"));
                match word.parse() {
                    Ok(action) if self.actions.contains(&action) => {}
                    Ok(action) => self.actions.push(action),
                    Err(_) => self.unknown_actions.push(word),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether it cuts a node off from what it shares instead of taking its power: it knows off and on, and no reboot.
    pub fn is_fabric(&self) -> bool {
        let has = |action| self.actions.contains(&action);
        has(Action::Off) && has(Action::On) && !has(Action::Reboot)
    }

    /// The first of several names for one thing that this agent has: newer names are given first.
    pub fn first_of<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().find(|name| self.parameters.contains_key(**name)).copied()
    }

    /// The defaults of its parameters.
    pub fn defaults(&self) -> BTreeMap<String, String> {
        let with_default =
            |(key, parameter): (&String, &Parameter)| Some((key.clone(), parameter.default.clone()?));
        self.parameters.iter().filter_map(with_default).collect()
    }

    /// Parameters that name the tool which the agent runs: `ipmitool_path` and its kin, with their defaults. A tool that is
    /// run only when asked for (`sudo_path`) is not among them.
    pub fn tools(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().filter_map(|(key, parameter)| {
            let default = parameter.default.as_deref().filter(|path| path.starts_with('/'))?;
            (key.ends_with("_path") && key != "sudo_path").then_some((key.as_str(), default))
        })
    }
}

fn local(element: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(element.local_name().as_ref()).into_owned()
}

fn attributes(element: &BytesStart<'_>) -> Result<BTreeMap<String, String>, MetadataError> {
    let xml = |error: &dyn std::fmt::Display| MetadataError::Xml(error.to_string());
    element
        .attributes()
        .map(|attribute| {
            let attribute = attribute.map_err(|error| xml(&error))?;
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let raw = String::from_utf8_lossy(&attribute.value).into_owned();
            let value = quick_xml::escape::unescape(&raw).map_err(|error| xml(&error))?.into_owned();
            Ok((key, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"<?xml version="1.0" ?>
<resource-agent name="fence_x" shortdesc="x &amp; y">
<parameters>
<parameter name="ip" unique="0" required="1" obsoletes="ipaddr"><getopt mixed="-a, --ip=[ip]" /><content type="string" /><shortdesc lang="en">t</shortdesc></parameter>
<parameter name="ipaddr" deprecated="1"><getopt mixed="-a, --ip=[ip]" /><content type="string" /></parameter>
<parameter name="power_wait"><getopt mixed="--power-wait=[seconds]" /><content type="second" default="2" /></parameter>
<parameter name="lanplus"><getopt mixed="-P, --lanplus" /><content type="boolean" default="0" /></parameter>
<parameter name="snmp_version"><getopt mixed="-d, --snmp-version=[version]" /><content type="select" default="1"><option value="1" /><option value="2c" /></content></parameter>
<parameter name="ipmitool_path"><getopt mixed="--ipmitool-path=[path]" /><content type="string" default="/usr/bin/ipmitool" /></parameter>
</parameters>
<actions><action name="on" automatic="0"/><action name="off"/><action name="meta-data"/><action name="metadata"/><action name="dance"/></actions>
</resource-agent>"#;

    #[test]
    fn actions_and_parameters() {
        let advert = Advert::parse(GOOD).unwrap();
        assert_eq!(advert.name, "fence_x");
        assert_eq!(advert.actions, [Action::On, Action::Off, Action::Metadata]);
        assert_eq!(advert.unknown_actions, ["dance"]);
        assert_eq!(advert.parameters["lanplus"].long.as_deref(), Some("lanplus"));
        assert_eq!(advert.parameters["power_wait"].long.as_deref(), Some("power-wait"));
        assert!(advert.parameters["ipaddr"].deprecated);
        assert!(advert.is_fabric() && !advert.unfences, "automatic=\"0\" is not");
        assert!(Advert::parse(&GOOD.replace("automatic=\"0\"", "automatic=\"1\"")).unwrap().unfences);
        assert_eq!(advert.parameters["snmp_version"].choices, ["1", "2c"]);
        assert_eq!(advert.first_of(&["ip", "ipaddr"]), Some("ip"));
        assert_eq!(advert.defaults()["power_wait"], "2");
        assert_eq!(advert.tools().collect::<Vec<_>>(), [("ipmitool_path", "/usr/bin/ipmitool")]);
    }

    #[test]
    fn what_is_not_metadata() {
        assert!(matches!(Advert::parse(""), Err(MetadataError::Missing(_))));
        assert!(matches!(Advert::parse("<html></html>"), Err(MetadataError::Root(_))));
        let cut = GOOD.get(..GOOD.len() / 2).unwrap();
        assert!(matches!(Advert::parse(cut), Err(MetadataError::Xml(_))));
        let none = GOOD.replace("<action ", "<gesture ");
        assert_eq!(Advert::parse(&none), Err(MetadataError::Missing("action")));
    }
}
