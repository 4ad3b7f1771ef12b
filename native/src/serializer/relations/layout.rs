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
    /// The steps up to `end` are left out, their key too, where the column `presence` is null.
    UnlessNull {
        /// The column.
        presence: usize,
        /// The step after them.
        end: usize,
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

/// What stands before a step.
#[derive(Clone, Default)]
pub struct Literal {
    /// The text.
    pub text: Vec<u8>,
    /// Whether a comma comes first, unless no key of the object was written yet.
    pub separates: bool,
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
    literals: [PyOnceLock<Vec<Literal>>; FORMS],
}

#[pymethods]
impl RowLayout {
    /// `readers` are those of `RowColumns`, without the names. `steps` are `(step, name, column)`: `"column"`; `"object"`, whose
    /// column is null where there is none (-1: there always is one), up to its `"end"`; `"many"` and `"one"` for relations,
    /// whose rows name the value of the column; `"output"`, which takes the next of `outputs`; `"unless_null"`, which leaves
    /// out the step after it (an object as a whole) where its column is null. With `flat` a row is the value of its one
    /// step. Datetimes are converted to `timezone`, but in Django's format.
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
        if flat && (steps.len() != 2 || matches!(steps[0], LayoutStep::Object { .. } | LayoutStep::UnlessNull { .. })) {
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
    /// The objects that are open, and what may leave out the step after them.
    open: Vec<usize>,
    /// A step `"unless_null"` that waits for the one it is about.
    waiting: Option<usize>,
}

impl CompiledSteps {
    fn add(&mut self, step: &str, name: String, column: Option<usize>, columns: usize) -> PyResult<()> {
        if column.is_some_and(|column| column >= columns) {
            return Err(PyValueError::new_err(format!("no column for the step {name:?}")));
        }
        let at = self.steps.len();
        let waiting = self.waiting.take();
        let (step, is_whole) = match (step, column) {
            ("column", Some(column)) => (LayoutStep::Column(column), true),
            ("output", Some(column)) => {
                self.outputs += 1;
                (LayoutStep::Output { output: self.outputs - 1, column }, true)
            }
            ("object", presence) => {
                self.open.extend(waiting);
                self.open.push(at);
                (LayoutStep::Object { presence, end: 0 }, false)
            }
            ("unless_null", Some(presence)) if waiting.is_none() => {
                self.waiting = Some(at);
                (LayoutStep::UnlessNull { presence, end: 0 }, false)
            }
            ("end", None) if waiting.is_none() => {
                self.close_object(at)?;
                (LayoutStep::End, false)
            }
            ("many" | "one", Some(key)) => {
                self.relations.push(step == "one");
                (LayoutStep::Relation { relation: self.relations.len() - 1, key }, true)
            }
            _ => return Err(PyValueError::new_err(format!("no step {step:?} here"))),
        };
        self.steps.push(step);
        self.names.push(name);
        if let (Some(waiting), true) = (waiting, is_whole) {
            self.set_end(waiting, at + 1);
        }
        Ok(())
    }

    /// Ends the innermost object, and what leaves it out.
    fn close_object(&mut self, at: usize) -> PyResult<()> {
        let Some(object) = self.open.pop() else { return Err(PyValueError::new_err("no step \"end\" here")) };
        self.set_end(object, at);
        if let Some(&outer) = self.open.last() {
            if matches!(self.steps.get(outer), Some(LayoutStep::UnlessNull { .. })) {
                self.open.pop();
                self.set_end(outer, at + 1);
            }
        }
        Ok(())
    }

    fn set_end(&mut self, step: usize, at: usize) {
        if let Some(LayoutStep::Object { end, .. } | LayoutStep::UnlessNull { end, .. }) = self.steps.get_mut(step) {
            *end = at;
        }
    }

    fn finish(mut self) -> PyResult<Self> {
        if !self.open.is_empty() || self.waiting.is_some() {
            return Err(PyValueError::new_err("an object without its end"));
        }
        self.steps.push(LayoutStep::End);
        self.names.push(String::new());
        Ok(self)
    }
}

/// Which keys of an object were written before a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeysBefore {
    /// None, nor its bracket.
    Nothing,
    /// None or some that may be left out.
    Perhaps,
    /// At least one.
    Some,
}

impl RowLayout {
    /// What stands before each step: `{"id":`, `,"author":`, `}`.
    pub fn literals<F: Form>(&self, py: Python<'_>) -> &[Literal] {
        self.literals[F::INDEX].get_or_init(py, || {
            // The brackets of a flat list are those of the relation itself.
            if self.flat {
                return vec![Literal::default(); self.steps.len()];
            }
            let mut objects = vec![KeysBefore::Nothing];
            let mut left_out = false;
            let literal = |(step, name): (&LayoutStep, &String)| {
                let may_be_left_out = std::mem::replace(&mut left_out, matches!(step, LayoutStep::UnlessNull { .. }));
                next_literal::<F>(step, name, &mut objects, may_be_left_out)
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

fn next_literal<F: Form>(
    step: &LayoutStep,
    name: &str,
    objects: &mut Vec<KeysBefore>,
    may_be_left_out: bool,
) -> Literal {
    let before = objects.last().copied().unwrap_or(KeysBefore::Some);
    let mut literal = Literal::default();
    match step {
        LayoutStep::End => {
            objects.pop();
            literal.text = if before == KeysBefore::Nothing { b"{}".to_vec() } else { b"}".to_vec() };
            return literal;
        }
        LayoutStep::UnlessNull { .. } => {
            // The bracket must stand whatever is left out.
            if let (KeysBefore::Nothing, Some(keys)) = (before, objects.last_mut()) {
                literal.text = b"{".to_vec();
                *keys = KeysBefore::Perhaps;
            }
            return literal;
        }
        _ => {}
    }
    match before {
        KeysBefore::Nothing => literal.text.push(b'{'),
        KeysBefore::Perhaps => literal.separates = true,
        KeysBefore::Some => literal.text.extend_from_slice(F::ITEM),
    }
    F::write_str(&mut literal.text, name);
    Out::extend(&mut literal.text, F::KEY);
    if let (false, Some(keys)) = (may_be_left_out, objects.last_mut()) {
        *keys = KeysBefore::Some;
    }
    if let LayoutStep::Object { .. } = step {
        objects.push(KeysBefore::Nothing);
    }
    literal
}
