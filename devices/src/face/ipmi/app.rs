//! App and transport commands (IPMI 2.0 §20, §22, §23, §27) as far as clients ask for them.

use fencelab_wire::ipmi::Completion;

use super::builtin::{Answer, Asked, Memory};

/// `None`: not a command that is known here.
pub(super) fn answer(asked: &Asked<'_>, memory: &mut Memory) -> Option<Answer> {
    Some(match asked.id.cmd {
        0x01 => Ok(device_id(asked)),
        // Cold and warm reset: acknowledged; what they do to sessions is a rule's matter.
        0x02 | 0x03 => Ok(Vec::new()),
        // Get Self Test Results: no error (table 20-4).
        0x04 => Ok(vec![0x55, 0x00]),
        0x08 | 0x37 => Ok(memory.guid.to_vec()),
        0x22 => Ok(Vec::new()),
        0x24 => match asked.data.first_chunk::<6>() {
            Some(timer) => {
                memory.watchdog = *timer;
                Ok(Vec::new())
            }
            None => Err(Completion::LENGTH_INVALID),
        },
        // Get Watchdog Timer: as set; the countdown stands still.
        0x25 => {
            let [.., low, high] = memory.watchdog;
            Ok([&memory.watchdog[..], &[low, high]].concat())
        }
        // Get BMC Global Enables: SEL logging on.
        0x2f => Ok(vec![0x08]),
        // Get Channel Access: always available, user and per-message authentication on; privilege limit.
        0x41 => channel(asked, |face| vec![0x02, u8::from(face.privilege_limit)]),
        // Get Channel Info: IPMB over LAN, 802.3, multi-session, IPMI's vendor id (table 22-24).
        0x42 => channel(asked, |_| vec![0x01, 0x04, 0x01, 0x80, 0xf2, 0x1b, 0x00, 0x00, 0x00]),
        0x44 => user_access(asked),
        0x46 => user_name(asked),
        _ => return None,
    })
}

/// Get Device ID (§20.1).
fn device_id(asked: &Asked<'_>) -> Vec<u8> {
    let id = &asked.face.device_id;
    let bcd = |number: u8| (number / 10) << 4 | (number % 10);
    let [m0, m1, m2, _] = id.manufacturer.to_le_bytes();
    let [p0, p1] = id.product.to_le_bytes();
    // The IPMI version has its minor digit in the upper half (§20.1, byte 6).
    let ipmi = id.ipmi.1 << 4 | id.ipmi.0;
    let mut data =
        vec![id.id, id.revision, id.firmware.0, bcd(id.firmware.1), ipmi, id.additional, m0, m1, m2, p0, p1];
    data.extend_from_slice(&id.aux);
    data
}

/// The only LAN channel is 1; 0x0e is "this one".
fn channel(asked: &Asked<'_>, answer: impl FnOnce(&crate::spec::IpmiFace) -> Vec<u8>) -> Answer {
    match asked.data.first().map(|byte| byte & 0x0f) {
        None => Err(Completion::LENGTH_INVALID),
        Some(0x01 | 0x0e) => {
            let mut data = answer(asked.face);
            if asked.id.cmd == 0x42
                && let Some(number) = data.first_mut()
            {
                *number = 0x01;
            }
            Ok(data)
        }
        Some(_) => Err(Completion::INVALID_FIELD),
    }
}

/// Get User Access (§22.27).
fn user_access(asked: &Asked<'_>) -> Answer {
    let Some(id) = asked.data.get(1).map(|byte| usize::from(byte & 0x3f)) else {
        return Err(Completion::LENGTH_INVALID);
    };
    let users = &asked.face.users;
    let Some(user) = id.checked_sub(1).map(|index| users.get(index)) else {
        return Err(Completion::INVALID_FIELD);
    };
    let enabled = u8::try_from(users.iter().filter(|user| user.enabled).count()).unwrap_or(0x3f);
    let limit = u8::try_from(users.len()).unwrap_or(0x3f).max(10);
    // Byte 2 bits 7:6: 1 = enabled, 2 = disabled; byte 4: link and messaging on, privilege.
    let (state, access) = match user {
        Some(user) if user.enabled => (0x40, 0x30 | u8::from(user.privilege)),
        Some(user) => (0x80, 0x30 | u8::from(user.privilege)),
        None if id <= usize::from(limit) => (0x80, 0x0f),
        None => return Err(Completion::OUT_OF_RANGE),
    };
    Ok(vec![limit & 0x3f, state | (enabled & 0x3f), 0x00, access])
}

/// Get User Name (§22.29). The lab's own user is called `lab` here whatever its name in the run.
fn user_name(asked: &Asked<'_>) -> Answer {
    let Some(id) = asked.data.first().map(|byte| usize::from(byte & 0x3f)) else {
        return Err(Completion::LENGTH_INVALID);
    };
    let Some(index) = id.checked_sub(1) else { return Err(Completion::INVALID_FIELD) };
    let name = asked.face.users.get(index).map_or("", |user| user.name.as_str());
    Ok(name.bytes().chain(std::iter::repeat(0)).take(16).collect())
}

/// Get LAN Configuration Parameters (§23.2), the few that clients print. Set is refused: nothing is configured here.
pub(super) fn transport(asked: &Asked<'_>) -> Option<Answer> {
    if asked.id.cmd != 0x02 {
        return None;
    }
    let Some(parameter) = asked.data.get(1) else { return Some(Err(Completion::LENGTH_INVALID)) };
    // Byte 1 of the answer is the parameter revision.
    let value: &[u8] = match parameter {
        // Set in progress: no.
        0 => &[0x00],
        // Authentication types: none, MD5, password; the same for each privilege.
        1 => &[0x15],
        2 => &[0x15, 0x15, 0x15, 0x15, 0x00],
        3 => &[127, 0, 0, 1],
        // Address source: static.
        4 => &[0x01],
        // A locally administered address.
        5 => &[0x02, 0x00, 0x00, 0x00, 0x02, 0x6f],
        6 => &[255, 0, 0, 0],
        12 => &[127, 0, 0, 1],
        _ => return Some(Err(Completion(0x80))),
    };
    Some(Ok([&[0x11], value].concat()))
}
