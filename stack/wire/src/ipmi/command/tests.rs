//! What holds for every command in the table.

use super::{TABLE, app, chassis, storage, tell_answer, tell_request};
use crate::ipmi::command::{Command, Payload};
use proptest::prelude::*;

proptest! {
    /// Whatever is read is written again byte for byte: reserved bits, unknown values, bytes beyond the end.
    #[test]
    fn parse_then_emit_is_the_identity(data in prop::collection::vec(any::<u8>(), 0..80)) {
        for (netfn, command) in TABLE {
            for told in [tell_request(*netfn, *command, &data), tell_answer(*netfn, *command, &data)] {
                if let Ok(told) = told.expect("it is in the table") {
                    prop_assert_eq!(&told.again, &data, "netfn {:02x} cmd {:02x}", netfn, command);
                }
            }
        }
    }
}

#[test]
fn long_enough_data_are_never_refused() {
    for (netfn, command) in TABLE {
        for told in [tell_request(*netfn, *command, &[0xa5; 32]), tell_answer(*netfn, *command, &[0xa5; 32])]
        {
            assert!(told.expect("it is in the table").is_ok(), "netfn {netfn:02x} cmd {command:02x}");
        }
    }
}

#[test]
fn the_smallest_status_has_three_bytes_and_the_fourth_is_the_front_panel() {
    assert!(chassis::Status::parse(&[1, 0]).is_err());
    let three = chassis::Status::parse(&[0x21, 0x10, 0x40]).expect("three bytes are enough");
    assert!(three.is_on());
    assert_eq!(three.power.restore_policy(), chassis::RestorePolicy::Previous);
    assert_eq!(three.misc.identify(), Some(chassis::IdentifyState::Off));
    assert_eq!(three.front_panel, None);
    let four = chassis::Status::parse(&[0x20, 0, 0, 0x11]).expect("four bytes are enough");
    assert!(!four.is_on());
    assert_eq!(four.front_panel, Some(chassis::FrontPanel(0x11)));
}

#[test]
fn a_control_with_reserved_bits_is_not_taken_for_another() {
    assert_eq!(chassis::Control::from(0x10), chassis::Control::Unknown(0x10));
    assert_eq!(chassis::Control::from(0x00), chassis::Control::PowerDown);
    assert_eq!(chassis::ChassisControl::from(chassis::Control::PowerUp).request().data, [1]);
}

#[test]
fn a_device_id_reads_as_ipmi_sim_sends_it() {
    let bytes = [0x23, 0x01, 0x09, 0x08, 0x51, 0x9f, 0x91, 0x12, 0x00, 0x02, 0x0f, 0, 0, 0, 0];
    let id = app::DeviceId::parse(&bytes).expect("fifteen bytes are enough");
    assert_eq!(id.manufacturer_id(), 0x1291);
    assert_eq!(id.to_string(), "device 0x23, firmware 9.08, IPMI 1.5, manufacturer 4753, product 0x0f02");
    assert_eq!(id.emit(), bytes);
}

#[test]
fn identify_follows_its_two_bytes() {
    let state = |data: &[u8]| chassis::Identify::parse(data).expect("both bytes are optional").state();
    assert_eq!(state(&[]), chassis::IdentifyState::Temporary);
    assert_eq!(state(&[0]), chassis::IdentifyState::Off);
    assert_eq!(state(&[0, 1]), chassis::IdentifyState::Indefinite);
}

#[test]
fn clearing_the_log_needs_its_letters() {
    let clear = storage::ClearSel::parse(&[1, 0, b'C', b'L', b'R', 0xaa]).expect("six bytes are enough");
    assert_eq!((clear.magic, clear.step), (storage::ClearSel::MAGIC, storage::ClearStep::Start));
}
