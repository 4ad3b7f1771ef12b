//! Strings, RFC 8259 section 7: how each code point is escaped, and the tables the fast loops of `ffi` read.

use super::writer::Out;

/// Raw UTF-8; only what JSON requires is escaped.
pub const UTF8: u8 = 0;
/// ASCII alone, as `json.dumps(ensure_ascii=True)`: DEL and all beyond it become `\uXXXX`.
pub const ASCII: u8 = 1;
/// As `ASCII`, and `< > & '` escaped: safe inside a script element and a single-quoted attribute of a page in any charset.
pub const HTML: u8 = 2;

const HEX: &[u8; 16] = b"0123456789abcdef";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF"; // json_script's digits

/// Writes the code points of a Python str, lone surrogates among them, as one JSON string with its quotes. The plain loop:
/// texts of Python are written by `ffi::kernels`, which the tests compare with it.
pub fn write_code_points<const ESCAPE: u8>(out: &mut impl Out, points: impl Iterator<Item = u32>) {
    out.push(b'"');
    for point in points {
        let (text, len) = escape_point::<ESCAPE>(point);
        out.extend(&text[..len]);
    }
    out.push(b'"');
}

/// Whether a code point of Latin-1 stands for itself.
pub const fn is_clean<const ESCAPE: u8>(byte: u8) -> bool {
    let escaped = (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    let beyond = byte > if ESCAPE == UTF8 { 0x7f } else { 0x7e };
    let html = (byte | 2 == b'>') | (byte | 1 == b'\'');
    !(escaped | beyond | (ESCAPE == HTML && html))
}

/// The bytes of one code point inside a JSON string, and how many they are: at most 12, two escaped surrogates.
pub const fn escape_point<const ESCAPE: u8>(point: u32) -> ([u8; 12], usize) {
    match point {
        0x08 => short(b'b'),
        0x09 => short(b't'),
        0x0a => short(b'n'),
        0x0c => short(b'f'),
        0x0d => short(b'r'),
        0x22 | 0x5c => short(point as u8),
        0x26 | 0x27 | 0x3c | 0x3e if ESCAPE == HTML => unit(point, HEX_UPPER),
        0..0x20 => unit(point, HEX),
        0x7f..0x10000 if ESCAPE != UTF8 => unit(point, HEX),
        0x10000.. if ESCAPE != UTF8 => two_units(surrogates(point)),
        _ => match char::from_u32(point) {
            Some(c) => {
                let mut text = [0; 12];
                let len = c.encode_utf8(&mut text).len();
                (text, len)
            }
            None => unit(point, HEX), // a lone surrogate: JSON.stringify's and Django's way
        },
    }
}

const fn short(letter: u8) -> ([u8; 12], usize) {
    ([b'\\', letter, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2)
}

const fn unit(unit: u32, digits: &[u8; 16]) -> ([u8; 12], usize) {
    let [a, b] = (unit as u16).to_be_bytes();
    let [a, b, c, d] = [a >> 4, a & 15, b >> 4, b & 15];
    let [a, b, c, d] = [digits[a as usize], digits[b as usize], digits[c as usize], digits[d as usize]];
    ([b'\\', b'u', a, b, c, d, 0, 0, 0, 0, 0, 0], 6)
}

/// The two halves in UTF-16 of a code point beyond 16 bits.
pub const fn surrogates(point: u32) -> [u32; 2] {
    let above = point - 0x10000;
    [0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff)]
}

const fn two_units([high, low]: [u32; 2]) -> ([u8; 12], usize) {
    let ([b0, b1, b2, b3, b4, b5, ..], _) = unit(high, HEX);
    let ([b6, b7, b8, b9, b10, b11, ..], _) = unit(low, HEX);
    ([b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11], 12)
}

/// The two digits of each byte, the first in the low half.
static HEX_PAIRS: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = u16::from_le_bytes([HEX[byte >> 4], HEX[byte & 15]]);
        byte += 1;
    }
    table
};

