//! The keys that bodies had of late: the same names come again and again, in each row and in each request.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::ffi;

/// A power of two. Nothing is interned: what clients send must not stay in the process for ever.
const SLOTS: usize = 1024;
const LONGEST: usize = 64;

/// A table in which a new key takes the place of the old one. Its strings know their hash already.
pub struct KeyCache(Vec<Option<Py<PyString>>>);

/// Where the table is while nobody reads.
static TABLE: Mutex<Option<KeyCache>> = Mutex::new(None);

impl KeyCache {
    /// The table of this process; an empty one if a read is under way already (the garbage collector may run any code).
    pub fn take() -> Self {
        TABLE.try_lock().ok().and_then(|mut table| table.take()).unwrap_or(Self(Vec::new()))
    }

    /// Keeps it for the next body.
    pub fn put_back(self) {
        if let Ok(mut table) = TABLE.try_lock() {
            let old = table.replace(self);
            drop(table); // strings are freed outside of the lock
            drop(old);
        }
    }

    /// The str of a key without escapes.
    #[inline]
    pub fn get<'py>(&mut self, py: Python<'py>, key: &[u8]) -> PyResult<Bound<'py, PyString>> {
        // Long keys are rarely names of fields, and would keep a client's text in memory.
        if key.len() > LONGEST {
            return PyString::from_bytes(py, key);
        }
        if self.0.is_empty() {
            self.0.resize_with(SLOTS, || None);
        }
        let slot = &mut self.0[slot(key)];
        if let Some(known) = slot.as_ref().map(|known| known.bind(py)) {
            if ffi::ascii(known) == Some(key) {
                return Ok(known.clone());
            }
        }
        let text = PyString::from_bytes(py, key)?;
        *slot = Some(text.clone().unbind());
        Ok(text)
    }
}

/// Any mixture will do: two keys of one slot cost no more than without the table.
#[inline]
fn slot(key: &[u8]) -> usize {
    let mut hash = key.len() as u64;
    for block in key.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..block.len()].copy_from_slice(block);
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(bytes)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    (hash >> 32) as usize % SLOTS
}
