//! The kinds: how a Python value becomes JSON text, and what `Field.to_python` makes of one. One file each, listed in one
//! table.
//!
//! To add a kind: its file here, its row in `kinds!`, its row in `pyforge_web/fields.py` and in the tests' table.

mod dates;
mod form;
mod stored;

use std::marker::PhantomData;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::error::Error;
use crate::ffi::BytesBuffer;
use crate::imports::{Imports, is_exact};
pub use crate::json::temporal::DateFormat;
pub use crate::outcome::{CleanOutcome, Outcome};
pub use dates::LocalZone;
pub use form::{Compact, CompactAscii, Django, DjangoText, FORMS, Form, Html, NotFinite};
pub use stored::{StoredForm, StoredZone};

/// Where kinds write.
pub struct Sink<F: Form> {
    /// The text so far.
    pub out: BytesBuffer,
    /// The error that ended the work.
    pub error: Option<Error>,
    /// Whether no line break may stand between the tokens of stored JSON that is passed through.
    pub one_line: bool,
    /// The format of dates and durations here.
    pub dates: DateFormat,
    /// The zone that datetimes are converted to, but in Django's format.
    pub local: Option<Arc<LocalZone>>,
    not_finite: NotFinite,
    form: PhantomData<F>,
}

impl<F: Form> Sink<F> {
    /// An empty sink.
    #[inline(always)]
    pub fn new(not_finite: NotFinite) -> Self {
        Self {
            out: BytesBuffer::new(),
            error: None,
            one_line: false,
            dates: DateFormat::Django,
            local: None,
            not_finite,
            form: PhantomData,
        }
    }

    /// Parks an error.
    #[cold]
    pub fn fail(&mut self, error: impl Into<Error>) -> Outcome {
        self.error = Some(error.into());
        Outcome::Rejected
    }
}

/// One kind: a unit struct in the file of its name.
pub trait JsonKind {
    /// Writes a value of exactly this kind's Python type; anything else is a fallback.
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome;

    /// Whether a value may stand in a column of this kind, though only Python code can write it: an instance of a subclass.
    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool;

    /// Writes a value as a database driver gives it, in the one strict form that Django's converters read the same way;
    /// anything else is a fallback. The driver's value is this kind's Python type where no other form is known.
    #[inline(always)]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        Self::write(value, imports, sink)
    }
}

/// A kind that fields convert to: `Field.to_python` for values of exact built-in types. Where Django calls a constructor
/// of CPython's, the same one is called; nothing that can run other Python code is.
pub trait ToPython {
    /// The value that `to_python` returns for one that is not empty.
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py>;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $file:ident),* $(,)?) => {
        $(mod $file;)*

        /// How a value becomes JSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// Writes a value of exactly this kind's Python type; anything else is a fallback.
            #[inline(always)]
            pub fn write<F: Form>(self, value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
                match self { $(Self::$kind => $file::$kind::write(value, imports, sink),)* }
            }

            /// Writes a value as a database driver gives it; anything but the strict form is a fallback.
            #[inline(always)]
            pub fn read<F: Form>(
                self,
                value: &Bound<'_, PyAny>,
                stored: &StoredForm,
                imports: &Imports,
                sink: &mut Sink<F>,
            ) -> Outcome {
                match self { $(Self::$kind => $file::$kind::read(value, stored, imports, sink),)* }
            }

            /// Whether a value that Python code has to write may stand in a column of this kind all the same.
            pub fn admits(self, value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
                match self { $(Self::$kind => $file::$kind::admits(value, imports),)* }
            }

            /// What `to_python` of a field of this kind makes of a value that is not empty.
            #[inline(always)]
            pub fn convert<'py>(self, value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
                match self { $(Self::$kind => $file::$kind::convert(value, imports),)* }
            }

            /// The name of the kind, which is the name of its file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($file),)* }
            }

            /// The kind of a name.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $(stringify!($file) => Some(Self::$kind),)* _ => None }
            }
        }
    };
}

kinds! {
    /// `str`
    Text = text,
    /// `int`
    Integer = integer,
    /// `bool`
    Boolean = boolean,
    /// `float`
    Float = float,
    /// `datetime.datetime`
    DateTime = datetime,
    /// `datetime.date`
    Date = date,
    /// `datetime.time`
    Time = time,
    /// `datetime.timedelta`
    Duration = duration,
    /// `decimal.Decimal`
    Decimal = decimal,
    /// `uuid.UUID`
    Uuid = uuid,
    /// Stored JSON text
    Json = json,
    /// An IP address, as text
    Ip = ip,
    /// The path of a file
    File = file,
    /// A list
    Array = array,
    /// A dict of texts
    Hstore = hstore,
    /// `bytes`, which has no JSON form
    Binary = binary,
}

pub use ip::parse_ipv6;

impl Kind {
    /// The kind of an object of exactly one of the types above, the most frequent first.
    #[inline(always)]
    pub fn of(value: &Bound<'_, PyAny>) -> Option<Self> {
        if value.is_exact_instance_of::<PyString>() {
            Some(Self::Text)
        } else if value.is_exact_instance_of::<PyInt>() {
            Some(Self::Integer)
        } else if value.is_exact_instance_of::<PyBool>() {
            Some(Self::Boolean)
        } else if value.is_exact_instance_of::<PyFloat>() {
            Some(Self::Float)
        } else {
            None
        }
    }

    /// The kind of the rarer types, those that Python code defines or that `json` does not know.
    #[inline]
    pub fn of_rarer(value: &Bound<'_, PyAny>, imports: &Imports) -> Option<Self> {
        if is_exact(value, &imports.datetime) {
            Some(Self::DateTime)
        } else if is_exact(value, &imports.decimal) {
            Some(Self::Decimal)
        } else if is_exact(value, &imports.uuid) {
            Some(Self::Uuid)
        } else if is_exact(value, &imports.date) {
            Some(Self::Date)
        } else if is_exact(value, &imports.time) {
            Some(Self::Time)
        } else if is_exact(value, &imports.timedelta) {
            Some(Self::Duration)
        } else {
            None
        }
    }
}
