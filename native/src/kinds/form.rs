//! The forms of JSON text that we write: separators, escapes, and what NaN becomes.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::ffi::{AsciiText, BytesBuffer, HtmlText, TextEscape, Utf8Text};
use crate::json::escape::{self, pass_json, pass_json_as_ascii, pass_json_as_html};
use crate::json::reformat::{reformat_json, reformat_json_as_ascii};
use crate::json::writer::Out;

/// The format of the text: separators and escapes.
pub trait Form {
    /// Which of the forms it is, for what is kept once for each.
    const INDEX: usize;
    /// Between two items.
    const ITEM: &'static [u8];
    /// Between a key and its value.
    const KEY: &'static [u8];
    /// How text is escaped.
    type Text: TextEscape;
    /// Writes a str with its quotes.
    #[inline(always)]
    fn write_text(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
        Self::Text::write_text(text, out);
    }
    /// Passes JSON text through; false where the form must write the text anew and cannot.
    fn write_json(out: &mut BytesBuffer, text: &str) -> bool;
    /// Writes a text of Rust's with its quotes.
    fn write_str(out: &mut impl Out, text: &str);
}

macro_rules! forms {
    ($($(#[$doc:meta])* $index:literal $form:ident = $item:literal $key:literal $escape:ident $text:ident $json:ident),* $(,)?) => {
        /// How many forms there are.
        pub const FORMS: usize = [$($index),*].len();
        $(
        $(#[$doc])*
        pub struct $form;

        impl Form for $form {
            const INDEX: usize = $index;
            const ITEM: &'static [u8] = $item;
            const KEY: &'static [u8] = $key;

            type Text = $text;

            fn write_json(out: &mut BytesBuffer, text: &str) -> bool {
                $json(out, text)
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
    0 Compact = b"," b":" UTF8 Utf8Text pass_json,
    /// No white space, ASCII alone: for a response whose charset is not UTF-8.
    1 CompactAscii = b"," b":" ASCII AsciiText pass_json_as_ascii,
    /// The very bytes of `json.dumps`.
    2 Django = b", " b": " ASCII AsciiText reformat_json_as_ascii,
    /// No white space, ASCII alone, and nothing that HTML knows: for a page.
    3 Html = b"," b":" HTML HtmlText pass_json_as_html,
    /// The very bytes of `json.dumps(ensure_ascii=False)`: fixtures.
    4 DjangoText = b", " b": " UTF8 Utf8Text reformat_json,
}

/// What becomes of NaN and the infinities.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NotFinite {
    /// An error that names the path.
    Raise,
    /// `null`, as `JSON.stringify`.
    Null,
    /// `NaN`, `Infinity` and `-Infinity`, which are not JSON: as `json.dumps` writes them in fixtures.
    Words,
}
