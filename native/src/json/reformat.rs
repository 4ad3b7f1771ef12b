//! Stored JSON text in the format of `json.dumps`: what Python would make of `json.dumps(json.loads(text))`, without a
//! Python object for any of its values.

use super::escape::{ASCII, UTF8, escape_point};
use super::number::write_float;
use super::reader::clean_run;
use super::writer::Out;

/// Objects with more keys are left to Python: each key is looked for among those before it.
const MOST_KEYS: usize = 64;
/// `json.loads` raises a `RecursionError` near 1,000 levels; the limit of an integer's digits can be set to 640.
const DEEPEST: usize = 900;
const LONGEST_INTEGER: usize = 600;

/// Writes the bytes of `json.dumps(json.loads(text), ensure_ascii=False)`; false, and nothing, where they are not certain.
///
/// The text must be JSON: what is not well-formed may be written as it is.
pub fn reformat_json(out: &mut impl Out, text: &str) -> bool {
    reformat::<UTF8>(out, text)
}

/// The same with all that lies beyond ASCII escaped.
pub fn reformat_json_as_ascii(out: &mut impl Out, text: &str) -> bool {
    reformat::<ASCII>(out, text)
}

fn reformat<const ESCAPE: u8>(out: &mut impl Out, text: &str) -> bool {
    let made = Vec::with_capacity(text.len() + text.len() / 4 + 16);
    let mut reformatter = Reformatter { text, at: 0, made, keys: Vec::new(), open: Vec::new(), key_is_next: false };
    let done = reformatter.run::<ESCAPE>().is_some();
    if done {
        out.extend(&reformatter.made);
    }
    done
}

struct Reformatter<'a> {
    text: &'a str,
    at: usize,
    made: Vec<u8>,
    /// Where the keys of the open objects are in `made`.
    keys: Vec<(usize, usize)>,
    /// The open containers: where the keys of an object begin in `keys`, None for a list.
    open: Vec<Option<usize>>,
    key_is_next: bool,
}

