//! What a cluster said, counted and measured; and the load that it was.
//!
//! All of it is read from a transcript that [`import::fabric`](crate::import::fabric) made, so a saved one serves as well.

mod load;
mod statistics;
mod times;

pub use load::{Message, load};
pub use statistics::{Messages, Statistics};
pub use times::Times;
