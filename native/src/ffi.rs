//! The only `unsafe`, with `ffi/avx2.rs` and `ffi/frames.rs`: the output buffer, the text of a str, and raw reads of Python's objects.
#![allow(unsafe_code)]
#![allow(unused_unsafe)] // calling a vector instruction is unsafe before Rust 1.87 only

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::string::PyStringData;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};

use crate::json::escape;
use crate::json::writer::Out;

#[cfg(target_arch = "x86_64")]
mod avx2;
pub mod frames;
#[cfg(test)]
mod tests;

// ---- The output buffer ----------------------------------------------------------------------------------------------

/// A result up to this size is built on the stack and costs one exact allocation.
const INLINE: usize = 1024;
/// Writable bytes beyond the capacity, so that the loops below may store whole vectors: one block of 16 code points
/// takes at most 16 x 12 bytes, and its last store reaches 16 further.
const SLACK: usize = 256;

/// A `bytes` object under construction. When memory runs out it forgets its content, takes no more, and says so at the
/// end: no writer has to ask.
pub struct BytesBuffer {
    object: Option<Py<PyBytes>>, // None while the content is inline; its length is capacity + SLACK
    len: usize,
    capacity: usize,
    failed: bool,
    inline: [MaybeUninit<u8>; INLINE + SLACK],
}

unsafe extern "C" {
    // pyo3-ffi keeps it to itself. It moves the object (realloc: large blocks by remapping, without a copy).
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> c_int;
}

