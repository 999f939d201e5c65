//! A third party that hears both ends of a connection, and says nothing.

use std::collections::BTreeSet;

use super::Opt;
use super::command::Verb;
use super::scan::{Event, Scan};

/// Tells apart what two ends say and what they negotiate. Any bytes may come, in any cuts.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    client: End,
    device: End,
}

/// What one end has said.
#[derive(Clone, Debug, Default)]
struct End {
    scan: Scan,
    after_cr: bool,
    /// What it does, if the other end lets it.
    wills: BTreeSet<Opt>,
    /// What it lets the other end do.
    dos: BTreeSet<Opt>,
}

impl Listener {
    /// What these bytes say: IAC IAC is one byte, and CR NUL is CR, but in BINARY.
    pub fn hear(&mut self, from_device: bool, bytes: &[u8]) -> Vec<u8> {
        let (end, other) =
            if from_device { (&mut self.device, &self.client) } else { (&mut self.client, &self.device) };
        let mut data = Vec::new();
        for &byte in bytes {
            match end.scan.step(byte).event {
                Some(Event::Data(byte)) => {
                    let is_padding = end.after_cr && byte == 0;
                    let is_binary = end.wills.contains(&Opt::BINARY) && other.dos.contains(&Opt::BINARY);
                    end.after_cr = byte == b'\r' && !is_binary;
                    if !is_padding {
                        data.push(byte);
                    }
                }
                Some(Event::Negotiation(verb, opt)) => {
                    match verb {
                        Verb::Will => end.wills.insert(opt),
                        Verb::Wont => end.wills.remove(&opt),
                        Verb::Do => end.dos.insert(opt),
                        Verb::Dont => end.dos.remove(&opt),
                    };
                }
                _ => {}
            }
        }
        data
    }

    /// The options in force for what one end sends: it said WILL and the other one DO.
    pub fn in_force(&self, of_device: bool) -> impl Iterator<Item = Opt> {
        let (end, other) =
            if of_device { (&self.device, &self.client) } else { (&self.client, &self.device) };
        end.wills.intersection(&other.dos).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telnet::{Config, Telnet};

    #[test]
    fn it_hears_what_the_ends_hear() {
        let (mut device, mut client) = (Telnet::new(Config::device()), Telnet::new(Config::client()));
        let mut listener = Listener::default();
        let mut to_client = device.open();
        while !to_client.is_empty() {
            assert_eq!(listener.hear(true, &to_client), b"");
            let to_device = client.receive(&to_client).reply;
            assert_eq!(listener.hear(false, &to_device), b"");
            to_client = device.receive(&to_device).reply;
        }
        assert_eq!(listener.in_force(true).collect::<Vec<_>>(), [Opt::ECHO, Opt::SGA]);
        assert_eq!(listener.in_force(false).collect::<Vec<_>>(), [Opt::SGA, Opt::NAWS]);
        let line = client.send(b"\xffstatus\r");
        for byte in &line {
            let heard = listener.hear(false, &[*byte]);
            assert_eq!(heard, device.receive(&[*byte]).data, "{byte}");
        }
    }

    #[test]
    fn in_binary_nul_is_data() {
        let mut listener = Listener::default();
        assert_eq!(listener.hear(true, b"\r\0a"), b"\ra");
        listener.hear(true, b"\xff\xfb\0");
        assert_eq!(listener.hear(true, b"\r\0a"), b"\ra", "the client has not agreed");
        listener.hear(false, b"\xff\xfd\0");
        assert_eq!(listener.hear(true, b"\r\0a"), b"\r\0a");
    }
}
