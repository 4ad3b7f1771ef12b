//! A request body: JSON text to Python values, those of `json.loads`.
//!
//! Native code reads what is certain: valid UTF-8, valid JSON, no deeper than allowed. Where it stops, `pyforge_web.bodies`
//! asks `json.loads`, for a value or for the error. The open containers lie on a stack of our own, on the heap.

mod key_cache;
mod unescape;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::ffi;
use crate::json::reader::{NumberToken, TokenReader};
use key_cache::KeyCache;

/// Where native code does not read on.
#[pyclass(frozen, get_all, module = "pyforge_web._native")]
pub struct BodyFallback {
    /// At which byte of the UTF-8.
    at: usize,
    /// A container was opened there that is one too many.
    too_deep: bool,
}

type Read<'py> = Result<Bound<'py, PyAny>, BodyFallback>;

/// The value of a body, or a `BodyFallback`.
pub fn read<'py>(body: &Bound<'py, PyAny>, max_depth: usize, allow_nan: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = body.py();
    let read = |text: &[u8]| read_text(py, text, max_depth, allow_nan);
    let result = catch_unwind(AssertUnwindSafe(|| {
        if let Ok(bytes) = body.cast_exact::<PyBytes>() {
            read(bytes.as_bytes())
        } else if let Some(ascii) = ffi::ascii(body) {
            read(ascii)
        } else if let Ok(text) = body.cast_exact::<PyString>() {
            // A copy, so that the str does not keep its UTF-8 for the rest of its life.
            text.encode_utf8().map_or_else(|_| stop(0), |utf8| read(utf8.as_bytes()))
        } else if let Ok(array) = body.cast_exact::<PyByteArray>() {
            read(&array.to_vec())
        } else {
            stop(0)
        }
    }));
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(stop)) => Ok(Bound::new(py, stop)?.into_any()),
        Err(_) => {
            Err(PyRuntimeError::new_err("PyForge Web failed inside its native core: please report this body as a bug"))
        }
    }
}

#[cold]
fn stop<T>(at: usize) -> Result<T, BodyFallback> {
    Err(BodyFallback { at, too_deep: false })
}

fn read_text<'py>(py: Python<'py>, text: &[u8], max_depth: usize, allow_nan: bool) -> Read<'py> {
    let mut keys = KeyCache::take();
    let result = BodyParser { reader: TokenReader::new(text), keys: &mut keys, max_depth, allow_nan }.run(py);
    keys.put_back();
    result
}

/// An open container.
enum Open<'py> {
    /// An array, by where its items begin among the items of all open arrays.
    Array(usize),
    /// An object, and the key of its next value.
    Object(Bound<'py, PyDict>, Bound<'py, PyString>),
}

struct BodyParser<'a> {
    reader: TokenReader<'a>,
    keys: &'a mut KeyCache,
    max_depth: usize,
    allow_nan: bool,
}

