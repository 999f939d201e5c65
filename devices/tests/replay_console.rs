//! Strict replay of a console: a transcript written by hand, in virtual time; and a tape of a real agent, over real sockets.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fencelab_devices::learn::{Named, Options, learn};
use fencelab_devices::serve::Served;
use fencelab_devices::{Carrier, Credentials, Device, DeviceSpec, Power, corpus};
use fencelab_transcript::{DeviceIdentity, Event, Header, LinkInfo, Mark, Side, Transcript};
use proptest::prelude::*;

/// Two sessions: an off with a look before and after, by somebody called apc; and a wrong password. Line 1 is the header.
const RECORDED: &str = r#"{"transcript":"1.0","device":{"vendor":"ACME","model":"PDU"},"link":{"protocol":"PROTOCOL","transport":"tcp"},"redacted":["password"]}
{"t":0.0,"s":0,"mark":"begin","action":"off","plug":"3","before":{"3":"on"}}
{"t":0.1,"s":1,"open":{}}
{"t":0.2,"s":1,"from":"device","text":"User: "}
{"t":0.3,"s":1,"from":"agent","text":"apc\r\n"}
{"t":0.4,"s":1,"from":"device","text":"apc\r\nPassword: "}
{"t":0.5,"s":1,"from":"agent","text":"********\r\n"}
{"t":0.6,"s":1,"from":"device","text":"\r\n> "}
{"t":0.7,"s":1,"from":"agent","text":"status 3\r\n"}
{"t":0.8,"s":1,"from":"device","text":"status 3\r\n3 is on\r\n> "}
{"t":1.0,"s":1,"from":"agent","text":"off 3\r\n"}
{"t":1.5,"s":1,"from":"device","text":"off 3\r\nok\r\n> "}
{"t":2.0,"s":1,"from":"agent","text":"status 3\r\n"}
{"t":2.1,"s":1,"from":"device","text":"status 3\r\n3 is off\r\n> "}
{"t":2.2,"s":1,"from":"agent","text":"\u001bexit\r\n"}
{"t":2.3,"s":1,"from":"device","text":"Bye\r\n"}
{"t":2.4,"s":1,"close":"device"}
{"t":2.5,"s":0,"mark":"end","action":"off","plug":"3","exit":0,"after":{"3":"off"}}
{"t":3.0,"s":2,"open":{}}
{"t":3.1,"s":2,"from":"device","text":"User: "}
{"t":3.2,"s":2,"from":"agent","text":"apc\r\n"}
{"t":3.3,"s":2,"from":"device","text":"apc\r\nPassword: "}
{"t":3.4,"s":2,"from":"agent","text":"********\r\n"}
{"t":3.5,"s":2,"from":"device","text":"\r\nUser: "}
{"t":3.6,"s":2,"close":"agent"}
"#;

fn transcript(protocol: &str) -> Transcript {
    let text = RECORDED.replace("PROTOCOL", protocol);
    Transcript::parse("recorded.jsonl", &text).unwrap_or_else(|error| panic!("{error}"))
}

/// Somebody who speaks to a replay.
struct Partner {
    device: Device,
    now: Duration,
    peer: SocketAddr,
    is_over: bool,
}

impl Partner {
    fn new() -> Self {
        let spec = DeviceSpec::from_transcript(transcript("serial")).unwrap();
        let mut device = Device::new(spec, &Credentials::default(), 9);
        device.record();
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        Self { device, now: Duration::ZERO, peer, is_over: false }
    }

    fn connect(&mut self) -> String {
        self.is_over = false;
        self.device.connect(self.now, 0, self.peer, None);
        self.heard()
    }

    fn heard(&mut self) -> String {
        let mut text = Vec::new();
        for output in self.device.take_output(self.now) {
            self.is_over |= output.bytes.is_empty();
            text.extend(output.bytes);
        }
        String::from_utf8(text).unwrap()
    }

    fn says(&mut self, text: &str) -> String {
        self.device.handle(self.now, 0, self.peer, text.as_bytes());
        self.heard()
    }

    /// In one piece or byte by byte, with other ends of lines.
    fn off(&mut self, enter: &str, cut: bool) -> String {
        let mut heard = self.connect();
        for line in ["lab", "fencelab", "status 3", "off 3", "status 3", "\u{1b}exit"] {
            let line = format!("{line}{enter}");
            if cut {
                heard.extend(line.chars().map(|c| self.says(&c.to_string())));
            } else {
                heard.push_str(&self.says(&line));
            }
        }
        heard
    }

