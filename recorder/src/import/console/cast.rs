//! Recordings of asciinema: asciicast v1, v2 and v3 (docs.asciinema.org/manual/asciicast).
//!
//! Version 1 is one JSON object whose `stdout` is a list of `[DELAY, TEXT]`. Versions 2 and 3 are JSON Lines: a header, then
//! `[TIME, CODE, TEXT]`, where TIME is since the start in 2 and since the last event in 3. `o` is what was written to the
//! terminal and `i` what was typed; most recordings do not hold it. `m` is a marker, `r` a new size, `x` (3) the exit status.

use std::time::Duration;

use fencelab_transcript::Side;
use serde_json::{Deserializer, Value};

use super::session::{Session, What};
use super::source::{Source, find, later, lines, seconds};

/// The version of a cast, if it is one.
pub(super) fn version(bytes: &[u8]) -> Option<u64> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let of = |value: Value| value.get("version").and_then(Value::as_u64);
    if let Some(Ok(header)) = Deserializer::from_slice(bytes).into_iter::<Value>().next() {
        let is_cast =
            header.get("width").is_some() || header.get("term").is_some() || header.get("stdout").is_some();
        return of(header).filter(|_| is_cast);
    }
    // A damaged one of version 1 has no object that could be read as a whole.
    (find(bytes, b"\"stdout\"").is_some() && find(bytes, b"\"version\"").is_some()).then_some(1)
}

/// Reads a cast of this version. What is wrong goes to `warnings`, with its place.
///
/// # Errors
/// The version is not known.
pub(super) fn read(source: Source<'_>, version: u64, warnings: &mut Vec<String>) -> Result<Session, String> {
    let mut session = match version {
        1 => first(source, warnings),
        2 => later_ones(source, Times::SinceStart, warnings),
        3 => later_ones(source, Times::SinceLast, warnings),
        other => {
            return Err(format!(
                "{}: this is a cast of version {other}; versions 1, 2 and 3 are known",
                source.place(0)
            ));
        }
    };
    if !session.hears_agent {
        let what = "a cast without input events: what was typed shows only where it was echoed";
        session.unheard = Some(what.into());
    }
    Ok(session)
}

/// What the header tells.
fn begin(header: Option<&Value>) -> Session {
    let get = |name: &str| header.and_then(|header| header.get(name));
    let command = get("command").or_else(|| get("title")).and_then(Value::as_str).map(str::to_owned);
    let began = get("timestamp").and_then(Value::as_i64);
    let began = began.and_then(|second| jiff::Timestamp::from_second(second).ok());
    Session { began, command, ..Session::default() }
}

/// Version 1. Frame by frame, so that a damaged file gives what comes before the damage.
fn first(source: Source<'_>, warnings: &mut Vec<String>) -> Session {
    let mut session = begin(serde_json::from_slice::<Value>(source.bytes).ok().as_ref());
    let mut now = Duration::ZERO;
    let Some(mut at) = frames(source.bytes) else {
        warnings.push(format!("{}: there is no list named `stdout` in it", source.place(0)));
        return session;
    };
    loop {
        let rest = source.bytes.get(at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
        let rest = rest.get(blanks..).unwrap_or_default();
        at += blanks;
        if rest.starts_with(b"]") {
            return session;
        }
        let mut frame = Deserializer::from_slice(rest).into_iter::<(f64, String)>();
        let read = match frame.next() {
            Some(Ok((delay, text))) => seconds(delay)
                .and_then(|delay| later(now, delay))
                .map(|time| (time, text))
                .ok_or_else(|| "its delay cannot be".to_owned()),
            Some(Err(error)) => Err(reason(&error)),
            None => Err("the file ends here".into()),
        };
        match read {
            Ok((time, text)) => {
                now = time;
                session.say(now, Side::Device, text.as_bytes());
                at += frame.byte_offset();
            }
            Err(what) => {
                warnings.push(format!(
                    "{}: no frame can be read here: {what}; what comes before is kept",
                    source.place(at)
                ));
                return session;
            }
        }
    }
}

/// The offset of the first frame.
fn frames(bytes: &[u8]) -> Option<usize> {
    let name = b"\"stdout\"";
    let behind = find(bytes, name)? + name.len();
    let rest = bytes.get(behind..)?;
    let list = rest.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b':')?;
    (rest.get(list) == Some(&b'[')).then_some(behind + list + 1)
}

/// What the times of events are counted from.
#[derive(Clone, Copy)]
enum Times {
    SinceStart,
    SinceLast,
}

