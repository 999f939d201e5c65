//! Every SNMP dialect of the corpus is learnt again from what our agents say to its emulation, and then answers their whole
//! repertoire as the emulation does: also for plugs that were never switched in the recording.

use std::cell::RefCell;
use std::io::Write;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fencelab_agents::Invocation;
use fencelab_devices::learn::{Certainty, LearnError, Learned, Named, Note, Options, learn};
use fencelab_devices::serve::Served;
use fencelab_devices::spec::FaceSpec;
use fencelab_devices::{Credentials, Device, DeviceSpec, Power, corpus};
use fencelab_link::memory::{MemoryWorld, Peer};
use fencelab_link::{World, live::LiveWorld};
use fencelab_recorder::import::walk;
use fencelab_recorder::{Proxy, Tape};
use fencelab_transcript::{Body, DeviceIdentity, Event, Header, Kind, LinkInfo, Mark, Side, Transcript};

/// RFC 5737: for documentation, never routed.
const HOST: &str = "192.0.2.10";

struct DevicePeer(Device);

impl Peer for DevicePeer {
    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.0.handle(now, 0, from, bytes);
    }

    fn next(&self) -> Option<Duration> {
        self.0.next_wake()
    }

    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        self.0.take_output(now).into_iter().map(|output| (output.to, output.bytes)).collect()
    }
}

/// A device that an agent of ours is used on, action after action.
struct Bench {
    peer: Rc<RefCell<DevicePeer>>,
    agent: String,
    version: &'static str,
    now: Duration,
    runs: u64,
}

/// What an action showed.
#[derive(Debug, PartialEq)]
struct Seen {
    exit: i32,
    stdout: String,
    /// Everything that was said, without its times.
    said: Vec<(Side, String)>,
}

impl Bench {
    fn new(spec: &Arc<DeviceSpec>, agent: &str, version: &'static str) -> Self {
        let mut device = Device::new(Arc::clone(spec), &Credentials::default(), 5);
        device.record();
        let peer = Rc::new(RefCell::new(DevicePeer(device)));
        Bench { peer, agent: agent.to_owned(), version, now: Duration::ZERO, runs: 0 }
    }

    /// Runs the agent, and says what was said on the wire.
    fn run(&mut self, action: &str, plug: Option<&str>) -> (Seen, Vec<Event>) {
        self.runs += 1;
        let mut world = MemoryWorld::new(self.runs);
        world.route(HOST, 161, Rc::clone(&self.peer) as Rc<RefCell<dyn Peer>>);
        world.advance_to(self.now);
        let mut stdin = format!("action={action}\nip={HOST}\nipport=161\nsnmp_version={}\n", self.version);
        stdin += if self.version == "3" {
            "username=lab\npassword=fencelab\nsnmp_sec_level=authPriv\nsnmp_auth_prot=SHA\n\
             snmp_priv_prot=AES\nsnmp_priv_passwd=fencelab\n"
        } else {
            "community=fencelab\n"
        };
        stdin.extend(plug.map(|plug| format!("plug={plug}\n")));
        let invocation =
            Invocation { program: self.agent.clone(), stdin: Some(stdin), args: vec![], env: [].into() };
        let outcome = fencelab_agents::run(&invocation, &mut world);
        self.now = world.now() + Duration::from_secs(10);
        self.peer.borrow_mut().0.advance(self.now);
        let events = self.peer.borrow_mut().0.take_events();
        let said = |event: &Event| match &event.kind {
            Kind::Say { from, body: Body::Object { value, .. } } => Some((*from, value.to_string())),
            _ => None,
        };
        let said = events.iter().filter_map(said).collect();
        (Seen { exit: outcome.exit, stdout: outcome.stdout, said }, events)
    }

    fn power(&self, plug: &str) -> Option<Power> {
        self.peer.borrow().0.plant().power_at(plug, self.now)
    }

    /// Runs actions and marks them.
    fn tape(&mut self, actions: &[(&str, Option<&str>)]) -> Transcript {
        let spec = Arc::clone(self.peer.borrow().0.spec());
        let device = DeviceIdentity::new(spec.vendor.clone(), spec.model.clone());
        let mut header = Header::new(device, LinkInfo::new("snmp", "udp", 161));
        header.provenance = Some("recorded from an emulation, to learn it again".to_owned());
        let mut events = Vec::new();
        for (action, plug) in actions {
            let (begin, name) = (self.now, plug.map(str::to_owned));
            let (seen, said) = self.run(action, *plug);
            assert!([0, 2].contains(&seen.exit), "{} {action} {plug:?}: {}", self.agent, seen.exit);
            let end = said.last().map_or(begin, |event| event.at);
            events.push(Event::mark(begin, 0, Mark::begin(*action, name.clone())));
            events.extend(said);
            events.push(Event::mark(end, 0, Mark::end(*action, name, Some(seen.exit))));
        }
        Transcript { header, events }
    }
}

