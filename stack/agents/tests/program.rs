//! The multi-call program: who it is, and how it installs itself.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};

use fencelab_agents::names;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fence-agents");

fn call(program: impl AsRef<Path>, args: &[&str]) -> Output {
    Command::new(program.as_ref()).args(args).stdin(Stdio::null()).output().expect("runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_link_or_a_copy_is_the_agent_of_its_name() {
    let folder = TempDir::new().unwrap();
    let (link, copy) = (folder.path().join("fence_ilo4"), folder.path().join("fence_ilo3"));
    symlink(PROGRAM, &link).unwrap();
    // By another process: if this one wrote it, a child that another test starts at that moment would hold it open for writing,
    // and what is open for writing cannot be run.
    assert!(Command::new("cp").arg(PROGRAM).arg(&copy).status().expect("cp runs").success());
    assert!(stdout(&call(&link, &["-o", "metadata"])).contains("name=\"fence_ilo4\""));
    assert!(stdout(&call(&copy, &["-o", "metadata"])).contains("name=\"fence_ilo3\""));
    assert_eq!(
        stdout(&call(PROGRAM, &["fence_idrac", "-o", "metadata"])).matches("name=\"fence_idrac\"").count(),
        1
    );
}

#[test]
fn install_makes_a_link_for_each_name_and_can_be_repeated() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("sbin");
    for _ in 0..2 {
        let output = call(PROGRAM, &["install", directory.to_str().unwrap()]);
        assert!(output.status.success(), "{}", stderr(&output));
        for agent in names() {
            let link = directory.join(agent.name);
            assert_eq!(fs::canonicalize(&link).unwrap(), fs::canonicalize(PROGRAM).unwrap());
            assert_eq!(call(&link, &["--version"]).status.code(), Some(0));
        }
    }
}

#[test]
fn install_leaves_the_files_of_others_alone_unless_forced() {
    let folder = TempDir::new().unwrap();
    let foreign = folder.path().join("fence_imm");
    fs::write(&foreign, "of somebody else").unwrap();
    let directory = folder.path().to_str().unwrap();
    let output = call(PROGRAM, &["install", directory]);
    assert!(
        !output.status.success() && stderr(&output).contains("fence_imm is not a link to this program"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_dir(directory).unwrap().count(), 1, "nothing was changed");
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "of somebody else");
    assert!(call(PROGRAM, &["install", "--force", directory]).status.success());
    assert_eq!(fs::canonicalize(&foreign).unwrap(), fs::canonicalize(PROGRAM).unwrap());
}

#[test]
fn install_never_removes_a_directory() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("fence_imm")).unwrap();
    assert!(!call(PROGRAM, &["install", "--force", folder.path().to_str().unwrap()]).status.success());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn list_and_usage() {
    let list = stdout(&call(PROGRAM, &["list"]));
    assert_eq!(list.lines().count(), names().len());
    assert!(names().iter().all(|agent| list.contains(agent.name) && list.contains(agent.description)));
    assert!(call(PROGRAM, &["--help"]).status.success());
    for args in [&[][..], &["bogus"], &["install"], &["list", "more"]] {
        let output = call(PROGRAM, args);
        assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn help_names_every_option() {
    let output = call(PROGRAM, &["fence_ipmilan", "--help"]);
    assert!(output.status.success());
    for option in [
        "-a, --ip=[ip]",
        "-C, --cipher=[id]",
        "-P, --lanplus",
        "--hexadecimal-kg=[key]",
        "-o, --action=[action]",
    ] {
        assert!(stdout(&output).contains(option), "{option}");
    }
}

#[test]
fn empty_input_asks_for_an_address_and_fences_nobody() {
    let output = call(PROGRAM, &["fence_ipmilan"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the address of the fence device is needed"), "{}", stderr(&output));
}