    fn divergences(&self) -> Vec<String> {
        self.device.divergences().iter().map(ToString::to_string).collect()
    }
}

#[test]
fn what_was_recorded_is_said_however_the_questions_are_cut() {
    for enter in ["\r\n", "\r", "\n", "\r\0"] {
        for cut in [false, true] {
            let mut partner = Partner::new();
            let heard = partner.off(enter, cut);
            let said = "User: apc\r\nPassword: \r\n> status 3\r\n3 is on\r\n> off 3\r\nok\r\n> status 3\r\n3 is off\r\n> Bye\r\n";
            assert_eq!(heard, said, "{enter:?} {cut}");
            assert!(partner.is_over && partner.divergences().is_empty(), "{:?}", partner.divergences());
            let asked: Vec<&str> =
                partner.device.requests().iter().map(|request| request.request.as_str()).collect();
            assert_eq!(asked, ["apc", "********", "status 3", "off 3", "status 3", "\u{1b}exit"]);
            let tape: String =
                partner.device.take_events().iter().map(|event| format!("{event:?}")).collect();
            assert!(!tape.contains("fencelab"), "{tape}");
        }
    }
}

/// In the second session, the one that the agent left, up to where the record ends.
fn at_the_end_of_the_record() -> Partner {
    let mut partner = Partner::new();
    partner.off("\r", false);
    partner.connect();
    partner.says("lab\r");
    assert_eq!(partner.says("fencelab\r"), "\r\nUser: ");
    partner
}

#[test]
fn a_goodbye_that_the_record_lacks_is_no_deviation() {
    for goodbye in ["4", "exit\r"] {
        let mut partner = at_the_end_of_the_record();
        assert_eq!(partner.says(goodbye), "");
        partner.says("");
        assert_eq!(partner.divergences(), [""; 0], "{goodbye:?}");
    }
}

#[test]
fn who_asks_on_behind_the_record_is_hung_up() {
    let mut partner = at_the_end_of_the_record();
    assert_eq!(partner.says("off 3\r"), "");
    assert!(!partner.is_over);
    partner.now += Duration::from_secs(2);
    partner.device.advance(partner.now);
    assert_eq!(partner.heard(), "");
    assert!(partner.is_over);
    let divergences = partner.divergences();
    assert!(matches!(&*divergences, [one] if one.contains("came `off 3`")), "{divergences:?}");

    // Nor is it a goodbye if more than one line comes.
    let mut partner = at_the_end_of_the_record();
    partner.says("off 3\rexit\r");
    assert!(partner.is_over && partner.divergences().len() == 1, "{:?}", partner.divergences());
}

#[test]
fn the_plug_moves_with_the_order() {
    let mut partner = Partner::new();
    partner.connect();
    for line in ["lab\r", "fencelab\r", "status 3\r"] {
        partner.says(line);
    }
    assert_eq!(partner.device.plant().power_at("3", partner.now), Some(Power::On));
    partner.says("off 3\r");
    assert_eq!(partner.device.plant().power_at("3", partner.now), Some(Power::Off));
}

#[test]
fn each_connection_takes_the_next_session() {
    let mut partner = Partner::new();
    partner.off("\r", false);
    assert_eq!(partner.connect(), "User: ");
    partner.says("lab\r");
    // What was refused then is refused now, right or wrong.
    assert_eq!(partner.says("fencelab\r"), "\r\nUser: ");
    partner.says("");
    // After the last the first comes again.
    assert!(partner.off("\n", true).ends_with("Bye\r\n"));
    assert_eq!(partner.divergences(), [""; 0]);
}