/// `escape_point` beyond Latin-1 as a little-endian word, made without a store: what takes 12 bytes comes as two surrogates.
#[inline]
pub fn escape_wide<const ESCAPE: u8>(point: u32) -> (u64, usize) {
    let is_surrogate = point & !0x7ff == 0xd800;
    if ESCAPE != UTF8 || is_surrogate {
        let pair = |byte: u32| u64::from(HEX_PAIRS[byte as usize & 0xff]);
        return (u64::from_le_bytes(*b"\\u\0\0\0\0\0\0") | pair(point >> 8) << 16 | pair(point) << 32, 6);
    }
    let six = |shift: u32| u64::from(point >> shift & 0x3f | 0x80);
    match point {
        ..0x800 => (u64::from(0xc0 | point >> 6) | six(0) << 8, 2),
        0x800..0x1_0000 => (u64::from(0xe0 | point >> 12) | six(6) << 8 | six(0) << 16, 3),
        0x1_0000.. => (u64::from(0xf0 | point >> 18) | six(12) << 8 | six(6) << 16 | six(0) << 24, 4),
    }
}

/// `escape_point` of the first 256 code points: up to six bytes, and in the last place how many they are.
pub struct Latin1<const ESCAPE: u8>;

impl<const ESCAPE: u8> Latin1<ESCAPE> {
    /// The table, one of 2 KB for each way to escape.
    pub const ESCAPES: &'static [[u8; 8]; 256] = &{
        let mut table = [[0; 8]; 256];
        let mut point = 0;
        while point < 256 {
            let ([a, b, c, d, e, f, ..], len) = escape_point::<ESCAPE>(point as u32);
            table[point] = [a, b, c, d, e, f, 0, len as u8];
            point += 1;
        }
        table
    };
}

/// Byte shuffles that close the gaps in a vector of eight pairs, by the mask of the pairs that need both bytes.
pub static CLOSE_PAIRS: [[u8; 16]; 256] = {
    let mut table = [[0x80; 16]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut pair, mut to) = (0, 0);
        while pair < 8 {
            table[mask][to] = 2 * pair;
            to += 1;
            if mask >> pair & 1 == 1 {
                table[mask][to] = 2 * pair + 1;
                to += 1;
            }
            pair += 1;
        }
        mask += 1;
    }
    table
};

/// As `CLOSE_PAIRS` for four quads of which the last one to four bytes count: the low half of the index holds the
/// low bits of (count - 1), the high half the high bits. The number of bytes left is in `CLOSED_QUADS`.
pub static CLOSE_QUADS: [[u8; 16]; 256] = {
    let mut table = [[0x80; 16]; 256];
    let mut index = 0;
    while index < 256 {
        let (mut byte, mut to) = (0, 0);
        while byte < 16 {
            if byte % 4 + quad_len(index, byte / 4) >= 4 {
                table[index][to] = byte as u8;
                to += 1;
            }
            byte += 1;
        }
        index += 1;
    }
    table
};

/// How many bytes `CLOSE_QUADS` leaves.
pub static CLOSED_QUADS: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = (quad_len(index, 0) + quad_len(index, 1) + quad_len(index, 2) + quad_len(index, 3)) as u8;
        index += 1;
    }
    table
};

const fn quad_len(index: usize, quad: usize) -> usize {
    1 + (index >> quad & 1) + 2 * (index >> (quad + 4) & 1)
}

/// Sixteen bytes of it, from any place up to 16, are a shuffle that drops as many bytes at the front of a vector.
pub static SLIDE: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, //
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
];

/// Passes JSON text through as it is.
pub fn pass_json(out: &mut impl Out, text: &str) -> bool {
    out.extend(text.as_bytes());
    true
}

