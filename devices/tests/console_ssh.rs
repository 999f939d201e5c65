//! Real clients of SSH before a console: OpenSSH's `ssh` on a terminal, and a fence agent.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fencelab_devices::serve::Served;
use fencelab_devices::spec::{DeviceSpec, FaceSpec};
use fencelab_devices::{Carrier, Credentials, Device, Fault, Power, corpus};
use fencelab_peers::terminal::{self, answer, end, wait_for};
use rexpect::session::PtySession;

/// Longer than anything takes, and the end of a test that waits for nothing.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];
/// What every client is told: no key of the lab is known or remembered.
const STRANGER: [&str; 4] = ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"];

fn described() -> DeviceSpec {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let mut spec = (*corpus::find(&root, "apc/rpdu-cli").unwrap_or_else(|error| panic!("{error}"))).clone();
    spec.plant.timing.off = Duration::ZERO;
    spec.plant.timing.on = Duration::ZERO;
    spec
}

fn is_over_ssh(face: &FaceSpec) -> bool {
    matches!(face, FaceSpec::Console(face) if face.carrier == Carrier::Ssh)
}

fn device(spec: &Arc<DeviceSpec>, seed: u64) -> (Device, usize) {
    let face = spec.faces.iter().position(is_over_ssh).unwrap();
    (Device::new(Arc::clone(spec), &Credentials::default(), seed), face)
}

