//! A device with a console for the tests: a login, a shell that a test gives it, plugs, and ways to cut what it says.

use std::{cell::RefCell, collections::VecDeque, net::SocketAddr, rc::Rc, time::Duration};

use fencelab_agents::{Invocation, Outcome, run};
use fencelab_link::{
    Way,
    memory::{MemoryWorld, Peer},
};
use fencelab_wire::telnet::{Config, Telnet};

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "fencelab-secret";
const HOST: &str = "device";

/// A plug.
#[derive(Clone, Debug)]
pub(crate) struct Plug {
    pub(crate) name: &'static str,
    pub(crate) alias: &'static str,
    pub(crate) on: bool,
}

/// The plugs of a device, and what happened to them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plugs {
    pub(crate) all: Vec<Plug>,
    /// Each order, with what it did.
    pub(crate) orders: Vec<(String, bool)>,
    /// Orders are taken and not carried out.
    pub(crate) deaf: bool,
}

impl Plugs {
    /// Plugs by name and alias; all of them on.
    pub(crate) fn new(plugs: &[(&'static str, &'static str)]) -> Self {
        let all = plugs.iter().map(|&(name, alias)| Plug { name, alias, on: true }).collect();
        Self { all, ..Self::default() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Plug> {
        self.all.iter().find(|plug| plug.name == name)
    }

    /// Whether there is such a plug.
    pub(crate) fn set(&mut self, name: &str, on: bool) -> bool {
        let Some(plug) = self.all.iter_mut().find(|plug| plug.name == name) else { return false };
        self.orders.push((name.to_owned(), on));
        plug.on = if self.deaf { plug.on } else { on };
        true
    }

    pub(crate) fn set_only(&mut self, on: bool) {
        let name = self.all[0].name;
        self.set(name, on);
    }

    /// `word` for each, one a line.
    pub(crate) fn lines(&self, line: impl Fn(&Plug) -> String) -> String {
        self.all.iter().map(|plug| format!("{}\r\n", line(plug))).collect()
    }
}

/// A word for on and one for off.
pub(crate) fn word(on: bool, words: (&'static str, &'static str)) -> &'static str {
    if on { words.0 } else { words.1 }
}

/// What a device says once the user is in. Every answer ends with the prompt.
pub(crate) trait Shell {
    /// What it says to a new user.
    fn greet(&mut self) -> String;
    /// What it says to a line.
    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String;
    /// What it says to a key that is no end of a line; `None` where it waits for one.
    fn key(&mut self, key: char, plugs: &mut Plugs) -> Option<String> {
        let _ = (key, plugs);
        None
    }
}

/// Where a user is.
enum Place {
    Name,
    Password,
    Shell,
}

/// What it asks for the name and the password.
pub(crate) type Prompts = (&'static str, &'static str);

/// A session of a user.
struct Session {
    address: SocketAddr,
    telnet: Option<Telnet>,
    place: Place,
    line: String,
    after_cr: bool,
    /// Whether the user's name is right.
    known: bool,
    shell: Box<dyn Shell>,
}

/// What is said instead: line and usual answer in, `None` for the usual answer.
pub(crate) type Instead = Box<dyn FnMut(&str, String) -> Option<Vec<u8>>>;

/// The device.
pub(crate) struct Unit {
    shell: Box<dyn Fn() -> Box<dyn Shell>>,
    pub(crate) plugs: Plugs,
    /// What it asks for; `None` lets everybody in.
    pub(crate) prompts: Option<Prompts>,
    /// Whether it repeats what it is told.
    pub(crate) echo: bool,
    pub(crate) latency: Duration,
    /// How much longer it takes to answer a line that is not empty.
    pub(crate) thinks: Duration,
    /// After so many bytes the device pauses for so long, once.
    pub(crate) cut: Option<(usize, Duration)>,
    /// How much it has said.
    pub(crate) said: usize,
    /// What is said instead of the usual answer to a line.
    pub(crate) instead: Option<Instead>,
    /// Hang up after so many lines.
    pub(crate) hangs_up_after: Option<usize>,
    lines: usize,
    /// The lines that it was told, without names and passwords.
    pub(crate) told: Vec<String>,
    pub(crate) connections: usize,
    sessions: Vec<Session>,
    out: VecDeque<(Duration, SocketAddr, Vec<u8>)>,
    busy: Duration,
}

impl Unit {
    pub(crate) fn new(plugs: Plugs, shell: impl Fn() -> Box<dyn Shell> + 'static) -> Self {
        Self {
            shell: Box::new(shell),
            plugs,
            prompts: Some(("login: ", "Password: ")),
            echo: true,
            latency: Duration::from_millis(20),
            thinks: Duration::ZERO,
            cut: None,
            said: 0,
            instead: None,
            hangs_up_after: None,
            lines: 0,
            told: Vec::new(),
            connections: 0,
            sessions: Vec::new(),
            out: VecDeque::new(),
            busy: Duration::ZERO,
        }
    }

