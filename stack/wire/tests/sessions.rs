//! Client, server and listener against each other: every kind of session, and every refusal.

mod support;

use fencelab_wire::Secret;
use fencelab_wire::ipmi::client::{Interface, Refused};
use fencelab_wire::ipmi::tap::Credential;
use fencelab_wire::ipmi::{AuthType, Completion, Privilege};
use fencelab_wire::tap::Seen;
use support::bmc::config;
use support::dialogue::{Bmc, Ended, Talk, commands, credential, lanplus, login, power, status};

const SUITES: [u8; 12] = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17];

/// Opens, asks, switches off, asks, closes; the listener must have heard all of it.
fn whole_session(bmc: &mut Bmc, talk: &mut Talk, credentials: Vec<Credential>) {
    assert_eq!(talk.open(bmc), Ended::Established);
    assert_eq!(talk.ask(bmc, &status()), Ended::Answer(status().answer(Completion::OK, [0x61, 0, 0])));
    assert_eq!(talk.ask(bmc, &power(0)), Ended::Answer(power(0).answer(Completion::OK, [])));
    assert_eq!(talk.ask(bmc, &status()), Ended::Answer(status().answer(Completion::OK, [0x60, 0, 0])));
    assert_eq!(bmc.server.sessions(), 1);
    assert_eq!(talk.close(bmc), Ended::Closed);
    assert_eq!(bmc.server.sessions(), 0);

    let seen = talk.overheard(credentials);
    let heard = commands(&seen);
    let wanted = [(6, 0x3b), (7, 0x3b), (0, 1), (1, 1), (0, 2), (1, 2), (0, 1), (1, 1), (6, 0x3c), (7, 0x3c)];
    assert!(heard.ends_with(&wanted), "{heard:?}");
    assert!(!seen.iter().any(|seen| matches!(seen, Seen::Opaque { .. })), "{seen:?}");
    let said = seen.iter().filter(|seen| matches!(seen, Seen::Say { .. })).count();
    assert_eq!(said, talk.said.len(), "one for each datagram");
    let opened = seen.iter().filter(|seen| matches!(seen, Seen::Open { session: 1, .. })).count();
    assert_eq!(opened, 1);
    assert_eq!(seen.last(), Some(&Seen::Close { session: 1, by_device: false }));
}

#[test]
fn every_suite() {
    for suite in SUITES {
        let mut talk = Talk::new(login("admin", "secret", lanplus(suite)), 1);
        whole_session(&mut Bmc::new(config()), &mut talk, vec![credential("admin", "secret")]);
        assert_eq!(talk.client.cipher_suite(), Some(suite));
    }
}

#[test]
fn every_suite_with_a_bmc_key() {
    for suite in SUITES.into_iter().filter(|suite| *suite != 0) {
        let mut config = config();
        config.kg = Some(Secret::from("the bmc's own key"));
        let mut login = login("admin", "secret", lanplus(suite));
        login.kg.clone_from(&config.kg);
        let mut known = credential("admin", "secret");
        known.kg.clone_from(&config.kg);
        whole_session(&mut Bmc::new(config), &mut Talk::new(login, 1), vec![known]);
    }
}

#[test]
fn every_authentication_of_ipmi_1_5() {
    for auth in [AuthType::None, AuthType::Md5, AuthType::Password] {
        for per_message_auth in [true, false] {
            let mut config = config();
            config.per_message_auth = per_message_auth;
            let login = login("admin", "secret", Interface::Lan { auth: Some(auth) });
            whole_session(&mut Bmc::new(config), &mut Talk::new(login, 1), Vec::new());
        }
    }
}

#[test]
fn the_best_is_taken_where_nothing_is_asked_for() {
    let mut bmc = Bmc::new(config());
    let mut talk = Talk::new(login("admin", "secret", Interface::LanPlus { cipher: None }), 1);
    whole_session(&mut bmc, &mut talk, vec![credential("admin", "secret")]);
    assert_eq!(talk.client.cipher_suite(), Some(17));
    let mut talk = Talk::new(login("admin", "secret", Interface::Lan { auth: None }), 1);
    assert_eq!(talk.open(&mut bmc), Ended::Established);
    let seen = talk.overheard(Vec::new());
    let opened = seen.iter().find_map(|seen| match seen {
        Seen::Open { details, .. } => Some(details.clone()),
        _ => None,
    });
    let wanted =
        serde_json::json!({"version": "1.5", "auth": "md5", "user": "admin", "privilege": "administrator"});
    assert_eq!(opened.map(serde_json::Value::Object), Some(wanted));
}

#[test]
fn a_bmc_without_a_list_of_suites_gets_suite_3() {
    let mut config = config();
    config.answers_cipher_suites = false;
    let mut bmc = Bmc::new(config);
    let mut talk = Talk::new(login("admin", "secret", Interface::LanPlus { cipher: None }), 1);
    assert_eq!(talk.open(&mut bmc), Ended::Silence);
    assert_eq!(talk.client.waits_for(), "get channel cipher suites");
    assert_eq!(talk.client.skip(&mut talk.random), None, "the answer may have been lost");
    let next = talk.client.skip(&mut talk.random).expect("it can be done without");
    assert_eq!(talk.exchange(&mut bmc, next), Ended::Established);
    assert_eq!(talk.client.cipher_suite(), Some(3));
    assert_eq!(talk.client.skip(&mut talk.random), None);
}

