//! What the fuzz target of IPMI does with its input (a dialogue, see `input.rs`), shared with the test that
//! replays the corpus.

#[path = "input.rs"]
pub(crate) mod input;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fencelab_wire::ipmi::client::{self, Client, Interface, Progress};
use fencelab_wire::ipmi::command::Payload;
use fencelab_wire::ipmi::describe::describe;
use fencelab_wire::ipmi::dissect::dissect;
use fencelab_wire::ipmi::server::{self, Received, Server};
use fencelab_wire::ipmi::tap::{Credential, Tap};
use fencelab_wire::ipmi::{AuthType, Completion, Privilege, fru, sdr, sel};
use fencelab_wire::tap::{Direction, Seen, Tap as _};
use input::{counting, dialogue};

/// The lab's user in this dialogue.
pub(crate) const USER: &str = "lab";
/// The user's password.
pub(crate) const PASSWORD: &str = "fencelab";

/// The BMC that listens: it takes everything that it can.
pub(crate) fn bmc() -> Server {
    let user = |name: &str, password: &str| server::User {
        name: name.to_owned(),
        password: password.into(),
        privilege: Privilege::Administrator,
        enabled: true,
    };
    Server::new(Arc::new(server::Config {
        users: vec![user("", ""), user(USER, PASSWORD)],
        cipher_suites: (0..=17).collect(),
        auth_types: vec![AuthType::None, AuthType::Md5, AuthType::Password],
        ..server::Config::default()
    }))
}

/// How the agents that listen log in.
pub(crate) const INTERFACES: [Interface; 3] = [
    Interface::Lan { auth: None },
    Interface::LanPlus { cipher: None },
    Interface::LanPlus { cipher: Some(17) },
];

/// An agent that logs in as the lab's user.
pub(crate) fn agent(interface: Interface) -> Client {
    Client::new(client::Config::new(USER, PASSWORD, interface))
}

/// Hands the input to everything that reads bytes from outside; it must not panic, nor lose a byte.
pub(crate) fn take(input: &[u8]) {
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 623));
    let (mut bmc, mut for_bmc) = (bmc(), counting());
    let mut agents = INTERFACES.map(|interface| (agent(interface), counting()));
    for (agent, random) in &mut agents {
        agent.start(random);
    }
    let mut tap = Tap::new(vec![Credential { username: None, password: PASSWORD.into(), kg: None }]);
    records(input);
    for (second, (direction, datagram)) in (0..).zip(dialogue(input)) {
        assert!(!dissect(datagram).is_empty());
        if direction == Direction::ToDevice {
            let received = bmc.receive(Duration::from_secs(second), peer, &mut for_bmc, datagram);
            if let Received::Command { ticket, request, .. } = received {
                let answer = request.answer(Completion::OK, request.data.clone());
                bmc.respond(ticket, &answer, &mut for_bmc);
            }
        } else {
            for (agent, random) in &mut agents {
                if let Ok(Progress::Established) = agent.receive(datagram, random) {
                    agent.close(random);
                }
            }
        }
        let seen = tap.observe(direction, datagram);
        assert!(
            seen.iter().any(|seen| matches!(seen, Seen::Say { .. } | Seen::Opaque { .. })),
            "nothing is lost"
        );
        for seen in seen {
            if let Seen::Say { protocol, value, .. } = seen {
                assert!(!describe(protocol, &value).is_empty());
            }
        }
    }
}

/// Records that a device stores.
fn records(input: &[u8]) {
    if let Ok(record) = sdr::Record::parse(input) {
        assert_eq!(record.emit(), input);
        let _ = record.to_string();
    }
    if let Ok(entry) = sel::Entry::parse(input) {
        assert_eq!(entry.emit(), input);
        let _ = entry.to_string();
    }
    if let Ok(inventory) = fru::Inventory::parse(input) {
        assert_eq!(inventory.emit(), input);
    }
}
