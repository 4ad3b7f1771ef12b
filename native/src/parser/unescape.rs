//! Strings with escapes.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// The text of a string whose escapes are known to be valid. Half a surrogate pair stays one, as `json.loads` has it.
pub fn unescape<'py>(py: Python<'py>, escaped: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let mut text = Vec::with_capacity(escaped.len());
    let mut halves = false;
    let mut rest = escaped;
    while let Some(backslash) = rest.iter().position(|byte| *byte == b'\\') {
        text.extend_from_slice(&rest[..backslash]);
        let code = rest.get(backslash + 1).copied().unwrap_or(b'\\');
        rest = rest.get(backslash + 2..).unwrap_or_default();
        if code != b'u' {
            text.push(match code {
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                itself => itself,
            });
            continue;
        }
        let mut point = hexadecimal(rest);
        rest = rest.get(4..).unwrap_or_default();
        if let (0xd800..0xdc00, [b'\\', b'u', second @ ..]) = (point, rest) {
            if let low @ 0xdc00..0xe000 = hexadecimal(second) {
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                rest = second.get(4..).unwrap_or_default();
            }
        }
        match char::from_u32(point) {
            Some(char) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            None => {
                halves = true;
                let bits = |shift: u32| 0x80 | (point >> shift & 0x3f) as u8;
                text.extend_from_slice(&[0xe0 | (point >> 12) as u8, bits(6), bits(0)]);
            }
        }
    }
    text.extend_from_slice(rest);
    if halves {
        // A surrogate that stands in the body itself is not valid UTF-8 and shall not pass here either.
        PyString::from_bytes(py, escaped)?;
        return PyString::from_encoded_object(&PyBytes::new(py, &text), Some(c"utf-8"), Some(c"surrogatepass"));
    }
    PyString::from_bytes(py, &text)
}

/// Four hexadecimal digits.
fn hexadecimal(digits: &[u8]) -> u32 {
    digits.iter().take(4).fold(0, |value, digit| value << 4 | char::from(*digit).to_digit(16).unwrap_or(0))
}
