//! Commands as values: what is asked, and what is answered, in both directions.
//!
//! A module per network function, named as in IPMI 2.0. Each request names its answer ([`Command`]);
//! one table below ties them to network function and command number, and everything that goes by
//! number (printing, checking) goes through it.

/// Requests that say nothing beyond their name.
macro_rules! silent {
    ($($name:ident),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                Ok(())
            }
        })*
    };
}
use silent;

pub mod app;
pub mod chassis;
pub mod completion;
pub mod name;
pub mod sensor;
pub mod storage;
#[cfg(test)]
mod tests;
pub mod transport;

pub use super::layout::{Malformed, Payload};
use super::message::{NetFn, Request};

/// A request that knows its numbers and its answer.
pub trait Command: Payload {
    /// The network function of the request (even).
    const NETFN: NetFn;
    /// The command number.
    const COMMAND: u8;
    /// The data of an answer whose completion code is 00h.
    type Answer: Payload;

    /// This command as a request to LUN 0.
    fn request(&self) -> Request {
        Request { netfn: Self::NETFN, lun: 0, command: Self::COMMAND, data: self.emit() }
    }
}

/// What can be said of data by their numbers alone.
pub(crate) struct Told {
    /// One line for a person; empty if there is nothing to say beyond the name.
    pub(crate) text: String,
    /// The data written again: they equal what was read.
    #[cfg_attr(not(test), allow(dead_code, reason = "only the identity tests compare it"))]
    pub(crate) again: Vec<u8>,
}

fn told<P: Payload>(data: &[u8]) -> Result<Told, Malformed> {
    P::parse(data).map(|value| Told { text: value.to_string(), again: value.emit() })
}

macro_rules! commands {
    ($($netfn:literal $command:literal $request:path => $answer:path;)*) => {
        $(impl Command for $request {
            const NETFN: NetFn = NetFn($netfn);
            const COMMAND: u8 = $command;
            type Answer = $answer;
        })*

        /// Network function of the request and command number of each command in the table.
        #[cfg(test)]
        pub(crate) const TABLE: &[(u8, u8)] = &[$(($netfn, $command)),*];

        /// Reads the data of a request; `None` for a command that is not in the table.
        pub(crate) fn tell_request(netfn: u8, command: u8, data: &[u8]) -> Option<Result<Told, Malformed>> {
            match (netfn, command) {
                $(($netfn, $command) => Some(told::<$request>(data)),)*
                _ => None,
            }
        }

        /// Reads the data of an answer with completion code 00h; `netfn` is the request's, even.
        pub(crate) fn tell_answer(netfn: u8, command: u8, data: &[u8]) -> Option<Result<Told, Malformed>> {
            match (netfn, command) {
                $(($netfn, $command) => Some(told::<$answer>(data)),)*
                _ => None,
            }
        }
    };
}

// A type is tied to one command, so requests that share a shape have a type each below.
commands! {
    0x00 0x00 chassis::GetCapabilities => chassis::Capabilities;
    0x00 0x01 chassis::GetStatus => chassis::Status;
    0x00 0x02 chassis::ChassisControl => storage::Done;
    0x00 0x03 chassis::ChassisReset => storage::Done;
    0x00 0x04 chassis::Identify => storage::Done;
    0x00 0x06 chassis::SetRestorePolicy => chassis::RestorePolicySupport;
    0x00 0x07 chassis::GetRestartCause => chassis::RestartCause;
    0x00 0x08 chassis::SetBootOptions => storage::Done;
    0x00 0x09 chassis::GetBootOptions => chassis::BootOptions;
    0x00 0x0a chassis::SetFrontPanelEnables => storage::Done;
    0x00 0x0b chassis::SetPowerCycleInterval => storage::Done;
    0x00 0x0f chassis::GetPohCounter => chassis::PohCounter;
    0x04 0x20 sensor::GetDeviceSdrInfo => sensor::DeviceSdrInfo;
    0x04 0x21 sensor::GetDeviceSdr => storage::RecordPart;
    0x04 0x22 sensor::ReserveDeviceSdr => storage::Reservation;
    0x04 0x23 sensor::GetReadingFactors => sensor::ReadingFactors;
    0x04 0x25 sensor::GetHysteresis => sensor::Hysteresis;
    0x04 0x26 sensor::SetThresholds => storage::Done;
    0x04 0x27 sensor::GetThresholds => sensor::SensorThresholds;
    0x04 0x29 sensor::GetEventEnable => sensor::EventEnable;
    0x04 0x2d sensor::GetReading => sensor::Reading;
    0x04 0x2f sensor::GetSensorType => sensor::SensorType;
    0x06 0x01 app::GetDeviceId => app::DeviceId;
    0x06 0x02 app::ColdReset => storage::Done;
    0x06 0x03 app::WarmReset => storage::Done;
    0x06 0x04 app::GetSelfTest => app::SelfTest;
    0x06 0x06 app::SetAcpi => storage::Done;
    0x06 0x07 app::GetAcpi => app::Acpi;
    0x06 0x08 app::GetDeviceGuid => app::Guid;
    0x06 0x37 app::GetSystemGuid => app::Guid;
    0x0a 0x10 storage::GetFruInfo => storage::FruInfo;
    0x0a 0x11 storage::ReadFru => storage::FruData;
    0x0a 0x12 storage::WriteFru => storage::FruWritten;
    0x0a 0x20 storage::GetSdrInfo => storage::RepositoryInfo;
    0x0a 0x21 storage::GetSdrAllocation => storage::Allocation;
    0x0a 0x22 storage::ReserveSdr => storage::Reservation;
    0x0a 0x23 storage::GetSdr => storage::RecordPart;
    0x0a 0x28 storage::GetSdrTime => storage::Time;
    0x0a 0x40 storage::GetSelInfo => storage::RepositoryInfo;
    0x0a 0x41 storage::GetSelAllocation => storage::Allocation;
    0x0a 0x42 storage::ReserveSel => storage::Reservation;
    0x0a 0x43 storage::GetSelEntry => storage::RecordPart;
    0x0a 0x44 storage::AddSelEntry => storage::RecordId;
    0x0a 0x46 storage::DeleteSelEntry => storage::RecordId;
    0x0a 0x47 storage::ClearSel => storage::ClearProgress;
    0x0a 0x48 storage::GetSelTime => storage::Time;
    0x0a 0x49 storage::SetSelTime => storage::Done;
    0x0c 0x01 transport::SetLanParameter => storage::Done;
    0x0c 0x02 transport::GetLanParameter => transport::LanParameter;
}
