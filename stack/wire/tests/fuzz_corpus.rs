//! The fuzzer's corpus, replayed; and where it comes from: logins and commands spoken by our own two ends.
//!
//! `FENCELAB_MAKE_CORPUS=1 cargo test -p fencelab-wire --test fuzz_corpus` writes the synthesised files anew.
//! Files whose names begin with `found-` are what the fuzzer found; they stay as they are.

#[path = "../fuzz/any_bytes.rs"]
mod any_bytes;
#[path = "support/corpus.rs"]
mod corpus;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use any_bytes::input::counting;
use any_bytes::{agent, bmc, take};
use corpus::Input;
use fencelab_wire::ipmi::asf::Asf;
use fencelab_wire::ipmi::client::{Interface, Progress};
use fencelab_wire::ipmi::command::{Command, Payload, app, chassis, storage};
use fencelab_wire::ipmi::server::Received;
use fencelab_wire::ipmi::typed_text::TypedText;
use fencelab_wire::ipmi::{AuthType, Completion, Request, fru, sdr, sel};
use proptest::prelude::*;

/// A whole session: log in, ask these, log out. Panics unless it comes to an end as it should.
fn session(interface: Interface, requests: &[Request]) -> Vec<u8> {
    let (mut agent, mut for_agent) = (agent(interface), counting());
    let (mut bmc, mut for_bmc) = (bmc(), counting());
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 623));
    let (mut input, mut left) = (Input::default(), requests.iter());
    let mut send = agent.start(&mut for_agent);
    for second in 0.. {
        input.record_request(&send);
        let reply = match bmc.receive(Duration::from_secs(second), peer, &mut for_bmc, &send) {
            Received::Reply(reply) => reply,
            Received::Command { ticket, request, .. } => {
                let answer = request.answer(Completion::OK, request.data.clone());
                bmc.respond(ticket, &answer, &mut for_bmc)
            }
            Received::Nothing => {
                panic!("{interface:?}: the BMC is silent while the agent waits for {}", agent.waits_for())
            }
        };
        input.record_answer(&reply);
        send = match agent.receive(&reply, &mut for_agent) {
            Ok(Progress::Send(next)) => next,
            Ok(Progress::Established | Progress::Answer(_)) => match left.next() {
                Some(request) => agent.request(request, &mut for_agent),
                None => agent.close(&mut for_agent),
            },
            Ok(Progress::Closed) => break,
            other => panic!("{interface:?}: {other:?} while the agent waits for {}", agent.waits_for()),
        };
    }
    input.0
}

/// Everything synthesised, by file name.
fn synthesised() -> Vec<(String, Vec<u8>)> {
    let requests = [
        chassis::GetStatus::default().request(),
        chassis::ChassisControl::from(chassis::Control::PowerDown).request(),
        app::GetDeviceId::default().request(),
        storage::GetSdr { count: 0xff, ..Default::default() }.request(),
    ];
    let mut files = Vec::new();
    for auth in [None, Some(AuthType::None), Some(AuthType::Md5), Some(AuthType::Password)] {
        let name = auth.map_or_else(|| "best".to_owned(), |auth| auth.to_string());
        files.push((format!("lan-{name}"), session(Interface::Lan { auth }, &requests)));
    }
    for cipher in
        [None, Some(0), Some(1), Some(2), Some(3), Some(6), Some(7), Some(8), Some(15), Some(16), Some(17)]
    {
        let name = cipher.map_or_else(|| "best".to_owned(), |id| id.to_string());
        files.push((format!("lanplus-{name}"), session(Interface::LanPlus { cipher }, &requests)));
    }
    let mut presence = Input::default();
    presence.record_request(&Asf::ping(7).emit());
    presence.record_answer(&Asf::pong(7).emit());
    files.push(("presence".to_owned(), presence.0));
    let full =
        sdr::Full { sensor: 0x30, base_unit: 1, name: TypedText::latin1("CPU Temp"), ..Default::default() };
    files.push(("sdr-full".to_owned(), sdr::Record::new(1, 0, sdr::Body::Full(full)).emit()));
    let compact = sdr::Compact { sensor: 0x31, name: TypedText::latin1("Power"), ..Default::default() };
    files.push(("sdr-compact".to_owned(), sdr::Record::new(2, 0, sdr::Body::Compact(compact)).emit()));
    files
        .push(("sel".to_owned(), sel::Entry { id: 1, kind: 2, sensor_type: 9, ..Default::default() }.emit()));
    let area =
        fru::Area::new(fru::Kind::Product, &[0], vec![TypedText::latin1("Lab"), TypedText::latin1("Server")]);
    files.push(("fru".to_owned(), fru::Inventory::new(vec![(fru::Kind::Product, area)]).emit()));
    files
}

corpus::corpus_tests!("any_bytes", synthesised, take);
