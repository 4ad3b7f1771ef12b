//! `DecimalValidator`: digits in all, behind the point, before it.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::{Imports, is_exact};

/// See the head of this file.
pub struct Digits {
    max_digits: Option<usize>,
    decimal_places: Option<usize>,
}

impl Check for Digits {
    /// `(max_digits, decimal_places)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (max_digits, decimal_places) = parameters.extract()?;
        Ok(Self { max_digits, decimal_places })
    }

    /// Reads `str(value)`, a third of the price of `as_tuple()`; a text with an exponent is a fallback.
    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
        if !is_exact(value, &imports.decimal) {
            return Outcome::Fallback;
        }
        let Ok(text) = value.str() else { return Outcome::Fallback };
        match ascii(text.as_any()).and_then(count) {
            // `holds` compares as `DecimalValidator.__call__`: all digits, decimals, then digits before the point.
            Some((digits, decimals)) => Outcome::certain(self.holds(digits, decimals)),
            None => Outcome::Fallback,
        }
    }
}

impl Digits {
    fn holds(&self, digits: usize, decimals: usize) -> bool {
        let within = |number, limit: Option<usize>| limit.is_none_or(|limit| number <= limit);
        let whole_fits = match (self.max_digits, self.decimal_places) {
            (Some(all), Some(places)) => digits - decimals + places <= all,
            _ => true,
        };
        within(digits, self.max_digits) && within(decimals, self.decimal_places) && whole_fits
    }
}

/// The digits and decimals of `-12.340`, as `DecimalValidator` counts them: the zero of `0.5` is none, that of `0` is one.
fn count(text: &[u8]) -> Option<(usize, usize)> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    if !text.iter().all(|c| c.is_ascii_digit() || *c == b'.') {
        return None;
    }
    let point = text.iter().position(|&c| c == b'.').unwrap_or(text.len());
    let decimals = text.len().saturating_sub(point + 1);
    // `str()` of a Decimal has no other zero in front.
    let whole = if text.starts_with(b"0") { 0 } else { point };
    Some(((whole + decimals).max(1), decimals))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn digits_are_counted_as_django_counts_them() {
        for (text, expected) in [
            ("0", (1, 0)),
            ("0.0", (1, 1)),
            ("0.00", (2, 2)),
            ("0.05", (2, 2)),
            ("12.340", (5, 3)),
            ("-12", (2, 0)),
            ("100", (3, 0)),
            ("0.100", (3, 3)),
        ] {
            assert_eq!(count(text.as_bytes()), Some(expected), "{text}");
        }
        for text in ["1E+2", "NaN", "-Infinity", "sNaN12"] {
            assert_eq!(count(text.as_bytes()), None, "{text}");
        }
    }
}
