//! Numbers, RFC 8259 section 6, in the format of Python's `repr`.

use super::writer::Out;

/// The two digits of each number below 100.
pub static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// Writes an integer in decimal digits.
#[inline]
pub fn write_integer(out: &mut impl Out, value: i64) {
    out.extend_integer(value);
}

/// Writes the digits of a number of up to 63 bits, without a sign.
#[inline]
pub fn write_digits(out: &mut impl Out, value: u64) {
    debug_assert!(i64::try_from(value).is_ok());
    out.extend_integer(value as i64);
}

/// The first number of nine digits.
pub const EIGHT_DIGITS: u64 = 100_000_000;

/// The digits of each number below 1,000, and in the last byte how many they are: 4 KB that stay in the cache.
static THREE_DIGITS: [u32; 1000] = {
    let mut table = [0; 1000];
    let mut number = 0;
    while number < 1000 {
        let (a, b, c) = (number / 100 + 48, number / 10 % 10 + 48, number % 10 + 48);
        table[number as usize] = match number {
            0..10 => c | 1 << 24,
            10..100 => b | c << 8 | 2 << 24,
            _ => a | b << 8 | c << 16 | 3 << 24,
        };
        number += 1;
    }
    table
};

/// The digits of a number below 1,000 as a little-endian word with rubbish in its last byte, and how many they are.
#[inline(always)]
pub fn three_digits(value: u64) -> Option<(u32, usize)> {
    if value >= 1000 {
        return None;
    }
    let word = THREE_DIGITS[value as usize];
    Some((word, (word >> 24) as usize))
}

/// The digits of a number below 10^8 as a little-endian word, and how many they are: all at once, by multiplication.
#[inline(always)]
pub fn short_digits(value: u32) -> (u64, usize) {
    let value = u64::from(value);
    let high = (value * 109_951_163) >> 40; // value / 10_000
    let halves = high | (value - high * 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f; // / 100 in each half
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | (pairs - tens * 10) << 8;
    let leading = (digits | 1 << 56).trailing_zeros() & !7;
    ((digits | 0x3030_3030_3030_3030) >> leading, 8 - (leading >> 3) as usize)
}

/// Fills a slice from its end with the digits of a number; zeros stand before them.
#[inline]
pub fn fill_digits(text: &mut [u8], mut value: u64) {
    let mut pairs = text.rchunks_exact_mut(2);
    for pair in &mut pairs {
        pair.copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    if let [digit] = pairs.into_remainder() {
        *digit = b'0' + (value % 10) as u8;
    }
}

/// Writes a finite float as `float.__repr__` does: the shortest digits that read back as the same float.
#[inline]
pub fn write_float(out: &mut impl Out, value: f64) {
    // zmij writes 1e-05 as 0.00001; everywhere else it agrees with repr (the test below sweeps both).
    if value.abs() >= 1e-4 || value == 0.0 {
        out.extend_float(value);
    } else {
        write_tiny(out, zmij::Buffer::new().format_finite(value));
    }
}

/// Rewrites `-0.0000123` as `-1.23e-05`, and `1e-9` as `1e-09`.
#[cold]
fn write_tiny(out: &mut impl Out, text: &str) {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    out.extend(sign.as_bytes());
    let exponent = if let Some((mantissa, exponent)) = text.split_once("e-") {
        out.extend(mantissa.as_bytes());
        exponent.parse().unwrap_or(0_usize)
    } else {
        let digits = text.trim_start_matches(['0', '.']);
        let (first, rest) = digits.split_at(1);
        out.extend(first.as_bytes());
        if !rest.is_empty() {
            out.push(b'.');
            out.extend(rest.as_bytes());
        }
        text.len() - digits.len() - 1 // what was cut: "0." and the zeros
    };
    out.extend(if exponent < 10 { b"e-0" } else { b"e-" });
    write_digits(out, exponent as u64);
}

/// The digits of a number with `places` of them behind the point, where they are those that
/// `Context(prec=15).create_decimal_from_float(value).quantize(...)` gives; None on any doubt.
///
/// A number of at most 15 digits that reads back as the same float is the only one of its length that does. What needs
/// rounding, more digits than the column has, an exponent, or the sign of a zero, is for Python.
pub fn scale(value: f64, (digits, places): (u32, u32)) -> Option<i64> {
    const EXACT: f64 = 1e15;
    if places > 15 {
        return None;
    }
    let power = 10_f64.powi(places as i32);
    let scaled = (value * power).round();
    // `Decimal("-0.00")` keeps its sign, an integer cannot.
    let negative_zero = scaled == 0.0 && value.is_sign_negative();
    if scaled.abs() >= EXACT || scaled / power != value || negative_zero {
        return None;
    }
    let scaled = scaled as i64;
    let length = scaled.unsigned_abs().checked_ilog10().unwrap_or(0) + 1;
    // str(Decimal) has an exponent below 1e-06.
    (length <= digits && length + 6 > places).then_some(scaled)
}

/// `"12.34"` of 1234 and 2 places, at most 15 of them, quotes included.
pub fn write_scaled(out: &mut impl Out, scaled: i64, places: u32) {
    let power = 10_u64.pow(places);
    let (whole, fraction) = (scaled.unsigned_abs() / power, scaled.unsigned_abs() % power);
    out.extend(if scaled < 0 { b"\"-" } else { b"\"" });
    write_digits(out, whole);
    if places > 0 {
        out.push(b'.');
        out.fill(places as usize, |text| fill_digits(text, fraction));
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyo3::prelude::*;

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_spelled_as_python_spells_them() {
        Python::attach(|py| {
            let repr = |value: f64| value.into_pyobject(py).unwrap().repr().unwrap().to_string();
            let mut state = 0x9e37_79b9_7f4a_7c15_u64;
            let mut random = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            for exponent in -330..310 {
                for digits in ["1", "1.5", "9.999999999999999", "-1.2345678901234567", "-7"] {
                    let value: f64 = format!("{digits}e{exponent}").parse().unwrap();
                    if value.is_finite() {
                        assert_eq!(written(value), repr(value));
                    }
                }
            }
            for _ in 0..200_000 {
                let value = f64::from_bits(random());
                if value.is_finite() {
                    assert_eq!(written(value), repr(value));
                }
                let small = (random() % 2_000_000) as f64 / 1e9;
                assert_eq!(written(small), repr(small));
            }
            for value in [0.0, -0.0, 5e-324, f64::MAX, 1e16, 1e22, 9999999999999998.0, 1.0 / 3.0, 1e-4, 1e-5] {
                assert_eq!(written(value), repr(value));
            }
        });
    }
}
