//! The walk over any value: every Python object that JSON knows, written in one pass.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::stack::{self, OpenContainer};
use crate::error::{Error, MAX_DEPTH};
use crate::ffi::{DictCursor, list_item, tuple_item};
use crate::imports::Imports;
use crate::json::writer::Out;
use crate::kinds::{Form, Kind, NotFinite, Outcome, Sink};
use crate::metering::meter::Meter;

/// Where a cycle is looked for the first time.
const FIRST_SEARCH: usize = 64;

/// How the writing of one value ended. Two words: it is returned in registers.
pub(super) enum WalkStep<'py> {
    /// It is written.
    Done,
    /// See [`Sink::error`].
    Failed,
    /// A container begins: its first bracket is written.
    Open(OpeningContainer<'py>),
}

/// A container that begins.
pub(super) enum OpeningContainer<'py> {
    List(Bound<'py, PyList>),
    Tuple(Bound<'py, PyTuple>),
    Dict(Bound<'py, PyDict>),
    /// A subclass of one of them.
    Copied(Box<OpenContainer<'py>>),
}

impl<'py> From<OpeningContainer<'py>> for OpenContainer<'py> {
    #[inline(always)]
    fn from(opened: OpeningContainer<'py>) -> Self {
        match opened {
            OpeningContainer::List(list) => Self::List(list, 0),
            OpeningContainer::Dict(dict) => Self::dict(dict),
            OpeningContainer::Tuple(tuple) => Self::Tuple(tuple, 0),
            OpeningContainer::Copied(frame) => *frame,
        }
    }
}

impl From<Outcome> for WalkStep<'_> {
    #[inline(always)]
    fn from(outcome: Outcome) -> Self {
        if outcome == Outcome::Accepted { Self::Done } else { Self::Failed }
    }
}

/// One encode.
pub struct Walk<'py, 'call, F: Form> {
    pub(super) sink: Sink<F>,
    pub(super) imports: &'static Imports,
    pub(super) meter: &'call mut Meter<'py>,
    /// How many containers are open.
    pub(super) depth: usize,
    /// The steps from the root to where the walk failed: `.rows[3].price`.
    pub(super) place: String,
    /// How many containers may be open before a cycle is looked for.
    limit: usize,
    py: Python<'py>,
}

impl<'py, 'call, F: Form> Walk<'py, 'call, F> {
    /// A walk that has written nothing yet.
    #[inline(always)]
    pub fn new(
        py: Python<'py>,
        imports: &'static Imports,
        not_finite: NotFinite,
        meter: &'call mut Meter<'py>,
    ) -> Self {
        let (sink, place) = (Sink::new(not_finite), String::new());
        Self { sink, imports, meter, depth: 0, place, limit: FIRST_SEARCH, py }
    }

    /// Writes `root` and everything below it, and the text around it as it is.
    pub fn write_document(
        &mut self,
        root: Bound<'py, PyAny>,
        around: Option<[&str; 2]>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if let Some([before, _]) = around {
            self.sink.out.extend(before.as_bytes());
        }
        if !self.write_whole_value(root) {
            return Err(self.take_error());
        }
        if let Some([_, after]) = around {
            self.sink.out.extend(after.as_bytes());
        }
        self.sink.out.finish(self.py)
    }

    /// The exception for what stopped the walk, with the place where it stopped.
    #[cold]
    pub(super) fn take_error(&mut self) -> PyErr {
        let error = self.sink.error.take().unwrap_or(Error::OutOfMemory);
        error.into_pyerr(self.py, &stack::shorten(&format!("${}", self.place)))
    }

    /// Ends the walk.
    #[cold]
    pub(super) fn fail_walk(&mut self, error: impl Into<Error>) -> bool {
        self.sink.fail(error);
        false
    }

    /// Writes a value and everything below it; false when it failed.
    #[inline(always)]
    pub(super) fn write_whole_value(&mut self, value: Bound<'py, PyAny>) -> bool {
        match self.write_value(value) {
            WalkStep::Done => true,
            WalkStep::Failed => false,
            WalkStep::Open(opened) => self.write_container(opened.into()),
        }
    }

    /// Writes a container and all that opens below it, on a stack of the heap.
    ///
    /// The innermost container stays in registers until another opens inside it: most hold scalars alone, and a frame
    /// moved to the stack and back cost canada.json a quarter of its time.
    fn write_container(&mut self, root: OpenContainer<'py>) -> bool {
        let mut stack = Vec::new();
        let mut inner = root;
        loop {
            if self.depth > self.limit && !self.may_go_deeper(&stack, &inner) {
                return false;
            }
            match self.write_items(&mut inner) {
                WalkStep::Done => self.close_container(&inner),
                WalkStep::Failed => {
                    stack.push(inner);
                    return self.failed_in(&stack);
                }
                WalkStep::Open(opened) => {
                    stack.push(std::mem::replace(&mut inner, opened.into()));
                    continue;
                }
            }
            inner = loop {
                let Some(outer) = stack.last_mut() else {
                    return true;
                };
                match self.write_items(outer) {
                    WalkStep::Done => {
                        self.close_container(outer);
                        stack.pop();
                    }
                    WalkStep::Failed => return self.failed_in(&stack),
                    WalkStep::Open(opened) => break opened.into(),
                }
            };
        }
    }

    #[inline(always)]
    fn close_container(&mut self, frame: &OpenContainer<'py>) {
        self.sink.out.push(frame.closing());
        self.depth -= 1;
    }

    /// Whether the walk goes on into `inner`, which opened inside these containers; notes where it ends if it does not.
    ///
    /// A cycle is looked for each time there are twice as many containers. One search at the end would first write the
    /// values of the cycle as often as there may be containers.
    #[cold]
    fn may_go_deeper(&mut self, frames: &[OpenContainer<'py>], inner: &OpenContainer<'py>) -> bool {
        if let Some(at) = stack::find_cycle(frames.iter().chain([inner])) {
            self.place.insert_str(0, &stack::steps(&frames[..at]));
            return self.fail_walk(Error::Circular);
        }
        if self.limit >= MAX_DEPTH {
            self.place.insert_str(0, &stack::steps(frames));
            return self.fail_walk(Error::TooDeep);
        }
        self.limit = MAX_DEPTH.min(self.limit * 2);
        true
    }

    /// Notes where in these open containers the walk failed.
    #[cold]
    fn failed_in(&mut self, frames: &[OpenContainer<'py>]) -> bool {
        let mut way = frames;
        match &self.sink.error {
            // An empty container was one too many, and may stand beside one that closes a cycle.
            Some(Error::TooDeep) => {
                if let Some(at) = stack::find_cycle(frames.iter()) {
                    way = &frames[..at];
                    self.sink.error = Some(Error::Circular);
                }
            }
            // The fault is the container's, not its last item's.
            Some(Error::Changed | Error::NotPairs) => way = &frames[..frames.len() - 1],
            _ => {}
        }
        self.place.insert_str(0, &stack::steps(way));
        false
    }

    /// Writes items of one container until it ends, one of them opens, or something fails.
    #[inline(always)]
    fn write_items(&mut self, frame: &mut OpenContainer<'py>) -> WalkStep<'py> {
        match frame {
            OpenContainer::Dict(dict, cursor) => self.write_dict_items(dict, cursor),
            OpenContainer::List(list, index) => self.write_list_items(index, |index| list_item(list, index)),
            OpenContainer::Tuple(tuple, index) => self.write_list_items(index, |index| tuple_item(tuple, index)),
            OpenContainer::RowFraming { items, index, .. } => {
                self.write_list_items(index, |index| list_item(items, index))
            }
            OpenContainer::Pairs { pairs, index, .. } => self.write_pair_items(pairs, index),
        }
    }

    #[inline(always)]
    fn write_list_items(
        &mut self,
        index: &mut usize,
        next: impl Fn(usize) -> Option<Bound<'py, PyAny>>,
    ) -> WalkStep<'py> {
        while let Some(item) = next(*index) {
            if *index > 0 {
                self.sink.out.extend(F::ITEM);
            }
            *index += 1;
            match self.write_value(item) {
                WalkStep::Done => {}
                step => return step,
            }
        }
        WalkStep::Done
    }

    #[inline(always)]
    fn write_dict_items(&mut self, dict: &Bound<'py, PyDict>, cursor: &mut DictCursor) -> WalkStep<'py> {
        loop {
            let first = cursor.given() == 0;
            match cursor.next(dict) {
                Ok(Some((key, value))) => match self.write_entry(first, key, value) {
                    WalkStep::Done => {}
                    step => return step,
                },
                Ok(None) => return WalkStep::Done,
                Err(()) => return self.sink.fail(Error::Changed).into(),
            }
        }
    }

    fn write_pair_items(&mut self, pairs: &Bound<'py, PyList>, index: &mut usize) -> WalkStep<'py> {
        while let Some(pair) = list_item(pairs, *index) {
            let first = *index == 0;
            *index += 1;
            let both = pair.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
            let Some((key, value)) = both.and_then(|pair| tuple_item(pair, 0).zip(tuple_item(pair, 1))) else {
                return self.sink.fail(Error::NotPairs).into();
            };
            match self.write_entry(first, key, value) {
                WalkStep::Done => {}
                step => return step,
            }
        }
        WalkStep::Done
    }

    #[inline(always)]
    fn write_entry(&mut self, first: bool, key: Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> WalkStep<'py> {
        if !first {
            self.sink.out.extend(F::ITEM);
        }
        if self.write_key(key) != Outcome::Accepted {
            return WalkStep::Failed;
        }
        self.sink.out.extend(F::KEY);
        self.write_value(value)
    }

    /// Writes one value.
    #[inline(always)]
    pub(super) fn write_value(&mut self, value: Bound<'py, PyAny>) -> WalkStep<'py> {
        self.write_common(value).unwrap_or_else(|value| self.write_uncommon(value))
    }

    /// Writes a value of one of the frequent exact types, or gives it back.
    #[inline(always)]
    pub(super) fn write_common(&mut self, value: Bound<'py, PyAny>) -> Result<WalkStep<'py>, Bound<'py, PyAny>> {
        if let Some(kind) = Kind::of(&value) {
            return Ok(kind.write(&value, self.imports, &mut self.sink).into());
        }
        if value.is_none() {
            self.sink.out.extend(b"null");
            return Ok(WalkStep::Done);
        }
        let value = match value.cast_into_exact::<PyDict>() {
            Ok(dict) => return Ok(self.open_container(b"{}", dict.len(), dict, OpeningContainer::Dict)),
            Err(other) => other.into_inner(),
        };
        match value.cast_into_exact::<PyList>() {
            Ok(list) => Ok(self.open_container(b"[]", list.len(), list, OpeningContainer::List)),
            Err(other) => Err(other.into_inner()),
        }
    }

    /// Begins a container, or writes it whole when it is empty.
    #[inline(always)]
    pub(super) fn open_container<T>(
        &mut self,
        brackets: &[u8; 2],
        size: usize,
        container: Bound<'py, T>,
        opened: impl FnOnce(Bound<'py, T>) -> OpeningContainer<'py>,
    ) -> WalkStep<'py> {
        if size == 0 {
            if self.depth >= MAX_DEPTH {
                return self.sink.fail(Error::TooDeep).into();
            }
            self.sink.out.extend(brackets);
            return WalkStep::Done;
        }
        self.sink.out.push(brackets[0]);
        self.depth += 1;
        WalkStep::Open(opened(container))
    }
}
