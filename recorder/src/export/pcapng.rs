//! A transcript of IPMI as pcapng, in the clear, for tshark, Wireshark and whoever reads captures.
//!
//! The packets are made up: IPv4 on loopback addresses, the BMC at 127.0.0.2 port 623, each session's
//! client at 127.0.0.1 with a port of its own. What was said is not: every payload byte of the
//! transcript is there, a redacted one as zero. IPMI messages travel in IPMI 1.5 packets without
//! authentication, set-up payloads of RMCP+ in RMCP+ packets, and what was not understood as the
//! datagram it was. `open`, `close` and marks are comments of the packet that follows.

use std::borrow::Cow;
use std::io::Write;
use std::time::Duration;

use etherparse::PacketBuilder;
use fencelab_transcript::{Body, Bytes, Event, Header, Kind, Side, Transcript};
use fencelab_wire::ipmi::asf::Asf;
use fencelab_wire::ipmi::{LanMessage, rmcpplus, session};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};
use serde_json::Value;

/// The BMC in the exported packets.
const DEVICE: ([u8; 4], u16) = ([127, 0, 0, 2], 623);
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
    #[error("a transcript of `{0}` cannot be exported to pcapng; only `ipmi` can")]
    Protocol(String),
    /// The capture could not be written.
    #[error("cannot write the capture: {0}")]
    Write(String),
}

/// Writes a transcript as pcapng.
///
/// # Errors
/// It is not of IPMI, or cannot be written.
pub fn export(transcript: &Transcript, to: impl Write) -> Result<Exported, ExportError> {
    let protocol = &transcript.header.link.protocol;
    if protocol != "ipmi" {
        return Err(ExportError::Protocol(protocol.clone()));
    }
    let mut exporter = Exporter::new(&transcript.header, to)?;
    for (index, event) in transcript.events.iter().enumerate() {
        // Line 1 is the header.
        exporter.event(index + 2, event)?;
    }
    exporter.finish()
}

struct Exporter<W: Write> {
    writer: PcapNgWriter<W>,
    start: Duration,
    /// Of events that are no packets, for the packet that follows.
    comments: Vec<String>,
    /// The last packet, held back for comments that may follow it.
    last: Option<EnhancedPacketBlock<'static>>,
    exported: Exported,
}

impl<W: Write> Exporter<W> {
    fn new(header: &Header, to: W) -> Result<Self, ExportError> {
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
        match payload(event.session, body) {
            Ok(payload) => self.packet(event.at, event.session, *from, &payload),
            Err(reason) => {
                self.exported.warnings.push(format!("line {line} becomes a comment: {reason}"));
                self.comments.push(words(event));
                Ok(())
            }
        }
    }

    fn packet(&mut self, at: Duration, session: u32, from: Side, payload: &[u8]) -> Result<(), ExportError> {
        // The remainder is below 16,384, so the sum is a port.
        let port = AGENT.1.saturating_add(u16::try_from(session % PORTS).unwrap_or_default());
        let agent = (AGENT.0, port);
        let (source, target) = match from {
            Side::Agent => (agent, DEVICE),
            Side::Device => (DEVICE, agent),
        };
        let builder = PacketBuilder::ipv4(source.0, target.0, 64).udp(source.1, target.1);
        let mut data = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut data, payload).map_err(|error| ExportError::Write(error.to_string()))?;
        self.flush_last()?;
        self.last = Some(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: self.start.saturating_add(at),
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

/// The UDP payload of what was said.
fn payload(session: u32, body: &Body) -> Result<Vec<u8>, String> {
    match body {
        Body::Text(text) => Ok(text.as_bytes().into()),
        Body::Hex(bytes) => Ok(bytes.to_lossy()),
        Body::Object { protocol, value } => match protocol.as_str() {
            "ipmi" => ipmi(session, value),
            "rmcp+" => rmcp_plus(value),
            "asf" => Asf::from_json(value).map(|asf| asf.emit()).ok_or_else(|| "it is no asf message".into()),
            other => Err(format!("`{other}` is not known in a datagram")),
        },
    }
}

fn ipmi(session: u32, value: &Value) -> Result<Vec<u8>, String> {
    let message: LanMessage =
        serde_json::from_value(value.clone()).map_err(|error| format!("it is no ipmi message: {error}"))?;
    let message = message.emit();
    if message.len() <= 255 {
        return Ok(session::Packet { id: session, ..session::Packet::sessionless(&message) }.emit());
    }
    // Longer than IPMI 1.5 can say: RMCP+, not encrypted.
    let plain = rmcpplus::Packet::sessionless(rmcpplus::PayloadType::Ipmi, &message);
    Ok(rmcpplus::Packet { id: session, ..plain }.emit())
}

fn rmcp_plus(value: &Value) -> Result<Vec<u8>, String> {
    let field =
        |name: &str| value.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` is missing"));
    let name = field("payload")?;
    let kind = rmcpplus::PayloadType::from_name(name).ok_or_else(|| format!("`{name}` is no payload"))?;
    let data: Bytes = field("data")?.parse().map_err(|error| format!("`data` {error}"))?;
    Ok(rmcpplus::Packet::sessionless(kind, &data.to_lossy()).emit())
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
