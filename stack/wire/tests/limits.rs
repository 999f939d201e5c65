//! Each limit at its edge and one step beyond.

mod support;

use fencelab_wire::ipmi::client::{Interface, Refused};
use fencelab_wire::ipmi::open_session;
use fencelab_wire::ipmi::rmcpplus::{Packet, PayloadType};
use fencelab_wire::ipmi::{AuthType, Completion};
use std::time::Duration;
use support::bmc::config;
use support::dialogue::{Bmc, Ended, Talk, lanplus, login, peer, power, status};

const LAN: Interface = Interface::Lan { auth: Some(AuthType::Md5) };

fn talk(n: u16, interface: Interface) -> Talk {
    Talk::new(login("admin", "secret", interface), n)
}

fn full(interface: Interface) -> Ended {
    Ended::Refused(match interface {
        Interface::LanPlus { .. } => Refused::Status { step: "open session", status: 0x01 },
        Interface::Lan { .. } => Refused::Completion {
            step: "get session challenge",
            completion: Completion::OUT_OF_SPACE,
            meaning: "out of space",
        },
    })
}

#[test]
fn the_table_is_full_after_the_last_session() {
    for interface in [lanplus(3), LAN] {
        let mut bmc = Bmc::new(config());
        let limit = config().session_limit as u16;
        let mut talks: Vec<Talk> = (0..limit).map(|n| talk(n, interface)).collect();
        for talk in &mut talks {
            assert_eq!(talk.open(&mut bmc), Ended::Established);
        }
        assert_eq!(self::talk(limit, interface).open(&mut bmc), full(interface));
        assert_eq!(talks[0].close(&mut bmc), Ended::Closed);
        assert_eq!(self::talk(limit + 1, interface).open(&mut bmc), Ended::Established);
        assert_eq!(self::talk(limit + 2, interface).open(&mut bmc), full(interface));
    }
}

