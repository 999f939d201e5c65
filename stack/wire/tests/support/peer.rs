//! Real programs as peers. A missing one fails the test.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// What a program printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
}

/// Runs a program to its end; standard output and error together.
fn run<S: AsRef<OsStr>>(program: &str, password: &str, args: impl IntoIterator<Item = S>) -> Ran {
    let output = Command::new(program)
        .args(args)
        .env("IPMI_PASSWORD", password)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "cannot run {program}: {error}; install it (apt-get install ipmitool freeipmi-tools openipmi)"
            )
        });
    let out = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ran { code: output.status.code(), out }
}

/// ipmitool with one try of one second; the password by environment.
pub fn ipmitool(address: SocketAddr, password: &str, login: &str, args: &str) -> Ran {
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let fixed = ["-N", "1", "-R", "1", "-H", &host, "-p", &port, "-E"];
    let words = login.split_whitespace().chain(args.split_whitespace());
    run("ipmitool", password, fixed.into_iter().chain(words))
}

/// A program of FreeIPMI with short timeouts.
pub fn freeipmi(program: &str, address: SocketAddr, args: &str) -> Ran {
    let host = format!("-h{address}");
    let fixed = [host.as_str(), "--session-timeout=4000", "--retransmission-timeout=1000"];
    run(program, "", fixed.into_iter().chain(args.split_whitespace()))
}

/// Our client against a real BMC, with one second for each answer.
pub mod live {
    use crate::support::bmc::{Random, generator};
    use fencelab_wire::ipmi::client::{Client, Config, Progress, Refused};
    use fencelab_wire::ipmi::{Request, Response};
    use std::net::{SocketAddr, UdpSocket};
    use std::time::Duration;

    pub struct Live {
        pub client: Client,
        socket: UdpSocket,
        random: Random,
    }

    /// Why it did not work.
    #[derive(Debug, PartialEq)]
    pub enum Failed {
        Refused(Refused),
        Silence(&'static str),
    }

    impl Live {
        pub fn new(address: SocketAddr, config: Config) -> Self {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback socket");
            socket.connect(address).expect("connected");
            socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
            let seed = socket.local_addr().expect("an address").port();
            Self { client: Client::new(config), socket, random: Box::new(generator(seed.into())) }
        }

        fn exchange(&mut self, mut datagram: Vec<u8>) -> Result<Progress, Failed> {
            let mut buffer = [0; 1024];
            loop {
                self.socket.send(&datagram).expect("sent");
                loop {
                    let Ok(length) = self.socket.recv(&mut buffer) else {
                        return Err(Failed::Silence(self.client.waits_for()));
                    };
                    let progress = self.client.receive(&buffer[..length], &mut self.random);
                    match progress.map_err(Failed::Refused)? {
                        Progress::Ignored => {}
                        Progress::Send(next) => {
                            datagram = next;
                            break;
                        }
                        reached => return Ok(reached),
                    }
                }
            }
        }

        pub fn open(&mut self) -> Result<(), Failed> {
            let first = self.client.start(&mut self.random);
            self.exchange(first).map(|progress| assert_eq!(progress, Progress::Established))
        }

        pub fn ask(&mut self, request: &Request) -> Result<Response, Failed> {
            let datagram = self.client.request(request, &mut self.random);
            match self.exchange(datagram)? {
                Progress::Answer(response) => Ok(response),
                other => panic!("{other:?}"),
            }
        }

        pub fn close(&mut self) -> Result<(), Failed> {
            let datagram = self.client.close(&mut self.random);
            self.exchange(datagram).map(|progress| assert_eq!(progress, Progress::Closed))
        }
    }
}
