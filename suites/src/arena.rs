//! External agents: real processes against emulated devices on real sockets, each on loopback addresses of its own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fencelab_devices::serve::Served;
use fencelab_devices::{Device, DeviceSpec};

use crate::agent::{Agent, Subject};
use crate::case::Case;
use crate::hunt::DEBUG_FILE;
use crate::link::Link;
use crate::options::{Account, Call, Place};
use crate::process::{self, Program};
use crate::promise::Timing;
use crate::run::Run;
use crate::stage::{self, AgentEnd, Before, Needs, Played, Stage};
use crate::stand_in::StandIns;
use crate::stop::Cut;
use crate::warm::WarmAgents;

/// The environment variable from which the password script prints.
const PASSWORD_VARIABLE: &str = "FENCELAB_PASSWORD";
/// How often an agent in real time is run again and again.
const OFTEN: u32 = 7;
/// How often an address pair may be taken before we give up.
const BIND_ATTEMPTS: u32 = 50;

/// What all external agents of a run share: a runtime for sockets and processes, and a folder for scripts.
pub(crate) struct Arena {
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    script: PathBuf,
    next_address: AtomicU32,
    next_run: AtomicU32,
    warm: Option<WarmAgents>,
}

impl Arena {
    /// `warm`: whether scripts may start warm.
    pub(crate) fn new(warm: bool) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let folder = tempfile::Builder::new().prefix("fencelab-").tempdir()?;
        let script = folder.path().join("password");
        write_program(&script, &format!("#!/bin/sh\nprintf '%s\\n' \"${PASSWORD_VARIABLE}\"\n"))?;
        // Where two runs of the lab start at once, they begin in different places of loopback.
        let next_address = AtomicU32::new(std::process::id().wrapping_mul(0x9e37) & 0x3f_ffff);
        let warm = warm.then(WarmAgents::default);
        Ok(Arena { runtime, folder, script, next_address, next_run: AtomicU32::new(0), warm })
    }

    /// The first of two neighbouring addresses in 127.64.0.0/10 that nobody else of this process has now.
    fn address(&self) -> Ipv4Addr {
        let pair = self.next_address.fetch_add(1, Ordering::Relaxed) % (1 << 20);
        // Never ends in .255: the neighbour's address must differ in the last number only, as an operator would mistype it.
        let (high, low) = (pair / 120, 2 + 2 * (pair % 120));
        Ipv4Addr::from(0x7f40_0000 + (high << 8) + low)
    }

    /// A face of both devices on neighbouring addresses and the same port, which the kernel chooses.
    fn serve(&self, face: usize, target: Device, neighbour: Device) -> io::Result<(Served, Served)> {
        let _inside = self.runtime.enter();
        let (target, neighbour) =
            (fencelab_devices::serve::Shared::new(target), fencelab_devices::serve::Shared::new(neighbour));
        let mut attempt = 0;
        loop {
            attempt += 1;
            let address = self.address();
            let pair =
                Served::share(&target, face, SocketAddr::new(IpAddr::V4(address), 0)).and_then(|served| {
                    let next = Ipv4Addr::from(u32::from(address) + 1);
                    let other = Served::share(
                        &neighbour,
                        face,
                        SocketAddr::new(IpAddr::V4(next), served.address.port()),
                    )?;
                    Ok((served, other))
                });
            match pair {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < BIND_ATTEMPTS => {}
                result => return result,
            }
        }
    }
}

/// How an agent's process begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Start {
    /// As a fork of an interpreter that has its libraries, where it is a script that can be run so.
    Warm,
    /// As everybody else runs it.
    Cold,
}

/// One external agent on one device.
pub(crate) struct ProcessStage<'a> {
    arena: &'a Arena,
    subject: Arc<Subject>,
    stand_ins: Arc<StandIns>,
    /// When the time is over, whoever still runs.
    cut: Cut,
}

impl<'a> ProcessStage<'a> {
    pub(crate) fn new(arena: &'a Arena, subject: Arc<Subject>, stand_ins: Arc<StandIns>, cut: Cut) -> Self {
        ProcessStage { arena, subject, stand_ins, cut }
    }

    fn rack(&self, spec: &Arc<DeviceSpec>, case: &Case, record: bool, how: Start) -> io::Result<Rack<'_>> {
        let account = Account::of_seed(case.seed);
        let (target, neighbour) = stage::devices(spec, case, &account, record);
        let (target, neighbour) = self.arena.serve(Link::face(spec, &case.options), target, neighbour)?;
        Ok(Rack { stage: self, spec: Arc::clone(spec), account, target, neighbour, record, how })
    }
}

