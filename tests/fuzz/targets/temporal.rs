//! Dates, times, datetimes and durations as databases store them, beside `datetime` and `DjangoJSONEncoder`.
#![no_main]

use _native::json::temporal::{self, DateFormat, Offset};
use _native::json::temporal_reader;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (bytes, mut written) = (text.as_bytes(), Vec::new());
    let mut check = |name: &str, write: &mut dyn FnMut(&mut Vec<u8>)| {
        written.clear();
        write(&mut written);
        Python::attach(|py| oracle::check(py, name, (text, PyBytes::new(py, &written))));
    };
    if let Some(date) = temporal_reader::parse_date(bytes) {
        check("check_date", &mut |out| temporal::write_date(out, date));
    }
    if let Some(time) = temporal_reader::parse_time(bytes) {
        check("check_time", &mut |out| temporal::write_time(out, time, DateFormat::Django));
    }
    if let Some((date, time, offset)) = temporal_reader::parse_datetime(bytes) {
        check("check_datetime", &mut |out| temporal::write_datetime(out, date, time, offset, DateFormat::Django));
        let Offset::Micros(micros) = offset else { return };
        check("check_offset", &mut |out| temporal::write_duration(out, i128::from(micros)));
    }
    if let Some((days, time)) = temporal_reader::parse_duration(bytes) {
        let seconds = i128::from(days) * 86_400
            + i128::from(time.hour) * 3600
            + i128::from(time.minute) * 60
            + i128::from(time.second);
        check("check_duration", &mut |out| {
            temporal::write_duration(out, seconds * 1_000_000 + i128::from(time.microsecond))
        });
    }
});