    fn say(&mut self, now: Duration, to: SocketAddr, bytes: &[u8]) {
        // Nothing overtakes what was said before it.
        let at = self.busy.max(now + self.latency);
        let from = self.said;
        self.said += bytes.len();
        match self.cut {
            Some((cut, pause)) if from < cut && cut < self.said => {
                let (head, tail) = bytes.split_at(cut - from);
                self.out.push_back((at, to, head.to_vec()));
                self.busy = at + pause;
                self.out.push_back((self.busy, to, tail.to_vec()));
            }
            _ => self.out.push_back((at, to, bytes.to_vec())),
        }
    }

    fn hang_up(&mut self, now: Duration, to: SocketAddr) {
        self.sessions.retain(|session| session.address != to);
        self.out.push_back((self.busy.max(now + self.latency), to, Vec::new()));
    }

    fn text(&mut self, now: Duration, to: SocketAddr, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let session = self.sessions.iter().find(|session| session.address == to);
        let bytes = match session.and_then(|session| session.telnet.as_ref()) {
            Some(telnet) => telnet.send(text),
            None => text.to_vec(),
        };
        self.say(now, to, &bytes);
    }

    fn typed(&mut self, now: Duration, from: SocketAddr, byte: u8) {
        let Some(session) = self.sessions.iter_mut().find(|session| session.address == from) else { return };
        let skip = std::mem::replace(&mut session.after_cr, byte == b'\r') && matches!(byte, b'\n' | 0);
        if skip {
            return;
        }
        let key = char::from(byte);
        let echoes = self.echo && !matches!(session.place, Place::Password);
        if !matches!(byte, b'\r' | b'\n') {
            let is_shell = matches!(session.place, Place::Shell);
            let said = is_shell.then(|| session.shell.key(key, &mut self.plugs)).flatten();
            match said {
                Some(said) => {
                    self.told.push(key.escape_default().to_string());
                    let echo = if echoes && !key.is_control() { format!("{key}\r\n") } else { String::new() };
                    self.text(now, from, format!("{echo}{said}").as_bytes());
                }
                None => {
                    session.line.push(key);
                    if echoes {
                        self.text(now, from, &[byte]);
                    }
                }
            }
            return;
        }
        let line = std::mem::take(&mut session.line);
        let newline = if self.echo { "\r\n" } else { "" };
        let (name, password) = self.prompts.unwrap_or_default();
        let said = match session.place {
            Place::Name => {
                session.place = Place::Password;
                session.known = line == USER;
                password.to_owned()
            }
            Place::Password if session.known && line == PASSWORD => {
                session.place = Place::Shell;
                session.shell.greet()
            }
            Place::Password => {
                session.place = Place::Name;
                format!("\r\nLogin incorrect\r\n{name}")
            }
            Place::Shell => {
                self.told.push(line.clone());
                self.lines += 1;
                if !line.is_empty() {
                    self.busy = self.busy.max(now) + self.thinks;
                }
                let said = session.shell.line(&line, &mut self.plugs);
                if self.hangs_up_after.is_some_and(|lines| self.lines > lines) {
                    self.hangs_up_after = None;
                    self.hang_up(now, from);
                    return;
                }
                if let Some(instead) = &mut self.instead
                    && let Some(bytes) = instead(&line, said.clone())
                {
                    self.text(now, from, newline.as_bytes());
                    self.text(now, from, &bytes);
                    return;
                }
                said
            }
        };
        self.text(now, from, format!("{newline}{said}").as_bytes());
    }
}

impl Peer for Unit {
    fn deliver(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        if bytes.is_empty() {
            self.sessions.retain(|session| session.address != from);
            return;
        }
        let Some(session) = self.sessions.iter_mut().find(|session| session.address == from) else { return };
        let (data, reply) = match &mut session.telnet {
            Some(telnet) => {
                let received = telnet.receive(bytes);
                (received.data, received.reply)
            }
            None => (bytes.to_vec(), Vec::new()),
        };
        if !reply.is_empty() {
            self.say(now, from, &reply);
        }
        for byte in data {
            self.typed(now, from, byte);
        }
    }

