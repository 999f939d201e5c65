//! Passes bytes on as they are.

use std::io;

use fencelab_transcript::{Map, Side};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::OnceCell;

use super::line::Line;

/// What is read at once.
const PIECE: usize = 16_384;

/// Passes on both ways whatever comes, until both sides have ended or one is broken, and tells the line what was said.
///
/// An end is passed on like the bytes before it: who has said all may still listen.
pub(super) async fn relay<C, D>(client: C, device: D, line: Line)
where
    C: AsyncRead + AsyncWrite,
    D: AsyncRead + AsyncWrite,
{
    let (from_client, to_client) = split(client);
    let (from_device, to_device) = split(device);
    // Who ends first ends the session.
    let ended = OnceCell::new();
    let there = pass(from_client, to_device, Side::Agent, &line, &ended);
    let back = pass(from_device, to_client, Side::Device, &line, &ended);
    // That one side is broken ends the other, too.
    let _ = tokio::try_join!(there, back);
    let by = ended.get().copied().unwrap_or(Side::Device);
    line.close(by, Map::new());
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    side: Side,
    line: &Line,
    ended: &OnceCell<Side>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await;
        let Ok(length @ 1..) = read else {
            // Nothing is lost if it is known already.
            let _ = ended.set(side);
            read?;
            return to.shutdown().await;
        };
        let piece = buffer.get(..length).unwrap_or_default();
        line.says(side, piece);
        if let Err(error) = to.write_all(piece).await {
            let _ = ended.set(if side == Side::Agent { Side::Device } else { Side::Agent });
            return Err(error);
        }
    }
}
