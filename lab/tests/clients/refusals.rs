//! Refused clients must hear what a real BMC says: each command is run against `ipmi_sim` and against the emulated BMC,
//! and both must print the same.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use fencelab_peers::{IpmiSim, Setup, run};
use fencelab_wire::Secret;
use fencelab_wire::ipmi::client::{Client, Config, Interface, Progress};

use crate::bmc::{Bmc, LOGIN};

/// A client, what it is told, and its password.
struct Attempt {
    what: &'static str,
    program: &'static str,
    args: &'static [&'static str],
    password: &'static str,
}

const IPMITOOL: &str = "ipmitool";
const STATUS: [&str; 3] = ["chassis", "power", "status"];

fn attempts() -> Vec<Attempt> {
    let attempt = |what, program, args, password| Attempt { what, program, args, password };
    vec![
        attempt("wrong password, lan", IPMITOOL, &["-I", "lan", "-U", "admin"], "wrong"),
        attempt("wrong password, lanplus", IPMITOOL, &["-I", "lanplus", "-C", "3", "-U", "admin"], "wrong"),
        attempt("wrong password, suite 1", IPMITOOL, &["-I", "lanplus", "-C", "1", "-U", "admin"], "wrong"),
        attempt("unknown user, lan", IPMITOOL, &["-I", "lan", "-U", "nobody"], "secret"),
        attempt("unknown user, lanplus", IPMITOOL, &["-I", "lanplus", "-C", "3", "-U", "nobody"], "secret"),
        attempt("too low a privilege, lan", IPMITOOL, &["-I", "lan", "-U", "guest"], "secret"),
        attempt(
            "wrong password",
            "ipmipower",
            &["-D", "LAN_2_0", "-I", "3", "-u", "admin", "-p", "wrong"],
            "",
        ),
        attempt(
            "unknown user",
            "ipmipower",
            &["-D", "LAN_2_0", "-I", "3", "-u", "nobody", "-p", "secret"],
            "",
        ),
        attempt("unknown user, 1.5", "ipmipower", &["-D", "LAN", "-u", "nobody", "-p", "secret"], ""),
        attempt("too low a privilege, 1.5", "ipmipower", &["-D", "LAN", "-u", "guest", "-p", "secret"], ""),
    ]
}

/// What the client prints and exits with, its peer's address taken out.
fn says(attempt: &Attempt, bmc: SocketAddr) -> (Option<i32>, String) {
    let mut command = Command::new(attempt.program);
    if attempt.program == IPMITOOL {
        command.args([
            "-H",
            &bmc.ip().to_string(),
            "-p",
            &bmc.port().to_string(),
            "-E",
            "-N",
            "1",
            "-R",
            "2",
        ]);
        command.args(attempt.args).args(STATUS).env("IPMI_PASSWORD", attempt.password);
    } else {
        command.args(["-h", &bmc.to_string(), "-W", "opensesspriv", "--session-timeout=3000"]);
        command.args(["--retransmission-timeout=1000", "-l", "ADMIN"]).args(attempt.args).arg("--stat");
    }
    let ran = run(&mut command);
    (ran.code, ran.text().replace(&bmc.to_string(), "BMC").replace(&bmc.ip().to_string(), "BMC"))
}

#[test]
fn refusals_read_as_those_of_ipmi_sim() {
    let real = IpmiSim::start(Setup::default());
    let ours = Bmc::start();
    for attempt in attempts() {
        let expected = says(&attempt, real.address);
        assert_eq!(says(&attempt, ours.emulator.address()), expected, "{}", attempt.what);
        assert_ne!(expected.1.trim(), "", "{}: the peer says nothing to compare", attempt.what);
    }
}

/// Keeps sessions open until the table is full, and one more attempt is told why not.
#[test]
fn a_full_table_reads_as_that_of_ipmi_sim() {
    let attempts = [
        Attempt { what: "lan", program: IPMITOOL, args: &["-I", "lan", "-U", "admin"], password: LOGIN.1 },
        Attempt {
            what: "lanplus",
            program: IPMITOOL,
            args: &["-I", "lanplus", "-C", "3", "-U", "admin"],
            password: LOGIN.1,
        },
    ];
    let (real, ours) = (IpmiSim::start(Setup::default()), Bmc::start());
    let _kept_by_real: Vec<UdpSocket> = (0..63).map(|_| held_session(real.address)).collect();
    let _kept_by_ours: Vec<UdpSocket> = (0..4).map(|_| held_session(ours.emulator.address())).collect();
    for attempt in attempts {
        assert_eq!(says(&attempt, ours.emulator.address()), says(&attempt, real.address), "{}", attempt.what);
    }
}

/// Opens a session and leaves it open.
fn held_session(bmc: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback socket");
    socket.connect(bmc).expect("aimed at the BMC");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let mut state = u64::from(socket.local_addr().expect("an address").port()) + 1;
    let mut random = move |buffer: &mut [u8]| {
        for byte in buffer {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    };
    let suite = Interface::LanPlus { cipher: Some(3) };
    let mut client = Client::new(Config::new(LOGIN.0, Secret::from(LOGIN.1), suite));
    let mut datagram = client.start(&mut random);
    loop {
        socket.send(&datagram).expect("sent");
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).expect("the BMC answers");
        match client.receive(&buffer[..length], &mut random).expect("the BMC agrees") {
            Progress::Established => return socket,
            Progress::Send(next) => datagram = next,
            other => panic!("{other:?} while opening a session"),
        }
    }
}