    fn next(&self) -> Option<Duration> {
        self.out.front().map(|(at, ..)| *at)
    }

    fn take(&mut self, now: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut due = Vec::new();
        while let Some((_, to, bytes)) = self.out.pop_front_if(|(at, ..)| *at <= now) {
            due.push((to, bytes));
        }
        due
    }

    fn connect(&mut self, now: Duration, from: SocketAddr, way: &Way) -> bool {
        let ssh = match way {
            Way::Ssh(login) => {
                if login.user != USER || login.password != Some(PASSWORD.into()) {
                    return false;
                }
                true
            }
            Way::Telnet => false,
            _ => return false,
        };
        self.connections += 1;
        let mut telnet = (!ssh).then(|| Telnet::new(Config::device()));
        let opening = telnet.as_mut().map(Telnet::open).unwrap_or_default();
        let mut shell = (self.shell)();
        let (place, greeting) = match self.prompts {
            Some((name, _)) if !ssh => (Place::Name, name.to_owned()),
            _ => (Place::Shell, shell.greet()),
        };
        let session = Session {
            address: from,
            telnet,
            place,
            line: String::new(),
            after_cr: false,
            known: false,
            shell,
        };
        self.sessions.push(session);
        if !opening.is_empty() {
            self.say(now, from, &opening);
        }
        self.text(now, from, greeting.as_bytes());
        true
    }
}

/// A device that the test keeps looking at, and its runs.
pub(crate) struct Bench {
    pub(crate) unit: Rc<RefCell<Unit>>,
    pub(crate) world: MemoryWorld,
    agent: &'static str,
    options: String,
    port: u16,
}

impl Bench {
    /// A device behind the port that the options lead to.
    pub(crate) fn new(agent: &'static str, port: u16, options: &str, unit: Unit) -> Self {
        let unit = Rc::new(RefCell::new(unit));
        let mut world = MemoryWorld::new(1);
        world.route(HOST, port, unit.clone());
        Self { unit, world, agent, options: options.to_owned(), port }
    }

    /// Runs the agent; `more` are further lines of its input, the action among them.
    pub(crate) fn run(&mut self, more: &str) -> Outcome {
        let stdin = format!(
            "ip={HOST}\nipport={}\nusername={USER}\npassword={PASSWORD}\n{}\n{more}\n",
            self.port, self.options
        );
        let invocation =
            Invocation { program: self.agent.to_owned(), stdin: Some(stdin), ..Invocation::default() };
        let outcome = run(&invocation, &mut self.world);
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!text.contains(PASSWORD), "{text}");
        for line in self.world.log_lines() {
            assert!(!line.line.contains(PASSWORD), "{}", line.line);
        }
        outcome
    }

    /// The exit status and the output of an action.
    pub(crate) fn exit(&mut self, action: &str) -> (i32, String) {
        let Outcome { exit, stdout, stderr } = self.run(&format!("action={action}\nverbose=1"));
        assert!(exit == 0 || exit == 2 || stderr.contains("ERROR: Failed: "), "{stderr}");
        (exit, stdout)
    }

    /// Whether a plug has power.
    pub(crate) fn is_on(&self, plug: &str) -> bool {
        self.unit.borrow().plugs.get(plug).unwrap_or_else(|| panic!("no plug {plug}")).on
    }

    /// The orders since the last call.
    pub(crate) fn orders(&self) -> Vec<(String, bool)> {
        std::mem::take(&mut self.unit.borrow_mut().plugs.orders)
    }
}
