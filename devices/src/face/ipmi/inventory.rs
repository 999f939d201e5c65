//! The minimal FRU, sensor and SDR set of a device that recorded none: what it is, and one temperature.

use fencelab_wire::ipmi::command::Payload;
use fencelab_wire::ipmi::fru::{Area, Inventory, Kind};
use fencelab_wire::ipmi::sdr::{Body, ControllerLocator, Full, Record};
use fencelab_wire::ipmi::typed_text::TypedText;

/// The generated sensor's number.
pub(super) const SENSOR: u8 = 1;
/// Its raw reading: degrees Celsius as they are.
pub(super) const READING: u8 = 24;
/// Upper non-critical, critical, non-recoverable threshold.
pub(super) const UPPER: [u8; 3] = [40, 45, 50];

/// The FRU image: product info (FRU Information Storage Definition §12), English.
pub(crate) fn fru(vendor: &str, model: &str, firmware: &str) -> Vec<u8> {
    let text = |text: &str| {
        let short: String = text.chars().filter(|c| c.is_ascii() && !c.is_control()).take(60).collect();
        TypedText::latin1(&short)
    };
    let product = Area::new(
        Kind::Product,
        &[0x19],
        vec![text(vendor), text(model), text(""), text(firmware), text(""), text(""), text("")],
    );
    let board = Area::new(
        Kind::Board,
        &[0x19, 0, 0, 0],
        vec![text(vendor), text(model), text(""), text(""), text("")],
    );
    Inventory::new(vec![(Kind::Board, board), (Kind::Product, product)]).emit()
}

/// The SDRs: the controller itself (§43.9) and one threshold sensor (§43.1).
pub(crate) fn sdr() -> Vec<Vec<u8>> {
    let [critical, noncritical] = [UPPER[1], UPPER[0]];
    let controller = ControllerLocator {
        address: 0x20,
        channel: 0,
        support: 0x8f,
        // System board, the first.
        entity: 7,
        entity_instance: 1,
        name: TypedText::latin1("BMC"),
        ..ControllerLocator::default()
    };
    let ambient = Full {
        owner: 0x20,
        sensor: SENSOR,
        // Air inlet.
        entity: 0x37,
        entity_instance: 1,
        initialization: 0x67,
        // Thresholds readable, auto re-arm.
        capabilities: 0x48,
        sensor_type: 0x01,
        reading_type: 0x01,
        // Upper thresholds can be read.
        reading_mask: 0x3838,
        base_unit: 0x01,
        // M = 1, the rest 0: the raw reading is degrees.
        factors: [1, 0, 0, 0, 0, 0],
        analog_flags: 0x01,
        nominal: READING,
        maximum: 0xff,
        upper: [UPPER[2], critical, noncritical],
        hysteresis: [2, 2],
        name: TypedText::latin1("Ambient Temp"),
        ..Full::default()
    };
    let records = [
        Record::new(1, 0x12, Body::ControllerLocator(controller)),
        Record::new(2, 0x01, Body::Full(ambient)),
    ];
    records.iter().map(Payload::emit).collect()
}
