//! Secrets in object identifiers: an index that is a string stands there as numbers (RFC 2578, 7.7), and some tables of
//! devices have the community itself as their index.

use fencelab_transcript::scan::SHORTEST;
use serde_json::Value;

/// A secret as it stands in an object identifier.
#[derive(Clone)]
pub(super) struct Arcs {
    /// `.112.117.98.`
    numbers: String,
    /// As long, of the letter x.
    mask: String,
    name: &'static str,
}

impl Arcs {
    /// Nothing of a secret that is too short to be looked for inside of something longer.
    pub(super) fn new(name: &'static str, secret: &[u8]) -> Option<Self> {
        let joined = |numbers: &mut dyn Iterator<Item = u8>| {
            numbers.fold(String::from("."), |text, number| format!("{text}{number}."))
        };
        (secret.len() >= SHORTEST).then(|| Self {
            numbers: joined(&mut secret.iter().copied()),
            mask: joined(&mut secret.iter().map(|_| b'x')),
            name,
        })
    }
}

/// Masks secrets in the object identifiers of a body, and answers the names of those that were there. What is left is still a
/// body: each number becomes 120, an x.
pub(super) fn mask(secrets: &[Arcs], body: &mut Value) -> Vec<&'static str> {
    let mut found = Vec::new();
    let bindings = body.get_mut("vars").and_then(Value::as_array_mut);
    for binding in bindings.into_iter().flatten().filter_map(Value::as_array_mut) {
        let is_object = binding.get(1).is_some_and(|kind| kind == "oid");
        for (place, item) in binding.iter_mut().enumerate() {
            if place == 0 || place == 2 && is_object {
                mask_one(secrets, item, &mut found);
            }
        }
    }
    found
}

fn mask_one(secrets: &[Arcs], item: &mut Value, found: &mut Vec<&'static str>) {
    let Value::String(text) = item else { return };
    for secret in secrets {
        let dotted = format!(".{text}.");
        if dotted.contains(&secret.numbers) {
            dotted.replace(&secret.numbers, &secret.mask).trim_matches('.').clone_into(text);
            found.push(secret.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_index_that_is_a_community_is_masked_and_stays_an_index() {
        let secrets: Vec<Arcs> = [("a", "public"), ("b", "abc")]
            .iter()
            .filter_map(|(name, secret)| Arcs::new(name, secret.as_bytes()))
            .collect();
        assert_eq!(secrets.len(), 1, "a short one would be found everywhere");
        let mut body = json!({"vars": [
            ["1.3.6.6.112.117.98.108.105.99.1", "oid", "1.3.112.117.98.108.105.99"],
            ["1.3.6.1.2112.117.98.108.105.99", "string", "1.112.117.98.108.105.99"],
        ]});
        assert_eq!(mask(&secrets, &mut body), ["a", "a"]);
        let expected = json!({"vars": [
            ["1.3.6.6.120.120.120.120.120.120.1", "oid", "1.3.120.120.120.120.120.120"],
            ["1.3.6.1.2112.117.98.108.105.99", "string", "1.112.117.98.108.105.99"],
        ]});
        assert_eq!(body, expected);
        assert_eq!(mask(&secrets, &mut json!({"pdu": "get"})), [""; 0]);
    }
}
