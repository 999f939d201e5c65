//! A transcript of datagrams as pcapng, in the clear, for tshark, Wireshark and whoever reads captures.
//!
//! The packets are made up: IPv4 on loopback addresses, the device at 127.0.0.2 with its protocol's usual port, each
//! session's client at 127.0.0.1 with a port of its own. What was said is not: every message of the transcript is
//! there, a redacted byte as zero, in the datagram that its [protocol](crate::link::DatagramProtocol::datagram) makes of it, and
//! what was not understood as the datagram it was. `open`, `close` and marks are comments of the packet that follows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use etherparse::PacketBuilder;
use fencelab_transcript::{Body, Event, Header, Kind, Map, Side, Transcript};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};

use crate::link::{DatagramProtocol, Session, datagrams};

/// The device in the exported packets.
const DEVICE: [u8; 4] = [127, 0, 0, 2];
/// The client, with the port of what is outside any session; session n has this port plus n.
const AGENT: ([u8; 4], u16) = ([127, 0, 0, 1], 49_152);
/// Ports from [`AGENT`]'s up to the last there is.
const PORTS: u32 = 16_384;

/// What was exported.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Exported {
    /// Packets written.
    pub packets: u64,
    /// What could not be exported, and where; for a person.
    pub warnings: Vec<String>,
}

/// Why a transcript could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The transcript is of another protocol.
    #[error("a transcript of `{0}` cannot be exported to pcapng; only {known} can", known = known())]
    Protocol(String),
    /// The capture could not be written.
    #[error("cannot write the capture: {0}")]
    Write(String),
}

fn known() -> String {
    let names: Vec<_> =
        datagrams::protocols().iter().map(|protocol| format!("`{}`", protocol.name())).collect();
    names.join(" and ")
}

/// Writes a transcript as pcapng.
///
/// # Errors
/// It is of a protocol that knows no datagrams, or cannot be written.
pub fn export(transcript: &Transcript, to: impl Write) -> Result<Exported, ExportError> {
    let protocol = &transcript.header.link.protocol;
    let Some(protocol) = datagrams::protocol(protocol) else {
        return Err(ExportError::Protocol(protocol.clone()));
    };
    let opens = transcript.events.iter().filter_map(|event| match &event.kind {
        Kind::Open(details) => Some((event.session, details)),
        _ => None,
    });
    let mut exporter = Exporter::new(&transcript.header, protocol, opens.collect(), to)?;
    for (index, event) in transcript.events.iter().enumerate() {
        // Line 1 is the header.
        exporter.event(index + 2, event)?;
    }
    exporter.finish()
}

struct Exporter<'a, W: Write> {
    protocol: &'static dyn DatagramProtocol,
    /// The details of each session's `open`.
    opens: HashMap<u32, &'a Map>,
    writer: PcapNgWriter<W>,
    start: Duration,
    /// Of events that are no packets, for the packet that follows.
    comments: Vec<String>,
    /// The last packet, held back for comments that may follow it.
    last: Option<EnhancedPacketBlock<'static>>,
    exported: Exported,
}