fn dialects() -> Vec<Arc<DeviceSpec>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let all = corpus::load_all(&root).unwrap().into_iter().map(|(_, spec)| spec.unwrap());
    all.filter(|spec| matches!(spec.faces.first(), Some(FaceSpec::Snmp(_)))).collect()
}

/// The plugs that are recorded: the first two, and the last, which has another bank where there are banks.
fn recorded_plugs(spec: &DeviceSpec) -> Vec<String> {
    let names: Vec<&String> = spec.plant.plugs.iter().map(|(name, _)| name).collect();
    let some = [names.first(), names.get(1), names.last()];
    some.into_iter().flatten().map(|name| (*name).clone()).collect()
}

/// Records list, and status, off and on of some plugs, and learns from that.
fn relearn(spec: &Arc<DeviceSpec>, agent: &str, version: &'static str, plugs: &[String]) -> Learned {
    let mut actions: Vec<(&str, Option<&str>)> = vec![("list", None)];
    for plug in plugs {
        actions
            .extend(["status", "off", "status", "on", "status"].map(|action| (action, Some(plug.as_str()))));
    }
    let transcript = Bench::new(spec, agent, version).tape(&actions);
    let named = Named { name: "recording.jsonl".to_owned(), transcript };
    let learned = learn(&[named], &Options::default()).unwrap_or_else(|error| panic!("{}: {error}", spec.id));
    assert_eq!(learned.proof.differences, [], "{}: {}", spec.id, learned.toml);
    assert!(learned.proof.asked >= 12, "{}", spec.id);
    learned
}

/// Everything that the agent can do, on both; of the plugs every `step`-th.
fn compare(spec: &Arc<DeviceSpec>, learned: &Learned, agent: &str, version: &'static str, step: usize) {
    let mut original = Bench::new(spec, agent, version);
    let mut copy = Bench::new(&learned.spec, agent, version);
    let mut both = |action: &str, plug: Option<&str>| {
        let (wanted, _) = original.run(action, plug);
        let (found, _) = copy.run(action, plug);
        assert_eq!(wanted, found, "{} {version} {action} {plug:?}\n{}", spec.id, learned.toml);
        if let Some(plug) = plug {
            assert_eq!(original.power(plug), copy.power(plug), "{} {action} {plug}", spec.id);
        }
    };
    for action in ["list", "list-status", "monitor"] {
        both(action, None);
    }
    let plugs: Vec<&String> = spec.plant.plugs.iter().map(|(name, _)| name).collect();
    for (number, plug) in plugs.iter().enumerate().step_by(step) {
        for action in ["status", "off", "off", "status", "on", "status"] {
            both(action, Some(plug));
        }
        if number % 10 == 0 {
            both("off", Some(plug));
            both("list-status", None);
            both("reboot", Some(plug));
        }
    }
    // To look for a name, agents walk more than any recorded action did; only the verdict is the same.
    let (wanted, found) =
        (original.run("status", Some("no-such-plug")).0, copy.run("status", Some("no-such-plug")).0);
    assert_eq!((wanted.exit, wanted.stdout), (found.exit, found.stdout), "{}", spec.id);
}

fn agent_of(spec: &DeviceSpec) -> String {
    spec.agents.first().cloned().unwrap_or_default()
}

