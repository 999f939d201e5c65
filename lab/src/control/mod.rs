//! The control interface of `emulate`: the ground truth over HTTP, for anybody's own test. `docs/control.md` describes it.

mod answer;
mod routes;
mod view;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fencelab_devices::serve::Shared;
use fencelab_recorder::Place;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A device that is being emulated.
#[derive(Debug)]
pub(crate) struct Emulated {
    /// `vendor/model`.
    pub(crate) id: String,
    /// The device itself.
    pub(crate) shared: Shared,
    /// Each face's protocol, and where it is.
    pub(crate) faces: Vec<(String, Place)>,
    /// Whether it was ever given faults: only then it may have something for its neighbour.
    pub(crate) faulty: AtomicBool,
}

/// Starts serving; answers where. It serves until the runtime ends.
pub(crate) async fn serve(bind: SocketAddr, devices: Arc<[Emulated]>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(bind).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: one connection is lost, others are still served.
                    tracing::warn!(%error, "a connection to the control interface was not accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            };
            let devices = devices.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| routes::answer(request, devices.clone()));
                let served = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                if let Err(error) = served {
                    tracing::debug!(%error, "a connection to the control interface ended early");
                }
            });
        }
    });
    Ok(address)
}
