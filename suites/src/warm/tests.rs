//! A warm run against a cold one of the same script, and the real agents of the field.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::*;

const LONG: Duration = Duration::from_secs(60);
/// Where the field's agents are installed.
const FIELD: &str = "/usr/sbin";

/// A folder with one script, and an interpreter that is warm for it.
struct Bench {
    folder: tempfile::TempDir,
    path: PathBuf,
    warm: Option<Warm>,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new(script: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.py");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Bench::of(path, folder)
    }

    fn of(path: PathBuf, folder: tempfile::TempDir) -> Bench {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let warm = runtime.block_on(Warm::start(&path, folder.path()));
        Bench { folder, path, warm, runtime }
    }

    fn program(&self, args: &[&str]) -> Program {
        let env = BTreeMap::from([("GIVEN".to_owned(), "yes=1".to_owned())]);
        let args = args.iter().map(|&word| word.to_owned()).collect();
        Program { path: self.path.clone(), args, env, folder: self.folder.path().to_owned() }
    }

    fn warm(&self) -> &Warm {
        self.warm.as_ref().unwrap()
    }

    fn run(&self, args: &[&str], stdin: &str, bound: Duration) -> Finished {
        self.runtime.block_on(self.warm().run(&self.program(args), stdin, bound)).unwrap()
    }

    /// Runs it both ways, and gives the one result that both must have.
    fn same(&self, args: &[&str], stdin: &str) -> Finished {
        let cold = self.runtime.block_on(process::run(&self.program(args), stdin, LONG));
        let warm = self.run(args, stdin, LONG);
        assert_eq!(
            (&warm.exit, &warm.stdout, &warm.stderr),
            (&cold.exit, &cold.stdout, &cold.stderr),
            "warm, cold"
        );
        warm
    }
}

/// What a script does, word by word of its first argument, so that one interpreter serves many questions.
const SCRIPT: &str = r#"#!/usr/bin/python3 -tt
"""A document."""
import sys, os, signal
import atexit
import subprocess
import threading, time

@atexit.register
def bye():
    print("at exit")

class Broken:
    def __str__(self):
        raise ValueError("no text")

def fall():
    try:
        {}["absent"]
    except KeyError:
        raise RuntimeError("fallen")

def work():
    # Not a daemon: the interpreter waits for it.
    threading.main_thread().join()
    print("thread")

what = sys.argv[1]
print("begin", what)
if what == "code": sys.exit(int(sys.argv[2]))
elif what == "text": sys.exit("a text")
elif what == "none": sys.exit(None)
elif what == "tuple": raise SystemExit((1, 2))
elif what == "fall": fall()
elif what == "broken": raise Exception(Broken())
elif what == "syntax": exec("1 +")
elif what == "interrupt": raise KeyboardInterrupt
elif what == "hook":
    sys.excepthook = lambda kind, value, trace: print("hook", kind.__name__, value, trace.tb_lineno, trace.tb_next)
    raise OSError("hooked")
elif what == "now": os._exit(7)
elif what == "signal": os.kill(os.getpid(), int(sys.argv[2]))
elif what == "echo": sys.stdout.write(sys.stdin.read())
elif what == "closed": os.close(1)
elif what == "thread": threading.Thread(target=work).start()
elif what == "world":
    print(sys.argv, sys.orig_argv, sys.flags, sys.path, os.getcwd(), sep="\n")
    print(sorted(os.environ.items()), subprocess.run(["env"], stdout=subprocess.PIPE).stdout)
    print(sorted(os.listdir("/proc/self/fd")), os.getpgrp() == os.getpid(), os.getsid(0), os.umask(0o22))
    print([(number, signal.getsignal(number)) for number in signal.valid_signals() if number not in (32, 33)])
    print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.set_wakeup_fd(-1), threading.active_count())
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        print(stream, stream.isatty(), stream.seekable(), stream.line_buffering, stream.write_through, stream.errors)
elif what == "names":
    print(sorted((name, type(value).__name__) for name, value in globals().items()))
    print(__doc__, __file__, __name__, __spec__, __package__, __cached__, __loader__.path, sys.modules["__main__"] is not None)
    import __main__
    print(__main__.what)
elif what == "modules": print(sorted(sys.modules))
elif what == "flood": sys.stdout.write("x" * 1000000)
elif what == "child":
    subprocess.Popen(["sleep", "1000"])
elif what == "hang":
    subprocess.Popen(["sleep", "1000"])
    print("started", flush=True)
    signal.pause()
elif what == "patricide": os.kill(os.getppid(), signal.SIGKILL); signal.pause()
print("end")
"#;

