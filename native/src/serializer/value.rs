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

/// Where a cycle is looked for the first time.
const FIRST_SEARCH: usize = 64;

/// How the writing of one value ended. Two words: it is returned in registers.
pub(super) enum Step<'py> {
    /// It is written.
    Done,
    /// See [`Sink::error`].
    Failed,
    /// A container begins: its first bracket is written.
    Open(Opened<'py>),
}

/// A container that begins.
pub(super) enum Opened<'py> {
    List(Bound<'py, PyList>),
    Tuple(Bound<'py, PyTuple>),
    Dict(Bound<'py, PyDict>),
    /// A subclass of one of them.
    Copied(Box<Frame<'py>>),
}

impl<'py> From<Opened<'py>> for Frame<'py> {
    #[inline(always)]
    fn from(opened: Opened<'py>) -> Self {
        match opened {
            Opened::List(list) => Self::List(list, 0),
            Opened::Dict(dict) => Self::dict(dict),
            Opened::Tuple(tuple) => Self::Tuple(tuple, 0),
            Opened::Copied(frame) => *frame,
        }
    }
}

impl From<Outcome> for Step<'_> {
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
    pub fn run(&mut self, root: Bound<'py, PyAny>, around: Option<[&str; 2]>) -> PyResult<Bound<'py, PyBytes>> {
        if let Some([before, _]) = around {
            self.sink.out.extend(before.as_bytes());
        }
        if !self.whole_value(root) {
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
        error.into_pyerr(self.py, &frame::shorten(&format!("${}", self.place)))
    }

    /// Ends the walk.
    #[cold]
    pub(super) fn stop(&mut self, error: impl Into<Error>) -> bool {
        self.sink.fail(error);
        false
    }

    /// Writes a value and everything below it; false when it failed.
    #[inline(always)]
    pub(super) fn whole_value(&mut self, value: Bound<'py, PyAny>) -> bool {
        match self.value(value) {
            Step::Done => true,
            Step::Failed => false,
            Step::Open(opened) => self.container(opened.into()),
        }
    }

    /// Writes a container and all that opens below it, on a stack of the heap.
    ///
    /// The innermost container stays in registers until another opens inside it: most hold scalars alone, and a frame
    /// moved to the stack and back cost canada.json a quarter of its time.
    fn container(&mut self, root: Frame<'py>) -> bool {
        let mut stack = Vec::new();
        let mut inner = root;
        loop {
            if self.depth > self.limit && !self.may_go_deeper(&stack, &inner) {
                return false;
            }
            match self.items(&mut inner) {
                Step::Done => self.close(&inner),
                Step::Failed => {
                    stack.push(inner);
                    return self.failed_in(&stack);
                }
                Step::Open(opened) => {
                    stack.push(std::mem::replace(&mut inner, opened.into()));
                    continue;
                }
            }
            inner = loop {
                let Some(outer) = stack.last_mut() else {
                    return true;
                };
                match self.items(outer) {
                    Step::Done => {
                        self.close(outer);
                        stack.pop();
                    }
                    Step::Failed => return self.failed_in(&stack),
                    Step::Open(opened) => break opened.into(),
                }
            };
        }
    }

    #[inline(always)]
    fn close(&mut self, frame: &Frame<'py>) {
        self.sink.out.push(frame.closing());
        self.depth -= 1;
    }

    /// Whether the walk goes on into `inner`, which opened inside these containers; notes where it ends if it does not.
    ///
    /// A cycle is looked for each time there are twice as many containers. One search at the end would first write the
    /// values of the cycle as often as there may be containers.
    #[cold]
    fn may_go_deeper(&mut self, frames: &[Frame<'py>], inner: &Frame<'py>) -> bool {
        if let Some(at) = frame::find_cycle(frames.iter().chain([inner])) {
            self.place.insert_str(0, &frame::steps(&frames[..at]));
            return self.stop(Error::Circular);
        }
        if self.limit >= MAX_DEPTH {
            self.place.insert_str(0, &frame::steps(frames));
            return self.stop(Error::TooDeep);
        }
        self.limit = MAX_DEPTH.min(self.limit * 2);
        true
    }

    /// Notes where in these open containers the walk failed.
    #[cold]
    fn failed_in(&mut self, frames: &[Frame<'py>]) -> bool {
        let mut way = frames;
        match &self.sink.error {
            // An empty container was one too many, and may stand beside one that closes a cycle.
            Some(Error::TooDeep) => {
                if let Some(at) = frame::find_cycle(frames.iter()) {
                    way = &frames[..at];
                    self.sink.error = Some(Error::Circular);
                }
            }
            // The fault is the container's, not its last item's.
            Some(Error::Changed | Error::NotPairs) => way = &frames[..frames.len() - 1],
            _ => {}
        }
        self.place.insert_str(0, &frame::steps(way));
        false
    }

    /// Writes items of one container until it ends, one of them opens, or something fails.
    #[inline(always)]
    fn items(&mut self, frame: &mut Frame<'py>) -> Step<'py> {
        match frame {
            Frame::Dict(dict, cursor) => self.dict_items(dict, cursor),
            Frame::List(list, index) => self.list_items(index, |index| list_item(list, index)),
            Frame::Tuple(tuple, index) => self.list_items(index, |index| tuple_item(tuple, index)),
            Frame::Items { items, index, .. } => self.list_items(index, |index| list_item(items, index)),
            Frame::Pairs { pairs, index, .. } => self.pair_items(pairs, index),
        }
    }

    #[inline(always)]
    fn list_items(&mut self, index: &mut usize, next: impl Fn(usize) -> Option<Bound<'py, PyAny>>) -> Step<'py> {
        while let Some(item) = next(*index) {
            if *index > 0 {
                self.sink.out.extend(F::ITEM);
            }
            *index += 1;
            match self.value(item) {
                Step::Done => {}
                step => return step,
            }
        }
        Step::Done
    }

    #[inline(always)]
    fn dict_items(&mut self, dict: &Bound<'py, PyDict>, cursor: &mut DictCursor) -> Step<'py> {
        loop {
            let first = cursor.given() == 0;
            match cursor.next(dict) {
                Ok(Some((key, value))) => match self.entry(first, key, value) {
                    Step::Done => {}
                    step => return step,
                },
                Ok(None) => return Step::Done,
                Err(()) => return self.sink.fail(Error::Changed).into(),
            }
        }
    }

    fn pair_items(&mut self, pairs: &Bound<'py, PyList>, index: &mut usize) -> Step<'py> {
        while let Some(pair) = list_item(pairs, *index) {
            let first = *index == 0;
            *index += 1;
            let both = pair.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
            let Some((key, value)) = both.and_then(|pair| tuple_item(pair, 0).zip(tuple_item(pair, 1))) else {
                return self.sink.fail(Error::NotPairs).into();
            };
            match self.entry(first, key, value) {
                Step::Done => {}
                step => return step,
            }
        }
        Step::Done
    }

    #[inline(always)]
    fn entry(&mut self, first: bool, key: Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> Step<'py> {
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
    pub(super) fn value(&mut self, value: Bound<'py, PyAny>) -> Step<'py> {
        self.common(value).unwrap_or_else(|value| self.uncommon(value))
    }

    /// Writes a value of one of the frequent exact types, or gives it back.
    #[inline(always)]
    pub(super) fn common(&mut self, value: Bound<'py, PyAny>) -> Result<Step<'py>, Bound<'py, PyAny>> {
        if let Some(kind) = Kind::of(&value) {
            return Ok(kind.write(&value, self.imports, &mut self.sink).into());
        }
        if value.is_none() {
            self.sink.out.extend(b"null");
            return Ok(Step::Done);
        }
        let value = match value.cast_into_exact::<PyDict>() {
            Ok(dict) => return Ok(self.open(b"{}", dict.len(), dict, Opened::Dict)),
            Err(other) => other.into_inner(),
        };
        match value.cast_into_exact::<PyList>() {
            Ok(list) => Ok(self.open(b"[]", list.len(), list, Opened::List)),
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
        opened: impl FnOnce(Bound<'py, T>) -> Opened<'py>,
    ) -> Step<'py> {
        if size == 0 {
            if self.depth >= MAX_DEPTH {
                return self.sink.fail(Error::TooDeep).into();
            }
            self.sink.out.extend(brackets);
            return Step::Done;
        }
        self.sink.out.push(brackets[0]);
        self.depth += 1;
        Step::Open(opened(container))
    }
}
