//! Devices as JSON. Times are seconds since the device was started.

use std::time::Duration;

use fencelab_devices::{Cause, Device, Power};
use serde_json::{Value, json};

use super::Emulated;

pub(super) fn device(number: usize, emulated: &Emulated) -> Value {
    let faces: Vec<Value> = emulated
        .faces
        .iter()
        .map(|(face, place)| {
            let mut told = serde_json::Map::from_iter([("face".to_owned(), json!(face))]);
            told.extend(crate::ready::told(place));
            told.into()
        })
        .collect();
    emulated.shared.with(|device, now| {
        json!({
            "number": number,
            "device": emulated.id,
            "now": seconds(now),
            "faces": faces,
            "plugs": plugs(device, now),
            "faults": faults(device),
            "sessions": device.sessions(),
        })
    })
}

pub(super) fn plugs(device: &Device, now: Duration) -> Value {
    let plugs = device.plant().plugs().iter();
    plugs.map(|plug| json!({"plug": plug.name(), "power": plug.power(), "up": device.plant().is_up(plug.name(), now)})).collect()
}

pub(super) fn faults(device: &Device) -> Value {
    device.faults().map(|fault| Value::from(fault.to_string())).collect()
}

/// The truth: every change, and what each plug is now.
pub(super) fn timeline(device: &Device, now: Duration) -> Value {
    let plant = device.plant();
    let changes: Vec<Value> = plant
        .timeline()
        .iter()
        .map(|change| told(change.at, &change.plug, "power", word(change.power), &change.cause))
        .collect();
    let pulses: Vec<Value> = plant
        .pulses()
        .iter()
        .map(|pulse| {
            told(pulse.at, &pulse.plug, "pulse", &format!("{:?}", pulse.command).to_lowercase(), &pulse.cause)
        })
        .collect();
    json!({"now": seconds(now), "plugs": plugs(device, now), "changes": changes, "pulses": pulses})
}

fn told(at: Duration, plug: &str, field: &str, value: &str, cause: &Cause) -> Value {
    let mut told = json!({"at": seconds(at), "plug": plug, field: value});
    let (cause, detail) = match cause {
        Cause::Request(number) => ("request", Some(("request", Value::from(*number)))),
        Cause::Control => ("control", None),
        Cause::Fault(fault) => ("fault", Some(("fault", Value::from(fault.as_str())))),
        Cause::Neighbour => ("neighbour", None),
    };
    if let Some(told) = told.as_object_mut() {
        told.insert("cause".into(), cause.into());
        told.extend(detail.map(|(name, value)| (name.to_owned(), value)));
    }
    told
}

/// What was asked, what was answered, what it moved; the number is what a change names as its cause.
pub(super) fn requests(emulated: &Emulated, device: &Device, now: Duration) -> Value {
    let requests: Vec<Value> = device
        .requests()
        .iter()
        .map(|request| {
            let face = emulated.faces.get(request.face).map(|(protocol, _)| protocol.as_str());
            json!({
                "number": request.number, "at": seconds(request.at), "face": face, "session": request.session,
                "request": request.request, "answer": request.answer, "effect": request.effect,
            })
        })
        .collect();
    json!({"now": seconds(now), "requests": requests})
}

/// Whole microseconds, as in transcripts.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}

pub(super) fn word(power: Power) -> &'static str {
    match power {
        Power::On => "on",
        Power::Off => "off",
    }
}
