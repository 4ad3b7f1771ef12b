//! The walk over any value: every Python object that JSON knows, written in one pass.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::frame::{self, Frame};
use crate::error::{Error, MAX_DEPTH};
use crate::ffi::{DictCursor, list_item, tuple_item};
use crate::imports::Imports;
use crate::json::writer::Out;
use crate::kinds::{Form, Kind, NotFinite, Outcome, Sink};
use crate::meter::Meter;

/// How the writing of one value ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is written.
    Done,
    /// It is a container that begins: its frame is parked in [`Walk::opened`].
    Open,
    /// See [`Sink::error`].
    Failed,
}

impl From<Outcome> for Step {
    #[inline(always)]
    fn from(outcome: Outcome) -> Self {
        if outcome == Outcome::Done { Self::Done } else { Self::Failed }
    }
}

/// One encode.
pub struct Walk<'py, 'call, F: Form> {
    pub(super) sink: Sink<F>,
    pub(super) imports: &'static Imports,
    pub(super) meter: &'call mut Meter<'py>,
    /// The containers around the current one.
    stack: Vec<Frame<'py>>,
    /// The container that begins.
    opened: Option<Frame<'py>>,
    /// The container that was one too many.
    refused: Option<Bound<'py, PyAny>>,
    /// How many containers are open.
    depth: usize,
    py: Python<'py>,
}

impl<'py, 'call, F: Form> Walk<'py, 'call, F> {
    /// A walk that has written nothing yet.
    pub fn new(
        py: Python<'py>,
        imports: &'static Imports,
        not_finite: NotFinite,
        meter: &'call mut Meter<'py>,
    ) -> Self {
        Self {
            sink: Sink::new(not_finite),
            imports,
            meter,
            stack: Vec::new(),
            opened: None,
            refused: None,
            depth: 0,
            py,
        }
    }

    /// Writes `root` and everything below it.
    pub fn run(mut self, root: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let mut step = self.value(root);
        while step == Step::Open {
            step = self.containers();
        }
        if step == Step::Failed {
            return Err(self.into_error());
        }
        self.sink.out.finish(self.py)
    }

    /// Writes the opened container and all that opens below it.
    fn containers(&mut self) -> Step {
        let Some(mut current) = self.opened.take() else {
            return Step::Done;
        };
        loop {
            match self.items(&mut current) {
                Step::Done => {
                    self.sink.out.push(current.closing());
                    self.depth -= 1;
                    if self.sink.out.failed() {
                        self.sink.fail(Error::OutOfMemory);
                        return Step::Failed;
                    }
                    match self.stack.pop() {
                        Some(parent) => current = parent,
                        None => return Step::Done,
                    }
                }
                Step::Open => match self.opened.take() {
                    Some(child) => self.stack.push(std::mem::replace(&mut current, child)),
                    None => return Step::Done,
                },
                Step::Failed => {
                    self.stack.push(current); // for the path
                    return Step::Failed;
                }
            }
        }
    }

    /// Writes items of one container until it ends, one of them opens, or something fails.
    #[inline(always)]
    fn items(&mut self, frame: &mut Frame<'py>) -> Step {
        match frame {
            Frame::Dict(dict, cursor) => self.dict_items(dict, cursor),
            Frame::List(list, index) => self.list_items(index, |index| list_item(list, index)),
            Frame::Tuple(tuple, index) => self.list_items(index, |index| tuple_item(tuple, index)),
            Frame::Items { items, index, .. } => self.list_items(index, |index| list_item(items, index)),
            Frame::Pairs { pairs, index, .. } => self.pair_items(pairs, index),
        }
    }

    #[inline(always)]
    fn list_items(&mut self, index: &mut usize, next: impl Fn(usize) -> Option<Bound<'py, PyAny>>) -> Step {
        while let Some(item) = next(*index) {
            if *index > 0 {
                self.sink.out.extend(F::ITEM);
            }
            *index += 1;
            let step = self.value(item);
            if step != Step::Done {
                return step;
            }
        }
        Step::Done
    }

