//! How the raw tuple of a query becomes an object with objects and lists in it: a flat list of steps, so that no depth of
//! nesting needs a stack.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::super::columns::{ColumnReader, parse_reader, parse_zone};
use crate::json::writer::Out;
use crate::kinds::{FORMS, Form, StoredForm};

/// One step of a row. The text before each of them is made once.
#[derive(Clone, Copy)]
pub enum LayoutStep {
    /// The value of a column.
    Column(usize),
    /// An object begins; `null` in its place, and on at `end`, where the column `presence` is null.
    Object {
        /// The column that is null where there is no object.
        presence: Option<usize>,
        /// The step that closes the object.
        end: usize,
    },
    /// An object ends.
    End,
    /// The rows of another query that belong to this one.
    Relation {
        /// Which query.
        relation: usize,
        /// The column whose value its rows name.
        key: usize,
    },
}

/// The steps of a row and the readers of its columns, compiled once for all queries that are alike.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct RowLayout {
    /// In the order of the tuple.
    pub readers: Vec<ColumnReader>,
    /// In the order of the text; the last one ends the row's own object.
    pub steps: Vec<LayoutStep>,
    /// The key of each step, empty at the end of an object.
    pub names: Vec<String>,
    /// The other queries: whether each has one row or none for a row of this one.
    pub relations: Vec<bool>,
    literals: [PyOnceLock<Vec<Vec<u8>>>; FORMS],
}

#[pymethods]
impl RowLayout {
    /// `readers` are those of `RowColumns`, without the names. `steps` are `(step, name, column)`: `"column"`; `"object"`, whose
    /// column is null where there is none (-1: there always is one), up to its `"end"`; `"many"` and `"one"` for relations,
    /// whose rows name the value of the column.
    #[new]
    #[allow(clippy::type_complexity)]
    fn new(readers: Vec<(String, String, bool, u32, u32)>, steps: Vec<(String, String, isize)>) -> PyResult<Self> {
        let readers = readers.into_iter().map(|(reader, zone, checked, digits, places)| {
            parse_reader(&reader, StoredForm { zone: parse_zone(&zone)?, checked, digits: (digits, places) })
        });
        let readers = readers.collect::<PyResult<Vec<_>>>()?;
        let (mut compiled, mut names, mut open, mut relations) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (step, name, column) in steps {
            let column = usize::try_from(column).ok();
            if column.is_some_and(|column| column >= readers.len()) {
                return Err(PyValueError::new_err(format!("no column for the step {name:?}")));
            }
            let at = compiled.len();
            let step = match (step.as_str(), column) {
                ("column", Some(column)) => LayoutStep::Column(column),
                ("object", presence) => {
                    open.push(at);
                    LayoutStep::Object { presence, end: 0 }
                }
                ("end", None) if !open.is_empty() => {
                    if let Some(LayoutStep::Object { end, .. }) = open.pop().and_then(|begin| compiled.get_mut(begin)) {
                        *end = at;
                    }
                    LayoutStep::End
                }
                ("many" | "one", Some(key)) => {
                    relations.push(step == "one");
                    LayoutStep::Relation { relation: relations.len() - 1, key }
                }
                _ => return Err(PyValueError::new_err(format!("no step {step:?} here"))),
            };
            compiled.push(step);
            names.push(name);
        }
        if !open.is_empty() {
            return Err(PyValueError::new_err("an object without its end"));
        }
        compiled.push(LayoutStep::End);
        names.push(String::new());
        Ok(Self { readers, steps: compiled, names, relations, literals: Default::default() })
    }
}

impl RowLayout {
    /// What stands before each step: `{"id":`, `,"author":`, `}`.
    pub fn literals<F: Form>(&self, py: Python<'_>) -> &[Vec<u8>] {
        self.literals[F::INDEX].get_or_init(py, || {
            let mut first = true;
            let literal = |(step, name): (&LayoutStep, &String)| {
                let mut text = Vec::new();
                if let LayoutStep::End = step {
                    Out::extend(&mut text, if std::mem::take(&mut first) { b"{}" } else { b"}" });
                    return text;
                }
                Out::extend(&mut text, if first { b"{" } else { F::ITEM });
                F::write_str(&mut text, name);
                Out::extend(&mut text, F::KEY);
                first = matches!(step, LayoutStep::Object { .. });
                text
            };
            self.steps.iter().zip(&self.names).map(literal).collect()
        })
    }

    /// The step of a relation.
    pub fn step_of(&self, relation: usize) -> Option<usize> {
        self.steps
            .iter()
            .position(|step| matches!(step, LayoutStep::Relation { relation: found, .. } if *found == relation))
    }

    /// The names that lead to a step: `.author.country.code`.
    pub fn path(&self, at: usize) -> String {
        let around = |(index, step): (usize, &LayoutStep)| match *step {
            LayoutStep::Object { end, .. } if index < at && at < end => Some(format!(".{}", self.names[index])),
            _ if index == at => Some(format!(".{}", self.names[index])),
            _ => None,
        };
        self.steps.iter().enumerate().filter_map(around).collect()
    }
}
