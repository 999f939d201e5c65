//! The User-Mode Linux kernel of guests: built once of Debian's source, and kept in `target/guest` by the version of the source
//! and the hash of our configuration.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::error::{GuestError, end_of};
use crate::image::{self, remove};
use crate::packages;
use crate::source::Source;

const CONFIG: &str = include_str!("user_mode.config");

/// The serial lines of the kernel, whose driver stops listening when a reader falls behind, and never begins again (seen with
/// 6.1: after 4 KiB in one go the agent heard no more). Without the two entries of its table that name this word, it leaves what
/// is not read with the sender, which is all that is wanted.
const LINES: (&str, &str) = ("arch/um/drivers/ssl.c", "throttle");

/// What else is changed in the source: where, what, and into what.
const CHANGES: &[(&str, &str, &str)] = &[
    // Room for what a processor of the host keeps for a program (its XSAVE area), which the kernel hands back whole or not at all:
    // 6.1 has it for AVX-512, 2696 bytes, and a host with AMX, which keeps 11,008, refuses it (`ptrace set fp regs failed`). A host
    // with less takes what it needs. Stacks hold two of them, hence `CONFIG_KERNEL_STACK_ORDER`.
    ("arch/x86/um/user-offsets.c", "DEFINE_LONGS(HOST_FP_SIZE, 2696)", "DEFINE_LONGS(HOST_FP_SIZE, 12288)"),
    // An idle kernel sleeps until a signal comes, and blocks only that of the timer while it looks whether it may. What the network
    // card signals just then, it has noted but sleeps on, until the timer: every hundredth packet or so was some milliseconds late.
    // Blocked, too, and looked for among what is noted, it wakes.
    (
        "arch/um/os-Linux/time.c",
        "sigaddset(&set, SIGALRM);",
        "sigaddset(&set, SIGALRM); sigaddset(&set, SIGIO);",
    ),
    (
        "arch/um/os-Linux/time.c",
        "if (its.it_value.tv_sec || its.it_value.tv_nsec)",
        "extern unsigned int signals_pending; if (!signals_pending && (its.it_value.tv_sec || its.it_value.tv_nsec))",
    ),
    ("arch/um/os-Linux/signal.c", "static unsigned int signals_pending;", "unsigned int signals_pending;"),
];

/// What the name of a kernel begins with.
const PREFIX: &str = "linux-user-mode-";

/// Which of the kernels is the current one.
const CURRENT: &str = "user-mode.txt";

/// Programs that the build calls, and Debian's packages that have them.
const TOOLS: &[(&str, &str)] = &[
    ("bc", "bc"),
    ("bison", "bison"),
    ("flex", "flex"),
    ("gcc", "gcc libc6-dev"),
    ("ld", "binutils"),
    ("make", "make"),
    ("tar", "tar"),
    ("xz", "xz-utils"),
];

/// How often a build shows that it goes on.
const PROGRESS: Duration = Duration::from_secs(15);

/// The kernel, built now if there is none of our configuration. Others who ask meanwhile wait.
///
/// # Errors
/// When a tool is missing, the source can't be had, or the build fails.
pub(crate) fn ready() -> Result<PathBuf, GuestError> {
    let cache = image::cache();
    let _lock = image::lock(&cache, "user-mode.lock")?;
    let current = cache.join(CURRENT);
    if let Ok(name) = fs::read_to_string(&current)
        && name.ends_with(&hash())
        && cache.join(&name).is_file()
    {
        return absolute(cache.join(name));
    }
    let work = cache.join("user-mode");
    remove(&work)?;
    let source = Source::newest(&cache, &work)?;
    let name = format!("{PREFIX}{}-{}", source.version, hash());
    let kernel = cache.join(&name);
    if !kernel.is_file() {
        need_tools()?;
        let started = Instant::now();
        let root = source.unpack(&cache, &work)?;
        // Renamed when it is whole: whoever was interrupted before has made nothing.
        let part = work.join("linux.stripped");
        build(&root, &work, &part)?;
        fs::rename(&part, &kernel).map_err(GuestError::file("make", &kernel))?;
        eprintln!("guest: the User-Mode Linux kernel is built, {} s", started.elapsed().as_secs());
    }
    remove(&work)?;
    image::write(&current, name.as_bytes())?;
    absolute(kernel)
}