impl BytesBuffer {
    /// An empty buffer.
    #[inline(always)] // or its 1.3 KB are moved
    pub fn new() -> Self {
        Self { object: None, len: 0, capacity: INLINE, failed: false, inline: [MaybeUninit::uninit(); INLINE + SLACK] }
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
    fn grow(&mut self, additional: usize) -> bool {
        // By four while it is small: each step copies what is there, and a list of texts of 200 bytes feels it.
        let factor = if self.capacity < 1 << 20 { 4 } else { 2 };
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
                // SAFETY: `len` bytes are written inline, and the new object is larger than the inline array.
                unsafe { ptr::copy_nonoverlapping(self.inline.as_ptr().cast(), content(&object), self.len) };
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
    fn fail(&mut self) {
        *self = Self { capacity: 0, failed: true, ..Self::new() };
    }

    /// The place of the next byte. Writable from here on: `capacity - len + SLACK` bytes.
    #[inline(always)]
    fn end(&mut self) -> *mut u8 {
        let start = match &self.object {
            None => self.inline.as_mut_ptr().cast(),
            Some(object) => content(object),
        };
        // SAFETY: len <= capacity, which is less than the size of either.
        unsafe { start.add(self.len) }
    }

    /// The place of the next byte, and the end of the capacity.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn spare(&mut self) -> (*mut u8, *mut u8) {
        let end = self.end();
        // SAFETY: len <= capacity.
        (end, unsafe { end.add(self.capacity - self.len) })
    }

    /// Takes what was written from `end()` up to there.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn set_end(&mut self, end: *mut u8) {
        // SAFETY: the caller wrote on from `end()`, so `end` lies in the same allocation.
        self.len += unsafe { end.offset_from(self.end()) } as usize;
        debug_assert!(self.len <= self.capacity + SLACK);
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
fn new_bytes(py: Python<'_>, from: *const u8, len: usize) -> PyResult<Bound<'_, PyBytes>> {
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
unsafe fn copy(bytes: &[u8], to: *mut u8) {
    // SAFETY: the caller has room for all of them; `copy_ends` gets as many as it needs.
    unsafe {
        match bytes.len() {
            0 => {}
            1 => *to = bytes[0],
            2..4 => _ = copy_ends::<u16>(bytes, to),
            4..8 => _ = copy_ends::<u32>(bytes, to),
            8..16 => _ = copy_ends::<u64>(bytes, to),
            16..=32 => _ = copy_ends::<u128>(bytes, to),
            _ => ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()),
        }
    }
}

/// Copies the first and the last bytes, as many each as an `Int` has, and gives them. They may overlap.
#[inline(always)]
unsafe fn copy_ends<Int: Copy>(bytes: &[u8], to: *mut u8) -> (Int, Int) {
    debug_assert!(bytes.len() >= size_of::<Int>());
    let last = bytes.len() - size_of::<Int>();
    // SAFETY: the caller has at least so many bytes, and room for all of them.
    unsafe {
        let (first_int, last_int) = (bytes.as_ptr().cast::<Int>(), bytes.as_ptr().add(last).cast::<Int>());
        let ends = (first_int.read_unaligned(), last_int.read_unaligned());
        to.cast::<Int>().write_unaligned(ends.0);
        to.add(last).cast::<Int>().write_unaligned(ends.1);
        ends
    }
}

// ---- The text of a str ----------------------------------------------------------------------------------------------

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

/// The content of a str that is ASCII and lies right behind its header, as that of nearly all does.
#[inline(always)]
fn compact_ascii<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a [u8]> {
    let object = text.as_ptr();
    // SAFETY: it is a str; a compact ASCII one is complete, has `length` bytes behind its header, and keeps them.
    unsafe {
        if ffi::PyUnicode_IS_COMPACT_ASCII(object) == 0 {
            return None;
        }
        let header = object.cast::<ffi::PyASCIIObject>();
        Some(std::slice::from_raw_parts(header.add(1).cast(), (*header).length as usize))
    }
}

/// Copies up to 32 bytes and tells whether all of them stand for themselves.
#[inline(always)]
unsafe fn copy_clean<const ESCAPE: u8>(bytes: &[u8], to: *mut u8) -> bool {
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
trait Unit: Copy + From<u8> + Into<u32> {}
impl Unit for u8 {}
impl Unit for u16 {}
impl Unit for u32 {}

#[inline]
fn write_units<U: Unit, const ESCAPE: u8>(units: &[U], out: &mut BytesBuffer) {
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

// ---- Raw reads ------------------------------------------------------------------------------------------------------

/// The item of a list, None when the list has become shorter.
#[inline]
pub fn list_item<'py>(list: &Bound<'py, PyList>, index: usize) -> Option<Bound<'py, PyAny>> {
    if index >= list.len() {
        return None;
    }
    // SAFETY: inside the bounds, read just now. An item may be null while C code still fills the list.
    unsafe { Bound::from_borrowed_ptr_or_opt(list.py(), ffi::PyList_GET_ITEM(list.as_ptr(), index as ffi::Py_ssize_t)) }
}

/// The item of a tuple, None beyond its end.
#[inline]
pub fn tuple_item<'py>(tuple: &Bound<'py, PyTuple>, index: usize) -> Option<Bound<'py, PyAny>> {
    if index >= tuple.len() {
        return None;
    }
    // SAFETY: as for a list.
    unsafe {
        Bound::from_borrowed_ptr_or_opt(tuple.py(), ffi::PyTuple_GET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t))
    }
}

/// A walk over a dict that notices when the dict changes below it.
pub struct DictCursor {
    position: ffi::Py_ssize_t,
    size: usize,
    given: usize,
}

impl DictCursor {
    /// A walk from the first entry on.
    #[inline]
    pub fn new(dict: &Bound<'_, PyDict>) -> Self {
        Self { position: 0, size: dict.len(), given: 0 }
    }

    /// How many entries were given.
    pub fn given(&self) -> usize {
        self.given
    }

    /// The next entry, None at the end; `Err` when the dict has another size than at the start, or gave more entries.
    #[inline]
    #[allow(clippy::type_complexity, clippy::result_unit_err)]
    pub fn next<'py>(
        &mut self,
        dict: &Bound<'py, PyDict>,
    ) -> Result<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>, ()> {
        if dict.len() != self.size {
            return Err(());
        }
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: `dict` is a live dict and the GIL is held. PyDict_Next checks `position` against the table as it is now,
        // so a dict that was rebuilt in between gives other entries or an early end, never freed memory.
        if unsafe { ffi::PyDict_Next(dict.as_ptr(), &mut self.position, &mut key, &mut value) } == 0 {
            return Ok(None);
        }
        if self.given == self.size {
            return Err(()); // keys were taken out and put in: without this a callback could feed the walk for ever
        }
        self.given += 1;
        // SAFETY: both are borrowed from the dict, which no code has changed since; strong references are taken here.
        unsafe { Ok(Some((Bound::from_borrowed_ptr(dict.py(), key), Bound::from_borrowed_ptr(dict.py(), value)))) }
    }
}

