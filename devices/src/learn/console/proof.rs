//! Every recorded line is typed to the learnt device again, in virtual time.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fencelab_transcript::redact::PLACEHOLDER;

use super::found::Powers;
use super::read::{Read, Step, Visit};
use crate::learn::{Difference, LearnError, Place, Proof};
use crate::spec::DeviceSpec;
use crate::{Credentials, Device};

/// The learnt device.
pub(super) fn spec(toml: &str) -> Result<Arc<DeviceSpec>, LearnError> {
    DeviceSpec::parse(Path::new("device.toml"), toml, Path::new(".")).map_err(LearnError::Broken)
}

/// Types again, and compares. Each recording begins with the plugs as they are known to have been.
pub(super) fn prove(spec: &Arc<DeviceSpec>, read: &Read, starts: &[Powers]) -> Proof {
    let mut proof = Proof::default();
    for (file, powers) in starts.iter().enumerate() {
        let mut device = Device::new(Arc::clone(spec), &Credentials::default(), 1);
        for (plug, power) in powers {
            device.plant_mut().set(Duration::ZERO, plug, *power);
        }
        let mut typist = Typist { device, read, proof: &mut proof, now: Duration::ZERO, count: 0 };
        for visit in read.visits.iter().filter(|visit| visit.file == file) {
            typist.visit(visit);
        }
    }
    proof
}

struct Typist<'a> {
    device: Device,
    read: &'a Read,
    proof: &'a mut Proof,
    now: Duration,
    count: u16,
}

impl Typist<'_> {
    fn visit(&mut self, visit: &Visit) {
        self.count = self.count.wrapping_add(1);
        let peer = SocketAddr::from(([127, 0, 0, 1], self.count));
        let carrier = |face: &crate::spec::FaceSpec| face.carrier() == Some(visit.carrier);
        let Some(face) = self.device.spec().faces.iter().position(carrier) else { return };
        let steps: Vec<&Step> = visit.login.iter().chain(&visit.steps).collect();
        let first = steps.first().map_or(self.now, |step| step.at);
        self.now = self.now.max(first);
        let user = (!self.device.asks_itself(face)).then_some("lab");
        self.device.connect(self.now, face, peer, user);
        let greeting = self.heard(face, self.now);
        self.compare(&visit.opened, "a connection", &visit.greeting, &greeting);
        for (index, step) in steps.iter().enumerate() {
            self.now = self.now.max(step.at);
            let mut bytes = if step.typed == PLACEHOLDER {
                Credentials::default().password.into_bytes()
            } else {
                step.typed.clone().into_bytes()
            };
            if !step.typed.starts_with(|c: char| c.is_ascii_control()) {
                bytes.push(b'\r');
            }
            self.device.handle(self.now, face, peer, &bytes);
            // What is not said until the next line is typed comes too late.
            let until = steps.get(index + 1).map_or(self.now, |next| next.at.max(self.now));
            let said = self.heard(face, until);
            let said = if self.read.manner.echo { unechoed(step, &said) } else { said };
            // Whether a goodbye still arrives when the agent hangs up at once is chance.
            let is_last = index + 1 == steps.len() && !step.ends;
            let heard = if is_last && said.starts_with(&step.said) { &step.said } else { &said };
            self.compare(&step.place, &step.typed, &step.said, heard);
        }
        self.device.handle(self.now, face, peer, &[]);
    }

    fn heard(&mut self, face: usize, until: Duration) -> String {
        let mut bytes = Vec::new();
        for output in self.device.take_output_of(until, face) {
            bytes.extend(output.bytes);
        }
        // What telnet says of itself was not recorded.
        let mut telnet = fencelab_wire::telnet::Telnet::new(fencelab_wire::telnet::Config::client());
        let data = telnet.receive(&bytes).data;
        let text = String::from_utf8_lossy(&data).into_owned();
        text.replace(self.read.manner.eol, "\n")
    }

    fn compare(&mut self, place: &Place, request: &str, recorded: &str, learnt: &str) {
        self.proof.asked += 1;
        if recorded == learnt {
            self.proof.agreed += 1;
            return;
        }
        self.proof.differences.push(Difference {
            place: place.clone(),
            request: request.to_owned(),
            recorded: format!("{recorded:?}"),
            learnt: format!("{learnt:?}"),
        });
    }
}

/// Without what was typed; of a password, without its masks.
fn unechoed(step: &Step, said: &str) -> String {
    if step.typed == PLACEHOLDER {
        return said.split_once('\n').map_or(said, |(_, rest)| rest).to_owned();
    }
    let echo = format!("{}\n", step.typed);
    said.strip_prefix(&echo).unwrap_or(said).to_owned()
}
