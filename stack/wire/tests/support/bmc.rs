//! The smallest BMC there can be: a [`Server`] on a loopback socket, with a chassis that is on or off.

use fencelab_wire::Secret;
use fencelab_wire::ipmi::server::{Config, Received, Server, User};
use fencelab_wire::ipmi::{Completion, NetFn, Privilege, Request, Response};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// A running BMC; it stops when dropped.
pub struct Bmc {
    pub address: SocketAddr,
    sessions: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Users as the peers' tests know them.
pub fn users() -> Vec<User> {
    let user = |name: &str, password: &str, privilege, enabled| User {
        name: name.to_owned(),
        password: Secret::from(password),
        privilege,
        enabled,
    };
    vec![
        user("", "test", Privilege::User, true),
        user("admin", "secret", Privilege::Administrator, true),
        user("oper", "operpw", Privilege::Operator, true),
        user("guest", "secret", Privilege::User, true),
        user("gone", "gonepw", Privilege::Administrator, false),
        user("sixteen", "exactly16bytes!!", Privilege::Administrator, true),
        user("twenty", "exactly-twenty-bytes", Privilege::Administrator, true),
    ]
}

pub const GUID: [u8; 16] = *b"\xa1\x23\x45\x67\x89\xab\xcd\xef\xa1\x23\x45\x67\x89\xab\xcd\xef";

/// All that [`Server`] can speak.
pub fn config() -> Config {
    use fencelab_wire::ipmi::AuthType::{Md5, None, Password};
    Config {
        users: users(),
        guid: GUID,
        auth_types: vec![None, Md5, Password],
        cipher_suites: vec![17, 3, 0, 1, 2, 6, 7, 8, 11, 12, 15, 16],
        session_limit: 8,
        ..Config::default()
    }
}

/// What the chassis and the BMC answer.
pub fn answer(power: &mut bool, request: &Request, privilege: Privilege) -> Response {
    match (request.netfn, request.command) {
        (NetFn::APP, 0x01) => request.answer(
            Completion::OK,
            [0x20, 0x01, 0x02, 0x78, 0x02, 0x9f, 0x91, 0x12, 0x00, 0x02, 0x0f, 0, 0, 0, 0],
        ),
        (NetFn::APP, 0x37) => request.answer(Completion::OK, GUID),
        (NetFn::CHASSIS, 0x01) => request.answer(Completion::OK, [0x60 | u8::from(*power), 0, 0]),
        (NetFn::CHASSIS, 0x02) if privilege < Privilege::Operator => {
            request.answer(Completion::INSUFFICIENT_PRIVILEGE, [])
        }
        (NetFn::CHASSIS, 0x02) => {
            match request.data.first() {
                Some(0 | 5) => *power = false,
                Some(1..=3) => *power = true,
                _ => return request.answer(Completion::INVALID_FIELD, []),
            }
            request.answer(Completion::OK, [])
        }
        _ => request.answer(Completion::INVALID_COMMAND, []),
    }
}

/// A source of random bytes.
pub type Random = Box<dyn FnMut(&mut [u8])>;

/// A small generator of bytes that look random (SplitMix64).
pub fn generator(mut state: u64) -> impl FnMut(&mut [u8]) {
    move |bytes| {
        for byte in bytes {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z ^ (z >> 31)) as u8;
        }
    }
}

impl Bmc {
    pub fn start(config: Config) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback socket");
        let address = socket.local_addr().expect("its address");
        let stop = Arc::new(AtomicBool::new(false));
        let sessions = Arc::new(AtomicUsize::new(0));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&sessions));
        let thread = std::thread::spawn(move || {
            let (mut server, mut power, start) = (Server::new(Arc::new(config)), true, Instant::now());
            let mut random = generator(address.port().into());
            let mut buffer = [0; 2048];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let reply = match server.receive(start.elapsed(), peer, &mut random, &buffer[..length]) {
                    Received::Nothing => continue,
                    Received::Reply(bytes) => bytes,
                    Received::Command { ticket, request, privilege, .. } => {
                        server.respond(ticket, &answer(&mut power, &request, privilege), &mut random)
                    }
                };
                // Before the reply: the peer may end as soon as it has it.
                counted.store(server.sessions(), Ordering::SeqCst);
                let _ = socket.send_to(&reply, peer);
            }
        });
        Self { address, sessions, stop, thread: Some(thread) }
    }

    /// Active sessions after the last answer.
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::SeqCst)
    }
}

impl Drop for Bmc {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
            let _ = socket.send_to(&[0], self.address);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
