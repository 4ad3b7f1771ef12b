//! All `unsafe` code of the crate: the output buffer, the text of a str, raw reads of Python objects, and frames.
//!
//! Every other module denies `unsafe`. Each block here says why it is sound.
#![allow(unsafe_code)]
#![allow(unused_unsafe)] // calling a vector instruction is unsafe before Rust 1.87 only

#[cfg(target_arch = "x86_64")]
mod avx2;
mod buffer;
mod class_version;
pub mod frames;
pub mod interpreters;
mod reads;
#[cfg(test)]
mod tests;
mod text;

pub use buffer::BytesBuffer;
pub use class_version::class_version;
pub use reads::{DictCursor, DictPosition, ascii, context_value, int_value, list_item, text_length, tuple_item};
pub use text::write_text;
