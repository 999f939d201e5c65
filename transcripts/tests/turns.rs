//! Streams in turns: whichever way the bytes are cut, the same turns; and no password in any of them.

use std::time::Duration;

use fencelab_transcript::redact::{PLACEHOLDER, Redactor};
use fencelab_transcript::scan::Scan;
use fencelab_transcript::turns::{Prompts, Turns};
use fencelab_transcript::{Body, Bytes, Event, Kind, Side};
use proptest::prelude::*;

use Side::{Agent, Device};

const SECRET: &str = "geheim-und-lang";

fn at(number: usize) -> Duration {
    Duration::from_millis(number as u64)
}

/// All turns of a session that nobody closes; the n-th chunk comes after n milliseconds.
fn turns_of(turns: Turns, chunks: &[(Side, &[u8])]) -> Vec<Event> {
    let mut turns = turns;
    let mut events: Vec<Event> = Vec::new();
    for (number, (side, bytes)) in chunks.iter().enumerate() {
        events.extend(turns.say(at(number), *side, bytes));
    }
    events.extend(turns.flush());
    events
}

fn plain(chunks: &[(Side, &[u8])]) -> Vec<(Side, String)> {
    turns_of(Turns::new(1, Redactor::default()), chunks).into_iter().map(said).collect()
}

fn said(event: Event) -> (Side, String) {
    match event.kind {
        Kind::Say { from, body: Body::Text(text) } => (from, text),
        Kind::Say { from, body: Body::Hex(bytes) } => (from, format!("hex {bytes}")),
        other => panic!("{other:?}"),
    }
}

fn expected(turns: &[(Side, &str)]) -> Vec<(Side, String)> {
    turns.iter().map(|(side, text)| (*side, (*text).to_owned())).collect()
}

#[test]
fn a_turn_is_all_that_a_side_says_and_begins_with_its_first_byte() {
    let chunks: [(Side, &[u8]); 6] = [
        (Device, b"log"),
        (Device, b"in: "),
        (Agent, b"lab"),
        (Agent, b""),
        (Agent, b"\r\n"),
        (Device, b"\xff> "),
    ];
    let events = turns_of(Turns::new(7, Redactor::default()), &chunks);
    let hex = Event::say_hex(at(5), 7, Device, b"\xff> ");
    let text = |number, side, text| Event::say_text(at(number), 7, side, text);
    assert_eq!(events, [text(0, Device, "login: "), text(2, Agent, "lab\r\n"), hex]);
}

#[test]
fn a_session_ends_with_its_last_turn() {
    let mut turns = Turns::new(1, Redactor::default());
    assert_eq!(turns.say(at(1), Device, b"bye"), []);
    let end = [Event::say_text(at(1), 1, Device, "bye"), Event::close(at(2), 1, Device)];
    assert_eq!(turns.close(at(2), Device), end);
}

#[test]
fn a_password_is_one_placeholder_however_it_is_typed_and_echoed() {
    let whole = [(Device, "Password: "), (Agent, "********\r"), (Device, "\r\n> ")];
    for chunks in [
        &[(Device, &b"Password: "[..]), (Agent, b"geheim\r"), (Device, b"\r\n> ")][..],
        // A person types.
        &[(Device, b"Password: "), (Agent, b"ge"), (Agent, b"h"), (Agent, b"eim\r"), (Device, b"\r\n> ")],
        &[
            (Device, b"Password: "),
            (Agent, b"ge"),
            (Device, b"*"),
            (Device, b"*"),
            (Agent, b"h"),
            (Device, b"*"),
            (Agent, b"eim\r"),
            (Device, b"***\r\n> "),
        ],
        // The device shows what is typed.
        &[
            (Device, b"Password: "),
            (Agent, b"g"),
            (Device, b"g"),
            (Agent, b"eheim\r"),
            (Device, b"eheim\r\n> "),
        ],
        &[(Device, b"Password: "), (Agent, b"geheim\r"), (Device, b"gehe"), (Device, b"im\r\n> ")],
        // Blanks, and a character that was taken back.
        &[
            (Device, b"Password: "),
            (Agent, b"gx"),
            (Device, b"  "),
            (Agent, b"\x7f"),
            (Device, b"\x08 \x08"),
            (Agent, b"eheim\r"),
            (Device, b"\r\n> "),
        ],
    ] {
        assert_eq!(plain(chunks), expected(&whole), "{chunks:?}");
    }
}

