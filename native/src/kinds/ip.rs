//! IP addresses: text in every database and on every instance; validation is another matter.

use std::net::Ipv6Addr;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::text::Text;
use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, ToPython};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct Ip;

impl JsonKind for Ip {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        Text::write(value, imports, sink)
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        Text::admits(value, imports)
    }
}

impl ToPython for Ip {
    /// An IPv4 address stays what it is; an IPv6 one takes its canonical form (RFC 5952). What has an IPv4 address inside,
    /// or five zero groups before it, is written differently by different versions of Python: a fallback.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        let Some(text) = ascii(value) else { return CleanOutcome::Fallback };
        // `clean_ipv6_address` is called only for a text with a colon (django/db/models/fields/__init__.py).
        if !text.contains(&b':') {
            let bare = text.iter().all(|c| c.is_ascii_graphic());
            return if bare { CleanOutcome::Accepted } else { CleanOutcome::Fallback };
        }
        match parse_ipv6(text).map(|address| address.to_string()) {
            Some(canonical) if canonical.as_bytes() == text => CleanOutcome::Accepted,
            Some(canonical) => CleanOutcome::Changed(PyString::new(value.py(), &canonical).into_any()),
            None => CleanOutcome::Fallback,
        }
    }
}

/// An IPv6 address of hexadecimal groups alone whose first five are not all zero.
pub fn parse_ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    if text.len() > 39 || text.contains(&b'.') {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    address.segments()[..5].iter().any(|&group| group != 0).then_some(address)
}
