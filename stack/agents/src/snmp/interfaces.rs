//! The interfaces of a switch, as IF-MIB has them (RFC 2863).

use std::collections::BTreeMap;

use super::{
    index::number,
    kinds::{IF_ALIAS, IF_DESCR},
    names::text,
    session::Session,
};
use crate::{context::Context, failure::Failure};

/// An interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Interface {
    /// Its number, ifIndex.
    pub(crate) index: u32,
    /// What the device calls it, ifDescr.
    pub(crate) description: String,
    /// What somebody has called it, ifAlias; often empty.
    pub(crate) alias: String,
}

/// All interfaces, by their number.
pub(crate) fn walk(context: &mut Context<'_>, session: &mut Session) -> Result<Vec<Interface>, Failure> {
    let descriptions = session.walk(context, &IF_DESCR.oid())?;
    let aliases = session.walk(context, &IF_ALIAS.oid())?;
    let aliases: BTreeMap<u32, String> = aliases
        .iter()
        .filter_map(|binding| Some((*IF_ALIAS.place(&binding.object)?.first()?, text(&binding.value)?)))
        .collect();
    let interface = |(index, description): (u32, String)| Interface {
        index,
        description,
        alias: aliases.get(&index).cloned().unwrap_or_default(),
    };
    Ok(descriptions
        .iter()
        .filter_map(|binding| Some((*IF_DESCR.place(&binding.object)?.first()?, text(&binding.value)?)))
        .map(interface)
        .collect())
}

/// What `plug=` takes for an interface: its description, or its number where the description would mean another one, or
/// several.
pub(crate) fn plug(interface: &Interface, all: &[Interface]) -> String {
    let description = &interface.description;
    let same = all.iter().filter(|other| other.description == *description).count();
    let means_it =
        same == 1 && !description.is_empty() && !description.contains(',') && number(description).is_none();
    if means_it { description.clone() } else { interface.index.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_plug_means_the_interface_that_it_stands_for() {
        let interface = |index, description: &str| Interface {
            index,
            description: description.to_owned(),
            alias: String::new(),
        };
        let all = [
            interface(1, "Gi1/0/1"),
            interface(2, "vlan"),
            interface(3, "vlan"),
            interface(4, "7"),
            interface(5, ""),
            interface(6, "a,b"),
        ];
        let plugs: Vec<String> = all.iter().map(|one| plug(one, &all)).collect();
        assert_eq!(plugs, ["Gi1/0/1", "2", "3", "4", "5", "6"]);
    }
}
