//! Our agents before consoles each of whose turns comes in two pieces: cut at every place, the verdict is the same.

use fencelab_devices::fault::{Fault, FaultKind};
use fencelab_devices::{Carrier, DeviceSpec, Power};
use fencelab_transcript::{Body, Kind, Side, Transcript};

use crate::bench::{Bench, consoles, with_each};

/// What is asked of a plug that is on, in the middle of those.
const ACTIONS: [&str; 3] = ["status", "off", "status"];

/// The devices are shared out, so that the tests run side by side.
const SHARES: usize = 4;

fn verdicts(spec: &std::sync::Arc<DeviceSpec>, cut: Option<u16>) -> (Transcript, Vec<(i32, String)>) {
    let carrier = spec.faces[0].carrier().unwrap_or(Carrier::Telnet);
    let mut bench = Bench::new(spec, carrier, &spec.agents[0], spec);
    bench.set_faults(cut.map(|place| Fault::new(FaultKind::Split(place))).into_iter().collect());
    let plugs: Vec<_> = spec.plant.plugs.iter().filter(|(_, power)| *power == Power::On).collect();
    let plug = plugs.get(plugs.len() / 2).map(|(plug, _)| plug.as_str());
    let asked: Vec<_> = ACTIONS.iter().map(|action| (*action, plug)).collect();
    let (tape, seen) = bench.tape(&asked);
    (tape, seen.into_iter().map(|seen| (seen.exit, seen.stdout)).collect())
}

/// The length of what the device said at once, at most.
fn longest(tape: &Transcript) -> usize {
    let said = tape.events.iter().filter_map(|event| match &event.kind {
        Kind::Say { from: Side::Device, body: Body::Text(text) } => Some(text.len()),
        _ => None,
    });
    said.max().unwrap_or(0)
}

/// All places in a turn so long; of the middle of a long table, whose rows are alike, some.
fn places(length: usize) -> impl Iterator<Item = usize> {
    const WHOLE: usize = 500;
    const STEP: usize = 37;
    (1..length).filter(move |place| *place < WHOLE || place + WHOLE > length || place % STEP == 0)
}

fn every_place(share: usize) {
    let mine: Vec<_> = consoles().into_iter().skip(share).step_by(SHARES).collect();
    with_each(&mine, |spec| {
        let (tape, whole) = verdicts(spec, None);
        assert_eq!(whole.iter().map(|(exit, _)| *exit).collect::<Vec<_>>(), [0, 0, 2], "{whole:?}");
        for place in places(longest(&tape)) {
            let place = u16::try_from(place).unwrap();
            assert_eq!(verdicts(spec, Some(place)).1, whole, "split({place})");
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
