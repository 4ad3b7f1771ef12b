//! The output buffer: a `bytes` object under construction.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::digits::write_number;
use super::kernels::{SLACK, TextBuffer, copy_ends};
use crate::json::writer::Out;

/// A result up to this size is built on the stack and costs one exact allocation.
pub(super) const INLINE: usize = 1024;
/// A `bytes` object under construction. When memory runs out it drops its content and takes no more. `finish` raises then,
/// so that writers need not check.
///
/// `repr(C)` with the array first and the capacity right behind it: with a field that begins as zero beside it, LLVM takes
/// the uninitialised array for zeros too, and writes 1,281 of them in each call (14 ns).
#[repr(C)]
pub struct BytesBuffer {
    inline: [MaybeUninit<u8>; INLINE + SLACK],
    pub(super) capacity: usize,
    pub(super) len: usize,
    object: Option<Py<PyBytes>>, // None while the content is inline; its length is capacity + SLACK
    failed: bool,
}

unsafe extern "C" {
    // pyo3-ffi keeps it to itself. It moves the object (realloc: large blocks by remapping, without a copy).
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> c_int;
}

impl BytesBuffer {
    /// An empty buffer.
    #[inline(always)] // or its 1.3 KB are moved
    pub fn new() -> Self {
        Self { inline: [MaybeUninit::uninit(); INLINE + SLACK], capacity: INLINE, len: 0, object: None, failed: false }
    }

    /// The number of bytes written; 0 when memory ran out.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether memory ran out.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// The byte that was written last; None where there is none.
    pub fn last(&mut self) -> Option<u8> {
        // SAFETY: a byte was written right before the end.
        (self.len > 0).then(|| unsafe { self.end().sub(1).read() })
    }

    /// Takes back what was written beyond the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Makes room for that many bytes more; false when memory ran out.
    #[inline]
    pub fn reserve(&mut self, additional: usize) -> bool {
        additional <= self.capacity - self.len || self.grow(additional)
    }

    /// The content as a `bytes` object of the exact size; the buffer is empty afterwards.
    #[inline]
    pub fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        if self.failed {
            return Err(PyMemoryError::new_err(()));
        }
        self.capacity = INLINE; // without an object that of the array counts again
        let len = std::mem::take(&mut self.len);
        match self.object.take() {
            None => new_bytes(py, self.inline.as_ptr().cast(), len),
            Some(object) => resize(object.into_bound(py), len),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn grow(&mut self, additional: usize) -> bool {
        // Much at first: each step copies what is there, memory that is not touched costs nothing, and the end gives it
        // back. By four from 1 KB on, citm_catalog.json took 4 % longer.
        let factor = if self.capacity <= INLINE {
            64
        } else if self.capacity < 1 << 20 {
            16
        } else {
            2
        };
        // At least what is asked for: a text that is longer than all before it.
        let capacity = self.len.saturating_add(additional).max(factor * self.capacity);
        let size = capacity.saturating_add(SLACK);
        if self.failed || size > isize::MAX as usize {
            self.fail();
            return false;
        }
        // A buffer does not carry the proof that this thread is attached to the interpreter, so it is asked for here.
        let grown = Python::try_attach(|py| match self.object.take() {
            Some(object) => resize(object.into_bound(py), size).ok().map(Bound::unbind),
            None => {
                let object = new_bytes(py, ptr::null(), size).ok()?.unbind();
                // SAFETY: the new object is larger than the inline array. All of it is copied, the slack too, where the walk
                // may have written; what is not written yet is copied as it is.
                unsafe {
                    let to = content(&object).cast::<MaybeUninit<u8>>();
                    ptr::copy_nonoverlapping(self.inline.as_ptr(), to, INLINE + SLACK);
                }
                Some(object)
            }
        });
        match grown.flatten() {
            Some(object) => {
                self.object = Some(object);
                self.capacity = capacity;
                true
            }
            None => {
                self.fail();
                false
            }
        }
    }

    #[cold]
    pub(super) fn fail(&mut self) {
        *self = Self { capacity: 0, failed: true, ..Self::new() };
    }

    /// The place of the next byte. Writable from here on: `capacity - len + SLACK` bytes.
    #[inline(always)]
    pub(super) fn end(&mut self) -> *mut u8 {
        let start = match &self.object {
            None => self.inline.as_mut_ptr().cast(),
            Some(object) => content(object),
        };
        // SAFETY: len <= capacity + SLACK, which is the size of either.
        unsafe { start.add(self.len) }
    }
}

impl TextBuffer for BytesBuffer {
    #[inline(always)]
    fn room(&mut self) -> (*mut u8, *mut u8) {
        let end = self.end();
        // SAFETY: len <= capacity.
        (end, unsafe { end.add(self.capacity - self.len) })
    }

