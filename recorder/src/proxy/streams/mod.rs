//! Streams: a task for each client, with a connection of its own to the device.

mod line;
mod relay;
mod ssh;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use fencelab_transcript::Map;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

pub(super) use line::{Client, Clients, Exchange, Line};

use crate::link::Streams;
use crate::link::console::Carrier;

/// Threads for all streams.
const THREADS: usize = 2;
/// How long the listener rests where it cannot accept.
const BREATH: Duration = Duration::from_millis(10);

/// Starts to relay what comes to `listen`; answers where that is.
pub(super) fn start(
    listen: SocketAddr,
    device: SocketAddr,
    link: &Streams,
    exchange: Exchange,
) -> io::Result<(SocketAddr, Runtime)> {
    if matches!(link.carrier, Carrier::Serial(_)) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "a serial line has no address but a port"));
    }
    let listener = TcpListener::bind(listen)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("fencelab-relay")
        .enable_all()
        .build()?;
    let listener = {
        let _guard = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    runtime.spawn(accept(listener, device, link.carrier.clone(), exchange));
    Ok((address, runtime))
}

/// Accepts clients, for ever.
async fn accept(listener: tokio::net::TcpListener, device: SocketAddr, carrier: Carrier, exchange: Exchange) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(serve(client, device, carrier.clone(), exchange.clone()));
            }
            // Out of file descriptors, or the client has gone already: the next one may succeed.
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// One client, to its end.
async fn serve(client: TcpStream, device: SocketAddr, carrier: Carrier, exchange: Exchange) {
    let _client = exchange.welcome();
    let upstream = match TcpStream::connect(device).await {
        Ok(upstream) => upstream,
        Err(error) => {
            // The client's connection cannot be refused any more; that it ends at once is the next best.
            tracing::warn!("cannot reach {device}: {error}");
            return exchange.refuse(Map::new(), format!("the device cannot be reached: {error}"));
        }
    };
    for socket in [&client, &upstream] {
        // A key must not wait for the next one.
        let _ = socket.set_nodelay(true);
    }
    match carrier {
        Carrier::Raw | Carrier::Telnet | Carrier::Serial(_) => {
            let line = exchange.open(Map::new());
            relay::relay(client, upstream, line).await;
        }
        Carrier::Ssh(identity) => ssh::relay(client, upstream, identity, exchange).await,
    }
}
