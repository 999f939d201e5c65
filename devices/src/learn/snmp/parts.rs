//! Texts that carry one entry a plug: `1,1,0,1`.

use std::collections::BTreeSet;

use fencelab_wire::snmp::Value;

/// Longer lists, and lists of longer words or of more kinds of words, are prose.
const PARTS_MAX: usize = 512;
const WORD_MAX: usize = 8;
const WORDS_MAX: usize = 5;

/// A text that is a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::learn) struct List {
    pub(in crate::learn) separator: String,
    pub(in crate::learn) parts: Vec<String>,
}

/// Takes a value apart if it is a list.
pub(in crate::learn) fn split(value: &Value) -> Option<List> {
    let Value::OctetString(bytes) = value else { return None };
    let text = std::str::from_utf8(bytes).ok()?;
    let separator =
        [", ", ",", "; ", ";", "|", " "].into_iter().find(|separator| text.contains(separator))?;
    let parts: Vec<String> = text.split(separator).map(str::to_owned).collect();
    let words: BTreeSet<&str> = parts.iter().map(String::as_str).collect();
    let short = parts.iter().all(|part| !part.is_empty() && part.len() <= WORD_MAX);
    (short && parts.len() <= PARTS_MAX && words.len() <= WORDS_MAX)
        .then(|| List { separator: separator.to_owned(), parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_prose() {
        let parts = |text| split(&Value::text(text)).map(|list| (list.separator, list.parts.len()));
        assert_eq!(parts("1,1,0,1"), Some((",".to_owned(), 4)));
        assert_eq!(parts("on; off; on"), Some(("; ".to_owned(), 3)));
        assert_eq!(parts("1"), None);
        assert_eq!(parts("1,,1"), None);
        assert_eq!(parts("APC Web/SNMP Management Card"), None);
        assert_eq!(split(&Value::Integer(1)), None);
    }
}
