//! `validate_ipv4_address`, `validate_ipv6_address`, `validate_ipv46_address`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::Imports;
use crate::kinds::parse_ipv6;

/// See the head of this file.
pub struct IpAddress {
    v4: bool,
    v6: bool,
}

impl Check for IpAddress {
    /// `(allows_ipv4, allows_ipv6)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (v4, v6) = parameters.extract()?;
        Ok(Self { v4, v6 })
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        let valid = |text: &[u8]| (self.v4 && is_ipv4(text)) || (self.v6 && parse_ipv6(text).is_some());
        Outcome::or_fallback(ascii(value).is_some_and(valid))
    }
}

/// Four decimal numbers up to 255 without leading zeros, as `ipaddress.IPv4Address` reads them.
pub fn is_ipv4(text: &[u8]) -> bool {
    let is_octet = |octet: &[u8]| match octet {
        [digit] => digit.is_ascii_digit(),
        // Leading zeros are octal to some readers: `ipaddress` refuses them since Python 3.9.5 (CVE-2021-29921).
        [b'1'..=b'9', rest @ ..] if rest.len() <= 2 && rest.iter().all(u8::is_ascii_digit) => {
            octet.len() < 3 || octet <= &b"255"[..]
        }
        _ => false,
    };
    text.split(|&c| c == b'.').count() == 4 && text.split(|&c| c == b'.').all(is_octet)
}
