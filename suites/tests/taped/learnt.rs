//! Consoles are learnt again from what our agents said to them, and then answer the same agents as the originals do: also about
//! plugs that were never switched in the recording.

use std::sync::Arc;

use fencelab_devices::learn::{Learned, Named, Options, learn};
use fencelab_devices::{Carrier, DeviceSpec};

use crate::bench::{Bench, Seen, consoles, face_over, with_each};

/// What is learnt of a dialect; the table in docs/learning.md says the same.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Learns {
    /// The learnt device answers as the original does, about every plug.
    All,
    /// It does so about the plugs that were recorded; no list tells of others.
    Recorded,
    /// It is refused, or the proof shows differences.
    Not,
}

/// Each console, as far as it is learnt, with the recorded lines that are answered otherwise: mostly what is said while a plug
/// is on its way.
const DIALECTS: &[(&str, Learns, usize)] = &[
    ("apc/masterswitch-menu", Learns::All, 8),
    ("apc/masterswitch-menu-2", Learns::All, 8),
    ("apc/masterswitch-plus-menu", Learns::All, 6),
    ("apc/rpdu-cli", Learns::All, 0),
    ("brocade/fabric-os", Learns::Not, 0),
    ("cyberpower/pdu-cli", Learns::All, 0),
    ("dell/cmc", Learns::All, 0),
    ("dell/drac-mc", Learns::All, 0),
    ("dell/drac4", Learns::All, 0),
    ("dell/drac5", Learns::All, 0),
    ("eaton/epdu-cli", Learns::Recorded, 0),
    ("fujitsu/rsb", Learns::Not, 3),
    ("hitachi/compute-blade", Learns::Not, 15),
    ("hpe/c7000-oa", Learns::All, 0),
    ("hpe/ilo-mp", Learns::All, 0),
    ("hpe/ilo-smash", Learns::All, 0),
    ("hpe/moonshot", Learns::All, 0),
    ("hpe/superdome-oa", Learns::Not, 0),
    ("ibm/bladecenter-mm", Learns::Recorded, 0),
    ("ibm/hmc3", Learns::Recorded, 0),
    ("ibm/hmc4", Learns::Not, 0),
    ("ibm/ivm", Learns::Not, 0),
    ("ibm/rsa2", Learns::All, 0),
    ("libvirt/virsh", Learns::All, 10),
    ("netio/netio4", Learns::Not, 38),
    ("oracle/ldom", Learns::Not, 0),
    ("oracle/virtualbox", Learns::Recorded, 7),
    ("qlogic/sanbox2", Learns::All, 11),
    ("raritan/dominion-px-clp", Learns::Not, 11),
    ("raritan/px3", Learns::Not, 0),
    ("servertech/sentry-cdu", Learns::Not, 10),
    ("sun/alom", Learns::All, 0),
    ("wti/mpc-20", Learns::Not, 9),
    ("wti/nps", Learns::All, 2),
    ("wti/nps-115", Learns::All, 1),
];

fn agent_of(spec: &DeviceSpec) -> &str {
    spec.agents.first().map_or("", String::as_str)
}

fn way_of(spec: &DeviceSpec) -> Carrier {
    let over_ssh = agent_of(spec).ends_with("_ssh") && face_over(spec, Carrier::Ssh).is_some();
    if over_ssh || face_over(spec, Carrier::Telnet).is_none() { Carrier::Ssh } else { Carrier::Telnet }
}

/// The plugs that are recorded: the first and the last.
fn recorded(spec: &DeviceSpec) -> Vec<String> {
    let plugs = &spec.plant.plugs;
    let mut names: Vec<String> =
        [plugs.first(), plugs.last()].into_iter().flatten().map(|(name, _)| name.clone()).collect();
    names.dedup();
    names
}

fn relearn(spec: &Arc<DeviceSpec>) -> Result<Learned, String> {
    let plugs = recorded(spec);
    let mut actions: Vec<(&str, Option<&str>)> = vec![("list", None), ("monitor", None)];
    for plug in &plugs {
        actions
            .extend(["status", "off", "status", "on", "status"].map(|action| (action, Some(plug.as_str()))));
    }
    let (transcript, seen) = Bench::new(spec, way_of(spec), agent_of(spec), spec).tape(&actions);
    assert!(seen[2..].iter().all(|seen| [0, 2].contains(&seen.exit)), "{seen:?}");
    let named = Named { name: "recording.jsonl".to_owned(), transcript };
    learn(&[named], &Options::default()).map_err(|error| error.to_string())
}

/// Everything that the agent can do, on both, or the first difference.
fn compare(spec: &Arc<DeviceSpec>, learned: &Learned, learns: Learns) -> Result<(), String> {
    let way = way_of(spec);
    let mut original = Bench::new(spec, way, agent_of(spec), spec);
    let mut copy = Bench::new(&learned.spec, way, agent_of(spec), spec);
    let mut both = |action: &str, plug: Option<&str>| {
        let wanted: Seen = original.run(action, plug);
        let found = copy.run(action, plug);
        let power = |bench: &Bench| plug.map(|plug| bench.power(plug));
        if (wanted.exit, &wanted.stdout) != (found.exit, &found.stdout) || power(&original) != power(&copy) {
            return Err(format!(
                "{action} {plug:?}: {wanted:?} {:?}, learnt {found:?} {:?}",
                power(&original),
                power(&copy)
            ));
        }
        Ok(())
    };
    for action in ["list", "monitor"] {
        both(action, None)?;
    }
    let plugs: Vec<&str> = spec.plant.plugs.iter().map(|(name, _)| name.as_str()).collect();
    let others = [plugs.get(1), plugs.get(plugs.len() / 2)].into_iter().filter(|_| learns == Learns::All);
    // The first and the last were recorded.
    for plug in [plugs.first(), plugs.last()].into_iter().chain(others).flatten() {
        for action in ["status", "off", "off", "status", "on", "status"] {
            both(action, Some(plug))?;
        }
    }
    if learns == Learns::All { both("list-status", None) } else { Ok(()) }
}

#[test]
fn dialects_are_learnt_again() {
    let all = consoles();
    with_each(&all, |spec| {
        let known = DIALECTS
            .iter()
            .find(|(id, ..)| *id == spec.id)
            .map(|(_, learns, differences)| (*learns, *differences));
        let learned = relearn(spec);
        let try_as = |learns: Learns| match &learned {
            Err(error) => Err(error.clone()),
            Ok(learned) => compare(spec, learned, learns).map_err(|error| {
                format!("{error}\n{:#?}\n{}", learned.proof.differences.first(), learned.toml)
            }),
        };
        let (all, some) = (try_as(Learns::All), try_as(Learns::Recorded));
        let learns = match (&all, &some) {
            (Ok(()), _) => Learns::All,
            (_, Ok(())) => Learns::Recorded,
            _ => Learns::Not,
        };
        let differences = learned.as_ref().map_or(0, |learned| learned.proof.differences.len());
        if std::env::var_os("FENCELAB_SHOW_LEARNT").is_some() {
            eprintln!(
                "@@ {} {learns:?} {differences} {}",
                spec.id,
                all.as_ref().err().map_or("", |error| error)
            );
        }
        assert_eq!(Some((learns, differences)), known, "{:?}", all.err());
    });
}
