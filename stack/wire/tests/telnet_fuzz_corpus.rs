//! The fuzzer's corpus of telnet, replayed; and where it comes from: negotiations of our own two ends, and what breaks
//! the framing.
//!
//! `FENCELAB_MAKE_CORPUS=1 cargo test -p fencelab-wire --test telnet_fuzz_corpus` writes the synthesised files anew.
//! Files whose names begin with `found-` are what the fuzzer found; they stay as they are.

#[path = "support/corpus.rs"]
mod corpus;
#[path = "../fuzz/telnet.rs"]
mod telnet;

use corpus::Input;
use fencelab_wire::telnet::{Config, Opt, Side, Telnet};
use proptest::prelude::*;
use telnet::{device, take};

/// Two ends agree, one says something and the other answers; then this option is ended.
fn session(client: Config, ended: Opt) -> Vec<u8> {
    let (mut device, mut client) = (Telnet::new(device()), Telnet::new(client));
    let mut input = Input::default();
    let mut settle =
        |device: &mut Telnet, client: &mut Telnet, mut to_device: Vec<u8>, mut to_client: Vec<u8>| {
            while !to_device.is_empty() || !to_client.is_empty() {
                input.record_request(&to_device);
                input.record_answer(&to_client);
                let from_device = device.receive(&to_device).reply;
                to_device = client.receive(&to_client).reply;
                to_client = from_device;
            }
        };
    let (asked, offered) = (client.open(), device.open());
    settle(&mut device, &mut client, asked, offered);
    let (typed, said) = (client.send(b"adm\xff\r"), device.send(b"Password: \r\n"));
    settle(&mut device, &mut client, typed, said);
    let end = device.ask(ended, Side::Theirs, false);
    settle(&mut device, &mut client, b"\xff\xf6".to_vec(), end);
    input.0
}

/// Everything synthesised, by file name.
fn synthesised() -> Vec<(String, Vec<u8>)> {
    let client = Config::client;
    let binary =
        Config { offers: vec![Opt::BINARY, Opt::TTYPE, Opt::NAWS], asks_for: vec![Opt::BINARY], ..client() };
    let refusing = Config { ours: Vec::new(), theirs: Vec::new(), ..client() };
    let port = Config { offers: vec![Opt::COM_PORT, Opt::BINARY], ..client() };
    let mut files = vec![
        ("client-com-port".to_owned(), session(port, Opt::COM_PORT)),
        ("client".to_owned(), session(client(), Opt::NAWS)),
        ("client-binary".to_owned(), session(binary, Opt::BINARY)),
        ("client-refusing".to_owned(), session(refusing, Opt::SGA)),
    ];
    for (name, bytes) in [
        ("signals", b"\xff\xec\xff\xed\xff\xee\xff\xef\xff\xf0\xff\xf1\xff\xf2\xff\xf3\xff\xf4\xff\xf5\xff\xf6\xff\xf7\xff\xf8\xff\xf9\xff\x41".as_slice()),
        ("lines", b"a\r\nb\r\0c\rd\xff\xffe\n\0\r"),
        ("rsa-2", b"\xff\xfd\x00\xff\xfb\x00\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f"),
        ("broken-by-verb", b"\xff\xfa\x1f\0\x50\xff\xfd\x01\xff\xf0"),
        ("broken-by-subnegotiation", b"\xff\xfa\x18\xff\xfa\x18\x01\xff\xf0"),
        ("broken-empty", b"\xff\xfa\xff\xf0"),
        ("escaped-option", b"\xff\xfa\xff\xff\x01\xff\xff\xff\xf0\xff\xfb\xff"),
        ("com-port", b"\xff\xfb\x2c\xff\xfa\x2c\x01\0\x01\xc2\0\xff\xf0\xff\xfa\x2c\x05\x07\xff\xf0\xff\xfa\x2c\0\xff\xf0\xff\xfa\x2c\x08\xff\xf0\xff\xfa\x2c\x09\xff\xf0"),
        ("cut-iac", b"a\xff"),
        ("cut-verb", b"a\xff\xfb"),
        ("cut-subnegotiation", b"a\xff\xfa\x1f\0\xff"),
    ] {
        let mut input = Input::default();
        input.record_request(bytes);
        input.record_answer(bytes);
        files.push((name.to_owned(), input.0));
    }
    let mut long = Input::default();
    let endless =
        [b"\xff\xfb\x1f\xff\xfa\x1f".as_slice(), &[b'x'; Telnet::SUBNEGOTIATION_MAX + 1], b"\xff\xf0"];
    long.record_request(&endless.concat());
    files.push(("endless-subnegotiation".to_owned(), long.0));
    files
}

corpus::corpus_tests!("telnet", synthesised, take);
