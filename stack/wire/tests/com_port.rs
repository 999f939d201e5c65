//! COM-PORT (RFC 2217): what is said survives, and a port server does what it says.

use fencelab_wire::serial::Line;
use fencelab_wire::telnet::com_port::{Control, Parity, Purge, StopSize};
use fencelab_wire::telnet::describe::pieces;
use fencelab_wire::telnet::{ComPort, Config, Opt, PortServer, Side, Telnet};
use proptest::collection::vec;
use proptest::prelude::*;

/// A client that speaks of its port.
fn client() -> Telnet {
    let both = vec![Opt::BINARY, Opt::SGA];
    let offers = vec![Opt::BINARY, Opt::COM_PORT];
    Telnet::new(Config { offers, asks_for: both, ..Config::client() })
}

/// A client and a server that have agreed, and what they said until then.
fn agreed(line: Line) -> (Telnet, PortServer, String) {
    let (mut client, mut server) = (client(), PortServer::new(line, "lab"));
    let mut said = Vec::new();
    let (mut to_server, mut to_client) = (client.open(), server.open());
    while !to_server.is_empty() || !to_client.is_empty() {
        said.extend(&to_client);
        let reply = server.receive(&to_server).reply;
        to_server = client.receive(&to_client).reply;
        to_client = reply;
    }
    let told = pieces(&said).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (client, server, told)
}

fn ask(server: &mut PortServer, asked: &ComPort) -> String {
    let reply = server.receive(&Telnet::tell(Opt::COM_PORT, &asked.emit(false))).reply;
    pieces(&reply).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[test]
fn they_agree_and_the_modem_wires_are_told() {
    let (client, _, told) = agreed(Line::default());
    assert!(client.is_on(Opt::COM_PORT, Side::Ours) && !client.awaits(Opt::COM_PORT, Side::Ours));
    assert!(client.is_on(Opt::BINARY, Side::Ours) && client.is_on(Opt::BINARY, Side::Theirs));
    assert!(
        told.contains("DO COM-PORT") && told.ends_with("SB COM-PORT server: NOTIFY-MODEMSTATE b0"),
        "{told}"
    );
}

#[test]
fn a_line_is_set_and_asked_about() {
    let (_, mut server, _) = agreed(Line::default());
    let wanted: Line = "115200,7E2,rtscts".parse().unwrap();
    let answers = ComPort::settings(&wanted).map(|asked| ask(&mut server, &asked));
    assert_eq!(
        answers,
        [
            "SB COM-PORT server: SET-BAUDRATE 115200",
            "SB COM-PORT server: SET-DATASIZE 7",
            "SB COM-PORT server: SET-PARITY EVEN",
            "SB COM-PORT server: SET-STOPSIZE 2",
            "SB COM-PORT server: SET-CONTROL flow HARDWARE",
        ]
    );
    assert_eq!(*server.line(), wanted);
    for (asked, answer) in [
        (ComPort::BaudRate(0), "SET-BAUDRATE 115200"),
        (ComPort::DataSize(9), "SET-DATASIZE 7"),
        (ComPort::Parity(Parity::MARK), "SET-PARITY EVEN"),
        (ComPort::StopSize(StopSize::ASK), "SET-STOPSIZE 2"),
        (ComPort::Control(Control::ASK_INBOUND), "SET-CONTROL inbound flow HARDWARE"),
        (ComPort::Control(Control::DTR_OFF), "SET-CONTROL DTR off"),
        (ComPort::Control(Control::ASK_RTS), "SET-CONTROL RTS on"),
        (ComPort::Control(Control::BREAK_ON), "SET-CONTROL BREAK on"),
        (ComPort::ModemStateMask(0xf0), "SET-MODEMSTATE-MASK f0"),
        (ComPort::Purge(Purge::BOTH), "PURGE-DATA both"),
        (ComPort::Signature(Vec::new()), "SIGNATURE \"lab\""),
    ] {
        assert_eq!(ask(&mut server, &asked), format!("SB COM-PORT server: {answer}"));
    }
    assert_eq!(
        ask(&mut server, &ComPort::Control(Control(77))),
        "",
        "what it does not know it does not answer"
    );
    assert_eq!(ask(&mut server, &ComPort::Signature(b"me".to_vec())), "");
}

#[test]
fn a_client_that_wants_silence_gets_all_of_it_later() {
    let (_, mut server, _) = agreed(Line::default());
    assert_eq!(server.send(b"a"), b"a");
    assert_eq!(ask(&mut server, &ComPort::Suspend), "");
    assert_eq!(server.send(b"b\xff"), b"");
    assert_eq!(server.send(b"c"), b"");
    assert_eq!(ask(&mut server, &ComPort::Resume), r#""b\xffc""#);
    assert_eq!(server.send(b"d"), b"d");
}

#[test]
fn nothing_is_set_before_the_option_is_on() {
    let mut server = PortServer::new(Line::default(), "lab");
    server.open();
    assert_eq!(ask(&mut server, &ComPort::BaudRate(300)), "");
    assert_eq!(server.line().speed, 9600);
}

proptest! {
    /// Read and said again, any bytes are the same bytes.
    #[test]
    fn parse_and_emit(bytes in prop_oneof![vec(any::<u8>(), 0..8), vec(0..16_u8, 0..6)]) {
        match ComPort::parse(&bytes) {
            None => prop_assert!(bytes.is_empty()),
            Some((from_server, said)) => {
                prop_assert_eq!(said.emit(from_server), bytes);
                prop_assert!(!said.to_string().is_empty());
            }
        }
    }

    /// Any bytes in any cuts come to the same.
    #[test]
    fn a_server_takes_any_bytes(codes in vec((0..120_u8, vec(any::<u8>(), 0..5)), 0..12), at in any::<prop::sample::Index>()) {
        let bytes: Vec<u8> =
            codes.into_iter().flat_map(|(code, value)| Telnet::tell(Opt::COM_PORT, &[vec![code], value].concat())).collect();
        let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
        let (_, mut whole, _) = agreed(Line::default());
        let (_, mut cut, _) = agreed(Line::default());
        let mut reply = cut.receive(first).reply;
        reply.extend(cut.receive(second).reply);
        prop_assert_eq!(whole.receive(&bytes).reply, reply);
        prop_assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
    }
}
