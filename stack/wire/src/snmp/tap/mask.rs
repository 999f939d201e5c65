//! Communities in bytes that are not understood.

use crate::Secret;

/// What stands in their place.
const MASK: u8 = b'x';
/// A known community is masked wherever its bytes stand, if it is not too short to tell anything.
const LENGTH_MIN: usize = 3;

/// Masks the community where a message of v1 or v2c has it, and known ones anywhere.
pub(super) fn communities<'a>(bytes: &mut [u8], known: impl Iterator<Item = &'a Secret>) {
    if let Some(place) = place(bytes)
        && let Some(community) = bytes.get_mut(place)
    {
        community.fill(MASK);
    }
    for secret in known.map(Secret::expose).filter(|secret| secret.len() >= LENGTH_MIN) {
        let mut from = 0;
        while let Some(at) = bytes.get(from..).and_then(|left| find(left, secret)) {
            let end = from + at + secret.len();
            if let Some(found) = bytes.get_mut(from + at..end) {
                found.fill(MASK);
            }
            from = end;
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Where the community is, though lengths may be wrong: a sequence, an integer 0 or 1, octets.
fn place(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let (_, version) = head(bytes, 0, 0x30)?;
    let (length, contents) = head(bytes, version, 0x02)?;
    let number = bytes.get(contents..contents.checked_add(length)?)?;
    let (last, leading) = number.split_last()?;
    if *last > 1 || leading.iter().any(|byte| *byte != 0) {
        return None;
    }
    let (length, community) = head(bytes, contents + length, 0x04)?;
    Some(community..community.saturating_add(length).min(bytes.len()))
}

/// The length that a tag at this place says, and where its contents begin. Of an indefinite length, 0.
fn head(bytes: &[u8], at: usize, tag: u8) -> Option<(usize, usize)> {
    let rest = bytes.get(at..)?;
    let (found, rest) = rest.split_first()?;
    let (first, rest) = rest.split_first()?;
    if *found != tag {
        return None;
    }
    match usize::from(*first) {
        short @ 0..0x80 => Some((short, at + 2)),
        long => {
            let count = long & 0x7f;
            let length = rest
                .get(..count)?
                .iter()
                .fold(0_usize, |length, byte| length.saturating_mul(256).saturating_add(usize::from(*byte)));
            Some((length, at + 2 + count))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::communities;
    use crate::Secret;
    use crate::snmp::{Binding, Distortion, Message, Pdu, PduKind, Version};

    /// However a message is broken, its community is not to be read in it, whether it is known or not.
    #[test]
    fn communities_of_broken_messages() {
        let community = "s3cret-c0mmunity";
        let pdu = Pdu::new(PduKind::Get, 1, vec![Binding::ask([1, 3, 6, 1].into())]);
        let secret = Secret::from(community);
        for version in [Version::V1, Version::V2c] {
            let message = Message::Community { version, community: secret.clone(), body: pdu.clone().into() };
            for distortion in Distortion::ALL {
                let mut bytes = distortion.apply(&message.emit());
                let before = bytes.len();
                communities(&mut bytes, [].into_iter());
                let shown = String::from_utf8_lossy(&bytes).into_owned();
                assert!(!shown.contains("s3cret") && !shown.contains("unity"), "{distortion:?}: {shown}");
                assert_eq!(bytes.len(), before);
            }
        }
        let mut elsewhere = format!("xx{community}yy{community}").into_bytes();
        communities(&mut elsewhere, [&secret].into_iter());
        assert!(elsewhere.iter().all(|byte| matches!(byte, b'x' | b'y')));
    }
}
