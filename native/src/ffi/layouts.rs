//! What CPython's public API reads by a call, read from the objects themselves: ints of one digit and the entries of dicts.
//!
//! The layouts are those of CPython 3.11 to 3.15 with a GIL (`Include/cpython/longintrepr.h`, `dictobject.h` and
//! `Include/internal/pycore_dict.h`). At import each is compared once with the public API; where they differ, and in
//! builds that have other layouts, the public API is asked.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt};

/// Whether ints and dicts have the layouts below.
static INTS: AtomicBool = AtomicBool::new(false);
static DICTS: AtomicBool = AtomicBool::new(false);

/// Compares the layouts with the public API, at import; whether all are as expected.
pub(super) fn choose_layouts(py: Python<'_>) -> PyResult<bool> {
    if cfg!(Py_GIL_DISABLED) {
        return Ok(false);
    }
    let (ints, dicts) = (ints_agree(py)?, dicts_agree(py)?);
    INTS.store(ints, Relaxed);
    DICTS.store(dicts, Relaxed);
    Ok(ints && dicts)
}

/// An int as CPython keeps it.
#[repr(C)]
struct IntObject {
    head: ffi::PyObject,
    size: isize, // the number of digits and the sign; from 3.12 on the tag
    digit: u32,
}

/// The value of an int of at most one digit, 30 bits; None for a longer one.
///
/// `known` leaves out the question whether the layout is as expected.
///
/// # Safety
/// `object` is a live int; the layouts are as expected where they are `known`.
#[inline(always)]
pub(super) unsafe fn compact_int(object: *mut ffi::PyObject, known: bool) -> Option<i64> {
    if !known && !INTS.load(Relaxed) {
        return None;
    }
    // SAFETY: the caller's.
    unsafe { read_compact_int(object) }
}

/// As `compact_int`, whether the layout is known to be right or not.
#[inline(always)]
unsafe fn read_compact_int(object: *mut ffi::PyObject) -> Option<i64> {
    // SAFETY: a live int: its first digit is there also when it is zero.
    let (size, digit) = unsafe {
        let int = object.cast::<IntObject>();
        ((*int).size, i64::from((*int).digit))
    };
    #[cfg(not(Py_3_12))]
    return if (-1..=1).contains(&size) { Some(size as i64 * digit) } else { None };
    // Two bits of sign (0, 1, 2 for positive, zero, negative), one that the small ints of 3.14 have, then the number of digits.
    #[cfg(Py_3_12)]
    return if (size as usize) < 2 << 3 { Some((1 - (size as i64 & 3)) * digit) } else { None };
}

/// The value of an int of up to 64 bits; None for a longer one.
///
/// # Safety
/// `object` is a live int.
#[inline(never)]
pub(super) unsafe fn long_int(object: *mut ffi::PyObject) -> Option<i64> {
    let mut overflow = 0;
    // SAFETY: a live int; no Python code runs for one, and overflow is told through the flag.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &mut overflow) };
    (overflow == 0).then_some(value)
}

fn ints_agree(py: Python<'_>) -> PyResult<bool> {
    let digit = 1_i64 << 30;
    let mut agree = true;
    for value in [0, 1, 255, 256, 257, 65_535, digit / 2, digit - 1, digit, digit + 1, 1 << 60, (1 << 60) + 5, i64::MAX]
    {
        for value in [value, -value] {
            let int: Bound<'_, PyInt> = value.into_pyobject(py)?;
            // SAFETY: a live int.
            let read = unsafe { read_compact_int(int.as_ptr()) };
            agree &= read == (value.abs() < digit).then_some(value);
        }
    }
    Ok(agree)
}

/// A dict as CPython keeps it.
#[repr(C)]
struct DictObject {
    head: ffi::PyObject,
    used: isize,
    version: u64,
    keys: *const DictKeys,
    values: *const std::ffi::c_void, // of a split dict, an instance's `__dict__`; else null
}

/// Its table: the indices, then the entries.
#[repr(C)]
struct DictKeys {
    references: isize,
    log2_size: u8,
    log2_index_bytes: u8,
    kind: u8, // 1: all keys are exact str, and an entry has no hash
    version: u32,
    usable: isize,
    count: isize,
    indices: [u8; 0],
}

/// The entries of a dict whose keys are all text, as they lie in memory; without any for other dicts.
///
/// They are right until Python code runs, which may change the dict.
#[derive(Clone, Copy)]
pub(super) struct TextEntries {
    entries: *const [*mut ffi::PyObject; 2],
    count: isize,
}

