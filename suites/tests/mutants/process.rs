//! The same agents as real processes.
