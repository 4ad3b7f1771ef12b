//! What one query costs inside one native call: its rows, the time of its fetches, and its fallbacks by column.

use std::time::Instant;

use pyo3::prelude::*;

use super::meter::Meter;

/// The costs of one query. Times are zero where no collector listens.
#[derive(Default)]
pub struct QueryReading {
    /// Rows that were fetched.
    rows: u64,
    /// Nanoseconds until the database had given them.
    database_ns: u64,
    /// Values of native columns that were not in the strict format.
    fallbacks: u64,
    /// For each column that Python code converted values of: its index, how many, and nanoseconds.
    columns: Vec<(usize, u64, u64)>,
}

impl<'py> Meter<'py> {
    /// Fetches the next rows of a query: a call to Python code, whose time is the database's.
    pub fn fetch<T>(&mut self, reading: &mut QueryReading, fetch: impl FnOnce() -> T) -> T {
        let (rows, ns) = self.timed_call(fetch);
        reading.database_ns += ns;
        rows
    }

    /// Has Python code convert a value of a column. `is_native`: because of the value, not because of the column.
    pub fn fall_back<T>(
        &mut self,
        reading: &mut QueryReading,
        column: usize,
        is_native: bool,
        convert: impl FnOnce() -> T,
    ) -> T {
        let (value, ns) = self.timed_call(convert);
        if self.is_listening() {
            reading.fallbacks += u64::from(is_native);
            match reading.columns.iter_mut().find(|(index, ..)| *index == column) {
                Some((_, number, sum)) => (*number, *sum) = (*number + 1, *sum + ns),
                None => reading.columns.push((column, 1, ns)),
            }
        }
        value
    }

    /// Calls Python code and gives the nanoseconds that it took; 0 where no collector listens.
    fn timed_call<T>(&mut self, call: impl FnOnce() -> T) -> (T, u64) {
        if !self.is_listening() {
            return (self.call_out(call), 0);
        }
        self.call_out(|| {
            let started = Instant::now();
            let result = call();
            (result, started.elapsed().as_nanos() as u64)
        })
    }

    /// Hands over what a query has cost in this call: the sums to the collectors, and one record to `report`, where a
    /// collector wants details. The record is `(rows, database_ns, [(column, count, ns), ...])`.
    pub fn report_reading(&mut self, py: Python<'py>, reading: QueryReading, report: Option<&Py<PyAny>>) {
        if !self.is_listening() {
            return;
        }
        self.add_reading(reading.database_ns, reading.fallbacks);
        let Some(report) = report.filter(|_| self.wants_details()) else { return };
        if let Err(error) = report.call1(py, (reading.rows, reading.database_ns, reading.columns)) {
            // Only a bug in the metering itself raises here, and it must not replace the response.
            error.write_unraisable(py, None);
        }
    }
}

impl QueryReading {
    /// Whether there were any rows.
    pub fn has_rows(&self) -> bool {
        self.rows > 0
    }

    /// Counts rows that were fetched.
    pub fn add_rows(&mut self, rows: usize) {
        self.rows += rows as u64;
    }
}
