//! A person at a real telnet client before a real telnetd: as the packets have it, and as the person's terminal has it.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use common::console::{CONSOLE, PASSWORD, assert_canonical, dialogue, person, said};
use common::tcp::{Tcp, pcap};
use fencelab_recorder::import::console::{self, Files, Options};
use fencelab_recorder::import::telnet;
use fencelab_transcript::{Side, Transcript};

/// What passed: whether to the device, and the bytes.
type Heard = (bool, Vec<u8>);

/// A telnetd before a console, and a wiretap in front of it that writes down each piece that passes: who sent it, and what.
fn tapped(folder: &Path) -> (SocketAddr, JoinHandle<Vec<Heard>>) {
    let script = folder.join("console.sh");
    std::fs::write(&script, format!("#!/bin/sh\n{CONSOLE}")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let front = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = front.local_addr().unwrap();
    let tap = std::thread::spawn(move || {
        let (client, _) = front.accept().unwrap();
        let back = TcpListener::bind("127.0.0.1:0").unwrap();
        let device = TcpStream::connect(back.local_addr().unwrap()).unwrap();
        let server = OwnedFd::from(back.accept().unwrap().0);
        let mut telnetd = Command::new("telnetd");
        telnetd.args(["-h", "-E"]).arg(&script).stderr(Stdio::null());
        telnetd.env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin");
        telnetd.stdin(server.try_clone().unwrap()).stdout(server);
        let running =
            telnetd.spawn().unwrap_or_else(|error| panic!("telnetd: {error} (Debian: inetutils-telnetd)"));
        // The command holds the server's end, too.
        drop(telnetd);
        let mut telnetd = running;
        let (heard, pieces) = mpsc::channel();
        let pass = |mut from: TcpStream, mut to: TcpStream, to_device: bool| {
            let heard = heard.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    heard.send((to_device, buffer[..count].to_vec())).unwrap();
                    if to.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Write);
            })
        };
        let there = pass(client.try_clone().unwrap(), device.try_clone().unwrap(), true);
        let back = pass(device, client, false);
        back.join().unwrap();
        there.join().unwrap();
        telnetd.wait().unwrap();
        drop(heard);
        pieces.into_iter().collect()
    });
    (address, tap)
}

/// What was said; telnetd hangs up when its program ends, and what that said last, the ninth turn, may be lost.
/// telnetd pads with NUL, which does nothing (RFC 854, "The NVT printer and keyboard").
fn without_padding(transcript: &Transcript) -> Vec<(Side, String)> {
    said(transcript)
        .into_iter()
        .map(|(side, text)| (side, text.trim_start_matches('\0').to_owned()))
        .collect()
}

#[test]
fn a_real_client_and_a_real_server_as_the_wire_and_the_terminal_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let (address, tap) = tapped(folder.path());
    let telnet = format!("telnet {} {}", address.ip(), address.port());
    let files =
        ["--quiet", "--log-out", "out", "--log-in", "in", "--log-timing", "timing", "--command", &telnet];
    person(Command::new("script").args(files).current_dir(folder.path()));
    let pieces = tap.join().unwrap();
    // On the wire.
    let mut wire = Tcp::new("10.0.0.1:40000", "10.0.0.5:2323").open();
    for (to_device, bytes) in &pieces {
        wire = wire.say(*to_device, bytes);
    }
    let imported =
        telnet::import("capture", pcap(&[wire.end(false, "F")]).as_slice(), &Options::default()).unwrap();
    let [heard] = imported.dialogues.as_slice() else { panic!("one device") };
    let wired = &heard.transcript;
    assert_eq!(without_padding(wired)[..8], dialogue()[..8]);
    assert_eq!(imported.warnings, [""; 0]);
    let sent: Vec<u8> =
        pieces.iter().filter(|(to_device, _)| *to_device).flat_map(|(_, bytes)| bytes.clone()).collect();
    assert!(sent.contains(&0xff), "they negotiate");
    // At the terminal, where the client speaks, too.
    let path = |name: &str| folder.path().join(name);
    let files = Files { file: path("out"), timing: Some(path("timing")), input: Some(path("in")) };
    let typed = console::import_file(&files, &Options::default()).unwrap();
    assert_eq!(without_padding(&typed.transcripts[0])[..8], dialogue()[..8]);
    assert!(
        typed.warnings[0].ends_with("what the telnet client itself said is left out"),
        "{:?}",
        typed.warnings
    );
    let header = &typed.transcripts[0].header;
    assert_eq!((header.link.protocol.as_str(), header.link.port), ("telnet", Some(address.port())));
    for transcript in [wired, &typed.transcripts[0]] {
        assert_canonical(transcript);
        assert!(!transcript.canonical().contains(PASSWORD));
    }
}
