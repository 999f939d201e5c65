//! GNU's `telnet` on a terminal, in the hands of a person.

use std::process::Command;

use fencelab_devices::{Carrier, Power};
use fencelab_peers::terminal::{self, wait_for};
use fencelab_transcript::{Body, Kind, Side};
use rexpect::session::PtySession;

use crate::device::{Console, PASSWORD, Recording, link, said};

/// One key after the other, each when the last one is on the screen as `echo`.
fn type_in(terminal: &mut PtySession, text: &str, echo: Option<&str>) {
    for key in text.chars() {
        let key = key.to_string();
        terminal.send(&key).unwrap();
        terminal.flush().unwrap();
        wait_for(terminal, echo.unwrap_or(&key));
    }
    terminal.send("\r").unwrap();
    terminal.flush().unwrap();
}

#[test]
fn what_a_person_types_is_recorded_but_for_the_password() {
    let device = Console::start("apc/rpdu-cli", Carrier::Telnet);
    let recording = Recording::start(device.served.address, link(Carrier::Telnet, &[]));
    let address = recording.proxy.place().address().unwrap();
    let mut telnet = Command::new("telnet");
    telnet.args([address.ip().to_string(), address.port().to_string()]).env("TERM", "vt100");
    let mut terminal = terminal::start(telnet);
    for password in ["Tr0ub4dor&3", PASSWORD] {
        wait_for(&mut terminal, "User Name :");
        type_in(&mut terminal, "lab", None);
        wait_for(&mut terminal, "Password");
        wait_for(&mut terminal, ": ");
        type_in(&mut terminal, password, Some("*"));
    }
    wait_for(&mut terminal, "apc>");
    type_in(&mut terminal, "olOff 3", None);
    wait_for(&mut terminal, "E000: Success");
    assert_eq!(device.plugs()[2], Power::Off);
    type_in(&mut terminal, "exit", None);
    terminal.exp_eof().unwrap();
    device.wait_until_nobody_is_there();
    recording.proxy.settle();
    let transcript = recording.finish(&["Tr0ub4dor&3", PASSWORD]);
    let typed = said(&transcript, Side::Agent).replace(['\0', '\n'], "");
    assert_eq!(typed, "lab\r********\rlab\r********\rolOff 3\rexit\r");
    // No asterisk tells how long a password is.
    assert!(!said(&transcript, Side::Device).contains('*'), "{transcript}");
    let Kind::Open(details) = &transcript.events[0].kind else { panic!("{transcript}") };
    assert_eq!(details["device"].as_array().unwrap().first().unwrap(), "ECHO", "{details:?}");
    let keys = transcript.events.iter().filter(
        |event| matches!(&event.kind, Kind::Say { from: Side::Agent, body: Body::Text(text) } if text.len() == 1),
    );
    assert!(keys.count() > 10, "a person types key by key: {transcript}");
}
