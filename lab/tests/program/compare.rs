//! `compare`: two reports made by hand, and what is told of them.

use std::path::Path;

use serde_json::{Value, json};

use crate::process::{fencelab, run, told};

fn finding(agent: &str, property: &str, condition: &str, rate: f64) -> Value {
    json!({
        "agent": agent, "device": "apc/rpdu", "action": "off", "property": property, "class": "lie",
        "condition": condition, "rate": rate, "fault": "drop", "evidence": "off exit 0, but plug 3 was never <off>",
        "replay": format!("fencelab test apc/rpdu --agent {agent} --suite properties --property {property} --fault 'drop'"),
        "expected": null, "a-field-of-tomorrow": [1, 2],
    })
}

/// Writes a report about these agents; each was tried with two properties.
fn report(folder: &Path, name: &str, agents: &[&str], findings: &[Value]) -> String {
    let cells: Vec<Value> = agents
        .iter()
        .flat_map(|agent| {
            ["no-false-off", "no-leak"].map(|check| {
                json!({"agent": agent, "device": "apc/rpdu", "suite": "properties", "check": check, "result": "pass"})
            })
        })
        .collect();
    let whole = json!({"format": "1.1", "started": "2026-11-27T10:00:00Z", "command": "fencelab hunt",
        "findings": findings, "table": cells});
    let path = folder.join(name);
    std::fs::write(&path, whole.to_string()).unwrap();
    path.display().to_string()
}

#[test]
fn what_is_new_and_what_is_mended_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (one, two) = ("/old/fence_one", "/old/fence_two");
    let old = report(
        folder.path(),
        "old.json",
        &[one, two],
        &[
            finding(one, "no-false-off", "on a healthy device", 1.0),
            finding(one, "no-leak", "on a healthy device", 1.0),
            finding(one, "heals", "on a healthy device", 1.0),
            finding(two, "no-false-off", "on a healthy device", 1.0),
        ],
    );
    let (one, two) = ("/new/fence_one", "/new/fence_two");
    let new = report(
        folder.path(),
        "new.json",
        &[one, two],
        &[
            finding(one, "no-false-off", "on a healthy device", 1.0),
            finding(two, "no-false-off", "on a healthy device", 0.5),
            finding(two, "no-false-off", "where the answer is damaged", 1.0),
        ],
    );
    let output = run(fencelab()
        .args(["compare", &old, &new])
        .arg("--json")
        .arg(at("c.json"))
        .arg("--html")
        .arg(at("c.html")));
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("1 new, 1 changed, 1 mended, 1 not tried again, 1 the same"), "{text}");
    assert!(text.contains("again     fencelab test apc/rpdu --agent /new/fence_two"), "{text}");
    assert!(text.contains("it was seen in 100 % of the runs"), "{text}");

    let comparison: Value = serde_json::from_slice(&std::fs::read(at("c.json")).unwrap()).unwrap();
    assert_eq!(comparison["holds"], false);
    assert_eq!(comparison["counts"]["mended"], 1);
    assert_eq!(
        (&comparison["findings"][0]["status"], &comparison["findings"][0]["worse"]),
        (&"new".into(), &true.into())
    );
    let page = std::fs::read_to_string(at("c.html")).unwrap();
    assert!(
        page.contains("Mended") && page.contains("something is worse") && page.contains("never &lt;off&gt;"),
        "{page}"
    );

    // The other way round the finding that shows more rarely is the only one that both have in another form.
    let output = run(fencelab().args(["compare", &new, &old]));
    assert!(told(&output).contains("2 new, 1 changed, 1 mended, 1 the same"), "{}", told(&output));
}

#[test]
fn two_versions_under_two_names_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, agent: &str| {
        report(folder.path(), name, &[agent], &[finding(agent, "no-false-off", "on a healthy device", 1.0)])
    };
    let output =
        run(fencelab().args(["compare", &of("a.json", "/x/fence_v1"), &of("b.json", "/x/fence_v2")]));
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(told(&output).contains("0 new, 1 the same"), "{}", told(&output));
}

#[test]
fn what_is_no_report_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let good = report(folder.path(), "good.json", &["/x/fence_one"], &[]);
    let bad = folder.path().join("bad.json");
    std::fs::write(&bad, "{\n  \"format\": \"1.1\",\n  \"findings\": 7\n}").unwrap();
    let output = run(fencelab().arg("compare").arg(&good).arg(&bad));
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).starts_with(&format!("fencelab: {}:3:15: ", bad.display())), "{}", told(&output));
}
