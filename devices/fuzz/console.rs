//! What the fuzz target of the console face does with its input, shared with the test that replays the corpus.
//!
//! The first byte chooses the device. The rest is a dialogue (see `input.rs` of the codecs' targets): what goes to the device is
//! typed, and where the device would speak, somebody waits as many seconds as it has bytes.

#[path = "../../stack/wire/fuzz/input.rs"]
#[allow(dead_code, reason = "nothing here needs random bytes")]
pub(crate) mod input;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use fencelab_devices::spec::FaceSpec;
use fencelab_devices::{Carrier, Credentials, Device, DeviceSpec, Power};
use fencelab_wire::tap::Direction;

/// Menus, commands, a pager, a serial line, lines that wrap, and long tables.
pub(crate) const DEVICES: [&str; 5] = [
    include_str!("../../transcripts/corpus/apc/masterswitch-menu/device.toml"),
    include_str!("../../transcripts/corpus/wti/nps/device.toml"),
    include_str!("../../transcripts/corpus/apc/rpdu-cli/device.toml"),
    include_str!("../../transcripts/corpus/hpe/moonshot/device.toml"),
    include_str!("../tests/support/line.toml"),
];

static SPECS: LazyLock<Vec<Arc<DeviceSpec>>> = LazyLock::new(|| {
    let parse = |text: &&str| DeviceSpec::parse(Path::new("device.toml"), text, Path::new("."));
    DEVICES.iter().map(|text| parse(text).unwrap_or_else(|error| panic!("{error}"))).collect()
});

/// What somebody heard, and how the plugs are then.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct End {
    pub(crate) heard: Vec<u8>,
    pub(crate) plugs: Vec<Power>,
}

/// Types the pieces at one face of the device.
fn played(spec: &Arc<DeviceSpec>, face: usize, dialogue: &[(Direction, Vec<u8>)]) -> End {
    let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let mut device = Device::new(Arc::clone(spec), &Credentials::default(), 1);
    let (mut now, mut end) = (Duration::ZERO, End::default());
    let mut hear = |device: &mut Device, now| {
        for output in device.take_output(now) {
            end.heard.extend(output.bytes);
        }
    };
    device.connect(now, face, peer, Some("lab"));
    hear(&mut device, now);
    for (direction, bytes) in dialogue {
        match direction {
            // No bytes would be the end.
            Direction::ToDevice if bytes.is_empty() => {}
            Direction::ToDevice => device.handle(now, face, peer, bytes),
            Direction::FromDevice => now += Duration::from_secs(bytes.len() as u64),
        }
        hear(&mut device, now);
        assert!(device.sessions() <= 1);
    }
    device.handle(now, face, peer, b"");
    now += Duration::from_secs(3600);
    hear(&mut device, now);
    device.advance(now);
    end.plugs = device.plant().plugs().iter().map(|plug| plug.power()).collect();
    end
}

/// Pieces that are typed one behind the other are one.
fn joined(dialogue: &[(Direction, Vec<u8>)]) -> Vec<(Direction, Vec<u8>)> {
    let mut joined: Vec<(Direction, Vec<u8>)> = Vec::new();
    for (direction, bytes) in dialogue {
        match joined.last_mut() {
            Some((last, all)) if *last == *direction => all.extend(bytes),
            _ => joined.push((*direction, bytes.clone())),
        }
    }
    joined
}

/// Types the input over each carrier of a device; it must not panic, and how it is cut must not matter. Answers what came of it
/// over each.
pub(crate) fn typed(input: &[u8]) -> Vec<End> {
    let Some((which, rest)) = input.split_first() else { return Vec::new() };
    let Some(spec) = SPECS.get(usize::from(*which) % SPECS.len()) else { return Vec::new() };
    let dialogue: Vec<_> =
        input::dialogue(rest).into_iter().map(|(direction, bytes)| (direction, bytes.to_vec())).collect();
    let over = |face: usize| {
        let end = played(spec, face, &dialogue);
        // Telnet answers for itself between the pieces.
        if spec.faces.get(face).and_then(FaceSpec::carrier) == Some(Carrier::Ssh) {
            assert_eq!(end, played(spec, face, &joined(&dialogue)));
        }
        end
    };
    (0..spec.faces.len()).map(over).collect()
}

/// The same for the fuzzer, which wants to know nothing.
pub(crate) fn take(input: &[u8]) {
    typed(input);
}
