//! The fuzzer's corpus of consoles, replayed; and where it comes from: what people type at them, and what nobody should.
//!
//! `FENCELAB_MAKE_CORPUS=1 cargo test -p fencelab-devices --test console_fuzz_corpus` writes the synthesised files anew.
//! Files whose names begin with `found-` are what the fuzzer found; they stay as they are.

#[path = "../fuzz/console.rs"]
mod console;
#[path = "../../stack/wire/tests/support/corpus.rs"]
mod corpus;

use console::{take, typed};
use corpus::Input;
use proptest::prelude::*;

/// Lines at a device, each after a pause; in pieces of this length.
fn lines(device: u8, lines: &[&str], piece: usize) -> Vec<u8> {
    let mut input = Input(vec![device]);
    for line in lines {
        for piece in format!("{line}\r").as_bytes().chunks(piece) {
            input.record_request(piece);
        }
        input.record_answer(b"...");
    }
    input.0
}

fn synthesised() -> Vec<(String, Vec<u8>)> {
    const LOGIN: [&str; 2] = ["lab", "fencelab"];
    let mut files = Vec::new();
    for (device, (name, said)) in [
        ("menus", &["1", "2", "1", "", "4", "1", "2", "YES", "", "\x1b", "?"][..]),
        ("commands", &["/s", "/off 2,y", "/on 3,y", "/boot 3", "n", "/h", "/s", "/x"]),
        ("command-line", &["olStatus all", "olOff 3", "olOn 99", "help", "olStatus 1 2 3", "exit"]),
        ("tables", &["show node power all", "set node power off force c1n1", "show node power c1n1", "exit"]),
        ("line", &["", "status 1", "off 2", "list", "qmenu", "1", "", "quit"]),
    ]
    .into_iter()
    .enumerate()
    {
        let device = device as u8;
        let whole: Vec<&str> = LOGIN.into_iter().chain(said.iter().copied()).collect();
        files.push((name.to_owned(), lines(device, &whole, usize::MAX)));
        files.push((format!("{name}-by-key"), lines(device, &whole, 1)));
        files.push((
            format!("{name}-locked"),
            lines(device, &["lab", "x", "lab", "y", "lab", "z", "", ""], 3),
        ));
        files.push((format!("{name}-already-in"), lines(device, said, 4)));
    }
    for (name, bytes) in [
        (
            "control",
            &[
                b"\x03\x04\x08\x08\x7f\x15\x17\x1a\x1b[A\x1b[200~\0\n\r\n\r\0".as_slice(),
                b"\xff\xfe\x80\xc3\r",
            ],
        ),
        (
            "telnet",
            &[b"\xff\xfb\x1f\xff\xfa\x1f\0\x01\0\x01\xff\xf0lab\r\0", b"\xff\xf4\xff\xed\xff\xfd\x06\r\n"],
        ),
    ] {
        let mut input = Input(vec![0]);
        for bytes in bytes {
            input.record_request(bytes);
            input.record_answer(b"..");
        }
        files.push((name.to_owned(), input.0));
    }
    let mut endless = Input(vec![1]);
    endless.record_request(&[b'a'; 0x4000]);
    endless.record_request(b"\r");
    files.push(("endless-line".to_owned(), endless.0));
    files
}

corpus::corpus_tests!("console", synthesised, take);

#[test]
fn the_corpus_gets_behind_the_login_and_switches() {
    let files = synthesised();
    for name in ["menus", "commands", "command-line", "tables", "line"] {
        for name in [name.to_owned(), format!("{name}-by-key")] {
            let (_, bytes) = files.iter().find(|(file, _)| *file == name).unwrap();
            let ends = typed(bytes);
            let switched = ends.iter().any(|end| end.plugs.iter().any(|power| *power != end.plugs[0]));
            let heard = String::from_utf8_lossy(&ends[0].heard);
            assert!(switched, "{name}: {heard}");
        }
    }
}
