//! `FileExtensionValidator`: a plain name of a file with a plain extension.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::{Imports, is_exact};

/// See the head of this file.
pub struct Extension {
    /// None allows everything.
    allowed: Option<Vec<String>>,
}

impl Check for Extension {
    /// `(allowed_extensions,)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (allowed,) = parameters.extract()?;
        Ok(Self { allowed })
    }

    fn check(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
        if !is_exact(value, &imports.field_file) {
            return Outcome::Fallback;
        }
        let name = value.getattr(intern!(value.py(), "name"));
        let extension = name.as_ref().ok().and_then(ascii).and_then(extension);
        let Some(extension) = extension else { return Outcome::Fallback };
        // Django compares in lower case.
        let is = |allowed: &String| allowed.as_bytes().eq_ignore_ascii_case(extension);
        Outcome::or_fallback(self.allowed.as_ref().is_none_or(|all| all.iter().any(is)))
    }
}

/// What `Path(name).suffix[1:]` is, for a last part like `photo.jpg`.
fn extension(name: &[u8]) -> Option<&[u8]> {
    let last = name.rsplit(|&c| c == b'/').next()?;
    let dot = last.iter().rposition(|&c| c == b'.')?;
    let (stem, extension) = (&last[..dot], &last[dot + 1..]);
    let plain = |text: &[u8]| !text.is_empty() && text.iter().all(|c| c.is_ascii_alphanumeric() || b"-_ ".contains(c));
    (plain(stem) && plain(extension)).then_some(extension)
}
