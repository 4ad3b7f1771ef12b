//! What no kind takes: subclasses through their own protocol in CPython's order, then Python code.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::columns::Columns;
use super::frame::Frame;
use super::level::Nested;
use super::records::Records;
use super::rows::Rows;
use super::tuples::Tuples;
use super::value::{Opened, Step, Walk};
use crate::error::{Error, MAX_DEPTH};
use crate::imports::is_exact;
use crate::kinds::{Form, Kind, Outcome};

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes a value of a rarer type, a subclass, or what Python code gives in the value's place.
    ///
    /// What it gives takes the same road again, as often as there may be containers: an endless chain ends in a
    /// `RecursionError`.
    #[inline(never)]
    pub(super) fn uncommon(&mut self, mut value: Bound<'py, PyAny>) -> Step<'py> {
        for _ in 0..MAX_DEPTH {
            value = match self.rarer(value) {
                Ok(step) => return step,
                Err(value) => value,
            };
            if let Some(step) = self.subclass(&value) {
                return step;
            }
            if let Some(step) = self.prepared(&value) {
                return step;
            }
            let convert = self.imports.convert.bind(value.py());
            let other = match self.meter.call_out(|| convert.call1((&value,))) {
                Ok(other) => other,
                Err(error) => return self.sink.fail(error).into(),
            };
            if other.is(&value) {
                return self.sink.fail(Error::Circular).into();
            }
            if is_exact(&other, &self.imports.refusal) {
                return self.refuse(other).into();
            }
            if let Some(step) = self.open_converted(&value, &other) {
                return step;
            }
            value = match self.common(other) {
                Ok(step) => return step,
                Err(value) => value,
            };
        }
        self.sink.fail(Error::TooDeep).into()
    }

    /// Writes what our own Python code has prepared: a query, instances, tuples; and an instance of a model that was written
    /// before.
    fn prepared(&mut self, value: &Bound<'py, PyAny>) -> Option<Step<'py>> {
        let py = value.py();
        let done = if let Ok(rows) = value.cast_exact::<Rows>() {
            self.rows(rows)
        } else if let Ok(nested) = value.cast_exact::<Nested>() {
            self.nested(nested)
        } else if let Ok(records) = value.cast_exact::<Records>() {
            self.records(py, records.get())
        } else if let Ok(tuples) = value.cast_exact::<Tuples>() {
            self.tuples(py, tuples.get())
        } else {
            let known = self.imports.instances.bind(py).get_item(value.get_type()).ok()??;
            self.record(known.cast_exact::<Columns>().ok()?.get(), value, false)
        };
        Some(if done { Step::Done } else { Step::Failed })
    }

    /// A container made for `source`, which is kept in its place: a cycle is found by what the user has.
    fn open_converted(&mut self, source: &Bound<'py, PyAny>, made: &Bound<'py, PyAny>) -> Option<Step<'py>> {
        if let Ok(dict) = made.cast_exact::<PyDict>() {
            Some(self.open_copy(source, dict.items(), b"{}", |source, pairs| Frame::Pairs { source, pairs, index: 0 }))
        } else if let Ok(items) = made.cast_exact::<PyList>() {
            let items = items.clone();
            Some(self.open_copy(source, items, b"[]", |source, items| Frame::Items { source, items, index: 0 }))
        } else {
            None
        }
    }

    /// Begins a container that is read from a copy of its content.
    fn open_copy(
        &mut self,
        source: &Bound<'py, PyAny>,
        copy: Bound<'py, PyList>,
        brackets: &[u8; 2],
        frame: fn(Bound<'py, PyAny>, Bound<'py, PyList>) -> Frame<'py>,
    ) -> Step<'py> {
        self.open(brackets, copy.len(), source.clone(), |source| Opened::Copied(Box::new(frame(source, copy))))
    }

    /// Writes a value of one of the rarer exact types, or gives it back.
    fn rarer(&mut self, value: Bound<'py, PyAny>) -> Result<Step<'py>, Bound<'py, PyAny>> {
        if let Some(kind) = Kind::of_rarer(&value, self.imports) {
            return match kind.write(&value, self.imports, &mut self.sink) {
                Outcome::NotMine => Err(value),
                outcome => Ok(outcome.into()),
            };
        }
        match value.cast_into_exact::<PyTuple>() {
            Ok(tuple) => Ok(self.open(b"[]", tuple.len(), tuple, Opened::Tuple)),
            Err(other) => Err(other.into_inner()),
        }
    }

    /// Writes an instance of a subclass of a JSON type; None for any other class.
    ///
    /// The order is that of `encoder_listencode_obj` in CPython's `Modules/_json.c`: what is both a str and an int is text.
    #[cold]
    fn subclass(&mut self, value: &Bound<'py, PyAny>) -> Option<Step<'py>> {
        if value.is_instance_of::<PyString>() {
            Some(Kind::Text.write(value, self.imports, &mut self.sink).into())
        } else if value.is_instance_of::<PyInt>() {
            Some(Kind::Integer.write(value, self.imports, &mut self.sink).into())
        } else if value.is_instance_of::<PyFloat>() {
            Some(Kind::Float.write(value, self.imports, &mut self.sink).into())
        } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            Some(self.open_items(value))
        } else if let Ok(dict) = value.cast::<PyDict>() {
            Some(self.open_pairs(dict))
        } else {
            None
        }
    }

    /// A list or tuple subclass: its `__iter__` decides. `form.errors` keeps nothing in its storage.
    fn open_items(&mut self, value: &Bound<'py, PyAny>) -> Step<'py> {
        let items = self.meter.call_out(|| list_of(value));
        match items {
            Ok(items) => self.open_copy(value, items, b"[]", |source, items| Frame::Items { source, items, index: 0 }),
            Err(error) => self.sink.fail(error).into(),
        }
    }

    /// A dict subclass: its `items()` decides. A QueryDict gives the last value of each key.
    fn open_pairs(&mut self, value: &Bound<'py, PyDict>) -> Step<'py> {
        // json asks the storage first: an empty one is `{}` whatever `items()` would say.
        if value.is_empty() {
            return self.open(b"{}", 0, value.clone(), Opened::Dict);
        }
        let pairs = self.meter.call_out(|| list_of(&value.call_method0(intern!(value.py(), "items"))?));
        match pairs {
            Ok(pairs) => self.open_copy(value, pairs, b"{}", |source, pairs| Frame::Pairs { source, pairs, index: 0 }),
            Err(error) => self.sink.fail(error).into(),
        }
    }

    /// Ends the walk with what Python code says of a value that has no JSON form.
    pub(super) fn refuse(&mut self, refusal: Bound<'py, PyAny>) -> Outcome {
        let py = refusal.py();
        let text = |name| refusal.getattr(name).and_then(|text: Bound<'py, PyAny>| text.extract::<String>());
        match text(intern!(py, "problem")).and_then(|problem| Ok((problem, text(intern!(py, "hint"))?))) {
            Ok((problem, hint)) => self.sink.fail(Error::Refused { problem, hint }),
            Err(error) => self.sink.fail(error),
        }
    }
}

/// `list(value)`
fn list_of<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    Ok(value.py().get_type::<PyList>().call1((value,))?.cast_into()?)
}
