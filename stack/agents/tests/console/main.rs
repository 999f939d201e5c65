//! The agents of consoles in memory, in virtual time, against scripted peers that know little more than each dialect needs.

mod cuts;
mod repertoire;
mod repetition;
mod shells;
mod unit;
