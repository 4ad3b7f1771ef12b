//! The Python objects that Rust may name, imported once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use crate::attribute_watch::AttributeWatch;

macro_rules! imports {
    ($(#[$table_doc:meta])* $table:ident { $($(#[$doc:meta])* $field:ident: $type:ty = $module:literal . $name:literal),* $(,)? }) => {
        $(#[$table_doc])*
        pub struct $table { $($(#[$doc])* pub $field: Py<$type>,)* }

        impl $table {
            fn load(py: Python<'_>) -> PyResult<Self> {
                Ok(Self { $($field: find(py, $module, $name)?.cast_into::<$type>()?.unbind(),)* })
            }

            /// The table of this process.
            #[inline]
            pub fn get(py: Python<'_>) -> PyResult<&'static Self> {
                // Filled at the first call and not at import: Django's settings and apps must be ready.
                static TABLE: PyOnceLock<$table> = PyOnceLock::new();
                match TABLE.get(py) {
                    Some(table) => Ok(table),
                    None => TABLE.get_or_try_init(py, || Self::load(py)),
                }
            }
        }
    };
}

fn find<'py>(py: Python<'py>, module: &str, path: &str) -> PyResult<Bound<'py, PyAny>> {
    path.split('.').try_fold(py.import(module)?.into_any(), |place, name| place.getattr(name))
}

imports! {
    /// What every call may need.
    Imports {
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
        /// `uuid.SafeUUID.unknown`
        uuid_unknown: PyAny = "uuid"."SafeUUID.unknown",
        /// `object.__new__`
        new_object: PyAny = "builtins"."object.__new__",
        /// `object.__setattr__`
        set_attribute: PyAny = "builtins"."object.__setattr__",
        /// `django.core.exceptions.ValidationError`
        validation_error: PyType = "django.core.exceptions"."ValidationError",
        /// `django.db.models.expressions.DatabaseDefault`
        database_default: PyType = "django.db.models.expressions"."DatabaseDefault",
        /// Calls the validators of a field that have no rule
        run_validators: PyAny = "pyforge_web.validators"."run_validators",
        /// The errors of a value that is rejected for certain, not built yet
        rejected_value: PyType = "pyforge_web.validation.errors"."RejectedValue",
        /// `re.Pattern`
        pattern: PyType = "re"."Pattern",
        /// `math.remainder`
        remainder: PyAny = "math"."remainder",
        /// `django.utils.timezone.get_current_timezone`
        current_timezone: PyAny = "django.utils.timezone"."get_current_timezone",
        /// `django.db.models.fields.files.FieldFile`
        field_file: PyType = "django.db.models.fields.files"."FieldFile",
        /// Adds the address of a section of the documentation to an error
        with_docs: PyAny = "pyforge_web.conf"."with_docs",
        /// `json.loads`
        loads: PyAny = "json"."loads",
        /// The `ContextVar` with the collectors that listen
        collectors: PyAny = "pyforge_web.metering"."active_collectors",
        /// The `ContextVar` with the notes of the call that runs
        notes: PyAny = "pyforge_web.metering"."call_notes",
        /// The `ContextVar` with the tag that is written
        place: PyAny = "pyforge_web.metering.call_sites"."template_site",
        /// The `ContextVar` with the line that made the stream that is written
        origin: PyAny = "pyforge_web.metering.call_sites"."stream_origin",
        /// Says whose code a frame runs
        standing: PyAny = "pyforge_web.metering.call_sites"."frame_owner",
    }
}

imports! {
    /// What writing calls of our own Python code. The first writing imports it: a validation does not wait for it.
    EncoderImports {
        /// Gives another value to write in place of one that has no kind, or a `Refusal`
        convert: PyAny = "pyforge_web.encoders"."convert_value",
        /// The same for a key
        convert_key: PyAny = "pyforge_web.encoders"."convert_key",
        /// Gives what `fields=` chooses
        select: PyAny = "pyforge_web.encoders"."select_fields",
        /// Gives the error for a text that is longer than `max_bytes=`
        refuse_length: PyAny = "pyforge_web.output.options"."refuse_length",
        /// Calls `dumps` with the options that Python code reads
        dump_with_options: PyAny = "pyforge_web.encoders"."dump_with_options",
        /// The `ContextVar` with the options of the output
        output_options: PyAny = "pyforge_web.output.options"."output_options",
        /// Sets them to none for a call of its own, and returns the token to reset them with
        leave_options: PyAny = "pyforge_web.output.options"."leave_options",
        /// Writes a value by Django's own encoder, where the setting `NATIVE` is off
        write_by_django: PyAny = "pyforge_web.encoders"."write_by_django",
        /// The columns of each model class whose instances were written before, by its `id()`, and the version of the class
        instances: PyDict = "pyforge_web.querysets.instances"."compiled",
        /// Whether Django's own code reads the columns of those classes
        instance_watch: AttributeWatch = "pyforge_web.output.model_names"."READS_WATCH",
        /// What `convert` returns for a value that has no JSON form
        refusal: PyType = "pyforge_web.encoders"."Refusal",
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
