//! Our agents before tapes of consoles each of whose turns comes in two pieces: cut at every place, the verdict is the same.

use std::sync::Arc;

use fencelab_devices::fault::{Fault, FaultKind};
use fencelab_devices::{Carrier, DeviceSpec, Power};
use fencelab_transcript::{Body, Kind, Side, Transcript};

use crate::bench::{Bench, consoles, with_each};

/// What is asked of a plug that is on, in the middle of those.
const ACTIONS: [&str; 3] = ["status", "off", "status"];

/// The devices are shared out, so that the tests run side by side.
const SHARES: usize = 4;

/// The length of what the device said at once, at most.
fn longest(tape: &Transcript) -> usize {
    let said = tape.events.iter().filter_map(|event| match &event.kind {
        Kind::Say { from: Side::Device, body: Body::Text(text) } => Some(text.len()),
        _ => None,
    });
    said.max().unwrap_or(0)
}

/// All places in a turn so long; of the middle of a long table, whose rows are alike, some: 37 is a prime, so that each place of a
/// row is among them.
fn places(length: usize) -> impl Iterator<Item = usize> {
    const WHOLE: usize = 300;
    const STEP: usize = 37;
    (1..length).filter(move |place| *place < WHOLE || place + WHOLE > length || place % STEP == 0)
}

/// The verdicts of the agent before a tape.
fn replayed(
    replay: &Arc<DeviceSpec>,
    spec: &DeviceSpec,
    plug: Option<&str>,
    place: usize,
) -> Vec<(i32, String)> {
    let carrier = replay.faces[0].carrier().unwrap();
    let mut bench = Bench::unheard(replay, carrier, &spec.agents[0], spec);
    bench.set_faults(vec![Fault::new(FaultKind::Split(u16::try_from(place).unwrap()))]);
    let verdicts = ACTIONS.map(|action| bench.run(action, plug));
    assert_eq!(bench.divergences(), [], "split({place})");
    verdicts.map(|seen| (seen.exit, seen.stdout)).to_vec()
}

fn every_place(share: usize) {
    let mine: Vec<_> = consoles().into_iter().skip(share).step_by(SHARES).collect();
    with_each(&mine, |spec| {
        let carrier = spec.faces[0].carrier().unwrap_or(Carrier::Telnet);
        let plugs: Vec<_> = spec.plant.plugs.iter().filter(|(_, power)| *power == Power::On).collect();
        let plug = plugs.get(plugs.len() / 2).map(|(plug, _)| plug.as_str());
        let asked = ACTIONS.map(|action| (action, plug));
        let (tape, whole) = Bench::new(spec, carrier, &spec.agents[0], spec).tape(&asked);
        let whole: Vec<_> = whole.into_iter().map(|seen| (seen.exit, seen.stdout)).collect();
        assert_eq!(whole.iter().map(|(exit, _)| *exit).collect::<Vec<_>>(), [0, 0, 2], "{whole:?}");
        let places = places(longest(&tape));
        let replay = DeviceSpec::from_transcript(tape).unwrap();
        for place in places {
            assert_eq!(replayed(&replay, spec, plug, place), whole, "split({place})");
        }
    });
}

macro_rules! shares {
    ($($name:ident: $share:expr;)+) => {$(
        #[test]
        fn $name() {
            every_place($share);
        }
    )+};
}

shares! {
    a_cut_at_any_place_changes_no_verdict_1: 0;
    a_cut_at_any_place_changes_no_verdict_2: 1;
    a_cut_at_any_place_changes_no_verdict_3: 2;
    a_cut_at_any_place_changes_no_verdict_4: 3;
}
