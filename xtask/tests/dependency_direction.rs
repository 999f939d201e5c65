//! Who may use whom, as the design says: a crate that reaches the wrong way fails here, with both names.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate of ours and the crates of ours that it may use in its normal build.
const ALLOWED: &[(&str, &[&str])] = &[
    ("fencelab-transcript", &[]),
    ("fencelab-wire", &[]),
    ("fencelab-link", &["fencelab-wire"]),
    ("fencelab-agents", &["fencelab-link", "fencelab-wire"]),
    ("fencelab-fabric", &[]),
    ("fencelab-pty", &[]),
    ("fencelab-devices", &["fencelab-pty", "fencelab-transcript", "fencelab-wire"]),
    ("fencelab-recorder", &["fencelab-link", "fencelab-pty", "fencelab-transcript", "fencelab-wire"]),
    ("fencelab-suites", &["fencelab-agents", "fencelab-devices", "fencelab-link", "fencelab-transcript"]),
    (
        "fencelab",
        &[
            "fencelab-agents",
            "fencelab-devices",
            "fencelab-fabric",
            "fencelab-link",
            "fencelab-recorder",
            "fencelab-suites",
            "fencelab-transcript",
            "fencelab-wire",
        ],
    ),
    (
        "fencelab-benches",
        &[
            "fencelab-agents",
            "fencelab-devices",
            "fencelab-fabric",
            "fencelab-guest",
            "fencelab-link",
            "fencelab-peers",
            "fencelab-recorder",
            "fencelab-suites",
            "fencelab-transcript",
            "fencelab-wire",
        ],
    ),
    ("fencelab-guest", &[]),
    ("fencelab-peers", &[]),
    ("xtask", &["fencelab-guest"]),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Package name → names of the packages of ours that its normal and build dependencies name.
fn arrows(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().expect("packages");
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .filter_map(|dependency| dependency["name"].as_str())
                .filter(|name| ours.contains(name))
                .map(str::to_owned)
                .collect();
            (package["name"].as_str().expect("name").to_owned(), uses)
        })
        .collect()
}

#[test]
fn no_crate_uses_one_that_the_design_does_not_allow() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    for (package, uses) in arrows(&metadata()) {
        let may = allowed
            .get(package.as_str())
            .unwrap_or_else(|| panic!("{package} is new: give it its place in the design and in this test"));
        for used in uses {
            assert!(may.contains(&used.as_str()), "{package} uses {used}, which the design does not allow");
        }
    }
}

#[test]
fn every_crate_of_the_design_is_there() {
    let arrows = arrows(&metadata());
    for (package, _) in ALLOWED {
        assert!(arrows.contains_key(*package), "{package} is gone from the workspace");
    }
}

/// Sources below the line of I/O: no socket, clock or random source may be named there.
#[test]
fn sans_io_crates_name_no_clock_and_no_socket() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let listed = Command::new("git")
        .args(["ls-files", "stack/wire/src", "devices/src", "transcripts/src"])
        .current_dir(root)
        .output()
        .expect("git starts");
    let files = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    assert!(files.lines().count() > 10, "the folders moved: {files}");
    for file in files.lines().filter(|file| !file.starts_with("devices/src/serve")) {
        let text = std::fs::read_to_string(format!("{root}/{file}")).expect("a listed file can be read");
        for banned in ["Instant::now", "SystemTime::now", "UdpSocket", "TcpStream", "TcpListener"] {
            assert!(!text.contains(banned), "{file} names {banned}: I/O belongs above this line");
        }
    }
}
