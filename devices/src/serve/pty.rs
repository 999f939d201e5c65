//! A serial line on a pseudo-terminal: any terminal program opens it by its path, as it would a port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use fencelab_pty::Event;
use fencelab_wire::serial::Line;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Shared;
use super::stream::Pump;
use crate::face::Carrier;
use crate::spec::FaceSpec;

/// Whoever is at the terminal.
const SOMEBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// One serial face of a device on a pseudo-terminal. Dropping it closes the terminal.
#[derive(Debug)]
pub struct Pty {
    /// What is to be opened.
    pub path: PathBuf,
    /// The device.
    pub device: Shared,
    /// The face's index.
    pub face: usize,
    task: JoinHandle<()>,
}

impl Pty {
    /// Serves face number `face` of `device`. Needs a tokio runtime.
    ///
    /// # Errors
    /// The face is no serial line, or the system has no more pseudo-terminals.
    pub fn share(device: &Shared, face: usize) -> io::Result<Self> {
        let spec = std::sync::Arc::clone(device.lock().spec());
        let is_serial = |face: &&FaceSpec| face.carrier() == Some(Carrier::Serial);
        let Some(line) = spec.faces.get(face).filter(is_serial).and_then(FaceSpec::line) else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "that face is no serial line"));
        };
        let terminal = fencelab_pty::Pty::open(line.speed)?;
        let path = terminal.path().to_owned();
        let pump = Pump::new(device, face);
        let task = tokio::spawn(async move {
            tokio::select! { () = serve(terminal, line, Arc::clone(&pump)) => {} () = pump.run() => {} }
        });
        Ok(Self { path, device: device.clone(), face, task })
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves whoever opens the terminal, for ever.
async fn serve(terminal: fencelab_pty::Pty, line: Line, pump: Arc<Pump>) {
    let (mut output, mut rest): (Option<mpsc::UnboundedReceiver<Vec<u8>>>, Vec<u8>) = (None, Vec::new());
    loop {
        let events = tokio::select! {
            events = terminal.next(true) => events,
            written = terminal.write(&rest), if !rest.is_empty() => {
                written.map(|length| drop(rest.drain(..length))).map(|()| Vec::new())
            }
            piece = next(&mut output), if rest.is_empty() => {
                match piece {
                    Some(piece) => rest = piece,
                    None => output = None,
                }
                Ok(Vec::new())
            }
        };
        let events = match events {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!(%error, "a terminal has ended");
                return;
            }
        };
        for event in events {
            match event {
                Event::Came => {
                    pump.set_client_line(client_line(&terminal, line));
                    output = Some(pump.connect(SOMEBODY, None));
                }
                Event::Went => {
                    pump.feed(SOMEBODY, &[]);
                    (output, rest) = (None, Vec::new());
                }
                Event::Bytes(bytes) => {
                    pump.set_client_line(client_line(&terminal, line));
                    pump.feed(SOMEBODY, &bytes);
                }
            }
        }
    }
}

/// How the client has set its end.
fn client_line(terminal: &fencelab_pty::Pty, line: Line) -> Option<Line> {
    terminal.speed().map(|speed| Line { speed, ..line })
}

/// The next piece of output, if there is anybody to whom it goes.
async fn next(output: &mut Option<mpsc::UnboundedReceiver<Vec<u8>>>) -> Option<Vec<u8>> {
    match output {
        Some(output) => output.recv().await,
        None => std::future::pending().await,
    }
}
