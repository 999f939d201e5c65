//! The console face, without a socket: what is typed, what is answered, what moves.

#[path = "support/terminal.rs"]
mod terminal;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::serve::Served;
use fencelab_devices::{Carrier, Credentials, Device, DeviceSpec, Fault, Power, Told};
use fencelab_transcript::{Body, Kind, Side};
use proptest::prelude::*;
use terminal::{Terminal, peer, s};

const TOML: &str = r##"
format = "1.0"
[device]
vendor = "ACME"
model = "Console"
provenance = { kind = "described", from = ["this test"] }
[plant]
plugs = { count = 12 }
delay = { off = "1s" }
[face.console]
over = ["telnet", "ssh", "serial"]
negotiates = false
words = { on = "ON", off = "OFF", turning-off = "OFF*" }
greeting = "ACME\n"
pager = { lines = 5, prompt = "--More--", quit = "q" }
[face.console.plug]
name = "Outlet {plug}"
[face.console.login]
user = "login: "
password = "Password: "
refused = "Sorry\n"
locked = "Goodbye\n"
tries = 2
lockout = "10s"
mask = "*"
[face.console.sessions]
limit = 2
busy = "Too many\n"
idle = "60s"
idle-text = "\nTimeout\n"
[face.console.errors]
busy = "BUSY\n"
[[face.console.state]]
name = "stuck"
means = "neither"
seen = [{ shows = "??" }]
source = "this test"
[[face.console.mode]]
name = "top"
prompt = "> "
[[face.console.mode.command]]
match = "status (?<plug>\\S+)"
say = "{{ plug.name }} is {{ plug.shows }}\n"
[[face.console.mode.command]]
match = "state (?<plug>\\S+)"
say = "{{ plug.shows }}\n"
[[face.console.mode.command]]
match = "list"
say = """
{% for p in plugs %}
{{ p.id|right(2) }} {{ p.shows }}
{% endfor %}
"""
[[face.console.mode.command]]
name = "off"
match = "off (?<plug>\\S+)"
say = "ok\n"
orders = "off"
[[face.console.mode.command]]
match = "menu"
go = "menu"
[[face.console.mode.command]]
match = "quit"
say = "bye\n"
ends = true
[[face.console.mode]]
name = "menu"
prompt = "# "
text = "1- back\n"
empty = "text"
[[face.console.mode.command]]
match = "1"
go = "top"
[[face.console.mode.command]]
key = "^C"
go = "top"
say = "interrupted\n"
[[face.console.rule]]
on = { command = "off", plug = "7" }
answer = { error = "busy" }
source = "this test"
"##;

const TELNET: usize = 0;
const SSH: usize = 1;
const SERIAL: usize = 2;

