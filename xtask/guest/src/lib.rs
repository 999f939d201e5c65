//! Guests with soft-RoCE: real verbs between real kernels, on a machine without RDMA, without root, without a kernel build.
//!
//! Debian's kernel runs under QEMU, by default in software emulation. Where a kernel may be built, a User-Mode Linux kernel
//! boots in a fraction of the time ([`Kernel::UserMode`]). The guests' network is a [`Switch`] of ours over unix
//! sockets, which can lose, delay, cut and capture. A lab and everything in it ends with its [`Lab`].
//!
//! ```no_run
//! use fencelab_guest::{Lab, Options};
//!
//! let lab = Lab::boot(2, Options::default())?;
//! let server = lab.node(1).spawn(["ib_send_lat", "-d", "rxe0"])?;
//! lab.node(1).wait_until_listening(18515)?;
//! let client = lab.node(2).run(["ib_send_lat", "-d", "rxe0", "node1"])?;
//! assert!(client.is_success(), "{} {}", client.text(), server.output());
//!
//! lab.switch().cut(2);
//! let cut_off = lab.node(1).run(["ping", "-c", "1", "-W", "1", "node2"])?;
//! assert!(!cut_off.is_success());
//! # Ok::<(), fencelab_guest::GuestError>(())
//! ```
//!
//! `docs/guests.md` says what soft-RoCE can tell and what it can't.

mod base;
mod bench;
mod capture;
mod cpio;
mod elf;
mod error;
mod forwarding;
pub mod frame;
mod image;
mod kernel;
mod lab;
mod libraries;
mod machine;
mod modules;
mod node;
mod options;
mod packages;
mod parts;
mod pinned;
mod port;
mod process;
mod qemu;
mod source;
mod spawn;
mod switch;
mod user_mode;
mod user_mode_kernel;

pub use bench::{Bench, Found};
pub use error::GuestError;
pub use forwarding::{Cable, Counts};
pub use image::Image;
pub use lab::Lab;
pub use node::Node;
pub use options::{Accel, Inside, Kernel, Options, Rdma};
pub use port::Framing;
pub use process::{Process, Ran};
pub use switch::Switch;
