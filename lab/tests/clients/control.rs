//! The control interface of an emulator: the truth, whatever is said on the wire.

use std::io::{Read, Write};
use std::net::TcpStream;

use fencelab_peers::Emulator;
use serde_json::Value;

/// A request that must be granted, and what came back.
pub(crate) fn ask(emulator: &Emulator, method: &str, path: &str, body: &str) -> Value {
    let control = emulator.faces[0].line["control"].as_str().expect("a control address");
    let authority = control.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).expect("the control interface listens");
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}
