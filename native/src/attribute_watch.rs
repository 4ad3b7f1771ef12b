//! Whether attributes of Python objects are still those that they were, all of them in one native call.
//!
//! What decides how a column is read (methods of fields and of Django's operations, converters, decoders) may be patched
//! while a process runs, so it is compared at each query: 14 columns have about 120 attributes.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType, PyWeakrefMethods, PyWeakrefReference};

use crate::ffi::class_version;

/// An object, and what its attributes were. It is not held: it may be a field of a model that is made at run time.
struct Watched {
    object: Py<PyWeakrefReference>,
    /// Only what stands in the object's own `__dict__` counts.
    own: bool,
    /// None for an attribute that was absent.
    attributes: Vec<(Py<PyString>, Option<Py<PyAny>>)>,
    /// Of a class, when its attributes were last compared: a class of this version has the same ones. Else 0.
    version: AtomicU32,
}

impl Watched {
    /// Whether the object is a class that nobody has changed since.
    fn is_same_class(&self, object: &Bound<'_, PyAny>) -> bool {
        let version = self.version.load(Ordering::Relaxed);
        version != 0 && version == version_of(object)
    }

    fn has_same_attributes(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        let own = if self.own { Some(own_attributes(object)?) } else { None };
        for (name, before) in &self.attributes {
            let now = find_attribute(object, name.bind(object.py()), own.as_ref())?;
            let same = match (&now, before) {
                (Some(now), Some(before)) => now.is(before),
                (None, None) => true,
                _ => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The version of a class; 0 of anything else.
fn version_of(object: &Bound<'_, PyAny>) -> u32 {
    object.cast::<PyType>().map_or(0, class_version)
}

/// Attributes of objects as they were when this was made.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct AttributeWatch {
    watched: Vec<Watched>,
}

#[pymethods]
impl AttributeWatch {
    /// `objects` are `(object, names, own)`: with `own` the names of its `__dict__`, else attributes as `getattr` finds them.
    #[new]
    fn new(objects: Vec<(Bound<'_, PyAny>, Vec<Bound<'_, PyString>>, bool)>) -> PyResult<Self> {
        let watched = objects.into_iter().map(|(object, names, own)| {
            let found = if own { Some(own_attributes(&object)?) } else { None };
            let attributes = names.into_iter().map(|name| {
                let value = find_attribute(&object, &name, found.as_ref())?;
                Ok((name.unbind(), value.map(Bound::unbind)))
            });
            let attributes = attributes.collect::<PyResult<_>>()?;
            let version = AtomicU32::new(if own { 0 } else { version_of(&object) });
            Ok(Watched { object: PyWeakrefReference::new(&object)?.unbind(), own, attributes, version })
        });
        Ok(Self { watched: watched.collect::<PyResult<_>>()? })
    }

    /// A method of a class, as it was found, holds the class: the collector has to see that.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for watched in &self.watched {
            visit.call(&watched.object)?;
            for (_, value) in &watched.attributes {
                visit.call(value)?;
            }
        }
        Ok(())
    }

    /// Returns whether all attributes are the same objects as before; false also where an object is gone.
    pub fn holds(&self, py: Python<'_>) -> PyResult<bool> {
        for watched in &self.watched {
            let Some(object) = watched.object.bind(py).upgrade() else { return Ok(false) };
            if watched.is_same_class(&object) {
                continue;
            }
            if !watched.has_same_attributes(&object)? {
                return Ok(false);
            }
            if !watched.own {
                watched.version.store(version_of(&object), Ordering::Relaxed);
            }
        }
        Ok(true)
    }
}

/// The `__dict__` of an object: looked for once for all names.
fn own_attributes<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    object.getattr(pyo3::intern!(object.py(), "__dict__"))
}

fn find_attribute<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    own: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(attributes) = own else { return object.getattr_opt(name) };
    match attributes.cast_exact::<PyDict>() {
        Ok(attributes) => attributes.get_item(name),
        // A class has a proxy of its dict.
        Err(_) => Ok(attributes.get_item(name).ok()),
    }
}
