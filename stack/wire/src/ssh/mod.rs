//! SSH, as far as both ends must know it: which algorithms are offered, and which keys the lab shows. The protocol itself is
//! `russh`'s, which has its own I/O.

mod algorithms;
mod keys;

pub use algorithms::{client, server};
pub use keys::keys;
