//! Our client against OpenIPMI's ipmi_sim.

mod support;

use fencelab_peers::{IpmiSim, Setup};
use fencelab_wire::Secret;
use fencelab_wire::ipmi::client::{Config, Interface, Refused};
use fencelab_wire::ipmi::{AuthType, Completion, NetFn, Privilege, Request};
use support::dialogue::{lanplus, login, status};
use support::peer::live::{Failed, Live};

/// Opens, asks, closes.
fn works(sim: &IpmiSim, config: Config) -> Result<(), Failed> {
    let mut live = Live::new(sim.address, config);
    live.open()?;
    assert_eq!(live.ask(&status())?.completion, Completion::OK);
    let device = live.ask(&Request::new(NetFn::APP, 0x01, []))?;
    assert_eq!(device.data.get(..5), Some([0, 3, 9, 8, 2].as_slice()), "Get Device ID");
    live.close()
}

#[test]
fn every_suite_it_can_do() {
    let sim = IpmiSim::start(Setup::default());
    // Its HMAC-MD5 integrity (suites 7, 8, 12) is its own: ipmitool and FreeIPMI fail on it, too.
    for suite in [0, 1, 2, 3, 6, 11] {
        assert_eq!(works(&sim, login("admin", "secret", lanplus(suite))), Ok(()), "suite {suite}");
    }
    let refused = Refused::Status { step: "open session", status: 0x04 };
    assert_eq!(works(&sim, login("admin", "secret", lanplus(17))), Err(Failed::Refused(refused)));
}

#[test]
fn the_best_suite_is_found() {
    let sim = IpmiSim::start(Setup::default());
    let mut live = Live::new(sim.address, login("admin", "secret", Interface::LanPlus { cipher: None }));
    assert_eq!(live.open(), Ok(()));
    assert_eq!(live.client.cipher_suite(), Some(3));
    assert_eq!(live.close(), Ok(()));
}

#[test]
fn every_authentication_of_ipmi_1_5() {
    let sim = IpmiSim::start(Setup::default());
    for auth in [None, Some(AuthType::Md5), Some(AuthType::Password), Some(AuthType::None)] {
        assert_eq!(works(&sim, login("admin", "secret", Interface::Lan { auth })), Ok(()), "{auth:?}");
    }
}

#[test]
fn a_bmc_key() {
    // It keeps less than 16 bytes of a key; a longer one fits no client.
    let sim = IpmiSim::start(Setup { lan: "bmc_key \"fifteenbytekey!\"", ..Setup::default() });
    let mut config = login("admin", "secret", lanplus(3));
    config.kg = Some(Secret::from("fifteenbytekey!"));
    assert_eq!(works(&sim, config.clone()), Ok(()));
    config.kg = None;
    let refused = Refused::Authentication { step: "rakp 4" };
    assert_eq!(works(&sim, config), Err(Failed::Refused(refused)));
}

#[test]
fn refusals() {
    let sim = IpmiSim::start(Setup::default());
    let opens = |user: &str, password: &str, interface| {
        Live::new(sim.address, login(user, password, interface)).open().expect_err("a refusal")
    };
    let lan = || Interface::Lan { auth: Some(AuthType::Md5) };
    let wrong = Failed::Refused(Refused::Authentication { step: "rakp 2" });
    assert_eq!(opens("admin", "wrong", lanplus(3)), wrong);
    let unknown = Failed::Refused(Refused::Status { step: "rakp 2", status: 0x0d });
    assert_eq!(opens("nobody", "x", lanplus(3)), unknown);
    assert_eq!(opens("gone", "gonepw", lanplus(3)), unknown);
    assert_eq!(opens("admin", "wrong", lan()), Failed::Silence("activate session"));
    let completion = |step, code, meaning| {
        Failed::Refused(Refused::Completion { step, completion: Completion(code), meaning })
    };
    let unknown = completion("get session challenge", 0x81, "invalid user name");
    assert_eq!(opens("nobody", "x", lan()), unknown);
    let meaning = "requested privilege level exceeds the user's or the channel's limit";
    assert_eq!(opens("oper", "operpw", lan()), completion("activate session", 0x86, meaning));
    let mut lower = login("guest", "secret", lan());
    lower.privilege = Privilege::User;
    assert_eq!(Live::new(sim.address, lower).open(), Ok(()));
}
