//! Runs an external agent: its own process group, a small known environment, a last bound, and everything it wrote.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::run::Exit;

/// What is kept of each output; a runaway agent may not fill the memory.
const OUTPUT_LIMIT: usize = 256 * 1024;
/// How long the pipes may stay open after the whole group was killed.
const DRAIN: Duration = Duration::from_secs(2);
/// How long an agent may think about its own metadata.
const METADATA_BOUND: Duration = Duration::from_secs(30);

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Its arguments. None of them is a secret.
    pub(crate) args: Vec<String>,
    /// Its environment, over the few variables that every agent gets.
    pub(crate) env: BTreeMap<String, String>,
    /// The folder it runs in, which is also its `HOME` and `TMPDIR`.
    pub(crate) folder: PathBuf,
}

/// What a program left.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) exit: Exit,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs a program to its end, or until `bound`, when its whole group is killed.
pub(crate) async fn run(program: &Program, stdin: &str, bound: Duration) -> Finished {
    match start(program).await {
        Ok(child) => attend(child, stdin, bound).await,
        Err(error) => {
            let why = format!("{}: {error}", program.path.display());
            Finished { exit: Exit::NotStarted(why), stdout: String::new(), stderr: String::new() }
        }
    }
}

/// The whole environment of a program: what every agent gets, and over it what this one is given.
pub(crate) fn environment(program: &Program) -> BTreeMap<String, OsString> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    let mut variables = BTreeMap::from([
        ("PATH".to_owned(), format!("{path}:/usr/sbin:/sbin").into()),
        ("HOME".to_owned(), program.folder.clone().into()),
        ("TMPDIR".to_owned(), program.folder.clone().into()),
        ("LC_ALL".to_owned(), "C".into()),
        // All of net-snmp's tools on a machine keep their engine ID in one file, and of two that end at once it may get two: then
        // nothing of version 3 is answered any more.
        ("SNMP_PERSISTENT_DIR".to_owned(), program.folder.clone().into()),
    ]);
    variables.extend(program.env.iter().map(|(name, value)| (name.clone(), value.into())));
    variables
}

/// How a process ended, by its wait status.
pub(crate) fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::NotStarted("it ended without a status".to_owned()),
    }
}

/// ETXTBSY: another thread of ours forked while the file was still open for writing in it. It passes at once.
async fn start(program: &Program) -> io::Result<Child> {
    let mut command = Command::new(&program.path);
    command
        .args(&program.args)
        .env_clear()
        .envs(environment(program))
        .current_dir(&program.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    loop {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => tokio::task::yield_now().await,
            result => return result,
        }
    }
}

async fn attend(mut child: Child, stdin: &str, bound: Duration) -> Finished {
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw));
    let attended = Attended::new(child.stdin.take(), stdin, child.stdout.take(), child.stderr.take());
    let exit = match timeout(bound, child.wait()).await {
        Ok(Ok(status)) => exit(status),
        Ok(Err(error)) => Exit::NotStarted(error.to_string()),
        Err(_) => Exit::Killed,
    };
    drop(group);
    if exit == Exit::Killed {
        let _ = child.wait().await;
    }
    attended.finish(exit).await
}

