//! Where a recording goes: redacted, checked for secrets, and written event by event.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fencelab_transcript::redact::Redactor;
use fencelab_transcript::scan::Scan;
use fencelab_transcript::{Error, Event, Header, Writer};

use crate::link;

/// A transcript that is being written.
///
/// Each event is redacted, then checked for what secrets are left, then written and flushed. An
/// event that still holds one is not lost: all that was said in it is masked instead.
pub struct Tape {
    writer: Writer<Box<dyn Write + Send>>,
    redactor: Redactor,
    last: Duration,
    events: u64,
    masked: u64,
}

impl Tape {
    /// Starts a new file; a file that is there already is never overwritten.
    ///
    /// If the header's `redacted` is empty, it becomes what its link's protocol
    /// [masks](crate::link::Protocol::redacted).
    ///
    /// # Errors
    /// The file is there or cannot be written, or the header holds a secret.
    pub fn create(path: &Path, header: Header, secrets: Scan) -> Result<Self, Error> {
        let file = File::options().write(true).create_new(true).open(path);
        let file = file.map_err(|source| Error::Io { doing: "create", path: PathBuf::from(path), source })?;
        Self::to(Box::new(file), header, secrets)
    }

    /// The same to any destination. It should not buffer: each event is one write and one flush.
    ///
    /// # Errors
    /// The header cannot be written or holds a secret.
    pub fn to(destination: Box<dyn Write + Send>, mut header: Header, secrets: Scan) -> Result<Self, Error> {
        if header.redacted.is_empty() {
            let protocol = link::protocol(&header.link.protocol);
            let names = protocol.map_or(&[][..], |protocol| protocol.redacted());
            header.redacted = names.iter().copied().map(String::from).collect();
        }
        let writer = Writer::guarded(destination, &header, secrets.clone())?;
        Ok(Self { writer, redactor: Redactor::new(secrets), last: Duration::ZERO, events: 0, masked: 0 })
    }

    /// Writes one event. Time never goes back in a transcript: an earlier event gets the time of the
    /// one before it.
    ///
    /// # Errors
    /// The event cannot be written.
    pub fn record(&mut self, mut event: Event) -> Result<(), Error> {
        event.at = event.at.max(self.last);
        self.redactor.redact(&mut event);
        match self.writer.write(&event) {
            Err(Error::Secret { .. }) => {
                Redactor::blank(&mut event);
                self.masked += 1;
                self.writer.write(&event)?;
            }
            result => result?,
        }
        self.last = event.at;
        self.events += 1;
        Ok(())
    }

    /// The number of events written, header not counted.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The number of events of which everything said had to be masked.
    pub fn masked(&self) -> u64 {
        self.masked
    }
}

/// The wall clock now, to the microsecond, as the header's `captured` wants it.
pub fn captured_now() -> String {
    captured(jiff::Timestamp::now())
}

/// A time as the header's `captured` wants it: RFC 3339 in UTC, cut to the microsecond.
pub(crate) fn captured(time: jiff::Timestamp) -> String {
    let micros = jiff::Timestamp::from_microsecond(time.as_microsecond());
    micros.unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use fencelab_transcript::{DeviceIdentity, LinkInfo, Side, Transcript};
    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn header() -> Header {
        Header::new(DeviceIdentity::new("V", "M"), LinkInfo::new("ipmi", "udp", 623))
    }

    #[test]
    fn what_is_on_the_tape_can_be_read_at_any_moment_and_holds_no_secret() {
        let shared = Shared::default();
        let scan = Scan::new().with("password", "calvin");
        let mut tape = Tape::to(Box::new(shared.clone()), header(), scan.clone()).unwrap();
        let at = Duration::from_millis;
        let events = [
            Event::say_text(at(3), 0, Side::Agent, "root/calvin"),
            Event::say_object(at(2), 0, Side::Agent, "ipmi", json!({"data": "63616c76696e"})),
        ];
        for (count, event) in events.into_iter().enumerate() {
            tape.record(event).unwrap();
            let text = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
            let transcript = Transcript::parse("t", &text).unwrap();
            assert_eq!(transcript.events.len(), count + 1);
            assert_eq!(transcript.events[count].at, at(3), "time does not go back");
            assert_eq!(scan.transcript(&transcript), []);
            assert!(!transcript.header.redacted.is_empty());
        }
        assert_eq!((tape.events(), tape.masked()), (2, 0));
    }

    #[test]
    fn a_file_that_is_there_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.jsonl");
        std::fs::write(&path, "precious").unwrap();
        let error = Tape::create(&path, header(), Scan::new()).err().unwrap().to_string();
        assert!(error.starts_with("cannot create ") && error.contains("exists"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
