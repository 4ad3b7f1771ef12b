//! `datetime.datetime`: naive, UTC, or with an offset that C code computes. Any other `tzinfo` is Django's.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString, PyTzInfo, PyTzInfoAccess};

use super::date::date_of;
use super::duration::micros_of;
use super::time::time_of;
use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, StoredForm, StoredZone, ToPython};
use crate::ffi::ascii;
use crate::imports::{Imports, is_exact, is_instance};
use crate::json::temporal::Offset;
use crate::json::temporal_reader::parse_datetime;

/// See the head of this file.
pub struct DateTime;

impl JsonKind for DateTime {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast_exact::<PyDateTime>() else {
            return Outcome::Fallback;
        };
        let offset = match value.get_tzinfo() {
            None => Some(Offset::None),
            Some(zone) if zone.as_ptr() == imports.utc.as_ptr() => Some(Offset::Micros(0)),
            Some(zone) => offset_of(value, &zone, imports),
        };
        match offset {
            Some(offset) => sink.write_datetime(value.py(), date_of(value), time_of(value), offset),
            None => Outcome::Fallback,
        }
    }

    /// SQLite's text, or the naive object its driver makes of it, in the zone that the column is stored in; PostgreSQL's
    /// text with an offset.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, stored: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Some(text) = ascii(value) else {
            return Self::read_object(value, stored, imports, sink);
        };
        let Some((date, time, offset)) = parse_datetime(text) else {
            return Outcome::Fallback;
        };
        let offset = match (stored.zone, offset) {
            (StoredZone::Naive, Offset::None) | (StoredZone::Stripped, _) => Offset::None,
            (StoredZone::Utc, Offset::None) => Offset::Micros(0),
            (StoredZone::Naive, _) | (_, Offset::None) => return Outcome::Fallback,
            (_, offset) => offset,
        };
        sink.write_datetime(value.py(), date, time, offset)
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        is_instance(value, &imports.datetime)
    }
}

impl ToPython for DateTime {
    /// `datetime.fromisoformat`, which `parse_datetime` tries first; a date is warned of by Django.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyDateTime>() {
            CleanOutcome::Accepted
        } else if value.is_exact_instance_of::<PyString>() {
            let class = imports.datetime.bind(value.py());
            CleanOutcome::or_fallback(class.call_method1(intern!(value.py(), "fromisoformat"), (value,)))
        } else {
            CleanOutcome::Fallback
        }
    }
}

impl DateTime {
    fn read_object<F: Form>(
        value: &Bound<'_, PyAny>,
        stored: &StoredForm,
        imports: &Imports,
        sink: &mut Sink<F>,
    ) -> Outcome {
        match value.cast_exact::<PyDateTime>() {
            Ok(naive) if naive.get_tzinfo().is_none() => {
                let offset = match stored.zone {
                    StoredZone::Naive | StoredZone::Stripped => Offset::None,
                    StoredZone::Utc => Offset::Micros(0),
                    StoredZone::Written => return Outcome::Fallback,
                };
                sink.write_datetime(naive.py(), date_of(naive), time_of(naive), offset)
            }
            _ => Self::write(value, imports, sink),
        }
    }
}

/// The offset, from the two classes of the standard library that run no Python code; None on any doubt.
fn offset_of(value: &Bound<'_, PyDateTime>, zone: &Bound<'_, PyTzInfo>, imports: &Imports) -> Option<Offset> {
    // A `tzinfo` of Python code could change the value or the container that is being written.
    if !is_exact(zone, &imports.timezone) && !is_exact(zone, &imports.zoneinfo) {
        return None;
    }
    let offset = value.call_method0(intern!(value.py(), "utcoffset")).ok()?;
    if offset.is_none() {
        return Some(Offset::None);
    }
    i64::try_from(micros_of(offset.cast_exact().ok()?)).ok().map(Offset::Micros)
}