/// The process group of a program, killed when its run has ended or is waited for no more: its children too, also after a good
/// end, for what still runs would speak to the next device at this address.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// The standard streams of a program that runs: it is fed, and what it writes is kept.
pub(crate) struct Attended {
    feed: JoinHandle<()>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Attended {
    /// Feeds `stdin` to `input`, and reads the other two.
    pub(crate) fn new(
        input: Option<impl AsyncWrite + Send + Unpin + 'static>,
        stdin: &str,
        stdout: Option<impl AsyncRead + Send + Unpin + 'static>,
        stderr: Option<impl AsyncRead + Send + Unpin + 'static>,
    ) -> Self {
        let stdin = stdin.to_owned();
        let feed = tokio::spawn(async move {
            if let Some(mut input) = input {
                // An agent that does not read its input has closed it: that is its right.
                let _ = input.write_all(stdin.as_bytes()).await;
            }
        });
        Attended { feed, stdout: tokio::spawn(read(stdout)), stderr: tokio::spawn(read(stderr)) }
    }

    /// All of it, now that the whole group of the program has ended.
    pub(crate) async fn finish(self, exit: Exit) -> Finished {
        self.feed.abort();
        Finished { exit, stdout: collect(self.stdout).await, stderr: collect(self.stderr).await }
    }
}

async fn collect(reader: JoinHandle<Vec<u8>>) -> String {
    let bytes = match timeout(DRAIN, reader).await {
        Ok(Ok(bytes)) => bytes,
        // Somebody outside of the group holds the pipe open.
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads to the end, but keeps no more than [`OUTPUT_LIMIT`].
async fn read(source: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut source) = source else { return kept };
    let mut chunk = vec![0; 8192];
    while let Ok(count @ 1..) = source.read(&mut chunk).await {
        let room = OUTPUT_LIMIT.saturating_sub(kept.len());
        kept.extend(chunk.iter().take(count.min(room)));
    }
    kept
}

/// The metadata that a program prints. Runs on a thread of its own, so that it may be called from anywhere.
pub(crate) fn metadata(path: &Path) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = Program {
        path: std::path::absolute(path).map_err(|error| error.to_string())?,
        args: Vec::new(),
        env: BTreeMap::new(),
        folder: folder.path().to_owned(),
    };
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok::<_, io::Error>(runtime.block_on(run(&program, "action=metadata\n", METADATA_BOUND)))
    };
    let finished = std::thread::scope(|scope| scope.spawn(ask).join());
    let finished =
        finished.map_err(|_| "its thread ended early".to_owned())?.map_err(|error| error.to_string())?;
    match finished.exit {
        Exit::Code(0) => Ok(finished.stdout),
        exit => Err(format!("{exit}; {}", finished.stderr.lines().last().unwrap_or("it wrote nothing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, stdin: &str, bound: Duration) -> (Finished, Duration) {
        let folder = tempfile::tempdir().unwrap();
        let program = Program {
            path: PathBuf::from("/bin/sh"),
            args: vec!["-c".to_owned(), script.to_owned()],
            env: BTreeMap::from([("GIVEN".to_owned(), "yes".to_owned())]),
            folder: folder.path().to_owned(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = std::time::Instant::now();
        (runtime.block_on(run(&program, stdin, bound)), start.elapsed())
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn exit_and_output() {
        let (finished, _) = shell("cat; echo err >&2; exit 2", "action=status\n", LONG);
        assert_eq!(finished.exit, Exit::Code(2));
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("action=status\n", "err\n"));
    }

    #[test]
    fn the_environment_is_ours() {
        let (finished, _) = shell("echo $GIVEN ${CARGO_MANIFEST_DIR-none}", "", LONG);
        assert_eq!(finished.stdout, "yes none\n");
        let (finished, _) = shell(
            "for it in $HOME $TMPDIR $SNMP_PERSISTENT_DIR .; do cd $it && pwd; done | uniq | wc -l",
            "",
            LONG,
        );
        assert_eq!(finished.stdout.trim(), "1", "the folder of the run is all that it writes to");
    }

    #[test]
    fn a_hanging_group_is_killed_with_its_children() {
        let (finished, took) = shell("sleep 100 & echo started; sleep 100", "", Duration::from_millis(300));
        assert_eq!(finished.exit, Exit::Killed);
        assert_eq!(finished.stdout, "started\n");
        assert!(took < DRAIN, "the children held the pipe until {took:?}");
    }

    #[test]
    fn a_child_that_outlives_the_agent_does_not_hold_us() {
        let (finished, took) = shell("sleep 100 & exit 0", "", LONG);
        assert_eq!(finished.exit, Exit::Code(0));
        assert!(took < DRAIN, "{took:?}");
    }

    #[test]
    fn signals_runaways_and_missing_programs() {
        assert_eq!(shell("kill -SEGV $$", "", LONG).0.exit, Exit::Signal(11));
        let (runaway, _) = shell("head -c 1000000 /dev/zero", "", LONG);
        assert_eq!(runaway.stdout.len(), OUTPUT_LIMIT);
        assert!(metadata(Path::new("/no/such/agent")).unwrap_err().contains("not started"));
        let large = "x\n".repeat(200_000);
        assert_eq!(shell("exit 1", &large, LONG).0.exit, Exit::Code(1), "an agent need not read its input");
    }
}
