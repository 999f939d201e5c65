//! A switch's mirror port: frames in a pcap file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapTsResolution, PcapWriter};

use crate::error::GuestError;

/// A file that frames are written to.
pub(crate) struct Capture {
    path: PathBuf,
    writer: PcapWriter<BufWriter<File>>,
    failed: Option<std::io::Error>,
}

impl Capture {
    /// Starts the file.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn start(path: &Path) -> Result<Self, GuestError> {
        let file = File::create(path).map_err(GuestError::file("make", path))?;
        let header = PcapHeader {
            datalink: DataLink::ETHERNET,
            snaplen: 0x4_0000,
            ts_resolution: PcapTsResolution::NanoSecond,
            ..PcapHeader::default()
        };
        let writer = PcapWriter::with_header(BufWriter::new(file), header)
            .map_err(|error| GuestError::file("write", path)(std::io::Error::other(error)))?;
        Ok(Self { path: path.to_owned(), writer, failed: None })
    }

    /// Writes a frame with the present time. A failure is kept for the end: the switch goes on.
    pub(crate) fn frame(&mut self, frame: &[u8]) {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let written = PcapPacket::new(time, length, frame)
            .map_err(std::io::Error::other)
            .and_then(|packet| self.writer.write_packet(&packet).map_err(std::io::Error::other));
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When any of it could not be written.
    pub(crate) fn finish(self) -> Result<(), GuestError> {
        let flushed = self.writer.into_inner().flush();
        match self.failed {
            Some(error) => Err(error),
            None => flushed,
        }
        .map_err(GuestError::file("write", &self.path))
    }
}
