//! What a file is, by its bytes.

use fencelab_wire::snmp::walk;

use super::{console, frames};

/// The kinds of files that can be imported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A packet capture: pcap or pcapng.
    Capture,
    /// A walk of SNMP as text: snmprec or the output of snmpwalk.
    Walk,
    /// A session at a console.
    Console(console::Format),
}

/// The first bytes of captures: pcapng, and pcap with micro- and nanoseconds in either order of bytes.
const MAGIC: [[u8; 4]; 5] = [
    [0x0a, 0x0d, 0x0d, 0x0a],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
];

/// What these bytes are.
///
/// # Errors
/// It is none of the kinds that can be recognised: what it seems to be, and how to mend it.
pub fn recognise(bytes: &[u8]) -> Result<Kind, &'static str> {
    if MAGIC.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok(Kind::Capture);
    }
    if let Some(format) = console::Format::of(bytes) {
        return Ok(Kind::Console(format));
    }
    // A log may well have a line or two that look like objects; of a walk nearly every line does.
    let walk = walk::read(bytes);
    if walk.entries.len() > walk.skipped.len() { Ok(Kind::Walk) } else { Err(reason(bytes)) }
}

/// Why these bytes are nothing that is known.
pub(super) fn reason(bytes: &[u8]) -> &'static str {
    if console::is_timing(bytes) {
        return "this is the timing file of a typescript; name the typescript itself, and this one by --timing";
    }
    frames::other(bytes).unwrap_or(
        "this is nothing that can be recognised: no packet capture, no walk, no typescript, no asciicast, no log of a fence \
         agent; if you know what it is (a log of pexpect?), say so by --from",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_from_the_others() {
        for (bytes, kind) in [
            (&b"\xd4\xc3\xb2\xa1\x02\0"[..], Ok(Kind::Capture)),
            (b"\x0a\x0d\x0d\x0a", Ok(Kind::Capture)),
            (b"1.3.6.1.2.1.1.1.0|4|PDU\n", Ok(Kind::Walk)),
            (b".1.3.6.1.2.1.1.1.0 = STRING: \"PDU\"\n", Ok(Kind::Walk)),
            (b"Script started on x\n", Ok(Kind::Console(console::Format::Script))),
            (b"{\"version\": 2, \"width\": 80}\n", Ok(Kind::Console(console::Format::Asciicast))),
            (
                b"2026-11-27 18:55:28,798 INFO: Running command: x\n",
                Ok(Kind::Console(console::Format::AgentLog)),
            ),
            (b"", Err("nothing")),
            (b"login: lab\r\n", Err("nothing")),
            (b"{\"transcript\":\"1.0\"}\n", Err("a transcript already")),
            (b"\x1f\x8b\x08", Err("packed by gzip")),
            (b"H 0.000000 SHELL /bin/sh\n", Err("the timing file")),
        ] {
            match (recognise(bytes), kind) {
                (Err(reason), Err(words)) => assert!(reason.contains(words), "{reason}"),
                (seen, kind) => assert_eq!(seen, kind, "{}", bytes.escape_ascii()),
            }
        }
    }
}