impl Reformatter<'_> {
    /// Everything; None where Python must decide.
    fn run<const ESCAPE: u8>(&mut self) -> Option<()> {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            self.at += 1;
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => {}
                b'"' => self.string::<ESCAPE>()?,
                b',' => {
                    self.made.extend_from_slice(b", ");
                    self.key_is_next = matches!(self.open.last(), Some(Some(_)));
                }
                b':' => self.made.extend_from_slice(b": "),
                b'{' | b'[' => self.begin(byte)?,
                b'}' | b']' => {
                    self.made.push(byte);
                    self.key_is_next = false;
                    if let Some(first) = self.open.pop()? {
                        self.keys.truncate(first);
                    }
                }
                b't' | b'f' | b'n' => self.word()?,
                b'-' | b'0'..=b'9' => self.number()?,
                _ => return None, // NaN, Infinity
            }
        }
        Some(())
    }

    fn begin(&mut self, bracket: u8) -> Option<()> {
        self.made.push(bracket);
        self.key_is_next = bracket == b'{';
        self.open.push(self.key_is_next.then_some(self.keys.len()));
        (self.open.len() <= DEEPEST).then_some(())
    }

    fn word(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at - 1..];
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()))?;
        self.made.extend_from_slice(word.as_bytes());
        self.at += word.len() - 1;
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at - 1;
        let rest = &self.text.as_bytes()[self.at..];
        let len = rest.iter().take_while(|c| matches!(c, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).count();
        self.at += len;
        let number = &self.text[start..self.at];
        if number.contains(['.', 'e', 'E']) {
            let value = number.parse::<f64>().ok().filter(|value| value.is_finite())?;
            write_float(&mut self.made, value);
        } else if number == "-0" {
            self.made.push(b'0');
        } else if number.len() <= LONGEST_INTEGER {
            self.made.extend_from_slice(number.as_bytes());
        } else {
            return None;
        }
        Some(())
    }

    /// The rest of a string, or of a key.
    fn string<const ESCAPE: u8>(&mut self) -> Option<()> {
        let start = self.made.len();
        self.made.push(b'"');
        loop {
            let rest = &self.text[self.at..];
            let run = &rest[..clean_run(rest.as_bytes())];
            self.at += run.len() + 1;
            if ESCAPE == UTF8 || run.bytes().all(|byte| byte < 0x7f) {
                self.made.extend_from_slice(run.as_bytes());
            } else {
                run.chars().for_each(|c| self.point::<ESCAPE>(c.into()));
            }
            match rest.as_bytes().get(run.len())? {
                b'"' => break,
                b'\\' => self.escape::<ESCAPE>()?,
                _ => return None,
            }
        }
        self.made.push(b'"');
        if std::mem::take(&mut self.key_is_next) { self.key(start) } else { Some(()) }
    }

    /// Notes a key; None for one that was there before: Python keeps the last value in the place of the first.
    fn key(&mut self, start: usize) -> Option<()> {
        let key = &self.made[start..];
        let before = &self.keys[(*self.open.last()?)?..];
        if before.len() >= MOST_KEYS || before.iter().any(|&(from, to)| &self.made[from..to] == key) {
            return None;
        }
        self.keys.push((start, self.made.len()));
        Some(())
    }

    fn escape<const ESCAPE: u8>(&mut self) -> Option<()> {
        let letter = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        let point = match letter {
            b'"' | b'\\' | b'/' => letter.into(),
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'u' => self.unicode()?,
            _ => return None,
        };
        // A lone surrogate has no UTF-8.
        if ESCAPE == UTF8 && char::from_u32(point).is_none() {
            return None;
        }
        self.point::<ESCAPE>(point);
        Some(())
    }

    /// The code point of `\uXXXX`, of two where they are the halves of one.
    fn unicode(&mut self) -> Option<u32> {
        let high = self.unit()?;
        if !(0xd800..0xdc00).contains(&high) || !self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            return Some(high);
        }
        let after_high = self.at;
        self.at += 2;
        let low = self.unit()?;
        if (0xdc00..0xe000).contains(&low) {
            return Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        }
        self.at = after_high;
        Some(high)
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn point<const ESCAPE: u8>(&mut self, point: u32) {
        let (text, len) = escape_point::<ESCAPE>(point);
        self.made.extend_from_slice(&text[..len]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascii(text: &str) -> Option<String> {
        let mut out = Vec::new();
        reformat_json_as_ascii(&mut out, text).then(|| String::from_utf8(out).unwrap())
    }

    fn utf8(text: &str) -> Option<String> {
        let mut out = Vec::new();
        reformat_json(&mut out, text).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn tokens() {
        let written = r#"{"a": [1, -2.5, 100000.0, true, null, {}], "b": "x", "c": [[], [""]]}"#;
        let text = "{\"a\":[1,-2.50,1e5 ,true\n,null,{ }],\t\"b\":\"x\",\r\"c\":[[],[\"\"]]}";
        assert_eq!(ascii(text).unwrap(), written);
        assert_eq!(utf8(text).unwrap(), written);
        assert_eq!(ascii("-0").unwrap(), "0");
        assert_eq!(ascii("-0.0").unwrap(), "-0.0");
        assert_eq!(ascii("1E-7").unwrap(), "1e-07");
        assert_eq!(ascii(&"9".repeat(600)).unwrap().len(), 600);
    }

    #[test]
    fn strings() {
        let text = r#""\u00e9é\/\b\f\n\r\t\"\\\u0001\u007f\ud83d\ude00😀\u2028""#;
        let written = r#""\u00e9\u00e9/\b\f\n\r\t\"\\\u0001\u007f\ud83d\ude00\ud83d\ude00\u2028""#;
        assert_eq!(ascii(text).unwrap(), written);
        assert_eq!(utf8(text).unwrap(), "\"éé/\\b\\f\\n\\r\\t\\\"\\\\\\u0001\u{7f}😀😀\u{2028}\"");
        assert_eq!(ascii(r#""\ud800 \udc00\ud800\u0041""#).unwrap(), r#""\ud800 \udc00\ud800A""#);
        assert_eq!(utf8(r#""\ud800""#), None);
    }

    #[test]
    fn what_python_must_decide() {
        for text in [r#"{"a":1,"\u0061":2}"#, "1e400", "NaN", "[Infinity]", "[-Infinity]", "]"] {
            assert_eq!(ascii(text), None, "{text}");
        }
        assert!(ascii(r#"{"a":{"a":1},"b":[{"a":2}]}"#).is_some());
        assert_eq!(ascii(&"1".repeat(5000)), None);
        assert_eq!(ascii(&"[".repeat(1000)), None);
        let keys: Vec<String> = (0..65).map(|n| format!("\"{n}\":{n}")).collect();
        assert_eq!(ascii(&format!("{{{}}}", keys.join(","))), None);
        assert!(ascii(&format!("{{{}}}", keys[1..].join(","))).is_some());
    }

    #[test]
    fn values_stay_as_serde_json_reads_them() {
        let text =
            r#"{"id":17,"name":"caf\u00e9 \"x\"","list":[1.5,-3,0.1e1,[true,false,null]],"deep":{"a":{"b":"é"}}}"#;
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&ascii(text).unwrap()), value(text));
        assert_eq!(value(&utf8(text).unwrap()), value(text));
    }
}
