//! The end of the output, in registers: where the next byte goes, and where the room ends.

use pyo3::ffi;
use pyo3::prelude::*;

use super::super::BytesBuffer;
use super::super::digits::{self, write_number};
use super::super::kernels::{SLACK, TextBuffer};
use super::super::layouts::{compact_int, long_int};
use super::super::text::{SHORT_TEXT, TextEscape, compact_ascii_of};
use super::WalkTarget;
use crate::json::number::three_digits;
use crate::kinds::Form;

const SHORT_STRING: usize = SHORT_TEXT + 2;
const FLOAT: usize = size_of::<zmij::Buffer>();
/// What an item takes at most before `settle` is called: a separator, a short key with its quotes, a colon, and the
/// longest scalar that is written without a look at the room.
const ITEM: usize = 2 + SHORT_STRING + 2 + SHORT_STRING;
const _: () = assert!(ITEM <= SLACK && FLOAT <= SHORT_STRING && digits::LONGEST <= SHORT_STRING);
const _: () = assert!(align_of::<zmij::Buffer>() == 1);

/// The end of a buffer, taken out of it for a while.
///
/// What every method asks of its caller: the pen was lowered into the same buffer and not lifted since, and at most `ITEM`
/// bytes are written between two calls of `settle`.
#[derive(Clone, Copy)]
pub(super) struct Pen {
    at: *mut u8,
    limit: *mut u8,
}

impl Pen {
    /// Takes the end out of the buffer.
    #[inline(always)]
    pub fn lower(buffer: &mut BytesBuffer) -> Self {
        let (at, limit) = buffer.room();
        Self { at, limit }
    }

    /// Hands the end back to the buffer.
    #[inline(always)]
    pub unsafe fn lift(self, buffer: &mut BytesBuffer) {
        // SAFETY: written on from the buffer's end.
        unsafe { buffer.take(self.at) };
    }

    /// Makes room again after an item.
    #[inline(always)]
    pub unsafe fn settle(&mut self, buffer: &mut BytesBuffer) {
        if self.at > self.limit {
            // SAFETY: the caller's.
            *self = unsafe { make_room(*self, buffer) };
        }
    }

    /// Writes one byte.
    #[inline(always)]
    pub unsafe fn byte(&mut self, byte: u8) {
        // SAFETY: the caller has room.
        unsafe {
            self.at.write(byte);
            self.at = self.at.add(1);
        }
    }

    /// Writes a separator of a form: one byte or two.
    #[inline(always)]
    pub unsafe fn separator(&mut self, text: &'static [u8]) {
        // SAFETY: the caller has room.
        unsafe {
            match *text {
                [one] => self.byte(one),
                [one, two] => {
                    self.at.cast::<[u8; 2]>().write([one, two]);
                    self.at = self.at.add(2);
                }
                _ => {}
            }
        }
    }

    /// Writes the first `len` bytes of eight.
    #[inline(always)]
    unsafe fn word(&mut self, word: [u8; 8], len: usize) {
        // SAFETY: the caller has room.
        unsafe {
            self.at.cast::<[u8; 8]>().write(word);
            self.at = self.at.add(len);
        }
    }

    /// Writes an exact str; short clean ASCII is written here, the rest elsewhere.
    #[inline(always)]
    pub unsafe fn text<F: Form, T: WalkTarget>(
        &mut self,
        py: Python<'_>,
        buffer: &mut BytesBuffer,
        object: *mut ffi::PyObject,
    ) {
        // SAFETY: a live str; the processor is the caller's. What is longer than a short text has room, quotes included.
        unsafe {
            if let Some(ascii) = compact_ascii_of(object) {
                let (at, len) = (self.at, ascii.len());
                if len <= SHORT_TEXT {
                    if F::Text::copy_short::<T::Kernel>(ascii, at.add(1)) {
                        at.write(b'"');
                        at.add(1 + len).write(b'"');
                        self.at = at.add(len + 2);
                        return;
                    }
                } else if len < (self.limit as usize).saturating_sub(at as usize) {
                    let end = F::Text::copy_long::<T::Kernel>(ascii, at);
                    if !end.is_null() {
                        self.at = end;
                        return;
                    }
                }
            }
            *self = write_other_text::<F>(py, *self, buffer, object);
        }
    }

