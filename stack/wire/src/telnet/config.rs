//! What one end offers, asks for and agrees to.

use super::Opt;

/// How one end negotiates. An option that stands nowhere here is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// What we do when the peer asks for it (DO); also whatever stands in `offers`.
    pub ours: Vec<Opt>,
    /// What the peer may do when it offers it (WILL); also whatever stands in `asks_for`.
    pub theirs: Vec<Opt>,
    /// What [`open`](super::Telnet::open) asks the peer to do (DO), in this order, after the offers.
    pub asks_for: Vec<Opt>,
    /// What [`open`](super::Telnet::open) offers to do (WILL), in this order.
    pub offers: Vec<Opt>,
    /// The name of our terminal, told if TTYPE is ours: printable ASCII, of which 40 characters are told (RFC 1091);
    /// `UNKNOWN` if there is none.
    pub terminal: String,
    /// Columns and rows of our window, told if NAWS is ours; 0 says nothing (RFC 1073).
    pub window: (u16, u16),
    /// What is said to "are you there"; it is sent as data. None: nothing is said. Each AYT is two bytes, so this text
    /// is how much a flood of them can get.
    pub answers_ayt: Option<String>,
}

impl Config {
    /// What console servers, management processors and power strips do: they echo, so that a client sends character
    /// by character, and they ask for the size of the window.
    #[must_use]
    pub fn device() -> Self {
        Self {
            ours: vec![Opt::BINARY, Opt::ECHO, Opt::SGA],
            theirs: vec![Opt::BINARY, Opt::SGA, Opt::NAWS],
            asks_for: vec![Opt::SGA, Opt::NAWS],
            offers: vec![Opt::ECHO, Opt::SGA],
            terminal: String::new(),
            window: (0, 0),
            answers_ayt: Some("\r\n[Yes]\r\n".to_owned()),
        }
    }

    /// A client that is driven by a program: it says nothing of itself, lets the device echo, and tells what it is
    /// asked for.
    #[must_use]
    pub fn client() -> Self {
        Self {
            ours: vec![Opt::BINARY, Opt::SGA, Opt::TTYPE, Opt::NAWS],
            theirs: vec![Opt::ECHO, Opt::SGA],
            asks_for: Vec::new(),
            offers: Vec::new(),
            terminal: "VT100".to_owned(),
            window: (80, 24),
            answers_ayt: None,
        }
    }
}
