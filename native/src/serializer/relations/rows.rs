//! Rows with objects and lists in them: each relation to many is a query of its own for all rows of a chunk.
//!
//! The deepest rows are written first, each level into a text of its own, from which the level above copies what belongs to
//! its rows. The levels lie on a stack of the heap.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::super::any_value::Walk;
use super::super::rows::RowFraming;
use super::grouping::{RelationText, RowsByParent};
use super::level::{NestedRows, QueryLevel, RelatedRows, RelationLevel, place};
use crate::error::{Error, MAX_DEPTH};
use crate::ffi::list_item;
use crate::json::writer::Out;
use crate::kinds::Form;
use crate::metering::reading::QueryReading;

/// An array and the object of a row.
const DEPTH: usize = 2;

/// Where the writing of a chunk ended.
struct ChunkFailure {
    /// The row of the first level, where it is known.
    row: Option<usize>,
    /// Whether the rows before it are written.
    is_written: bool,
}

/// What a level does next.
enum LevelStep<'py> {
    /// It goes on.
    Same,
    /// The rows of a relation come first.
    Down(Bound<'py, RelatedRows>),
    /// It has no more rows.
    Up,
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes all rows as one array; false when it failed.
    pub(in crate::serializer) fn write_nested_rows(&mut self, nested: &Bound<'py, NestedRows>) -> bool {
        let start = self.sink.out.len();
        let mut levels = vec![QueryLevel { start, ..QueryLevel::new(nested.clone(), None) }];
        self.sink.out.push(b'[');
        let done = self.write_levels(&mut levels).is_ok();
        self.sink.out.push(b']');
        self.close_levels(levels, done)
    }

    /// Writes the rows that one call of `fetch` gives, each of them whole or not at all: how many, none at the end; and
    /// the error of the row after them. `start` rows were written before.
    pub(in crate::serializer) fn write_nested_chunk(
        &mut self,
        nested: &Bound<'py, NestedRows>,
        start: usize,
        items: &RowFraming<'_>,
    ) -> (usize, Option<PyErr>) {
        let mut reading = QueryReading::default();
        let Ok(chunk) = self.fetch_rows(nested, &mut reading) else {
            self.meter.report_reading(nested.py(), reading, nested.get().report.as_ref());
            return (0, Some(self.take_error()));
        };
        let (mut count, mut stopped) = (chunk.len(), None);
        while count > 0 {
            let (part, reading) = (chunk.get_slice(0, count), std::mem::take(&mut reading));
            let Err(failed) = self.write_part(QueryLevel::part(nested.clone(), part, start, items, reading)) else {
                break;
            };
            let error = self.take_error();
            self.place.clear();
            // No row is written before what belongs to all of them: those before the faulty one are, without it.
            // An interrupt must not run the project's converters a second time.
            let again = !failed.is_written && error.is_instance_of::<PyException>(nested.py());
            (count, stopped) = (failed.row.filter(|_| failed.is_written || again).unwrap_or(0), Some(error));
            if !again {
                break;
            }
        }
        if chunk.is_empty() {
            self.meter.report_reading(nested.py(), reading, nested.get().report.as_ref());
        }
        (count, stopped)
    }

    /// Writes a chunk of a stream.
    fn write_part(&mut self, root: QueryLevel<'_, 'py>) -> Result<(), ChunkFailure> {
        let start = root.before;
        let mut levels = vec![root];
        let done = self.write_levels(&mut levels);
        let mut root = levels.remove(0);
        self.meter.rows += root.before + root.row - start;
        self.report_level(&mut root);
        if let Some(below) = levels.first_mut().and_then(|level| level.below.as_mut()) {
            below.above.truncate(root.whole);
        } else if done.is_err() {
            self.sink.out.truncate(root.whole);
        }
        self.close_levels(levels, done.is_ok());
        done
    }

    /// Closes all open levels. The sink has the text of the first level again.
    fn close_levels(&mut self, mut levels: Vec<QueryLevel<'_, 'py>>, mut done: bool) -> bool {
        // From the innermost out: each level holds the text of the one above it.
        while let Some(mut level) = levels.pop() {
            done &= self.close_level(&mut level, done);
            if let Some(below) = level.below {
                self.sink.out = below.above;
            }
        }
        done
    }

    /// Writes the rows of the first level and all that belongs to them.
    fn write_levels(&mut self, levels: &mut Vec<QueryLevel<'_, 'py>>) -> Result<(), ChunkFailure> {
        let depth = self.depth;
        let done = self.walk_levels(levels);
        self.depth = depth;
        if done {
            return Ok(());
        }
        let (path, row) = place(levels);
        self.place.insert_str(0, &path);
        Err(ChunkFailure { row, is_written: levels.len() == 1 && row.is_some() })
    }

    fn walk_levels(&mut self, levels: &mut Vec<QueryLevel<'_, 'py>>) -> bool {
        self.depth += DEPTH;
        while let Some(level) = levels.last_mut() {
            match self.advance_level(level) {
                Err(()) => return false,
                Ok(LevelStep::Same) => {}
                Ok(LevelStep::Down(_)) if self.depth >= MAX_DEPTH => return self.fail_walk(Error::TooDeep),
                Ok(LevelStep::Down(children)) => {
                    let below = self.open_relation_level(level, children);
                    levels.push(below);
                }
                Ok(LevelStep::Up) if levels.len() == 1 => break,
                Ok(LevelStep::Up) => {
                    if !self.close_relation_level(levels) {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Begins the level of a relation, with a text of its own.
    fn open_relation_level(
        &mut self,
        level: &QueryLevel<'_, 'py>,
        children: Bound<'py, RelatedRows>,
    ) -> QueryLevel<'static, 'py> {
        self.depth += DEPTH;
        let (py, its) = (children.py(), children.get());
        let single = level.layout().relations.get(level.groups.len()).is_some_and(|single| *single);
        let parents_rows = RowsByParent::new(py, its.convert.is_some());
        let above = std::mem::take(&mut self.sink.out);
        let nested = its.nested.bind(py).clone();
        QueryLevel::new(nested, Some(RelationLevel { children, parents_rows, single, above }))
    }

    /// Ends the level of a relation and hands its rows to the level above.
    fn close_relation_level(&mut self, levels: &mut Vec<QueryLevel<'_, 'py>>) -> bool {
        self.depth -= DEPTH;
        let Some(mut level) = levels.pop() else { return true };
        let closed = self.close_level(&mut level, true);
        let (Some(below), Some(above)) = (level.below, levels.last_mut()) else { return closed };
        let mut written = std::mem::replace(&mut self.sink.out, below.above);
        let py = below.children.py();
        let parents = below.children.get().parents.as_ref().map(|parents| parents.bind(py).clone());
        match written.finish(py) {
            Ok(text) => above.groups.push(Some(RelationText::new(below.parents_rows, text, parents, below.single))),
            Err(error) => return self.fail_walk(error),
        }
        closed
    }

    /// Closes a level's query; an error of the walk comes before one of the closing.
    fn close_level(&mut self, level: &mut QueryLevel<'_, 'py>, done: bool) -> bool {
        let py = level.nested.py();
        self.meter.rows += level.before + level.row;
        self.report_level(level);
        let Some(close) = &level.nested.get().close else { return true };
        match self.meter.call_out(|| close.call0(py)) {
            Err(error) if done => self.fail_walk(error),
            _ => true,
        }
    }

    fn report_level(&mut self, level: &mut QueryLevel<'_, 'py>) {
        let reading = std::mem::take(&mut level.reading);
        self.meter.report_reading(level.nested.py(), reading, level.nested.get().report.as_ref());
    }

    /// One step of a level: its next chunk, its next relation, or the rows of the chunk.
    fn advance_level(&mut self, level: &mut QueryLevel<'_, 'py>) -> Result<LevelStep<'py>, ()> {
        let (py, nested) = (level.nested.py(), level.nested.get());
        let Some(chunk) = level.chunk.clone() else {
            if level.items.is_some() {
                return Ok(LevelStep::Up);
            }
            let chunk = self.fetch_rows(&level.nested, &mut level.reading)?;
            let next = if chunk.is_empty() { LevelStep::Up } else { LevelStep::Same };
            level.chunk = (!chunk.is_empty()).then_some(chunk);
            return Ok(next);
        };
        // All relations of a chunk come before its first row: one statement for all of its rows, as `prefetch_related`.
        if level.groups.len() < level.layout().relations.len() {
            let children = self.meter.call_out(|| nested.load.bind(py).call1((level.groups.len(), chunk)));
            let children = self.park_error(children)?;
            if !children.is_none() {
                return Ok(LevelStep::Down(self.park_error(children.cast_into().map_err(PyErr::from))?));
            }
            level.groups.push(None);
            return Ok(LevelStep::Same);
        }
        if !self.make_values(level, &chunk) || !self.write_level_rows(level, &chunk) {
            return Err(());
        }
        level.chunk = None;
        level.groups.clear();
        level.before += std::mem::take(&mut level.row);
        Ok(LevelStep::Same)
    }

    /// The next rows of a query.
    fn fetch_rows(
        &mut self,
        nested: &Bound<'py, NestedRows>,
        reading: &mut QueryReading,
    ) -> Result<Bound<'py, PyList>, ()> {
        if let Ok(rows) = nested.get().fetch.bind(nested.py()).cast_exact::<PyList>() {
            let chunk = if reading.has_rows() { PyList::empty(nested.py()) } else { rows.clone() };
            reading.add_rows(chunk.len());
            return Ok(chunk);
        }
        let rows = self.meter.fetch(reading, || nested.get().fetch.bind(nested.py()).call0());
        let rows = self.park_error(rows.and_then(|rows| Ok(rows.cast_into::<PyList>()?)))?;
        reading.add_rows(rows.len());
        Ok(rows)
    }

    fn park_error<T>(&mut self, result: PyResult<T>) -> Result<T, ()> {
        result.map_err(|error| _ = self.fail_walk(error))
    }

    fn write_level_rows(&mut self, level: &mut QueryLevel<'_, 'py>, chunk: &Bound<'py, PyList>) -> bool {
        let local = self.sink.enter_zone(level.layout().local.as_ref());
        let written = self.write_rows_of_level(level, chunk);
        self.sink.leave_zone(local);
        written
    }

    fn write_rows_of_level(&mut self, level: &mut QueryLevel<'_, 'py>, chunk: &Bound<'py, PyList>) -> bool {
        while let Some(row) = list_item(chunk, level.row) {
            let row = match row.cast::<PyTuple>() {
                Ok(row) => row,
                Err(error) => return self.fail_walk(PyErr::from(error)),
            };
            let written = if level.below.is_some() {
                self.write_related_row(level, row)
            } else {
                self.write_first_level_row(level, row)
            };
            if !written {
                return false;
            }
            level.row += 1;
        }
        !self.sink.out.failed() || self.fail_walk(Error::OutOfMemory)
    }
}
