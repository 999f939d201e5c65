use std::io;
use std::os::fd::AsRawFd;

use tokio::io::unix::AsyncFd;

/// A socket, or another descriptor, whose readiness the runtime watches, and that can be read without asking it.
///
/// # Errors
/// The descriptor cannot be watched: a file on a disk cannot.
#[expect(
    deprecated,
    reason = "its successor is unsafe, for descriptors that change under way; sockets and files keep their own while they live"
)]
pub fn watched<T: AsRawFd>(socket: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::new(socket)
}
