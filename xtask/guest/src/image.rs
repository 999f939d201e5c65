//! What guests boot from, made once and kept in `target/guest`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::GuestError;
use crate::kernel::Kernel;
use crate::{base, modules, packages, user_mode_kernel};

/// The kernel and the first file system of all guests.
#[derive(Clone, Debug)]
pub struct Image {
    /// The uncompressed kernel.
    pub kernel: PathBuf,
    /// The archive with Debian's programs and modules.
    pub base: PathBuf,
    /// The packages that it was made of, one a line, with their versions.
    pub packages: PathBuf,
}

impl Image {
    /// The image, made now if it is not there or if what goes into it has changed. Others who ask meanwhile wait.
    ///
    /// # Errors
    /// When apt can't download, or the packages do not hold what they should.
    pub fn ready() -> Result<Self, GuestError> {
        Self::ready_in(&cache())
    }

    /// Forgets the image and the downloads, so that the next guest gets the newest packages. A User-Mode Linux kernel stays if
    /// it is of the newest source.
    ///
    /// # Errors
    /// When files can't be removed.
    pub fn forget() -> Result<(), GuestError> {
        let cache = cache();
        let Ok(entries) = fs::read_dir(&cache) else { return Ok(()) };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if !user_mode_kernel::is_built(&path) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn ready_in(cache: &Path) -> Result<Self, GuestError> {
        let _lock = lock(cache, "lock")?;
        let image = Self {
            kernel: cache.join("vmlinux"),
            base: cache.join("base.cpio"),
            packages: cache.join("packages.txt"),
        };
        // Written last: whoever was interrupted before has made nothing.
        let stamp = cache.join("recipe.txt");
        if fs::read_to_string(&stamp).is_ok_and(|made| made == recipe()) {
            return Ok(image);
        }
        let started = Instant::now();
        let root = cache.join("root");
        for old in [&stamp, &root] {
            remove(old)?;
        }
        fs::create_dir_all(&root).map_err(GuestError::file("make the folder", &root))?;
        let packages = packages::unpack(cache, &root)?;
        let kernel = Kernel::find(&root)?;
        eprintln!("guest: making the image with kernel {}", kernel.release);
        kernel.write_uncompressed(&root, &image.kernel)?;
        write(&image.base, &base::archive(&root, &kernel.release)?)?;
        write(&image.packages, (packages.join("\n") + "\n").as_bytes())?;
        // Half a gigabyte that nobody reads again.
        remove(&root)?;
        write(&stamp, recipe().as_bytes())?;
        eprintln!("guest: the image is made, {} s", started.elapsed().as_secs());
        Ok(image)
    }
}

/// Everything of ours that decides what is in the image.
fn recipe() -> String {
    let lists = [packages::PACKAGES, modules::MODULES, base::PROGRAMS, base::FILES];
    let lists: Vec<String> = lists.iter().map(|list| list.join("\n")).collect();
    // Count up when the archive is laid out in another way.
    format!("layout 1\n{}\n{}", lists.join("\n\n"), base::INIT)
}

/// Makes the cache's folder, and makes others wait who want to do the same in it: tests run side by side in processes of their
/// own. The lock goes with the file.
pub(crate) fn lock(cache: &Path, name: &str) -> Result<File, GuestError> {
    fs::create_dir_all(cache).map_err(GuestError::file("make the folder", cache))?;
    let path = cache.join(name);
    let lock = File::create(&path).map_err(GuestError::file("make", &path))?;
    lock.lock().map_err(GuestError::file("lock", &path))?;
    Ok(lock)
}

/// The folder of all that is made once.
pub(crate) fn cache() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("guest")
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), GuestError> {
    fs::write(path, bytes).map_err(GuestError::file("write", path))
}

/// Removes a file or a folder, which need not be there.
pub(crate) fn remove(path: &Path) -> Result<(), GuestError> {
    let result = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(GuestError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}
