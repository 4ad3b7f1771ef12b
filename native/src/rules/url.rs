//! `URLValidator`: ASCII, without user, password and IPv6 address; all others are a fallback.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::domain::is_domain;
use super::ip::is_ipv4;
use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct Url {
    schemes: Vec<String>,
}

impl Check for Url {
    /// `(schemes,)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (schemes,) = parameters.extract()?;
        Ok(Self { schemes })
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        Outcome::or_fallback(ascii(value).is_some_and(|text| self.is_valid(text)))
    }
}

impl Url {
    fn is_valid(&self, text: &[u8]) -> bool {
        let Some(colon) = text.windows(3).position(|three| three == b"://") else { return false };
        let (scheme, rest) = (&text[..colon], &text[colon + 3..]);
        let end = rest.iter().position(|c| matches!(c, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(end);
        // `urlsplit` drops tabs and line ends, and with them takes another host than the pattern.
        text.len() <= 2048
            && self.allows(scheme)
            && is_authority(authority)
            && resource.iter().all(u8::is_ascii_graphic)
    }

    /// Schemes that `urlsplit` reads as such, too.
    fn allows(&self, scheme: &[u8]) -> bool {
        scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
            && self.schemes.iter().any(|allowed| scheme.to_ascii_lowercase() == allowed.as_bytes())
    }
}

/// A host, a colon and up to five digits where they are given.
fn is_authority(text: &[u8]) -> bool {
    let colon = text.iter().position(|&c| c == b':');
    let (host, port) = text.split_at(colon.unwrap_or(text.len()));
    let port_fits = match port {
        [] => true,
        [_, digits @ ..] => (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
    };
    // 253 characters: the longest domain name (RFC 1034 3.1), as in `URLValidator.__call__`.
    port_fits && host.len() <= 253 && is_host(host)
}

fn is_host(host: &[u8]) -> bool {
    is_domain(host.strip_suffix(b".").unwrap_or(host)) || host.eq_ignore_ascii_case(b"localhost") || is_ipv4(host)
}
