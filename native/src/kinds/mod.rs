//! The kinds: how a Python value becomes JSON text. One file each, listed in one table.
//!
//! To add a kind: its file here, its row in `kinds!`, its row in `pyforge_web/fields.py` and in the tests' table.

use std::marker::PhantomData;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::error::Error;
use crate::ffi::{BytesBuffer, write_text};
use crate::imports::{Imports, is_exact};
use crate::json::escape;

/// How the text is spelled: separators and escapes.
pub trait Form {
    /// Between two items.
    const ITEM: &'static [u8];
    /// Between a key and its value.
    const KEY: &'static [u8];
    /// Writes a str with its quotes.
    fn write_text(text: &Bound<'_, PyString>, out: &mut BytesBuffer);
}

macro_rules! forms {
    ($($(#[$doc:meta])* $form:ident = $item:literal $key:literal $escape:ident),* $(,)?) => {$(
        $(#[$doc])*
        pub struct $form;

        impl Form for $form {
            const ITEM: &'static [u8] = $item;
            const KEY: &'static [u8] = $key;

            #[inline(always)]
            fn write_text(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
                write_text::<{ escape::$escape }>(text, out);
            }
        }
    )*};
}

forms! {
    /// No white space, raw UTF-8: the default.
    Compact = b"," b":" UTF8,
    /// No white space, ASCII alone: for a response whose charset is not UTF-8.
    CompactAscii = b"," b":" ASCII,
    /// The very bytes of `json.dumps`.
    Django = b", " b": " ASCII,
}

/// What becomes of NaN and the infinities.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NotFinite {
    /// An error that names the path.
    Raise,
    /// `null`, as `JSON.stringify`.
    Null,
}

/// How the writing of a value ended. One byte: an error is parked in the sink, since a large `Result` for every value
/// costs more than most values do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Written.
    Done,
    /// Nothing was written: Django's own code decides.
    NotMine,
    /// Nothing more can be written: see [`Sink::error`].
    Failed,
}

/// Where kinds write.
pub struct Sink<F: Form> {
    /// The text so far.
    pub out: BytesBuffer,
    /// The error that ended the work.
    pub error: Option<Error>,
    not_finite: NotFinite,
    form: PhantomData<F>,
}

impl<F: Form> Sink<F> {
    /// An empty sink.
    pub fn new(not_finite: NotFinite) -> Self {
        Self { out: BytesBuffer::new(), error: None, not_finite, form: PhantomData }
    }

    /// Parks an error.
    #[cold]
    pub fn fail(&mut self, error: impl Into<Error>) -> Outcome {
        self.error = Some(error.into());
        Outcome::Failed
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $file:ident),* $(,)?) => {
        $(mod $file;)*

        /// How a value becomes JSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// Writes a value of exactly this kind's Python type; anything else is "not mine".
            #[inline(always)]
            pub fn write<F: Form>(self, value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
                match self { $(Self::$kind => $file::write(value, imports, sink),)* }
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
}

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