fn spec() -> Arc<DeviceSpec> {
    DeviceSpec::parse(Path::new("device.toml"), TOML, Path::new("."))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn open(face: usize) -> Terminal {
    Terminal::at(spec(), face)
}

/// Somebody who has logged in before these faults are there.
fn faulty(faults: &str) -> Terminal {
    let mut terminal = open(TELNET);
    terminal.login();
    terminal.device.set_faults(Fault::parse_all(faults).unwrap());
    terminal
}

#[test]
fn a_login_and_what_follows() {
    let mut terminal = open(TELNET);
    assert_eq!(terminal.connect(None), "ACME\r\nlogin: ");
    assert_eq!(terminal.says("lab\r\n"), "lab\r\nPassword: ");
    assert_eq!(terminal.says("fencelab\r\n"), "********\r\n> ");
    assert_eq!(terminal.says("status 3\r\n"), "status 3\r\nOutlet 3 is ON\r\n> ");
    assert_eq!(terminal.says("status Outlet 3\r\n"), "status Outlet 3\r\nInvalid command\r\n> ");
    assert_eq!(terminal.says("off 3\r\n"), "off 3\r\nok\r\n> ");
    assert_eq!(terminal.power("3"), Some(Power::On));
    assert_eq!(terminal.says("status 3\r\n"), "status 3\r\nOutlet 3 is OFF*\r\n> ");
    terminal.sleep(s(1));
    assert_eq!(terminal.power("3"), Some(Power::Off));
    assert_eq!(terminal.says("status 3\r\n"), "status 3\r\nOutlet 3 is OFF\r\n> ");
    assert_eq!(terminal.says("status 13\r\n"), "status 13\r\nNo such outlet\r\n> ");
    assert_eq!(terminal.says("off 7\r\n"), "off 7\r\nBUSY\r\n> ");
    assert_eq!(terminal.says("\r\n"), "\r\n> ");
    assert_eq!(terminal.says("quit\r\n"), "quit\r\nbye\r\n");
    assert!(terminal.over);
    terminal.sleep(s(2));
    assert_eq!(terminal.power("7"), Some(Power::On));
    let asked: Vec<&str> = terminal.device.requests().iter().map(|entry| entry.request.as_str()).collect();
    assert!(asked.contains(&"off 3") && !asked.iter().any(|asked| asked.contains("fencelab")), "{asked:?}");
}

#[test]
fn a_line_can_be_mended_and_ended_in_every_way() {
    let mut terminal = open(TELNET);
    terminal.login();
    assert_eq!(terminal.says("statux\x08s 1\x7f2\r"), "statux\x08 \x08s 1\x08 \x082\r\nOutlet 2 is ON\r\n> ");
    // The line feed behind the carriage return came late: it ends no other line.
    assert_eq!(terminal.says("\nstatus 1\n"), "status 1\r\nOutlet 1 is ON\r\n> ");
    assert_eq!(terminal.says("status 1\r\0"), "status 1\r\nOutlet 1 is ON\r\n> ");
    assert_eq!(terminal.says("nonsense\x15list"), "nonsenselist");
}

#[test]
fn long_texts_are_shown_in_pages() {
    let mut terminal = open(TELNET);
    terminal.login();
    assert_eq!(terminal.says("list\r\n"), "list\r\n 1 ON\r\n 2 ON\r\n 3 ON\r\n 4 ON\r\n 5 ON\r\n--More--");
    assert_eq!(terminal.says(" "), "\r\n 6 ON\r\n 7 ON\r\n 8 ON\r\n 9 ON\r\n10 ON\r\n--More--");
    assert_eq!(terminal.says("\r\n"), "\r\n11 ON\r\n12 ON\r\n> ");
    terminal.says("list\r\n");
    assert_eq!(terminal.says("q"), "\r\n> ");
    assert_eq!(terminal.says("status 2\r\n"), "status 2\r\nOutlet 2 is ON\r\n> ");
}

#[test]
fn modes_have_texts_and_keys() {
    let mut terminal = open(TELNET);
    terminal.login();
    assert_eq!(terminal.says("menu\r\n"), "menu\r\n1- back\r\n# ");
    assert_eq!(terminal.says("\r\n"), "\r\n1- back\r\n# ");
    assert_eq!(terminal.says("x\x03"), "xinterrupted\r\n> ");
    terminal.says("menu\r\n");
    assert_eq!(terminal.says("1\r\n"), "1\r\n> ");
}

#[test]
fn wrong_passwords_lock_the_door() {
    let mut terminal = open(TELNET);
    terminal.connect(None);
    terminal.says("lab\r\n");
    assert_eq!(terminal.says("wrong\r\n"), "*****\r\nSorry\r\nlogin: ");
    terminal.says("lab\r\n");
    assert_eq!(terminal.says("wrong\r\n"), "*****\r\nSorry\r\nGoodbye\r\n");
    assert!(terminal.over);
    terminal.peer = peer(1);
    assert_eq!(terminal.login(), "********\r\nSorry\r\nGoodbye\r\n");
    terminal.sleep(s(10));
    terminal.peer = peer(2);
    assert_eq!(terminal.login(), "********\r\n> ");
}

#[test]
fn sessions_are_limited_and_silent_ones_end() {
    let mut terminal = open(TELNET);
    terminal.login();
    terminal.peer = peer(1);
    terminal.login();
    terminal.peer = peer(2);
    assert_eq!(terminal.login(), "********\r\nToo many\r\n");
    assert_eq!(terminal.device.sessions(), 2);
    terminal.peer = peer(1);
    terminal.over = false;
    assert_eq!(terminal.sleep(s(59)), "");
    assert_eq!(terminal.sleep(s(1)), "\r\nTimeout\r\n");
    assert!(terminal.over);
    assert_eq!(terminal.device.sessions(), 0);
}

#[test]
fn half_open_logins_lock_nobody_out() {
    let mut terminal = open(TELNET);
    for number in 1..2000 {
        terminal.peer = peer(number);
        terminal.connect(None);
    }
    terminal.peer = peer(0);
    assert_eq!(terminal.login(), "********\r\n> ");
}

#[test]
fn over_ssh_the_carrier_asks() {
    let mut terminal = open(SSH);
    assert!(!terminal.device.admits(s(0), SSH, "lab", Some("wrong")));
    assert!(!terminal.device.admits(s(0), SSH, "root", Some("fencelab")), "and now it is locked");
    assert!(!terminal.device.admits(s(1), SSH, "lab", Some("fencelab")));
    assert!(terminal.device.admits(s(11), SSH, "lab", Some("fencelab")));
    assert!(!terminal.device.asks_itself(SSH) && terminal.device.asks_itself(TELNET));
    assert_eq!(terminal.connect(Some("lab")), "ACME\r\n> ");
    assert_eq!(
        spec().faces.iter().map(|face| face.protocol()).collect::<Vec<_>>(),
        ["telnet", "ssh", "serial"]
    );
    assert_eq!(Carrier::ALL.map(Carrier::name), ["telnet", "ssh", "serial", "rfc2217"]);
}

#[test]
fn faults_of_the_status_are_told_in_the_devices_words() {
    let asked = |faults: &str| faulty(faults).says("status 3\r\n");
    assert_eq!(asked("state(stuck)"), "status 3\r\nOutlet 3 is ??\r\n> ");
    assert_eq!(asked("state-unknown"), "status 3\r\nOutlet 3 is ??\r\n> ");
    assert_eq!(asked("value(7)"), "status 3\r\nOutlet 3 is 7\r\n> ");
    assert_eq!(asked("empty"), "status 3\r\n> ");
    assert_eq!(asked("plug-absent"), "status 3\r\nNo such outlet\r\n> ");
    assert_eq!(asked("error(busy)"), "status 3\r\nBUSY\r\n> ");
    assert_eq!(asked("error-with-body(busy)"), "status 3\r\nBUSY\r\nOutlet 3 is ON\r\n> ");
    assert_eq!(asked("short(4)"), "status 3\r\nOutl> ");
    assert_eq!(asked("longer(3)"), "status 3\r\nOutlet 3 is ON\r\nxxx\r\n> ");
    assert_eq!(asked("other-object"), "status 3\r\nOutlet 4 is ON\r\n> ");
    assert_eq!(asked("drop@from-device"), "");
    assert_eq!(asked("cut(10)"), "status 3\r\n");
    assert_eq!(asked("delay(1s)@from-device"), "");
    let mut later = faulty("delay(1s)@from-device");
    later.says("status 3\r\n");
    assert_eq!(later.sleep(s(1)), "status 3\r\nOutlet 3 is ON\r\n> ");
    let mut other = faulty("others-state");
    other.device.plant_mut().set(s(0), "4", Power::Off);
    assert_eq!(other.says("status 3\r\n"), "status 3\r\nOutlet 3 is OFF\r\n> ");
    assert_eq!(other.told, [Told { plug: "3".to_owned(), power: Some(Power::Off) }]);
}

#[test]
fn faults_of_orders_and_sessions() {
    let mut terminal = faulty("not-done");
    assert_eq!(terminal.says("off 3\r\n"), "off 3\r\nok\r\n> ");
    terminal.sleep(s(5));
    assert_eq!(terminal.power("3"), Some(Power::On));
    let mut terminal = faulty("wrong-plug");
    terminal.says("off 3\r\n");
    terminal.sleep(s(5));
    assert_eq!((terminal.power("3"), terminal.power("4")), (Some(Power::On), Some(Power::Off)));
    let mut terminal = faulty("close@off");
    assert_eq!(terminal.says("off 3\r\n"), "off 3\r\n");
    assert!(terminal.over);
    let mut terminal = faulty("bmc-reset(during,5s)");
    terminal.says("off 3\r\n");
    assert!(terminal.over);
    terminal.peer = peer(1);
    terminal.over = false;
    assert_eq!(terminal.connect(None), "");
    assert!(terminal.over);
    terminal.sleep(s(5));
    assert_eq!(terminal.power("3"), Some(Power::Off));
    terminal.device.clear_faults();
    assert_eq!(terminal.connect(None), "ACME\r\nlogin: ");
    let mut terminal = faulty("one-session");
    terminal.peer = peer(1);
    terminal.connect(None);
    assert!(terminal.over);
}

#[test]
fn what_a_text_tells_is_told_only_if_it_comes_whole() {
    let told = |faults: &str| {
        let mut terminal = faulty(faults);
        terminal.says("status 3\r\n");
        terminal.sleep(s(1));
        terminal.told.len()
    };
    assert_eq!(told(""), 1);
    assert_eq!(told("split(12)"), 1);
    assert_eq!(told("cut(12)@from-device"), 0);
    // All but one byte can still be read.
    assert_eq!(told("garble(12)@from-device"), 1);
    assert_eq!(told("short(5)"), 0);
    assert_eq!(told("drop@from-device"), 0);
}

/// An answer about another plug says so, or nobody can know.
#[test]
fn an_answer_about_another_plug_is_of_that_plug_only_where_it_says_so() {
    let mut terminal = faulty("other-object");
    terminal.device.plant_mut().set(Duration::ZERO, "3", Power::Off);
    terminal.told.clear();
    assert!(terminal.says("status 2\r").contains("Outlet 3 is OFF"));
    assert!(terminal.says("state 2\r").contains("OFF"));
    let told: Vec<(&str, Option<Power>)> =
        terminal.told.iter().map(|told| (told.plug.as_str(), told.power)).collect();
    assert_eq!(told, [("3", Some(Power::Off)), ("2", Some(Power::Off))]);
}

#[test]
fn a_recording_holds_turns_and_no_password() {
    let mut terminal = open(TELNET);
    terminal.device.record();
    terminal.login();
    for byte in "status 3\r\n".chars() {
        terminal.says(&byte.to_string());
    }
    terminal.says("");
    let events = terminal.device.take_events();
    let text = format!("{events:?}");
    assert!(!text.contains("fencelab"), "{text}");
    assert!(text.contains("tells"), "{text}");
}

#[test]
fn a_password_among_bytes_that_are_no_text_is_not_recorded_either() {
    let mut terminal = open(TELNET);
    terminal.login();
    terminal.device.record();
    terminal.peer = peer(1);
    terminal.connect(None);
    terminal.device.handle(terminal.now, TELNET, terminal.peer, b"\xff login lab fencelab\r\n");
    terminal.heard();
    let events = terminal.device.take_events();
    let bytes = events.iter().find_map(|event| match &event.kind {
        Kind::Say { from: Side::Agent, body: Body::Hex(bytes) } => Some(bytes),
        _ => None,
    });
    let bytes = bytes.expect("these bytes are no text");
    assert!(bytes.is_redacted() && bytes.to_exact().is_none(), "{bytes:?}");
}

#[test]
fn what_telnet_says_of_itself_is_no_request() {
    let negotiating = TOML.replace("negotiates = false\n", "");
    let spec = DeviceSpec::parse(Path::new("device.toml"), &negotiating, Path::new(".")).unwrap();
    let mut device = Device::new(spec, &Credentials::default(), 1);
    device.connect(s(0), TELNET, peer(0), None);
    // DO SGA holds the byte of Ctrl-C, SB NAWS that of escape.
    for bytes in [
        b"\xff\xfd\x03".as_slice(),
        b"\xff\xfb\x1f\xff\xfa\x1f\0\x1b\0\x1b\xff\xf0",
        b"lab",
        b"\r\n",
        b"fencelab\r\n",
    ] {
        device.handle(s(0), TELNET, peer(0), bytes);
    }
    device.handle(s(0), TELNET, peer(0), b"status 3\r\n");
    // The connection, the user, the password, the status.
    assert_eq!(device.requests().last().map(|entry| entry.exchange), Some(4));
}

#[tokio::test]
async fn no_socket_carries_a_serial_line() {
    let device = Device::new(spec(), &Credentials::default(), 1);
    let error = Served::start(device, SERIAL, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}

#[test]
fn errors_in_a_description_say_where() {
    let wrong = |from: &str, to: &str| {
        let text = TOML.replacen(from, to, 1);
        DeviceSpec::parse(Path::new("device.toml"), &text, Path::new(".")).unwrap_err().to_string()
    };
    assert!(wrong("go = \"menu\"", "go = \"men\"").ends_with("there is no mode `men`; did you mean `menu`?"));
    assert!(wrong("{{ plug.name }} is", "{{ plum.name }} is").contains("there is no `plum` in texts"));
    assert!(wrong("status (?<plug>", "status (?<plug").contains(':'));
    assert!(wrong("busy = \"BUSY", "bussy = \"BUSY").contains("did you mean `busy`?"));
    assert!(wrong("off = \"OFF\"", "off = \"ON\"").contains("look alike"));
    assert!(wrong("key = \"^C\"", "key = \"CC\"").contains("is no key"));
    assert!(wrong("\"serial\"]", "\"cereal\"]").contains("did you mean `serial`?"));
    assert!(wrong("match = \"quit\"\n", "").contains("one of `match` and `key`"));
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_survived(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
        for face in [TELNET, SSH] {
            let mut terminal = open(face);
            terminal.connect(Some("lab"));
            for piece in &pieces {
                terminal.device.handle(terminal.now, face, terminal.peer, piece);
                terminal.now += Duration::from_millis(7);
                terminal.device.take_output(terminal.now);
            }
        }
    }

    #[test]
    fn it_does_not_matter_how_the_typing_is_cut(cuts in proptest::collection::vec(1usize..8, 1..60)) {
        const TYPED: &str = "lab\r\nfencelab\r\nstatus 3\r\nlist\r\n qmenu\r\n\r\n1\r\noff 5\r\nstatus 5\r\nquit\r\n";
        let mut whole = open(TELNET);
        let mut heard = whole.connect(None);
        heard += &whole.says(TYPED);
        let mut cut = open(TELNET);
        let mut pieces = cut.connect(None);
        let (mut rest, mut cuts) = (TYPED, cuts.iter().cycle());
        while !rest.is_empty() {
            let length = (*cuts.next().unwrap()).min(rest.len());
            pieces += &cut.says(&rest[..length]);
            rest = &rest[length..];
        }
        prop_assert_eq!(heard, pieces);
        prop_assert_eq!(whole.power("5"), cut.power("5"));
    }
}
