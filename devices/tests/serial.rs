//! A console at a serial line, in virtual time: a session that never ends, at the pace of the line, behind a port server too.

#[path = "support/terminal.rs"]
mod terminal;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::{Device, DeviceSpec, Fault, Power};
use fencelab_transcript::{Kind, Side};
use fencelab_wire::serial::Line;
use fencelab_wire::telnet::{ComPort, Config, Opt, Side as End, Telnet};
use proptest::prelude::*;
use terminal::{Terminal, peer, s};

const TOML: &str = include_str!("support/line.toml");
const SERIAL: usize = 0;
const PORT_SERVER: usize = 1;

fn spec_of(from: &str, to: &str) -> Arc<DeviceSpec> {
    let text = TOML.replace("LONG", &"0123456789".repeat(96));
    let text = if from.is_empty() { text } else { text.replace(from, to) };
    DeviceSpec::parse(Path::new("device.toml"), &text, Path::new("."))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn open(face: usize) -> Terminal {
    Terminal::at(spec_of("", ""), face)
}

/// Types, and waits until the slow line has said all.
fn says(terminal: &mut Terminal, text: &str) -> String {
    let at_once = terminal.says(text);
    at_once + &terminal.sleep(s(1))
}

fn logged_in() -> Terminal {
    let mut terminal = open(SERIAL);
    terminal.connect(None);
    assert!(says(&mut terminal, "\r").ends_with("login: "));
    says(&mut terminal, "lab\r");
    assert_eq!(says(&mut terminal, "fencelab\r"), "\r\n> ");
    terminal
}

#[test]
fn nobody_is_greeted_and_enter_wakes_the_line() {
    let mut terminal = open(SERIAL);
    assert_eq!(terminal.sleep(s(5)), "", "what was said when it began is lost");
    assert_eq!(terminal.connect(None), "");
    assert_eq!(says(&mut terminal, "\r"), "\r\nlogin: ");
    assert_eq!(says(&mut terminal, "lab\r"), "lab\r\nPassword: ");
    assert_eq!(says(&mut terminal, "wrong\r"), "\r\nSorry\r\nlogin: ");
    assert_eq!(says(&mut terminal, "lab\r"), "lab\r\nPassword: ");
    // The second wrong one ends the session, and the next begins there.
    assert_eq!(says(&mut terminal, "wrong\r"), "\r\nSorry\r\nGoodbye\r\nACME\r\nlogin: ");
    assert!(!terminal.over);
}

#[test]
fn who_goes_is_still_logged_in() {
    let mut terminal = logged_in();
    terminal.says("");
    terminal.sleep(s(10));
    terminal.peer = peer(1);
    assert_eq!(terminal.connect(None), "");
    assert_eq!(says(&mut terminal, "status 2\r"), "status 2\r\n2 is ON\r\n> ");
    assert_eq!(terminal.device.sessions(), 1);
    assert_eq!(says(&mut terminal, "quit\r"), "quit\r\nbye\r\nACME\r\nlogin: ");
    assert_eq!((terminal.over, terminal.device.sessions()), (false, 0));
}

#[test]
fn silence_leads_back_to_the_login_once() {
    let mut terminal = logged_in();
    assert_eq!(terminal.sleep(s(58)), "");
    assert_eq!(terminal.sleep(s(2)), "\r\nTimeout\r\nACME\r\nlogin: ");
    assert_eq!(terminal.sleep(s(10_000)), "", "nobody is there to be greeted again");
    says(&mut terminal, "lab\r");
    assert!(terminal.sleep(s(61)).ends_with("ACME\r\nlogin: "), "a password is not waited for without end");
}

#[test]
fn faults_that_hang_up_lead_back_to_the_login() {
    let mut terminal = logged_in();
    terminal.device.set_faults(Fault::parse_all("close@off").unwrap());
    assert_eq!(says(&mut terminal, "off 3\r"), "off 3\r\nACME\r\nlogin: ");
    assert_eq!(terminal.power("3"), Some(Power::On));

    let mut terminal = logged_in();
    terminal.device.set_faults(Fault::parse_all("bmc-reset(during,5s)").unwrap());
    let heard = says(&mut terminal, "off 3\r");
    assert!(!heard.contains("login"), "{heard:?}");
    terminal.device.clear_faults();
    assert_eq!(says(&mut terminal, "\r"), "", "it is restarting");
    assert_eq!(terminal.sleep(s(5)), "ACME\r\nlogin: ");
    assert_eq!(terminal.power("3"), Some(Power::Off));
}

#[test]
fn one_at_a_time() {
    let mut terminal = logged_in();
    terminal.device.connect(terminal.now, SERIAL, peer(1), None);
    let output = terminal.device.take_output(terminal.now);
    assert!(matches!(output.as_slice(), [end] if end.to == peer(1) && end.bytes.is_empty()), "{output:?}");
    assert_eq!(says(&mut terminal, "status 1\r"), "status 1\r\n1 is ON\r\n> ");
    // The other's end is not ours.
    terminal.device.handle(terminal.now, SERIAL, peer(1), b"");
    assert_eq!(says(&mut terminal, "status 1\r"), "status 1\r\n1 is ON\r\n> ");
}

#[test]
fn who_writes_and_goes_at_once_has_written() {
    let mut terminal = logged_in();
    terminal.says("");
    terminal.says("off 3\r");
    terminal.sleep(s(1));
    assert_eq!(terminal.power("3"), Some(Power::Off));
}

/// How long it takes until so many bytes have come after `long`, of which there are 960 and the echo.
fn time_of_long(line: &str, pace: &str) -> Duration {
    let spec = spec_of("line = \"9600,8N1\"", &format!("line = \"{line}\"\n{pace}"));
    let mut terminal = Terminal::at(spec, SERIAL);
    terminal.connect(None);
    for typed in ["\r", "lab\r", "fencelab\r"] {
        terminal.says(typed);
        terminal.sleep(s(10));
    }
    let start = terminal.now;
    let mut heard = terminal.says("long\r");
    while let Some(next) = terminal.device.next_wake().filter(|_| heard.len() < 6 + 960 + 2) {
        terminal.now = next;
        heard += &terminal.heard();
    }
    assert!(heard.starts_with("long\r\n0123") && heard.ends_with("789> "), "{heard}");
    terminal.now - start
}

#[test]
fn a_byte_takes_as_long_as_its_bits() {
    let is = |time: Duration, wanted: f64| {
        let ratio = time.as_secs_f64() / wanted;
        assert!((0.999..1.001).contains(&ratio), "{time:?}, not {wanted} s");
    };
    // 968 bytes of ten bits.
    is(time_of_long("9600", ""), 968.0 / 960.0);
    is(time_of_long("19200", ""), 968.0 / 1920.0);
    is(time_of_long("300", ""), 968.0 / 30.0);
    // Eleven bits with a parity bit; and a device that is slower than its line.
    is(time_of_long("9600,8E1", ""), 968.0 * 11.0 / 9600.0);
    is(time_of_long("9600", "pace = 100"), 9.68);
}

#[test]
fn a_recording_holds_what_was_said_while_somebody_was_there() {
    let mut terminal = logged_in();
    terminal.says("");
    terminal.device.record();
    says(&mut terminal, "status 1\r");
    terminal.connect(None);
    says(&mut terminal, "status 2\r");
    terminal.says("");
    let events = terminal.device.take_events();
    let told = format!("{events:?}");
    assert!(told.contains("2 is ON") && !told.contains("1 is ON"), "{told}");
    let closed = |kind: &Kind| matches!(kind, Kind::Close(Side::Agent));
    assert!(events.last().is_some_and(|event| closed(&event.kind)), "{told}");
}

/// A client of the port server.
struct Client {
    terminal: Terminal,
    telnet: Telnet,
    told: Vec<ComPort>,
    text: Vec<u8>,
}

impl Client {
    fn connect() -> Self {
        let (offers, asks_for) = (vec![Opt::BINARY, Opt::COM_PORT], vec![Opt::BINARY, Opt::SGA]);
        let mut telnet = Telnet::new(Config { offers, asks_for, ..Config::client() });
        let mut terminal = open(PORT_SERVER);
        terminal.device.connect(terminal.now, PORT_SERVER, terminal.peer, None);
        let opening = telnet.open();
        let mut client = Self { terminal, telnet, told: Vec::new(), text: Vec::new() };
        client.send(&opening);
        assert!(client.telnet.is_on(Opt::COM_PORT, End::Ours));
        // The device has just begun, and greeted.
        client.text.clear();
        client
    }

    /// Sends, and takes what comes within a second.
    fn send(&mut self, bytes: &[u8]) {
        let Terminal { device, now, peer, .. } = &mut self.terminal;
        device.handle(*now, PORT_SERVER, *peer, bytes);
        for _ in 0..20 {
            *now += Duration::from_millis(50);
            for output in device.take_output(*now) {
                assert!(!output.bytes.is_empty(), "it has hung up");
                let received = self.telnet.receive(&output.bytes);
                if !received.reply.is_empty() {
                    device.handle(*now, PORT_SERVER, *peer, &received.reply);
                }
                self.text.extend(received.data);
                let told = received.told.iter().filter_map(|(_, inside)| ComPort::parse(inside));
                self.told.extend(told.filter_map(|(from_server, said)| from_server.then_some(said)));
            }
        }
    }

    fn says(&mut self, text: &str) -> Vec<u8> {
        let bytes = self.telnet.send(text.as_bytes());
        self.send(&bytes);
        std::mem::take(&mut self.text)
    }

    fn asks(&mut self, asked: &ComPort) -> Option<ComPort> {
        self.send(&Telnet::tell(Opt::COM_PORT, &asked.emit(false)));
        self.told.pop()
    }
}

#[test]
fn behind_a_port_server_the_line_is_set_and_used() {
    let mut client = Client::connect();
    let line = Line::default();
    for asked in ComPort::settings(&line) {
        assert_eq!(client.asks(&asked), Some(asked));
    }
    assert!(client.told.contains(&ComPort::ModemState(0xb0)));
    assert_eq!(client.says("\r"), b"\r\nlogin: ");
    assert_eq!(client.says("lab\r"), b"lab\r\nPassword: ");
    assert_eq!(client.says("fencelab\r"), b"\r\n> ");
    assert_eq!(client.says("status 4\r"), b"status 4\r\n4 is ON\r\n> ");
}

#[test]
fn at_the_wrong_speed_all_is_noise() {
    let mut client = Client::connect();
    assert_eq!(client.asks(&ComPort::BaudRate(19_200)), Some(ComPort::BaudRate(19_200)));
    let noise = client.says("\r");
    assert!(noise.iter().all(|byte| !byte.is_ascii()), "{noise:?}");
    client.says("off 1\r");
    assert_eq!(client.asks(&ComPort::BaudRate(9600)), Some(ComPort::BaudRate(9600)));
    assert!(client.says("\r").ends_with(b"Password: "), "the noise was a name");
}

#[test]
fn wrong_settings_in_a_description_say_where() {
    let text = TOML.replace("9600,8N1", "9600,9N1");
    let error = DeviceSpec::parse(Path::new("device.toml"), &text, Path::new(".")).unwrap_err().to_string();
    assert!(
        error.contains("device.toml:11:8") && error.contains("`9600,9N1` is no setting of a serial line"),
        "{error}"
    );
}

fn log(device: &Device) -> Vec<String> {
    device.requests().iter().map(|entry| entry.request.clone()).collect()
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_survived(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        for face in [SERIAL, PORT_SERVER] {
            let mut terminal = open(face);
            for piece in &pieces {
                // Empty pieces are ends; whoever has gone comes again.
                terminal.device.connect(terminal.now, face, terminal.peer, None);
                terminal.device.handle(terminal.now, face, terminal.peer, piece);
                terminal.now += Duration::from_millis(7);
                terminal.device.take_output(terminal.now);
            }
            prop_assert!(!terminal.over);
            prop_assert!(log(&terminal.device).iter().all(|asked| !asked.contains("fencelab")));
        }
    }
}
