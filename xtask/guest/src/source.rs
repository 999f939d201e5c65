//! The source of Debian's kernel, which User-Mode Linux kernels are made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::GuestError;
use crate::packages;

/// Debian's package that depends on the source of the kernel that it has now.
const CURRENT: &str = "linux-source";

/// A source package that apt has.
pub(crate) struct Source {
    /// Such as `linux-source-6.1`.
    package: String,
    /// Such as `6.1.192-2`.
    pub(crate) version: String,
}

impl Source {
    /// The newest that apt has. `work` is a folder for what is downloaded.
    ///
    /// # Errors
    /// When apt has none.
    pub(crate) fn newest(cache: &Path, work: &Path) -> Result<Self, GuestError> {
        let file = packages::download_one(cache, CURRENT, work)?;
        let mut command = Command::new("dpkg-deb");
        command.arg("-f").arg(&file).args(["Version", "Depends"]);
        let fields = packages::checked("reading a package", &mut command, "dpkg")?.stdout;
        Self::read(&String::from_utf8_lossy(&fields)).ok_or_else(|| GuestError::Malformed {
            path: file,
            problem: format!("it has no version and depends on no {CURRENT}-…"),
        })
    }

    fn read(fields: &str) -> Option<Self> {
        let field = |name: &str| fields.lines().find_map(|line| line.strip_prefix(name));
        let package = field("Depends: ")?
            .split([',', ' '])
            .find(|word| word.strip_prefix(CURRENT).is_some_and(|rest| rest.starts_with('-')))?;
        Some(Self { package: package.to_owned(), version: field("Version: ")?.trim().to_owned() })
    }

    /// Downloads it and unpacks it below `work`. Returns the root of the source.
    ///
    /// # Errors
    /// When apt can't download it, it does not hold the source, or there is no room.
    pub(crate) fn unpack(&self, cache: &Path, work: &Path) -> Result<PathBuf, GuestError> {
        eprintln!("guest: downloading {} {} (about 140 MB)", self.package, self.version);
        let file = packages::download_one(cache, &self.package, work)?;
        eprintln!("guest: unpacking the kernel's source (1.5 GB until the kernel is built)");
        let mut command = Command::new("dpkg-deb");
        command.arg("-x").arg(&file).arg(work);
        packages::checked(&format!("unpacking {}", file.display()), &mut command, "dpkg")?;
        let archive = work.join("usr/src").join(format!("{}.tar.xz", self.package));
        let mut command = Command::new("nice");
        command.args(["tar", "-x", "-C"]).arg(work).arg("-f").arg(&archive);
        packages::checked(&format!("unpacking {}", archive.display()), &mut command, "tar")?;
        for done in [file, archive] {
            fs::remove_file(&done).map_err(GuestError::file("remove", &done))?;
        }
        Ok(work.join(&self.package))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_says_its_version_and_where_the_source_is() {
        let source =
            Source::read("Version: 6.1.192-2\nDepends: linux-source-6.1 (= 6.1.192-2), tar\n").unwrap();
        assert_eq!((source.package.as_str(), source.version.as_str()), ("linux-source-6.1", "6.1.192-2"));
        assert!(Source::read("Version: 1\nDepends: linux-image-6.1\n").is_none());
        assert!(Source::read("Depends: linux-source-6.1\n").is_none());
    }
}