#[test]
fn ends_are_those_of_a_cold_run() {
    let bench = Bench::new(SCRIPT);
    assert_eq!(bench.same(&["code", "0"], "").exit, Exit::Code(0));
    assert_eq!(bench.same(&["code", "3"], "").exit, Exit::Code(3));
    assert_eq!(bench.same(&["code", "-1"], "").exit, Exit::Code(255));
    let text = bench.same(&["text"], "");
    assert_eq!((text.exit, text.stdout.as_str()), (Exit::Code(1), "begin text\nat exit\n"));
    assert_eq!(text.stderr, "a text\n");
    bench.same(&["none"], "");
    bench.same(&["tuple"], "");
    let fall = bench.same(&["fall"], "");
    assert!(fall.stderr.contains("During handling") && fall.stderr.contains("in fall"), "{}", fall.stderr);
    for what in ["broken", "syntax", "hook", "thread", "other"] {
        bench.same(&[what], "");
    }
    assert!(bench.same(&[], "").stderr.contains("IndexError"));
    assert_eq!(bench.same(&["interrupt"], "").exit, Exit::Signal(2));
    assert_eq!(bench.same(&["closed"], "").exit, Exit::Code(120));
    assert_eq!(bench.same(&["now"], "").exit, Exit::Code(7));
    for signal in [6, 9, 11, 15] {
        assert_eq!(bench.same(&["signal", &signal.to_string()], "").exit, Exit::Signal(signal));
    }
    bench.same(&["signal", "13"], "");
    bench.same(&["signal", "17"], "");
}

#[test]
fn a_run_finds_the_world_of_a_cold_run() {
    let bench = Bench::new(SCRIPT);
    let world = bench.same(&["world", "a b", "", "--c=é"], "");
    assert!(world.stdout.contains("yes=1") && world.stdout.contains("end\n"), "{}", world.stdout);
    assert_eq!(bench.same(&["names"], "").exit, Exit::Code(0));
    bench.same(&["modules"], "");
    assert_eq!(bench.same(&["echo"], "a\nb").stdout, "begin echo\na\nbend\nat exit\n");
    bench.same(&["echo"], &"x\n".repeat(50_000));
    assert_eq!(bench.same(&["code", "0"], &"x\n".repeat(200_000)).exit, Exit::Code(0));
    assert_eq!(bench.same(&["flood"], "").exit, Exit::Code(0));
}

#[test]
fn children_end_with_the_run() {
    let bench = Bench::new(SCRIPT);
    assert_eq!(bench.run(&["child"], "", LONG).stdout, "begin child\nend\nat exit\n");
    let hang = bench.run(&["hang"], "", Duration::from_millis(500));
    assert_eq!(hang.exit, Exit::Killed);
    assert_eq!(hang.stdout, "begin hang\nstarted\n", "collected, so no child holds the pipe");
}

#[test]
fn runs_go_on_side_by_side() {
    let bench = Bench::new(SCRIPT);
    let warm = Arc::new(bench.warm.unwrap());
    let (folder, path) = (bench.folder.path().to_owned(), bench.path);
    bench.runtime.block_on(async {
        let mut runs = tokio::task::JoinSet::new();
        for number in 0..64 {
            let env = BTreeMap::new();
            let args = vec![if number % 8 == 7 { "hang" } else { "echo" }.to_owned()];
            let program = Program { path: path.clone(), args, env, folder: folder.clone() };
            let warm = Arc::clone(&warm);
            runs.spawn(async move {
                let bound = if number % 8 == 7 { Duration::from_millis(100) } else { LONG };
                (number, warm.run(&program, &number.to_string(), bound).await.unwrap())
            });
        }
        while let Some(run) = runs.join_next().await {
            let (number, finished) = run.unwrap();
            if number % 8 == 7 {
                assert_eq!(finished.exit, Exit::Killed);
            } else {
                assert_eq!(finished.stdout, format!("begin echo\n{number}end\nat exit\n"));
            }
        }
    });
}

