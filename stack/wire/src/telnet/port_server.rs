//! A port server: the end of a telnet connection behind which a serial line is, and that lets the client set it (RFC 2217).

use super::com_port::{ComPort, Control, Parity, StopSize};
use super::{Config, Opt, Side, Telnet};
use crate::serial::{Flow, Line, Parity as LineParity};

/// Carrier, DSR and CTS are there: a device is plugged in and switched on.
const MODEM_READY: u8 = 0xb0;

/// So much waits at most while the client wants to hear nothing; what comes beyond it is lost, as on a line without flow control.
const HELD_MAX: usize = 1 << 16;

/// One client's connection to a port server, without the connection.
///
/// The bytes of [`open`](Self::open), of each [`FromClient::reply`] and of [`send`](Self::send) go to the client in the order in
/// which they are made.
#[derive(Clone, Debug)]
pub struct PortServer {
    telnet: Telnet,
    line: Line,
    signature: String,
    dtr: bool,
    rts: bool,
    breaks: bool,
    /// What waits, while the client wants to hear nothing.
    held: Option<Vec<u8>>,
    /// The client was told of the modem wires.
    has_told: bool,
}

/// What came of the client's bytes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FromClient {
    /// What goes to the line.
    pub data: Vec<u8>,
    /// What goes back to the client.
    pub reply: Vec<u8>,
}

impl PortServer {
    /// A connection that was just made. The line is set so until the client says otherwise.
    #[must_use]
    pub fn new(line: Line, signature: impl Into<String>) -> Self {
        let both = vec![Opt::BINARY, Opt::SGA];
        let config = Config {
            ours: both.clone(),
            // COM-PORT is the client's to offer: pyserial keeps silent about it if it is asked before it has.
            theirs: vec![Opt::COM_PORT],
            asks_for: both.clone(),
            offers: [both.as_slice(), &[Opt::ECHO]].concat(),
            ..Config::device()
        };
        Self {
            telnet: Telnet::new(Config { answers_ayt: None, ..config }),
            line,
            signature: signature.into(),
            dtr: true,
            rts: true,
            breaks: false,
            held: None,
            has_told: false,
        }
    }

    /// What is said first.
    pub fn open(&mut self) -> Vec<u8> {
        self.telnet.open()
    }

    /// How the line is set now.
    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Takes any bytes in any cuts.
    pub fn receive(&mut self, bytes: &[u8]) -> FromClient {
        let mut all = FromClient::default();
        // One after the other: what is answered depends on what is agreed at that very place.
        for byte in bytes {
            self.step(*byte, &mut all);
        }
        all
    }

    fn step(&mut self, byte: u8, all: &mut FromClient) {
        let received = self.telnet.receive(&[byte]);
        all.data.extend(received.data);
        all.reply.extend(received.reply);
        if !self.has_told && self.telnet.is_on(Opt::COM_PORT, Side::Theirs) {
            self.has_told = true;
            all.reply.extend(tell(&ComPort::ModemState(MODEM_READY)));
        }
        for (_, inside) in received.told {
            let Some((false, asked)) = ComPort::parse(&inside) else { continue };
            if asked == ComPort::Resume {
                let held = self.held.take().unwrap_or_default();
                all.reply.extend(self.telnet.send(&held));
            }
            all.reply.extend(self.answer(asked).iter().flat_map(tell));
        }
    }

    /// What the line says, as it goes to the client.
    pub fn send(&mut self, data: &[u8]) -> Vec<u8> {
        match &mut self.held {
            Some(held) => {
                let room = HELD_MAX.saturating_sub(held.len());
                held.extend(data.get(..room).unwrap_or(data));
                Vec::new()
            }
            None => self.telnet.send(data),
        }
    }

    /// Does what the client asks; what is in force now is the answer.
    fn answer(&mut self, asked: ComPort) -> Option<ComPort> {
        Some(match asked {
            ComPort::Signature(text) if text.is_empty() => {
                ComPort::Signature(self.signature.clone().into_bytes())
            }
            ComPort::BaudRate(speed) => {
                self.line.speed = if speed == 0 { self.line.speed } else { speed };
                ComPort::BaudRate(self.line.speed)
            }
            ComPort::DataSize(bits) => {
                self.line.data_bits = if (5..=8).contains(&bits) { bits } else { self.line.data_bits };
                ComPort::DataSize(self.line.data_bits)
            }
            ComPort::Parity(value) => {
                self.line.parity = match value {
                    Parity::NONE => LineParity::None,
                    Parity::ODD => LineParity::Odd,
                    Parity::EVEN => LineParity::Even,
                    _ => self.line.parity,
                };
                self.setting(2)?
            }
            ComPort::StopSize(StopSize(count)) => {
                self.line.stop_bits = if (1..=2).contains(&count) { count } else { self.line.stop_bits };
                ComPort::StopSize(StopSize(self.line.stop_bits))
            }
            ComPort::Control(value) => ComPort::Control(self.control(value)?),
            ComPort::LineState(_) => ComPort::LineState(0),
            ComPort::ModemState(_) => ComPort::ModemState(MODEM_READY),
            // The wires never change, so there is nothing to be told; and nothing waits in a buffer that could be purged.
            same @ (ComPort::LineStateMask(_) | ComPort::ModemStateMask(_) | ComPort::Purge(_)) => same,
            ComPort::Suspend => {
                self.held.get_or_insert_default();
                return None;
            }
            ComPort::Resume | ComPort::Signature(_) | ComPort::Other(..) => return None,
        })
    }

    /// How the line is set, in the words of the option.
    fn setting(&self, index: usize) -> Option<ComPort> {
        ComPort::settings(&self.line).into_iter().nth(index)
    }

    fn control(&mut self, value: Control) -> Option<Control> {
        let flow = |flow: Flow| match flow {
            Flow::None => Control::FLOW_NONE,
            Flow::XonXoff => Control::FLOW_XON_XOFF,
            Flow::RtsCts => Control::FLOW_HARDWARE,
        };
        let either = |is_on: bool, on: Control, off: Control| if is_on { on } else { off };
        match value {
            Control::FLOW_NONE => self.line.flow = Flow::None,
            Control::FLOW_XON_XOFF => self.line.flow = Flow::XonXoff,
            Control::FLOW_HARDWARE => self.line.flow = Flow::RtsCts,
            Control::BREAK_ON => self.breaks = true,
            Control::BREAK_OFF => self.breaks = false,
            Control::DTR_ON => self.dtr = true,
            Control::DTR_OFF => self.dtr = false,
            Control::RTS_ON => self.rts = true,
            Control::RTS_OFF => self.rts = false,
            _ => {}
        }
        Some(match value.0 {
            0..=3 | 17 | 19 => flow(self.line.flow),
            4..=6 => either(self.breaks, Control::BREAK_ON, Control::BREAK_OFF),
            7..=9 => either(self.dtr, Control::DTR_ON, Control::DTR_OFF),
            10..=12 => either(self.rts, Control::RTS_ON, Control::RTS_OFF),
            // The other way it is as this way: 14, 15, 16 for 1, 2, 3.
            13..=16 | 18 => Control(flow(self.line.flow).0 + 13),
            _ => return None,
        })
    }
}

fn tell(said: &ComPort) -> Vec<u8> {
    Telnet::tell(Opt::COM_PORT, &said.emit(true))
}
