//! The proxy between real clients and a real BMC: fence_ipmilan, ipmitool and FreeIPMI against ipmi_sim.

mod common;

use std::process::Command;

use common::{assert_clean, credential, header, ipmi};
use fencelab_peers::{IpmiSim, Power, Setup};
use fencelab_recorder::{Proxy, Tape, run};
use fencelab_transcript::{Body, Kind, Side, Transcript};
use serde_json::Value;

const USER: &str = IpmiSim::LOGIN.0;
const PASSWORD: &str = "s3cr3t-Zebra";

/// One recording of several commands.
struct Recording {
    sim: IpmiSim,
    proxy: Proxy,
}

impl Recording {
    fn start() -> Self {
        let sim = IpmiSim::start(Setup { power: Power::Script, password: PASSWORD, ..Setup::default() });
        std::fs::write(sim.path("password"), PASSWORD).unwrap();
        let link = ipmi(&[credential(USER, PASSWORD)]);
        let tape = Tape::create(&sim.path("t.jsonl"), header(&link), link.secrets().clone()).unwrap();
        let proxy = Proxy::start("127.0.0.1:0".parse().unwrap(), sim.address, link, tape).unwrap();
        Self { sim, proxy }
    }

    /// Runs a command line; `{dir}` is the simulator's folder. Answers its exit code.
    fn run(&self, line: &str) -> Option<i32> {
        let folder = self.sim.path("").display().to_string();
        let words: Vec<String> = line.split_whitespace().map(|word| word.replace("{dir}", &folder)).collect();
        let found =
            Command::new("sh").args(["-c", "command -v \"$0\" >/dev/null", &words[0]]).status().unwrap();
        assert!(
            found.success(),
            "{} is not installed (Debian: fence-agents, ipmitool, freeipmi-tools)",
            words[0]
        );
        run::exit_code(run::run(&words, &self.proxy).unwrap())
    }

    fn finish(self) -> Transcript {
        let path = self.sim.path("t.jsonl");
        let summary = self.proxy.finish().unwrap();
        assert!(summary.to_device > 0 && summary.from_device > 0 && summary.masked == 0, "{summary:?}");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(PASSWORD), "the password is in the file");
        let transcript = Transcript::load(&path).unwrap();
        assert_eq!(transcript.canonical(), text, "what is written is canonical");
        assert_clean("recorded", &transcript, &ipmi(&[credential(USER, PASSWORD)]));
        transcript
    }
}

/// What was said in IPMI, as (side, netfn, command, completion, data).
fn said(transcript: &Transcript) -> Vec<(Side, u64, u64, Option<u64>, String)> {
    let message = |kind: &Kind| match kind {
        Kind::Say { from, body: Body::Object { protocol, value } } if protocol == "ipmi" => {
            Some((*from, value.clone()))
        }
        _ => None,
    };
    let number = |value: &Value, field: &str| value.get(field).and_then(Value::as_u64);
    let row = |(from, value): (Side, Value)| {
        let data = value["data"].as_str().unwrap().to_owned();
        (from, number(&value, "netfn").unwrap(), number(&value, "cmd").unwrap(), number(&value, "cc"), data)
    };
    transcript.events.iter().filter_map(|event| message(&event.kind)).map(row).collect()
}

fn opaque(transcript: &Transcript) -> usize {
    let is_opaque = |kind: &Kind| matches!(kind, Kind::Say { body: Body::Hex(_), .. });
    transcript.events.iter().filter(|event| is_opaque(&event.kind)).count()
}

fn opened(transcript: &Transcript) -> Vec<Value> {
    let open = |kind: &Kind| match kind {
        Kind::Open(details) => Some(Value::Object(details.clone())),
        _ => None,
    };
    transcript.events.iter().filter_map(|event| open(&event.kind)).collect()
}

fn chassis_control(data: &str) -> (Side, u64, u64, Option<u64>, String) {
    (Side::Agent, 0, 2, None, data.into())
}

