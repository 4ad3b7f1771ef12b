//! A part of a stream: some rows of a query, nested or not, or some values of an iterator, each written whole or not at all.

use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator};

use super::any_value::Walk;
use super::relations::NestedRows;
use super::rows::{QueryRows, RowFraming};
use crate::json::writer::Out;
use crate::kinds::Form;

/// The bytes of whole rows, their number, and what stopped the row after them.
pub type RowChunk<'py> = (Bound<'py, PyBytes>, usize, Option<PyErr>);

/// Where a chunk of values ends before its number is reached: somebody waits for what there is.
const LONGEST: Duration = Duration::from_millis(100);
/// The same for its size.
const LARGEST: usize = 1 << 18;

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes what one call of a `QueryRows` or a `NestedRows` fetches, or up to `limit` values of an iterator; nothing at the end of either.
    ///
    /// `start` rows were written before: they count in the path of an error, and something stands between them and these.
    pub fn write_chunk(
        &mut self,
        source: &Bound<'py, PyAny>,
        start: usize,
        limit: usize,
        items: &RowFraming<'_>,
    ) -> RowChunk<'py> {
        self.sink.one_line = items.after.contains(&b'\n');
        let (count, error) = if let Ok(nested) = source.cast_exact::<NestedRows>() {
            self.write_nested_chunk(nested, start, items)
        } else {
            let written = match source.cast_exact::<QueryRows>() {
                Ok(rows) => self.write_row_chunk(rows, start, items),
                Err(_) => self.write_values(source, start, limit, items),
            };
            match written {
                Ok(count) => (count, None),
                Err(count) => (count, Some(self.take_error())),
            }
        };
        // The rows that were written whole go out before the error is raised.
        match self.sink.out.finish(source.py()) {
            Ok(bytes) => (bytes, count, error),
            // Nothing is left of any row.
            Err(error) => (PyBytes::new(source.py(), b""), 0, Some(error)),
        }
    }

    fn write_values(
        &mut self,
        source: &Bound<'py, PyAny>,
        start: usize,
        limit: usize,
        items: &RowFraming<'_>,
    ) -> Result<usize, usize> {
        let mut values = match source.cast::<PyIterator>() {
            Ok(values) => values.clone(),
            Err(error) => {
                self.fail_walk(PyErr::from(error));
                return Err(0);
            }
        };
        let (begun, mut count) = (Instant::now(), 0);
        while count < limit && self.sink.out.len() < LARGEST && begun.elapsed() < LONGEST {
            // One at a time: a generator may give the same object again, with other content.
            let Some(value) = self.meter.call_out(|| values.next()) else { break };
            let before = self.sink.out.len();
            if start + count > 0 {
                self.sink.out.extend(items.between);
            }
            let written = match value {
                Ok(value) => self.write_whole_value(value),
                Err(error) => self.fail_walk(error),
            };
            if !written {
                self.sink.out.truncate(before);
                self.place.insert_str(0, &format!("[{}]", start + count));
                return Err(count);
            }
            self.sink.out.extend(items.after);
            count += 1;
        }
        Ok(count)
    }
}