/// Does something with every dialect; fails with all that failed, not only the first.
fn with_all(what: impl Fn(&Arc<DeviceSpec>, &str) + std::panic::RefUnwindSafe) {
    let dialects = dialects();
    assert!(dialects.len() >= 13, "there are {} dialects", dialects.len());
    let mut failed = Vec::new();
    for spec in dialects {
        let run = std::panic::catch_unwind(AssertUnwindSafe(|| what(&spec, &agent_of(&spec))));
        if let Err(panic) = run {
            let what = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            failed.push(format!("=== {}: {}", spec.id, what.chars().take(6000).collect::<String>()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_dialect_is_learnt_again() {
    with_all(|spec, agent| {
        let learned = relearn(spec, agent, "2c", &recorded_plugs(spec));
        compare(spec, &learned, agent, "2c", 1);
        let certain = |about| {
            learned.notes.iter().any(|note| note.about == about && note.certainty == Certainty::Certain)
        };
        assert!(certain("status") && certain("orders"), "{}: {:#?}", spec.id, learned.notes);
    });
}

#[test]
fn the_other_versions_teach_the_same() {
    for version in ["1", "3"] {
        with_all(|spec, agent| {
            let learned = relearn(spec, agent, version, &recorded_plugs(spec));
            compare(spec, &learned, agent, version, 5);
        });
    }
}

/// From one plug an index may be guessed wrongly. Then the learner must not have guessed: it describes that plug and says so.
#[test]
fn one_plug_teaches_all_or_is_all_that_is_claimed() {
    let generalised = std::sync::atomic::AtomicUsize::new(0);
    with_all(|spec, agent| {
        for place in [0, 1, 2, spec.plant.plugs.len() - 1] {
            let plug = spec.plant.plugs[place].0.clone();
            let learned = relearn(spec, agent, "2c", std::slice::from_ref(&plug));
            if learned.spec.plant.plugs.len() == spec.plant.plugs.len() {
                generalised.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                compare(spec, &learned, agent, "2c", 5);
            } else {
                let said = learned.notes.iter().any(|note| {
                    ["plugs", "status"].contains(&note.about) && note.certainty != Certainty::Certain
                });
                assert!(said, "{} {plug}: {:#?}", spec.id, learned.notes);
                compare_one(spec, &learned, agent, &plug);
            }
        }
    });
    assert!(generalised.into_inner() >= 13);
}

/// The one plug that was recorded, on both.
fn compare_one(spec: &Arc<DeviceSpec>, learned: &Learned, agent: &str, plug: &str) {
    let mut original = Bench::new(spec, agent, "2c");
    let mut copy = Bench::new(&learned.spec, agent, "2c");
    for action in ["status", "off", "off", "status", "on", "status"] {
        let (wanted, found) = (original.run(action, Some(plug)).0, copy.run(action, Some(plug)).0);
        assert_eq!(wanted, found, "{} {action} {plug}\n{}", spec.id, learned.toml);
    }
}

fn captures() -> PathBuf {
    let folder = std::env::var_os("FENCELAB_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures"), PathBuf::from);
    let walk = folder.join("snmprec");
    assert!(
        walk.is_dir(),
        "there are no captures in {}; set FENCELAB_CAPTURES to their folder",
        folder.display()
    );
    walk
}

/// A walk of a real APC and the recording of an off and an on of one outlet make a device that can be asked and switched.
#[test]
fn the_walk_of_a_real_apc_and_one_outlet_are_enough() {
    let bytes = std::fs::read(captures().join("apc-7902b.snmprec")).unwrap();
    let mut options = walk::Options::new(fencelab_recorder::link::snmp::link(vec![]));
    options.device = Some(DeviceIdentity::new("APC", "AP7902B"));
    let imported = walk::import("apc-7902b.snmprec", &bytes, &options).unwrap();
    let walk = Named { name: "walk.jsonl".to_owned(), transcript: imported.transcript };

    // In place of the real thing: the walk behind a few lines of rules, which the learner does not see.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("walk.snmprec"), &bytes).unwrap();
    let table = DeviceSpec::parse(Path::new("device.toml"), BEHIND_THE_WALK, folder.path()).unwrap();
    let agent = "fence_apc_snmp";
    let outlet = [("status", Some("2")), ("off", Some("2")), ("on", Some("2"))];
    let recording =
        Named { name: "outlet-2.jsonl".to_owned(), transcript: Bench::new(&table, agent, "1").tape(&outlet) };

    // The walk alone can be read, not learnt from.
    assert_eq!(learn(std::slice::from_ref(&walk), &Options::default()).unwrap_err(), LearnError::NoMarks);
    let learned = learn(&[walk, recording], &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(learned.proof.differences, [], "{}", learned.toml);
    assert!(learned.proof.asked > 2600, "{}", learned.proof.asked);
    assert_eq!(learned.spec.vendor, "APC");
    // Sixteen outlets, on and off as the walk has them.
    let on: Vec<&str> = learned
        .spec
        .plant
        .plugs
        .iter()
        .filter(|(_, power)| *power == Power::On)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!((learned.spec.plant.plugs.len(), on), (16, vec!["1", "2", "16"]));

    let mut bench = Bench::new(&learned.spec, agent, "1");
    let list = bench.run("list", None).0;
    assert_eq!((list.exit, list.stdout.lines().count()), (0, 16));
    assert!(list.stdout.contains("Server 16 PS 1"), "{}", list.stdout);
    for (number, power) in [(1, 0), (3, 2), (15, 2), (16, 0)] {
        let plug = number.to_string();
        assert_eq!(bench.run("status", Some(&plug)).0.exit, power, "{plug}");
        for (action, exit, found) in [("off", 2, Power::Off), ("on", 0, Power::On)] {
            assert_eq!(bench.run(action, Some(&plug)).0.exit, 0, "{action} {plug}");
            assert_eq!(bench.power(&plug), Some(found));
            assert_eq!(bench.run("status", Some(&plug)).0.exit, exit, "{action} {plug}");
        }
    }
    // The tables of the newer MIB show the same sixteen states, and were taken to follow; it is said that this is likely.
    let rpdu = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4";
    assert!(learned.toml.contains(&format!("{rpdu}.{{plug}}")), "{}", learned.toml);
    let likely = |note: &Note| note.certainty == Certainty::Likely && note.text.contains(rpdu);
    assert!(learned.notes.iter().any(likely), "{:#?}", learned.notes);
}

/// A file in memory that can be read after it was written.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Records list, status, off and on of three plugs on real sockets, through the proxy.
fn through_the_proxy(runtime: &tokio::runtime::Runtime, spec: &Arc<DeviceSpec>, agent: &str) -> Transcript {
    let guard = runtime.enter();
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let device = Device::new(Arc::clone(spec), &Credentials::default(), 5);
    let served = Served::start(device, 0, anywhere).unwrap();
    drop(guard);
    let link = fencelab_recorder::link::snmp::link(vec![]);
    let header = Header::new(DeviceIdentity::new("test", "device"), link.info(None));
    let memory = Memory::default();
    let tape = Tape::to(Box::new(memory.clone()), header, link.secrets().clone()).unwrap();
    let proxy = Proxy::start(anywhere, served.address, link, tape).unwrap();
    let address = proxy.place().address().unwrap();
    let (host, port) = (address.ip(), address.port());
    let run = |action: &str, plug: Option<&str>| {
        let mut stdin = format!(
            "action={action}\nip={host}\nipport={port}\nsnmp_version=2c\ncommunity=fencelab\npower_wait=0\n"
        );
        stdin.extend(plug.map(|plug| format!("plug={plug}\n")));
        let invocation =
            Invocation { program: agent.to_owned(), stdin: Some(stdin), args: vec![], env: [].into() };
        proxy.mark(Mark::begin(action, plug.map(str::to_owned)));
        let outcome = fencelab_agents::run(&invocation, &mut LiveWorld::quiet());
        proxy.mark(Mark::end(action, plug.map(str::to_owned), Some(outcome.exit)));
        assert!([0, 2].contains(&outcome.exit), "{} {action}: {}", spec.id, outcome.stderr);
    };
    run("list", None);
    for plug in recorded_plugs(spec) {
        for action in ["status", "off", "on"] {
            run(action, Some(&plug));
        }
    }
    proxy.finish().unwrap();
    let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
    Transcript::parse("proxy.jsonl", &text).unwrap()
}

#[test]
fn what_the_proxy_recorded_teaches_every_dialect() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // All at once: they mostly wait for plugs.
    let recorded: Vec<_> = std::thread::scope(|scope| {
        let record = |spec: Arc<DeviceSpec>| {
            let runtime = &runtime;
            scope.spawn(move || {
                let transcript = through_the_proxy(runtime, &spec, &agent_of(&spec));
                (spec.id.clone(), transcript)
            })
        };
        let threads: Vec<_> = dialects().into_iter().map(record).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    with_all(|spec, agent| {
        let (_, transcript) = recorded.iter().find(|(id, _)| *id == spec.id).unwrap();
        let named = Named { name: "proxy.jsonl".to_owned(), transcript: transcript.clone() };
        let learned = learn(&[named], &Options::default()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(learned.proof.differences, [], "{}", learned.toml);
        // Looks came when the machine let them, so delays are not the same; what comes of every action is.
        let mut original = Bench::new(spec, agent, "2c");
        let mut copy = Bench::new(&learned.spec, agent, "2c");
        let mut both = |action: &str, plug: Option<&str>| {
            let (wanted, found) = (original.run(action, plug).0, copy.run(action, plug).0);
            assert_eq!((wanted.exit, wanted.stdout), (found.exit, found.stdout), "{action} {plug:?}");
            assert_eq!(plug.map(|plug| original.power(plug)), plug.map(|plug| copy.power(plug)));
        };
        both("list", None);
        for (plug, _) in spec.plant.plugs.iter().step_by(3) {
            for action in ["status", "off", "status", "on", "status"] {
                both(action, Some(plug));
            }
        }
    });
}

const BEHIND_THE_WALK: &str = r#"
format = "1.0"
[device]
vendor = "APC"
model = "AP7902B"
provenance = { kind = "imported", from = ["a walk and the MasterSwitch table of PowerNet-MIB"] }
[plant]
plugs = { count = 16 }
delay = { off = "400ms", on = "400ms" }
[face.snmp]
answers = ["walk.snmprec"]
[[face.snmp.object]]
name = "sPDUOutletCtl"
oid = "1.3.6.1.4.1.318.1.1.4.4.2.1.3.{plug}"
shows = { on = 1, off = 2 }
orders = { on = 1, off = 2 }
"#;
