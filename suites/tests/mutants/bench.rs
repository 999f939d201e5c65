//! An agent and a device on a bench of their own: any description, any options, several runs in a row. What the suites cannot
//! bring about yet is shown here, so that no defect stands in the table that is none.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fencelab_agents::{Invocation, Outcome};
use fencelab_devices::{Credentials, Device, DeviceSpec, Fault, Power};
use fencelab_link::World;
use fencelab_link::memory::{MemoryWorld, Peer};

use super::fixture::{self, mutation::Speaks};

const HOST: &str = "192.0.2.10";
const PASSWORD: &str = "correct-horse";
/// How long the caller waits for an agent whose limits are lifted.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// What becomes of a datagram of the device on its way.
pub(crate) type Rewrite = fn(Vec<u8>) -> Vec<u8>;

struct DevicePeer(Device, Rewrite);

impl Peer for DevicePeer {
    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.0.handle(now, 0, from, bytes);
    }

    fn next(&self) -> Option<Duration> {
        self.0.next_wake()
    }

    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        self.0.take_output(now).into_iter().map(|output| (output.to, (self.1)(output.bytes))).collect()
    }
}

/// How an agent is called.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Call {
    /// `key=value` pairs beside address and account, with blanks between.
    pub(crate) options: &'static str,
    /// On the command line.
    pub(crate) by_argv: bool,
    /// By the fencing daemon.
    pub(crate) as_service: bool,
}

/// What came of a call.
pub(crate) struct Seen {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) took: Duration,
    /// Whether the password stands in what others can read.
    pub(crate) leaks: bool,
}

/// A device whose time goes on from run to run.
pub(crate) struct Bench {
    speaks: Speaks,
    peer: Rc<RefCell<DevicePeer>>,
    now: Duration,
    runs: u64,
}

impl Bench {
    /// A device that is described as in the corpus, but for a text that is replaced; all its plugs are on.
    pub(crate) fn new(speaks: Speaks, change: (&str, &str), trouble: &str) -> Self {
        let folder = super::folder(speaks);
        let text = std::fs::read_to_string(folder.join("device.toml")).unwrap();
        assert!(text.contains(change.0), "{} does not stand in the description", change.0);
        let text = text.replace(change.0, change.1);
        let spec: Arc<DeviceSpec> = DeviceSpec::parse(&folder.join("device.toml"), &text, &folder).unwrap();
        let credentials = Credentials { user: "lab".to_owned(), password: PASSWORD.to_owned(), kg: None };
        let mut device = Device::new(spec, &credentials, 1);
        if !trouble.is_empty() {
            device.set_faults(Fault::parse_all(trouble).unwrap());
        }
        Bench {
            speaks,
            peer: Rc::new(RefCell::new(DevicePeer(device, |bytes| bytes))),
            now: Duration::ZERO,
            runs: 0,
        }
    }

    /// Changes what the device says, which no fault does yet.
    pub(crate) fn rewrite(&mut self, rewrite: Rewrite) {
        self.peer.borrow_mut().1 = rewrite;
    }

    /// Ends all trouble.
    pub(crate) fn heal(&mut self) {
        self.peer.borrow_mut().0.clear_faults();
    }

    /// The true state of a plug.
    pub(crate) fn power(&self, plug: &str) -> Option<Power> {
        let peer = self.peer.borrow();
        peer.0.plant().plugs().iter().find(|it| it.name() == plug).map(|it| it.power())
    }

    /// Runs an agent, and waits until the device rests.
    pub(crate) fn run(&mut self, program: &str, call: &Call) -> Seen {
        self.runs += 1;
        // A run that drew the same numbers as the last would be taken for its repetition.
        let mut world = MemoryWorld::new(self.runs);
        let port = if self.speaks == Speaks::Ipmi { 623 } else { 161 };
        world.route(HOST, port, Rc::clone(&self.peer) as Rc<RefCell<dyn Peer>>);
        world.advance_to(self.now);
        world.set_patience(self.now + PATIENCE);
        let account = match self.speaks {
            Speaks::Ipmi => format!("username=lab password={PASSWORD}"),
            Speaks::Snmp => format!("community={PASSWORD}"),
        };
        let words = format!("ip={HOST} {account} {}", call.options);
        let words = words.split_whitespace().map(|word| word.replace('~', " "));
        let args = words.clone().map(|word| format!("--{}", word.replacen('_', "-", 1)));
        let invocation = Invocation {
            program: program.to_owned(),
            args: args.filter(|_| call.by_argv).collect(),
            stdin: (!call.by_argv).then(|| words.collect::<Vec<_>>().join("\n")),
            env: if call.as_service {
                BTreeMap::from([("PCMK_service".to_owned(), "pacemaker-fenced".to_owned())])
            } else {
                BTreeMap::new()
            },
        };
        let Outcome { exit, stdout, stderr } = fixture::run(&invocation, &mut world);
        let took = world.now() - self.now;
        self.now = world.now();
        let leaks = stderr.contains(PASSWORD) || world.files().values().any(|text| text.contains(PASSWORD));
        Seen { exit, stdout, took, leaks }
    }
}
