//! `EmailValidator`: an ASCII dot-atom before the `@` and a domain behind it; quoted parts and literal
//! addresses are a fallback.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::domain::is_domain;
use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct Email {
    /// Domains that pass as they are.
    allowlist: Vec<String>,
}

impl Check for Email {
    /// `(domain_allowlist,)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (allowlist,) = parameters.extract()?;
        Ok(Self { allowlist })
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        let Some(text) = ascii(value) else { return Outcome::Fallback };
        match text.iter().rposition(|&c| c == b'@') {
            // 320: 64 for the user, 255 for the domain and the `@` (RFC 3696 3), as in `EmailValidator.__call__`.
            Some(at) => Outcome::or_fallback(text.len() <= 320 && self.is_valid(&text[..at], &text[at + 1..])),
            // `if not value or "@" not in value` is the validator's first line.
            None => Outcome::Rejected,
        }
    }
}

impl Email {
    fn is_valid(&self, user: &[u8], domain: &[u8]) -> bool {
        let is_valid_atom = |atom: &[u8]| !atom.is_empty() && atom.iter().all(|&c| is_atom(c));
        user.split(|&c| c == b'.').all(is_valid_atom)
            && (is_domain(domain) || self.allowlist.iter().any(|allowed| allowed.as_bytes() == domain))
    }
}

fn is_atom(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-!#$%&'*+/=?^_`{}|~".contains(&c)
}
