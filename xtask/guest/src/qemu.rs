//! The command line of a guest's QEMU.

use std::path::Path;
use std::process::Command;

/// What a machine is made of.
pub(crate) struct Parts<'a> {
    /// Whether the host's hardware runs it.
    pub(crate) kvm: bool,
    /// Its number and how many there are.
    pub(crate) node: (usize, usize),
    pub(crate) kernel: &'a Path,
    pub(crate) initrd: &'a Path,
    /// MiB.
    pub(crate) memory: usize,
    pub(crate) mtu: u16,
    /// The unix socket where the lab waits for its agent's line.
    pub(crate) agent: &'a Path,
    /// The unix socket of its port of the switch.
    pub(crate) port: &'a Path,
}

impl Parts<'_> {
    /// QEMU as a child that the kernel kills when the thread that starts it ends, however that comes about.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"]);
        // Emulated, a plain processor is the faster one: what a newer one can do is done by slow routines of QEMU's. Random
        // numbers from it spare the kernel its wait for others.
        let (accel, cpu) =
            if self.kvm { ("kvm", "host") } else { ("tcg,thread=multi", "qemu64,+rdrand,+rdseed") };
        let number = self.node.0;
        command
            .args(["-name", &format!("fencelab-{number}")])
            .args(["-accel", accel, "-cpu", cpu, "-smp", "1", "-m", &self.memory.to_string()])
            .args(["-M", "pc", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
            .args(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"])
            .args(["-device", "virtio-serial-pci", "-chardev", &socket("agent", self.agent)])
            .args(["-device", "virtserialport,chardev=agent,name=fencelab.agent"])
            .args([
                "-netdev",
                &format!("stream,id=net,server=off,addr.type=unix,addr.path={}", escaped(self.port)),
            ])
            .args(["-device", &format!("virtio-net-pci,netdev=net,romfile=,mac=52:54:00:77:00:{number:02x}")])
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.initrd)
            .args(["-append", &self.kernel_line()]);
        command
    }

    fn kernel_line(&self) -> String {
        let (number, count) = self.node;
        // What has no full stop in its name becomes the environment of /init. `rootfstype`: not limited to half of the memory.
        // The second line leaves out tests of the kernel's ciphers, a third of the boot.
        format!(
            "console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable rootfstype=ramfs \
            cryptomgr.notests initcall_blacklist=crypto_kdf108_init \
            NODE={number} NODES={count} MTU={}",
            self.mtu
        )
    }
}

fn socket(id: &str, path: &Path) -> String {
    format!("socket,id={id},server=off,path={}", escaped(path))
}

/// QEMU's options are lists: a comma in a path is doubled.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}
