//! The side of the device.

use std::future::Future;
use std::sync::Arc;

use fencelab_wire::ssh;
use russh::client::{self, Handle};
use russh::keys::PublicKeyOrCertificate;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// What the device says beside channels.
pub(super) struct Device {
    /// Closed when the session has ended.
    _is_there: watch::Sender<()>,
}

impl Device {
    /// Agrees with the device on keys; who the user is comes later. The second part is when the session has ended.
    pub(super) async fn connect(
        stream: TcpStream,
    ) -> Result<(Handle<Self>, impl Future<Output = ()>), russh::Error> {
        let config = client::Config { preferred: ssh::client(), ..client::Config::default() };
        let (is_there, mut gone) = watch::channel(());
        let handle = client::connect_stream(Arc::new(config), stream, Self { _is_there: is_there }).await?;
        Ok((handle, async move { while gone.changed().await.is_ok() {} }))
    }
}

impl client::Handler for Device {
    type Error = russh::Error;

    /// Like the agents: the key of a device is not known beforehand.
    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}
