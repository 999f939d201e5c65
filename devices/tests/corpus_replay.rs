//! Every transcript of the corpus is replayed to a partner that says what the recorded one said: each answer is the recorded
//! one, and nothing diverges.

mod support;

use std::path::{Path, PathBuf};

use fencelab_devices::{Credentials, Device, DeviceSpec, corpus};
use fencelab_transcript::{Body, Kind, Side, Transcript};
use fencelab_wire::ipmi::{self, LanMessage, Request, Response};
use support::{Bench, LAN, LANPLUS};

/// What was said in one session; `Err`: it was refused.
struct Recorded {
    number: u32,
    is_v15: bool,
    turns: Vec<(u8, Request, Option<Response>)>,
    refused: bool,
}

fn sessions(transcript: &Transcript) -> Vec<Recorded> {
    let mut all: Vec<Recorded> = Vec::new();
    for event in &transcript.events {
        let Kind::Say { from, body: Body::Object { protocol, value } } = &event.kind else { continue };
        if event.session == 0 {
            continue;
        }
        let place = all.iter().position(|session| session.number == event.session).unwrap_or_else(|| {
            all.push(Recorded { number: event.session, is_v15: true, turns: Vec::new(), refused: false });
            all.len() - 1
        });
        let session = &mut all[place];
        if protocol == "rmcp+" {
            session.is_v15 = false;
            let data = value["data"].as_str().unwrap_or_default();
            session.refused |= value["payload"] == "open-session-response" && data.get(2..4) != Some("00");
            continue;
        }
        let Ok(message) = serde_json::from_value::<LanMessage>(value.clone()) else { continue };
        match (from, message.body) {
            (Side::Agent, ipmi::Body::Request(request)) => {
                let is_session_layer = request.netfn.0 == 6 && matches!(request.command, 0x38..=0x3d | 0x54);
                let is_again = session
                    .turns
                    .last()
                    .is_some_and(|(seq, last, _)| *seq == message.seq && *last == request);
                if !is_session_layer && !is_again {
                    session.turns.push((message.seq, request, None));
                }
            }
            (Side::Device, ipmi::Body::Response(response)) => {
                if response.netfn.0 == 7 && response.command == 0x3a {
                    session.refused |= !response.completion.is_ok();
                }
                let turn = session.turns.iter_mut().rev().find(|(seq, request, answer)| {
                    *seq == message.seq && request.command == response.command && answer.is_none()
                });
                if let Some((_, _, answer)) = turn {
                    *answer = Some(response);
                }
            }
            _ => {}
        }
    }
    all.retain(|session| session.refused || !session.turns.is_empty());
    all
}

fn transcripts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let folders = corpus::folders(&root).unwrap_or_else(|error| panic!("{error}"));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(&folder.path).unwrap());
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    paths
}

#[test]
fn every_transcript_replays_to_its_own_words() {
    let all = transcripts();
    let mut turns = 0;
    for path in &all {
        let transcript = Transcript::load(path).unwrap_or_else(|error| panic!("{error}"));
        let spec = DeviceSpec::from_transcript(transcript.clone()).unwrap_or_else(|error| panic!("{error}"));
        let mut bench = Bench::of(Device::new(spec, &Credentials::default(), 5));
        for pass in 0..2 {
            for session in sessions(&transcript) {
                let about = format!("{}, session {}, pass {pass}", path.display(), session.number);
                let opened = bench.open(if session.is_v15 { LAN } else { LANPLUS });
                assert_eq!(opened.expect(&about).is_err(), session.refused, "{about}");
                for (_, request, answer) in session.turns {
                    let came = bench.ask_within(&request, support::ms(100));
                    assert_eq!(came, answer, "{about}: {request:?}");
                    turns += 1;
                }
            }
        }
        assert_eq!(bench.device.divergences(), [], "{}", path.display());
    }
    assert!(all.is_empty() || turns > 100, "{turns} turns of {} transcripts", all.len());
}
