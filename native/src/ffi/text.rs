//! The text of a str, written as a JSON string straight from CPython's own buffer (PEP 393).

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::string::PyStringData;
use pyo3::types::{PyBytes, PyString};

use super::buffer::{BytesBuffer, new_bytes};
#[cfg(target_arch = "x86_64")]
use super::kernels::avx2;
use super::kernels::{self, CodeUnit, TextKernel};
use crate::json::escape;

/// The kernel of every processor of this architecture.
#[cfg(target_arch = "x86_64")]
pub(super) type BaselineKernel = kernels::sse2::Sse2Block;
#[cfg(target_arch = "aarch64")]
pub(super) type BaselineKernel = kernels::neon::NeonBlock;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) type BaselineKernel = kernels::swar::SwarBlock;

/// The longest text that `TextKernel::copy_short` takes.
pub(super) const SHORT_TEXT: usize = 32;

/// How the text of a form is escaped; see `json::escape`.
pub trait TextEscape {
    /// `TextKernel::copy_short` of the content of a str.
    ///
    /// # Safety
    /// As there: the processor has the kernel's instructions, and 34 bytes are writable.
    unsafe fn copy_short<K: TextKernel>(ascii: &[u8], to: *mut u8) -> bool;
    /// Writes a longer text with quotes: the end, null where not all of it stands for itself.
    ///
    /// # Safety
    /// The processor has the kernel's instructions. `len + 2` bytes are writable, and the slack behind them.
    unsafe fn copy_long<K: TextKernel>(ascii: &[u8], to: *mut u8) -> *mut u8;
    /// The whole document of a str that is long clean ASCII: one copy into the object that is returned. None for others.
    fn write_document<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>>;
    /// Writes a str, a subclass's content included, as one JSON string: straight from CPython's own buffer (PEP 393), so
    /// that the str does not get to keep a UTF-8 copy for the rest of its life, as `to_str()` would have it.
    fn write_text(text: &Bound<'_, PyString>, out: &mut BytesBuffer);
}

macro_rules! escapes {
    ($($(#[$doc:meta])* $name:ident = $escape:ident),* $(,)?) => { $(
        $(#[$doc])*
        pub struct $name;

        impl TextEscape for $name {
            #[inline(always)]
            unsafe fn copy_short<K: TextKernel>(ascii: &[u8], to: *mut u8) -> bool {
                // SAFETY: the caller's. A str has its header before its text.
                unsafe { K::copy_short::<{ escape::$escape }>(ascii.as_ptr(), ascii.len(), to) }
            }

            #[inline(always)]
            unsafe fn copy_long<K: TextKernel>(ascii: &[u8], to: *mut u8) -> *mut u8 {
                // SAFETY: the caller's.
                unsafe { copy_long::<K, { escape::$escape }>(ascii, to) }
            }

            #[inline(always)]
            fn write_document<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
                match value.cast_exact::<PyString>().ok().and_then(compact_ascii) {
                    Some(ascii) if ascii.len() > SHORT_TEXT => write_document::<{ escape::$escape }>(value.py(), ascii),
                    _ => Ok(None),
                }
            }

            #[inline(always)]
            fn write_text(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
                write_text::<{ escape::$escape }>(text, out);
            }
        }
    )* };
}

escapes! {
    /// Raw UTF-8; only what JSON requires is escaped.
    Utf8Text = UTF8,
    /// ASCII alone.
    AsciiText = ASCII,
    /// ASCII without what HTML knows.
    HtmlText = HTML,
}

/// Asks the processor once, at import, which kernel its texts are written with.
pub(super) fn choose_kernel() {
    #[cfg(target_arch = "x86_64")]
    avx2::choose();
}

#[inline(always)]
unsafe fn copy_long<K: TextKernel, const ESCAPE: u8>(ascii: &[u8], to: *mut u8) -> *mut u8 {
    // SAFETY: the caller's; the kernel of AVX2 alone reads what stands before a text.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if K::READS_HEADER {
            return avx2::copy_long::<ESCAPE>(ascii.as_ptr(), ascii.len(), to);
        }
        if K::copy_clean::<ESCAPE>(ascii, to.add(1)) < ascii.len() {
            return std::ptr::null_mut();
        }
        to.write(b'"');
        to.add(1 + ascii.len()).write(b'"');
        to.add(2 + ascii.len())
    }
}