#[test]
fn the_interpreter_and_its_runs_end_together() {
    let bench = Bench::new(SCRIPT);
    // An agent that ends the interpreter: it is not known how the run would have ended, and the next is for a cold start.
    let finished = bench.run(&["patricide"], "", LONG);
    assert!(matches!(finished.exit, Exit::NotStarted(_)), "{}", finished.exit);
    let next = bench.runtime.block_on(bench.warm().run(&bench.program(&["echo"]), "", LONG));
    assert!(next.is_none());
    drop(bench);

    let bench = Bench::new(SCRIPT);
    let (warm, program) = (
        bench.warm.unwrap(),
        Program {
            path: bench.path,
            args: vec!["hang".to_owned()],
            env: BTreeMap::new(),
            folder: bench.folder.path().to_owned(),
        },
    );
    bench.runtime.block_on(async {
        // A run that nobody waits for any more, in the middle of things or before it.
        for wait in [Duration::ZERO, Duration::from_millis(200)] {
            assert!(timeout(wait, warm.run(&program, "", LONG)).await.is_err());
        }
    });
    let interpreter = warm.interpreter.id();
    let start = Instant::now();
    drop(warm);
    assert!(start.elapsed() < ENDING, "it ended by itself");
    assert!(!Path::new(&format!("/proc/{interpreter}")).exists());
}

#[test]
fn what_a_run_cannot_be_given_is_left_to_a_cold_start() {
    let bench = Bench::new(SCRIPT);
    let run = |program: &Program| bench.runtime.block_on(bench.warm().run(program, "", LONG));
    let mut program = bench.program(&["echo"]);
    program.env.insert("PYTHONHASHSEED".to_owned(), "0".to_owned());
    assert!(run(&program).is_none(), "the interpreter has read it already");
    let mut program = bench.program(&["echo"]);
    program.folder = PathBuf::from("/no/such/folder");
    assert!(run(&program).is_none());
    let mut program = bench.program(&["echo"]);
    program.path = PathBuf::from("/bin/sh");
    assert!(run(&program).is_none(), "another program");
    assert!(run(&bench.program(&["a\0b"])).is_none());
    assert!(run(&bench.program(&[&"x".repeat(1 << 20)])).is_none(), "longer than a message");
    assert_eq!(run(&bench.program(&["echo"])).unwrap().exit, Exit::Code(0), "none of it did harm");
}

#[test]
fn no_python_and_no_script() {
    for script in
        ["#!/bin/sh\nexit 0\n", "#!/no/such/python3\n", "#!/usr/bin/python3 --no-such-flag\n", "print(1)\n"]
    {
        assert!(Bench::new(script).warm.is_none(), "{script}");
    }
    let broken = Bench::new("#!/usr/bin/python3\nimport sys\n1 +\n");
    assert!(broken.warm.is_none(), "its imports cannot be read");
}

/// A script beside libraries, each written in the script's folder before the interpreter starts.
fn with_libraries(script: &str, libraries: &[(&str, &str)]) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("library");
    std::fs::create_dir(&place).unwrap();
    for (name, text) in libraries {
        std::fs::write(place.join(format!("{name}.py")), text).unwrap();
    }
    let path = folder.path().join("agent.py");
    let head = format!("#!/usr/bin/python3 -B\nimport sys\nsys.path.append('{}')\n", place.display());
    std::fs::write(&path, head + script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    Bench::of(path, folder)
}

#[test]
fn a_library_that_looks_at_the_run_is_imported_by_each_run() {
    let bench = with_libraries(
        "import clean, outer\nfrom reads import GIVEN\nimport argues, clock, prints, warns\n\
         print(clean.PROCESS() == 1, outer.reads.GIVEN, GIVEN, argues.ARGUMENTS, clock.AGE() < 5, clock.first)\n",
        &[
            // It tells by a list that it shares with nobody whether it was imported once for all runs.
            ("clean", "import os\nmade = []\ndef PROCESS():\n    made.append(1)\n    return len(made)\n"),
            ("reads", "import os\nGIVEN = os.environ.get('GIVEN')\n"),
            ("outer", "import reads\nimport decimal\n"),
            ("argues", "import sys\nARGUMENTS = sys.argv[1:]\n"),
            (
                "clock",
                "import time\nstart = time.monotonic()\ndef AGE():\n    return time.monotonic() - start\nfirst = 0\n",
            ),
            ("prints", "print('imported')\n"),
            ("warns", "import warnings\nwarnings.warn('old', UserWarning, stacklevel=2)\n"),
        ],
    );
    for args in [&["1"][..], &["2", "3"]] {
        let run = bench.same(args, "");
        assert!(run.stdout.starts_with("imported\nTrue yes=1 yes=1 ["), "{} {}", run.stdout, run.stderr);
        assert!(run.stderr.contains("UserWarning: old"));
    }
}

