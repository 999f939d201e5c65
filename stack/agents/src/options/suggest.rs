//! "Did you mean".

use super::Opt;

/// The name nearest to `key`, if it is near.
pub(crate) fn suggest(options: &[Opt], key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('-', "_");
    let names = options.iter().flat_map(|option| [Some(option.name), option.older]).flatten();
    let near = names.map(|name| (distance(name, &key), name)).min()?;
    (near.0 <= 1 + key.len() / 5).then_some(near.1)
}

/// Whether a key may be repeated in a message: it looks like the name of an option, not like a lost piece of a secret.
pub(crate) fn is_printable_key(key: &str) -> bool {
    (1..=32).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-' | b'.'))
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, up) in b.bytes().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != y)).min(left + 1).min(up + 1);
            diagonal = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("action", "action"), 0);
        assert_eq!(distance("action", "acton"), 1);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