impl BodyParser<'_> {
    fn run<'py>(mut self, py: Python<'py>) -> Read<'py> {
        let mut open: Vec<Open<'py>> = Vec::with_capacity(8);
        let mut items: Vec<Bound<'py, PyAny>> = Vec::new();
        'value: loop {
            let first = self.reader.peek();
            let start = self.reader.at;
            self.reader.at += 1;
            let mut value = match first {
                Some(b'"') => self.string(py, start)?,
                Some(opening @ (b'{' | b'[')) => {
                    if self.reader.peek() == Some(opening + 2) {
                        self.reader.at += 1; // the closing bracket stands two places on in ASCII
                        self.check_depth(open.len(), start)?;
                        if opening == b'{' { PyDict::new(py).into_any() } else { PyList::empty(py).into_any() }
                    } else {
                        self.check_depth(open.len(), start)?;
                        open.push(match opening {
                            b'{' => Open::Object(PyDict::new(py), self.key(py)?),
                            _ => Open::Array(items.len()),
                        });
                        continue 'value;
                    }
                }
                Some(first) => self.scalar(py, first, start)?,
                None => return stop(start),
            };
            // After a value: the next one of the container, or its end.
            loop {
                let Some(container) = open.last_mut() else {
                    return if self.reader.peek().is_none() { Ok(value) } else { self.stop() };
                };
                let next = self.reader.token();
                match container {
                    Open::Array(from) => {
                        items.push(value);
                        match next {
                            Some(b',') => continue 'value,
                            Some(b']') => {}
                            _ => return self.stop(),
                        }
                        let Ok(list) = PyList::new(py, items.drain(*from..)) else { return self.stop() };
                        value = list.into_any();
                    }
                    Open::Object(dict, key) => {
                        if dict.set_item(&*key, value).is_err() {
                            return self.stop();
                        }
                        match next {
                            Some(b',') => {
                                *key = self.key(py)?;
                                continue 'value;
                            }
                            Some(b'}') => {}
                            _ => return self.stop(),
                        }
                        value = dict.clone().into_any();
                    }
                }
                open.pop();
            }
        }
    }

    fn stop<T>(&self) -> Result<T, BodyFallback> {
        stop(self.reader.at)
    }

    #[inline]
    fn check_depth(&self, open: usize, at: usize) -> Result<(), BodyFallback> {
        if open < self.max_depth { Ok(()) } else { Err(BodyFallback { at, too_deep: true }) }
    }

    /// A key and its colon.
    #[inline]
    fn key<'py>(&mut self, py: Python<'py>) -> Result<Bound<'py, PyString>, BodyFallback> {
        if self.reader.token() != Some(b'"') {
            return self.stop();
        }
        let from = self.reader.at;
        let key = match self.reader.string() {
            Some(false) => self.keys.get(py, &self.reader.text[from..self.reader.at - 1]),
            Some(true) => unescape::unescape(py, &self.reader.text[from..self.reader.at - 1]),
            None => return self.stop(),
        };
        match key {
            Ok(key) if self.reader.token() == Some(b':') => Ok(key),
            _ => self.stop(),
        }
    }

    #[inline]
    fn string<'py>(&mut self, py: Python<'py>, start: usize) -> Read<'py> {
        let text = match self.reader.string() {
            Some(false) => PyString::from_bytes(py, &self.reader.text[start + 1..self.reader.at - 1]),
            Some(true) => unescape::unescape(py, &self.reader.text[start + 1..self.reader.at - 1]),
            None => return self.stop(),
        };
        // What is not UTF-8 may be another encoding.
        text.map(Bound::into_any).or_else(|_| self.stop())
    }

    #[inline]
    fn scalar<'py>(&mut self, py: Python<'py>, first: u8, start: usize) -> Read<'py> {
        match first {
            b't' if self.reader.word(b"rue") => Ok(PyBool::new(py, true).to_owned().into_any()),
            b'f' if self.reader.word(b"alse") => Ok(PyBool::new(py, false).to_owned().into_any()),
            b'n' if self.reader.word(b"ull") => Ok(py.None().into_bound(py)),
            b'N' if self.allow_nan && self.reader.word(b"aN") => Ok(PyFloat::new(py, f64::NAN).into_any()),
            b'I' if self.allow_nan && self.reader.word(b"nfinity") => Ok(PyFloat::new(py, f64::INFINITY).into_any()),
            b'-' if self.allow_nan && self.reader.word(b"Infinity") => {
                Ok(PyFloat::new(py, f64::NEG_INFINITY).into_any())
            }
            b'-' | b'0'..=b'9' => self.number(py, first, start),
            _ => stop(start),
        }
    }

    fn number<'py>(&mut self, py: Python<'py>, first: u8, start: usize) -> Read<'py> {
        let Some(number) = self.reader.number(first) else { return stop(start) };
        let Ok(digits) = std::str::from_utf8(&self.reader.text[start..self.reader.at]) else { return stop(start) };
        match number {
            NumberToken::Float { .. } => {
                digits.parse::<f64>().map_or_else(|_| stop(start), |value| Ok(PyFloat::new(py, value).into_any()))
            }
            NumberToken::Integer => match digits.parse::<i64>() {
                Ok(value) => Ok(PyInt::new(py, value).into_any()),
                // `int()` refuses more digits than sys.get_int_max_str_digits(), and so does json.loads.
                Err(_) => py.get_type::<PyInt>().call1((digits,)).or_else(|_| stop(start)),
            },
        }
    }
}
