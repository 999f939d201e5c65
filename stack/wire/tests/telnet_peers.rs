//! Both ends against real programs: the `telnet` client on a terminal, and `telnetd`. A missing one fails the test.

use fencelab_peers::run;
use fencelab_wire::telnet::describe::pieces;
use fencelab_wire::telnet::{Config, Opt, Received, Side, Signal, Telnet};
use rexpect::session::{PtySession, spawn_command};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// How long a peer may be silent before the test is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// One end on a socket.
struct Live {
    telnet: Telnet,
    stream: TcpStream,
    /// All data so far.
    data: Vec<u8>,
    signals: Vec<Signal>,
    /// All bytes so far, for the text of a failure.
    heard: Vec<u8>,
}

impl Live {
    fn new(mut telnet: Telnet, mut stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.write_all(&telnet.open()).expect("the opening is sent");
        Self { telnet, stream, data: Vec::new(), signals: Vec::new(), heard: Vec::new() }
    }

    fn say(&mut self, data: &[u8]) {
        self.stream.write_all(&self.telnet.send(data)).expect("sent");
    }

    /// Receives until it is so; what came is shown to `each`, which says what is to be answered with data. False if the
    /// peer closed before.
    fn until(&mut self, mut each: impl FnMut(&[u8]) -> Vec<u8>, so: impl Fn(&Self) -> bool) -> bool {
        let mut buffer = [0; 1024];
        while !so(self) {
            let count =
                self.stream.read(&mut buffer).unwrap_or_else(|error| panic!("{error}: {}", self.story()));
            if count == 0 {
                return false;
            }
            self.heard.extend(&buffer[..count]);
            let Received { data, reply, signals, .. } = self.telnet.receive(&buffer[..count]);
            self.stream.write_all(&reply).expect("the reply is sent");
            let answer = each(&data);
            self.say(&answer);
            self.data.extend(data);
            self.signals.extend(signals);
        }
        true
    }

    fn story(&self) -> String {
        let told: Vec<String> = pieces(&self.heard).iter().map(ToString::to_string).collect();
        format!("heard {}; {:?}", told.join(", "), self.telnet)
    }

    /// Nothing that was heard is left unanswered or half read: the peer closed, and this is what it said.
    fn end(mut self) -> Self {
        while self.until(|_| Vec::new(), |_| false) {}
        self
    }
}

/// A device for one client: it greets when the client agreed to leave the echo to it, echoes in capitals, and says
/// goodbye at the end of the line.
fn device(config: Config) -> (u16, JoinHandle<Live>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let port = listener.local_addr().expect("an address").port();
    let serve = move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut device = Live::new(Telnet::new(config), stream);
        let ready = |device: &Live| {
            let telnet = &device.telnet;
            let terminal = telnet.terminal().is_some() || !telnet.is_on(Opt::TTYPE, Side::Theirs);
            telnet.is_on(Opt::ECHO, Side::Ours)
                && telnet.is_on(Opt::SGA, Side::Ours)
                && telnet.is_on(Opt::SGA, Side::Theirs)
                && telnet.window().is_some()
                && terminal
        };
        assert!(device.until(|_| Vec::new(), ready), "closed: {}", device.story());
        device.say(b"login: ");
        let line = |device: &Live| device.data.contains(&b'\r');
        assert!(device.until(<[u8]>::to_ascii_uppercase, line), "closed: {}", device.story());
        device.say(b"\nbye\r\n");
        device.stream.shutdown(std::net::Shutdown::Write).expect("closed");
        device.end()
    };
    (port, spawn(serve))
}

/// The client on a terminal of 100 columns and 30 rows.
fn telnet(arguments: &str) -> PtySession {
    // rexpect cannot tell that a program is missing.
    assert!(run(Command::new("telnet").arg("--help")).text().contains("HOST"), "which telnet is this?");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("stty cols 100 rows 30; exec telnet {arguments}")]);
    // No settings of who runs the tests, no telnet variables.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", "/nonexistent").env("TERM", "vt100");
    spawn_command(command, Some(PATIENCE.as_millis() as u64)).expect("a terminal")
}

/// Types a name letter by letter, without the end of the line: each is sent and comes back at once, and only once.
fn log_in(terminal: &mut PtySession) {
    let mut shown = terminal.exp_string("login: ").expect("the greeting");
    for (letter, echo) in [("a", "A"), ("d", "D"), ("m", "M"), ("0", "0")] {
        terminal.send(letter).expect("typed");
        terminal.flush().expect("typed");
        let before = terminal.exp_string(echo).unwrap_or_else(|error| panic!("{echo} of {shown}: {error}"));
        assert_eq!(before, "", "the terminal shows what the device echoes, and nothing else");
        shown.push_str(echo);
    }
    terminal.send("\r").expect("typed");
    terminal.flush().expect("typed");
    terminal.exp_string("bye").expect("the goodbye");
}

