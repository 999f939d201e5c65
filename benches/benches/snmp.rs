//! The SNMP codec, its security, and a walk's text, each alone.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use fencelab_benches::{PASSWORD, USER, snmp};
use fencelab_wire::Secret;
use fencelab_wire::snmp::agent::{self, Agent, Received};
use fencelab_wire::snmp::manager::{self, Manager, Progress};
use fencelab_wire::snmp::usm::{AuthProtocol, Level, PrivProtocol, User};
use fencelab_wire::snmp::{Binding, Message, Oid, PduKind, Value, Version, walk};

const OBJECT: &str = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.8";

fn object() -> Oid {
    OBJECT.parse().expect("an object")
}

/// One GET and its answer between our own two ends; `level` none: version 2c.
struct Pair {
    agent: Agent,
    manager: Manager,
}

impl Pair {
    fn new(level: Option<Level>) -> Self {
        let secret = || Secret::from(PASSWORD);
        let user =
            User::new(USER, Some((AuthProtocol::Sha1, secret())), Some((PrivProtocol::Aes128, secret())));
        let config = agent::Config {
            versions: vec![Version::V2c, Version::V3],
            communities: vec![secret()],
            users: vec![user.clone()],
            engine_id: vec![0x80, 0, 0, 0, 4, b'b', b'e', b'n', b'c', b'h'],
            max_size: 1472,
        };
        let asking = manager::Config {
            version: level.map_or(Version::V2c, |_| Version::V3),
            community: Some(secret()),
            user: Some(user),
            level: level.unwrap_or(Level::NoAuthNoPriv),
            context: String::new(),
        };
        let manager = Manager::new(asking).expect("a whole configuration");
        Self { agent: Agent::new(Arc::new(config)), manager }
    }

    /// Asks until there is an answer; the first time an engine is discovered on the way.
    fn get(&mut self) {
        let mut random = |bytes: &mut [u8]| bytes.fill(7);
        let now = Duration::from_secs(1);
        let mut send = self.manager.request(now, PduKind::Get, vec![Binding::ask(object())], &mut random);
        loop {
            let reply = match self.agent.receive(now, &mut random, &send) {
                Received::Reply(bytes) => bytes,
                Received::Request(request) => {
                    let answer =
                        request.pdu.answer(vec![Binding { object: object(), value: Value::Integer(1) }]);
                    self.agent.respond(now, &request.ticket, &answer, &mut random)
                }
                Received::Nothing(why) => panic!("no answer: {why}"),
            };
            match self.manager.receive(now, &reply, &mut random) {
                Ok(Progress::Answer(_)) => return,
                Ok(Progress::Send(next)) => send = next,
                other => panic!("{other:?}"),
            }
        }
    }
}

fn codecs(criterion: &mut Criterion) {
    let get = snmp::get(PASSWORD, &object(), 7);
    criterion.bench_function("GET: parse", |b| b.iter(|| Message::parse(black_box(&get))));
    let message = Message::parse(&get).expect("our own message");
    criterion.bench_function("GET: emit", |b| b.iter(|| black_box(&message).emit()));
    let levels = [
        ("2c", None),
        ("3, noAuthNoPriv", Some(Level::NoAuthNoPriv)),
        ("3, SHA", Some(Level::AuthNoPriv)),
        ("3, SHA and AES", Some(Level::AuthPriv)),
    ];
    for (name, level) in levels {
        let mut pair = Pair::new(level);
        pair.get();
        criterion.bench_function(&format!("GET over {name}: both ends"), |b| b.iter(|| pair.get()));
    }
    let entries: Vec<Binding> = (1..=10_000)
        .map(|number| Binding { object: object().child(&[number]), value: Value::Integer(number.into()) })
        .collect();
    let text = walk::to_snmprec(&entries);
    criterion.bench_function("snmprec of 10,000 objects: read", |b| {
        b.iter(|| walk::snmprec(black_box(text.as_bytes())).entries.len());
    });
}

criterion_group!(benches, codecs);
criterion_main!(benches);
