//! The text of a str, written as a JSON string straight from CPython's own buffer (PEP 393).

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::types::string::PyStringData;

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::buffer::{BytesBuffer, copy, copy_ends};
use crate::json::escape;

/// Writes a str, a subclass's content included, as one JSON string: straight from CPython's own buffer (PEP 393), so
/// that the str does not get to keep a UTF-8 copy for the rest of its life, as `to_str()` would have it.
#[inline]
pub fn write_text<const ESCAPE: u8>(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
    let Some(ascii) = compact_ascii(text) else {
        return write_other_text::<ESCAPE>(text, out);
    };
    let len = ascii.len();
    if len <= 32 && len + 2 <= out.capacity - out.len {
        let end = out.end();
        // SAFETY: there is room for the text and its quotes; a str cannot overlap the buffer.
        unsafe {
            if copy_clean::<ESCAPE>(ascii, end.add(1)) {
                end.write(b'"');
                end.add(1 + len).write(b'"');
                out.len += len + 2;
                return;
            }
        }
    }
    write_more_ascii::<ESCAPE>(ascii, out);
}

#[inline(never)]
fn write_more_ascii<const ESCAPE: u8>(ascii: &[u8], out: &mut BytesBuffer) {
    #[cfg(target_arch = "x86_64")]
    if ascii.len() > 32 && avx2::is_there() {
        // SAFETY: this processor has what the function is compiled for.
        return unsafe { avx2::write_ascii::<ESCAPE>(ascii, out) };
    }
    write_units::<_, ESCAPE>(ascii, out);
}

#[inline(never)]
fn write_other_text<const ESCAPE: u8>(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
    // SAFETY: nothing below runs Python code or lets another thread in, so the str keeps its buffer.
    match unsafe { text.data() } {
        Ok(PyStringData::Ucs1(units)) => write_units::<_, ESCAPE>(units, out),
        Ok(PyStringData::Ucs2(units)) => write_units::<_, ESCAPE>(units, out),
        Ok(PyStringData::Ucs4(units)) => write_units::<_, ESCAPE>(units, out),
        Err(_) => out.fail(), // Python 3.11 alone: no memory for the buffer of a legacy str
    }
}

/// The content of a str that is ASCII and stored right behind its header, as in nearly all of them.
#[inline(always)]
pub(super) fn compact_ascii<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a [u8]> {
    let object = text.as_ptr();
    // SAFETY: it is a str; a compact ASCII one is complete, has `length` bytes behind its header, and keeps them.
    unsafe {
        let header = object.cast::<ffi::PyASCIIObject>();
        #[cfg(not(Py_3_14))]
        let is_plain = ffi::PyUnicode_IS_COMPACT_ASCII(object) != 0;
        // From 3.14 on PyO3 has no accessor. `state` begins with `interned` (16 bits in a free-threaded build, else 2),
        // then `kind` (3 bits), `compact` and `ascii`: `Include/cpython/unicodeobject.h`. `tests::the_flags_of_a_str`
        // compares them with `str.isascii()`.
        #[cfg(all(Py_3_14, not(Py_GIL_DISABLED)))]
        let is_plain = (*header).state & 0x60 == 0x60;
        #[cfg(all(Py_3_14, Py_GIL_DISABLED))]
        let is_plain = (*header).state & 0x1800 == 0x1800;
        if !is_plain {
            return None;
        }
        Some(std::slice::from_raw_parts(header.add(1).cast(), (*header).length as usize))
    }
}

/// Copies up to 32 bytes and tells whether all of them stand for themselves.
#[inline(always)]
pub(super) unsafe fn copy_clean<const ESCAPE: u8>(bytes: &[u8], to: *mut u8) -> bool {
    // SAFETY: as for `copy`.
    unsafe {
        match bytes.len() {
            16.. => {
                let (a, b) = copy_ends(bytes, to);
                are_clean::<ESCAPE>(a, b)
            }
            8.. => {
                let (a, b) = copy_ends::<u64>(bytes, to);
                let both = u128::from(a) | u128::from(b) << 64;
                are_clean::<ESCAPE>(both, both)
            }
            4.. => {
                let (a, b) = copy_ends::<u32>(bytes, to);
                let both = u128::from(a) | u128::from(b) << 32;
                are_clean::<ESCAPE>(both | both << 64, both | both << 64) // a zero byte would be dirty
            }
            _ => {
                copy(bytes, to);
                bytes.iter().all(|&byte| escape::is_clean::<ESCAPE>(byte))
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn are_clean<const ESCAPE: u8>(a: u128, b: u128) -> bool {
    use std::arch::x86_64::{_mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x};
    // SAFETY: SSE2 is part of x86-64.
    unsafe {
        let dirty = |block| avx2::dirty16::<ESCAPE>(_mm_set_epi64x((block >> 64) as i64, block as i64));
        _mm_movemask_epi8(_mm_or_si128(dirty(a), dirty(b))) == 0
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn are_clean<const ESCAPE: u8>(a: u128, b: u128) -> bool {
    escape::are_clean::<ESCAPE>(&a.to_ne_bytes()) & escape::are_clean::<ESCAPE>(&b.to_ne_bytes())
}

/// A code point as CPython stores it.
pub(super) trait Unit: Copy + From<u8> + Into<u32> {}
impl Unit for u8 {}
impl Unit for u16 {}
impl Unit for u32 {}

#[inline]
pub(super) fn write_units<U: Unit, const ESCAPE: u8>(units: &[U], out: &mut BytesBuffer) {
    #[cfg(target_arch = "x86_64")]
    if avx2::is_there() {
        // SAFETY: this processor has what the function is compiled for.
        return unsafe { avx2::write_units::<U, ESCAPE>(units, out, true) };
    }
    write_plainly::<U, ESCAPE>(units, out);
}

/// The plain loop, unless the processor turns out to have AVX2.
#[inline(never)]
fn write_plainly<U: Unit, const ESCAPE: u8>(units: &[U], out: &mut BytesBuffer) {
    #[cfg(target_arch = "x86_64")]
    if avx2::detect() {
        // SAFETY: it has.
        return unsafe { avx2::write_units::<U, ESCAPE>(units, out, true) };
    }
    escape::write_units::<U, ESCAPE>(out, units);
}
