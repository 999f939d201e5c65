//! The command line of a guest that is a User-Mode Linux kernel: a program of the host, whose processes the guest's own
//! programs are.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::statvfs::{FsFlags, statvfs};

use crate::parts::Parts;

/// Ends the guest with its owner. Standard input is a pipe that the owner holds open and never writes to; a process beside
/// the guest's waits for its end, in whatever way the owner goes, and then kills the whole group: a kernel that dies alone
/// sets the processes of its guest free, to call the host's kernel instead. The guest finds its agent's line as standard
/// input, and its console as standard output and error.
const KEPT: &str = r#"exec 3<&0
{ read -r _; kill -s KILL 0; } <&3 >/dev/null 2>&1 &
exec "$@" 3<&- <&1 >&2"#;

/// The guest as the leader of its process group: standard input is to be a pipe of its owner's, standard output the agent's
/// line, and standard error the console, both sockets.
pub(crate) fn command(parts: &Parts<'_>) -> Command {
    let folder = parts.initrd.parent().unwrap_or(Path::new("."));
    // One that ran before in its place has left its control socket, and the number of its process, which may be another's now.
    let _ = fs::remove_dir_all(folder.join(name_of(parts)));
    let mut command = kept(parts.kernel);
    command.args(arguments(parts, megahertz())).current_dir(folder);
    command.env("TMPDIR", memory_folder(parts.memory * parts.node.1, folder));
    command
}

fn kept(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", KEPT, "sh"]).arg(program);
    command
}

/// Files are named without their folder, in which the kernel starts: its options are lists of words with commas, and a
/// socket's path is short.
fn arguments(parts: &Parts<'_>, megahertz: u32) -> Vec<String> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut arguments = vec![
        format!("mem={}M", parts.memory),
        format!("initrd={}", name(parts.initrd)),
        format!("umid={}", name_of(parts)),
        "uml_dir=./".to_owned(),
        "con=null".to_owned(),
        "con0=fd:1".to_owned(),
        "ssl=null".to_owned(),
        "ssl0=fd:0".to_owned(),
        "console=tty0".to_owned(),
        // The switch's sockets are of the kind that the transport of this name speaks.
        format!(
            "vec0:transport=bess,dst={},mac={},mtu={}",
            name(parts.port),
            parts.hardware_address(),
            parts.mtu
        ),
        // The power goes where others boot again, as in other guests.
        "noreboot".to_owned(),
        "quiet".to_owned(),
        "rootfstype=ramfs".to_owned(),
        format!("MEGAHERTZ={megahertz}"),
    ];
    arguments.extend(parts.environment().split(' ').map(str::to_owned));
    arguments
}

fn name_of(parts: &Parts<'_>) -> String {
    format!("node{}", parts.node.0)
}

/// The clock of the host's processor, which guests don't see by themselves and perftest asks for.
fn megahertz() -> u32 {
    fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| clock_in(&text)).unwrap_or(1000)
}

fn clock_in(cpuinfo: &str) -> Option<u32> {
    let line = cpuinfo.lines().find(|line| line.starts_with("cpu MHz"))?;
    line.split([':', '.']).nth(1)?.trim().parse().ok()
}

/// Where a guest's memory is a file. In a file system on a disk it would be written there, so that it is shared memory where
/// that has room for all guests (MiB) and lets programs run; containers often have 64 MiB, or forbid it.
fn memory_folder(needed: usize, otherwise: &Path) -> &Path {
    let shared = Path::new("/dev/shm");
    match statvfs(shared) {
        Ok(found) => {
            let available = (found.blocks_available() * found.fragment_size()) >> 20;
            let fits = usize::try_from(available).is_ok_and(|available| available >= needed);
            if fits && !found.flags().contains(FsFlags::ST_NOEXEC) { shared } else { otherwise }
        }
        Err(_) => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Stdio;

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::*;
    use crate::options::{Kernel, Rdma};

    fn parts() -> Parts<'static> {
        Parts {
            kind: Kernel::UserMode,
            kvm: false,
            rdma: Rdma::Siw,
            node: (10, 12),
            kernel: Path::new("/cache/linux"),
            initrd: Path::new("/tmp/a folder, with a comma/initrd"),
            memory: 300,
            mtu: 4200,
            pinned: false,
            agent: Path::new("/tmp/a folder, with a comma/10.agent"),
            port: Path::new("/tmp/a folder, with a comma/10.port"),
        }
    }

    #[test]
    fn the_kernel_is_told_its_memory_files_lines_and_environment() {
        let arguments = arguments(&parts(), 2600);
        for wanted in [
            "mem=300M",
            "initrd=initrd",
            "umid=node10",
            "con0=fd:1",
            "ssl0=fd:0",
            "vec0:transport=bess,dst=10.port,mac=52:54:00:77:00:0a,mtu=4200",
            "KERNEL=user-mode",
            "NODE=10",
            "NODES=12",
            "MTU=4200",
            "RDMA=siw",
            "MEGAHERTZ=2600",
        ] {
            assert!(arguments.iter().any(|argument| argument == wanted), "{wanted} is not in {arguments:?}");
        }
        // The kernel joins them to one line, and takes it apart at each space.
        assert!(arguments.iter().all(|argument| !argument.contains(' ')), "{arguments:?}");
    }

    #[test]
    fn it_starts_in_the_folder_of_its_files() {
        let parts = parts();
        let command = command(&parts);
        assert_eq!(command.get_current_dir(), parts.initrd.parent());
        assert_eq!(command.get_args().nth(3), Some(parts.kernel.as_os_str()));
    }

    #[test]
    fn even_a_frozen_guest_ends_with_its_owner() {
        let (line, _agents) = UnixStream::pair().unwrap();
        let (console, console_end) = UnixStream::pair().unwrap();
        let mut guest = kept(Path::new("sh"))
            .args(["-c", "echo up >&2; read -r _"])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(OwnedFd::from(line))
            .stderr(OwnedFd::from(console_end))
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(console).read_line(&mut said).unwrap();
        assert_eq!(said, "up\n");
        kill(Pid::from_raw(guest.id().cast_signed()), Signal::SIGSTOP).unwrap();
        drop(guest.stdin.take());
        assert_eq!(guest.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    }

    #[test]
    fn the_clock_is_read_as_the_host_shows_it() {
        assert_eq!(clock_in("processor\t: 0\ncpu MHz\t\t: 2595.124\ncpu MHz\t\t: 1.0\n"), Some(2595));
        assert_eq!(clock_in("processor\t: 0\n"), None);
    }

    #[test]
    fn memory_that_no_shared_memory_holds_is_beside_the_guest() {
        let beside = Path::new("/somewhere");
        assert_eq!(memory_folder(usize::MAX, beside), beside);
    }
}