/// Versions 2 and 3.
fn later_ones(source: Source<'_>, times: Times, warnings: &mut Vec<String>) -> Session {
    let mut lines = lines(source.bytes).filter(|(_, line)| !line.trim_ascii().is_empty());
    let header = lines.next().and_then(|(_, line)| serde_json::from_slice::<Value>(line).ok());
    let mut session = begin(header.as_ref());
    let mut now = Duration::ZERO;
    for (at, line) in lines.filter(|(_, line)| !line.starts_with(b"#")) {
        let read = serde_json::from_slice::<(f64, String, String)>(line)
            .map_err(|error| (at + error.column().saturating_sub(1), reason(&error)))
            .and_then(|(time, code, text)| {
                let time = seconds(time).and_then(|time| match times {
                    Times::SinceStart => Some(time),
                    Times::SinceLast => later(now, time),
                });
                Ok((time.ok_or_else(|| (at, "its time cannot be".to_owned()))?, code, text))
            });
        let (time, code, text) = match read {
            Ok(event) => event,
            Err((place, what)) => {
                warnings.push(format!("{}: the event is left out: {what}", source.place(place)));
                continue;
            }
        };
        // Of two writers a little may overtake.
        now = now.max(time);
        match code.as_str() {
            "o" => session.say(now, Side::Device, text.as_bytes()),
            "i" => {
                session.hears_agent = true;
                session.say(now, Side::Agent, text.as_bytes());
            }
            "m" => session.push(now, What::Note(format!("marker {text}").trim_end().into())),
            "r" => session.push(now, What::Note(format!("the window has {text} now"))),
            "x" => session.push(now, What::Note(format!("the recorded command ended with status {text}"))),
            other => warnings.push(format!(
                "{}: an event `{}` is not known; it is left out",
                source.place(at),
                other.escape_debug()
            )),
        }
    }
    session
}

/// An error of serde_json without its own place, which is one in a part of the file.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::told;
    use super::*;

    fn of(text: &str) -> (Session, Vec<String>) {
        let mut warnings = Vec::new();
        let source = Source { name: "c", bytes: text.as_bytes() };
        let version = version(text.as_bytes()).unwrap();
        (read(source, version, &mut warnings).unwrap(), warnings)
    }

    fn events(session: &Session) -> Vec<(u64, String)> {
        told(session)
    }

    fn expected(events: &[(u64, &str)]) -> Vec<(u64, String)> {
        events.iter().map(|(at, words)| (*at, (*words).to_owned())).collect()
    }

    const V1: &str = "{\n \"version\": 1, \"width\": 80, \"height\": 24, \"duration\": 1.75,\n \"command\": \"ssh pdu\",\n \"stdout\": [\n  [0.25, \"login: \"],\n  [1.5, \"adm\\u001b\\r\\n\"]\n ]\n}\n";
    const V2: &str = "{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": 1504467315}\n[0.25, \"o\", \"login: \"]\n[1.75, \"i\", \"admin\\r\"]\n[1.75, \"o\", \"admin\\r\\n\"]\n[2.0, \"m\", \"\"]\n[2.5, \"r\", \"90x30\"]\n";
    const V3: &str = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24},\"command\":\"telnet x\"}\n# a comment\n[0.25, \"o\", \"login: \"]\n[1.5, \"i\", \"admin\\r\"]\n[0.0, \"o\", \"admin\\r\\n\"]\n[0.25, \"x\", \"0\"]\n";

    #[test]
    fn all_three_versions() {
        let (session, warnings) = of(V1);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(events(&session), expected(&[(250, "d:login: "), (1750, "d:adm\\x1b\\r\\n")]));
        assert_eq!(session.command.as_deref(), Some("ssh pdu"));
        assert!(session.unheard.is_some());
        let dialogue = [(250, "d:login: "), (1750, "a:admin\\r"), (1750, "d:admin\\r\\n")];
        let (session, warnings) = of(V2);
        assert_eq!(warnings, [""; 0]);
        let notes = [(2000, "n:marker"), (2500, "n:the window has 90x30 now")];
        assert_eq!(events(&session), expected(&[&dialogue[..], &notes].concat()));
        assert_eq!(session.began.unwrap().to_string(), "2017-09-03T19:35:15Z");
        assert_eq!(session.unheard, None);
        let (session, warnings) = of(V3);
        assert_eq!(warnings, [""; 0]);
        let end = [(2000, "n:the recorded command ended with status 0")];
        assert_eq!(events(&session), expected(&[&dialogue[..], &end].concat()));
    }

    #[test]
    fn damage_is_told_with_its_place_and_the_rest_is_kept() {
        let (session, warnings) = of(&V1[..V1.find("\\u001b").unwrap()]);
        assert_eq!(events(&session), expected(&[(250, "d:login: ")]));
        assert!(warnings[0].starts_with("c:6:3: no frame can be read here: EOF"), "{warnings:?}");
        let (session, warnings) = of(&V2.replace("\"i\"", "i"));
        assert_eq!(events(&session)[1], (1750, "d:admin\\r\\n".into()));
        assert!(warnings[0].starts_with("c:3:8: the event is left out: "), "{warnings:?}");
        let (_, warnings) = of(&V3.replace("1.5", "-1.5"));
        assert_eq!(warnings, ["c:4:1: the event is left out: its time cannot be"]);
        let (_, warnings) = of(&V3.replace("\"x\"", "\"y\""));
        assert_eq!(warnings, ["c:6:1: an event `y` is not known; it is left out"]);
    }

    #[test]
    fn what_is_no_cast_is_told_from_one() {
        for other in ["", "{", "[1]", "{\"transcript\":\"1.0\"}", "{\"version\":2}", "Script started on x"] {
            assert_eq!(version(other.as_bytes()), None, "{other}");
        }
        let new = "{\"version\": 9, \"term\": {}}\n";
        let error = read(Source { name: "c", bytes: new.as_bytes() }, 9, &mut Vec::new()).unwrap_err();
        assert_eq!(error, "c:1:1: this is a cast of version 9; versions 1, 2 and 3 are known");
    }
}
