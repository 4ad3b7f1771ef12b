//! `DomainNameValidator`: the ASCII part of its pattern. The validators of e-mail addresses and URLs use the same.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct Domain {
    /// Whether letters beyond ASCII are allowed; the last label may have no digits then.
    accept_idna: bool,
}

impl Check for Domain {
    /// `(accept_idna,)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (accept_idna,) = parameters.extract()?;
        Ok(Self { accept_idna })
    }

    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        let valid = |text: &[u8]| {
            let bare = text.strip_suffix(b".").unwrap_or(text);
            text.len() <= 255
                && match self.accept_idna {
                    true => is_domain(bare),
                    false => {
                        split_last(bare).is_some_and(|(host, last)| is_host(host) && is_label(last) && last.len() > 1)
                    }
                }
        };
        Outcome::or_fallback(ascii(value).is_some_and(valid))
    }
}

/// `hostname_re + domain_re + tld_no_fqdn_re`: two labels or more, the last of letters and hyphens, or `xn--` and more.
pub fn is_domain(text: &[u8]) -> bool {
    split_last(text).is_some_and(|(host, last)| is_host(host) && is_top_level(last))
}

fn split_last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = text.iter().rposition(|&c| c == b'.')?;
    Some((&text[..dot], &text[dot + 1..]))
}

/// Labels with dots between them; a hyphen may stand inside a label alone.
fn is_host(text: &[u8]) -> bool {
    text.split(|&c| c == b'.').all(is_label)
}

fn is_label(label: &[u8]) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with(b"-")
        && !label.ends_with(b"-")
        && label.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-')
}

fn is_top_level(label: &[u8]) -> bool {
    let prefixed = label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    is_label(label)
        && label.len() >= 2
        && (label.iter().all(|c| c.is_ascii_alphabetic() || *c == b'-')
            || (prefixed && label[4..].iter().all(u8::is_ascii_alphanumeric)))
}
