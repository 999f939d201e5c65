//! What a request is about, in the words of faults.

use fencelab_wire::ipmi::Request;
use fencelab_wire::ipmi::server::Received;

use crate::fault::Op;
use crate::plant::Command;
use crate::spec::CommandId;

/// What a request is about.
pub(crate) fn of(request: &Request) -> Op {
    let id = CommandId { netfn: request.netfn.0, cmd: request.command };
    match id {
        CommandId::CHASSIS_STATUS | CommandId::ACPI_POWER_STATE => Op::Status,
        CommandId::CHASSIS_CONTROL => control(&request.data).map_or(Op::Control, Op::Command),
        CommandId { netfn: 0x06, cmd: 0x37..=0x3d | 0x54 } => Op::Session,
        _ => Op::Other,
    }
}

/// What a datagram was about, once the sessions have read it.
pub(crate) fn of_received(received: &Received) -> Op {
    match received {
        Received::Command { request, .. } => of(request),
        Received::Reply(_) => Op::Session,
        Received::Nothing => Op::Other,
    }
}

/// What Chassis Control is told (IPMI 2.0 table 28-4, bits 3:0).
pub(super) fn control(data: &[u8]) -> Option<Command> {
    match data.first()? & 0x0f {
        0 => Some(Command::Off),
        1 => Some(Command::On),
        2 => Some(Command::Cycle),
        3 => Some(Command::Reset),
        4 => Some(Command::Nmi),
        5 => Some(Command::SoftOff),
        _ => None,
    }
}
