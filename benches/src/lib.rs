//! What the side-by-side comparisons share: a load generator, the peers to compare with, and the table.
//!
//! Each program in `src/bin` measures one thing, ours and the other's in turn in one run, prints ratios, and
//! with `--write` puts its table into `benches/README.md`. Wall-clock numbers hold for one machine and one
//! hour; the ratios are what counts.

pub mod agent;
pub mod console;
pub mod interconnect;
pub mod load;
pub mod peer;
pub mod snmp;
pub mod table;

/// The lab's user, as `fencelab emulate` has it by default.
pub const USER: &str = "lab";
/// That user's password. It is no secret: it opens only emulations.
pub const PASSWORD: &str = "fencelab";

/// The middle of the values; 0 if there are none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