#[test]
fn suite_0_is_never_taken_unasked() {
    let mut config = config();
    config.cipher_suites = vec![0];
    let mut talk = Talk::new(login("admin", "secret", Interface::LanPlus { cipher: None }), 1);
    let ended = talk.open(&mut Bmc::new(config));
    assert!(matches!(ended, Ended::Refused(Refused::CipherSuite(_))), "{ended:?}");
}

#[test]
fn long_passwords() {
    for (user, password) in [("sixteen", "exactly16bytes!!"), ("twenty", "exactly-twenty-bytes")] {
        let mut talk = Talk::new(login(user, password, lanplus(3)), 1);
        whole_session(&mut Bmc::new(config()), &mut talk, vec![credential(user, password)]);
        // IPMI v1.5 knows the first 16 bytes only.
        let mut talk = Talk::new(login(user, &password[..16], Interface::Lan { auth: None }), 1);
        whole_session(&mut Bmc::new(config()), &mut talk, Vec::new());
    }
    let mut talk = Talk::new(login("twenty", "exactly-twenty-byteX", lanplus(3)), 1);
    let refused = Ended::Refused(Refused::Authentication { step: "rakp 2" });
    assert_eq!(talk.open(&mut Bmc::new(config())), refused);
}

#[test]
fn both_forms_of_the_level_in_open_session_and_both_lookups() {
    for open_session_privilege in [false, true] {
        for name_only_lookup in [false, true] {
            for echoes in [false, true] {
                let mut config = config();
                config.echoes_open_session_privilege = echoes;
                let mut login = login("admin", "secret", lanplus(17));
                (login.open_session_privilege, login.name_only_lookup) =
                    (open_session_privilege, name_only_lookup);
                let mut talk = Talk::new(login, 1);
                whole_session(&mut Bmc::new(config), &mut talk, vec![credential("admin", "secret")]);
            }
        }
    }
}

#[test]
fn one_name_may_stand_for_two_users() {
    let mut config = config();
    let mut second = config.users[1].clone();
    (second.password, second.privilege) = (Secret::from("lower"), Privilege::Operator);
    config.users.push(second);
    let mut bmc = Bmc::new(config);
    let mut as_operator = login("admin", "lower", lanplus(3));
    (as_operator.privilege, as_operator.name_only_lookup) = (Privilege::Operator, false);
    assert_eq!(Talk::new(as_operator.clone(), 1).open(&mut bmc), Ended::Established);
    as_operator.name_only_lookup = true;
    let refused = Ended::Refused(Refused::Authentication { step: "rakp 2" });
    assert_eq!(Talk::new(as_operator, 2).open(&mut bmc), refused);
}

#[test]
fn the_level_that_fits_is_given_where_none_is_asked_for() {
    let mut login = login("oper", "operpw", lanplus(3));
    login.privilege = Privilege::HIGHEST;
    let (mut bmc, mut talk) = (Bmc::new(config()), Talk::new(login, 1));
    assert_eq!(talk.open(&mut bmc), Ended::Established);
    let set = |level: u8| fencelab_wire::ipmi::Request::new(fencelab_wire::ipmi::NetFn::APP, 0x3b, [level]);
    let answer = |talk: &mut Talk, bmc: &mut Bmc, level| match talk.ask(bmc, &set(level)) {
        Ended::Answer(response) => (response.completion.0, response.data),
        other => panic!("{other:?}"),
    };
    assert_eq!(answer(&mut talk, &mut bmc, 0), (0, vec![2]), "no change: still user");
    assert_eq!(answer(&mut talk, &mut bmc, 3), (0, vec![3]), "operator is the limit");
    assert_eq!(answer(&mut talk, &mut bmc, 4), (0x80, vec![]), "beyond the user's limit");
    assert_eq!(answer(&mut talk, &mut bmc, 5), (0x81, vec![]), "beyond the channel's limit");
    assert_eq!(answer(&mut talk, &mut bmc, 1), (0xcc, vec![]), "no such level to set");
    assert_eq!(answer(&mut talk, &mut bmc, 0), (0, vec![3]), "refusals change nothing");
}

fn refusal(user: &str, password: &str, interface: Interface) -> Ended {
    Talk::new(login(user, password, interface), 1).open(&mut Bmc::new(config()))
}

