//! `emulate`: the field's clients on one side, the ground truth on the other.

use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::process::{Serving, ask, fencelab, run, succeed, told, workspace};

fn ipmitool(face: &Value, words: &[&str]) -> Command {
    let mut command = Command::new("ipmitool");
    command.args(["-I", "lanplus", "-C", "3", "-N", "1", "-R", "2", "-H", face["address"].as_str().unwrap()]);
    command.args(["-p", &face["port"].to_string(), "-U", face["user"].as_str().unwrap(), "-E"]);
    command.env("IPMI_PASSWORD", face["password"].as_str().unwrap_or("from the environment")).args(words);
    command
}

#[test]
fn ipmitool_moves_a_plug_and_the_timeline_tells_which_request_did_it() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("own.jsonl");
    let mut emulate = fencelab();
    emulate.args(["emulate", "generic/ipmi-2.0", "--control", "127.0.0.1:0", "--record"]).arg(&tape);
    let mut serving = Serving::start(&mut emulate);
    let face = serving.ready();
    let control = &face["control"];
    let plug = |n: &str| ask(control, "GET", &format!("/devices/0{n}"), "", "").1;
    let name = plug("/plugs")[0]["plug"].as_str().unwrap().to_owned();

    assert_eq!(succeed(&mut ipmitool(&face, &["chassis", "power", "status"])), "Chassis Power is on\n");
    assert_eq!(plug("/timeline")["changes"], json!([]));
    succeed(&mut ipmitool(&face, &["chassis", "power", "off"]));
    // The truth comes with the device's delay; the interface always tells the truth of now.
    let change = loop {
        if let Some(change) = plug("/timeline")["changes"].get(0) {
            break change.clone();
        }
    };
    assert_eq!(
        (&change["plug"], &change["power"], &change["cause"]),
        (&json!(name), &json!("off"), &json!("request"))
    );
    let requests = plug("/requests")["requests"].clone();
    let cause =
        requests.as_array().unwrap().iter().find(|request| request["number"] == change["request"]).unwrap();
    assert!(cause["request"].as_str().unwrap().contains("chassis-control"), "{cause}");
    assert_eq!(succeed(&mut ipmitool(&face, &["chassis", "power", "status"])), "Chassis Power is off\n");

    // A hand pulls the plug, and a fault keeps the next command from being done.
    let (status, _) = ask(control, "PUT", &format!("/devices/0/plugs/{name}"), r#"{"power":"on"}"#, "");
    assert_eq!((status, &plug("/plugs")[0]["power"]), (200, &json!("on")));
    assert_eq!(
        ask(control, "PUT", "/devices/0/faults", r#"["not-done@off"]"#, ""),
        (200, json!(["not-done@off"]))
    );
    succeed(&mut ipmitool(&face, &["chassis", "power", "off"]));
    assert_eq!(succeed(&mut ipmitool(&face, &["chassis", "power", "status"])), "Chassis Power is on\n");
    assert_eq!(ask(control, "DELETE", "/devices/0/faults", "", ""), (200, json!([])));

    assert_eq!(serving.end(Signal::SIGTERM), Some(0));
    let text = std::fs::read_to_string(&tape).unwrap();
    assert!(text.contains("an emulation of generic/ipmi-2.0") && text.lines().count() > 20, "{text}");
    assert!(!text.contains(r#""fencelab""#), "the password is in the transcript");
    let shown = succeed(fencelab().arg("show").arg(&tape));
    assert!(shown.contains("Chassis Control: power down") && shown.contains("[power is off]"), "{shown}");
    succeed(fencelab().args(["fmt", "--check"]).arg(&tape));
}

#[test]
fn the_control_interface_refuses_with_reasons() {
    let mut serving = Serving::start(fencelab().args(["emulate", "hpe/ilo4", "--control", "127.0.0.1:0"]));
    let face = serving.ready();
    let refused = |method: &str, path: &str, body: &str, header: &str| {
        let (status, answer) = ask(&face["control"], method, path, body, header);
        for part in ["what", "where", "mend"] {
            assert!(answer["error"][part].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
        }
        status
    };
    assert_eq!(refused("GET", "/devices/1", "", ""), 404);
    assert_eq!(refused("GET", "/nothing", "", ""), 404);
    assert_eq!(refused("PUT", "/devices/0/plugs/3", r#"{"power":"on"}"#, ""), 404);
    assert_eq!(refused("PUT", "/devices/0/plugs/system", r#"{"power":"up"}"#, ""), 400);
    assert_eq!(refused("PUT", "/devices/0/faults", r#"["dorp"]"#, ""), 400);
    assert_eq!(refused("POST", "/devices", "", ""), 405);
    assert_eq!(refused("GET", "/devices", "", "Origin: http://evil.example\r\n"), 403);
    assert_eq!(refused("PUT", "/devices/0/faults", &"x".repeat(70_000), ""), 413);
    assert_eq!(ask(&face["control"], "GET", "/", "", "").1["devices"], 1);
}

#[test]
fn a_thousand_devices_are_ready_each_with_its_own_port() {
    let mut serving = Serving::start(fencelab().args(["emulate", "generic/ipmi-2.0", "--count", "1000"]));
    let ports: std::collections::BTreeSet<u64> =
        (0..1000).map(|_| serving.ready()["port"].as_u64().unwrap()).collect();
    assert_eq!(ports.len(), 1000);
    assert_eq!(serving.end(Signal::SIGINT), Some(0));
}

#[test]
fn devices_may_have_an_address_each() {
    let port = std::net::UdpSocket::bind("127.0.0.9:0").unwrap().local_addr().unwrap().port().to_string();
    let words = [
        "emulate",
        "generic/ipmi-2.0",
        "--count",
        "2",
        "--listen",
        "127.0.0.9",
        "--own-address",
        "--port",
        &port,
    ];
    let mut serving = Serving::start(fencelab().args(words).args(["--plug", "system=off"]));
    for address in ["127.0.0.9", "127.0.0.10"] {
        let face = serving.ready();
        assert_eq!(
            (face["address"].as_str(), face["port"].to_string().as_str()),
            (Some(address), port.as_str())
        );
        assert_eq!(succeed(&mut ipmitool(&face, &["power", "status"])), "Chassis Power is off\n");
    }
}

#[test]
fn a_password_from_the_environment_is_used_and_not_shown() {
    let mut serving = Serving::start(
        fencelab()
            .args(["emulate", "generic/ipmi-2.0"])
            .env("FENCELAB_PASSWORD", "Tr0ub4dor")
            .env("FENCELAB_USER", "root"),
    );
    let face = serving.ready();
    assert_eq!((&face["password-env"], &face["user"]), (&json!("FENCELAB_PASSWORD"), &json!("root")));
    assert!(!face.to_string().contains("Tr0ub4dor"));
    let status = |password: &str| run(ipmitool(&face, &["power", "status"]).env("IPMI_PASSWORD", password));
    assert_eq!(told(&status("Tr0ub4dor")), "Chassis Power is on\n");
    assert!(!status("fencelab").status.success());
}

#[test]
fn a_wrong_plug_moves_the_next_device_of_the_line() {
    let words = [
        "emulate",
        "generic/ipmi-2.0",
        "--count",
        "2",
        "--fault",
        "wrong-plug@off",
        "--control",
        "127.0.0.1:0",
    ];
    let mut serving = Serving::start(fencelab().args(words));
    let (first, _second) = (serving.ready(), serving.ready());
    succeed(&mut ipmitool(&first, &["chassis", "power", "off"]));
    let changes = |n: usize| {
        ask(&first["control"], "GET", &format!("/devices/{n}/timeline"), "", "").1["changes"].clone()
    };
    let moved = loop {
        if let Some(change) = changes(1).get(0) {
            break change.clone();
        }
    };
    assert_eq!((&moved["power"], &moved["cause"]), (&json!("off"), &json!("neighbour")));
    assert_eq!(changes(0), json!([]));
}

/// The state of an outlet of a MasterSwitch, or why there is none.
fn outlet(face: &Value, login: &[&str], words: &[&str]) -> Result<String, String> {
    let (tool, object) = match words {
        [_] => ("snmpget", words),
        _ => ("snmpset", words),
    };
    let mut command = Command::new(tool);
    command.env("MIBS", "").args(login).args(["-m", "", "-Oqv", "-t", "1", "-r", "0"]);
    command.arg(format!("{}:{}", face["address"].as_str().unwrap(), face["port"])).args(object);
    let ran = run(&mut command);
    if ran.status.success() { Ok(told(&ran).trim().to_owned()) } else { Err(told(&ran)) }
}

const OUTLET: &str = "1.3.6.1.4.1.318.1.1.4.4.2.1.3.5";

/// Three devices behind one port: each has its own truth, its own faults, and nobody answers for another.
fn shares_a_port(what: &str, login: impl Fn(&Value) -> Vec<String>) {
    let words = ["emulate", "apc/masterswitch", "net-snmp/snmpd", "apc/masterswitch", "--share-port", what];
    let mut serving = Serving::start(fencelab().args(words).args(["--control", "127.0.0.1:0"]));
    let faces: Vec<Value> = (0..3).map(|_| serving.ready()).collect();
    assert!(faces.iter().all(|face| face["port"] == faces[0]["port"]), "{faces:?}");
    let logins: Vec<Vec<String>> = faces.iter().map(login).collect();
    let say = |n: usize, words: &[&str]| {
        let login: Vec<&str> = logins[n].iter().map(String::as_str).collect();
        outlet(&faces[n], &login, words)
    };
    for n in 0..3 {
        assert_eq!(say(n, &[OUTLET]).as_deref(), Ok("1"), "{n}");
    }
    assert_eq!(say(1, &[OUTLET, "i", "2"]).as_deref(), Ok("2"));
    assert_eq!([0, 1, 2].map(|n| say(n, &[OUTLET])), ["1", "2", "1"].map(|state| Ok(state.to_owned())));
    let control = &faces[0]["control"];
    let power = |n: usize| {
        let plugs = ask(control, "GET", &format!("/devices/{n}/plugs"), "", "").1;
        plugs[4]["power"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!([0, 1, 2].map(power), ["on", "off", "on"]);
    // One device falls silent, the others go on answering.
    let silent = r#"["drop@from-device,status"]"#;
    assert_eq!(ask(control, "PUT", "/devices/2/faults", silent, "").0, 200);
    assert!(say(2, &[OUTLET]).unwrap_err().contains("Timeout"));
    assert_eq!([0, 1].map(|n| say(n, &[OUTLET])), ["1", "2"].map(|state| Ok(state.to_owned())));
    assert_eq!(ask(control, "DELETE", "/devices/2/faults", "", "").0, 200);
    assert_eq!(say(2, &[OUTLET]).as_deref(), Ok("1"));
}

#[test]
fn devices_share_a_port_by_community() {
    shares_a_port("community", |face| {
        let text = |key: &str| face[key].as_str().unwrap();
        let community = format!("{}{}", text("password"), text("community-suffix"));
        ["-v", "2c", "-c", &community].map(str::to_owned).to_vec()
    });
}

#[test]
fn devices_share_a_port_by_context() {
    shares_a_port("context", |face| {
        let text = |key: &str| face[key].as_str().unwrap();
        let (user, password) = (text("user"), text("password"));
        let words = ["-v", "3", "-l", "authPriv", "-u", user, "-n", text("context")];
        let keys = ["-a", "SHA", "-A", password, "-x", "AES", "-X", password];
        words.into_iter().chain(keys).map(str::to_owned).collect()
    });
}

#[test]
fn a_shared_port_hides_the_users_password_and_refuses_what_it_cannot_tell_apart() {
    let words = ["emulate", "apc/rpdu", "--count", "2", "--share-port"];
    let mut emulate = fencelab();
    let mut serving =
        Serving::start(emulate.args(words).arg("community").env("FENCELAB_PASSWORD", "Tr0ub4dor"));
    let faces = [serving.ready(), serving.ready()];
    for (number, face) in faces.iter().enumerate() {
        assert_eq!(face["password-env"], "FENCELAB_PASSWORD");
        assert_eq!(face["community-suffix"], format!("@{number}"));
        assert!(!face.to_string().contains("Tr0ub4dor"), "{face}");
    }
    let object = "1.3.6.1.2.1.1.2.0";
    assert!(outlet(&faces[1], &["-v", "1", "-c", "Tr0ub4dor@1"], &[object]).is_ok());
    assert!(outlet(&faces[1], &["-v", "1", "-c", "Tr0ub4dor@2"], &[object]).is_err());
    assert_eq!(serving.end(Signal::SIGTERM), Some(0));

    let refused =
        run(fencelab().args(["emulate", "apc/rpdu", "generic/ipmi-2.0", "--share-port", "context"]));
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("generic/ipmi-2.0: it does not speak SNMP"), "{}", told(&refused));
}

#[test]
fn a_serial_line_has_a_path_and_a_port_server_a_port() {
    let corpus = workspace().join("transcripts/corpus");
    let mut emulate = fencelab();
    emulate.args(["emulate", "wti/nps", "--control", "127.0.0.1:0", "--corpus"]).arg(corpus);
    let mut serving = Serving::start(&mut emulate);
    let faces = [(); 4].map(|()| serving.ready());
    let of = |protocol: &str| faces.iter().find(|face| face["face"] == protocol).unwrap();
    assert!(of("rfc2217")["port"].as_u64().is_some_and(|port| port > 0), "{faces:?}");
    let serial = of("serial");
    assert!(serial.get("port").is_none() && serial.get("address").is_none(), "{serial}");
    let told = ask(&serial["control"], "GET", "/devices/0", "", "").1;
    assert_eq!(told["faces"][2], json!({"face": "serial", "path": serial["path"]}));

    let mut picocom = Command::new("picocom");
    picocom.args(["--baud", "9600", "--nolock", serial["path"].as_str().unwrap()]);
    let mut terminal = rexpect::session::spawn_command(picocom, Some(60_000)).unwrap();
    terminal.exp_string("Terminal ready").unwrap();
    terminal.send("\r").unwrap();
    terminal.flush().unwrap();
    terminal.exp_string("Username: ").unwrap();
    assert_eq!(serving.end(Signal::SIGTERM), Some(0));
}