fn start(spec: &Arc<DeviceSpec>, seed: u64) -> Served {
    let (device, face) = device(spec, seed);
    Served::start(device, face, SocketAddr::from((LOOPBACK, 0))).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A power strip that SSH reaches.
struct Lab {
    served: Served,
    home: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Lab {
    fn new() -> Self {
        Self::of(described())
    }

    fn of(spec: DeviceSpec) -> Self {
        let runtime = runtime();
        let served = {
            let _guard = runtime.enter();
            start(&spec.into(), 7)
        };
        Self { served, home: tempfile::tempdir().unwrap(), runtime }
    }

    /// The same console, but the device itself asks who it is.
    fn that_asks() -> Self {
        let mut spec = described();
        for face in &mut spec.faces {
            if let FaceSpec::Console(face) = face {
                let mut console = (*face.console).clone();
                console.login.as_mut().unwrap().asks_over_ssh = true;
                face.console = Arc::new(console);
            }
        }
        Self::of(spec)
    }

    fn command(&self, options: &[&str], command: &[&str]) -> Command {
        let mut ssh = Command::new("ssh");
        // No settings of who runs the tests.
        ssh.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        ssh.env("HOME", self.home.path()).env("TERM", "vt100");
        ssh.args(["-F", "none", "-p", &self.served.address.port().to_string()]);
        ssh.args(STRANGER).args(options).arg("lab@127.0.0.1").args(command);
        ssh
    }

    /// The client on a terminal.
    fn ssh(&self, options: &[&str], command: &[&str]) -> PtySession {
        // rexpect cannot tell that a program is missing.
        let version = Command::new("ssh").arg("-V").stdin(Stdio::null()).output();
        let version = version.unwrap_or_else(|error| panic!("ssh: {error}; install openssh-client"));
        assert!(version.status.success(), "which ssh is this?");
        terminal::start(self.command(options, command))
    }

    /// At the console's prompt.
    fn log_in(&self, options: &[&str]) -> PtySession {
        let mut terminal = self.ssh(options, &[]);
        answer(&mut terminal, "fencelab");
        wait_for(&mut terminal, "apc>");
        terminal
    }

    fn power(&self, plug: usize) -> Power {
        self.served.with(|device, _| device.plant().plugs()[plug - 1].power())
    }

    fn sessions(&self) -> usize {
        self.served.with(|device, _| device.sessions())
    }

    /// Until the device has noticed that everybody has gone.
    fn wait_until_nobody_is_there(&self) {
        let begin = Instant::now();
        while self.sessions() > 0 {
            assert!(begin.elapsed() < PATIENCE, "somebody is still there");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_plug_is_switched_off_and_exit_ends_the_session() {
    let lab = Lab::new();
    let mut terminal = lab.log_in(&[]);
    terminal.send_line("olStatus all").unwrap();
    wait_for(&mut terminal, "E000: Success\r\n 1: Outlet 1: On\r\n 2: Outlet 2: On\r\n");
    wait_for(&mut terminal, "24: Outlet 24: On\r\n");
    wait_for(&mut terminal, "apc>");
    terminal.send_line("olOff 3").unwrap();
    wait_for(&mut terminal, "E000: Success");
    wait_for(&mut terminal, "apc>");
    assert_eq!([2, 3, 4].map(|plug| lab.power(plug)), [Power::On, Power::Off, Power::On]);
    assert_eq!(lab.sessions(), 1);
    terminal.send_line("exit").unwrap();
    wait_for(&mut terminal, "Bye.");
    let (said, code) = end(&mut terminal);
    assert_eq!(code, 0, "{said}");
    assert_eq!(lab.sessions(), 0);
}

#[test]
fn what_is_typed_is_echoed_by_the_device_and_by_nobody_else() {
    let lab = Lab::new();
    let mut terminal = lab.log_in(&[]);
    for letter in ["a", "b", "c"] {
        terminal.send(letter).unwrap();
        terminal.flush().unwrap();
        assert_eq!(wait_for(&mut terminal, letter), "");
    }
}

#[test]
fn a_command_leads_to_the_console_too() {
    let lab = Lab::new();
    let mut terminal =
        lab.ssh(&["-t"], &["/bin/bash", "-c", "\"PS1=\\[EXPECT\\]#\\ /bin/bash --noprofile --norc\""]);
    answer(&mut terminal, "fencelab");
    wait_for(&mut terminal, "apc>");
    terminal.send_line("olOff 1").unwrap();
    wait_for(&mut terminal, "E000: Success");
    assert_eq!(lab.power(1), Power::Off);
}

#[test]
fn both_ways_of_giving_a_password_work() {
    let lab = Lab::new();
    for way in ["password", "keyboard-interactive"] {
        let mut terminal = lab.log_in(&["-o", &format!("PreferredAuthentications={way}")]);
        terminal.send_line("exit").unwrap();
        assert_eq!(end(&mut terminal).1, 0, "{way}");
    }
}

#[test]
fn a_wrong_password_is_refused_and_the_third_one_ends_the_connection() {
    let lab = Lab::new();
    for way in ["password", "keyboard-interactive"] {
        let option = format!("PreferredAuthentications={way}");
        let mut terminal = lab.ssh(&["-o", &option, "-o", "NumberOfPasswordPrompts=9"], &[]);
        for _ in 0..3 {
            answer(&mut terminal, "wrong");
        }
        // Here the client asks once more before it asks the device.
        if way == "password" {
            answer(&mut terminal, "fencelab");
        }
        let (said, code) = end(&mut terminal);
        assert_eq!(code, 255, "{said}");
        assert!(said.contains("Too many authentication attempts"), "{said}");
    }
    let mut terminal = lab.ssh(
        &["-l", "nobody", "-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=password"],
        &[],
    );
    answer(&mut terminal, "fencelab");
    assert_eq!(end(&mut terminal).1, 255);
    assert_eq!(lab.sessions(), 0);
}

#[test]
fn a_second_try_may_be_right() {
    let lab = Lab::new();
    let mut terminal = lab.ssh(&[], &[]);
    answer(&mut terminal, "wrong");
    answer(&mut terminal, "fencelab");
    wait_for(&mut terminal, "apc>");
}

#[test]
fn a_device_that_asks_itself_lets_everybody_as_far_as_its_own_question() {
    let lab = Lab::that_asks();
    let mut terminal = lab.ssh(&["-o", "PreferredAuthentications=none"], &[]);
    wait_for(&mut terminal, "User Name : ");
    terminal.send_line("lab").unwrap();
    wait_for(&mut terminal, "Password  : ");
    terminal.send_line("fencelab").unwrap();
    wait_for(&mut terminal, "apc>");
}

#[test]
fn clients_of_any_age_find_common_ground() {
    let lab = Lab::new();
    let combinations = [
        ["diffie-hellman-group1-sha1", "ssh-rsa", "3des-cbc", "hmac-sha1"],
        ["diffie-hellman-group1-sha1", "ssh-rsa", "aes128-cbc", "hmac-sha1"],
        ["diffie-hellman-group14-sha1", "ssh-rsa", "aes256-cbc", "hmac-sha1-etm@openssh.com"],
        ["diffie-hellman-group-exchange-sha1", "ssh-rsa", "aes192-cbc", "hmac-sha1"],
        ["diffie-hellman-group-exchange-sha256", "rsa-sha2-256", "aes128-ctr", "hmac-sha2-256"],
        ["diffie-hellman-group14-sha256", "rsa-sha2-512", "aes192-ctr", "hmac-sha2-512"],
        ["diffie-hellman-group16-sha512", "ssh-ed25519", "aes256-ctr", "hmac-sha2-256-etm@openssh.com"],
        ["ecdh-sha2-nistp256", "ssh-ed25519", "aes128-gcm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
        ["curve25519-sha256", "ssh-ed25519", "aes256-gcm@openssh.com", "hmac-sha2-512"],
        ["curve25519-sha256", "ssh-ed25519", "chacha20-poly1305@openssh.com", "hmac-sha2-512"],
    ];
    for [kex, key, cipher, mac] in combinations {
        let options = [
            format!("KexAlgorithms={kex}"),
            format!("HostKeyAlgorithms={key}"),
            format!("Ciphers={cipher}"),
            format!("MACs={mac}"),
        ];
        let options: Vec<&str> = options.iter().flat_map(|option| ["-o", option.as_str()]).collect();
        let mut terminal = lab.log_in(&options);
        terminal.send_line("exit").unwrap();
        let (said, code) = end(&mut terminal);
        assert_eq!(code, 0, "{kex} {key} {cipher} {mac}: {said}");
    }
}

#[test]
fn a_client_that_leaves_frees_its_line() {
    let lab = Lab::new();
    let mut terminal = lab.log_in(&[]);
    assert_eq!(lab.sessions(), 1);
    // The client's own way out.
    terminal.send("\r~.").unwrap();
    terminal.flush().unwrap();
    end(&mut terminal);
    lab.wait_until_nobody_is_there();
    lab.log_in(&[]);
}

#[test]
fn one_too_many_is_told_so() {
    let lab = Lab::new();
    let _first = lab.log_in(&[]);
    let mut second = lab.ssh(&[], &[]);
    answer(&mut second, "fencelab");
    wait_for(&mut second, "Another user is logged in.");
    end(&mut second);
    assert_eq!(lab.sessions(), 1);
}

#[test]
fn a_connection_is_one_line() {
    let lab = Lab::new();
    let path = lab.home.path().join("socket");
    let path = path.to_str().unwrap();
    let mut master = lab.log_in(&["-M", "-S", path]);
    let second =
        lab.command(&["-S", path, "-o", "BatchMode=yes"], &[]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(255), "{said}");
    assert!(said.contains("open failed") || said.contains("refused"), "{said}");
    master.send_line("olOff 2").unwrap();
    wait_for(&mut master, "E000: Success");
}

#[test]
fn the_end_of_the_face_ends_its_sessions() {
    let lab = Lab::new();
    let device = lab.served.device.clone();
    let mut terminal = lab.log_in(&[]);
    // The runtime goes on.
    let Lab { served, home: _home, runtime: _runtime } = lab;
    let address = served.address;
    drop(served);
    let said = terminal.exp_eof().unwrap();
    assert!(said.contains("closed"), "{said}");
    assert!(TcpStream::connect(address).is_err());
    let begin = Instant::now();
    while device.with(|device, _| device.sessions()) > 0 {
        assert!(begin.elapsed() < PATIENCE, "somebody is still there");
        std::thread::yield_now();
    }
}

#[test]
fn one_device_is_reached_in_several_ways() {
    let lab = Lab::new();
    let mut terminal = lab.log_in(&[]);
    terminal.send_line("olOff 3").unwrap();
    wait_for(&mut terminal, "E000: Success");
    let face = described().faces.iter().position(|face| !is_over_ssh(face)).unwrap();
    let served = {
        let _guard = lab.runtime.enter();
        Served::share(&lab.served.device, face, SocketAddr::from((LOOPBACK, 0))).unwrap()
    };
    let mut plain = TcpStream::connect(served.address).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    plain.write_all(b"lab\r\nfencelab\r\nolStatus 3\r\nexit\r\n").unwrap();
    let mut said = Vec::new();
    plain.read_to_end(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains("3: Outlet 3: Off") && said.contains("Bye."), "{said}");
}

#[test]
fn strangers_keep_nobody_out() {
    let lab = Lab::new();
    // More than are kept: most say nothing, some something else than SSH.
    let strangers: Vec<TcpStream> = (0..350)
        .map(|number| {
            let mut stream = TcpStream::connect(lab.served.address).unwrap();
            match number % 10 {
                0 => stream.write_all(&[number as u8; 1000]).unwrap(),
                5 => {
                    stream.write_all(b"SSH-2.0-stranger\r\n").unwrap();
                    stream.write_all(&[number as u8; 1000]).unwrap();
                }
                _ => {}
            }
            stream
        })
        .collect();
    let mut terminal = lab.log_in(&[]);
    terminal.send_line("olOff 5").unwrap();
    wait_for(&mut terminal, "E000: Success");
    assert_eq!(lab.power(5), Power::Off);
    // The oldest had to go, long before its time.
    let mut oldest = &strangers[1];
    oldest.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut said = Vec::new();
    oldest.read_to_end(&mut said).unwrap();
    assert_eq!(said, b"SSH-2.0-fencelab\r\n");
}

#[test]
fn a_device_that_hangs_up_in_the_middle_is_not_waited_for() {
    let lab = Lab::new();
    let mut terminal = lab.log_in(&[]);
    lab.served.with(|device, _| device.set_faults(Fault::parse_all("close@status").unwrap()));
    terminal.send_line("olStatus all").unwrap();
    end(&mut terminal);
    assert_eq!(lab.sessions(), 0);
}

#[test]
fn a_thousand_devices_start_within_a_second() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let spec = Arc::new(described());
    let begin = Instant::now();
    let all: Vec<Served> = (0..1000).map(|seed| start(&spec, seed)).collect();
    let took = begin.elapsed();
    println!("{} devices over SSH in {took:?}", all.len());
    assert!(took < Duration::from_secs(1), "{took:?}");
    let mut greeting = [0; 18];
    TcpStream::connect(all[999].address).unwrap().read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-fencelab\r\n");
}

#[test]
fn fence_apc_switches_a_plug_over_ssh() {
    let lab = Lab::new();
    let run = |action: &str| {
        let mut agent = Command::new("/usr/sbin/fence_apc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("fence_apc: {error}; install fence-agents"));
        // The agent's own default, `-1 -c blowfish`, is of a time before today's clients.
        let options = format!(
            "action={action}\nip=127.0.0.1\nipport={}\nssh=1\nssh_options={}\nusername=lab\npassword=fencelab\nplug=3\n\
             power_wait=0\nlogin_timeout=60\nshell_timeout=60\npower_timeout=60\n",
            lab.served.address.port(),
            STRANGER.join(" "),
        );
        agent.stdin.take().unwrap().write_all(options.as_bytes()).unwrap();
        let output = agent.wait_with_output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        lab.wait_until_nobody_is_there();
        (output.status.code(), text)
    };
    for (action, code, power) in
        [("status", 0, Power::On), ("off", 0, Power::Off), ("status", 2, Power::Off), ("on", 0, Power::On)]
    {
        let (ended, text) = run(action);
        assert_eq!(ended, Some(code), "{action}: {text}");
        assert_eq!(lab.power(3), power, "{action}: {text}");
    }
}
