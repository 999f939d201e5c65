//! The metadata that tells callers what an agent takes and does, in the shape that the field's RELAX NG grammar fixes.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use crate::{
    agent::Agent,
    options::{Kind, Opt},
};

/// The metadata of an agent as XML.
pub(crate) fn metadata(agent: &Agent) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b'\t', 1);
    // Writing to memory does not fail.
    let written = write(&mut writer, agent);
    debug_assert!(written.is_ok(), "{written:?}");
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    text
}

fn write(writer: &mut Writer<Vec<u8>>, agent: &Agent) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", None, None)))?;
    let root = writer.create_element("resource-agent").with_attribute(("name", agent.name));
    let root = root.with_attribute(("shortdesc", agent.short_description));
    root.write_inner_content(|writer| {
        for other in &agent.other_names {
            let symlink = writer.create_element("symlink").with_attribute(("name", other.name));
            symlink.with_attribute(("shortdesc", other.description)).write_empty()?;
        }
        writer.create_element("longdesc").write_text_content(BytesText::new(agent.long_description))?;
        writer.create_element("vendor-url").write_text_content(BytesText::new(agent.vendor_url))?;
        writer.create_element("parameters").write_inner_content(|writer| parameters(writer, agent))?;
        writer.create_element("actions").write_inner_content(|writer| actions(writer, agent))?;
        Ok(())
    })?;
    Ok(())
}

/// Options under both names, in the table's order.
fn parameters(writer: &mut Writer<Vec<u8>>, agent: &Agent) -> io::Result<()> {
    let both = agent.options.iter().flat_map(|option| {
        let old = option.older.map(|older| (older, option));
        [Some((option.name, option)), old].into_iter().flatten()
    });
    let mut both: Vec<(&str, &Opt)> = both.collect();
    both.sort_by_key(|(name, option)| (option.order, *name));
    for (name, option) in both {
        parameter(writer, name, option)?;
    }
    Ok(())
}

fn parameter(writer: &mut Writer<Vec<u8>>, name: &str, option: &Opt) -> io::Result<()> {
    let element =
        writer.create_element("parameter").with_attribute(("name", name)).with_attribute(("unique", "0"));
    let element = element.with_attribute(("required", if option.required { "1" } else { "0" }));
    let element = match option.older {
        Some(older) if older == name => element.with_attribute(("deprecated", "1")),
        Some(older) => element.with_attribute(("obsoletes", older)),
        None => element,
    };
    element.write_inner_content(|writer| {
        writer.create_element("getopt").with_attribute(("mixed", option.mixed().as_str())).write_empty()?;
        let content = writer.create_element("content").with_attribute(("type", option.kind.metadata()));
        let content = match option.default {
            Some(default) => content.with_attribute(("default", default)),
            None => content,
        };
        match option.kind {
            Kind::Choice(choices) => {
                content.write_inner_content(|writer| {
                    for choice in choices {
                        writer.create_element("option").with_attribute(("value", *choice)).write_empty()?;
                    }
                    Ok(())
                })?;
            }
            _ => {
                content.write_empty()?;
            }
        }
        writer
            .create_element("shortdesc")
            .with_attribute(("lang", "en"))
            .write_text_content(BytesText::new(option.text))?;
        Ok(())
    })?;
    Ok(())
}

fn actions(writer: &mut Writer<Vec<u8>>, agent: &Agent) -> io::Result<()> {
    for name in agent.actions() {
        let mut action = writer.create_element("action").with_attribute(("name", name));
        if name == "on" {
            if agent.abilities.on_target {
                action = action.with_attribute(("on_target", "1"));
            }
            action = action.with_attribute(("automatic", if agent.abilities.fabric { "1" } else { "0" }));
        }
        action.write_empty()?;
    }
    Ok(())
}