#[test]
fn who_deviates_is_hung_up_and_told_by_line() {
    let mut partner = Partner::new();
    partner.connect();
    partner.says("lab\r");
    partner.says("fencelab\r");
    for c in "status 4".chars() {
        assert_eq!(partner.says(&c.to_string()), "");
        assert!(!partner.is_over, "the rest of the line is waited for");
    }
    partner.says("\r");
    assert!(partner.is_over);
    assert_eq!(partner.divergences(), ["line 9: expected `status 3`, came `status 4`"]);

    // A line that never ends, a wrong password, another user, and more than was recorded.
    let mut partner = Partner::new();
    partner.connect();
    partner.says("x");
    assert!(!partner.is_over);
    partner.now = partner.device.next_wake().unwrap();
    partner.heard();
    assert!(partner.is_over && partner.now == Duration::from_secs(1));
    assert_eq!(partner.divergences(), ["line 5: expected `apc`, came `x`"]);

    let mut partner = Partner::new();
    partner.connect();
    partner.says("lab\r");
    partner.says("secret\r");
    assert!(partner.is_over);
    assert_eq!(partner.divergences(), ["line 7: expected the lab's password, came another password"]);

    let mut partner = Partner::new();
    partner.off("\r", false);
    partner.connect();
    for line in ["lab\r", "fencelab\r", "fencelab\r"] {
        partner.says(line);
    }
    // It might have been a goodbye.
    partner.now = partner.device.next_wake().unwrap();
    partner.heard();
    assert!(partner.is_over);
    assert_eq!(partner.divergences(), ["expected the end of the session, came `********`"]);
}

#[test]
fn the_recorded_time_can_be_kept() {
    let mut partner = Partner::new();
    partner.device.keep_recorded_timing(true);
    assert_eq!(partner.connect(), "");
    partner.now = Duration::from_millis(100);
    assert_eq!(partner.heard(), "User: ");
    partner.says("lab\rfencelab\rstatus 3\roff 3\r");
    assert!(!partner.heard().contains("ok"));
    partner.now += Duration::from_millis(499);
    assert!(!partner.heard().contains("ok"));
    partner.now += Duration::from_millis(1);
    assert!(partner.heard().ends_with("ok\r\n> "));
}

