//! Real programs at the serial line of a console: picocom and socat on a pseudo-terminal, pyserial there and as a client of the
//! port server.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fencelab_devices::serve::{Pty, Served, Shared};
use fencelab_devices::{Credentials, Device, DeviceSpec, Power};
use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

/// Longer than anything takes, and the end of a test that waits for nothing.
const PATIENCE: Duration = Duration::from_secs(60);

const SERIAL: usize = 0;
const PORT_SERVER: usize = 1;

fn device() -> Shared {
    let text = include_str!("support/line.toml");
    let spec = DeviceSpec::parse(Path::new("device.toml"), text, Path::new("."));
    Shared::new(Device::new(spec.unwrap_or_else(|error| panic!("{error}")), &Credentials::default(), 1))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn power(device: &Shared, plug: &str) -> Option<Power> {
    device.with(|device, now| device.plant().power_at(plug, now))
}

/// A person's terminal program; it says `ready` when it has the port.
fn terminal(command: Command, ready: &str) -> PtySession {
    let program = command.get_program().to_owned();
    let mut session = spawn_command(command, Some(PATIENCE.as_millis() as u64))
        .unwrap_or_else(|error| panic!("can't run {}: {error}; apt-get has it", program.display()));
    session.exp_string(ready).unwrap();
    session
}

fn picocom(pty: &Pty, speed: &str) -> PtySession {
    let mut command = Command::new("picocom");
    command.args(["--baud", speed, "--nolock"]).arg(&pty.path);
    terminal(command, "Terminal ready")
}

/// Ctrl-A Ctrl-X ends picocom.
fn leave(mut session: PtySession) {
    session.send("\x01\x18").unwrap();
    session.flush().unwrap();
    session.exp_eof().unwrap();
    assert!(matches!(session.process().wait(), Ok(WaitStatus::Exited(_, 0))));
}

#[test]
fn a_person_at_picocom_leaves_and_comes_back() {
    let (runtime, device) = (runtime(), device());
    let _inside = runtime.enter();
    let pty = Pty::share(&device, SERIAL).unwrap();
    let mut first = picocom(&pty, "9600");
    first.send("\r").unwrap();
    first.flush().unwrap();
    first.exp_string("login: ").unwrap();
    first.send("lab\r").unwrap();
    first.flush().unwrap();
    first.exp_string("Password: ").unwrap();
    first.send("fencelab\r").unwrap();
    first.flush().unwrap();
    first.exp_string("> ").unwrap();
    leave(first);

    // Still logged in, as at any serial line.
    let mut second = picocom(&pty, "9600");
    second.send("off 3\r").unwrap();
    second.flush().unwrap();
    second.exp_string("ok\r\n> ").unwrap();
    assert_eq!(power(&device, "3"), Some(Power::Off));
    leave(second);

    // At another speed there is nothing but noise, and nothing that is typed is understood.
    let mut third = picocom(&pty, "19200");
    third.send("off 2\r").unwrap();
    third.flush().unwrap();
    third.exp_regex(r"[^\x00-\x7f]").unwrap();
    leave(third);
    let mut fourth = picocom(&pty, "9600");
    fourth.send("\r").unwrap();
    fourth.flush().unwrap();
    fourth.exp_string("> ").unwrap();
    leave(fourth);
    assert_eq!(power(&device, "2"), Some(Power::On));
}

#[test]
fn socat_writes_and_reads() {
    let (runtime, device) = (runtime(), device());
    let _inside = runtime.enter();
    let pty = Pty::share(&device, SERIAL).unwrap();
    // It has done its work when the line has said no more for two seconds after the end of the input.
    let mut socat = Command::new("socat")
        .args(["-t", "2", "-"])
        .arg(format!("{},rawer,b9600", pty.path.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Debian's package socat has it");
    use std::io::Write;
    socat.stdin.take().unwrap().write_all(b"\rlab\rfencelab\roff 1\rstatus 1\r").unwrap();
    let output = socat.wait_with_output().unwrap();
    let heard = String::from_utf8_lossy(&output.stdout);
    assert!(heard.ends_with("off 1\r\nok\r\n> status 1\r\n1 is OFF\r\n> "), "{heard:?}");
    assert_eq!(power(&device, "1"), Some(Power::Off));
}

/// Runs a program of Python with pyserial; what it prints.
fn python(program: &str, arguments: &[&str]) -> String {
    let output = Command::new("/usr/bin/python3")
        .args(["-c", program])
        .args(arguments)
        .output()
        .expect("Debian's python3 is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}; Debian's package python3-serial has pyserial");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Logs in, asks, and says what came; the same for a port and for a port server.
const DIALOGUE: &str = r#"
import serial, sys
place, plug = sys.argv[1], sys.argv[2]
port = serial.serial_for_url(place, baudrate=9600, timeout=30)
def say(text, end):
    port.write(text)
    heard = port.read_until(end)
    assert heard.endswith(end), heard
    return heard
say(b"\r", b"login: ")
say(b"lab\r", b"Password: ")
say(b"fencelab\r", b"> ")
print(say(b"off " + plug.encode() + b"\r", b"> "))
print(say(b"quit\r", b"login: "))
"#;

const SAID: &str = "b'off 4\\r\\nok\\r\\n> '\nb'quit\\r\\nbye\\r\\nACME\\r\\nlogin: '\n";

#[test]
fn pyserial_at_a_port() {
    let (runtime, device) = (runtime(), device());
    let _inside = runtime.enter();
    let pty = Pty::share(&device, SERIAL).unwrap();
    for _ in 0..2 {
        assert_eq!(python(DIALOGUE, &[&pty.path.display().to_string(), "4"]), SAID);
    }
    assert_eq!(power(&device, "4"), Some(Power::Off));
}

#[test]
fn pyserial_at_a_port_server() {
    let (runtime, device) = (runtime(), device());
    let _inside = runtime.enter();
    let served = Served::share(&device, PORT_SERVER, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let place = format!("rfc2217://{}", served.address);
    for _ in 0..2 {
        assert_eq!(python(DIALOGUE, &[&place, "4"]), SAID);
    }
    assert_eq!(power(&device, "4"), Some(Power::Off));
    // Settings, wires, and noise at the wrong speed.
    let program = r#"
import serial, sys
port = serial.serial_for_url(sys.argv[1], baudrate=19200, bytesize=7, parity="E", stopbits=2, timeout=30)
port.write(b"\r\r")
noise = port.read(2)
print(len(noise), all(byte >= 128 for byte in noise))
port.baudrate, port.bytesize, port.parity, port.stopbits = 9600, 8, "N", 1
port.rtscts, port.dtr, port.rts = False, False, True
print(port.cts, port.dsr, port.cd, port.ri)
port.reset_input_buffer()
port.write(b"\x15\r")
print(port.read_until(b"login: ")[-9:])
"#;
    assert_eq!(python(program, &[&place]), "2 True\nTrue True True False\nb'\\r\\nlogin: '\n");
}
