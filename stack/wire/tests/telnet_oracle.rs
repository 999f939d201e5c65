//! The same streams to `libmudtelnet`, which is somebody else's reading of the RFCs.
//!
//! Where it is known to differ the streams keep away: it takes every command but GA, EOR and NOP for three bytes long,
//! loses data that begins with IAC IAC, gives subnegotiations without undoing IAC IAC and only for options that it does
//! itself, and takes an option of one side as one of both once it was asked for it.

use fencelab_wire::telnet::describe::{Piece, pieces};
use fencelab_wire::telnet::{Config, Opt, Telnet, Verb};
use libmudtelnet::Parser;
use libmudtelnet::compatibility::{CompatibilityEntry, CompatibilityTable};
use libmudtelnet::events::TelnetEvents;
use proptest::collection::vec;
use proptest::prelude::*;

/// What both can say about a stream.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    data: Vec<u8>,
    commands: Vec<u8>,
    subnegotiations: Vec<(u8, Vec<u8>)>,
    reply: Vec<u8>,
}

fn ours(config: Config, parts: &[Vec<u8>]) -> Heard {
    let mut heard = Heard::default();
    let mut telnet = Telnet::new(config);
    for part in parts {
        let received = telnet.receive(part);
        heard.data.extend(received.data);
        heard.commands.extend(received.signals.into_iter().map(u8::from));
        heard.reply.extend(received.reply);
    }
    for piece in pieces(&parts.concat()) {
        if let Piece::Subnegotiation { opt, bytes } = piece {
            heard.subnegotiations.push((opt.0, bytes));
        }
    }
    heard
}

fn theirs(table: CompatibilityTable, parts: &[Vec<u8>]) -> Heard {
    let mut heard = Heard::default();
    let mut parser = Parser::with_support(table);
    for event in parts.iter().flat_map(|part| parser.receive(part)) {
        match event {
            TelnetEvents::DataReceive(data) => heard.data.extend(data),
            TelnetEvents::DataSend(data) => heard.reply.extend(data),
            TelnetEvents::IAC(iac) => heard.commands.push(iac.command),
            TelnetEvents::Subnegotiation(sub) => {
                heard.subnegotiations.push((sub.option, sub.buffer.to_vec()))
            }
            // Offers that it understood; what it thinks of them is in its answer.
            TelnetEvents::Negotiation(_) => {}
            other => panic!("{other:?}"),
        }
    }
    heard
}

/// An option that both ends do all the time: subnegotiations about it are heard. The codec has nothing to say to it.
const ALWAYS: Opt = Opt(201);

/// A stream and which options we do and let do.
fn streams() -> impl Strategy<Value = (Vec<Piece>, Vec<Opt>, Vec<Opt>)> {
    let plain = || prop::sample::select((1..=126).filter(|byte| *byte != b'\r').collect::<Vec<u8>>());
    let data = vec(plain(), 1..20).prop_map(Piece::Data);
    let command = prop::sample::select(vec![249, 239, 241]).prop_map(Piece::Command);
    let inside = vec(0..240_u8, 0..20).prop_map(|bytes| Piece::Subnegotiation { opt: ALWAYS, bytes });
    let verbs = prop::sample::select(vec![Verb::Will, Verb::Wont, Verb::Do, Verb::Dont]);
    // Each option once: 100 and more mean nothing to either.
    let negotiations = vec(verbs, 0..12).prop_map(|verbs| {
        let number = |(number, verb)| Piece::Negotiation { verb, opt: Opt(number) };
        (100..).zip(verbs).map(number).collect::<Vec<_>>()
    });
    let others = vec(prop_oneof![data, command, inside], 0..12);
    let all = (negotiations, others).prop_flat_map(|(mut all, others)| {
        all.extend(others);
        Just(all).prop_shuffle()
    });
    let opts = || prop::sample::subsequence((100..112).map(Opt).collect::<Vec<_>>(), 0..12);
    (all, opts(), opts())
}

proptest! {
    #[test]
    fn both_hear_and_answer_the_same(
        (stream, do_ours, do_theirs) in streams(),
        cuts in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let bytes: Vec<u8> = stream.iter().flat_map(Piece::emit).collect();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places.dedup();
        let parts: Vec<Vec<u8>> = places.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect();
        let mut table = CompatibilityTable::new();
        for opt in (100..112).map(Opt) {
            let entry = CompatibilityEntry::new(do_ours.contains(&opt), do_theirs.contains(&opt), false, false);
            table.set_option(opt.0, entry);
        }
        table.set_option(ALWAYS.0, CompatibilityEntry::new(true, true, true, true));
        let config = Config { ours: do_ours, theirs: do_theirs, ..Config::client() };
        prop_assert_eq!(ours(config, &parts), theirs(table, &parts));
    }
}
