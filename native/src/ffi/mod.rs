//! All `unsafe` code of the crate: the output buffer, the text of a str, the walk over containers, raw reads of Python
//! objects, and frames.
//!
//! Every other module denies `unsafe`. Each block here says why it is sound.
#![allow(unsafe_code)]
#![allow(unused_unsafe)] // calling a vector instruction is unsafe before Rust 1.87 only

mod buffer;
mod class_version;
mod digits;
pub mod frames;
pub mod interpreters;
pub mod kernels;
mod layouts;
pub mod raw_call;
mod reads;
#[cfg(test)]
mod tests;
mod text;
pub mod walk;

pub use buffer::BytesBuffer;
pub use class_version::class_version;
pub use reads::{DictCursor, DictPosition, ascii, context_value, int_value, list_item, text_length, tuple_item};
pub use text::{AsciiText, HtmlText, TextEscape, Utf8Text};

/// Chooses once, at import, what depends on this processor and on this CPython.
pub fn choose_once(py: pyo3::Python<'_>) -> pyo3::PyResult<()> {
    text::choose_kernel();
    walk::choose_walk(layouts::choose_layouts(py)?);
    Ok(())
}