    #[inline(always)]
    fn dict_items(&mut self, dict: &Bound<'py, PyDict>, cursor: &mut DictCursor) -> Step {
        loop {
            let first = cursor.given() == 0;
            match cursor.next(dict) {
                Ok(Some((key, value))) => {
                    let step = self.entry(first, key, value);
                    if step != Step::Done {
                        return step;
                    }
                }
                Ok(None) => return Step::Done,
                Err(()) => return self.sink.fail(Error::Changed).into(),
            }
        }
    }

    fn pair_items(&mut self, pairs: &Bound<'py, PyList>, index: &mut usize) -> Step {
        while let Some(pair) = list_item(pairs, *index) {
            let first = *index == 0;
            *index += 1;
            let both = pair.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
            let both = both.and_then(|pair| tuple_item(pair, 0).zip(tuple_item(pair, 1)));
            let Some((key, value)) = both else {
                return self.sink.fail(Error::NotPairs).into();
            };
            let step = self.entry(first, key, value);
            if step != Step::Done {
                return step;
            }
        }
        Step::Done
    }

    #[inline(always)]
    fn entry(&mut self, first: bool, key: Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> Step {
        if !first {
            self.sink.out.extend(F::ITEM);
        }
        if self.key(key) != Outcome::Done {
            return Step::Failed;
        }
        self.sink.out.extend(F::KEY);
        self.value(value)
    }

    /// Writes one value.
    #[inline(always)]
    pub(super) fn value(&mut self, value: Bound<'py, PyAny>) -> Step {
        self.common(value).unwrap_or_else(|value| self.uncommon(value))
    }

    /// Writes a value of one of the frequent exact types, or gives it back.
    #[inline(always)]
    pub(super) fn common(&mut self, value: Bound<'py, PyAny>) -> Result<Step, Bound<'py, PyAny>> {
        if let Some(kind) = Kind::of(&value) {
            return Ok(kind.write(&value, self.imports, &mut self.sink).into());
        }
        if value.is_none() {
            self.sink.out.extend(b"null");
            return Ok(Step::Done);
        }
        let value = match value.cast_into_exact::<PyDict>() {
            Ok(dict) => {
                let cursor = DictCursor::new(&dict);
                return Ok(self.open(b"{}", dict.len(), dict, |dict| Frame::Dict(dict, cursor)));
            }
            Err(other) => other.into_inner(),
        };
        match value.cast_into_exact::<PyList>() {
            Ok(list) => Ok(self.open(b"[]", list.len(), list, |list| Frame::List(list, 0))),
            Err(other) => Err(other.into_inner()),
        }
    }

    /// Begins a container, or writes it whole when it is empty.
    #[inline(always)]
    pub(super) fn open<T>(
        &mut self,
        brackets: &[u8; 2],
        size: usize,
        container: Bound<'py, T>,
        frame: impl FnOnce(Bound<'py, T>) -> Frame<'py>,
    ) -> Step {
        if self.depth >= MAX_DEPTH {
            return self.too_deep(container.into_any());
        }
        if size == 0 {
            self.sink.out.extend(brackets);
            return Step::Done;
        }
        self.sink.out.push(brackets[0]);
        self.depth += 1;
        self.opened = Some(frame(container));
        Step::Open
    }

    #[cold]
    fn too_deep(&mut self, container: Bound<'py, PyAny>) -> Step {
        self.refused = Some(container);
        self.sink.fail(Error::TooDeep).into()
    }

    /// The exception for what stopped the walk, with the place where it stopped.
    #[cold]
    fn into_error(mut self) -> PyErr {
        let error = self.sink.error.take().unwrap_or(Error::OutOfMemory);
        let cycle = self.refused.as_ref().and_then(|opened| frame::find_cycle(&self.stack, opened));
        match (cycle, &error) {
            (Some(at), Error::TooDeep) => Error::Circular.into_pyerr(self.py, &frame::path(&self.stack[..at])),
            // The fault is the container's, not its last item's.
            (_, Error::Changed | Error::NotPairs) => {
                let around = self.stack.len().saturating_sub(1);
                error.into_pyerr(self.py, &frame::path(&self.stack[..around]))
            }
            _ => error.into_pyerr(self.py, &frame::path(&self.stack)),
        }
    }
}
