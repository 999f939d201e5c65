//! Consoles in packet captures: telnet, and what else is spoken over bare TCP.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fencelab_transcript::Side;
use fencelab_wire::telnet::command::{IAC, SB};

use super::console::Options;
use super::console::session::{Session, What};
use super::console::transcript::transcript;
use super::frames;
use super::passed::Passed;
use super::pcap::{Dialogue, ImportError, Imported};
use super::tcp::{self, At, Connection, Connections, Half, Piece};
use crate::link::console::{Carrier, Raw, Telnet};
use crate::link::{Protocol, Streams};

/// The usual port.
const PORT: u16 = 23;

/// Imports a file.
///
/// # Errors
/// It cannot be read, is no capture, or holds no telnet.
pub fn import_file(path: &Path, options: &Options) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| ImportError::Read { file: name.clone(), source })?;
    import(&name, file, options)
}

/// Imports any source; `name` stands for it in errors and in the header's provenance.
///
/// # Errors
/// As [`import_file`].
pub fn import(name: &str, source: impl Read, options: &Options) -> Result<Imported, ImportError> {
    let mut warnings = Vec::new();
    let (mut connections, mut passed) = (Connections::default(), Passed::default());
    let read = frames::read(source, &mut warnings, |packet| match tcp::segment(packet.link, packet.data) {
        Ok((from, to, segment)) => {
            passed.count();
            connections.take((packet.time, packet.number), (from, to), &segment);
        }
        Err(other) => passed.leave(&packet, other),
    });
    read.map_err(|reason| ImportError::NoCapture { file: name.into(), reason })?;
    let packets = passed.packets();
    warnings.extend(passed.warnings());
    let mut devices: BTreeMap<SocketAddr, Vec<Connection>> = BTreeMap::new();
    for connection in connections.all() {
        if is_wanted(&connection, options.port, &mut warnings) {
            let device = connection.ends(options.port.unwrap_or(PORT)).device;
            devices.entry(device).or_default().push(connection);
        }
    }
    if devices.is_empty() {
        return Err(ImportError::Nothing { file: name.into(), spelling: "telnet", packets, warnings });
    }
    let short = name.rsplit('/').next().unwrap_or(name);
    let mut dialogues = Vec::new();
    for (device, connections) in devices {
        let start = connections.iter().map(|connection| connection.began).min().unwrap_or_default();
        let sessions: Vec<Session> = connections
            .iter()
            .map(|connection| session(connection, device, start, options, &mut warnings))
            .collect();
        // A bare console has no telnet in it, and 0xff is a byte like others.
        let is_telnet =
            device.port() == PORT || connections.iter().flat_map(Connection::halves).any(negotiates);
        let (protocol, carrier): (&'static dyn Protocol, _) =
            if is_telnet { (&Telnet, Carrier::Telnet) } else { (&Raw, Carrier::Raw) };
        let streams = Streams { carrier, prompts: options.prompts.clone() };
        dialogues
            .push(Dialogue { device, transcript: transcript(short, protocol, &streams, sessions, options) });
    }
    Ok(Imported { dialogues, warnings })
}

/// Whether a connection is to be imported: one of the given port, else one of the usual port, or in which telnet is spoken.
fn is_wanted(connection: &Connection, port: Option<u16>, warnings: &mut Vec<String>) -> bool {
    let is_named = connection.has_port(port.unwrap_or(PORT));
    if is_named && connection.halves().iter().any(|half| begins_with(half, b"SSH-")) {
        warnings.push(format!(
            "the connection between {} is SSH, which is encrypted; record it with `fencelab record --link ssh`",
            connection.names()
        ));
        return false;
    }
    is_named || port.is_none() && connection.halves().iter().any(negotiates_first)
}

fn begins_with(half: &Half, words: &[u8]) -> bool {
    half.captured().next().is_some_and(|bytes| bytes.starts_with(words))
}

/// Whether a side begins with a command of telnet about an option.
fn negotiates_first(half: &Half) -> bool {
    half.captured().next().is_some_and(|bytes| matches!(bytes, [IAC, SB..=254, _, ..]))
}

/// Whether a side says anything about an option, anywhere.
fn negotiates(half: &Half) -> bool {
    half.captured().any(|bytes| bytes.windows(2).any(|pair| matches!(pair, [IAC, SB..=254])))
}

/// What was said in a connection, telnet's own bytes among it.
fn session(
    connection: &Connection,
    device: SocketAddr,
    start: Duration,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Session {
    let ends = connection.ends(options.port.unwrap_or(PORT));
    let names = connection.names();
    if ends.guessed {
        warnings.push(format!(
            "the capture begins in the middle of the connection between {names}; that {device} is the device is only guessed by \
             its lower port: name the device's port by --port"
        ));
    }
    for half in connection.halves() {
        if let Some(first) = half.contradictions().first() {
            let count = half.contradictions().len();
            warnings.push(format!(
                "{count} packets between {names} contradict earlier ones, the first is packet {first}; what came first is kept"
            ));
        }
    }
    let since = |at: Duration| at.saturating_sub(start);
    let mut session = Session {
        began: i64::try_from(start.as_micros())
            .ok()
            .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok()),
        opened: since(connection.began),
        port: Some(device.port()),
        hears_agent: true,
        ..Session::default()
    };
    if !(ends.from_client.has_begin() || ends.from_device.has_begin()) {
        session.unheard = Some("the capture began in the middle of the connection".into());
    }
    let refused = ends.ended.is_some_and(|(_, by_device)| by_device);
    if !connection.is_answered() {
        let why = if refused { "the device refused the connection" } else { "the device did not answer" };
        session.error = Some(why.into());
        return session;
    }
    let of = |half: &Half, side: Side| half.pieces().into_iter().map(move |piece| (at(&piece), side, piece));
    let mut pieces: Vec<(At, Side, Piece)> =
        of(ends.from_device, Side::Device).chain(of(ends.from_client, Side::Agent)).collect();
    pieces.sort_by_key(|(at, _, _)| *at);
    let mut last = session.opened;
    for ((time, _), side, piece) in pieces {
        last = since(time);
        match piece {
            Piece::Said(_, bytes) => session.say(last, side, &bytes),
            Piece::Missing(_, bytes) => {
                warnings.push(format!("{bytes} bytes from the {side} between {names} were not captured"));
                session.push(
                    last,
                    What::Note(format!("{bytes} bytes that the {side} said here were not captured")),
                );
            }
        }
    }
    if let Some((time, by_device)) = ends.ended {
        // The other side may have more to say when the first one ends.
        let by = if by_device { Side::Device } else { Side::Agent };
        session.push(since(time).max(last), What::Closed(by));
    }
    session
}

fn at(piece: &Piece) -> At {
    let (Piece::Said(at, _) | Piece::Missing(at, _)) = piece;
    *at
}