impl Stage for ProcessStage<'_> {
    fn play(&self, case: &Case, needs: Needs, record: bool) -> Option<Played> {
        self.play_by(case, needs, record, Start::Warm)
    }

    fn play_for_certain(&self, case: &Case, needs: Needs) -> Option<Played> {
        self.play_by(case, needs, true, Start::Cold)
    }

    fn subject(&self) -> &Arc<Subject> {
        &self.subject
    }

    fn spec(&self) -> &Arc<DeviceSpec> {
        self.stand_ins.spec()
    }
}

impl ProcessStage<'_> {
    fn play_by(&self, case: &Case, needs: Needs, record: bool, how: Start) -> Option<Played> {
        let spec = self.stand_ins.for_case(case)?;
        let start = |case: &Case| match self.rack(&spec, case, record, how) {
            Ok(rack) => Some(rack),
            Err(error) => {
                tracing::warn!(%error, "no sockets for a case");
                None
            }
        };
        let rack = start(case)?;
        let run = rack.run(case, needs == Needs::Witness)?;
        let retry = match needs {
            Needs::Retry => Some(rack.retry(case)?),
            Needs::Often => Some(stage::often(OFTEN, case, || rack.run(case, false))?),
            Needs::One | Needs::Other | Needs::Witness => None,
        };
        let other = if needs == Needs::Other {
            let argv = stage::by_argv(case);
            Some(start(&argv)?.run(&argv, false)?)
        } else {
            None
        };
        Some(Played { run, retry, other, spec })
    }
}

/// Two served devices.
struct Rack<'a> {
    stage: &'a ProcessStage<'a>,
    spec: Arc<DeviceSpec>,
    account: Account,
    target: Served,
    neighbour: Served,
    record: bool,
    how: Start,
}

impl Rack<'_> {
    fn run(&self, case: &Case, witness: bool) -> Option<Run> {
        let (subject, arena) = (&self.stage.subject, self.stage.arena);
        let Agent::External(path) = &subject.agent else { return None };
        let number = arena.next_run.fetch_add(1, Ordering::Relaxed);
        let folder = arena.folder.path().join(format!("run-{number}"));
        let mut case = stage::named(&self.spec, case).into_owned();
        let witnesses = match std::fs::create_dir(&folder) {
            Ok(()) if witness => set_witnesses(&folder, subject, &mut case),
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "no folder for a run");
                return None;
            }
        };
        let place = Place { host: self.target.address.ip().to_string(), port: self.target.address.port() };
        let (spec, script) = (&self.spec, arena.script.display().to_string());
        let link = Link::of(spec);
        let call = Call::new(&case, &subject.advert, &link, &place, &self.account, &script);
        let told = self.account.as_told(case.login);
        let mut env = Call::environment(&case);
        if !call.args.is_empty() {
            // The password script prints it; the agent and its children inherit it, as with any secret in an environment.
            env.insert(PASSWORD_VARIABLE.to_owned(), told.password.clone());
        }
        let program = Program { path: path.clone(), args: call.args, env, folder: folder.clone() };
        let effort = link.effort(spec, case.by_name);
        let bound = Timing::of(&case, &subject.advert.defaults(), effort).last_bound(case.action);

        // Shared::with advances the device first, so both look at the same instant as the clock.
        let (started, initial) = self.target.with(|target, now| (now, stage::powers(target)));
        let (neighbour_initial, _) = self.neighbour.with(|neighbour, _| (stage::powers(neighbour), ()));
        let pulses = self.target.with(|target, _| target.plant().pulses().len());
        let running = async {
            let warm = match self.how {
                Start::Warm => match &arena.warm {
                    Some(warm) => warm.run(&program, &call.stdin, bound, arena.folder.path()).await,
                    None => None,
                },
                Start::Cold => None,
            };
            match warm {
                Some(finished) => finished,
                None => process::run(&program, &call.stdin, bound).await,
            }
        };
        let finished = arena.runtime.block_on(async {
            tokio::select! {
                finished = running => Some(finished),
                () = self.stage.cut.over() => None,
            }
        });
        let ended = self.target.now();
        let log = std::fs::read_to_string(folder.join(DEBUG_FILE)).unwrap_or_default();
        let children = witnesses.iter().flat_map(|note| read_notes(note)).collect();
        let _ = std::fs::remove_dir_all(&folder);
        let finished = finished?;
        let end = AgentEnd {
            exit: finished.exit,
            stdout: finished.stdout,
            stderr: finished.stderr + &log,
            children,
            secret: told.password,
        };
        let before = Before::seen(started, initial, neighbour_initial, pulses);
        let after = self.target.with(|target, _| {
            let commands = target.take_neighbour_commands();
            self.neighbour.with(|neighbour, _| {
                for command in &commands {
                    neighbour.apply_neighbour_command(command);
                }
                before.after(target, neighbour)
            })
        });
        Some(after.into_run(&self.spec, end, (started, ended), self.record))
    }

    /// The same again without trouble. Real time cannot be skipped: where the device still suffers from what was (a session
    /// table that is full until it expires), a later attempt counts as well.
    fn retry(&self, case: &Case) -> Option<Run> {
        const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(5), Duration::from_secs(20)];
        let calm = stage::convalescence(&self.spec, case);
        self.target.with(|target, _| target.clear_faults());
        let mut last = None;
        for pause in PAUSES.into_iter().filter(|pause| pause.is_zero() || *pause <= calm) {
            let paused = async { tokio::time::timeout(pause, self.stage.cut.over()).await };
            if self.stage.arena.runtime.block_on(paused).is_ok() {
                // Not all attempts could be made, so nothing is known.
                return None;
            }
            let run = self.run(case, false)?;
            let healed = crate::properties::heals::check(case, &run) == crate::verdict::Judgement::Holds;
            last = Some(run);
            if healed {
                break;
            }
        }
        last
    }
}

