//! Real clients against the generic BMC behind a real socket: what they print and how they exit.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use fencelab_devices::serve::Served;
use fencelab_devices::{Credentials, Device, DeviceSpec, Power, corpus};
use fencelab_transcript::{DeviceIdentity, Header, LinkInfo, Transcript};

/// The generic device with relays that need no time.
fn device() -> Device {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus");
    let generic = corpus::find(&root, "generic/ipmi-2.0").unwrap_or_else(|error| panic!("{error}"));
    let mut spec: DeviceSpec = (*generic).clone();
    spec.plant.timing.off = std::time::Duration::ZERO;
    spec.plant.timing.on = std::time::Duration::ZERO;
    Device::new(spec.into(), &Credentials::default(), 7)
}

struct Bench {
    served: Served,
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::of(device())
    }

    fn of(device: Device) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let served = {
            let _guard = runtime.enter();
            Served::start(device, 0, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("freeipmi.conf"), "username lab\npassword fencelab\n").unwrap();
        Self { served, runtime, folder }
    }

    fn run(&self, program: &str, args: &[&str]) -> (i32, String) {
        let child =
            Command::new(program).args(args).env("IPMI_PASSWORD", "fencelab").stdin(Stdio::null()).output();
        let Output { status, stdout, stderr } =
            child.unwrap_or_else(|error| panic!("{program}: {error}; install ipmitool and freeipmi-tools"));
        let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        (status.code().unwrap_or(-1), text)
    }

    fn ipmitool(&self, interface: &[&str], command: &[&str]) -> (i32, String) {
        let port = self.served.address.port().to_string();
        let mut args = interface.to_vec();
        args.extend(["-H", "127.0.0.1", "-p", &port, "-U", "lab", "-E", "-N", "2"]);
        args.extend(command);
        self.run("ipmitool", &args)
    }

    fn freeipmi(&self, program: &str, args: &[&str]) -> (i32, String) {
        let config = format!("--config-file={}", self.folder.path().join("freeipmi.conf").display());
        let host = format!("127.0.0.1:{}", self.served.address.port());
        let mut all = vec![config.as_str(), "-h", &host];
        all.extend(args);
        self.run(program, &all)
    }

    fn power(&self) -> Power {
        self.served.with(|device, _| device.plant().plugs()[0].power())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = &self.runtime;
    }
}

/// What was said to a device is said again to a strict replay of it, by the same programs.
#[test]
fn a_recording_replays_to_the_same_clients() {
    let asks: &[(&[&str], &[&str])] = &[
        (&["-I", "lanplus"], &["chassis", "power", "status"]),
        (&["-I", "lanplus", "-C", "3"], &["chassis", "power", "off"]),
        (&["-I", "lan"], &["chassis", "power", "status"]),
        (&["-I", "lan"], &["sdr", "list"]),
        (&["-I", "lanplus", "-C", "17"], &["chassis", "power", "on"]),
        (&["-I", "lanplus", "-C", "17"], &["mc", "info"]),
    ];
    let bench = Bench::new();
    bench.served.with(|device, _| device.record());
    let recorded: Vec<(i32, String)> =
        asks.iter().map(|(interface, command)| bench.ipmitool(interface, command)).collect();
    says(recorded[2].clone(), "Chassis Power is off");
    let events = bench.served.with(|device, _| device.take_events());
    let header = Header::new(DeviceIdentity::new("Generic", "IPMI 2.0"), LinkInfo::new("ipmi", "udp", 623));
    let spec = DeviceSpec::from_transcript(Transcript { header, events }).unwrap();
    let replay = Bench::of(Device::new(spec, &Credentials::default(), 8));
    for _ in 0..2 {
        for ((interface, command), recorded) in asks.iter().zip(&recorded) {
            assert_eq!(&replay.ipmitool(interface, command), recorded, "{command:?}");
        }
    }
    replay.served.with(|device, _| assert_eq!(device.divergences(), []));
}

#[track_caller]
fn says((exit, text): (i32, String), wanted: &str) {
    assert!(exit == 0 && text.contains(wanted), "exit {exit}, wanted `{wanted}`:\n{text}");
}

#[test]
fn ipmitool_moves_power_over_every_interface() {
    let bench = Bench::new();
    let md5: &[&str] = &["-I", "lan", "-A", "MD5", "-L", "ADMINISTRATOR"];
    let password: &[&str] = &["-I", "lan", "-A", "PASSWORD", "-L", "OPERATOR"];
    let suite3: &[&str] = &["-I", "lanplus", "-C", "3", "-L", "OPERATOR"];
    let suite17: &[&str] = &["-I", "lanplus", "-C", "17"];
    let asks: &[&str] = &["-I", "lanplus"];
    for interface in [md5, password, suite3, suite17, asks] {
        says(bench.ipmitool(interface, &["chassis", "power", "off"]), "Chassis Power Control: Down/Off");
        assert_eq!(bench.power(), Power::Off);
        says(bench.ipmitool(interface, &["chassis", "power", "status"]), "Chassis Power is off");
        says(bench.ipmitool(interface, &["chassis", "power", "on"]), "Chassis Power Control: Up/On");
        assert_eq!(bench.power(), Power::On);
        says(bench.ipmitool(interface, &["chassis", "power", "status"]), "Chassis Power is on");
    }
}