    #[inline(always)]
    unsafe fn take(&mut self, end: *mut u8) {
        // SAFETY: the caller wrote on from `end()`, so `end` lies in the same allocation.
        self.len += unsafe { end.offset_from(self.end()) } as usize;
        debug_assert!(self.len <= self.capacity + SLACK);
        if self.len > self.capacity {
            self.grow(0);
        }
    }

    #[inline]
    fn make_room(&mut self, additional: usize) -> bool {
        self.reserve(additional)
    }
}

impl Default for BytesBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Out for BytesBuffer {
    #[inline]
    fn push(&mut self, byte: u8) {
        if self.reserve(1) {
            // SAFETY: room for one byte was reserved.
            unsafe { self.end().write(byte) };
            self.len += 1;
        }
    }

    #[inline]
    fn extend(&mut self, bytes: &[u8]) {
        if self.reserve(bytes.len()) {
            // SAFETY: room for all of them was reserved, and `bytes` cannot overlap a buffer borrowed as mutable.
            unsafe { copy(bytes, self.end()) };
            self.len += bytes.len();
        }
    }

    #[inline(always)]
    fn fill(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) {
        const ROOM: usize = 64;
        const { assert!(ROOM <= SLACK) };
        debug_assert!(len <= ROOM);
        if len <= ROOM && self.reserve(len) {
            // SAFETY: `ROOM` bytes may be written from the end on, and the slice is zeros where `fill` leaves it.
            fill(unsafe {
                let end = self.end();
                end.cast::<[u8; ROOM]>().write([0; ROOM]);
                std::slice::from_raw_parts_mut(end, len)
            });
            self.len += len;
        }
    }

    /// Straight into the buffer, without zeros before.
    #[inline]
    fn extend_integer(&mut self, value: i64) {
        const { assert!(super::digits::LONGEST <= SLACK) };
        if self.reserve(super::digits::LONGEST) {
            // SAFETY: as many bytes are reserved.
            unsafe {
                let start = self.end();
                self.len += write_number(value, start).offset_from(start) as usize;
            }
        }
    }

    /// Straight into the buffer: a copy of what was written a moment ago waits for the writes, 9 ns of 30 (canada.json).
    #[inline]
    fn extend_float(&mut self, value: f64) {
        const SIZE: usize = size_of::<zmij::Buffer>();
        const { assert!(align_of::<zmij::Buffer>() == 1 && SIZE <= SLACK) };
        if self.reserve(SIZE) {
            // SAFETY: `SIZE` bytes are reserved, and zmij's buffer is an array of bytes that need not be initialized. The text
            // is in it, at its beginning but for a future zmij.
            unsafe {
                let room = self.end();
                let text = (*room.cast::<zmij::Buffer>()).format_finite(value).as_bytes();
                let (from, len) = (text.as_ptr(), text.len());
                if from != room {
                    ptr::copy(from, room, len);
                }
                self.len += len;
            }
        }
    }
}

/// The first byte of a `bytes` object.
#[inline(always)]
fn content(object: &Py<PyBytes>) -> *mut u8 {
    // SAFETY: it is a bytes object; the content is part of it.
    unsafe { ffi::PyBytes_AS_STRING(object.as_ptr()).cast_mut().cast() }
}

/// A `bytes` object with a copy of `len` bytes at `from`, or with no content yet if that is null.
pub(super) fn new_bytes(py: Python<'_>, from: *const u8, len: usize) -> PyResult<Bound<'_, PyBytes>> {
    // SAFETY: `from` is null or the start of `len` written bytes; what comes back is new, or null with an exception.
    unsafe {
        let object = ffi::PyBytes_FromStringAndSize(from.cast(), len as ffi::Py_ssize_t);
        Ok(Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked())
    }
}

/// The same object with another length.
fn resize(object: Bound<'_, PyBytes>, len: usize) -> PyResult<Bound<'_, PyBytes>> {
    let py = object.py();
    let mut object = object.into_ptr();
    // SAFETY: ours is the only reference, as CPython demands: no Python code has seen the object. On failure CPython
    // has freed it, written null to `object` and raised MemoryError.
    unsafe {
        _PyBytes_Resize(&mut object, len as ffi::Py_ssize_t);
        Ok(Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked())
    }
}

/// Copies, up to 32 bytes without calling memcpy.
#[inline(always)]
pub(super) unsafe fn copy(bytes: &[u8], to: *mut u8) {
    // SAFETY: the caller has room for all of them; `copy_ends` gets as many as it needs.
    unsafe {
        match bytes.len() {
            0 => {}
            1 => *to = bytes[0],
            2..4 => _ = copy_ends::<u16>(bytes.as_ptr(), bytes.len(), to),
            4..8 => _ = copy_ends::<u32>(bytes.as_ptr(), bytes.len(), to),
            8..16 => _ = copy_ends::<u64>(bytes.as_ptr(), bytes.len(), to),
            16..=32 => _ = copy_ends::<u128>(bytes.as_ptr(), bytes.len(), to),
            _ => ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()),
        }
    }
}
