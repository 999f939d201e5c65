//! Kernel modules of the guests: those named, and those that they depend on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::cpio::Cpio;
use crate::error::GuestError;
use crate::packages;

/// What guests load, or what the kernel asks for by itself (`crc32…`: soft-RoCE's checksum).
pub(crate) const MODULES: &[&str] = &[
    "crc32_generic",
    "crc32_pclmul",
    "rdma_rxe",
    "rdma_ucm",
    "tun",
    "virtio_console",
    "virtio_net",
    "virtio_pci",
];

/// Puts the modules of kernel `release` into the archive, with the lists that modprobe reads.
///
/// # Errors
/// When depmod fails or a module is not there.
pub(crate) fn add(root: &Path, release: &str, archive: &mut Cpio) -> Result<(), GuestError> {
    let mut depmod = packages::program(root, "depmod")?;
    depmod.arg("-b").arg(root).arg(release);
    packages::checked("listing the kernel's modules", &mut depmod, "kmod")?;
    let folder = root.join("lib/modules").join(release);
    let list = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(GuestError::file("read", &path))
    };
    let dependencies = list("modules.dep")?;
    let chosen = chosen(&dependencies, MODULES).map_err(|name| GuestError::Malformed {
        path: folder.join("modules.dep"),
        problem: format!("this kernel has no module {name}"),
    })?;
    let guests = format!("usr/lib/modules/{release}");
    let mut folders = BTreeSet::new();
    for path in &chosen {
        folders.extend(Path::new(path).ancestors().skip(1).map(Path::to_owned));
    }
    archive.folder("usr/lib/modules");
    for below in folders {
        archive.folder(format!("{guests}/{}", below.display()).trim_end_matches('/'));
    }
    for path in &chosen {
        let file = folder.join(path);
        archive.file(
            &format!("{guests}/{path}"),
            0o644,
            &fs::read(&file).map_err(GuestError::file("read", &file))?,
        );
    }
    let names: BTreeSet<String> = chosen.iter().map(|path| name_of(path)).collect();
    let deps = lines(&dependencies, |line| line.split(':').next().is_some_and(|path| chosen.contains(path)));
    archive.file(&format!("{guests}/modules.dep"), 0o644, deps.as_bytes());
    let alias = lines(&list("modules.alias")?, |line| {
        line.split(' ').next_back().is_some_and(|name| names.contains(&name.replace('-', "_")))
    });
    archive.file(&format!("{guests}/modules.alias"), 0o644, alias.as_bytes());
    Ok(())
}

/// The paths of the named modules and of all that they depend on; or the name that is not there.
fn chosen<'a>(dependencies: &str, names: &[&'a str]) -> Result<BTreeSet<String>, &'a str> {
    let mut paths = BTreeSet::new();
    for &name in names {
        let line = dependencies
            .lines()
            .find(|line| line.split(':').next().is_some_and(|path| name_of(path) == name))
            .ok_or(name)?;
        // depmod lists a module's dependencies in full, not only the nearest.
        paths.extend(line.split([':', ' ']).filter(|path| !path.is_empty()).map(str::to_owned));
    }
    Ok(paths)
}

/// A module's name, from its path: `kernel/drivers/net/virtio_net.ko` → `virtio_net`.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.split('.').next().unwrap_or_default().replace('-', "_")
}

fn lines(text: &str, keep: impl Fn(&str) -> bool) -> String {
    text.lines().filter(|line| keep(line)).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEP: &str = "kernel/a-b.ko: kernel/sub/c.ko.xz\nkernel/sub/c.ko.xz:\nkernel/d.ko:\n";

    #[test]
    fn a_module_brings_what_it_depends_on() {
        let paths: Vec<String> = chosen(DEP, &["a_b"]).unwrap().into_iter().collect();
        assert_eq!(paths, ["kernel/a-b.ko", "kernel/sub/c.ko.xz"]);
    }

    #[test]
    fn a_module_that_is_not_there_is_named() {
        assert_eq!(chosen(DEP, &["d", "e"]), Err("e"));
    }
}
