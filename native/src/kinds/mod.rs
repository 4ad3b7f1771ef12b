//! The kinds: how a Python value becomes JSON text, and what `Field.to_python` makes of one. One file each, listed in one
//! table.
//!
//! To add a kind: its file here, its row in `kinds!`, its row in `pyforge_web/fields.py` and in the tests' table.

use std::marker::PhantomData;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::error::Error;
use crate::ffi::{BytesBuffer, write_text};
use crate::imports::{Imports, is_exact};
use crate::json::escape;
use crate::json::writer::Out;

/// How the text is spelled: separators and escapes.
pub trait Form {
    /// Which of the forms it is, for what is kept once for each.
    const INDEX: usize;
    /// Between two items.
    const ITEM: &'static [u8];
    /// Between a key and its value.
    const KEY: &'static [u8];
    /// Writes a str with its quotes.
    fn write_text(text: &Bound<'_, PyString>, out: &mut BytesBuffer);
    /// Passes JSON text through; false where the form allows no other spelling than its own.
    fn write_json(out: &mut BytesBuffer, text: &str) -> bool;
    /// Writes a text of Rust's with its quotes.
    fn write_str(out: &mut impl Out, text: &str);
}

macro_rules! forms {
    ($($(#[$doc:meta])* $index:literal $form:ident = $item:literal $key:literal $escape:ident $json:ident),* $(,)?) => {
        /// How many forms there are.
        pub const FORMS: usize = [$($index),*].len();
        $(
        $(#[$doc])*
        pub struct $form;

        impl Form for $form {
            const INDEX: usize = $index;
            const ITEM: &'static [u8] = $item;
            const KEY: &'static [u8] = $key;

            #[inline(always)]
            fn write_text(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
                write_text::<{ escape::$escape }>(text, out);
            }

            fn write_json(out: &mut BytesBuffer, text: &str) -> bool {
                escape::$json(out, text)
            }

            fn write_str(out: &mut impl Out, text: &str) {
                escape::write_code_points::<{ escape::$escape }>(out, text.chars().map(u32::from));
            }
        }
        )*
    };
}

forms! {
    /// No white space, raw UTF-8: the default.
    0 Compact = b"," b":" UTF8 pass_json,
    /// No white space, ASCII alone: for a response whose charset is not UTF-8.
    1 CompactAscii = b"," b":" ASCII pass_json_as_ascii,
    /// The very bytes of `json.dumps`.
    2 Django = b", " b": " ASCII respell_json_as_ascii,
    /// No white space, ASCII alone, and nothing that HTML knows: for a page.
    3 Html = b"," b":" HTML pass_json_as_html,
    /// The very bytes of `json.dumps(ensure_ascii=False)`: fixtures.
    4 DjangoText = b", " b": " UTF8 respell_json,
}

/// What becomes of NaN and the infinities.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NotFinite {
    /// An error that names the path.
    Raise,
    /// `null`, as `JSON.stringify`.
    Null,
    /// `NaN`, `Infinity` and `-Infinity`, which are no JSON: `json.dumps` in fixtures.
    Words,
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
    /// Whether no line break may stand between the tokens of stored JSON that is passed through.
    pub one_line: bool,
    not_finite: NotFinite,
    form: PhantomData<F>,
}

impl<F: Form> Sink<F> {
    /// An empty sink.
    #[inline(always)]
    pub fn new(not_finite: NotFinite) -> Self {
        Self { out: BytesBuffer::new(), error: None, one_line: false, not_finite, form: PhantomData }
    }

    /// Parks an error.
    #[cold]
    pub fn fail(&mut self, error: impl Into<Error>) -> Outcome {
        self.error = Some(error.into());
        Outcome::Failed
    }
}

/// One kind: a unit struct in the file of its name.
pub trait JsonKind {
    /// Writes a value of exactly this kind's Python type; anything else is "not mine".
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome;

    /// Whether a value may stand in a column of this kind, though only Python code can write it: an instance of a subclass.
    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool;

    /// Writes a value as a database driver gives it, in the one strict form that Django's converters read the same way;
    /// anything else is "not mine". The driver's value is this kind's Python type where no other form is known.
    #[inline(always)]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &Stored, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        Self::write(value, imports, sink)
    }
}

/// What a field makes of a value that is assigned to it.
pub enum Converted<'py> {
    /// The very object.
    Kept,
    /// Another one.
    Became(Bound<'py, PyAny>),
    /// Django's own `to_python` decides.
    NotMine,
}

impl<'py> Converted<'py> {
    /// Another object, if whoever makes it did not fail; why it failed is for Django to say.
    #[inline]
    pub fn or_not_mine<T>(made: PyResult<Bound<'py, T>>) -> Self {
        made.map_or(Self::NotMine, |value| Self::Became(value.into_any()))
    }
}

/// A kind that fields convert to: `Field.to_python` for values of exact built-in types. Where Django calls a constructor
/// of CPython's, the same one is called; nothing that can run other Python code is.
pub trait Convert {
    /// The value that `to_python` returns for one that is not empty.
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> Converted<'py>;
}

/// What the zone of a stored datetime is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// None (`USE_TZ = False`).
    Naive,
    /// None: the offset that PostgreSQL writes is left out.
    Stripped,
    /// UTC, where the text has no offset.
    Utc,
    /// That of the offset in the text.
    Written,
}

/// What must be known of a column to read its stored form.
#[derive(Clone, Copy, Debug)]
pub struct Stored {
    /// The zone of a datetime.
    pub zone: Zone,
    /// Whether the database has checked that a text is JSON.
    pub checked: bool,
    /// Digits in all and behind the point, of a decimal that is stored as a number; zeros where it is text.
    pub digits: (u32, u32),
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
                match self { $(Self::$kind => $file::$kind::write(value, imports, sink),)* }
            }

            /// Writes a value as a database driver gives it; anything but the strict form is "not mine".
            #[inline(always)]
            pub fn read<F: Form>(
                self,
                value: &Bound<'_, PyAny>,
                stored: &Stored,
                imports: &Imports,
                sink: &mut Sink<F>,
            ) -> Outcome {
                match self { $(Self::$kind => $file::$kind::read(value, stored, imports, sink),)* }
            }

            /// Whether a value that is "not mine" may stand in a column of this kind all the same.
            pub fn admits(self, value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
                match self { $(Self::$kind => $file::$kind::admits(value, imports),)* }
            }

            /// What `to_python` of a field of this kind makes of a value that is not empty.
            #[inline(always)]
            pub fn convert<'py>(self, value: &Bound<'py, PyAny>, imports: &Imports) -> Converted<'py> {
                match self { $(Self::$kind => $file::$kind::convert(value, imports),)* }
            }

            /// The name of the kind: that of its file.
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
