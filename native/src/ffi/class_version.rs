//! The version of a class, which CPython keeps for its own cache of attributes.

use pyo3::prelude::*;
use pyo3::types::PyType;

/// Returns the version of a class; 0 where it has none. Two states of a class never have the same version: it gets another
/// one with each attribute that is set on it or on one of its bases, when an attribute is looked up the next time.
pub fn class_version(class: &Bound<'_, PyType>) -> u32 {
    // SAFETY: `as_type_ptr` gives a class that `class` keeps alive, and PyO3 declares the place of the field for each
    // version of CPython. It is only read.
    unsafe { (*class.as_type_ptr()).tp_version_tag }
}
