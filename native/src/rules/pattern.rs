//! `RegexValidator`: the search of the compiled pattern itself, of which three quarters of the way lead through Django's
//! lazy object. Python's own engine: another one differs in `$`, `\w` and the case of a few letters.

use std::sync::OnceLock;

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::{Check, Outcome};
use crate::imports::{Imports, is_exact};

/// See the head of this file.
pub struct Pattern {
    /// Django's lazy object, compiled at the first search.
    regex: Py<PyAny>,
    /// `re.Pattern.search`, None if the regex is something else.
    search: OnceLock<Option<Py<PyAny>>>,
    inverse: bool,
}

impl Check for Pattern {
    /// `(regex, inverse_match)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (regex, inverse) = parameters.extract()?;
        Ok(Self { regex, search: OnceLock::new(), inverse })
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
        let py = value.py();
        if !value.is_exact_instance_of::<PyString>() {
            return Outcome::Fallback;
        }
        // Not `get_or_init`: it would wait for another thread that waits for the GIL.
        let search = match self.search.get() {
            Some(search) => search,
            None => {
                let _ = self.search.set(self.find_search(py, imports));
                return self.check(value, imports);
            }
        };
        let Some(search) = search else { return Outcome::Fallback };
        match search.bind(py).call1((value,)) {
            Ok(found) => Outcome::or_fallback(found.is_none() == self.inverse),
            Err(_) => Outcome::Fallback,
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.regex)?;
        match self.search.get() {
            Some(Some(search)) => visit.call(search),
            _ => Ok(()),
        }
    }
}

impl Pattern {
    fn find_search(&self, py: Python<'_>, imports: &Imports) -> Option<Py<PyAny>> {
        let search = self.regex.bind(py).getattr(intern!(py, "search")).ok()?;
        let owner = search.getattr(intern!(py, "__self__")).ok()?;
        is_exact(&owner, &imports.pattern).then(|| search.unbind())
    }
}
