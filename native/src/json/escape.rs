//! Strings, RFC 8259 section 7: a safe loop over code points, the oracle and the fallback of `ffi::write_text`.

use super::writer::Out;

/// Raw UTF-8; only what JSON requires is escaped.
pub const UTF8: u8 = 0;
/// ASCII alone, as `json.dumps(ensure_ascii=True)`: DEL and all beyond it become `\uXXXX`.
pub const ASCII: u8 = 1;
/// As `UTF8`, and `< > & '`, U+2028 and U+2029 escaped: safe inside a script element and a single-quoted attribute.
pub const HTML: u8 = 2;

const HEX: &[u8; 16] = b"0123456789abcdef";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// Writes the code points of a Python str, lone surrogates among them, as one JSON string with its quotes.
pub fn write_code_points<const ESCAPE: u8>(out: &mut impl Out, points: impl Iterator<Item = u32>) {
    out.push(b'"');
    for point in points {
        write_code_point::<ESCAPE>(out, point);
    }
    out.push(b'"');
}

fn write_code_point<const ESCAPE: u8>(out: &mut impl Out, point: u32) {
    match point {
        0x22 => out.extend(b"\\\""),
        0x5c => out.extend(b"\\\\"),
        0x08 => out.extend(b"\\b"),
        0x09 => out.extend(b"\\t"),
        0x0a => out.extend(b"\\n"),
        0x0c => out.extend(b"\\f"),
        0x0d => out.extend(b"\\r"),
        0x26 | 0x27 | 0x3c | 0x3e if ESCAPE == HTML => write_unit(out, point, HEX_UPPER),
        0x2028 | 0x2029 if ESCAPE == HTML => write_unit(out, point, HEX_UPPER),
        0x20..0x7f => out.push(point as u8),
        0..0x20 => write_unit(out, point, HEX),
        0x10000.. if ESCAPE == ASCII => {
            let above = point - 0x10000;
            write_unit(out, 0xd800 + (above >> 10), HEX);
            write_unit(out, 0xdc00 + (above & 0x3ff), HEX);
        }
        _ if ESCAPE == ASCII => write_unit(out, point, HEX),
        _ => match char::from_u32(point) {
            Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => write_unit(out, point, HEX), // a lone surrogate: JSON.stringify's and Django's way
        },
    }
}

fn write_unit(out: &mut impl Out, unit: u32, digits: &[u8; 16]) {
    let digit = |shift: u32| digits[(unit >> shift & 15) as usize];
    out.extend(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}