#[test]
fn a_client_that_says_nothing_of_itself_goes_to_character_mode() {
    let (port, device) = device(Config::device());
    let mut terminal = telnet(&format!("127.0.0.1 {port}"));
    log_in(&mut terminal);
    terminal.exp_string("Connection closed by foreign host.").expect("the end");
    terminal.exp_eof().expect("the end");
    let device = device.join().expect("the device");
    assert_eq!(device.data, b"adm0\r", "what is typed arrives once: {}", device.story());
    assert_eq!(device.telnet.window(), Some((100, 30)));
    assert_eq!(device.signals, []);
}

/// As fence agents do it: BINARY, and a minus before the port, for the client to negotiate first.
#[test]
fn a_client_that_opens_in_binary() {
    let config = Config { asks_for: vec![Opt::SGA, Opt::NAWS, Opt::TTYPE], ..Config::device() };
    let (port, device) = device(config);
    let mut terminal = telnet("");
    terminal.exp_string("telnet> ").expect("a prompt");
    terminal.send_line("set binary").expect("typed");
    terminal.exp_string("telnet> ").expect("a prompt");
    terminal.send_line(&format!("open 127.0.0.1 -{port}")).expect("typed");
    log_in(&mut terminal);
    terminal.exp_string("Connection closed by foreign host.").expect("the end");
    let device = device.join().expect("the device");
    assert_eq!(device.data, b"adm0\r", "what is typed arrives once: {}", device.story());
    assert!(device.telnet.is_on(Opt::BINARY, Side::Ours) && device.telnet.is_on(Opt::BINARY, Side::Theirs));
    assert_eq!(device.telnet.terminal(), Some("VT100"));
    assert_eq!(device.telnet.window(), Some((100, 30)));
}

#[test]
fn what_a_client_signals() {
    let (port, device) = device(Config::device());
    let mut terminal = telnet(&format!("127.0.0.1 {port}"));
    terminal.exp_string("login: ").expect("the greeting");
    for word in ["brk", "ip", "nop", "ga", "ec", "el", "eor", "eof", "susp", "abort"] {
        terminal.send_control(']').expect("typed");
        terminal.exp_string("telnet> ").expect("a prompt");
        terminal.send_line(&format!("send {word}")).expect("typed");
    }
    terminal.send_control(']').expect("typed");
    terminal.exp_string("telnet> ").expect("a prompt");
    terminal.send_line("send ayt").expect("typed");
    terminal.exp_string("[Yes]").expect("the device answers");
    terminal.send("\r").expect("typed");
    terminal.flush().expect("typed");
    terminal.exp_string("bye").expect("the goodbye");
    let device = device.join().expect("the device");
    assert_eq!(
        device.signals,
        [
            Signal::Break,
            Signal::InterruptProcess,
            Signal::Nop,
            Signal::GoAhead,
            Signal::EraseCharacter,
            Signal::EraseLine,
            Signal::EndOfRecord,
            Signal::EndOfFile,
            Signal::Suspend,
            Signal::Abort,
            Signal::AreYouThere,
        ],
        "{}",
        device.story()
    );
    assert_eq!(device.data, b"\r");
}

/// A server that we are the client of: it learns our terminal and our window, and every byte goes both ways.
#[test]
fn a_server_learns_who_we_are() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let stream = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
    let (server, _) = listener.accept().expect("ourselves");
    let server = std::os::fd::OwnedFd::from(server);
    let mut telnetd = Command::new("telnetd");
    let sbin = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    telnetd.args(["-h", "-E", "/bin/sh"]).env("PATH", &sbin).stderr(Stdio::null());
    telnetd.stdin(server.try_clone().expect("a copy")).stdout(server);
    let mut telnetd = telnetd.spawn().unwrap_or_else(|error| {
        panic!("can't run telnetd: {error}; `cargo xtask peers` installs what tests talk to")
    });
    let config = Config { terminal: "VT220".to_owned(), window: (132, 43), ..Config::client() };
    let mut client = Live::new(Telnet::new(config), stream);
    let shows =
        |word: &'static str| move |client: &Live| String::from_utf8_lossy(&client.data).contains(word);
    let agreed = |client: &Live| {
        let on = |opt, side| client.telnet.is_on(opt, side);
        on(Opt::ECHO, Side::Theirs)
            && on(Opt::SGA, Side::Theirs)
            && on(Opt::TTYPE, Side::Ours)
            && on(Opt::NAWS, Side::Ours)
    };
    assert!(client.until(|_| Vec::new(), agreed), "closed: {}", client.story());
    client.say(b"stty size; echo \"<$TERM>\"\r");
    assert!(client.until(|_| Vec::new(), shows("<vt220>")), "closed: {}", client.story());
    assert!(shows("43 132")(&client), "{}", client.story());
    client.say(b"printf '\\377\\377|'; exit\r");
    let client = client.end();
    assert!(client.data.windows(3).any(|bytes| bytes == b"\xff\xff|"), "{}", client.story());
    telnetd.wait().expect("it ends with its shell");
}
