//! net-snmp's tools against an emulated PDU behind a real socket: what they print agrees with the table.

#[path = "support/snmp.rs"]
mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

use fencelab_devices::serve::{By, Rack, Served};
use fencelab_devices::{Credentials, Device, Power};
use fencelab_wire::snmp::Value;
use support::*;

const USERS: &str = r#"
communities = [{ name = "lab" }, { name = "public" }]
users = [
  { name = "lab", auth = "SHA", privacy = "AES" },
  { name = "md5des", auth = "MD5", privacy = "DES" },
  { name = "sha224", auth = "SHA-224", privacy = "AES" },
  { name = "sha256", auth = "SHA-256", privacy = "AES-192" },
  { name = "sha384", auth = "SHA-384", privacy = "AES" },
  { name = "sha512", auth = "SHA-512", privacy = "AES-256" },
  { name = "authonly", auth = "SHA" },
  { name = "nobody", access = "read", view = ["1.3.6.1.2.1.1"] },
  { name = "strict", auth = "SHA", privacy = "AES", level = "authPriv" },
]"#;

struct Bench {
    served: Served,
    _runtime: tokio::runtime::Runtime,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

impl Bench {
    fn new() -> Self {
        let runtime = runtime();
        let _guard = runtime.enter();
        let mut spec = (*pdu(USERS, "")).clone();
        spec.plant.timing.off = ms(0);
        spec.plant.timing.on = ms(0);
        let device = Device::new(spec.into(), &Credentials::default(), 3);
        let served = Served::start(device, 0, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        drop(_guard);
        Self { served, _runtime: runtime }
    }

    fn run(&self, program: &str, login: &[&str], args: &[&str]) -> (i32, String) {
        run(self.served.address, program, login, args)
    }

    fn power(&self, plug: &str) -> Power {
        self.served.with(|device, now| device.plant().power_at(plug, now).unwrap())
    }
}

fn run(address: SocketAddr, program: &str, login: &[&str], args: &[&str]) -> (i32, String) {
    let address = address.to_string();
    let (options, objects): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| arg.starts_with('-'));
    let mut all = vec!["-m", "", "-r", "1", "-t", "5", "-On", "-Oe"];
    all.extend(login);
    all.extend(options);
    all.push(&address);
    all.extend(objects);
    let child =
        Command::new(program).args(all).stdin(Stdio::null()).env("SNMPCONFPATH", "/nonexistent").output();
    let Output { status, stdout, stderr } =
        child.unwrap_or_else(|error| panic!("{program}: {error}; install snmp"));
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code().unwrap_or(-1), text)
}

#[track_caller]
fn says((exit, text): (i32, String), wanted: &str) {
    assert!(exit == 0 && text.contains(wanted), "exit {exit}, wanted `{wanted}`:\n{text}");
}

#[track_caller]
fn fails((exit, text): (i32, String), wanted: &str) {
    assert!(exit != 0 && text.contains(wanted), "exit {exit}, wanted `{wanted}`:\n{text}");
}

const V1: &[&str] = &["-v", "1", "-c", "fencelab"];
const V2: &[&str] = &["-v", "2c", "-c", "fencelab"];
const V3: &[&str] =
    &["-v", "3", "-l", "authPriv", "-u", "lab", "-a", "SHA", "-A", "fencelab", "-x", "AES", "-X", "fencelab"];

/// A login of v3, by user, authentication, privacy.
fn login<'a>(user: &'a str, auth: &'a str, privacy: &'a str) -> Vec<&'a str> {
    let level = match (auth, privacy) {
        ("", _) => "noAuthNoPriv",
        (_, "") => "authNoPriv",
        _ => "authPriv",
    };
    let mut login = vec!["-v", "3", "-l", level, "-u", user];
    if !auth.is_empty() {
        login.extend(["-a", auth, "-A", "fencelab"]);
    }
    if !privacy.is_empty() {
        login.extend(["-x", privacy, "-X", "fencelab"]);
    }
    login
}

