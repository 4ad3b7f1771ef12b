//! The native core of PyForge Web.
//!
//! | module | what it has |
//! |---|---|
//! | [`parser`] | request bodies: JSON text to Python values |
//! | [`json`] | JSON text in pure Rust: escapes, numbers, dates |
//! | [`kinds`] | how each kind of Python value becomes that text, one file each |
//! | [`serializer`] | the walk over any value, and over the rows of queries |
//! | [`rules`] | the tests of Django's validators, one file each |
//! | [`validator`] | a model's compiled fields: `clean_fields` in one native call |
//! | [`outcome`] | accepted, rejected or fallback: the possible results for a value |
//! | `attribute_watch`, `class_versions` | whether attributes and classes are still those that they were |
//! | `field_lists` | whether a list of output fields says what another one says |
//! | [`metering`] | what native calls cost |
//! | `open_containers` | the containers that a walk has open |
//! | `rest_framework` | rows and columns of Django REST framework |
//! | [`error`] | what can go wrong, and the Python exception for it |
//! | [`imports`] | the Python objects that Rust may name |
//! | [`ffi`] | all `unsafe` code: the output buffer, the text of a str, raw reads |
//! | `functions`, `dump_functions` | what Python calls |

mod attribute_watch;
mod class_versions;
mod dump_functions;
pub mod error;
pub mod ffi;
mod field_lists;
mod functions;
pub mod imports;
pub mod json;
pub mod kinds;
pub mod metering;
mod open_containers;
mod option_scopes;
pub mod outcome;
pub mod parser;
mod rest_framework;
pub mod rules;
pub mod serializer;
pub mod validator;

/// The extension module, for the fuzz targets of tests/fuzz too. `pyforge_web/_native.pyi` lists what is in it.
#[pyo3::pymodule(gil_used = true)]
pub mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::attribute_watch::AttributeWatch;
    #[pymodule_export]
    use super::class_versions::ClassVersions;
    #[pymodule_export]
    use super::dump_functions::{
        dumps, dumps_html, dumps_natively, dumps_response, dumps_within, set_native, watch_encoder,
    };
    #[pymodule_export]
    use super::field_lists::are_same_fields;
    #[pymodule_export]
    use super::functions::{columns_to_dict, dump_chunk, listen, read_body, serialize_rows, totals};
    #[pymodule_export]
    use super::metering::counters::Counters;
    #[pymodule_export]
    use super::metering::totals::CallTotals;
    #[pymodule_export]
    use super::option_scopes::count_option_scope;
    #[pymodule_export]
    use super::parser::BodyFallback;
    #[pymodule_export]
    use super::rest_framework::row_programs::RowProgram;
    #[pymodule_export]
    use super::rest_framework::row_texts::{RelatedTexts, RowTexts};
    #[pymodule_export]
    use super::rest_framework::text_columns::{columns_of, is_plain_json, text_column};
    #[pymodule_export]
    use super::serializer::{
        FileUrlText, LinkText, MadeValues, ModelInstances, NestedRows, QueryRows, RelatedRows, RowColumns, RowLayout,
        ValueLabels, ValueTuples,
    };
    #[pymodule_export]
    use super::validator::Validator;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::ffi::interpreters::refuse_other_interpreters(module.py())?;
        super::error::set_panic_hook();
        super::ffi::choose_once(module.py())?;
        super::dump_functions::install_raw_calls(module)?;
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        module.add("BUILD_PROFILE", if cfg!(debug_assertions) { "debug" } else { "release" })
    }
}
