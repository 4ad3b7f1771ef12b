//! The native core of PyForge Web.
//!
//! | module | what it has |
//! |---|---|
//! | [`body`] | request bodies: JSON text to Python values |
//! | [`json`] | JSON text in pure Rust: escapes, numbers, dates |
//! | [`kinds`] | how each kind of Python value becomes that text, one file each |
//! | [`serializer`] | the walk over any value |
//! | [`rules`] | the tests of Django's validators, one file each |
//! | [`validator`] | a model's fields, compiled: `clean_fields` in one crossing |
//! | `text_columns` | columns as texts, for Django REST framework |
//! | [`meter`] | what a call cost |
//! | [`counters`] | what the calls of a collector cost together |
//! | [`recording`] | which of them are alike, and what those cost |
//! | [`error`] | what can go wrong, and its way out to Python |
//! | [`imports`] | the Python objects that Rust may name |
//! | [`ffi`] | the only `unsafe`: the output buffer, the text of a str, raw reads |
//! | `functions` | what Python calls |

pub mod body;
pub mod counters;
pub mod error;
pub mod ffi;
mod functions;
pub mod imports;
pub mod json;
pub mod kinds;
pub mod meter;
pub mod recording;
pub mod rules;
pub mod serializer;
mod text_columns;
pub mod validator;

/// The extension module, also for the processes of tests/fuzz: the table of contents of `pyforge_web/_native.pyi`.
#[pyo3::pymodule(gil_used = true)]
pub mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::body::Stop;
    #[pymodule_export]
    use super::counters::Counters;
    #[pymodule_export]
    use super::functions::{dump_chunk, dumps, dumps_html, dumps_response, listen, read, totals};
    #[pymodule_export]
    use super::recording::Tally;
    #[pymodule_export]
    use super::serializer::{Children, Columns, Layout, Nested, Records, Rows, Tuples};
    #[pymodule_export]
    use super::text_columns::{columns_of, datetime_column, is_plain_json, text_column, time_column};
    #[pymodule_export]
    use super::validator::Validator;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        module.add("BUILD_PROFILE", if cfg!(debug_assertions) { "debug" } else { "release" })
    }
}
