//! Whether a text is JSON that every reader understands alike: the check before stored text is passed through.
//!
//! RFC 8259, in one pass and without recursion. What `json.loads` reads in a way of its own is "not certain": NaN, numbers
//! that may overflow to infinity (1e400), integers of more digits than `int()` takes, and nesting near its recursion limit.
//! `serde_json`'s `IgnoredAny` accepts the last three, and finding them beside it cost as much again as the whole check
//! (`benchmarks/suites/querysets.py`); the tests below compare with it.

use super::reader::{NumberToken, TokenReader};

/// `json.loads` raises a `RecursionError` near 1,000 levels.
const DEEPEST: usize = 900;
/// An integer of more digits may not be read (`sys.int_info.default_max_str_digits` is 4300), a float of more than 300
/// digits before the point may be infinite.
const LONGEST_NUMBER: usize = 200;

/// Whether the whole text is one JSON value that every reader understands alike.
pub fn is_certain(text: &[u8]) -> bool {
    let mut reader = TokenReader::new(text);
    // One bit for each open container: set for an object.
    let mut objects = [0_u64; DEEPEST.div_ceil(64)];
    let mut depth = 0;
    'value: loop {
        match reader.token() {
            Some(b'"') if reader.string().is_some() => {}
            Some(opening @ (b'{' | b'[')) => {
                let object = opening == b'{';
                if reader.peek() == Some(opening + 2) {
                    reader.at += 1; // the closing bracket stands two places on in ASCII
                } else {
                    if depth == DEEPEST {
                        return false;
                    }
                    let bit = 1 << (depth % 64);
                    objects[depth / 64] = if object { objects[depth / 64] | bit } else { objects[depth / 64] & !bit };
                    depth += 1;
                    if object && !key(&mut reader) {
                        return false;
                    }
                    continue 'value;
                }
            }
            Some(b't') if reader.word(b"rue") => {}
            Some(b'f') if reader.word(b"alse") => {}
            Some(b'n') if reader.word(b"ull") => {}
            Some(first @ (b'-' | b'0'..=b'9')) if number(&mut reader, first) => {}
            _ => return false,
        }
        // After a value: the next one of the container, or its end.
        while depth > 0 {
            let object = objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
            match reader.token() {
                Some(b',') if !object || key(&mut reader) => continue 'value,
                Some(b'}') if object => depth -= 1,
                Some(b']') if !object => depth -= 1,
                _ => return false,
            }
        }
        return reader.peek().is_none();
    }
}

/// A key and its colon.
fn key(reader: &mut TokenReader<'_>) -> bool {
    reader.token() == Some(b'"') && reader.string().is_some() && reader.token() == Some(b':')
}

/// The rest of a number that is neither long nor large.
fn number(reader: &mut TokenReader<'_>, first: u8) -> bool {
    let start = reader.at;
    match reader.number(first) {
        Some(NumberToken::Integer | NumberToken::Float { exponent: 0..=2 }) => reader.at - start < LONGEST_NUMBER,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IgnoredAny;

    fn serde(text: &[u8]) -> bool {
        serde_json::from_slice::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn it_agrees_with_serde_json() {
        const PIECES: [&str; 40] = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\"a\"",
            "\"key\":",
            "1",
            "-",
            "0",
            "01",
            "1.5",
            ".",
            "1e5",
            "e",
            "E+2",
            "true",
            "false",
            "null",
            "nul",
            " ",
            "\n",
            "\t",
            "\u{e9}",
            "\\u00e9",
            "\\ud800",
            "\\x",
            "\u{1}",
            "NaN",
            "Infinity",
            "\"long text without anything\"",
            "[]",
            "{}",
            "[1,2]",
            "{\"a\":1}",
            "-0",
            "\\\"",
        ];
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let mut accepted = 0;
        for _ in 0..400_000 {
            let text: String = (0..1 + random(9)).map(|_| PIECES[random(PIECES.len())]).collect();
            let ours = is_certain(text.as_bytes());
            if ours || !text.contains(['e', 'E']) {
                assert_eq!(ours, serde(text.as_bytes()), "{text:?}");
            }
            accepted += usize::from(ours);
        }
        assert!(accepted > 1000, "{accepted}");
    }

    #[test]
    fn every_cut_and_every_changed_byte_of_a_document() {
        let document =
            br#"{"a": [1, -2.5, 1e5, true, null, {"b\n\u00e9": "\"text\" with \\ all"}], "c": {}, "d": [[], ""]}"#;
        assert!(is_certain(document));
        for at in 0..document.len() {
            assert!(!is_certain(&document[..at]));
            for byte in 0..128 {
                let mut changed = document.to_vec();
                changed[at] = byte;
                assert_eq!(is_certain(&changed), serde(&changed), "{:?}", String::from_utf8_lossy(&changed));
            }
        }
    }

    #[test]
    fn what_python_reads_otherwise_is_not_certain() {
        let deep = |levels| [vec![b'['; levels], vec![b']'; levels]].concat();
        assert!(is_certain(&deep(DEEPEST)));
        assert!(!is_certain(&deep(DEEPEST + 2)));
        assert!(!is_certain(&vec![b'['; 1_000_000]));
        assert!(!is_certain(b"1e400"));
        assert!(!is_certain(&vec![b'1'; 5000]));
        assert!(is_certain(b"1e99") && is_certain(b"-1E-99") && is_certain(&[b'9'; 100]));
    }
}
