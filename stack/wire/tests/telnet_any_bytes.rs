//! Any bytes in any cuts, any two configs: nothing panics, nothing is said in circles, nothing is lost.

use std::collections::VecDeque;

use fencelab_wire::telnet::describe::{Piece, pieces};
use fencelab_wire::telnet::{Config, Opt, Received, Side, Signal, Telnet};
use proptest::collection::vec;
use proptest::prelude::*;

/// The options that mean something here, and some that don't.
fn opts() -> impl Strategy<Value = Opt> {
    prop::sample::select(vec![0, 1, 3, 6, 24, 31, 34, 44, 200, 255]).prop_map(Opt)
}

fn configs() -> impl Strategy<Value = Config> {
    let lists = [(); 4].map(|()| vec(opts(), 0..6));
    // In NVT mode a text can double; what AYT gets for its two bytes stays below eight times that.
    let text = prop::option::of("[a-z\r\n]{0,8}");
    (lists, "[ -~]{0,60}", any::<(u16, u16)>(), text).prop_map(
        |([ours, theirs, asks_for, offers], terminal, window, answers_ayt)| Config {
            ours,
            theirs,
            asks_for,
            offers,
            terminal,
            window,
            answers_ayt,
        },
    )
}

/// Bytes that are more often telnet than chance would have it, whole and cut.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let negotiation = (251..=254_u8, opts()).prop_map(|(verb, opt)| vec![255, verb, opt.0]);
    let subnegotiation = (opts(), vec(any::<u8>(), 0..8))
        .prop_map(|(opt, inside)| Piece::Subnegotiation { opt, bytes: inside }.emit());
    let told = prop::sample::select(vec![
        b"\xff\xfa\x18\x01\xff\xf0".to_vec(),
        b"\xff\xfa\x18\0VT100\xff\xf0".to_vec(),
        b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0".to_vec(),
        b"\xff\xf6".to_vec(),
        b"\xff\xfa\x2c\x01\0\0\x25\x80\xff\xf0".to_vec(),
        b"\xff\xfa\x2c\x08\xff\xf0".to_vec(),
        b"\xff\xfa\x2c\x09\xff\xf0".to_vec(),
        b"\r\0".to_vec(),
        b"\xff".to_vec(),
        b"\xff\xfa".to_vec(),
        b"\xff\xf0".to_vec(),
    ]);
    let anything = vec(any::<u8>(), 0..12);
    let part = prop_oneof![4 => negotiation, 2 => subnegotiation, 3 => told, 1 => anything];
    vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn add(all: &mut Received, one: Received) {
    all.data.extend(one.data);
    all.reply.extend(one.reply);
    all.signals.extend(one.signals);
    all.told.extend(one.told);
}

/// Two ends and what is on its way between them.
struct Wired {
    ends: [Telnet; 2],
    /// To each end.
    ways: [VecDeque<u8>; 2],
}

impl Wired {
    fn new(configs: [Config; 2]) -> Self {
        let mut wired = Self { ends: configs.map(Telnet::new), ways: Default::default() };
        for end in 0..2 {
            let opening = wired.ends[end].open();
            wired.say(end, &opening);
        }
        wired
    }

    /// This end says something.
    fn say(&mut self, end: usize, bytes: &[u8]) {
        self.ways[1 - end].extend(bytes);
    }

    /// So many bytes reach this end.
    fn deliver(&mut self, end: usize, count: usize) {
        let count = count.min(self.ways[end].len());
        let bytes: Vec<u8> = self.ways[end].drain(..count).collect();
        let reply = self.ends[end].receive(&bytes).reply;
        self.say(end, &reply);
    }

    /// Everything is delivered until nothing is said any more.
    fn settle(&mut self) {
        // Contrary offers that were set going run around until one end has had enough.
        let rounds = usize::from(Telnet::TURNS_MAX) + 12;
        for _ in 0..rounds {
            for end in 0..2 {
                self.deliver(end, usize::MAX);
            }
            if self.ways.iter().all(VecDeque::is_empty) {
                return;
            }
        }
        panic!("they talk in circles: {:?}", self.ways.clone().map(|way| pieces(&Vec::from(way))));
    }
}

/// What happens between two ends.
#[derive(Clone, Debug)]
enum Step {
    Ask(usize, Opt, Side, bool),
    Deliver(usize, usize),
    Inject(usize, Vec<u8>),
}

fn steps(injections: bool) -> impl Strategy<Value = Vec<Step>> {
    let side = prop_oneof![Just(Side::Ours), Just(Side::Theirs)];
    let ask = (0..2_usize, opts(), side, any::<bool>())
        .prop_map(|(end, opt, side, on)| Step::Ask(end, opt, side, on));
    let deliver = (0..2_usize, 0..20_usize).prop_map(|(end, count)| Step::Deliver(end, count));
    let inject = (0..2_usize, bytes()).prop_map(|(end, bytes)| Step::Inject(end, bytes));
    vec(prop_oneof![4 => ask, 6 => deliver, u32::from(injections) * 3 => inject], 0..40)
}

fn play(wired: &mut Wired, steps: Vec<Step>) {
    for step in steps {
        match step {
            Step::Ask(end, opt, side, on) => {
                let bytes = wired.ends[end].ask(opt, side, on);
                wired.say(end, &bytes);
            }
            Step::Deliver(end, count) => wired.deliver(end, count),
            Step::Inject(end, bytes) => wired.say(1 - end, &bytes),
        }
    }
}

