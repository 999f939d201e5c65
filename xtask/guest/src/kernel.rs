//! The kernel: uncompressed, for QEMU starts an ELF kernel by its PVH note at once, where the compressed one would unpack
//! itself in emulation, which takes more time than all the rest of the boot.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::GuestError;
use crate::packages;

/// A kernel of the unpacked packages.
pub(crate) struct Kernel {
    /// Its release, such as `6.1.0-56-amd64`.
    pub(crate) release: String,
    image: PathBuf,
}

impl Kernel {
    /// The newest kernel below `root`.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn find(root: &Path) -> Result<Self, GuestError> {
        let folder = root.join("boot");
        let names = fs::read_dir(&folder).map_err(GuestError::file("list", &folder))?;
        let release = names
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("vmlinuz-").map(str::to_owned))
            .max()
            .ok_or_else(|| GuestError::Malformed {
                path: folder.clone(),
                problem: "no kernel is in it; is Debian's linux-image-amd64 what apt-get offers here?"
                    .to_owned(),
            })?;
        Ok(Self { image: folder.join(format!("vmlinuz-{release}")), release })
    }

    /// Writes the kernel as an ELF file.
    ///
    /// # Errors
    /// When the image is packed in another way than xz, gzip or zstd.
    pub(crate) fn write_uncompressed(&self, root: &Path, to: &Path) -> Result<(), GuestError> {
        let image = fs::read(&self.image).map_err(GuestError::file("read", &self.image))?;
        let malformed =
            |problem: &str| GuestError::Malformed { path: self.image.clone(), problem: problem.to_owned() };
        let packed = payload(&image).ok_or_else(|| malformed("it is no bzImage of version 2.08 or later"))?;
        let unpacker = match packed {
            [0xfd, b'7', b'z', b'X', ..] => "xz",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
            [0x1f, 0x8b, ..] => "gzip",
            _ => return Err(malformed("it is packed with neither xz nor zstd nor gzip")),
        };
        // The kernel's build appends the size to what is packed.
        let packed = &packed[..packed.len().saturating_sub(4)];
        let part = to.with_extension("packed");
        fs::write(&part, packed).map_err(GuestError::file("write", &part))?;
        let input = fs::File::open(&part).map_err(GuestError::file("open", &part))?;
        let mut command = packages::program(root, unpacker)?;
        command.arg("-dc").stdin(input);
        let unpacked = packages::checked("unpacking the kernel", &mut command, "xz-utils")?.stdout;
        if !unpacked.starts_with(b"\x7fELF") {
            return Err(malformed("what is packed in it is no ELF file"));
        }
        fs::remove_file(&part).map_err(GuestError::file("remove", &part))?;
        fs::write(to, unpacked).map_err(GuestError::file("write", to))
    }
}

/// The packed kernel in a bzImage (Linux, Documentation/arch/x86/boot.rst: `setup_sects`, `payload_offset`,
/// `payload_length`).
fn payload(image: &[u8]) -> Option<&[u8]> {
    let number = |at: usize| Some(u32::from_le_bytes(image.get(at..at + 4)?.try_into().ok()?) as usize);
    if image.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let sectors = match image[0x1f1] {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let start = (sectors + 1) * 512 + number(0x248)?;
    image.get(start..start.checked_add(number(0x24c)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_stands_where_the_header_says() {
        let mut image = vec![0; 4096];
        image[0x1f1] = 1;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x248..0x24c].copy_from_slice(&16u32.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&3u32.to_le_bytes());
        image[1040..1043].copy_from_slice(b"xyz");
        // The header's bytes of this test lie before the payload.
        assert_eq!(payload(&image), Some(&b"xyz"[..]));
        image[0x24c..0x250].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(payload(&image), None);
        assert_eq!(payload(&[0; 64]), None);
    }
}
