//! The command line of a guest's QEMU.

use std::path::Path;
use std::process::Command;

use crate::parts::Parts;

/// QEMU as a child that the kernel kills when the thread that starts it ends, however that comes about.
pub(crate) fn command(parts: &Parts<'_>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"]);
    // Emulated, a plain processor is the faster one: what a newer one can do is done by slow routines of QEMU's. Random
    // numbers from it spare the kernel its wait for others.
    let (accel, cpu) =
        if parts.kvm { ("kvm", "host") } else { ("tcg,thread=multi", "qemu64,+rdrand,+rdseed") };
    command
        .args(["-name", &format!("fencelab-{}", parts.node.0)])
        .args(["-accel", accel, "-cpu", cpu, "-smp", "1", "-m", &parts.memory.to_string()])
        .args(["-M", "pc", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
        .args(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"])
        .args(["-device", "virtio-serial-pci", "-chardev", &socket("agent", parts.agent)])
        .args(["-device", "virtserialport,chardev=agent,name=fencelab.agent"])
        .args([
            "-netdev",
            &format!("stream,id=net,server=off,addr.type=unix,addr.path={}", escaped(parts.port)),
        ])
        .args(["-device", &format!("virtio-net-pci,netdev=net,romfile=,mac={}", parts.hardware_address())])
        .arg("-kernel")
        .arg(parts.kernel)
        .arg("-initrd")
        .arg(parts.initrd)
        .args(["-append", &kernel_line(parts)]);
    command
}

fn kernel_line(parts: &Parts<'_>) -> String {
    // `rootfstype`: not limited to half of the memory. The second line leaves out tests of the kernel's ciphers, a third of the
    // boot.
    format!(
        "console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable rootfstype=ramfs \
        cryptomgr.notests initcall_blacklist=crypto_kdf108_init {}",
        parts.environment()
    )
}

fn socket(id: &str, path: &Path) -> String {
    format!("socket,id={id},server=off,path={}", escaped(path))
}

/// QEMU's options are lists: a comma in a path is doubled.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}
