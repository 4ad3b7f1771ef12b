//! One row of a query with relations: the steps of its layout, each with the text that stands before it.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::super::any_value::Walk;
use super::layout::LayoutStep;
use super::level::QueryLevel;
use crate::error::Error;
use crate::ffi::tuple_item;
use crate::json::writer::Out;
use crate::kinds::Form;

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes a row of the first level.
    pub(super) fn write_first_level_row(&mut self, level: &mut QueryLevel<'_, 'py>, row: &Bound<'py, PyTuple>) -> bool {
        if level.before + level.row > 0 {
            self.sink.out.extend(level.items.map_or(F::ITEM, |items| items.between));
        }
        let written = self.write_nested_row(level, row);
        if let Some(items) = level.items.filter(|_| written) {
            self.sink.out.extend(items.after);
            level.whole = self.sink.out.len();
        }
        written
    }

    /// Writes a row of a relation and notes what it belongs to.
    pub(super) fn write_related_row(&mut self, level: &mut QueryLevel<'_, 'py>, row: &Bound<'py, PyTuple>) -> bool {
        let Some(below) = &mut level.below else { return true };
        let children = below.children.get();
        // The key may be converted by Python code, which must not run while the row is half written.
        let Some(key) = tuple_item(row, children.key) else {
            return self.fail_walk(Error::TooFewColumns { row: level.row, found: row.len() });
        };
        let convert = || match &children.convert {
            Some(convert) => self.meter.call_out(|| convert.bind(row.py()).call1((&key,))),
            None => Ok(key.clone()),
        };
        let parent_rows = match below.parents_rows.of(&key, convert) {
            Ok(parent_rows) => parent_rows,
            Err(error) => return self.fail_walk(error),
        };
        if below.single && below.parents_rows.rows(parent_rows) > 0 {
            return true; // Django keeps the first
        }
        if below.parents_rows.continues(parent_rows) {
            self.sink.out.extend(F::ITEM);
        }
        let start = self.sink.out.len();
        if !self.write_nested_row(level, row) {
            return false;
        }
        if let Some(below) = &mut level.below {
            below.parents_rows.add(parent_rows, start, self.sink.out.len());
        }
        true
    }

    #[inline]
    fn write_nested_row(&mut self, level: &mut QueryLevel<'_, 'py>, row: &Bound<'py, PyTuple>) -> bool {
        let (py, nested) = (row.py(), level.nested.clone());
        let nested = nested.get();
        let layout = nested.layout.get();
        let (literals, fallback) = (layout.literals::<F>(py), nested.fallback.bind(py));
        let mut at = 0;
        while let (Some(step), Some(literal)) = (layout.steps.get(at), literals.get(at)) {
            let (LayoutStep::Column(index)
            | LayoutStep::Object { presence: Some(index), .. }
            | LayoutStep::NullUnless { presence: index }
            | LayoutStep::Output { column: index, .. }
            | LayoutStep::Relation { key: index, .. }) = *step
            else {
                self.sink.out.extend(literal);
                at += 1;
                continue;
            };
            self.sink.out.extend(literal);
            level.step = at;
            let Some(value) = tuple_item(row, index) else {
                return self.fail_walk(Error::TooFewColumns { row: level.row, found: row.len() });
            };
            let written = match *step {
                LayoutStep::Column(_) => {
                    let (reader, dates) = layout.readers[index];
                    self.write_column(reader, dates, fallback, &mut level.reading, index, value)
                }
                LayoutStep::Relation { relation, .. } => match level.groups.get(relation).and_then(Option::as_ref) {
                    Some(group) => self.write_related_rows(group, &value),
                    None => self.write_no_rows(layout.relations[relation]),
                },
                LayoutStep::Output { output, column } => self.write_output(level, row, output, column, value),
                LayoutStep::Object { end, .. } if value.is_none() => {
                    self.sink.out.extend(b"null");
                    at = end;
                    true
                }
                // A converter that makes a value of null is not asked where there is no row.
                LayoutStep::NullUnless { .. } if value.is_none() => {
                    self.sink.out.extend(b"null");
                    at += 1;
                    true
                }
                _ => true,
            };
            if !written {
                return false;
            }
            at += 1;
        }
        self.fits(level.start, nested.most_bytes)
    }
}