#[test]
fn refusals_of_rmcp_plus() {
    let status = |step, status| Ended::Refused(Refused::Status { step, status });
    let wrong = Ended::Refused(Refused::Authentication { step: "rakp 2" });
    assert_eq!(refusal("admin", "wrong", lanplus(3)), wrong);
    assert_eq!(refusal("nobody", "x", lanplus(3)), status("rakp 2", 0x0d));
    assert_eq!(refusal("gone", "gonepw", lanplus(3)), status("rakp 2", 0x0d));
    assert_eq!(refusal("oper", "operpw", lanplus(3)), status("rakp 2", 0x0a));
    let mut config = config();
    config.cipher_suites = vec![3];
    for (suite, code) in [(17, 0x04), (1, 0x05), (2, 0x10)] {
        let ended =
            Talk::new(login("admin", "secret", lanplus(suite)), 1).open(&mut Bmc::new(config.clone()));
        assert_eq!(ended, status("open session", code), "suite {suite}");
    }
    let ended = refusal("admin", "secret", lanplus(4));
    assert!(matches!(ended, Ended::Refused(Refused::CipherSuite(_))), "{ended:?}");
    assert_eq!(
        status("rakp 2", 0x0d),
        refusal("nobody", "x", Interface::LanPlus { cipher: None }),
        "also where the suite was asked for"
    );
}

#[test]
fn a_wrong_bmc_key_is_noticed_at_rakp_4() {
    let mut config = config();
    config.kg = Some(Secret::from("right"));
    let mut login = login("admin", "secret", lanplus(3));
    login.kg = Some(Secret::from("wrong"));
    let refused = Ended::Refused(Refused::Authentication { step: "rakp 4" });
    assert_eq!(Talk::new(login, 1).open(&mut Bmc::new(config)), refused);
}

#[test]
fn refusals_of_ipmi_1_5() {
    let lan = |auth| Interface::Lan { auth: Some(auth) };
    let completion = |ended| match ended {
        Ended::Refused(Refused::Completion { step, completion, .. }) => (step, completion.0),
        other => panic!("{other:?}"),
    };
    let md5 = || lan(AuthType::Md5);
    assert_eq!(refusal("admin", "wrong", md5()), Ended::Silence, "as the specification has it");
    assert_eq!(refusal("admin", "wrong", lan(AuthType::Password)), Ended::Silence);
    assert_eq!(completion(refusal("nobody", "x", md5())), ("get session challenge", 0x81));
    assert_eq!(completion(refusal("gone", "gonepw", md5())), ("get session challenge", 0x81));
    assert_eq!(completion(refusal("oper", "operpw", md5())), ("activate session", 0x86));
    let offered = 0x01 | 0x04 | 0x10;
    let refused = Refused::AuthType { offered, asked: "md2".to_owned() };
    assert_eq!(refusal("admin", "secret", lan(AuthType::Md2)), Ended::Refused(refused));
    let mut config = config();
    config.users.remove(0);
    let ended = Talk::new(login("", "", md5()), 1).open(&mut Bmc::new(config));
    assert_eq!(completion(ended), ("get session challenge", 0x82));
}

#[test]
fn bmcs_of_one_version() {
    let mut config = config();
    (config.v15, config.v20) = (true, false);
    let mut bmc = Bmc::new(config.clone());
    let refused = Ended::Refused(Refused::Version("RMCP+ (ipmi v2.0)"));
    assert_eq!(Talk::new(login("admin", "secret", lanplus(3)), 1).open(&mut bmc), refused);
    assert_eq!(
        Talk::new(login("admin", "secret", Interface::Lan { auth: None }), 2).open(&mut bmc),
        Ended::Established
    );
    (config.v15, config.v20) = (false, true);
    let mut bmc = Bmc::new(config);
    assert_eq!(Talk::new(login("admin", "secret", lanplus(3)), 1).open(&mut bmc), Ended::Established);
    let ended = Talk::new(login("admin", "secret", Interface::Lan { auth: None }), 2).open(&mut bmc);
    assert!(matches!(ended, Ended::Refused(Refused::AuthType { offered: 0, .. })), "{ended:?}");
}

#[test]
fn lost_answers_at_every_step_are_asked_for_again() {
    for interface in [lanplus(17), lanplus(0), Interface::Lan { auth: Some(AuthType::Md5) }] {
        let (mut bmc, mut talk) = (Bmc::new(config()), Talk::new(login("admin", "secret", interface), 1));
        let mut datagram = talk.client.start(&mut talk.random);
        // Each datagram's first answer is lost; the second try must lead on, and duplicates must do no harm.
        loop {
            bmc.hear(talk.from, &datagram);
            let again = talk.client.retransmit(&mut talk.random);
            let answer = bmc.hear(talk.from, &again).expect("an answer to the second try");
            let progress = talk.client.receive(&answer, &mut talk.random).expect("no refusal");
            let again = talk.client.receive(&answer, &mut talk.random).expect("no refusal");
            assert_eq!(again, fencelab_wire::ipmi::client::Progress::Ignored);
            match progress {
                fencelab_wire::ipmi::client::Progress::Send(next) => datagram = next,
                fencelab_wire::ipmi::client::Progress::Established => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(bmc.server.sessions(), 1);
        assert_eq!(
            talk.ask(&mut bmc, &status()),
            Ended::Answer(status().answer(Completion::OK, [0x61, 0, 0]))
        );
    }
}
