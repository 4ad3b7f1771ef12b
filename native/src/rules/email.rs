//! `EmailValidator`: an ASCII dot-atom before the `@` and a domain behind it; quoted parts and literal addresses are
//! Django's to judge.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::domain::is_domain;
use super::{Answer, Judge};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct Email {
    /// Domains that pass as they are.
    allowlist: Vec<String>,
}

impl Judge for Email {
    /// `(domain_allowlist,)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (allowlist,) = parameters.extract()?;
        Ok(Self { allowlist })
    }

    #[inline]
    fn judge(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Answer {
        Answer::or_not_mine(ascii(value).is_some_and(|text| self.is_valid(text)))
    }
}

impl Email {
    fn is_valid(&self, text: &[u8]) -> bool {
        let Some(at) = text.iter().rposition(|&c| c == b'@') else { return false };
        let (user, domain) = (&text[..at], &text[at + 1..]);
        text.len() <= 320
            && user.split(|&c| c == b'.').all(|atom| !atom.is_empty() && atom.iter().all(|&c| is_atom(c)))
            && (is_domain(domain) || self.allowlist.iter().any(|allowed| allowed.as_bytes() == domain))
    }
}

fn is_atom(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-!#$%&'*+/=?^_`{}|~".contains(&c)
}
