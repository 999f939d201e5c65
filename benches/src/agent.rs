//! Fence agents as whole processes, options on stdin as Pacemaker gives them.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{PASSWORD, USER, peer};

/// Our agent under its name: a link to the multi-call program, as it is installed.
#[derive(Debug)]
pub struct Ours {
    path: PathBuf,
    _folder: TempDir,
}

impl Ours {
    /// Makes the link.
    ///
    /// # Errors
    /// The program is not built.
    pub fn install(name: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("failed to make a folder")?;
        let path = folder.path().join(name);
        symlink(peer::program("fence-agents")?, &path).context("failed to link the agent")?;
        Ok(Self { path, _folder: folder })
    }

    /// The program to start.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What an SNMP agent is told: the status of this plug of our emulated device, by this version of SNMP.
pub fn snmp_options(device: SocketAddr, version: &str, plug: &str) -> String {
    let (ip, port) = (device.ip(), device.port());
    let login = if version == "3" {
        format!(
            "username={USER}\npassword={PASSWORD}\nsnmp_auth_prot=SHA\nsnmp_sec_level=authPriv\nsnmp_priv_prot=AES\nsnmp_priv_passwd={PASSWORD}\n"
        )
    } else {
        format!("community={PASSWORD}\n")
    };
    format!("action=status\nip={ip}\nipport={port}\nplug={plug}\nsnmp_version={version}\n{login}")
}

/// What a console agent is told: the status of this plug of our emulated device, by telnet or SSH. Of SSH's host keys the lab
/// knows none.
pub fn console_options(device: SocketAddr, link: &str, plug: &str) -> String {
    let (ip, port) = (device.ip(), device.port());
    let plug = if plug.is_empty() { String::new() } else { format!("plug={plug}\n") };
    let secure = if link == "ssh" {
        "ssh=1\nssh_options=-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no\n"
    } else {
        ""
    };
    format!("action=status\nip={ip}\nipport={port}\nusername={USER}\npassword={PASSWORD}\n{plug}{secure}")
}

/// What `fence_ipmilan` is told: the status of our emulated BMC, over lanplus with this suite.
pub fn options(bmc: SocketAddr, suite: u8) -> String {
    let (ip, port) = (bmc.ip(), bmc.port());
    format!(
        "action=status\nip={ip}\nipport={port}\nlanplus=1\ncipher={suite}\nusername={USER}\npassword={PASSWORD}\n"
    )
}

/// The time of one run, from start to exit.
///
/// # Errors
/// It exits with anything but 0: the plug is on.
pub fn status(agent: &Path, input: &str) -> Result<Duration> {
    let start = Instant::now();
    let mut child = Command::new(agent)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {}", agent.display()))?;
    let mut stdin = child.stdin.take().context("the agent has no stdin")?;
    stdin.write_all(input.as_bytes()).context("failed to tell the agent its options")?;
    drop(stdin);
    let output = child.wait_with_output().context("failed to wait for the agent")?;
    let time = start.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(0), "{} gave {}: {said}", agent.display(), output.status);
    Ok(time)
}