#[test]
fn only_what_is_clean_is_shared() {
    // A module is shared if it is there before the script imports it. A cold run has none of them then.
    let libraries = [
        ("clean", "VALUE = object()\n"),
        ("reads", "import os, inner\nGIVEN = os.environ.get('GIVEN')\n"),
        ("inner", "VALUE = 1\n"),
        ("late", "VALUE = 1\n"),
    ];
    let script = "import os\nbefore = set(sys.modules)\nimport clean, reads\nos.chdir('/')\nimport late\n\
                  print([name in before for name in ('clean', 'inner', 'reads', 'late')])\n";
    let bench = with_libraries(
        &format!("try:\n    import clean, reads\nexcept ImportError:\n    pass\n{script}"),
        &libraries,
    );
    // Imported by the script itself by then, in both: only the last is not.
    assert_eq!(bench.same(&[], "").stdout, "[True, True, True, False]\n");
    // The set is taken by a call, so that nothing after it is shared.
    let bench = with_libraries(script, &libraries);
    assert_eq!(bench.same(&[], "").stdout, "[False, False, False, False]\n");
    let shared = "import os\nseen = [name in sys.modules for name in ('clean', 'inner', 'reads', 'late')]\n\
                  import clean, reads\nprint(seen)\n";
    let bench = with_libraries(shared, &libraries);
    assert_eq!(bench.run(&[], "", LONG).stdout, "[True, True, False, False]\n");
}

#[test]
fn a_library_with_threads_is_not_shared() {
    let threads = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n";
    let bench = with_libraries("import clean, threads\nprint(1)\n", &[("clean", ""), ("threads", threads)]);
    assert_eq!(bench.same(&[], "").stdout, "1\n");
}

#[test]
fn random_numbers_differ_and_a_changed_script_is_read_anew() {
    let bench = Bench::new(
        "#!/usr/bin/python3\nimport random, uuid, tempfile\nprint(random.random(), uuid.uuid4())\n",
    );
    assert_ne!(bench.run(&[], "", LONG).stdout, bench.run(&[], "", LONG).stdout);
    std::fs::write(&bench.path, "#!/usr/bin/python3\nimport sys\nprint('\\d', file=sys.stderr)\n").unwrap();
    bench.same(&[], "");
    std::fs::write(&bench.path, "#!/usr/bin/python3\n1 +\n").unwrap();
    assert!(bench.same(&[], "").stderr.contains("SyntaxError"));
}

/// An agent of the field; the machine must have it.
fn field(name: &str) -> Bench {
    let path = Path::new(FIELD).join(name);
    assert!(path.exists(), "{} is missing: install fence-agents", path.display());
    let bench = Bench::of(path, tempfile::tempdir().unwrap());
    assert!(bench.warm.is_some(), "{name} has no warm start");
    bench
}

/// A port of this host at which nobody listens: it is taken, so nobody else gets it, but never answered.
fn silent_port() -> (std::net::UdpSocket, String) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    (socket, port)
}

fn field_agent(name: &str, options: &str) {
    let bench = field(name);
    let same = |stdin: &str| {
        let cold = bench.runtime.block_on(process::run(&bench.program(&[]), stdin, LONG));
        let warm = bench.run(&[], stdin, LONG);
        assert_eq!(
            (&warm.exit, &warm.stdout),
            (&cold.exit, &cold.stdout),
            "{}\n{}",
            warm.stderr,
            cold.stderr
        );
        warm
    };
    let metadata = same("action=metadata\n");
    assert_eq!(metadata.exit, Exit::Code(0));
    assert!(metadata.stdout.contains("</resource-agent>"), "{}", metadata.stdout);
    let refused = same("action=status\n");
    assert_eq!(refused.exit, Exit::Code(1));
    assert!(refused.stderr.contains("Failed"), "{}", refused.stderr);
    let (_silence, port) = silent_port();
    let unreachable = same(&format!("action=status\nip=127.0.0.1\nipport={port}\n{options}"));
    assert_eq!(unreachable.exit, Exit::Code(1), "{}", unreachable.stderr);
    let cold = bench.runtime.block_on(process::run(&bench.program(&["--help"]), "", LONG));
    let warm = bench.run(&["--help"], "", LONG);
    assert_eq!((warm.exit, warm.stdout, warm.stderr), (cold.exit, cold.stdout, cold.stderr));
}

#[test]
fn fence_apc_snmp() {
    field_agent(
        "fence_apc_snmp",
        "plug=1\ncommunity=private\nsnmp_version=1\nlogin_timeout=1\nshell_timeout=1\npower_timeout=1\n",
    );
}

#[test]
fn fence_ipmilan() {
    field_agent(
        "fence_ipmilan",
        "username=a\npassword=b\nlogin_timeout=1\nshell_timeout=1\npower_timeout=1\ntimeout=1\n",
    );
}
