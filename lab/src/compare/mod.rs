//! Two JSON reports beside each other: what is new, what is mended.

mod diff;
mod read;

pub(crate) use diff::{Comparison, Entry, Status, compare};
pub(crate) use read::ReadReport;
