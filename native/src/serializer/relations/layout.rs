//! How the raw tuple of a query becomes an object with objects and lists in it: a flat list of steps, so that no depth of
//! nesting needs a stack.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use super::super::columns::{ColumnReader, parse_reader};
use super::outputs::RowOutput;
use crate::json::writer::Out;
use crate::kinds::{DateFormat, FORMS, Form, LocalZone};

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
    /// `null` in the place of the column after it, whose key it has, where the column `presence` is null.
    NullUnless {
        /// The column.
        presence: usize,
    },
    /// What an output makes of the value of a column.
    Output {
        /// Which output.
        output: usize,
        /// The column.
        column: usize,
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
    /// In the order of the tuple: how a column is read, and the format of its dates.
    pub readers: Vec<(ColumnReader, Option<DateFormat>)>,
    /// In the order of the text; the last one ends the row's own object.
    pub steps: Vec<LayoutStep>,
    /// The key of each step, empty at the end of an object.
    pub names: Vec<String>,
    /// The other queries: whether each has one row or none for a row of this one.
    pub relations: Vec<bool>,
    /// What the steps of outputs write.
    pub outputs: Vec<RowOutput>,
    /// The zone to which datetimes are converted, but in Django's format.
    pub local: Option<Arc<LocalZone>>,
    /// Whether a row is the value of its one step, without an object.
    flat: bool,
    /// What stands before each step.
    literals: [PyOnceLock<Vec<Vec<u8>>>; FORMS],
}

#[pymethods]
impl RowLayout {
    /// `readers` are those of `RowColumns`, without the names. `steps` are `(step, name, column)`: `"column"`; `"object"`, whose
    /// column is null where there is none (-1: there always is one), up to its `"end"`; `"many"` and `"one"` for relations,
    /// whose rows name the value of the column; `"output"`, which takes the next of `outputs`; `"null_unless"` before a
    /// `"column"`, which is not read where the column of `"null_unless"` is null, but written as null. With `flat` a row is
    /// one value. Datetimes are converted to `timezone`, but in Django's format.
    #[new]
    #[pyo3(signature = (readers, steps, *, flat=false, timezone=None, outputs=Vec::new()))]
    fn new(
        readers: Vec<Bound<'_, PyTuple>>,
        steps: Vec<(String, String, isize)>,
        flat: bool,
        timezone: Option<Bound<'_, PyAny>>,
        outputs: Vec<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let readers = readers.iter().map(parse_reader).collect::<PyResult<Vec<_>>>()?;
        let outputs =
            outputs.iter().map(|output| RowOutput::of(output, readers.len())).collect::<PyResult<Vec<_>>>()?;
        let mut compiled = CompiledSteps::default();
        for (step, name, column) in steps {
            compiled.add(&step, name, usize::try_from(column).ok(), readers.len())?;
        }
        if compiled.outputs != outputs.len() {
            return Err(PyValueError::new_err("an output for each step of that name is needed"));
        }
        let CompiledSteps { steps, names, relations, .. } = compiled.finish()?;
        if flat && !matches!(steps[..], [LayoutStep::NullUnless { .. }, _, _] | [_, LayoutStep::End]) {
            return Err(PyValueError::new_err("a flat layout has one step"));
        }
        let local = timezone.as_ref().map(LocalZone::of).transpose()?;
        Ok(Self { readers, steps, names, relations, outputs, local, flat, literals: Default::default() })
    }
}

/// The steps while they are read.
#[derive(Default)]
struct CompiledSteps {
    steps: Vec<LayoutStep>,
    names: Vec<String>,
    relations: Vec<bool>,
    outputs: usize,
    /// The objects that are open.
    open: Vec<usize>,
}

impl CompiledSteps {
    fn add(&mut self, step: &str, name: String, column: Option<usize>, columns: usize) -> PyResult<()> {
        if column.is_some_and(|column| column >= columns) {
            return Err(PyValueError::new_err(format!("no column for the step {name:?}")));
        }
        let at = self.steps.len();
        let is_behind = self.is_waiting();
        let step = match (step, column) {
            ("column", Some(column)) => {
                if is_behind {
                    self.names[at - 1].clone_from(&name);
                }
                LayoutStep::Column(column)
            }
            ("output", Some(column)) if !is_behind => {
                self.outputs += 1;
                LayoutStep::Output { output: self.outputs - 1, column }
            }
            ("object", presence) if !is_behind => {
                self.open.push(at);
                LayoutStep::Object { presence, end: 0 }
            }
            ("null_unless", Some(presence)) if !is_behind => LayoutStep::NullUnless { presence },
            ("end", None) if !is_behind => {
                self.close_object(at)?;
                LayoutStep::End
            }
            ("many" | "one", Some(key)) if !is_behind => {
                self.relations.push(step == "one");
                LayoutStep::Relation { relation: self.relations.len() - 1, key }
            }
            _ => return Err(PyValueError::new_err(format!("no step {step:?} here"))),
        };
        self.steps.push(step);
        self.names.push(name);
        Ok(())
    }

    /// Whether the next step must be a column.
    fn is_waiting(&self) -> bool {
        matches!(self.steps.last(), Some(LayoutStep::NullUnless { .. }))
    }

    /// Ends the innermost object.
    fn close_object(&mut self, at: usize) -> PyResult<()> {
        let object = self.open.pop().and_then(|object| self.steps.get_mut(object));
        let Some(LayoutStep::Object { end, .. }) = object else {
            return Err(PyValueError::new_err("no step \"end\" here"));
        };
        *end = at;
        Ok(())
    }

    fn finish(mut self) -> PyResult<Self> {
        if !self.open.is_empty() || self.is_waiting() {
            return Err(PyValueError::new_err("an object or a column without its end"));
        }
        self.steps.push(LayoutStep::End);
        self.names.push(String::new());
        Ok(self)
    }
}

impl RowLayout {
    /// What stands before each step: `{"id":`, `,"author":`, `}`.
    pub fn literals<F: Form>(&self, py: Python<'_>) -> &[Vec<u8>] {
        self.literals[F::INDEX].get_or_init(py, || {
            // The brackets of a flat list are those of the relation itself.
            if self.flat {
                return vec![Vec::new(); self.steps.len()];
            }
            // Whether each object that is open has a key.
            let mut objects = vec![false];
            let mut has_key = false;
            let literal = |(step, name): (&LayoutStep, &String)| {
                let is_behind = std::mem::replace(&mut has_key, matches!(step, LayoutStep::NullUnless { .. }));
                if is_behind { Vec::new() } else { next_literal::<F>(step, name, &mut objects) }
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

fn next_literal<F: Form>(step: &LayoutStep, name: &str, objects: &mut Vec<bool>) -> Vec<u8> {
    if let LayoutStep::End = step {
        return if objects.pop() == Some(false) { b"{}".to_vec() } else { b"}".to_vec() };
    }
    let has_keys = objects.last_mut().is_some_and(|has_keys| std::mem::replace(has_keys, true));
    let mut text = if has_keys { F::ITEM.to_vec() } else { b"{".to_vec() };
    F::write_str(&mut text, name);
    Out::extend(&mut text, F::KEY);
    if let LayoutStep::Object { .. } = step {
        objects.push(false);
    }
    text
}
