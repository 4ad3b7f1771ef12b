//! The sources of the text kernels and of what they need, as they stand in native/src.

#[path = "../../../native/src/json/mod.rs"]
pub mod json;
#[path = "../../../native/src/ffi/kernels/mod.rs"]
pub mod kernels;
