//! Consoles recorded: real clients and ClusterLabs' agents through the proxy, before an emulated device.

mod agents;
mod device;
mod people;
mod serial;
mod ssh;
