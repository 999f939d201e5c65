//! A lab: guests and the switch between them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::cpio::Cpio;
use crate::error::GuestError;
use crate::image::Image;
use crate::libraries::{self, Libraries};
use crate::machine::{self, Machine};
use crate::node::Node;
use crate::options::{Accel, Inside, Kernel, Options};
use crate::parts::Parts;
use crate::port::Framing;
use crate::switch::Switch;
use crate::user_mode_kernel;

/// How long a guest may take to show that the host's hardware runs it; it takes less than a second where it does.
const PROBE_LIMIT: Duration = Duration::from_secs(15);

/// Guests on a switch. All of it ends with this value, and with its process.
pub struct Lab {
    nodes: Vec<Node>,
    switch: Switch,
}

/// What every boot of a guest needs to know.
pub(crate) struct Plan {
    pub(crate) options: Options,
    count: usize,
    kernel: PathBuf,
    initrd: PathBuf,
    memory: usize,
    folder: TempDir,
}

impl Lab {
    /// Boots `count` guests and waits until each has its address and its RDMA device.
    ///
    /// The first call on a machine downloads Debian's packages and makes the image, which takes half a minute; the first with
    /// [`Kernel::UserMode`] builds that kernel, which takes minutes.
    ///
    /// # Errors
    /// When options exclude each other, the image or the kernel can't be made, QEMU is missing, or a guest does not come up.
    pub fn boot(count: usize, options: Options) -> Result<Self, GuestError> {
        options.check()?;
        if options.accel == Accel::Probe {
            let kvm = Options { accel: Accel::Kvm, boot_limit: PROBE_LIMIT, ..options.clone() };
            return Self::boot(count, kvm)
                .or_else(|_| Self::boot(count, Options { accel: Accel::Tcg, ..options }));
        }
        let plan = Arc::new(Plan::new(count, options)?);
        let framing = match plan.options.kernel {
            Kernel::Debian => Framing::Lengths,
            Kernel::UserMode => Framing::Packets,
        };
        let switch =
            Switch::start(plan.folder.path(), count, framing, plan.options.cable, plan.options.seed)?;
        let nodes: Vec<Node> =
            (1..=count).map(|number| Node::start(number, &plan)).collect::<Result<_, _>>()?;
        for node in &nodes {
            node.wait_until_up()?;
        }
        Ok(Self { nodes, switch })
    }

    /// A guest, counted from 1.
    ///
    /// # Panics
    /// When there is no such guest.
    #[must_use]
    pub fn node(&self, number: usize) -> &Node {
        let count = self.nodes.len();
        assert!((1..=count).contains(&number), "nodes are 1 to {count}, not {number}");
        &self.nodes[number - 1]
    }

    /// All guests, in order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The switch between them.
    #[must_use]
    pub fn switch(&self) -> &Switch {
        &self.switch
    }
}

impl Plan {
    fn new(count: usize, options: Options) -> Result<Self, GuestError> {
        assert!((1..=254).contains(&count), "a lab has 1 to 254 guests, not {count}");
        let image = Image::ready()?;
        let kernel = match options.kernel {
            Kernel::Debian => image.kernel,
            Kernel::UserMode => user_mode_kernel::ready()?,
        };
        // Sockets' paths have at most 107 bytes, which a temporary folder in a deep place would exceed.
        let folder = tempfile::Builder::new()
            .prefix("guests-")
            .tempdir()
            .map_err(GuestError::file("make a temporary folder in", &std::env::temp_dir()))?;
        let initrd = folder.path().join("initrd");
        let size = write_initrd(&initrd, &image.base, &options.inside)?;
        // Twice: packed, and unpacked.
        let memory = options.memory + 2 * usize::try_from(size >> 20).unwrap_or_default();
        Ok(Self { options, count, kernel, initrd, memory, folder })
    }

    pub(crate) fn start(&self, number: usize) -> Result<Machine, GuestError> {
        let folder = self.folder.path();
        Machine::start(&Parts {
            kind: self.options.kernel,
            kvm: self.options.accel == Accel::Kvm,
            rdma: self.options.rdma,
            node: (number, self.count),
            kernel: &self.kernel,
            initrd: &self.initrd,
            memory: self.memory,
            mtu: self.options.mtu,
            pinned: self.options.pinned,
            agent: &machine::agent_socket(folder, number),
            port: &Switch::socket(folder, number),
        })
    }
}

/// Writes the image's archive and behind it ours: the kernel unpacks both. Returns the size in bytes.
fn write_initrd(path: &Path, base: &Path, inside: &[Inside]) -> Result<u64, GuestError> {
    let mut from = File::open(base).map_err(GuestError::file("open", base))?;
    let mut to = File::create(path).map_err(GuestError::file("make", path))?;
    let size = std::io::copy(&mut from, &mut to).map_err(GuestError::file("write", path))?;
    let more = archive(inside)?;
    to.write_all(&more).map_err(GuestError::file("write", path))?;
    Ok(size + more.len() as u64)
}

/// The archive of the host's files, first of all our agent.
fn archive(inside: &[Inside]) -> Result<Vec<u8>, GuestError> {
    let agent = Inside { host: agent()?, guest: "/bin/fencelab-guest-agent".to_owned() };
    let mut archive = Cpio::default();
    let mut needed = Libraries::new();
    for Inside { host, guest } in std::iter::once(&agent).chain(inside) {
        let bytes = fs::read(host).map_err(GuestError::file("read", host))?;
        let parents: Vec<&Path> = Path::new(guest).ancestors().skip(1).collect();
        for parent in parents.iter().rev().filter(|parent| parent.parent().is_some()) {
            archive.folder(&parent.display().to_string());
        }
        archive.file(guest, 0o755, &bytes);
        libraries::add(Path::new("/"), host, &mut needed)?;
    }
    for (place, path) in &needed {
        archive.file(place, 0o755, &fs::read(path).map_err(GuestError::file("read", path))?);
    }
    Ok(archive.finish())
}

/// The agent's program: cargo puts it beside the programs of the workspace, and tests into a folder below.
fn agent() -> Result<PathBuf, GuestError> {
    let own = std::env::current_exe().map_err(GuestError::file("find", Path::new("our own program")))?;
    let folder = own.parent().filter(|folder| folder.ends_with("deps")).unwrap_or(&own);
    let path = folder.with_file_name("fencelab-guest-agent");
    if path.is_file() { Ok(path) } else { Err(GuestError::NoAgent { path }) }
}