/// Two clients in the making race for the last slot: the second is told at RAKP 4.
#[test]
fn the_last_slot_is_given_once() {
    let mut config = config();
    config.session_limit = 1;
    let mut bmc = Bmc::new(config);
    let mut slow = talk(1, lanplus(3));
    let mut datagram = slow.client.start(&mut slow.random);
    for _ in 0..3 {
        let answer = bmc.hear(slow.from, &datagram).unwrap();
        datagram = match slow.client.receive(&answer, &mut slow.random) {
            Ok(fencelab_wire::ipmi::client::Progress::Send(next)) => next,
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(slow.client.waits_for(), "rakp 4");
    assert_eq!(talk(2, lanplus(3)).open(&mut bmc), Ended::Established);
    let refused = Ended::Refused(Refused::Status { step: "rakp 4", status: 0x01 });
    assert_eq!(slow.exchange(&mut bmc, datagram), refused);
    assert_eq!(bmc.server.sessions(), 1);
}

#[test]
fn a_session_lives_until_it_was_idle_too_long() {
    let idle = config().idle;
    for interface in [lanplus(17), LAN] {
        for (pause, lives) in [(idle - Duration::from_nanos(1), true), (idle, false)] {
            let (mut bmc, mut talk) = (Bmc::new(config()), talk(1, interface));
            assert_eq!(talk.open(&mut bmc), Ended::Established);
            for _ in 0..3 {
                bmc.now += idle / 2;
                assert!(matches!(talk.ask(&mut bmc, &status()), Ended::Answer(_)), "not idle");
            }
            bmc.now += pause;
            let ended = talk.ask(&mut bmc, &status());
            assert_eq!(matches!(ended, Ended::Answer(_)), lives, "{pause:?}: {ended:?}");
            assert_eq!(bmc.server.sessions(), usize::from(lives));
        }
    }
}

#[test]
fn a_half_open_session_lives_as_long() {
    let limit = config().half_open_idle;
    for (pause, lives) in [(limit - Duration::from_nanos(1), true), (limit, false)] {
        let (mut bmc, mut talk) = (Bmc::new(config()), talk(1, lanplus(3)));
        let first = talk.client.start(&mut talk.random);
        let answer = bmc.hear(talk.from, &first).unwrap();
        let Ok(fencelab_wire::ipmi::client::Progress::Send(open)) =
            talk.client.receive(&answer, &mut talk.random)
        else {
            panic!("no open session")
        };
        let answer = bmc.hear(talk.from, &open).unwrap();
        bmc.now += pause;
        let Ok(fencelab_wire::ipmi::client::Progress::Send(rakp1)) =
            talk.client.receive(&answer, &mut talk.random)
        else {
            panic!("no rakp 1")
        };
        let ended = talk.exchange(&mut bmc, rakp1);
        let refused = Ended::Refused(Refused::Status { step: "rakp 2", status: 0x02 });
        assert_eq!(ended, if lives { Ended::Established } else { refused });
    }
}

fn open_session(n: u32) -> Vec<u8> {
    let suite = fencelab_wire::ipmi::cipher_suite::Suite::from_id(3).unwrap();
    let request = open_session::Request {
        tag: 0,
        privilege: 4,
        reserved: [0; 2],
        console: n,
        algorithms: suite.into(),
        rest: Vec::new(),
    };
    Packet::sessionless(PayloadType::OpenSessionRequest, &request.emit()).emit()
}

/// A storm of Open Session requests that are never followed up locks nobody out: neither those who have a
/// session, nor those who come.
#[test]
fn a_storm_of_half_open_sessions() {
    let (mut bmc, mut inside) = (Bmc::new(config()), talk(1, lanplus(3)));
    assert_eq!(inside.open(&mut bmc), Ended::Established);
    for n in 1..=10_000 {
        assert!(bmc.hear(peer(7), &open_session(n)).is_some());
    }
    assert_eq!(bmc.server.sessions(), 1);
    assert!(matches!(inside.ask(&mut bmc, &status()), Ended::Answer(_)));
    assert_eq!(talk(2, lanplus(3)).open(&mut bmc), Ended::Established);
}

/// The newest half-open sessions are kept: `half_open_limit` of them, and not one more.
#[test]
fn the_oldest_half_open_session_goes_first() {
    let limit = config().half_open_limit as u32;
    for (others, lives) in [(limit - 1, true), (limit, false)] {
        let (mut bmc, mut talk) = (Bmc::new(config()), talk(1, lanplus(3)));
        let mut datagram = talk.client.start(&mut talk.random);
        for _ in 0..2 {
            let answer = bmc.hear(talk.from, &datagram).unwrap();
            datagram = match talk.client.receive(&answer, &mut talk.random) {
                Ok(fencelab_wire::ipmi::client::Progress::Send(next)) => next,
                other => panic!("{other:?}"),
            };
        }
        for n in 1..=others {
            bmc.hear(peer(7), &open_session(n));
        }
        assert_eq!(talk.exchange(&mut bmc, datagram) == Ended::Established, lives, "{others} others");
    }
}

#[test]
fn a_replayed_request_is_not_obeyed() {
    for interface in [lanplus(0), lanplus(2), lanplus(17), LAN] {
        let (mut bmc, mut talk) = (Bmc::new(config()), talk(1, interface));
        assert_eq!(talk.open(&mut bmc), Ended::Established);
        let off = talk.client.request(&power(0), &mut talk.random);
        assert!(matches!(talk.exchange(&mut bmc, off.clone()), Ended::Answer(_)));
        assert!(matches!(talk.ask(&mut bmc, &power(1)), Ended::Answer(_)));
        assert_eq!(bmc.hear(talk.from, &off), None);
        assert!(bmc.power, "the second copy of off was not obeyed");
    }
}

/// Requests that overtake each other are taken as long as they are within the window.
#[test]
fn the_window_of_sequence_numbers() {
    for (interface, ahead) in [(lanplus(3), 16), (LAN, 8)] {
        for (skipped, taken) in [(ahead - 1, true), (ahead, false)] {
            let (mut bmc, mut talk) = (Bmc::new(config()), talk(1, interface));
            assert_eq!(talk.open(&mut bmc), Ended::Established);
            for _ in 0..skipped {
                talk.client.request(&status(), &mut talk.random);
            }
            let ended = talk.ask(&mut bmc, &status());
            assert_eq!(matches!(ended, Ended::Answer(_)), taken, "{skipped} lost: {ended:?}");
        }
    }
}

#[test]
fn a_rebooted_bmc_knows_no_session() {
    let (mut bmc, mut talk) = (Bmc::new(config()), talk(1, lanplus(17)));
    assert_eq!(talk.open(&mut bmc), Ended::Established);
    bmc.server.forget_sessions();
    assert_eq!(talk.ask(&mut bmc, &status()), Ended::Silence);
    assert_eq!(talk.open(&mut bmc), Ended::Established, "the same client may start afresh");
}
