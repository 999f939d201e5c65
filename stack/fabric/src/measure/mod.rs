//! What is measured: latencies, what they cost, and where.

mod clock;
mod environment;
mod latency;
mod usage;

pub use clock::now;
pub(crate) use clock::prepare;
pub use environment::{Environment, environment};
pub use latency::{Latency, Quantiles};
pub use usage::Usage;
