//! IP addresses: text in every database and on every instance; validation is another matter.

use pyo3::prelude::*;

use super::text::Text;
use super::{Form, JsonKind, Outcome, Sink};
use crate::imports::Imports;

/// See the head of this file.
pub struct Ip;

impl JsonKind for Ip {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        Text::write(value, imports, sink)
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        Text::admits(value, imports)
    }
}