#[test]
fn fence_ipmilan_switches_through_the_proxy_and_everything_is_in_the_transcript() {
    let recording = Recording::start();
    let agent = "fence_ipmilan --ip={host} --ipport={port} --username=admin --password-script=cat<{dir}/password \
                 --lanplus --cipher=3 --power-wait=0";
    assert_eq!(recording.run(&format!("{agent} -o status")), Some(0));
    assert_eq!(recording.run(&format!("{agent} -o off")), Some(0));
    assert!(!recording.sim.is_on(), "the plug is really off");
    assert_eq!(recording.run(&format!("{agent} -o status")), Some(2));
    assert_eq!(recording.run(&format!("{agent} -o on")), Some(0));
    assert!(recording.sim.is_on());
    let transcript = recording.finish();
    assert_eq!(opaque(&transcript), 0, "{transcript}");
    let said = said(&transcript);
    assert!(said.contains(&chassis_control("00")) && said.contains(&chassis_control("01")), "{said:?}");
    assert!(said.contains(&(Side::Device, 1, 2, Some(0), String::new())), "{said:?}");
    for open in opened(&transcript) {
        assert_eq!(
            (&open["version"], &open["cipher"], &open["user"]),
            (&"2.0".into(), &3.into(), &USER.into()),
            "{open}"
        );
    }
    let marks: Vec<_> = transcript
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Mark(mark) => Some((mark.phase.as_str(), mark.action.as_deref().unwrap_or("-"), mark.exit)),
            _ => None,
        })
        .collect();
    let expected = [("status", 0), ("off", 0), ("status", 2), ("on", 0)]
        .into_iter()
        .flat_map(|(action, exit)| [("begin", action, None), ("end", action, Some(exit))]);
    assert_eq!(marks, expected.collect::<Vec<_>>());
}

#[test]
fn every_kind_of_session_is_recorded_in_the_clear() {
    let recording = Recording::start();
    let tool = "ipmitool -H {host} -p {port} -U admin -f {dir}/password";
    let kinds = [
        "-I lan -A NONE",
        "-I lan -A MD5",
        "-I lan -A PASSWORD",
        "-I lanplus -C 0",
        "-I lanplus -C 1",
        "-I lanplus -C 2",
        "-I lanplus -C 3",
    ];
    for kind in kinds {
        assert_eq!(recording.run(&format!("{tool} {kind} chassis power status")), Some(0), "{kind}");
    }
    let login = format!("username {USER}\npassword {PASSWORD}\n");
    std::fs::write(recording.sim.path("freeipmi.conf"), login).unwrap();
    let power = "ipmi-chassis --config-file={dir}/freeipmi.conf -h {host}:{port} -D LAN_2_0 -I 3 -W opensesspriv \
                 --get-chassis-status";
    assert_eq!(recording.run(power), Some(0));
    let transcript = recording.finish();
    assert_eq!(opaque(&transcript), 0, "{transcript}");
    let answers =
        said(&transcript).into_iter().filter(|said| (said.1, said.2, said.3) == (1, 1, Some(0))).count();
    assert!(answers > kinds.len(), "{answers} answers to Get Chassis Status");
    let opened = opened(&transcript);
    assert_eq!(opened.len(), kinds.len() + 1, "{opened:?}");
    let mut how: Vec<String> =
        opened.iter().map(|open| open.get("cipher").or(open.get("auth")).unwrap().to_string()).collect();
    how.sort();
    assert_eq!(how, ["\"md5\"", "\"none\"", "\"password\"", "0", "1", "2", "3", "3"]);
}

#[test]
fn a_refusal_is_the_bmcs_own() {
    let recording = Recording::start();
    std::fs::write(recording.sim.path("wrong"), "not-it").unwrap();
    let tool = "ipmitool -I lanplus -C 3 -N 1 -R 1 -H {host} -p {port} -f {dir}/wrong";
    assert_eq!(recording.run(&format!("{tool} -U admin chassis power status")), Some(1));
    assert_eq!(recording.run(&format!("{tool} -U nobody chassis power status")), Some(1));
    let transcript = recording.finish();
    assert_eq!(opaque(&transcript), 0, "{transcript}");
    let errors: Vec<_> =
        opened(&transcript).iter().filter_map(|open| open["error"].as_str().map(String::from)).collect();
    assert!(errors.iter().any(|error| error.contains("unauthorized name")), "{errors:?}");
}