impl<'a, W: Write> Exporter<'a, W> {
    fn new(
        header: &Header,
        protocol: &'static dyn DatagramProtocol,
        opens: HashMap<u32, &'a Map>,
        to: W,
    ) -> Result<Self, ExportError> {
        let program = concat!("fencelab ", env!("CARGO_PKG_VERSION"));
        let only_header = Transcript { header: header.clone(), events: Vec::new() };
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::UserApplication(Cow::Borrowed(program)),
                SectionHeaderOption::Common(CommonOption::Comment(
                    only_header.canonical().trim_end().to_owned().into(),
                )),
            ],
            ..SectionHeaderBlock::default()
        };
        let mut writer = PcapNgWriter::with_section_header(to, section).map_err(|error| describe(&error))?;
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: 0,
            options: vec![InterfaceDescriptionOption::IfName(Cow::Borrowed("fencelab-export"))],
        };
        writer.write_pcapng_block(interface).map_err(|error| describe(&error))?;
        let captured = header.captured.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let start =
            captured.and_then(|time| u64::try_from(time.as_microsecond()).ok()).map(Duration::from_micros);
        Ok(Self {
            protocol,
            opens,
            writer,
            start: start.unwrap_or_default(),
            comments: Vec::new(),
            last: None,
            exported: Exported::default(),
        })
    }

    fn event(&mut self, line: usize, event: &Event) -> Result<(), ExportError> {
        let Kind::Say { from, body } = &event.kind else {
            self.comments.push(words(event));
            return Ok(());
        };
        match self.payload(event.session, body) {
            Ok(payload) => self.packet(event, *from, self.is_unasked(body), &payload),
            Err(reason) => {
                self.exported.warnings.push(format!("line {line} becomes a comment: {reason}"));
                self.comments.push(words(event));
                Ok(())
            }
        }
    }

    /// The UDP payload of what was said.
    fn payload(&self, session: u32, body: &Body) -> Result<Vec<u8>, String> {
        match body {
            Body::Text(text) => Ok(text.as_bytes().into()),
            Body::Hex(bytes) => Ok(bytes.to_lossy()),
            Body::Object { protocol, value } => {
                let session = Session { number: session, details: self.opens.get(&session).copied() };
                self.protocol.datagram(&session, protocol, value)
            }
        }
    }

    fn is_unasked(&self, body: &Body) -> bool {
        matches!(body, Body::Object { protocol, value } if self.protocol.is_unasked(protocol, value))
    }

    fn packet(
        &mut self,
        event: &Event,
        from: Side,
        unasked: bool,
        payload: &[u8],
    ) -> Result<(), ExportError> {
        // The remainder is below 16,384, so the sum is a port.
        let port = AGENT.1.saturating_add(u16::try_from(event.session % PORTS).unwrap_or_default());
        let called = self.protocol.client_ports().first().copied().filter(|_| unasked);
        let agent = (AGENT.0, called.unwrap_or(port));
        let device = (DEVICE, self.protocol.ports().first().copied().unwrap_or_default());
        let (source, target) = match from {
            Side::Agent => (agent, device),
            Side::Device => (device, agent),
        };
        let builder = PacketBuilder::ipv4(source.0, target.0, 64).udp(source.1, target.1);
        let mut data = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut data, payload).map_err(|error| ExportError::Write(error.to_string()))?;
        self.flush_last()?;
        self.last = Some(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: self.start.saturating_add(event.at),
            original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
            options: self.comments.drain(..).map(comment).collect(),
            data: Cow::Owned(data),
        });
        Ok(())
    }

    /// What stands after the last packet becomes comments of that one.
    fn finish(mut self) -> Result<Exported, ExportError> {
        let comments = std::mem::take(&mut self.comments);
        match &mut self.last {
            Some(last) => last.options.extend(comments.into_iter().map(comment)),
            None => self
                .exported
                .warnings
                .extend(comments.first().map(|_| "there is no packet to comment".into())),
        }
        self.flush_last()?;
        self.writer.get_mut().flush().map_err(|error| ExportError::Write(error.to_string()))?;
        Ok(self.exported)
    }

    fn flush_last(&mut self) -> Result<(), ExportError> {
        let Some(last) = self.last.take() else { return Ok(()) };
        self.writer.write_pcapng_block(last).map_err(|error| describe(&error))?;
        self.exported.packets += 1;
        Ok(())
    }
}

fn comment<'a>(text: String) -> EnhancedPacketOption<'a> {
    EnhancedPacketOption::Common(CommonOption::Comment(Cow::Owned(text)))
}

/// An event as its line in a transcript.
fn words(event: &Event) -> String {
    let header = Header::new(Default::default(), Default::default());
    let text = Transcript { header, events: vec![event.clone()] }.canonical();
    text.lines().nth(1).unwrap_or_default().into()
}

fn describe(error: &dyn std::error::Error) -> ExportError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    ExportError::Write(format!("{error}{cause}"))
}
