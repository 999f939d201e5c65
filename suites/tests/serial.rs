//! Our console agents at serial lines: in virtual time through the suites, and through a real pseudo-terminal and a real port
//! server of ours.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use fencelab_agents::Invocation;
use fencelab_devices::serve::{Pty, Served, Shared};
use fencelab_devices::{Carrier, Credentials, Device, DeviceSpec, Power, corpus};
use fencelab_link::live::LiveWorld;
use fencelab_suites::{AgentChoice, Plan, Suite, run_plan};

/// Seconds that a busy machine may take for a login, or an answer.
const PATIENCE: u32 = 30;

/// A described console that is reached so alone.
fn only(id: &str, carrier: Carrier) -> Arc<DeviceSpec> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let mut spec = (*corpus::find(&root, id).unwrap_or_else(|error| panic!("{error}"))).clone();
    spec.faces.retain(|face| face.protocol() == carrier.name());
    assert_eq!(spec.faces.len(), 1, "{id} {carrier:?}");
    Arc::new(spec)
}

#[test]
fn every_action_works_at_serial_lines() {
    let devices = vec![
        only("wti/nps", Carrier::Serial),
        only("wti/nps", Carrier::PortServer),
        only("apc/masterswitch-menu", Carrier::Serial),
    ];
    let mut plan = Plan::new(devices);
    plan.agents = vec![AgentChoice::Builtin];
    plan.suites = vec![Suite::Conformance];
    let report = run_plan(&plan, &mut |_| {});
    let findings: Vec<String> = report
        .findings()
        .iter()
        .map(|finding| format!("{}\n    {}", finding.replay, finding.evidence))
        .collect();
    assert!(report.holds(), "{}\n{}", findings.join("\n"), report.troubles.join("\n"));
    let cells = || report.cells.iter().filter(|cell| cell.check == "every-action");
    assert!(cells().count() >= 3 && cells().all(|cell| cell.judged > 0));
}

/// Runs the agent with these options on standard input, in the real world.
fn run(ip: &str, action: &str, patience: u32) -> (i32, String) {
    let stdin = format!(
        "ip={ip}\nusername=lab\npassword=fencelab\nplug=3\naction={action}\nlogin_timeout={patience}\nshell_timeout={patience}\n"
    );
    let invocation =
        Invocation { program: "fence_wti".to_owned(), stdin: Some(stdin), ..Invocation::default() };
    let outcome = fencelab_agents::run(&invocation, &mut LiveWorld::quiet());
    (outcome.exit, outcome.stdout + &outcome.stderr)
}

/// Off and on again, and the truth each time; then a session that somebody left in the middle.
fn fence(ip: &str, device: &Shared) {
    let power = || device.with(|device, now| device.plant().power_at("3", now));
    assert_eq!(run(ip, "status", PATIENCE).0, 0);
    let off = run(ip, "off", PATIENCE);
    assert_eq!((off.0, power()), (0, Some(Power::Off)), "{}", off.1);
    assert_eq!(run(ip, "status", PATIENCE).0, 2);
    let on = run(ip, "on", PATIENCE);
    assert_eq!((on.0, power()), (0, Some(Power::On)), "{}", on.1);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn an_agent_fences_through_a_real_terminal() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let device = Shared::new(Device::new(only("wti/nps", Carrier::Serial), &Credentials::default(), 1));
    let pty = Pty::share(&device, 0).unwrap();
    let path = pty.path.display();
    fence(&format!("{path},9600"), &device);
    // Somebody had begun to type.
    std::fs::write(&pty.path, "lab\rfencelab\r/off 5").unwrap();
    fence(&path.to_string(), &device);
    assert_eq!(device.with(|device, now| device.plant().power_at("5", now)), Some(Power::On));
    let (exit, said) = run(&format!("{path},19200"), "status", 2);
    assert_eq!(exit, 1, "at the wrong speed nothing is understood: {said}");
}

#[test]
fn an_agent_fences_through_a_port_server() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let device = Shared::new(Device::new(only("wti/nps", Carrier::PortServer), &Credentials::default(), 1));
    let served = Served::share(&device, 0, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    fence(&format!("rfc2217://{}", served.address), &device);
    let (exit, said) = run("rfc2217://127.0.0.1:1,9600,9N1", "status", PATIENCE);
    assert!(exit == 1 && said.contains("is no setting of a serial line"), "{said}");
}
