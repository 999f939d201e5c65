//! Archives as the kernel unpacks them into its first file system: cpio in the format "newc"
//! (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).

/// An archive that grows in memory. Everything in it belongs to root.
#[derive(Debug, Default)]
pub(crate) struct Cpio {
    bytes: Vec<u8>,
    entries: u32,
}

const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

impl Cpio {
    /// Adds a folder. The kernel makes no folders by itself: parents come first.
    pub(crate) fn folder(&mut self, path: &str) {
        self.entry(path, FOLDER | 0o755, 2, &[]);
    }

    /// Adds a file with its rights, such as `0o755`.
    pub(crate) fn file(&mut self, path: &str, rights: u32, data: &[u8]) {
        self.entry(path, FILE | rights, 1, data);
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.entry(path, LINK | 0o777, 1, target.as_bytes());
    }

    /// The archive with its trailer, filled up so that another may follow it.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, 1, &[]);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, links: u32, data: &[u8]) {
        let path = path.trim_start_matches('/');
        let size = u32::try_from(data.len()).expect("no file of a guest has 4 GiB");
        let name_size = u32::try_from(path.len() + 1).expect("names are short");
        self.entries += 1;
        self.bytes.extend_from_slice(b"070701");
        // Inode, mode, owner, group, links, time, size, device (2), device of a special file (2), size of the name, checksum.
        for field in [self.entries, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_size, 0] {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(data);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_is_laid_out_as_the_kernel_documents_it() {
        let mut cpio = Cpio::default();
        cpio.file("/a", 0o644, b"hello");
        let bytes = cpio.finish();
        let head = "070701\
            00000001\
            000081a4\
            00000000\
            00000000\
            00000001\
            00000000\
            00000005\
            00000000000000000000000000000000\
            00000002\
            00000000";
        assert_eq!(&bytes[..110], head.as_bytes());
        assert_eq!(&bytes[110..120], b"a\0hello\0\0\0");
        assert_eq!(&bytes[120..126], b"070701");
        assert_eq!(bytes.len() % 512, 0);
    }
}
