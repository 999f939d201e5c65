//! Our agents, in this process and in virtual time: two emulated devices behind a world without sockets.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fencelab_agents::Invocation;
use fencelab_devices::{Device, DeviceSpec};
use fencelab_link::memory::{MemoryWorld, Peer};
use fencelab_link::{Way, World};

use crate::agent::Subject;
use crate::case::Case;
use crate::link::Link;
use crate::options::{Account, Call, Place};
use crate::promise::Timing;
use crate::run::{Exit, Run};
use crate::stage::{self, AgentEnd, Before, Needs, Played, Stage};
use crate::stand_in::StandIns;

/// The target's address, and the neighbour's next to it (RFC 5737: for documentation, never routed).
const HOSTS: [&str; 2] = ["192.0.2.10", "192.0.2.11"];
/// How often an agent is run again and again: more often than a BMC of the field has sessions.
const OFTEN: u32 = 24;
/// The script that prints the password in this world.
const SCRIPT: &str = "lab-password";

/// One built-in agent on one device.
pub(crate) struct MemoryStage {
    subject: Arc<Subject>,
    stand_ins: Arc<StandIns>,
}

impl MemoryStage {
    pub(crate) fn new(subject: Arc<Subject>, stand_ins: Arc<StandIns>) -> Self {
        MemoryStage { subject, stand_ins }
    }
}

impl Stage for MemoryStage {
    fn play(&self, case: &Case, needs: Needs, record: bool) -> Option<Played> {
        let spec = self.stand_ins.for_case(case)?;
        let mut rack = Rack::new(&spec, case, record);
        let run = rack.run(&self.subject, case);
        let retry = match needs {
            Needs::Retry => {
                rack.heal(stage::convalescence(&spec, case));
                Some(rack.run(&self.subject, case))
            }
            Needs::Often => stage::often(OFTEN, case, || Some(rack.run(&self.subject, case))),
            Needs::One | Needs::Other | Needs::Witness => None,
        };
        let other = (needs == Needs::Other).then(|| {
            let argv = stage::by_argv(case);
            Rack::new(&spec, &argv, record).run(&self.subject, &argv)
        });
        Some(Played { run, retry, other, spec })
    }

    fn subject(&self) -> &Arc<Subject> {
        &self.subject
    }

    fn spec(&self) -> &Arc<DeviceSpec> {
        self.stand_ins.spec()
    }
}

/// A device as the other end of links in memory.
struct DevicePeer {
    device: Device,
    /// By which of its faces it is spoken to.
    face: usize,
    /// Where a device with the wrong-plug fault sends its commands.
    neighbour: Option<Rc<RefCell<DevicePeer>>>,
}

impl DevicePeer {
    fn pass_on(&mut self) {
        let commands = self.device.take_neighbour_commands();
        if let Some(neighbour) = &self.neighbour {
            for command in &commands {
                neighbour.borrow_mut().device.apply_neighbour_command(command);
            }
        }
    }
}

impl Peer for DevicePeer {
    fn connect(&mut self, now: Duration, from: SocketAddr, way: &Way) -> bool {
        let user = match way {
            Way::Ssh(login) => {
                let password = login
                    .password
                    .as_ref()
                    .map(|password| String::from_utf8_lossy(password.expose()).into_owned());
                if !self.device.admits(now, self.face, &login.user, password.as_deref()) {
                    return false;
                }
                Some(login.user.as_str())
            }
            _ => None,
        };
        self.device.connect(now, self.face, from, user);
        self.pass_on();
        true
    }

    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.device.handle(now, self.face, from, bytes);
        self.pass_on();
    }

    fn next(&self) -> Option<Duration> {
        self.device.next_wake()
    }

    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        let output = self.device.take_output(now);
        self.pass_on();
        output.into_iter().map(|output| (output.to, output.bytes)).collect()
    }
}

/// Two devices whose time goes on from run to run.
struct Rack {
    spec: Arc<DeviceSpec>,
    account: Account,
    target: Rc<RefCell<DevicePeer>>,
    neighbour: Rc<RefCell<DevicePeer>>,
    now: Duration,
    runs: u64,
    record: bool,
}

impl Rack {
    fn new(spec: &Arc<DeviceSpec>, case: &Case, record: bool) -> Self {
        let account = Account::of_seed(case.seed);
        let (target, neighbour) = stage::devices(spec, case, &account, record);
        let face = Link::face(spec, &case.options);
        let neighbour = Rc::new(RefCell::new(DevicePeer { device: neighbour, face, neighbour: None }));
        let target = DevicePeer { device: target, face, neighbour: Some(Rc::clone(&neighbour)) };
        let target = Rc::new(RefCell::new(target));
        Rack { spec: Arc::clone(spec), account, target, neighbour, now: Duration::ZERO, runs: 0, record }
    }

    fn run(&mut self, subject: &Subject, case: &Case) -> Run {
        self.runs += 1;
        let started = self.now;
        let mut world = MemoryWorld::new(case.seed.rotate_left(17) ^ self.runs);
        let face = self.spec.faces.get(self.target.borrow().face);
        let port = face.map_or(0, fencelab_devices::spec::FaceSpec::default_port);
        let [(host, told), (next_host, _)] = HOSTS.map(|address| Link::host(face, address));
        let place = Place { host: told, port };
        world.route(host, port, Rc::clone(&self.target) as Rc<RefCell<dyn Peer>>);
        world.route(next_host, port, Rc::clone(&self.neighbour) as Rc<RefCell<dyn Peer>>);
        world.script(SCRIPT, self.account.as_told(case.login).password);
        world.advance_to(started);
        let link = Link::of(&self.spec);
        let effort = link.effort(&self.spec, case.by_name);
        let bound = Timing::of(case, &subject.advert.defaults(), effort).last_bound(case.action);
        world.set_patience(started.saturating_add(bound));
        let before = Before::look(&self.target.borrow().device, &self.neighbour.borrow().device, started);

        let case = &stage::named(&self.spec, case);
        let call = Call::new(case, &subject.advert, &link, &place, &self.account, SCRIPT);
        let invocation = Invocation {
            program: subject.agent.name().to_owned(),
            stdin: call.args.is_empty().then_some(call.stdin),
            args: call.args,
            env: Call::environment(case),
        };
        let outcome = (subject.run)(&invocation, &mut world);

        let ended = world.now();
        self.now = ended;
        self.advance(ended);
        let mut stderr = outcome.stderr;
        for line in world.log_lines() {
            stderr.push_str(&line.line);
            stderr.push('\n');
        }
        stderr.extend(world.files().values().map(String::as_str));
        let secret = self.account.as_told(case.login).password;
        let end = AgentEnd {
            exit: Exit::Code(outcome.exit),
            stdout: outcome.stdout,
            stderr,
            children: Vec::new(),
            secret,
        };
        let after = before.after(&mut self.target.borrow_mut().device, &self.neighbour.borrow().device);
        after.into_run(&self.spec, end, (started, ended), self.record)
    }

    /// Ends all trouble and lets so much time pass.
    fn heal(&mut self, time: Duration) {
        self.target.borrow_mut().device.clear_faults();
        self.now += time;
        self.advance(self.now);
        // What was still on its way to the last run's links is lost with them.
        let _ = self.target.borrow_mut().device.take_output(self.now);
    }

    fn advance(&self, now: Duration) {
        let mut target = self.target.borrow_mut();
        target.device.advance(now);
        target.pass_on();
        drop(target);
        self.neighbour.borrow_mut().device.advance(now);
    }
}