#[test]
fn every_version_reads_and_orders() {
    let bench = Bench::new();
    let state = format!("{STATUS}.4");
    let command = format!("{COMMAND}.4");
    for login in [V1, V2, V3] {
        says(bench.run("snmpget", login, &[&state]), &format!(".{state} = INTEGER: 1"));
        says(bench.run("snmpset", login, &[&command, "i", "2"]), "INTEGER: 2");
        assert_eq!(bench.power("4"), Power::Off);
        says(bench.run("snmpget", login, &[&state]), "INTEGER: 2");
        says(bench.run("snmpset", login, &[&command, "i", "1"]), "INTEGER: 1");
        assert_eq!(bench.power("4"), Power::On);
    }
}

#[test]
fn every_algorithm_of_v3_that_the_tools_have() {
    let bench = Bench::new();
    let state = format!("{STATUS}.4");
    for (user, auth, privacy) in [
        ("lab", "SHA", "AES"),
        ("lab", "SHA", ""),
        ("lab", "", ""),
        ("md5des", "MD5", "DES"),
        ("sha224", "SHA-224", "AES"),
        ("sha384", "SHA-384", "AES"),
        ("authonly", "SHA", ""),
    ] {
        says(bench.run("snmpget", &login(user, auth, privacy), &[&state]), "INTEGER: 1");
    }
    // Longer AES keys are there where net-snmp was built with them.
    for (user, auth, privacy) in [("sha256", "SHA-256", "AES-192"), ("sha512", "SHA-512", "AES-256")] {
        let (exit, text) = bench.run("snmpget", &login(user, auth, privacy), &[&state]);
        assert!(
            exit == 0 && text.contains("INTEGER: 1") || text.contains("Invalid privacy protocol"),
            "{text}"
        );
    }
}

