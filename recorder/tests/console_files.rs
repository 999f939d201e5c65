//! Sessions at a console that script, asciinema and pexpect recorded, and files of theirs that are damaged.

mod common;

use common::console::{CONSOLE, PASSWORD, assert_canonical, dialogue, person, said};
use std::path::{Path, PathBuf};
use std::process::Command;

use fencelab_recorder::import::console::{
    Files, Format, ImportError, Imported, Options, Source, Sources, import, import_file,
};
use fencelab_recorder::import::{Kind as FileKind, recognise};
use fencelab_recorder::link::console::Serial;
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{Side, Transcript};
use proptest::prelude::*;

struct Recorded {
    folder: tempfile::TempDir,
}

impl Recorded {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("console.sh"), CONSOLE).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A person at a terminal under this program.
    fn by(&self, program: &str, args: &[&str]) {
        let mut command = Command::new(program);
        person(command.args(args).current_dir(self.folder.path()));
    }

    fn import(&self, file: &str, timing: Option<&str>, input: Option<&str>, options: &Options) -> Imported {
        let files = Files {
            file: self.path(file),
            timing: timing.map(|name| self.path(name)),
            input: input.map(|name| self.path(name)),
        };
        let imported = import_file(&files, options).unwrap();
        for transcript in &imported.transcripts {
            let text = transcript.canonical();
            assert!(!text.contains(PASSWORD), "{text}");
            assert_eq!(Scan::new().with("password", PASSWORD).transcript(transcript), []);
            assert_canonical(transcript);
        }
        imported
    }
}

fn serial() -> Options {
    Options { protocol: Some(&Serial), ..Options::default() }
}

fn only(imported: &Imported) -> &Transcript {
    let [transcript] = imported.transcripts.as_slice() else {
        panic!("{} transcripts", imported.transcripts.len())
    };
    transcript
}

/// All that the device said.
fn by_device(said: &[(Side, String)]) -> String {
    said.iter().filter(|(side, _)| *side == Side::Device).map(|(_, text)| text.as_str()).collect()
}

#[test]
fn script_with_what_was_typed() {
    let recorded = Recorded::new();
    let files = ["--quiet", "--log-out", "out", "--log-in", "in", "--log-timing", "timing"];
    recorded.by("script", &[&files[..], &["--command", "sh console.sh"]].concat());
    let imported = recorded.import("out", Some("timing"), Some("in"), &serial());
    assert_eq!(said(only(&imported)), dialogue());
    assert_eq!(imported.warnings, [""; 0]);
    let header = &only(&imported).header;
    assert_eq!((header.link.protocol.as_str(), header.link.transport.as_str()), ("serial", "serial"));
    assert!(header.captured.is_some() && header.link.port.is_none());
    // The same in one file for both directions.
    recorded
        .by("script", &["--quiet", "--log-io", "io", "--log-timing", "both", "--command", "sh console.sh"]);
    let imported = recorded.import("io", Some("both"), None, &serial());
    assert_eq!((said(only(&imported)), imported.warnings), (dialogue(), Vec::new()));
    // What was typed is not named.
    let imported = recorded.import("out", Some("timing"), None, &serial());
    assert_eq!(
        imported.warnings,
        ["what was typed is in in; name it by --input to have it in the transcript"]
    );
}

#[test]
fn script_with_the_output_only() {
    let recorded = Recorded::new();
    for (arguments, timing) in [
        (&["--log-timing", "timing", "--logging-format", "classic"][..], Some("timing")),
        (&["--log-timing", "timing"], Some("timing")),
        (&[], None),
    ] {
        recorded.by("script", &[&["--quiet", "--command", "sh console.sh"], arguments, &["out"]].concat());
        let imported = recorded.import("out", timing, None, &serial());
        let transcript = only(&imported);
        let said = said(transcript);
        assert_eq!(by_device(&said), by_device(&dialogue()), "{arguments:?}");
        assert!(said.iter().all(|(side, _)| *side == Side::Device));
        let open = transcript.canonical().lines().nth(1).unwrap().to_owned();
        assert!(open.contains("\"unheard\":\"a typescript of the terminal's output"), "{open}");
        std::fs::remove_file(recorded.path("out")).unwrap();
    }
}

#[test]
fn asciinema_with_and_without_what_was_typed() {
    let recorded = Recorded::new();
    let rec = ["rec", "-q", "--overwrite", "-c", "sh console.sh"];
    recorded.by("asciinema", &[&rec[..], &["--stdin", "both.cast"]].concat());
    let imported = recorded.import("both.cast", None, None, &serial());
    assert_eq!((said(only(&imported)), imported.warnings), (dialogue(), Vec::new()));
    recorded.by("asciinema", &[&rec[..], &["out.cast"]].concat());
    let imported = recorded.import("out.cast", None, None, &serial());
    assert_eq!(by_device(&said(only(&imported))), by_device(&dialogue()));
}

