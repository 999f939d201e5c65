//! Chassis commands (IPMI 2.0 §28).

use std::time::Duration;

use fencelab_wire::ipmi::{Completion, Response};

use super::builtin::{Answer, Asked, Memory};
use super::op;
use crate::face::Context;
use crate::plant::{Command, Plant, Power};
use crate::spec::CommandId;

/// Table 28-3, byte 2 bit 0.
const POWER_ON: u8 = 0x01;
/// Table 28-3, byte 2 bits 6:5.
const POLICY: u8 = 0x60;

/// `None`: not a command that is known here.
pub(super) fn answer(
    asked: &Asked<'_>,
    memory: &mut Memory,
    context: &mut Context<'_>,
    command: &mut Option<Command>,
    recorded: Option<&Response>,
) -> Option<Answer> {
    let data = asked.data;
    Some(match asked.id.cmd {
        // Get Chassis Capabilities: nothing special, all devices at the BMC's address.
        0x00 if recorded.is_none() => Ok(vec![0x00, 0x20, 0x20, 0x20, 0x20]),
        0x01 => status(asked, memory, context.plant, recorded),
        0x02 => {
            let asked_for = op::control(data);
            let off = power(context.plant) == Power::Off;
            match asked_for {
                None if data.is_empty() => Err(Completion::LENGTH_INVALID),
                None => Err(Completion::INVALID_FIELD),
                // §28.3 recommends this code where nothing would happen.
                Some(Command::Cycle | Command::Reset | Command::Nmi) if off => {
                    Err(Completion::NOT_IN_PRESENT_STATE)
                }
                Some(asked_for) => {
                    *command = Some(asked_for);
                    // Table 28-11: 1 = by Chassis Control.
                    memory.restart_cause = 1;
                    Ok(Vec::new())
                }
            }
        }
        0x03 => {
            *command = Some(Command::Reset);
            Ok(Vec::new())
        }
        0x04 => identify(asked, memory),
        0x06 => match data.first() {
            None => Err(Completion::LENGTH_INVALID),
            Some(policy) => {
                if policy & 0x07 < 3 {
                    memory.policy = Some(policy & 0x07);
                }
                // All three policies are supported.
                Ok(vec![0x07])
            }
        },
        0x07 => Ok(vec![memory.restart_cause, 0x01]),
        0x08 => set_boot_options(data, memory),
        0x09 => boot_options(data, memory),
        // POH counter: an hour a count, from the run's own time.
        0x0f if recorded.is_none() => {
            let hours = u32::try_from(asked.now.as_secs() / 3600).unwrap_or(u32::MAX);
            Ok([&[60][..], &hours.to_le_bytes()].concat())
        }
        _ => return None,
    })
}

fn power(plant: &Plant) -> Power {
    plant.plugs().first().map_or(Power::Off, |plug| plug.power())
}

fn status(asked: &Asked<'_>, memory: &Memory, plant: &Plant, recorded: Option<&Response>) -> Answer {
    let recorded = recorded.filter(|response| response.completion.is_ok() && response.data.len() >= 3);
    let mut data =
        recorded.map_or_else(|| asked.face.chassis_status.clone(), |response| response.data.clone());
    if let (Some(byte), Some(policy)) = (data.first_mut(), memory.policy) {
        *byte = (*byte & !POLICY) | (policy << 5 & POLICY);
    }
    if let Some(byte) = data.get_mut(2) {
        // Table 28-3, byte 4 bits 5:4: identify state.
        *byte &= !0x30;
        match memory.identify_until {
            Some(Duration::MAX) => *byte |= 0x20,
            Some(until) if asked.now < until => *byte |= 0x10,
            _ => {}
        }
    }
    set_bit(&mut data, power(plant));
    Ok(data)
}

fn set_bit(data: &mut [u8], power: Power) {
    if let Some(byte) = data.first_mut() {
        *byte = (*byte & !POWER_ON) | u8::from(power == Power::On);
    }
}

/// Get ACPI Power State (§20.7): S0/D0 or S5/D3, of unknown depth.
pub(super) fn acpi(plant: &Plant) -> Answer {
    Ok(acpi_bytes(power(plant)))
}

fn acpi_bytes(power: Power) -> Vec<u8> {
    match power {
        Power::On => vec![0x00, 0x00],
        Power::Off => vec![0x05, 0x03],
    }
}

/// Makes a status answer say this power.
pub(super) fn show_power(id: CommandId, power: Power, response: &mut Response) {
    if !response.completion.is_ok() {
        return;
    }
    if id == CommandId::ACPI_POWER_STATE {
        response.data = acpi_bytes(power);
    } else {
        set_bit(&mut response.data, power);
    }
}

/// Chassis Identify (§28.5): 15 s unless told, 0 switches it off, byte 2 bit 0 is "for ever".
fn identify(asked: &Asked<'_>, memory: &mut Memory) -> Answer {
    let force = asked.data.get(1).is_some_and(|byte| byte & 1 == 1);
    let seconds = asked.data.first().copied().unwrap_or(15);
    memory.identify_until = match (force, seconds) {
        (true, _) => Some(Duration::MAX),
        (false, 0) => None,
        (false, seconds) => Some(asked.now.saturating_add(Duration::from_secs(seconds.into()))),
    };
    Ok(Vec::new())
}

/// Set System Boot Options (§28.12): parameter and its data; a parameter without data only locks it.
fn set_boot_options(data: &[u8], memory: &mut Memory) -> Answer {
    let Some((parameter, value)) = data.split_first() else { return Err(Completion::LENGTH_INVALID) };
    let parameter = parameter & 0x7f;
    // Table 28-14: parameters 0 to 7 are the standard's; values are short.
    if parameter > 7 {
        return Err(Completion(0x80));
    }
    if value.len() > 18 {
        return Err(Completion::LENGTH_EXCEEDED);
    }
    memory.boot_options.retain(|(other, _)| *other != parameter);
    memory.boot_options.push((parameter, value.to_vec()));
    Ok(Vec::new())
}

/// Get System Boot Options (§28.13).
fn boot_options(data: &[u8], memory: &Memory) -> Answer {
    let Some(parameter) = data.first().map(|byte| byte & 0x7f) else {
        return Err(Completion::LENGTH_INVALID);
    };
    let empty: &[u8] = match parameter {
        0..=3 => &[0],
        4 => &[0, 0],
        5 => &[0; 5],
        6 => &[0; 9],
        7 => &[0; 3],
        _ => return Err(Completion(0x80)),
    };
    let value =
        memory.boot_options.iter().find(|(other, _)| *other == parameter).map_or(empty, |(_, value)| value);
    Ok([&[0x01, parameter], value].concat())
}