proptest! {
    /// Wherever the bytes are cut, the same comes of them, and the same is remembered.
    #[test]
    fn cuts_do_not_matter(
        config in configs(),
        bytes in bytes(),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let (mut whole, mut cut) = (Telnet::new(config.clone()), Telnet::new(config));
        prop_assert_eq!(whole.open(), cut.open());
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let mut all = Received::default();
        for pair in places.windows(2) {
            add(&mut all, cut.receive(&bytes[pair[0]..pair[1]]));
        }
        prop_assert_eq!(whole.receive(&bytes), all);
        prop_assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
    }

    /// However the bytes are chosen, what is said is a small multiple of what was heard.
    #[test]
    fn replies_are_not_longer_than_eight_times_what_is_received(config in configs(), bytes in bytes()) {
        let mut telnet = Telnet::new(config);
        telnet.open();
        let reply = telnet.receive(&bytes).reply;
        prop_assert!(reply.len() <= 8 * bytes.len(), "{} for {}", reply.len(), bytes.len());
    }

    /// Two ends with any configs fall silent, whatever is asked in between and whatever else stands on the line.
    #[test]
    fn two_ends_settle(configs in [configs(), configs()], steps in steps(true)) {
        let mut wired = Wired::new(configs);
        play(&mut wired, steps);
        wired.settle();
    }

    /// If nobody disturbs them they are of the same mind in the end, however long the answers were on their way.
    #[test]
    fn two_ends_agree(configs in [configs(), configs()], steps in steps(false)) {
        let mut wired = Wired::new(configs.clone());
        play(&mut wired, steps);
        wired.settle();
        let [one, other] = &wired.ends;
        for opt in (0..=255).map(Opt) {
            prop_assert_eq!(one.is_on(opt, Side::Ours), other.is_on(opt, Side::Theirs), "{}", opt);
            prop_assert_eq!(one.is_on(opt, Side::Theirs), other.is_on(opt, Side::Ours), "{}", opt);
        }
        for (end, peer) in [(0, 1), (1, 0)] {
            let window = wired.ends[end].is_on(Opt::NAWS, Side::Theirs).then_some(configs[peer].window);
            prop_assert_eq!(wired.ends[end].window(), window);
            prop_assert_eq!(wired.ends[end].terminal().is_some(), wired.ends[end].is_on(Opt::TTYPE, Side::Theirs));
        }
    }

    /// What is sent arrives, in BINARY and as lines of the network virtual terminal, and never as a command.
    #[test]
    fn data_arrives(configs in [configs(), configs()], data in vec(prop_oneof![Just(255), Just(13), Just(0), Just(10), any::<u8>()], 0..60)) {
        let mut wired = Wired::new(configs);
        wired.settle();
        let sent = wired.ends[0].send(&data);
        let received = wired.ends[1].receive(&sent);
        prop_assert_eq!(received, Received { data, ..Received::default() });
    }

    /// Cut into pieces and put together again, any bytes are the same bytes.
    #[test]
    fn pieces_lose_nothing(bytes in prop_oneof![bytes(), vec(any::<u8>(), 0..200), vec(240..=255_u8, 0..60)]) {
        let pieces = pieces(&bytes);
        prop_assert_eq!(pieces.iter().flat_map(Piece::emit).collect::<Vec<u8>>(), bytes);
        for piece in &pieces {
            prop_assert!(!piece.to_string().is_empty());
        }
    }

    /// A stream that comes in parts gives the same pieces if the bytes of the last `Cut` go before the next part.
    #[test]
    fn pieces_of_parts(bytes in bytes(), at in any::<prop::sample::Index>()) {
        let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
        let mut all = pieces(first);
        let mut rest = match all.pop() {
            Some(Piece::Cut(cut)) => cut,
            Some(last) => {
                all.push(last);
                Vec::new()
            }
            None => Vec::new(),
        };
        rest.extend(second);
        let mut behind = pieces(&rest);
        if let (Some(Piece::Data(before)), Some(Piece::Data(data))) = (all.last_mut(), behind.first()) {
            before.extend(data);
            behind.remove(0);
        }
        all.extend(behind);
        prop_assert_eq!(all, pieces(&bytes));
    }

    /// The codec hears what the pieces say.
    #[test]
    fn pieces_and_codec_read_the_same(bytes in bytes()) {
        let nothing = Config { ours: vec![], theirs: vec![], answers_ayt: None, ..Config::client() };
        let received = Telnet::new(nothing).receive(&bytes);
        let (mut data, mut signals, mut reply) = (Vec::new(), Vec::new(), Vec::new());
        for piece in pieces(&bytes) {
            match piece {
                Piece::Data(more) => data.extend(more),
                Piece::Command(byte) => signals.push(Signal::from(byte)),
                Piece::Negotiation { verb, opt } => match verb.byte() {
                    251 => reply.extend([255, 254, opt.0]),
                    253 => reply.extend([255, 252, opt.0]),
                    _ => {}
                },
                Piece::Subnegotiation { .. } | Piece::Cut(_) => {}
            }
        }
        let mut after_cr = false;
        data.retain(|byte| {
            let padding = after_cr && *byte == 0;
            after_cr = *byte == b'\r';
            !padding
        });
        prop_assert_eq!(received, Received { data, reply, signals, told: vec![] });
    }
}