#[test]
fn walks_of_every_kind_agree_with_the_table() {
    let bench = Bench::new();
    let spec = pdu(USERS, "");
    let fencelab_devices::spec::FaceSpec::Snmp(face) = &spec.faces[0] else { panic!() };
    let rows: Vec<String> = face.table.rows().iter().map(|row| format!(".{}", row.oid)).collect();
    let walks: [(&str, &[&str]); 5] =
        [("snmpwalk", V1), ("snmpwalk", V2), ("snmpwalk", V3), ("snmpbulkwalk", V2), ("snmpbulkwalk", V3)];
    for (program, login) in walks {
        let (exit, text) = bench.run(program, login, &[".1"]);
        assert_eq!(exit, 0, "{text}");
        let objects: BTreeMap<String, String> = text
            .lines()
            .filter(|line| !line.contains("No more variables"))
            .filter_map(|line| line.split_once(" = "))
            .map(|(object, value)| (object.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(objects.len(), rows.len(), "{program} {login:?}:\n{text}");
        assert!(rows.iter().all(|row| objects.contains_key(row)), "{text}");
        assert_eq!(objects[&format!(".{NAMES}.7")], "STRING: \"Outlet 7\"");
        assert_eq!(objects[&format!(".{SYS_OBJECT_ID}")], "OID: .1.3.6.1.4.1.318.1.3.4.5");
        assert_eq!(objects[&format!(".{STATUS}.24")], "INTEGER: 1");
    }
    // What the agents of the field read.
    let (exit, text) = bench.run("snmpwalk", V1, &["-Oq", NAMES]);
    assert!(exit == 0 && text.lines().count() == 24, "{text}");
    assert!(text.starts_with(&format!(".{NAMES}.1 \"Outlet 1\"")), "{text}");
}

#[test]
fn a_table_is_printed_as_a_table() {
    let mib = r#"FENCELAB-TEST-MIB DEFINITIONS ::= BEGIN
enterprises OBJECT IDENTIFIER ::= { iso org(3) dod(6) internet(1) private(4) 1 }
outlets OBJECT-TYPE SYNTAX SEQUENCE OF Outlet MAX-ACCESS not-accessible STATUS current DESCRIPTION "x" ::= { enterprises 318 1 1 12 3 5 1 }
outlet OBJECT-TYPE SYNTAX Outlet MAX-ACCESS not-accessible STATUS current DESCRIPTION "x" INDEX { outletIndex } ::= { outlets 1 }
Outlet ::= SEQUENCE { outletIndex Integer32, outletName OCTET STRING, outletPhase Integer32, outletState Integer32 }
outletIndex OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS not-accessible STATUS current DESCRIPTION "x" ::= { outlet 1 }
outletName OBJECT-TYPE SYNTAX OCTET STRING MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { outlet 2 }
outletPhase OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { outlet 3 }
outletState OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { outlet 4 }
END
"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("FENCELAB-TEST-MIB.txt"), mib).unwrap();
    let bench = Bench::new();
    bench.served.with(|device, now| device.plant_mut().set(now, "3", Power::Off));
    for login in [V1, V2, V3] {
        let output = Command::new("snmptable")
            .args([
                "-M",
                &format!("+{}", folder.path().display()),
                "-m",
                "FENCELAB-TEST-MIB",
                "-Ci",
                "-Cf",
                ";",
            ])
            .args(login)
            .args([&bench.served.address.to_string(), "FENCELAB-TEST-MIB::outlets"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("Outlet ")).collect();
        assert_eq!(lines.len(), 24, "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("3;") && line.contains("Outlet 3") && line.ends_with(";2")),
            "{text}"
        );
    }
}

#[test]
fn refusals_are_in_the_usual_words() {
    let bench = Bench::new();
    let (state, command) = (format!("{STATUS}.4"), format!("{COMMAND}.4"));
    fails(bench.run("snmpget", &["-v", "1", "-c", "wrong"], &["-t1", "-r0", &state]), "Timeout");
    fails(bench.run("snmpget", V1, &[&format!("{STATUS}.99")]), "noSuchName");
    says(bench.run("snmpget", V2, &[&format!("{STATUS}.99")]), "No Such Instance");
    says(bench.run("snmpget", V2, &["1.3.6.1.4.1.9.9.0"]), "No Such Object");
    fails(bench.run("snmpset", V2, &[&command, "i", "9"]), "wrongValue");
    fails(bench.run("snmpset", V1, &[&command, "i", "9"]), "badValue");
    fails(bench.run("snmpset", V2, &[&command, "s", "x"]), "wrongType");
    fails(bench.run("snmpset", V2, &[&state, "i", "2"]), "notWritable");
    fails(bench.run("snmpset", &["-v", "2c", "-c", "public"], &[&command, "i", "2"]), "noAccess");
    fails(bench.run("snmpget", &login("stranger", "SHA", "AES"), &[&state]), "Unknown user name");
    let mut wrong = login("lab", "SHA", "AES");
    let place = wrong.iter().position(|word| *word == "-A").unwrap();
    wrong[place + 1] = "not the password";
    fails(bench.run("snmpget", &wrong, &[&state]), "Authentication failure");
    fails(bench.run("snmpget", &login("nobody", "SHA", ""), &[&state]), "Unsupported security level");
    says(bench.run("snmpget", &login("nobody", "", ""), &[SYS_DESCR]), "ACME PDU");
    says(bench.run("snmpget", &login("nobody", "", ""), &[&state]), "No Such");
    fails(bench.run("snmpget", &login("strict", "SHA", ""), &[&state]), "authorizationError");
    says(bench.run("snmpget", &login("strict", "SHA", "AES"), &[&state]), "INTEGER: 1");
    assert_eq!(bench.power("4"), Power::On);
}

/// Several devices behind one socket.
#[test]
fn a_rack_is_told_apart_by_community_or_context() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let devices = || {
        (1..=4)
            .map(|number: u64| {
                let mut device = Device::new(pdu("", ""), &Credentials::default(), number);
                if number == 3 {
                    device.plant_mut().set(ms(0), "5", Power::Off);
                }
                (number.to_string(), device)
            })
            .collect::<Vec<_>>()
    };
    let bind = SocketAddr::from(([127, 0, 0, 1], 0));
    let state = format!("{STATUS}.5");
    let rack = Rack::start(devices(), By::Community, 0, bind).unwrap();
    for version in ["1", "2c"] {
        let login = |community| ["-v", version, "-c", community];
        says(run(rack.address, "snmpget", &login("fencelab@3"), &[&state]), "INTEGER: 2");
        says(run(rack.address, "snmpget", &login("fencelab@4"), &[&state]), "INTEGER: 1");
        fails(run(rack.address, "snmpget", &login("fencelab@5"), &["-t1", "-r0", &state]), "Timeout");
        fails(run(rack.address, "snmpget", &login("fencelab"), &["-t1", "-r0", &state]), "Timeout");
    }
    says(
        run(rack.address, "snmpset", &["-v", "1", "-c", "fencelab@2"], &[&format!("{COMMAND}.5"), "i", "2"]),
        "INTEGER",
    );
    let truth = |rack: &Rack, index: usize| {
        rack.devices[index].with(|device, now| device.plant().power_at("5", now + ms(2000)))
    };
    assert_eq!(
        [0, 1, 2, 3].map(|index| truth(&rack, index)),
        [Power::On, Power::Off, Power::Off, Power::On].map(Some)
    );

    let rack = Rack::start(devices(), By::Context, 0, bind).unwrap();
    let login = |context| [V3, &["-n", context]].concat();
    says(run(rack.address, "snmpget", &login("3"), &[&state]), "INTEGER: 2");
    says(run(rack.address, "snmpget", &login("1"), &[&state]), "INTEGER: 1");
    fails(run(rack.address, "snmpget", &login("9"), &[&state]), "Bad context");
    says(run(rack.address, "snmpset", &login("4"), &[&format!("{COMMAND}.5"), "i", "2"]), "INTEGER");
    assert_eq!(
        [0, 1, 2, 3].map(|index| truth(&rack, index)),
        [Power::On, Power::On, Power::Off, Power::Off].map(Some)
    );
    let twins = vec![devices().remove(0), devices().remove(0)];
    assert!(Rack::start(twins, By::Context, 0, bind).unwrap_err().to_string().contains("two devices"));
}

/// What is recorded of a device's own wire holds the dialogue in the clear, and no login.
#[test]
fn the_own_wire_is_recorded_in_the_clear() {
    let bench = Bench::new();
    bench.served.with(|device, _| device.record());
    let command = format!("{COMMAND}.4");
    for login in [V1, V2, V3] {
        says(bench.run("snmpset", login, &[&command, "i", "2"]), "INTEGER: 2");
    }
    let events = bench.served.with(|device, _| device.take_events());
    let text = format!("{events:?}");
    assert!(!text.contains("fencelab"), "{text}");
    let claims = pdu(USERS, "").claims(&events);
    assert_eq!(claims, [], "the answer to a Set claims nothing");
    says(bench.run("snmpget", V3, &[&format!("{STATUS}.4")]), "INTEGER: 2");
    let events = bench.served.with(|device, _| device.take_events());
    let claims = pdu(USERS, "").claims(&events);
    let said: Vec<_> = claims.iter().map(|claim| (claim.plug.as_str(), claim.power)).collect();
    assert_eq!(said, [("4", Some(Power::Off))]);
    let _ = Value::Null;
}

/// A power strip of a thousand outlets: a shape of the corpus's, walked in every way that there is.
#[test]
fn a_thousand_outlets_are_walked() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus/apc/rpdu");
    let spec = fencelab_devices::DeviceSpec::load_shaped(&folder, &"plugs=1000".parse().unwrap()).unwrap();
    let runtime = runtime();
    let guard = runtime.enter();
    let device = Device::new(spec, &Credentials::default(), 3);
    let served = Served::start(device, 0, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    drop(guard);
    for (program, login) in [("snmpwalk", V2), ("snmpbulkwalk", V2), ("snmpbulkwalk", V3)] {
        let (exit, text) = run(served.address, program, login, &[STATUS]);
        assert_eq!(exit, 0, "{program}: {text}");
        let rows: Vec<String> = text.lines().map(str::to_owned).collect();
        let wanted = (1..=1000).map(|plug| format!(".{STATUS}.{plug} = INTEGER: 1"));
        assert!(rows.iter().cloned().eq(wanted), "{program}: {} rows", rows.len());
    }
}