/// Passes JSON text through as ASCII. Whatever lies beyond ASCII stands inside a string: everywhere an escape may stand.
pub fn pass_json_as_ascii(out: &mut impl Out, text: &str) -> bool {
    for unit in text.chars() {
        if unit.is_ascii() {
            out.push(unit as u8);
        } else {
            let (text, len) = escape_point::<ASCII>(unit.into());
            out.extend(&text[..len]);
        }
    }
    true
}

/// Passes JSON text through as ASCII without what HTML knows. In JSON all that stands inside a string; in text that is
/// none, which a database may hold, it is escaped just the same.
pub fn pass_json_as_html(out: &mut impl Out, text: &str) -> bool {
    let known = |c: char| !c.is_ascii() || matches!(c, '<' | '>' | '&' | '\'');
    let mut rest = text;
    while let Some(at) = rest.find(known) {
        let (clean, from) = rest.split_at(at);
        out.extend(clean.as_bytes());
        let mut points = from.chars();
        let (text, len) = escape_point::<HTML>(points.next().map_or(0, u32::from));
        out.extend(&text[..len]);
        rest = points.as_str();
    }
    out.extend(rest.as_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<const ESCAPE: u8>(text: &str) -> String {
        let mut out = Vec::new();
        write_code_points::<ESCAPE>(&mut out, text.chars().map(u32::from));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_is_spelled_as_serde_json_spells_it() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            let expected = serde_json::to_string(&text).unwrap();
            assert_eq!(written::<UTF8>(&text), expected);
            // The same character to a reader, of ASCII alone; of nothing that HTML knows.
            let (ascii, html) = (written::<ASCII>(&text), written::<HTML>(&text));
            assert!(ascii.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            assert_eq!(serde_json::from_str::<String>(&ascii).unwrap(), text);
            let escaped = format!("\"\\u{:04X}\"", u32::from(c));
            assert_eq!(html, if "<>&'".contains(c) { escaped } else { ascii });
        }
    }

    #[test]
    fn stored_json_is_passed_without_what_html_knows() {
        let text = "{\"</script>\":\"<!-- & 'é' \\\\u003c\",\"日\":[\"\u{2028}\u{2029}😀\\\\\",1e5,null]}";
        let mut out = Vec::new();
        assert!(pass_json_as_html(&mut out, text));
        let html = String::from_utf8(out).unwrap();
        assert!(html.is_ascii() && !html.contains(['<', '>', '&', '\'']));
        let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&html), value(text));
        let mut out = Vec::new();
        assert!(pass_json_as_html(&mut out, "</script>'no JSON'&"));
        assert_eq!(out, br"\u003C/script\u003E\u0027no JSON\u0027\u0026");
    }

    #[test]
    fn digits_and_surrogates() {
        assert_eq!(written::<ASCII>("\u{7f}é日😀"), r#""\u007f\u00e9\u65e5\ud83d\ude00""#);
        assert_eq!(written::<HTML>("<\u{1f}>"), r#""\u003C\u001f\u003E""#);
        let mut out = Vec::new();
        write_code_points::<UTF8>(&mut out, [0xd800, 0x61, 0xdfff].into_iter());
        assert_eq!(out, br#""\ud800a\udfff""#);
    }

    #[test]
    fn tables_agree_with_what_they_are_made_of() {
        for point in 0..256 {
            let (text, len) = escape_point::<HTML>(point as u32);
            assert_eq!(Latin1::<HTML>::ESCAPES[point][..len], text[..len]);
            assert_eq!(is_clean::<HTML>(point as u8), len == 1);
            assert_eq!(is_clean::<ASCII>(point as u8), escape_point::<ASCII>(point as u32).1 == 1);
            assert_eq!(usize::from(Latin1::<HTML>::ESCAPES[point][7]), len);
            let pairs = CLOSE_PAIRS[point].iter().filter(|&&from| from < 0x80).count();
            assert_eq!(pairs, 8 + point.count_ones() as usize);
            let quads = CLOSE_QUADS[point].iter().filter(|&&from| from < 0x80).count();
            assert_eq!(quads, usize::from(CLOSED_QUADS[point]));
        }
    }
}