impl TextEntries {
    /// The entries of a dict as it is now.
    ///
    /// # Safety
    /// `dict` is a live dict; the layouts are as expected where they are `known`.
    #[inline(always)]
    pub unsafe fn of(dict: *mut ffi::PyObject, known: bool) -> Self {
        if !known && !DICTS.load(Relaxed) {
            return Self { entries: std::ptr::null(), count: 0 };
        }
        // SAFETY: the caller's.
        unsafe { Self::read(dict) }
    }

    #[inline(always)]
    unsafe fn read(dict: *mut ffi::PyObject) -> Self {
        // SAFETY: a live dict. Where it is not split and has text keys alone, pairs lie behind the indices.
        unsafe {
            let dict = dict.cast::<DictObject>();
            let keys = (*dict).keys;
            if !(*dict).values.is_null() || (*keys).kind != 1 {
                return Self { entries: std::ptr::null(), count: 0 };
            }
            let indices = (&raw const (*keys).indices).cast::<u8>();
            Self { entries: indices.add(1 << (*keys).log2_index_bytes).cast(), count: (*keys).count }
        }
    }

    /// The next entry, key and value, by pointers borrowed from the dict.
    ///
    /// # Safety
    /// `dict` is a live dict, and no Python code has run since these are its entries.
    #[inline(always)]
    pub unsafe fn next(
        self,
        dict: *mut ffi::PyObject,
        position: &mut ffi::Py_ssize_t,
    ) -> Option<[*mut ffi::PyObject; 2]> {
        if self.entries.is_null() {
            // SAFETY: the caller's.
            return unsafe { next_entry(dict, position) };
        }
        while *position < self.count {
            // SAFETY: inside the bounds.
            let entry = unsafe { *self.entries.offset(*position) };
            *position += 1;
            if !entry[1].is_null() {
                return Some(entry); // no hole of a key that was taken out
            }
        }
        None
    }
}

/// The next entry of any dict, by the public API. Two copies, or the position's address would be known outside.
#[inline(always)]
unsafe fn next_entry(dict: *mut ffi::PyObject, position: &mut ffi::Py_ssize_t) -> Option<[*mut ffi::PyObject; 2]> {
    let (mut here, mut key, mut value) = (*position, std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: a live dict. PyDict_Next checks the position against the table as it is now.
    let exists = unsafe { ffi::PyDict_Next(dict, &mut here, &mut key, &mut value) } != 0;
    *position = here;
    exists.then_some([key, value])
}

/// `len(dict)`
///
/// # Safety
/// `dict` is a live dict.
#[inline(always)]
pub(super) unsafe fn dict_size(dict: *mut ffi::PyObject) -> usize {
    // SAFETY: the caller's.
    unsafe {
        if DICTS.load(Relaxed) { (*dict.cast::<DictObject>()).used as usize } else { ffi::PyDict_Size(dict) as usize }
    }
}

fn dicts_agree(py: Python<'_>) -> PyResult<bool> {
    let code =
        c"[{}, {'a': 1}, {str(n): n for n in range(300)}, {1: 2, 'b': 3}, {n: n for n in range(100_000, 100_009)},
        (lambda holes: [holes.pop(str(n)) for n in range(0, 40, 3)] and holes)({str(n): [n] for n in range(40)}),
        type('Split', (), {'__init__': lambda self: self.__dict__.update(a=1, b=2)})().__dict__]";
    let dicts: Vec<Bound<'_, PyDict>> = py.eval(code, None, None)?.extract()?;
    Ok(dicts.iter().all(dict_agrees))
}

/// Whether a dict reads alike both ways.
fn dict_agrees(dict: &Bound<'_, PyDict>) -> bool {
    let (mut ours, mut theirs) = (0, 0);
    // SAFETY: a live dict that nothing changes here. The layouts of the versions that are built for are known: what is
    // compared is whether this CPython is one of them.
    unsafe {
        if (*dict.as_ptr().cast::<DictObject>()).used as usize != dict.len() {
            return false;
        }
        let entries = TextEntries::read(dict.as_ptr());
        loop {
            let entry = next_entry(dict.as_ptr(), &mut theirs);
            if entries.next(dict.as_ptr(), &mut ours) != entry {
                return false;
            }
            if entry.is_none() {
                return true;
            }
        }
    }
}