/// Puts a script in the place of each tool that the agent runs. It notes the arguments and becomes the tool.
fn set_witnesses(folder: &Path, subject: &Subject, case: &mut Case) -> Vec<PathBuf> {
    let mut notes = Vec::new();
    for (at, (parameter, tool)) in subject.advert.tools().enumerate() {
        let name = Path::new(tool).file_name().unwrap_or_default();
        let (place, note) = (folder.join(format!("tool-{at}")), folder.join(format!("note-{at}")));
        let script = place.join(name);
        let text = format!(
            "#!/bin/sh\nfor word in '{tool}' \"$@\"; do printf '%s\\n' \"$word\"; done >\"$(mktemp '{}.XXXXXX')\"\nexec '{tool}' \"$@\"\n",
            note.display()
        );
        if std::fs::create_dir(&place).and_then(|()| write_program(&script, &text)).is_ok() {
            case.options.insert(parameter.to_owned(), script.display().to_string());
            notes.push(note);
        }
    }
    notes
}

/// The arguments that a witness noted, one list for each time the tool was run.
fn read_notes(note: &Path) -> Vec<Vec<String>> {
    let (Some(folder), Some(stem)) = (note.parent(), note.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let files = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    files
        .filter(|file| {
            file.file_name().to_string_lossy().strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
        })
        .filter_map(|file| std::fs::read_to_string(file.path()).ok())
        .map(|text| text.lines().map(str::to_owned).collect())
        .collect()
}

fn write_program(path: &Path, text: &str) -> io::Result<()> {
    std::fs::write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_pairs_of_loopback() {
        let arena = Arena::new(true).unwrap();
        for _ in 0..1000 {
            let address = arena.address();
            assert!(
                address.is_loopback() && address.octets()[3] < 255 && address.octets()[3].is_multiple_of(2),
                "{address}"
            );
        }
    }

    #[test]
    fn a_witness_notes_arguments_and_becomes_the_tool() {
        let folder = tempfile::tempdir().unwrap();
        let mut subject = Subject {
            agent: Agent::External(PathBuf::from("/bin/true")),
            advert: crate::metadata::Advert::default(),
            run: fencelab_agents::run,
        };
        let parameter =
            crate::metadata::Parameter { default: Some("/bin/echo".to_owned()), ..Default::default() };
        subject.advert.parameters.insert("echo_path".to_owned(), parameter);
        let mut case = Case::healthy("v/m", "a", crate::Action::Off, "1", fencelab_devices::Power::On);
        let notes = set_witnesses(folder.path(), &subject, &mut case);
        for words in [["-P", "a b"], ["-P", "c"]] {
            let output = std::process::Command::new(&case.options["echo_path"]).args(words).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}\n", words.join(" ")));
        }
        let mut seen: Vec<Vec<String>> = notes.iter().flat_map(|note| read_notes(note)).collect();
        seen.sort();
        assert_eq!(seen, [["/bin/echo", "-P", "a b"], ["/bin/echo", "-P", "c"]]);
    }
}
