//! Whether classes are still as they were: one comparison for each, however many attributes they have.

use std::ffi::c_uint;

use pyo3::prelude::*;
use pyo3::types::PyType;

/// Some classes, and the versions of them that were seen. A class gets another version with each attribute that is set
/// on it or on one of its bases. CPython keeps these versions for its own cache of attributes.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct ClassVersions {
    classes: Vec<(Py<PyType>, c_uint)>,
}

#[pymethods]
impl ClassVersions {
    /// Remembers the classes as they are now.
    #[new]
    fn new(classes: Vec<Bound<'_, PyType>>) -> PyResult<Self> {
        let mut versions = Vec::with_capacity(classes.len());
        for class in classes {
            // A class that was just changed has no version before the next attribute is looked up.
            class.getattr_opt("_pyforge_no_attribute")?;
            let version = version_of(&class);
            versions.push((class.unbind(), version));
        }
        Ok(Self { classes: versions })
    }

    /// Returns whether all classes are as they were. False also where CPython has given a class no version.
    fn are_unchanged(&self, py: Python<'_>) -> bool {
        self.classes.iter().all(|(class, version)| *version != 0 && version_of(class.bind(py)) == *version)
    }
}

/// The version of a class; 0 where it has none. No version is given to two states of a class.
fn version_of(class: &Bound<'_, PyType>) -> c_uint {
    // SAFETY: `as_type_ptr` gives a class that `class` keeps alive. The field has this place in all versions of CPython
    // that we support, as PyO3 declares it for each of them.
    unsafe { (*class.as_type_ptr()).tp_version_tag }
}