#[test]
fn pexpect_in_one_file_and_in_two() {
    let recorded = Recorded::new();
    let program = format!(
        "import pexpect\n\
         c = pexpect.spawn('sh console.sh', encoding='utf-8', timeout=30)\n\
         c.logfile, c.logfile_read, c.logfile_send = (open(n, 'w', newline='') for n in ('both', 'read', 'sent'))\n\
         for prompt, line in (('login: ', 'lab'), ('Password: ', '{PASSWORD}'), ('> ', 'st'), ('on\\r\\n> ', 'quit')):\n\
         \x20   c.expect_exact(prompt)\n\
         \x20   c.sendline(line)\n\
         c.expect(pexpect.EOF)\n"
    );
    // Debian's own interpreter has the module, since the fence agents need it.
    let run = Command::new("/usr/bin/python3")
        .args(["-c", &program])
        .current_dir(recorded.folder.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{} (Debian: python3-pexpect)", String::from_utf8_lossy(&run.stderr));
    // pexpect ends its lines in a line feed.
    let expected: Vec<_> = dialogue()
        .into_iter()
        .map(|(side, text)| if side == Side::Agent { (side, text.replace('\r', "\n")) } else { (side, text) })
        .collect();
    let pexpect = Options { format: Some(Format::Pexpect), ..serial() };
    for (file, input) in [("both", None), ("read", Some("sent"))] {
        let imported = recorded.import(file, None, input, &pexpect);
        assert_eq!((said(only(&imported)), imported.warnings), (expected.clone(), Vec::new()), "{file}");
    }
    let received = std::fs::read(recorded.path("read")).unwrap();
    assert!(recognise(&received).is_err(), "nothing tells what it is");
}

fn read(bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    let file = Source { name: "f", bytes };
    import(&Sources { file, timing: None, input: None }, options)
}

#[test]
fn what_cannot_be_imported_is_told_in_words() {
    for (text, words) in [
        ("", "f:1:1: this is nothing that can be recognised"),
        (
            "H 0.000000 SHELL /bin/sh\n",
            "f:1:1: this is the timing file of a typescript; name the typescript itself",
        ),
        ("{\"transcript\":\"1.0\"}\n", "f:1:1: it looks like a transcript already"),
        ("{\"version\":4,\"term\":{}}\n", "f:1:1: this is a cast of version 4"),
        ("{\"version\":2,\"width\":80}\n", "f: nothing is said in it"),
        (
            "{\"version\":2,\"width\":80}\n[0,\"o\",\"x\"]\n",
            "f: nothing in it tells how the device was spoken to",
        ),
        ("2026-11-27 18:55:28,798 INFO: Running command: /usr/bin/telnet\n", "f: nothing is said in it"),
    ] {
        let error = read(text.as_bytes(), &Options::default()).unwrap_err().to_string();
        assert!(error.starts_with(words), "{text}: {error}");
    }
}

#[test]
fn a_secret_that_is_echoed_is_masked_even_where_the_agent_is_not_heard() {
    let cast = "{\"version\":2,\"width\":80,\"command\":\"telnet pdu\"}\n[0,\"o\",\"Password: \"]\n[1,\"o\",\"geh\"]\n[1.5,\"o\",\"eim\\r\\nok geheim\\r\\n> \"]\n";
    let secrets = Scan::new().with("password", "geheim");
    let imported =
        read(cast.as_bytes(), &Options { secrets: secrets.clone(), ..Options::default() }).unwrap();
    let transcript = only(&imported);
    let text: String = said(transcript).into_iter().map(|(_, text)| text).collect();
    assert_eq!(text, "Password: ********\r\nok ********\r\n> ");
    assert_eq!(secrets.transcript(transcript), []);
    assert_eq!(transcript.header.link.protocol, "telnet");
}

#[test]
fn a_password_within_a_line_is_masked_alone() {
    let cast = "{\"version\":2,\"width\":80,\"command\":\"telnet netio\"}\n[0,\"o\",\"100 HELLO 1 - KSHELL\\r\\n\"]\n[1,\"i\",\"login lab xy\\r\\n\"]\n[2,\"o\",\"login lab geheim\\r\\n250 OK\\r\\n\"]\n";
    let imported = read(cast.replace("xy", "geheim").as_bytes(), &Options::default()).unwrap();
    let expected = [
        (Side::Device, "100 HELLO 1 - KSHELL\r\n"),
        (Side::Agent, "login lab ********\r\n"),
        (Side::Device, "login lab ********\r\n250 OK\r\n"),
    ];
    assert_eq!(said(only(&imported)), expected.map(|(side, text)| (side, text.to_owned())));
    // One that is too short to be looked for elsewhere.
    let short = read(cast.as_bytes(), &Options::default()).unwrap();
    assert_eq!(said(only(&short))[1].1, "login lab ********\r\n");
}

/// A file of each format that can be damaged.
fn samples() -> Vec<(&'static str, Format)> {
    vec![
        (
            "Script started on 2026-11-27 18:58:43+00:00 [COMMAND=\"sh\"]\nlogin: lab\r\n> \nScript done on 2026-11-27 18:58:44+00:00\n",
            Format::Script,
        ),
        (
            "{\"version\":1,\"width\":80,\"height\":24,\"stdout\":[[0.25,\"login: \"],[1.5,\"lab\\r\\n> \"]]}",
            Format::Asciicast,
        ),
        (
            "{\"version\":3,\"term\":{\"cols\":80}}\n[0.25,\"o\",\"login: \"]\n# c\n[1.5,\"i\",\"lab\\r\"]\n[0,\"x\",\"0\"]\n",
            Format::Asciicast,
        ),
        (
            "2026-11-27 18:55:28,798 INFO: Running command: /usr/bin/telnet\n2026-11-27 18:55:28,817 DEBUG: Sent: open x -23\n\n2026-11-27 18:55:28,925 DEBUG: Received: telnet> open\r\nEscape character is '^]'.\r\nlogin: \n2026-11-27 18:55:28,925 DEBUG: Sent: lab\r\n\n2026-11-27 18:55:28,976 DEBUG: Sent: geheim\r\n\n",
            Format::AgentLog,
        ),
        ("login: lab\nlab\r\nPassword: geheim\n\r\n> st\nst\r\n", Format::Pexpect),
    ]
}

const TIMING: &str = "H 0.000000 OUTPUT_LOG out\nO 0.25 7\nI 1.0 3\nS 0.1 SIGWINCH\nO 0.5 9\n";

fn check(imported: Result<Imported, ImportError>) {
    for transcript in imported.iter().flat_map(|imported| &imported.transcripts) {
        let text = transcript.canonical();
        assert_eq!(Transcript::parse("t", &text).unwrap().canonical(), text);
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_gives_what_is_there() {
    for (sample, format) in samples() {
        let options = Options { format: Some(format), ..serial() };
        let whole = said(only(&read(sample.as_bytes(), &options).unwrap()));
        let whole: String = by_device(&whole);
        for cut in 0..sample.len() {
            let imported = read(&sample.as_bytes()[..cut], &options);
            if let (Ok(imported), Format::Asciicast | Format::AgentLog) = (&imported, format) {
                assert!(whole.starts_with(&by_device(&said(only(imported)))), "{format:?} {cut}");
            }
            check(imported);
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), other in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = recognise(&bytes);
        for format in [Format::Script, Format::Asciicast, Format::AgentLog, Format::Pexpect] {
            let options = Options { format: Some(format), ..serial() };
            check(read(&bytes, &options));
            let file = Source { name: "f", bytes: &bytes };
            let more = Some(Source { name: "g", bytes: &other });
            check(import(&Sources { file, timing: more, input: None }, &options));
            check(import(&Sources { file, timing: None, input: more }, &options));
            check(import(&Sources { file, timing: more, input: more }, &options));
        }
    }

    #[test]
    fn no_damage_panics(at in any::<u16>(), byte in any::<u8>(), cut in any::<u16>(), more in "[OISH] [0-9.]{1,4} [0-9]{1,3}\n{0,2}") {
        for (sample, format) in samples() {
            let options = Options { format: Some(format), ..serial() };
            let mut bytes = sample.as_bytes().to_vec();
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - usize::from(cut) % 20);
            let _ = recognise(&bytes);
            check(read(&bytes, &options));
            let mut timing = TIMING.as_bytes().to_vec();
            let damaged = at % timing.len();
            timing[damaged] = byte;
            timing.extend(more.bytes());
            let sources = Sources {
                file: Source { name: "f", bytes: &bytes },
                timing: Some(Source { name: "t", bytes: &timing }),
                input: Some(Source { name: "i", bytes: sample.as_bytes() }),
            };
            check(import(&sources, &options));
        }
    }
}

/// The kinds are told apart by content, also through the door of the program.
#[test]
fn the_samples_are_recognised() {
    for (sample, format) in samples() {
        let expected = (format != Format::Pexpect).then_some(FileKind::Console(format));
        assert_eq!(recognise(sample.as_bytes()).ok(), expected, "{sample}");
    }
    let folder: &Path = &common::captures();
    let capture = std::fs::read(folder.join("telnet/zeek-telnet-auth-missing-name.pcap")).unwrap();
    assert_eq!(recognise(&capture), Ok(FileKind::Capture));
    let walk = std::fs::read(folder.join("snmprec/apc-7902b.snmprec")).unwrap();
    assert_eq!(recognise(&walk), Ok(FileKind::Walk));
}
