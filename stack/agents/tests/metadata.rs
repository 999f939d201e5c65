//! The metadata is what the field's grammar and the field's own agents say it must be. Needs Debian's `fence-agents`
//! (with its RELAX NG grammar) and `libxml2-utils`; both are run, nothing is copied from them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use fencelab_agents::{Invocation, names, run};
use fencelab_link::memory::MemoryWorld;
use quick_xml::{Reader, events::Event};

const GRAMMAR: &str = "/usr/share/cluster/relaxng/metadata.rng";

fn ours(name: &str) -> String {
    let invocation = Invocation {
        program: name.to_owned(),
        args: vec!["-o".into(), "metadata".into()],
        ..Invocation::default()
    };
    let outcome = run(&invocation, &mut MemoryWorld::new(0));
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""), "{name}");
    outcome.stdout
}

fn theirs(name: &str) -> String {
    let program = format!("/usr/sbin/{name}");
    let output = Command::new(&program).args(["-o", "metadata"]).output();
    let output = output
        .unwrap_or_else(|error| panic!("{program}: {error}; `apt-get install fence-agents` provides it"));
    String::from_utf8(output.stdout).expect("metadata is UTF-8")
}

/// What matters of a parameter: attributes, type, default, choices.
#[derive(Debug, Default, Eq, PartialEq)]
struct Parameter {
    attributes: BTreeMap<String, String>,
    content: BTreeMap<String, String>,
    options: Vec<String>,
    short: Option<String>,
}

fn attributes(element: &quick_xml::events::BytesStart<'_>) -> BTreeMap<String, String> {
    let pairs = element.attributes().map(|attribute| {
        let attribute = attribute.expect("attributes are well-formed");
        let value = quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).expect("UTF-8"))
            .expect("known entities")
            .into_owned();
        (String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), value)
    });
    pairs.collect()
}

fn parse(xml: &str) -> (BTreeMap<String, Parameter>, Vec<String>) {
    let mut reader = Reader::from_str(xml);
    let (mut parameters, mut actions) = (BTreeMap::new(), Vec::new());
    let mut current = String::new();
    loop {
        let event = reader.read_event().expect("well-formed");
        let (Event::Start(element) | Event::Empty(element)) = &event else {
            if event == Event::Eof {
                return (parameters, actions);
            }
            continue;
        };
        let mut found = attributes(element);
        match element.name().as_ref() {
            b"parameter" => {
                current = found.remove("name").expect("a parameter has a name");
                let before = parameters
                    .insert(current.clone(), Parameter { attributes: found, ..Parameter::default() });
                assert!(before.is_none(), "{current} is there twice");
            }
            b"getopt" => {
                let mixed = found.remove("mixed").unwrap_or_default();
                let short = mixed
                    .strip_prefix('-')
                    .filter(|rest| !rest.starts_with('-'))
                    .map(|rest| rest.chars().take(1).collect());
                parameters.get_mut(&current).expect("in a parameter").short = short;
            }
            b"content" => parameters.get_mut(&current).expect("in a parameter").content = found,
            b"option" => {
                parameters.get_mut(&current).expect("in a parameter").options.extend(found.remove("value"))
            }
            b"action" => {
                let mut text = found.remove("name").expect("an action has a name");
                found.iter().for_each(|(key, value)| text.push_str(&format!(" {key}={value}")));
                actions.push(text);
            }
            _ => {}
        }
    }
}

#[test]
fn every_agent_is_valid_by_the_grammar() {
    assert!(Path::new(GRAMMAR).exists(), "{GRAMMAR} is missing; `apt-get install fence-agents` provides it");
    for agent in names() {
        let mut child = Command::new("xmllint")
            .args(["--noout", "--relaxng", GRAMMAR, "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("`apt-get install libxml2-utils` provides xmllint");
        child.stdin.take().expect("piped").write_all(ours(agent.name).as_bytes()).expect("xmllint reads");
        let output = child.wait_with_output().expect("xmllint ends");
        assert!(output.status.success(), "{}: {}", agent.name, String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_broken_document_is_seen_by_the_grammar() {
    let path = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(path.path(), ours("fence_ipmilan").replace("<vendor-url></vendor-url>", ""))
        .expect("written");
    let output = Command::new("xmllint")
        .args(["--noout", "--relaxng", GRAMMAR])
        .arg(path.path())
        .output()
        .expect("xmllint");
    assert!(!output.status.success(), "the check above can fail");
}

/// Options for which ours have more choices than the field's: algorithms that newer devices want.
const WIDER: [&str; 2] = ["snmp_auth_prot", "snmp_priv_prot"];

/// An agent of the field that Debian's package does not have yet.
const NOT_PACKAGED: &str = "fence_eaton_ssh";

#[test]
fn whatever_the_fields_agents_take_and_do_ours_do_too() {
    for agent in names().iter().filter(|agent| agent.name != NOT_PACKAGED) {
        let (mut ours, our_actions) = parse(&ours(agent.name));
        let (theirs, their_actions) = parse(&theirs(agent.name));
        for (name, their) in &theirs {
            let our = ours.get_mut(name).unwrap_or_else(|| panic!("{}: {name} is missing", agent.name));
            if WIDER.contains(&name.as_str()) {
                assert!(our.options.len() > their.options.len(), "{}: {name}", agent.name);
                our.options.truncate(their.options.len());
            }
            assert_eq!(our, their, "{}: {name}", agent.name);
        }
        assert_eq!(our_actions, their_actions, "{}", agent.name);
        // Beyond theirs: the address families, which theirs leave to SSH, and for devices with many plugs what a plug
        // means that is not there.
        let more: BTreeSet<&str> =
            ours.keys().filter(|name| !theirs.contains_key(*name)).map(String::as_str).collect();
        let mut wanted = BTreeSet::from(["inet4_only", "inet6_only"]);
        wanted.extend(our_actions.iter().any(|action| action == "list").then_some("missing_as_off"));
        wanted.retain(|name| !theirs.contains_key(*name));
        assert_eq!(more, wanted, "{}", agent.name);
    }
}

#[test]
fn the_root_names_the_agent_and_its_fellows() {
    for agent in names() {
        let xml = ours(agent.name);
        assert!(xml.contains(&format!("<resource-agent name=\"{}\"", agent.name)), "{xml}");
        let fellows = match agent.name {
            "fence_apc_snmp" | "fence_tripplite_snmp" => 1,
            "fence_ilo_ssh" | "fence_ilo3_ssh" | "fence_ilo4_ssh" | "fence_ilo5_ssh" => 3,
            _ if agent.description.contains("IPMI") => 6,
            _ => 0,
        };
        assert_eq!(xml.matches("<symlink ").count(), fellows, "{}", agent.name);
    }
}
