//! Whether classes are still as they were: one comparison for each, however many attributes they have.

use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::ffi::class_version;

/// Some classes, and the versions of them that were seen.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct ClassVersions {
    classes: Vec<(Py<PyType>, u32)>,
}

#[pymethods]
impl ClassVersions {
    /// Remembers the classes as they are now.
    #[new]
    fn new(classes: Vec<Bound<'_, PyType>>) -> PyResult<Self> {
        let mut versions = Vec::with_capacity(classes.len());
        for class in classes {
            let version = Self::version_of(&class)?;
            versions.push((class.unbind(), version));
        }
        Ok(Self { classes: versions })
    }

    /// Returns the version of a class as it is now; 0 where CPython gives it none.
    #[staticmethod]
    fn version_of(class: &Bound<'_, PyType>) -> PyResult<u32> {
        // A class that was just changed has no version before the next attribute is looked up.
        class.getattr_opt("_pyforge_no_attribute")?;
        Ok(class_version(class))
    }

    /// Returns whether all classes are as they were. False also where CPython has given a class no version.
    fn are_unchanged(&self, py: Python<'_>) -> bool {
        self.classes.iter().all(|(class, version)| *version != 0 && class_version(class.bind(py)) == *version)
    }
}