/// Whether a path of the cache is a kernel that has been built.
pub(crate) fn is_built(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

/// Guests start in a folder of their own.
fn absolute(path: PathBuf) -> Result<PathBuf, GuestError> {
    std::path::absolute(&path).map_err(GuestError::file("find", &path))
}

/// Of all of ours that is in a kernel. Twelve digits are enough to tell such from each other.
fn hash() -> String {
    Sha256::digest(format!("{CONFIG}{LINES:?}{CHANGES:?}"))
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn need_tools() -> Result<(), GuestError> {
    let is_missing = |&&(program, _): &&(&str, &str)| {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_err()
    };
    let missing: Vec<&(&str, &str)> = TOOLS.iter().filter(is_missing).collect();
    lacking(&missing).map_or(Ok(()), Err)
}

fn lacking(missing: &[&(&str, &str)]) -> Option<GuestError> {
    let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    (!names.is_empty()).then(|| GuestError::BuildTools {
        programs: format!("{} {verb}", names.join(", ")),
        packages: packages.join(" "),
    })
}

/// Builds the source of `root` and writes the kernel without its symbols.
fn build(root: &Path, work: &Path, to: &Path) -> Result<(), GuestError> {
    let (config, out) = (work.join("wanted.config"), work.join("build"));
    image::write(&config, CONFIG.as_bytes())?;
    change(&root.join(LINES.0), |driver| without(driver, LINES.1))?;
    for (file, from, to) in CHANGES {
        change(&root.join(file), |source| source.replace(from, to))?;
    }
    fs::create_dir_all(&out).map_err(GuestError::file("make the folder", &out))?;
    let out = absolute(out)?;
    let make = |arguments: &[&str]| {
        // Whoever waits for the kernel has other work for the machine as well, and may change their mind.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "TERM", "--", "nice", "make"])
            .arg("-C")
            .arg(root)
            .args(["ARCH=um", &format!("O={}", out.display())]);
        command.args(arguments).env("LC_ALL", "C").stdin(Stdio::null());
        command
    };
    let all_else_off = format!("KCONFIG_ALLCONFIG={}", absolute(config)?.display());
    packages::checked("configuring the kernel", &mut make(&["allnoconfig", &all_else_off]), "make")?;
    let made = out.join(".config");
    let made_of = fs::read_to_string(&made).map_err(GuestError::file("read", &made))?;
    let dropped = dropped(CONFIG, &made_of);
    if !dropped.is_empty() {
        return Err(GuestError::Malformed {
            path: made,
            problem: format!(
                "this source does not take {}: it wants something else beside them, which belongs into our user_mode.config",
                dropped.join(", ")
            ),
        });
    }
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    compile(make(&[&format!("-j{jobs}"), "linux"]), &work.join("build.log"))?;
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(to).arg(out.join("linux"));
    packages::checked("stripping the kernel", &mut strip, "binutils").map(drop)
}

/// Runs a build and shows how far it is. What it says stands in the file `log`, which stays when it fails.
fn compile(mut command: Command, log: &Path) -> Result<(), GuestError> {
    let file = File::create(log).map_err(GuestError::file("make", log))?;
    let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().map_err(|source| {
        GuestError::Program { program: "make by setpriv".to_owned(), package: "make", source }
    })?;
    let started = Instant::now();
    let (mut shown, mut files) = (started, 0);
    let said = BufReader::new(child.stdout.take().expect("its output was asked for"));
    for line in said.lines().map_while(Result::ok) {
        // "  CC      net/ipv4/tcp.o"
        let Some(path) = line.strip_prefix("  CC ") else { continue };
        files += 1;
        if shown.elapsed() >= PROGRESS {
            shown = Instant::now();
            let folder = Path::new(path.trim()).parent().unwrap_or(Path::new("")).display();
            eprintln!(
                "guest: building the kernel: {} s, {files} files, now {folder}",
                started.elapsed().as_secs()
            );
        }
    }
    let status = child.wait().map_err(GuestError::file("wait for", log))?;
    if status.success() {
        return Ok(());
    }
    let errors = fs::read_to_string(log).unwrap_or_default();
    Err(GuestError::Chore {
        what: format!("building the User-Mode Linux kernel ({} has all of it)", log.display()),
        said: format!("{status}\n{}", end_of(&errors, 12)),
    })
}

/// Changes a file of the source. One that it does not change has become another, which our reasons may not hold for.
fn change(path: &Path, how: impl FnOnce(&str) -> String) -> Result<(), GuestError> {
    let before = fs::read_to_string(path).map_err(GuestError::file("read", path))?;
    let after = how(&before);
    if after == before {
        return Err(GuestError::Malformed {
            path: path.to_owned(),
            problem: "this source has not what we change there: see whether it still needs it".to_owned(),
        });
    }
    image::write(path, after.as_bytes())
}

/// A text without the lines that have a word.
fn without(text: &str, word: &str) -> String {
    text.lines().filter(|line| !line.contains(word)).map(|line| format!("{line}\n")).collect()
}

/// The settings that a configuration did not take: they depend on others.
fn dropped<'a>(wanted: &'a str, made: &str) -> Vec<&'a str> {
    wanted
        .lines()
        .filter(|line| line.starts_with("CONFIG_") && !made.lines().any(|made| made == *line))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_configuration_has_what_guests_need_and_nothing_twice() {
        let mut names: Vec<&str> =
            CONFIG.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
        for name in
            ["RDMA_RXE", "RDMA_SIW", "UML_NET_VECTOR", "SSL", "BLK_DEV_INITRD", "INFINIBAND_ADDR_TRANS"]
        {
            assert!(names.contains(&format!("CONFIG_{name}").as_str()), "{name}");
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(
            CONFIG
                .lines()
                .all(|line| line.is_empty() || line.starts_with("# ") || line.starts_with("CONFIG_"))
        );
    }

    #[test]
    fn a_setting_that_is_not_taken_is_named() {
        let wanted = "# why\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=4660\n";
        assert_eq!(
            dropped(wanted, "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=46600\n"),
            ["CONFIG_B=y", "CONFIG_C=4660"]
        );
        assert!(dropped(wanted, wanted).is_empty());
    }

    #[test]
    fn the_lines_of_a_word_go_and_all_else_stays() {
        assert_eq!(without("a\n\t.throttle = b,\n\t.unthrottle = c,\n\nd\n", LINES.1), "a\n\nd\n");
    }

    #[test]
    fn a_source_that_has_become_another_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c");
        fs::write(&path, "one\n").unwrap();
        change(&path, |text| text.replace("one", "two")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        change(&path, |text| text.replace("one", "two")).unwrap_err();
    }

    #[test]
    fn missing_tools_are_named_with_their_packages() {
        assert!(lacking(&[]).is_none());
        let error = lacking(&[&TOOLS[0], &TOOLS[3]]).unwrap().to_string();
        assert!(
            error.contains("bc, gcc are missing") && error.contains("apt-get install bc gcc libc6-dev"),
            "{error}"
        );
    }

    #[test]
    fn a_failed_build_says_where_the_rest_stands() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("build.log");
        let mut command = Command::new("sh");
        command.args(["-c", "echo '  CC      a/b.o'; echo 'a/b.c: no such thing' >&2; exit 2"]);
        let error = compile(command, &log).unwrap_err().to_string();
        assert!(error.contains("no such thing") && error.contains(&log.display().to_string()), "{error}");
    }

    #[test]
    fn forgetting_the_image_spares_kernels() {
        assert!(is_built(Path::new("target/guest").join(format!("{PREFIX}6.1.192-2-{}", hash())).as_path()));
        assert!(
            !is_built(Path::new("target/guest/vmlinux"))
                && !is_built(Path::new("target/guest/user-mode.txt"))
        );
    }
}
