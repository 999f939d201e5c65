//! The codecs and session machines without any socket.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use fencelab_wire::ipmi::client::{self, Client, Interface, Progress};
use fencelab_wire::ipmi::command::{Command, Payload, chassis};
use fencelab_wire::ipmi::dissect::dissect;
use fencelab_wire::ipmi::message::LanMessage;
use fencelab_wire::ipmi::server::{self, Received, Server};
use fencelab_wire::ipmi::tap::{Credential, Tap};
use fencelab_wire::ipmi::{Completion, Privilege};
use fencelab_wire::tap::{Direction, Tap as _};

const USER: &str = "lab";
const PASSWORD: &str = "fencelab";

fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        bytes.fill_with(|| {
            next = next.wrapping_add(0x35);
            next
        });
    }
}

fn server_config() -> Arc<server::Config> {
    Arc::new(server::Config {
        users: vec![server::User {
            name: USER.to_owned(),
            password: PASSWORD.into(),
            privilege: Privilege::Administrator,
            enabled: true,
        }],
        ..server::Config::default()
    })
}

/// A session with one request; every datagram of it.
fn session(config: &Arc<server::Config>, cipher: u8) -> Vec<(Direction, Vec<u8>)> {
    let (mut for_agent, mut for_bmc) = (counting(), counting());
    let mut bmc = Server::new(Arc::clone(config));
    let interface = Interface::LanPlus { cipher: Some(cipher) };
    let mut agent = Client::new(client::Config::new(USER, PASSWORD, interface));
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 623));
    let status = chassis::Status::of_power(true).emit();
    let mut said = Vec::new();
    let mut send = agent.start(&mut for_agent);
    loop {
        let received = bmc.receive(Duration::ZERO, peer, &mut for_bmc, &send);
        said.push((Direction::ToDevice, send));
        let reply = match received {
            Received::Reply(reply) => reply,
            Received::Command { ticket, request, .. } => {
                bmc.respond(ticket, &request.answer(Completion::OK, status.clone()), &mut for_bmc)
            }
            Received::Nothing => panic!("the BMC is silent"),
        };
        let progress = agent.receive(&reply, &mut for_agent);
        said.push((Direction::FromDevice, reply));
        send = match progress {
            Ok(Progress::Send(next)) => next,
            Ok(Progress::Established) => {
                agent.request(&chassis::GetStatus::default().request(), &mut for_agent)
            }
            Ok(Progress::Answer(_)) => agent.close(&mut for_agent),
            Ok(Progress::Closed) => return said,
            other => panic!("{other:?}"),
        };
    }
}

fn codecs(criterion: &mut Criterion) {
    let message = LanMessage::request(7, chassis::GetStatus::default().request()).emit();
    criterion.bench_function("message: parse", |b| b.iter(|| LanMessage::parse(black_box(&message))));
    let parsed = LanMessage::parse(&message).expect("our own message");
    criterion.bench_function("message: emit", |b| b.iter(|| black_box(&parsed).emit()));
    let status = chassis::Status::of_power(true).emit();
    criterion
        .bench_function("chassis status: parse", |b| b.iter(|| chassis::Status::parse(black_box(&status))));

    let config = server_config();
    for cipher in [3, 17] {
        let name = format!("session, suite {cipher}: both ends");
        criterion.bench_function(&name, |b| b.iter(|| session(&config, cipher)));
        let said = session(&config, cipher);
        criterion.bench_function(&format!("session, suite {cipher}: tap"), |b| {
            b.iter(|| {
                let credential = Credential { username: None, password: PASSWORD.into(), kg: None };
                let mut tap = Tap::new(vec![credential]);
                said.iter()
                    .map(|(direction, datagram)| tap.observe(*direction, datagram).len())
                    .sum::<usize>()
            });
        });
        criterion.bench_function(&format!("session, suite {cipher}: dissect"), |b| {
            b.iter(|| said.iter().map(|(_, datagram)| dissect(datagram).len()).sum::<usize>());
        });
    }
}

criterion_group!(benches, codecs);
criterion_main!(benches);
