//! The rules: the tests of Django's validators, for values of exact built-in types. One file each, listed in one table.
//!
//! A rule accepts a value only where Django's validator certainly accepts it. Everything else is a fallback: Django
//! validates the value, and makes the error. To add a rule: its file here, its row in `rules!`, its row in `pyforge_web/rules.py` and in the tests' table.

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::imports::Imports;
pub use crate::outcome::Outcome;

/// One rule: a struct in the file of its name, built of the parameters of Django's validator.
pub trait Check: Sized {
    /// Reads the parameters, as the row in `pyforge_web/rules.py` gives them.
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self>;

    /// Checks a value that is not empty.
    fn check(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome;

    /// Shows the Python objects it holds to the garbage collector.
    fn traverse(&self, _: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $file:ident),* $(,)?) => {
        $(pub mod $file;)*

        /// A test of a value.
        pub enum Rule { $($(#[$doc])* $rule($file::$rule),)* }

        impl Rule {
            /// The rule of a name, which is that of its file; None where there is none.
            pub fn build(name: &str, parameters: &Bound<'_, PyTuple>) -> PyResult<Option<Self>> {
                match name {
                    $(stringify!($file) => Ok(Some(Self::$rule($file::$rule::build(parameters)?))),)*
                    _ => Ok(None),
                }
            }

            /// Checks a value that is not empty.
            #[inline(always)]
            pub fn check(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
                match self { $(Self::$rule(rule) => rule.check(value, imports),)* }
            }

            /// Shows the Python objects it holds to the garbage collector.
            pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
                match self { $(Self::$rule(rule) => rule.traverse(visit),)* }
            }
        }
    };
}

rules! {
    /// `MinLengthValidator`, `MaxLengthValidator`
    Length = length,
    /// `MinValueValidator`, `MaxValueValidator`
    Limit = limit,
    /// `DecimalValidator`
    Digits = digits,
    /// `StepValueValidator`
    Step = step,
    /// `RegexValidator`
    Pattern = pattern,
    /// `validate_slug`, `validate_unicode_slug`
    Slug = slug,
    /// `EmailValidator`
    Email = email,
    /// `URLValidator`
    Url = url,
    /// `DomainNameValidator`
    Domain = domain,
    /// `validate_ipv4_address` and its like
    IpAddress = ip,
    /// `validate_comma_separated_integer_list`
    Integers = integers,
    /// `ProhibitNullCharactersValidator`
    NoNull = no_null,
    /// `FileExtensionValidator`
    Extension = extension,
}

pub mod choices;