/// A place in a dict where a key is expected to stand: found again without a hash lookup, which costs 15 ns.
#[derive(Clone, Copy, Default)]
pub struct DictPosition(ffi::Py_ssize_t);

impl DictPosition {
    /// Where a key stands now.
    pub fn of(dict: &Bound<'_, PyDict>, key: &Bound<'_, PyString>) -> Option<Self> {
        let mut position = Self::default();
        loop {
            let here = position;
            let (found, _) = position.step(dict)?;
            if found == key.as_ptr() {
                return Some(here);
            }
        }
    }

    /// Whether this very key stands here with this very value.
    #[inline]
    pub fn holds<T, U>(mut self, dict: &Bound<'_, PyDict>, key: &Bound<'_, T>, value: &Py<U>) -> bool {
        self.step(dict) == Some((key.as_ptr(), value.as_ptr()))
    }

    /// The value of a key that stands here or two places further; the position moves behind it. None leaves it.
    #[inline]
    pub fn take<'py>(&mut self, dict: &Bound<'py, PyDict>, key: &Py<PyString>) -> Option<Bound<'py, PyAny>> {
        let mut position = *self;
        for _ in 0..3 {
            let (found, value) = position.step(dict)?;
            if found == key.as_ptr() {
                *self = position;
                // SAFETY: borrowed from the dict, which no code has changed since; a strong reference is taken here.
                return Some(unsafe { Bound::from_borrowed_ptr(dict.py(), value) });
            }
        }
        None
    }

    /// The entry that stands here, by pointers borrowed from the dict.
    #[inline]
    fn step(&mut self, dict: &Bound<'_, PyDict>) -> Option<(*mut ffi::PyObject, *mut ffi::PyObject)> {
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live dict, the GIL is held. PyDict_Next checks the position against the table as it is now.
        let found = unsafe { ffi::PyDict_Next(dict.as_ptr(), &mut self.0, &mut key, &mut value) };
        (found != 0).then_some((key, value))
    }
}

/// The number of code points of an exact str.
#[inline]
pub fn text_length(value: &Bound<'_, PyAny>) -> Option<usize> {
    let text = value.cast_exact::<PyString>().ok()?;
    // SAFETY: it is a str; its length stands in its header.
    Some(unsafe { ffi::PyUnicode_GET_LENGTH(text.as_ptr()) } as usize)
}

/// The characters of an exact str that is ASCII; they are the str's own.
#[inline]
pub fn ascii<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    compact_ascii(value.cast_exact().ok()?)
}

/// The value of an int or a subclass, None beyond 64 bit (or for anything that is no int).
#[inline]
pub fn int_value(value: &Bound<'_, PyAny>) -> Option<i64> {
    if !value.is_instance_of::<PyInt>() {
        return None;
    }
    let mut overflow = 0;
    // SAFETY: a live int; no Python code runs for one, and overflow is told through the flag.
    let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &mut overflow) };
    (overflow == 0).then_some(number)
}

/// The value of a `contextvars.ContextVar` in the current context, None when it has none.
pub fn context_value<'py>(var: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // SAFETY: any object may be asked for its type.
    if unsafe { ffi::PyContextVar_CheckExact(var.as_ptr()) } == 0 {
        return Err(PyTypeError::new_err("a contextvars.ContextVar is needed"));
    }
    let mut value = ptr::null_mut();
    // SAFETY: it is a ContextVar; `value` becomes a reference of ours, or null when there is none.
    unsafe {
        if ffi::PyContextVar_Get(var.as_ptr(), ptr::null_mut(), &mut value) < 0 {
            return Err(PyErr::fetch(var.py()));
        }
        Ok(Bound::from_owned_ptr_or_opt(var.py(), value))
    }
}