#[test]
fn what_the_device_says_meanwhile_is_kept() {
    let chunks: [(Side, &[u8]); 6] = [
        (Device, b"Password: "),
        (Agent, b"gehe"),
        (Device, b"\r\n% link up\r\n"),
        (Agent, b"im\r\n"),
        (Device, b"Welcome, geheim is a fine password\r\n"),
        (Agent, b"status\r\n"),
    ];
    let turns = [
        (Device, "Password: "),
        (Agent, "********"),
        (Device, "\r\n% link up\r\n"),
        (Agent, "********\r\n"),
        (Device, "Welcome, ******** is a fine password\r\n"),
        (Agent, "status\r\n"),
    ];
    assert_eq!(plain(&chunks), expected(&turns));
}

#[test]
fn a_second_login_has_a_second_password() {
    let chunks: [(Side, &[u8]); 8] = [
        (Device, b"Password: "),
        (Agent, b"wrong one\r\n"),
        (Device, b"\r\nLogin incorrect\r\nPassword: "),
        (Agent, b"geheim\r\nenable\r\n"),
        (Device, b"\r\n> enable\r\nPIN: "),
        (Agent, b"1234\r\n"),
        (Device, b"\r\n# "),
        (Agent, b"show wrong one, geheim, 1234\r\n"),
    ];
    let turns = [
        (Device, "Password: "),
        (Agent, "********\r\n"),
        (Device, "\r\nLogin incorrect\r\nPassword: "),
        (Agent, "********\r\nenable\r\n"),
        (Device, "\r\n> enable\r\nPIN: "),
        (Agent, "********\r\n"),
        (Device, "\r\n# "),
        (Agent, "show ********, ********, ********\r\n"),
    ];
    assert_eq!(plain(&chunks), expected(&turns));
}

#[test]
fn nothing_typed_and_anything_typed_look_the_same() {
    for typed in [&b"\r\n"[..], b"a\r\n", b"\xff\xfe\r\n", b"long and longer\r\n"] {
        let turns = plain(&[(Device, b"Password: "), (Agent, typed)]);
        assert_eq!(turns, expected(&[(Device, "Password: "), (Agent, "********\r\n")]));
    }
    let binary = plain(&[(Device, b"Password: "), (Agent, b"geheim\r\n\xff")]);
    assert_eq!(binary, expected(&[(Device, "Password: "), (Agent, "hex xxxxxxxxxxxxxxxx0d0aff")]));
}

#[test]
fn whoever_knows_that_a_secret_comes_says_so() {
    let mut turns = Turns::new(1, Redactor::default()).with_prompts(Prompts::new().with("the magic word"));
    let mut events = turns.say(at(0), Device, b"Say the magic word: ");
    events.extend(turns.say(at(1), Agent, b"abracadabra\r"));
    events.extend(turns.say(at(2), Device, b"\r\nCode> "));
    turns.expect_secret();
    events.extend(turns.say(at(3), Agent, b"sim"));
    turns.expect_secret();
    events.extend(turns.say(at(4), Agent, b"sala\rstatus\r"));
    events.extend(turns.flush());
    let said: Vec<_> = events.into_iter().map(said).collect();
    let turns = [
        (Device, "Say the magic word: "),
        (Agent, "********\r"),
        (Device, "\r\nCode> "),
        (Agent, "********\rstatus\r"),
    ];
    assert_eq!(said, expected(&turns));
}

#[test]
fn a_turn_without_an_end_is_cut_between_lines() {
    let line = [vec![b'x'; 99], vec![b'\n']].concat();
    let flood = line.repeat(30_000);
    let by = |size: usize| {
        let chunks: Vec<(Side, &[u8])> = flood.chunks(size).map(|chunk| (Device, chunk)).collect();
        plain(&chunks)
    };
    let turns = by(flood.len());
    assert!(turns.len() == 3 && turns.iter().all(|(_, text)| text.ends_with('\n')), "{}", turns.len());
    assert!(by(100) == turns && by(1_048_577) == turns && by(4_096) == turns);
}