#[test]
fn over_ssh_the_lab_s_login_is_asked_for() {
    let text = RECORDED.replace("PROTOCOL", "ssh").replace(r#""open":{}"#, r#""open":{"user":"apc"}"#);
    let asks = Transcript::parse("asks.jsonl", &text).unwrap();
    let without = |line: &&str| {
        ["apc", "********", "User:"].iter().all(|word| !line.contains(&format!("text\":\"{word}")))
    };
    let text: String = text.lines().filter(without).map(|line| format!("{line}\n")).collect();
    let lets_in = Transcript::parse("lets-in.jsonl", &text).unwrap();
    for (transcript, admitted) in [(asks, [true; 4]), (lets_in, [true, true, false, false])] {
        let mut device =
            Device::new(DeviceSpec::from_transcript(transcript).unwrap(), &Credentials::default(), 1);
        let tries = [("lab", "fencelab"), ("apc", "fencelab"), ("lab", "apc"), ("root", "fencelab")];
        let found = tries.map(|(user, password)| device.admits(Duration::ZERO, 0, user, Some(password)));
        assert_eq!(found, admitted);
    }
}

const WORDS: &[&str] = &[
    "",
    "1",
    "on",
    "off 1\r\n",
    "\r",
    "\u{1b}",
    "********\r\n",
    "1 is on\r\n> ",
    "1 is off\r\n> ",
    "{{ {% 12\r\n",
    "ä\n",
];

/// A transcript in which somebody says one thing after another, with marks in between.
fn anything() -> impl Strategy<Value = Transcript> {
    let text = prop::collection::vec(prop::sample::select(WORDS), 0..4).prop_map(|words| words.concat());
    let action = prop::sample::select(&["on", "off", "reboot", "status", "list"][..]);
    let event = prop_oneof![
        2 => (action, prop::sample::select(&["1", "12", "ä", ""][..]), -1..3).prop_map(|(action, plug, exit)| {
            let plug = Some(plug.to_owned());
            let mark = if exit < 0 { Mark::begin(action, plug) } else { Mark::end(action, plug, Some(exit)) };
            Event::mark(Duration::ZERO, 0, mark)
        }),
        6 => (any::<bool>(), text).prop_map(|(agent, text)| {
            let side = if agent { Side::Agent } else { Side::Device };
            Event::say_text(Duration::ZERO, 1, side, text)
        }),
        1 => (any::<bool>(), any::<Vec<u8>>()).prop_map(|(agent, bytes)| {
            let side = if agent { Side::Agent } else { Side::Device };
            Event::say_hex(Duration::ZERO, 1, side, bytes)
        }),
    ];
    prop::collection::vec(event, 0..40).prop_map(|said| {
        let mut events = vec![Event::open(Duration::ZERO, 1, Default::default())];
        events.extend(said);
        let header = Header::new(DeviceIdentity::new("ACME", "any"), LinkInfo::new("telnet", "tcp", None));
        Transcript { header, events }
    })
}

proptest! {
    #[test]
    fn any_transcript_is_replayed_and_learnt_from_without_a_panic(
        transcript in anything(),
        bytes in prop::collection::vec(any::<Vec<u8>>(), 0..8),
    ) {
        let mut device = Device::new(DeviceSpec::from_transcript(transcript.clone()).unwrap(), &Credentials::default(), 1);
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        device.connect(Duration::ZERO, 0, peer, None);
        for bytes in bytes {
            device.handle(Duration::ZERO, 0, peer, &bytes);
            device.take_output(Duration::ZERO);
        }
        let named = Named { name: "any.jsonl".to_owned(), transcript };
        if let Ok(learned) = learn(&[named], &Options::default()) {
            prop_assert!(learned.proof.asked >= learned.proof.agreed);
        }
    }
}

/// ClusterLabs' agent before a device.
fn fence_apc(served: &Served, carrier: Carrier, action: &str) -> (Option<i32>, String) {
    let mut agent = Command::new("/usr/sbin/fence_apc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("fence_apc: {error}; install fence-agents"));
    let mut options = format!(
        "action={action}\nip=127.0.0.1\nipport={}\nusername=lab\npassword=fencelab\nplug=3\npower_wait=0\nlogin_timeout=60\n\
         shell_timeout=60\npower_timeout=60\n",
        served.address.port(),
    );
    if carrier == Carrier::Ssh {
        // The agent's own default, `-1 -c blowfish`, is of a time before today's clients.
        options.push_str("ssh=1\nssh_options=-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no\n");
    }
    agent.stdin.take().unwrap().write_all(options.as_bytes()).unwrap();
    let output = agent.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn fence_apc_is_taped_and_its_tape_replayed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let mut spec = (*corpus::find(&root, "apc/rpdu-cli").unwrap_or_else(|error| panic!("{error}"))).clone();
    (spec.plant.timing.off, spec.plant.timing.on) = (Duration::ZERO, Duration::ZERO);
    let spec = Arc::new(spec);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let start = |spec: &Arc<DeviceSpec>, face: usize| {
        let _guard = runtime.enter();
        let device = Device::new(Arc::clone(spec), &Credentials::default(), 7);
        Served::start(device, face, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
    };
    for (face, carrier) in [Carrier::Telnet, Carrier::Ssh].into_iter().enumerate() {
        let served = start(&spec, face);
        served.with(|device, _| device.record());
        let recorded = fence_apc(&served, carrier, "off");
        assert_eq!(recorded.0, Some(0), "{}", recorded.1);
        let mut events = vec![Event::mark(Duration::ZERO, 0, Mark::begin("off", Some("3".to_owned())))];
        let said = served.with(|device, _| device.take_events());
        let end = said.last().map_or(Duration::ZERO, |event| event.at);
        events.extend(said);
        events.push(Event::mark(end, 0, Mark::end("off", Some("3".to_owned()), Some(0))));
        let device = DeviceIdentity::new("APC", "test");
        let header = Header::new(device, LinkInfo::new(carrier.name(), "tcp", Some(carrier.port())));
        let tape = Transcript { header, events };

        let replay = DeviceSpec::from_transcript(tape.clone()).unwrap();
        let again = start(&replay, 0);
        assert_eq!(fence_apc(&again, carrier, "off"), recorded, "{}", carrier.name());
        let (divergences, power) =
            again.with(|device, now| (device.divergences().to_vec(), device.plant().power_at("3", now)));
        assert_eq!((divergences, power), (vec![], Some(Power::Off)), "{}", carrier.name());

        // Another action deviates where it does, and is told by that line.
        let other = start(&replay, 0);
        // To fencing.py a reboot is done when the plug was off.
        fence_apc(&other, carrier, "reboot");
        let divergences = other.with(|device, _| device.divergences().to_vec());
        assert!(
            divergences.first().is_some_and(|divergence| divergence.came == "`olOn 3`"),
            "{divergences:?}"
        );
        let lines: Vec<String> = tape.canonical().lines().map(str::to_owned).collect();
        let line =
            divergences.first().and_then(|divergence| divergence.line).map(|line| lines[line - 1].clone());
        assert!(line.is_none_or(|line| line.contains(r#""from":"agent""#)), "{divergences:?}");
    }
}