    /// Writes an int of up to 64 bits; false for a longer one, of which nothing is written.
    #[inline(always)]
    pub unsafe fn integer<T: WalkTarget>(&mut self, object: *mut ffi::PyObject) -> bool {
        // SAFETY: a live int; the caller has room.
        unsafe {
            let Some(value) = compact_int(object, T::LAYOUTS_KNOWN) else {
                return self.long_integer(object);
            };
            match three_digits(value as u64) {
                Some((word, len)) => {
                    self.at.cast::<[u8; 4]>().write(word.to_le_bytes());
                    self.at = self.at.add(len);
                }
                None => self.at = write_number(value, self.at),
            }
            true
        }
    }

    #[inline(always)]
    unsafe fn long_integer(&mut self, object: *mut ffi::PyObject) -> bool {
        // SAFETY: as for `integer`.
        unsafe {
            let value = long_int(object);
            if let Some(value) = value {
                self.at = write_number(value, self.at);
            }
            value.is_some()
        }
    }

    /// Writes a float that zmij writes as `repr` does; false for others, of which nothing is written.
    #[inline(always)]
    unsafe fn float(&mut self, value: f64) -> bool {
        // Not the infinities, NaN, and what is smaller: see `json::number::write_float`.
        if !(value.abs() >= 1e-4 && value.abs() <= f64::MAX || value == 0.0) {
            return false;
        }
        // SAFETY: the caller has room. zmij's buffer is an array of bytes that need not be initialized, and the text is in
        // it, at its beginning but for a future zmij.
        unsafe {
            let text = (*self.at.cast::<zmij::Buffer>()).format_finite(value).as_bytes();
            let (from, len) = (text.as_ptr(), text.len());
            if from != self.at {
                std::ptr::copy(from, self.at, len);
            }
            self.at = self.at.add(len);
        }
        true
    }

    /// Writes a scalar of an exact type; false for anything else, of which nothing is written.
    #[inline(always)]
    pub unsafe fn scalar<F: Form, T: WalkTarget>(
        &mut self,
        py: Python<'_>,
        buffer: &mut BytesBuffer,
        object: *mut ffi::PyObject,
    ) -> bool {
        // SAFETY: `object` is alive, and no Python code runs here that could end it.
        unsafe {
            let class = ffi::Py_TYPE(object);
            if class == &raw mut ffi::PyUnicode_Type {
                self.text::<F, T>(py, buffer, object);
            } else if class == &raw mut ffi::PyLong_Type {
                return self.integer::<T>(object);
            } else if class == &raw mut ffi::PyBool_Type {
                let is_true = object == ffi::Py_True();
                self.word(if is_true { *b"true\0\0\0\0" } else { *b"false\0\0\0" }, if is_true { 4 } else { 5 });
            } else if object == ffi::Py_None() {
                self.word(*b"null\0\0\0\0", 4);
            } else if class == &raw mut ffi::PyFloat_Type {
                return self.float(ffi::PyFloat_AS_DOUBLE(object));
            } else {
                return false;
            }
            true
        }
    }
}

/// Hands the end back to the buffer, which makes room, and takes it again.
#[cold]
#[inline(never)]
unsafe fn make_room(pen: Pen, buffer: &mut BytesBuffer) -> Pen {
    // SAFETY: the caller's.
    unsafe { pen.lift(buffer) };
    Pen::lower(buffer)
}

/// Writes a str that is long, not ASCII, or not clean.
#[inline(never)]
unsafe fn write_other_text<F: Form>(
    py: Python<'_>,
    pen: Pen,
    buffer: &mut BytesBuffer,
    object: *mut ffi::PyObject,
) -> Pen {
    // SAFETY: the caller's; a live str.
    unsafe {
        pen.lift(buffer);
        F::Text::write_text(Bound::ref_from_ptr(py, &object).cast_unchecked(), buffer);
    }
    Pen::lower(buffer)
}