/// What a session may be made of.
fn word() -> impl Strategy<Value = (Side, Vec<u8>)> {
    let fixed = |side, text: &'static str| Just((side, text.as_bytes().to_vec()));
    prop_oneof![
        fixed(Device, "Password: "),
        fixed(Device, "\r\nlogin: "),
        fixed(Device, "geheim-und-lang"),
        fixed(Device, "***************"),
        fixed(Device, "*"),
        fixed(Device, "\r\n"),
        fixed(Agent, "geheim-und-lang\r\n"),
        fixed(Agent, "geheim-"),
        fixed(Agent, "\r"),
        any::<(bool, Vec<u8>)>().prop_map(|(agent, bytes)| (if agent { Agent } else { Device }, bytes)),
    ]
}

/// Every form in which the secret could be read.
fn is_clean(events: &[Event]) -> bool {
    let scan = Scan::new().with("password", SECRET);
    events.iter().all(|event| scan.event(event).is_empty())
}

proptest! {
    #[test]
    fn however_it_is_cut_the_turns_are_the_same(
        words in prop::collection::vec(word(), 0..20),
        sizes in prop::collection::vec(1..7_usize, 1..20),
    ) {
        // All that a side says until the other speaks, in one piece; then in any.
        let mut whole: Vec<(Side, Vec<u8>)> = Vec::new();
        for (side, bytes) in words {
            match whole.last_mut() {
                Some((last, said)) if *last == side => said.extend(bytes),
                _ => whole.push((side, bytes)),
            }
        }
        let mut sizes = sizes.into_iter().cycle();
        let mut cut: Vec<(Side, &[u8])> = Vec::new();
        for (side, mut bytes) in whole.iter().map(|(side, bytes)| (*side, bytes.as_slice())) {
            while !bytes.is_empty() {
                let (piece, rest) = bytes.split_at(sizes.next().unwrap_or(1).min(bytes.len()));
                cut.push((side, piece));
                bytes = rest;
            }
        }
        let whole: Vec<(Side, &[u8])> = whole.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
        prop_assert_eq!(plain(&cut), plain(&whole));
        let knowing = || Turns::new(1, Redactor::new(Scan::new().with("password", SECRET)));
        prop_assert!(is_clean(&turns_of(knowing(), &cut)));
    }

    #[test]
    fn a_password_that_nobody_knew_is_nowhere(
        keys in prop::collection::vec((1..5_usize, any::<bool>()), 1..16),
        echo in 0..4_u8,
        told in 0..4_u8,
    ) {
        let mut chunks: Vec<(Side, Vec<u8>)> = vec![(Device, b"login: ".to_vec()), (Agent, b"lab\r".to_vec())];
        chunks.push((Device, b"lab\r\nlab's password: ".to_vec()));
        let echo = |typed: &[u8]| match echo {
            0 => Vec::new(),
            1 => vec![b'*'; typed.len()],
            2 => typed.to_vec(),
            _ => vec![b' '; typed.len()],
        };
        // What is typed, and how much of it the device has not echoed yet.
        let (mut left, mut due) = (SECRET.as_bytes(), SECRET.as_bytes());
        for (size, is_quick) in keys {
            let (typed, rest) = left.split_at(size.min(left.len()));
            left = rest;
            if !typed.is_empty() {
                chunks.push((Agent, typed.to_vec()));
                let (shown, later) = due.split_at(if is_quick { due.len() - left.len() } else { 0 });
                due = later;
                chunks.push((Device, echo(shown)));
            }
        }
        chunks.push((Agent, [left, b"\r"].concat()));
        let told = match told {
            0 => String::new(),
            1 => format!("you said {SECRET}"),
            2 => Bytes::from(SECRET.as_bytes()).to_string(),
            _ => SECRET.to_uppercase(),
        };
        chunks.push((Device, [&echo(due), b"\r\n".as_slice(), told.as_bytes(), b"\r\n> "].concat()));
        let chunks: Vec<(Side, &[u8])> = chunks.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
        let events = turns_of(Turns::new(1, Redactor::default()), &chunks);
        prop_assert!(is_clean(&events), "{events:?}");
        let typed: Vec<_> = events.into_iter().map(said).skip(3).collect();
        prop_assert_eq!(&typed[0], &(Agent, format!("{PLACEHOLDER}\r")));
        prop_assert_eq!(typed.len(), 2, "{:?}", typed);
        prop_assert!(typed[1].1.starts_with("\r\n"), "{:?}", typed);
    }
}
