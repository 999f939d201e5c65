//! Objects as text has them: numbers, or names with numbers behind.

use super::quote;
use crate::snmp::{Oid, name};

/// `.1.3.6`, `iso.3.6`, `SNMPv2-MIB::sysDescr.0`, `.iso.org.dod.internet.mgmt.mib-2.system.sysDescr.0`, `ifDescr[1]`.
pub(super) fn object(text: &[u8]) -> Result<Oid, String> {
    if is_numeric(text) {
        return Oid::from_ascii(text).map_err(|error| error.to_string());
    }
    named(text).unwrap_or_else(|| {
        let mend = "walk with -On, so that objects stand there as numbers";
        Err(format!("the name {} is not known here; {mend}", quote(text)))
    })
}

pub(super) fn is_numeric(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// `None` for a name that is not known.
fn named(text: &[u8]) -> Option<Result<Oid, String>> {
    let text = std::str::from_utf8(text).ok()?;
    let path = text.rsplit_once("::").map_or(text, |(_, path)| path);
    if path.contains(['"', '\'']) {
        let what = format!(
            "the index of {} is text; walk with -On, so that it stands there as numbers",
            quote(path.as_bytes())
        );
        return Some(Err(what));
    }
    let path = path.replace("][", ".").replace('[', ".").replace(']', "");
    let parts: Vec<&str> = path.strip_prefix('.').unwrap_or(&path).split('.').collect();
    let last = parts.iter().rposition(|part| !part.is_empty() && part.parse::<u32>().is_err())?;
    let numbers = std::iter::once(name::find(parts.get(last)?)?.oid.to_string());
    let index = parts.get(last + 1..)?.iter().map(|part| (*part).to_owned());
    let numbers: Vec<String> = numbers.chain(index).collect();
    Some(Oid::from_ascii(numbers.join(".").as_bytes()).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn all_ways_to_write_an_object() {
        let numbers = "1.3.6.1.2.1.2.2.1.2.1";
        for text in [
            "1.3.6.1.2.1.2.2.1.2.1",
            ".1.3.6.1.2.1.2.2.1.2.1",
            "iso.3.6.1.2.1.2.2.1.2.1",
            ".iso.3.6.1.2.1.2.2.1.2.1",
            "IF-MIB::ifDescr.1",
            "ifDescr.1",
            "IF-MIB::ifDescr[1]",
            "interfaces.ifTable.ifEntry.ifDescr.1",
            ".iso.org.dod.internet.mgmt.mib-2.interfaces.ifTable.ifEntry.ifDescr.1",
            "SNMPv2-SMI::mib-2.2.2.1.2.1",
            "mib-2.2.2.1.2.1",
        ] {
            assert_eq!(object(text.as_bytes()).map(|oid| oid.to_string()).as_deref(), Ok(numbers), "{text}");
        }
        let apc = object(b"SNMPv2-SMI::enterprises.318.1.1").map(|oid| oid.to_string());
        assert_eq!(apc.as_deref(), Ok("1.3.6.1.4.1.318.1.1"));
    }

    #[test]
    fn what_is_not_known_is_told() {
        assert!(object(b"PowerNet-MIB::nosuch.1").unwrap_err().contains("-On"));
        assert!(object(b"IF-MIB::ifDescr.\"eth0\"").unwrap_err().contains("text"));
        assert!(object(b"").is_err());
        assert!(object(b"1..3").is_err());
        assert!(object(b"sysDescr.4294967296").is_err());
        assert!(object(b"sysDescr..0").is_err());
        // What cannot be sent is no object, however it is written.
        assert!(object(b"iso.61.3").is_err());
        assert!(object(format!("sysDescr{}", ".1".repeat(121)).as_bytes()).unwrap_err().contains("128"));
    }
}