#[test]
fn ipmitool_does_the_rest_of_power() {
    let bench = Bench::new();
    let lan: &[&str] = &["-I", "lanplus", "-C", "3"];
    says(bench.ipmitool(lan, &["chassis", "power", "reset"]), "Chassis Power Control: Reset");
    says(bench.ipmitool(lan, &["chassis", "power", "diag"]), "Chassis Power Control: Diag");
    says(bench.ipmitool(lan, &["chassis", "power", "cycle"]), "Chassis Power Control: Cycle");
    assert_eq!(bench.power(), Power::Off);
    let (exit, text) = bench.ipmitool(lan, &["chassis", "power", "cycle"]);
    assert!(exit != 0 && text.contains("Command not supported in present state"), "{text}");
    let pulses = bench.served.with(|device, _| device.plant().pulses().len());
    assert_eq!(pulses, 2);
}

#[test]
fn ipmitool_reads_what_the_device_is() {
    let bench = Bench::new();
    let lan: &[&str] = &["-I", "lanplus", "-C", "17"];
    says(bench.ipmitool(lan, &["mc", "info"]), "IPMI Version              : 2.0");
    says(bench.ipmitool(lan, &["mc", "guid"]), "System GUID");
    says(bench.ipmitool(lan, &["mc", "selftest"]), "Selftest: passed");
    says(bench.ipmitool(lan, &["chassis", "status"]), "Power Restore Policy : previous");
    says(bench.ipmitool(lan, &["chassis", "policy", "list"]), "always-on");
    says(bench.ipmitool(lan, &["chassis", "restart_cause"]), "System restart cause");
    says(bench.ipmitool(lan, &["chassis", "identify", "5"]), "Chassis identify interval: 5 seconds");
    says(bench.ipmitool(lan, &["chassis", "bootdev", "pxe"]), "Set Boot Device to pxe");
    says(bench.ipmitool(lan, &["chassis", "bootparam", "get", "5"]), "Force PXE");
    says(bench.ipmitool(lan, &["sdr", "list", "all"]), "Ambient Temp     | 24 degrees C      | ok");
    says(bench.ipmitool(lan, &["sensor", "list"]), "Ambient Temp");
    says(bench.ipmitool(lan, &["fru", "list"]), "Product Name          : IPMI 2.0");
    says(bench.ipmitool(lan, &["sel", "list"]), "SEL has no entries");
    says(bench.ipmitool(lan, &["chassis", "power", "off"]), "Down/Off");
    says(bench.ipmitool(lan, &["sel", "list"]), "Power off/down | Asserted");
    says(bench.ipmitool(lan, &["user", "list", "1"]), "lab");
    says(bench.ipmitool(lan, &["lan", "print", "1"]), "MAC Address");
    says(bench.ipmitool(lan, &["channel", "info", "1"]), "802.3 LAN");
    says(bench.ipmitool(lan, &["mc", "watchdog", "get"]), "Watchdog");
}

#[test]
fn freeipmi_speaks_to_it() {
    let bench = Bench::new();
    for driver in [&["-D", "LAN_2_0", "-I", "3"][..], &["-D", "LAN_2_0", "-I", "17"], &["-D", "LAN"]] {
        let with = |args: &[&'static str]| [driver, args].concat();
        says(bench.freeipmi("ipmipower", &with(&["--off", "--wait-until-off"])), "ok");
        assert_eq!(bench.power(), Power::Off);
        says(bench.freeipmi("ipmipower", &with(&["--stat"])), "off");
        says(bench.freeipmi("ipmipower", &with(&["--on", "--wait-until-on"])), "ok");
        assert_eq!(bench.power(), Power::On);
        says(
            bench.freeipmi("ipmi-chassis", &with(&["--get-status"])),
            "System Power                        : on",
        );
        says(bench.freeipmi("bmc-info", &with(&[])), "IPMI Version          : 2.0");
    }
}

#[test]
fn wrong_logins_are_refused_in_the_usual_words() {
    let bench = Bench::new();
    let port = bench.served.address.port().to_string();
    let lan = ["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", &port, "-N", "2", "-R", "1", "-E"];
    let (exit, text) = bench.run("ipmitool", &[&lan[..], &["-U", "nobody", "power", "status"]].concat());
    assert!(exit != 0 && text.contains("Unable to establish IPMI v2"), "{text}");
    let output = Command::new("ipmitool")
        .args(lan)
        .args(["-U", "lab", "power", "status"])
        .env("IPMI_PASSWORD", "wrong")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("Unable to establish IPMI v2"), "{text}");
    let (exit, text) = bench.ipmitool(&["-I", "lanplus", "-C", "3", "-L", "USER"], &["power", "off"]);
    assert!(exit != 0 && text.contains("Insufficient privilege level"), "{text}");
    assert_eq!(bench.power(), Power::On);
}