/// See `TextEscape::write_document`.
#[inline(never)]
fn write_document<'py, const ESCAPE: u8>(py: Python<'py>, ascii: &[u8]) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let document = new_bytes(py, std::ptr::null(), ascii.len() + 2)?;
    let to = document.as_bytes().as_ptr().cast_mut();
    // SAFETY: the object has room for the text and its quotes, and nobody else has seen it. This processor has AVX2, or
    // the kernel is one that all of its architecture have.
    let end = unsafe {
        #[cfg(target_arch = "x86_64")]
        if avx2::is_chosen() {
            avx2::copy_long::<ESCAPE>(ascii.as_ptr(), ascii.len(), to)
        } else {
            copy_long::<BaselineKernel, ESCAPE>(ascii, to)
        }
        #[cfg(not(target_arch = "x86_64"))]
        copy_long::<BaselineKernel, ESCAPE>(ascii, to)
    };
    Ok((!end.is_null()).then_some(document))
}

/// See `TextEscape::write_text`.
#[inline]
pub fn write_text<const ESCAPE: u8>(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
    let Some(ascii) = compact_ascii(text) else {
        return write_other_text::<ESCAPE>(text, out);
    };
    let len = ascii.len();
    if len <= SHORT_TEXT && len + 2 <= out.capacity - out.len {
        let end = out.end();
        // SAFETY: there is room for the text and its quotes; a str cannot overlap the buffer; SSE2 and NEON are part of
        // their architectures.
        unsafe {
            if BaselineKernel::copy_short::<ESCAPE>(ascii.as_ptr(), len, end.add(1)) {
                end.write(b'"');
                end.add(1 + len).write(b'"');
                out.len += len + 2;
                return;
            }
        }
    }
    write_long_ascii::<ESCAPE>(ascii, out);
}

/// Writes ASCII that is long or not clean: one look is enough where all of it is clean and there is room.
#[inline(never)]
fn write_long_ascii<const ESCAPE: u8>(ascii: &[u8], out: &mut BytesBuffer) {
    #[cfg(target_arch = "x86_64")]
    if avx2::is_chosen() && ascii.len() > SHORT_TEXT && ascii.len() + 2 <= out.capacity - out.len {
        let start = out.end();
        // SAFETY: this processor has AVX2; there is room.
        let end = unsafe { avx2::copy_long::<ESCAPE>(ascii.as_ptr(), ascii.len(), start) };
        if !end.is_null() {
            out.len += ascii.len() + 2;
            return;
        }
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
    // SAFETY: it is a str, and lives as long as the reference.
    unsafe { compact_ascii_of(text.as_ptr()) }
}

/// As `compact_ascii`, of a pointer.
///
/// # Safety
/// `object` is a str that lives as long as `'a`.
#[inline(always)]
pub(super) unsafe fn compact_ascii_of<'a>(object: *mut ffi::PyObject) -> Option<&'a [u8]> {
    // SAFETY: it is a str; a compact ASCII one is complete, has `length` bytes behind its header, and keeps them.
    unsafe {
        let header = object.cast::<ffi::PyASCIIObject>();
        #[cfg(not(Py_3_14))]
        let is_plain = ffi::PyUnicode_IS_COMPACT_ASCII(object) != 0;
        // From 3.14 on PyO3 has no accessor. `state` begins with `interned` (16 bits in a free-threaded build, else 2),
        // then `kind` (3 bits), `compact` and `ascii`: `Include/cpython/unicodeobject.h`. `ffi::tests`
        // compare them with `str.isascii()`.
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

/// Writes text of any width with the kernel of this process.
#[inline]
pub(super) fn write_units<U: CodeUnit, const ESCAPE: u8>(units: &[U], out: &mut BytesBuffer) {
    #[cfg(target_arch = "x86_64")]
    if avx2::is_chosen() {
        // SAFETY: this processor has what the function is compiled for.
        return unsafe { avx2::write_units::<U, ESCAPE>(units, out) };
    }
    write_units_plainly::<U, ESCAPE>(units, out);
}

#[inline(never)]
fn write_units_plainly<U: CodeUnit, const ESCAPE: u8>(units: &[U], out: &mut BytesBuffer) {
    // SAFETY: every processor of this architecture has the kernel's instructions.
    unsafe { kernels::write_units::<BaselineKernel, U, ESCAPE>(units, out, true) }
}
