//! Numbers, RFC 8259 section 6, spelled as Python spells them.

use super::writer::Out;

/// Writes an integer of any of Rust's widths in decimal digits.
#[inline]
pub fn write_integer(out: &mut impl Out, value: impl itoa::Integer) {
    out.extend(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes a finite float as `float.__repr__` does: the shortest digits that read back as the same float.
#[inline]
pub fn write_float(out: &mut impl Out, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    // zmij spells 1e-05 as 0.00001; everywhere else it agrees with repr (the test below sweeps both).
    if value.abs() >= 1e-4 || value == 0.0 {
        out.extend(text.as_bytes());
    } else {
        write_tiny(out, text);
    }
}

/// Respells `-0.0000123` (or a text that already has its exponent) as Python does: `-1.23e-05`.
#[cold]
fn write_tiny(out: &mut impl Out, text: &str) {
    let Some((sign, fraction)) = text.split_once("0.").filter(|_| !text.contains('e')) else {
        return out.extend(text.as_bytes());
    };
    let digits = fraction.trim_start_matches('0').as_bytes();
    let exponent = fraction.len() - digits.len() + 1;
    out.extend(sign.as_bytes());
    out.extend(&digits[..1]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend(&digits[1..]);
    }
    out.extend(b"e-0"); // zmij writes a fraction down to 1e-05 only: one digit
    write_integer(out, exponent);
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
