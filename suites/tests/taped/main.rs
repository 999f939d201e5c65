//! What our agents say to described consoles is taped, and the tape is replayed and learnt from.

mod bench;
mod cut;
mod learnt;
mod replayed;
