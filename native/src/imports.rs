//! The Python objects that Rust may name, imported once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

macro_rules! imports {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $module:literal . $name:literal),* $(,)?) => {
        /// The table, filled at the first call.
        pub struct Imports { $($(#[$doc])* pub $field: Py<$type>,)* }

        impl Imports {
            fn load(py: Python<'_>) -> PyResult<Self> {
                Ok(Self { $($field: py.import($module)?.getattr($name)?.cast_into::<$type>()?.unbind(),)* })
            }
        }
    };
}

imports! {
    /// `datetime.datetime`
    datetime: PyType = "datetime"."datetime",
    /// `datetime.date`
    date: PyType = "datetime"."date",
    /// `datetime.time`
    time: PyType = "datetime"."time",
    /// `datetime.timedelta`
    timedelta: PyType = "datetime"."timedelta",
    /// `datetime.timezone`: fixed offsets, computed in C
    timezone: PyType = "datetime"."timezone",
    /// `datetime.UTC`
    utc: PyAny = "datetime"."UTC",
    /// `zoneinfo.ZoneInfo`: offsets computed in C
    zoneinfo: PyType = "zoneinfo"."ZoneInfo",
    /// `decimal.Decimal`
    decimal: PyType = "decimal"."Decimal",
    /// `uuid.UUID`
    uuid: PyType = "uuid"."UUID",
    /// Gives another value to write in place of one that has no kind, or a `Refusal`
    convert: PyAny = "pyforge_web.encoders"."convert",
    /// The same for a key
    convert_key: PyAny = "pyforge_web.encoders"."convert_key",
    /// Gives what `fields=` chooses
    select: PyAny = "pyforge_web.encoders"."select",
    /// The columns of each model class whose instances were written before
    instances: PyDict = "pyforge_web.instances"."compiled",
    /// `django.db.models.fields.files.FieldFile`
    field_file: PyType = "django.db.models.fields.files"."FieldFile",
    /// `json.loads`
    loads: PyAny = "json"."loads",
    /// What `convert` returns for a value that has no JSON form
    refusal: PyType = "pyforge_web.encoders"."Refusal",
    /// The `ContextVar` with the collectors that listen
    collectors: PyAny = "pyforge_web.metering"."active",
}

impl Imports {
    /// The table of this process.
    #[inline]
    pub fn get(py: Python<'_>) -> PyResult<&'static Self> {
        static TABLE: PyOnceLock<Imports> = PyOnceLock::new();
        match TABLE.get(py) {
            Some(table) => Ok(table),
            None => TABLE.get_or_try_init(py, || Self::load(py)),
        }
    }
}

/// Whether `value` is of exactly this type: no subclass, no proxy.
#[inline]
pub fn is_exact(value: &Bound<'_, PyAny>, class: &Py<PyType>) -> bool {
    value.get_type_ptr().cast() == class.as_ptr()
}

/// `isinstance(value, class)`, false where the question itself fails.
pub fn is_instance(value: &Bound<'_, PyAny>, class: &Py<PyType>) -> bool {
    value.is_instance(class.bind(value.py())).unwrap_or(false)
}
