//! A datagram as lines of text: RMCP, ASF, IPMI v1.5 and RMCP+. Any bytes; it never fails.
//!
//! Each layer is a line, indented by its depth. Authentication codes and encrypted payloads are only
//! counted: the former can be attacked or, with straight passwords, are the password.

use super::asf::{Asf, PING, PONG};
use super::describe::{describe_message, payload};
use super::message::LanMessage;
use super::rmcp::{CLASS_ASF, CLASS_IPMI, Rmcp};
use super::rmcpplus::{self, PayloadType};
use super::session;
use crate::hex::hex;

/// The lines of a datagram.
#[must_use]
pub fn dissect(datagram: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let Some((header, body)) = Rmcp::parse(datagram) else {
        lines.push(format!("{} bytes, too few for RMCP: {}", datagram.len(), hex(datagram)));
        return lines;
    };
    let class = match header.class {
        CLASS_ASF => "ASF".to_owned(),
        CLASS_IPMI => "IPMI".to_owned(),
        other => format!("0x{other:02x}"),
    };
    lines.push(format!("RMCP version {}, sequence 0x{:02x}, class {class}", header.version, header.sequence));
    if let Some(asf) = Asf::parse(datagram) {
        asf_lines(&asf, &mut lines);
    } else if let Some(packet) = session::Packet::parse(body).filter(|_| header.class == CLASS_IPMI) {
        v15_lines(&packet, &mut lines);
    } else if let Some(packet) = rmcpplus::Packet::parse(body).filter(|_| header.class == CLASS_IPMI) {
        rmcpplus_lines(&packet, &mut lines);
    } else {
        lines.push(format!("  not understood, {} bytes: {}", body.len(), hex(body)));
    }
    lines
}

fn asf_lines(asf: &Asf, lines: &mut Vec<String>) {
    let kind = match asf.kind {
        PING => "presence ping".to_owned(),
        PONG => "presence pong".to_owned(),
        other => format!("message 0x{other:02x}"),
    };
    let data = if asf.data.is_empty() { String::new() } else { format!(": {}", hex(&asf.data)) };
    lines.push(format!("  ASF {kind}, tag {}, enterprise {}{data}", asf.tag, asf.iana));
    rest_line(&asf.rest, lines);
}

fn v15_lines(packet: &session::Packet<'_>, lines: &mut Vec<String>) {
    let code = if packet.code.is_some() { ", code of 16 bytes" } else { "" };
    lines.push(format!(
        "  IPMI 1.5 session 0x{:08x}, sequence {}, authentication {}{code}",
        packet.id, packet.sequence, packet.auth
    ));
    message_lines(packet.payload, lines);
    rest_line(packet.rest, lines);
}

fn rmcpplus_lines(packet: &rmcpplus::Packet<'_>, lines: &mut Vec<String>) {
    let oem = packet.oem.map(|oem| format!(" {}/0x{:04x}", oem.iana, oem.id)).unwrap_or_default();
    lines.push(format!(
        "  RMCP+ session 0x{:08x}, sequence {}, payload {}{oem}{}{}",
        packet.id,
        packet.sequence,
        packet.kind,
        if packet.encrypted { ", encrypted" } else { "" },
        if packet.authenticated { ", authenticated" } else { "" },
    ));
    match packet.kind {
        _ if packet.encrypted => lines.push(format!("    {} bytes, encrypted", packet.payload.len())),
        PayloadType::Ipmi => message_lines(packet.payload, lines),
        kind => lines.push(format!("    {}", payload(kind, packet.payload))),
    }
    match packet.trailer {
        [] => {}
        trailer if packet.authenticated => lines.push(format!("    trailer of {} bytes", trailer.len())),
        trailer => rest_line(trailer, lines),
    }
}

fn message_lines(bytes: &[u8], lines: &mut Vec<String>) {
    match LanMessage::parse(bytes) {
        Ok(message) => {
            let (netfn, command, lun) = message.command();
            lines.push(format!(
                "    message 0x{:02x} → 0x{:02x}, sequence {}, netfn 0x{:02x}, cmd 0x{command:02x}, LUN {lun}",
                if netfn.is_response() { message.rs_addr } else { message.rq_addr },
                if netfn.is_response() { message.rq_addr } else { message.rs_addr },
                message.seq,
                netfn.0,
            ));
            lines.push(format!("      {}", describe_message(&message)));
        }
        // No bytes: a message that was cut may hold what a whole one would hide.
        Err(error) => lines.push(format!("    {error}")),
    }
}

fn rest_line(rest: &[u8], lines: &mut Vec<String>) {
    if !rest.is_empty() {
        lines.push(format!("    {} bytes more: {}", rest.len(), hex(rest)));
    }
}

#[cfg(test)]
mod tests {
    use super::dissect;
    use crate::Secret;
    use crate::ipmi::asf::Asf;
    use crate::ipmi::auth::AuthType;
    use crate::ipmi::message::{LanMessage, NetFn, Request};
    use crate::ipmi::session::Packet;

    #[test]
    fn each_layer_is_a_line() {
        let status = LanMessage::request(5, Request::new(NetFn::CHASSIS, 1, [])).emit();
        let packet = Packet::signed(AuthType::Password, &Secret::from("hunter2"), 7, 3, &status);
        let lines = packet.map(|packet| dissect(&packet.emit()));
        let expected = [
            "RMCP version 6, sequence 0xff, class IPMI",
            "  IPMI 1.5 session 0x00000007, sequence 3, authentication password, code of 16 bytes",
            "    message 0x81 → 0x20, sequence 5, netfn 0x00, cmd 0x01, LUN 0",
            "      Get Chassis Status",
        ];
        assert_eq!(lines, Some(expected.map(String::from).to_vec()));
    }

    #[test]
    fn a_ping_is_told_with_its_tag() {
        let lines = dissect(&Asf::ping(9).emit());
        assert_eq!(lines.last().map(String::as_str), Some("  ASF presence ping, tag 9, enterprise 4542"));
    }

    #[test]
    fn any_bytes_give_lines() {
        assert_eq!(dissect(&[]), ["0 bytes, too few for RMCP: "]);
        assert_eq!(dissect(&[6, 0, 255, 7, 9]).len(), 2);
    }
}
