//! A serial line: picocom at the proxy's terminal, in front of an emulated device at another.

use std::process::Command;
use std::sync::Arc;

use fencelab_devices::serve::{Pty, Shared};
use fencelab_devices::{Carrier, Credentials, Device, Power};
use fencelab_peers::terminal::{self, wait_for};
use fencelab_recorder::Place;
use fencelab_recorder::link::console;
use fencelab_transcript::{Kind, Side, Transcript};
use rexpect::session::PtySession;
use tokio::runtime::{Builder, Runtime};

use crate::device::{PASSWORD, Recording, described, login, said};

/// An emulated device at a terminal of its own.
struct Line {
    pty: Pty,
    _runtime: Runtime,
}

impl Line {
    fn start(id: &str) -> Self {
        let spec = described(id);
        let face = spec.faces.iter().position(|face| face.carrier() == Some(Carrier::Serial)).unwrap();
        let credentials = Credentials { password: PASSWORD.to_owned(), ..Credentials::default() };
        let device = Shared::new(Device::new(Arc::new(spec), &credentials, 7));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let pty = {
            let _inside = runtime.enter();
            Pty::share(&device, face).unwrap()
        };
        Self { pty, _runtime: runtime }
    }

    fn power(&self, plug: &str) -> Option<Power> {
        self.pty.device.with(|device, now| device.plant().power_at(plug, now))
    }
}

fn picocom(recording: &Recording, speed: &str) -> PtySession {
    let Place::Path(path) = recording.proxy.place() else { panic!("a line has no address") };
    let mut command = Command::new("picocom");
    command.args(["--baud", speed, "--nolock"]).arg(path);
    let mut session = terminal::start(command);
    wait_for(&mut session, "Terminal ready");
    session
}

fn types(terminal: &mut PtySession, text: &str) {
    terminal.send(&format!("{text}\r")).unwrap();
    terminal.flush().unwrap();
}

/// Ctrl-A Ctrl-X ends picocom.
fn leave(mut terminal: PtySession, recording: &Recording) {
    terminal.send("\x01\x18").unwrap();
    terminal.flush().unwrap();
    assert_eq!(terminal::end(&mut terminal).1, 0);
    recording.proxy.settle();
}

/// Without what the device said while nobody was there.
fn of_clients(mut transcript: Transcript) -> Transcript {
    let alone = transcript.events.iter().filter(|event| event.kind == Kind::Close(Side::Device));
    let alone: Vec<u32> = alone.map(|event| event.session).collect();
    transcript.events.retain(|event| !alone.contains(&event.session));
    transcript
}

/// The details of each session's beginning.
fn opens(transcript: &Transcript) -> Vec<String> {
    let open = |kind: &Kind| match kind {
        Kind::Open(details) => Some(serde_json::to_string(details).unwrap()),
        _ => None,
    };
    transcript.events.iter().filter_map(|event| open(&event.kind)).collect()
}

#[test]
fn who_comes_to_a_line_and_goes_is_a_session() {
    let line = Line::start("wti/nps");
    let logins = [vec![], vec![login()]];
    for (round, logins) in logins.iter().enumerate() {
        let link = console::serial("9600".parse().unwrap(), logins);
        let recording = Recording::at_port(&line.pty.path, link);
        let mut first = picocom(&recording, "9600");
        types(&mut first, "");
        wait_for(&mut first, "Username: ");
        types(&mut first, "lab");
        wait_for(&mut first, "Password: ");
        types(&mut first, PASSWORD);
        wait_for(&mut first, "NPS> ");
        leave(first, &recording);
        // Still logged in, as at any serial line.
        let mut second = picocom(&recording, "9600");
        types(&mut second, "/off 2,y");
        wait_for(&mut second, "NPS> ");
        types(&mut second, "/x");
        wait_for(&mut second, "Disconnected");
        leave(second, &recording);
        assert_eq!(line.power("2"), Some(Power::Off), "round {round}");

        let transcript = of_clients(recording.finish(&[PASSWORD]));
        assert_eq!(transcript.header.link.transport, "serial");
        assert_eq!(opens(&transcript), [r#"{"line":"9600,8N1"}"#; 2], "{transcript}");
        let closed = transcript.events.iter().filter(|event| event.kind == Kind::Close(Side::Agent));
        assert_eq!(closed.count(), 2, "{transcript}");
        let typed = said(&transcript, Side::Agent);
        assert_eq!(typed, "\rlab\r********\r/off 2,y\r/x\r", "{transcript}");
        assert!(said(&transcript, Side::Device).contains("NPS> "), "{transcript}");
    }
}

#[test]
fn a_client_at_another_speed_sets_the_port() {
    let line = Line::start("wti/nps");
    let recording = Recording::at_port(&line.pty.path, console::serial("9600".parse().unwrap(), &[]));
    let mut terminal = picocom(&recording, "19200");
    types(&mut terminal, "");
    // The device is still at 9600, and both are noise to each other.
    types(&mut terminal, "/off 2,y");
    terminal.exp_regex(r"[^\x00-\x7f]").unwrap();
    leave(terminal, &recording);
    assert_eq!(line.power("2"), Some(Power::On));
    let transcript = recording.finish(&[]);
    let notes = transcript.events.iter().filter_map(|event| event.extra.get("text")?.as_str());
    assert_eq!(notes.collect::<Vec<_>>(), ["the client has set the line to 19200,8N1"], "{transcript}");
}
