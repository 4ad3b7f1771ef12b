//! A request body: JSON text to the Python values that `json.loads` returns.
//!
//! serde_json reads the text, and a visitor makes the Python objects. On the bodies of `benchmarks/suites/bodies.py` it
//! takes 0.79 to 1.36 of the time of the parser that stood here before (1.07 in the mean, 0.12 to 0.69 of `json.loads`),
//! which was too little for a parser of our own. Whatever serde_json refuses or reads in another way is left to
//! `json.loads`, for a value or for the error: NaN, halves of surrogate pairs, integers beyond 64 bits, other encodings,
//! more than 127 levels.

mod key_cache;
mod visitor;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use serde::de::DeserializeSeed;

use crate::error::catch_panics;
use crate::ffi;
use key_cache::KeyCache;
use visitor::ValueSeed;

/// A body that native code has not read.
#[pyclass(frozen, get_all, module = "pyforge_web._native")]
pub struct BodyFallback {
    /// At which byte of the UTF-8 a container is opened that is one too many; 0 where there is none.
    at: usize,
    /// Whether there is one.
    too_deep: bool,
}

/// The value of a body, or a `BodyFallback`.
pub fn read<'py>(body: &Bound<'py, PyAny>, max_depth: usize) -> PyResult<Bound<'py, PyAny>> {
    let py = body.py();
    let read = |text: &[u8]| read_text(py, text, max_depth);
    let result = catch_panics("body", || {
        Ok(if let Ok(bytes) = body.cast_exact::<PyBytes>() {
            read(bytes.as_bytes())
        } else if let Some(ascii) = ffi::ascii(body) {
            read(ascii)
        } else if let Ok(text) = body.cast_exact::<PyString>() {
            // A copy, so that the str does not keep its UTF-8 for the rest of its life.
            text.encode_utf8().map_or(Err(NOT_READ), |utf8| read(utf8.as_bytes()))
        } else if let Ok(array) = body.cast_exact::<PyByteArray>() {
            read(&array.to_vec())
        } else {
            Err(NOT_READ)
        })
    })?;
    match result {
        Ok(value) => Ok(value),
        Err(fallback) => Ok(Bound::new(py, fallback)?.into_any()),
    }
}

const NOT_READ: BodyFallback = BodyFallback { at: 0, too_deep: false };

fn read_text<'py>(py: Python<'py>, text: &[u8], max_depth: usize) -> Result<Bound<'py, PyAny>, BodyFallback> {
    let mut keys = KeyCache::take();
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = ValueSeed { py, keys: &mut keys, depth: max_depth }.deserialize(&mut reader);
    keys.put_back();
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(_) => Err(find_too_deep(text, max_depth).map_or(NOT_READ, |at| BodyFallback { at, too_deep: true })),
    }
}

/// Where a container is opened that is one too many. Only brackets and strings are looked at: `json.loads` must not see
/// such a text, whatever else is wrong with it, since it would exhaust the stack of a small thread.
fn find_too_deep(text: &[u8], max_depth: usize) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string && depth == max_depth => return Some(at),
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}
