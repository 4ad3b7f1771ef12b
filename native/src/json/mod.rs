//! JSON text in pure Rust: no module below knows Python.

pub mod calendar;
pub mod check;
pub mod escape;
pub mod number;
pub mod reader;
pub mod reformat;
pub mod temporal;
pub mod temporal_reader;
pub mod writer;
